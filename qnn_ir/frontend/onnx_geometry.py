"""Window parameters of convolutions and pools: defaults, automatic padding, checks."""

from collections.abc import Sequence

from qnn_ir.frontend.onnx_importer import NodeImporter

Ints = tuple[int, ...]


def spatial_rank(node: NodeImporter, shape: Sequence[int]) -> int:
    """How many spatial axes `[N, C, *spatial]` has: one or two."""
    rank = len(shape) - 2
    if rank not in (1, 2):
        node.fail(f"works on a tensor of shape {list(shape)}", "only 1-D and 2-D windows are supported")
    return rank


def per_axis(node: NodeImporter, name: str, rank: int, default: int = 1) -> Ints:
    """An attribute with one positive integer per spatial axis."""
    values = node.integers(name, (default,) * rank)
    if len(values) != rank or min(values, default=1) < 1:
        node.fail(f"attribute {name} = {list(values)} does not fit {rank} spatial axes", "export the model again")
    return values


def padding(node: NodeImporter, spatial: Sequence[int], kernel: Ints, strides: Ints, dilations: Ints) -> Ints:
    """All begins, then all ends, with `auto_pad` worked out."""
    mode, rank = node.text("auto_pad", "NOTSET"), len(kernel)
    if mode in ("NOTSET", ""):
        pads = node.integers("pads", (0,) * 2 * rank)
        if len(pads) != 2 * rank or min(pads) < 0:
            node.fail(f"attribute pads = {list(pads)} does not fit {rank} spatial axes", "export the model again")
        return pads
    if mode == "VALID":
        return (0,) * 2 * rank
    if mode not in ("SAME_UPPER", "SAME_LOWER"):
        node.fail(f"unknown auto_pad {mode!r}", "write the pads out")
    totals = [
        max(0, (-(-n // s) - 1) * s + d * (k - 1) + 1 - n)
        for n, k, s, d in zip(spatial, kernel, strides, dilations, strict=True)
    ]
    small, large = tuple(t // 2 for t in totals), tuple(t - t // 2 for t in totals)
    return small + large if mode == "SAME_UPPER" else large + small
