"""`Resize` and `Upsample` with nearest-neighbour interpolation: repetition where it is one, else a look-up per axis."""

from collections.abc import Callable, Sequence
from math import ceil, floor

import numpy as np
from xdsl.ir import SSAValue

from qnn_ir.dialects import qnn
from qnn_ir.frontend.onnx_importer import NodeImporter, Results, Tensor, imports, shape_of
from qnn_ir.frontend.onnx_tensors import INT64, Array

_ROUND: dict[str, tuple[Callable[[float], int], float]] = {
    "round_prefer_floor": (ceil, -0.5),
    "round_prefer_ceil": (floor, 0.5),
    "floor": (floor, 0.0),
    "ceil": (ceil, 0.0),
}
"""A function and what is added before it."""


@imports("Upsample")
def upsample(node: NodeImporter) -> Results:
    """The predecessor of `Resize`: position i reads floor(i / scale)."""
    _check_mode(node)
    x = node.value(0)
    if node.has("height_scale"):
        scales = [1.0, 1.0, node.number("height_scale"), node.number("width_scale")]
    elif node.given(1):
        scales = [float(s) for s in node.constant(1, "scales").ravel()]
    else:
        scales = list(node.numbers("scales"))
    _check_scales(node, scales, len(shape_of(x)))
    sizes = [floor(n * s) for n, s in zip(shape_of(x), scales, strict=True)]
    return Tensor(_resized(node, x, sizes, scales, "asymmetric", "floor"), node.input(0).type)


@imports("Resize")
def resize(node: NodeImporter) -> Results:
    """Inputs are (x, roi, scales, sizes), before opset 11 (x, scales)."""
    _check_mode(node)
    x, old = node.value(0), node.opset < 11
    rank = len(shape_of(x))
    transform = "asymmetric" if old else node.text("coordinate_transformation_mode", "half_pixel")
    nearest = "floor" if old else node.text("nearest_mode", "round_prefer_floor")
    axes = [a % max(1, rank) for a in node.integers("axes", range(rank))]
    sizes, scales = list(shape_of(x)), [1.0] * rank
    at = 1 if old else 2
    if node.given(at) and (given := node.constant(at, "scales").ravel()).size:
        _check_scales(node, given, len(axes))
        for axis, factor in zip(axes, given, strict=True):
            scales[axis], sizes[axis] = float(factor), floor(sizes[axis] * float(factor))
    elif node.given(3):
        if node.text("keep_aspect_ratio_policy", "stretch") != "stretch":
            node.fail("keeps the aspect ratio", "give scales")
        wanted = node.whole_numbers(3, "list of sizes")
        if len(wanted) != len(axes) or min(wanted) < 1:
            node.fail(f"sizes {wanted} for {len(axes)} axes", "export the model again")
        for axis, n in zip(axes, wanted, strict=True):
            n = 1 if axis == 0 and node.batched(x) else n
            scales[axis], sizes[axis] = n / sizes[axis], n
    else:
        node.fail("neither scales nor sizes are given", "export the model again")
    return Tensor(_resized(node, x, sizes, scales, transform, nearest), node.input(0).type)


def _check_mode(node: NodeImporter) -> None:
    if (mode := node.text("mode", "nearest")) != "nearest":
        node.fail(f"interpolates in mode {mode!r}", "use nearest-neighbour interpolation")


def _check_scales(node: NodeImporter, scales: Sequence[float] | Array, rank: int) -> None:
    if len(scales) != rank or not all(np.isfinite(s) and s > 0 for s in scales):
        node.fail(f"scales {[float(s) for s in scales]} for {rank} axes", "give one positive scale per axis")


def _resized(
    node: NodeImporter, x: SSAValue, sizes: Sequence[int], scales: Sequence[float], transform: str, nearest: str
) -> SSAValue:
    """`x` with the nearest element at every new position."""
    shape = shape_of(x)
    if max(sizes) > 1 << 20 or min(sizes) < 1:
        node.fail(f"resizes {list(shape)} to {list(sizes)}", "use sensible sizes")
    sources = [_sources(node, *axis, transform, nearest) for axis in zip(shape, sizes, scales, strict=True)]
    factors = [1] * len(shape)
    for axis, (old, new, source) in enumerate(zip(shape, sizes, sources, strict=True)):
        if new % old == 0 and source == [i // (new // old) for i in range(new)]:
            factors[axis] = new // old
            continue
        axis = node.axis(axis, len(shape), x)
        x = node.emit(qnn.GatherOp(x, node.int_constant(np.array(source), INT64), axis))
    return node.emit(qnn.ResizeOp(x, factors)) if set(factors) != {1} else x


def _sources(node: NodeImporter, old: int, new: int, factor: float, transform: str, nearest: str) -> list[int]:
    """The old position that each new one reads."""
    if nearest not in _ROUND:
        node.fail(f"unknown nearest_mode {nearest!r}", "use floor or round_prefer_floor")
    if old == new and factor == 1:
        return list(range(old))
    match transform:
        case "asymmetric":
            places = [i / factor for i in range(new)]
        case "half_pixel" | "pytorch_half_pixel":
            single = transform.startswith("pytorch") and new == 1
            places = [0.0 if single else (i + 0.5) / factor - 0.5 for i in range(new)]
        case "half_pixel_symmetric":
            shift = old / 2 * (1 - new / (old * factor))
            places = [shift + (i + 0.5) / factor - 0.5 for i in range(new)]
        case "align_corners":
            places = [i * (old - 1) / (new - 1) if new > 1 else 0.0 for i in range(new)]
        case "tf_half_pixel_for_nn":
            places = [(i + 0.5) / factor for i in range(new)]
        case _:
            node.fail(f"coordinate transformation {transform!r}", "use asymmetric or half_pixel")
    rounded, offset = _ROUND[nearest]
    return [min(max(rounded(p + offset), 0), old - 1) for p in places]
