"""Operators that move elements: reshapes, transposes, concatenation, slices, padding, resizing, look-up."""

from collections.abc import Sequence
from math import prod
from typing import Literal

import numpy as np
from xdsl.ir import SSAValue

from qnn_ir.dialects import qnn
from qnn_ir.frontend.onnx_importer import NodeImporter, Results, Tensor, imports, shape_of
from qnn_ir.frontend.onnx_tensors import INT64, Constant


@imports("Shape")
def shape(node: NodeImporter) -> Results:
    """The shape per frame is known: a constant."""
    value = node.input(0)
    sizes = list(value.array.shape if isinstance(value, Constant) else value.shape)
    part = sizes[node.integer("start", 0) : node.integer("end", len(sizes))]
    return Constant(node.node.outputs[0], np.array(part, np.int64), INT64)


@imports("Size")
def size(node: NodeImporter) -> Results:
    """The number of elements per frame: a constant."""
    value = node.input(0)
    sizes = value.array.shape if isinstance(value, Constant) else value.shape
    return Constant(node.node.outputs[0], np.array(prod(sizes), np.int64), INT64)


def _moved(node: NodeImporter, value: SSAValue) -> Tensor:
    """`value` with the ONNX type of operand 0."""
    return Tensor(value, node.input(0).type)


@imports("Reshape")
def reshape(node: NodeImporter) -> Results:
    """Row-major reshape; the batch stays where it is."""
    x, target = node.value(0), node.ints_input(1, "shape", "shape")
    if target is None:
        node.fail("its shape is missing", "export the model again")
    old = shape_of(x)
    if node.batched(x) and target and target[0] == node.program.graph.batch:
        target[0] = 1
    if not node.flag("allowzero"):
        if any(d == 0 and i >= len(old) for i, d in enumerate(target)):
            node.fail(f"shape {target} copies an axis that is not there", "export the model again")
        target = [old[i] if d == 0 else d for i, d in enumerate(target)]
    known = prod(d for d in target if d != -1)
    if target.count(-1) > 1 or min(target, default=1) < -1 or known == 0 or prod(old) % known:
        node.fail(f"reshapes {list(old)} to {target}", "export the model again")
    target = [prod(old) // known if d == -1 else d for d in target]
    if prod(target) != prod(old) or (node.batched(x) and target[:1] != [1]):
        node.fail(f"reshapes {list(old)} to {target}", "keep the batch axis in front" if node.batched(x) else "")
    return _moved(node, node.reshape(x, target))


@imports("Flatten")
def flatten(node: NodeImporter) -> Results:
    """Two axes: those in front of `axis` and the others."""
    x = node.value(0)
    old, axis = shape_of(x), node.integer("axis", 1)
    if not -len(old) <= axis <= len(old):
        node.fail(f"axis {axis} of a tensor with {len(old)} axes", "export the model again")
    axis = axis + len(old) if axis < 0 else axis
    if axis == 0 and node.batched(x):
        node.fail("flattens the batch", "export with batch size 1")
    return _moved(node, node.reshape(x, (prod(old[:axis]), prod(old[axis:]))))


@imports("Squeeze")
def squeeze(node: NodeImporter) -> Results:
    """Drop axes of size 1; without a list all of them, except the batch."""
    x, axes = node.value(0), node.ints_input(1, "axes", "list of axes")
    old = shape_of(x)
    if axes is None:
        dropped = {i for i, n in enumerate(old) if n == 1 and not (i == 0 and node.batched(x))}
    else:
        dropped = {node.axis(axis, len(old), x) for axis in axes}
    if any(old[i] != 1 for i in dropped):
        node.fail(f"squeezes axes {sorted(dropped)} of {list(old)}", "export the model again")
    return _moved(node, node.reshape(x, [n for i, n in enumerate(old) if i not in dropped]))


@imports("Unsqueeze")
def unsqueeze(node: NodeImporter) -> Results:
    """Insert axes of size 1."""
    x, axes = node.value(0), node.ints_input(1, "axes", "list of axes") or []
    rank = len(shape_of(x)) + len(axes)
    places = {node.axis(axis, rank, x) for axis in axes}
    if len(places) != len(axes):
        node.fail(f"repeated axis in {axes}", "export the model again")
    rest = iter(shape_of(x))
    return _moved(node, node.reshape(x, [1 if i in places else next(rest) for i in range(rank)]))


@imports("Transpose")
def transpose(node: NodeImporter) -> Results:
    """The axes in another order; the batch stays in front."""
    x = node.value(0)
    rank = len(shape_of(x))
    perm = node.integers("perm", range(rank)[::-1])
    if sorted(perm) != list(range(rank)):
        node.fail(f"{list(perm)} is no permutation of {rank} axes", "export the model again")
    if node.batched(x) and perm[:1] != (0,):
        node.fail("moves the batch axis", "export with batch size 1")
    return _moved(node, node.transpose(x, perm))


@imports("Concat")
def concat(node: NodeImporter) -> Results:
    """Tensors one behind the other, constants among them."""
    values = [node.input(i) for i in range(max(1, len(node.inputs)))]
    parts = [node.ssa(v) for v in values]
    if len({qnn.element_of(p) for p in parts}) > 1:
        parts = [node.real_of(v) for v in values]
    first = next((p for p in parts if node.batched(p)), parts[0])
    axis = node.axis(node.integer("axis", 1 if node.opset < 4 else None), len(shape_of(first)), first)
    return _moved(node, node.emit(qnn.ConcatOp(parts, axis)))


@imports("Slice")
def slice_(node: NodeImporter) -> Results:
    """A regular part along some axes."""
    x = node.value(0)
    starts = node.ints_input(1, "starts", "start") or []
    ends = node.ints_input(2, "ends", "end") or []
    axes = node.ints_input(3, "axes", "list of axes") or list(range(len(starts)))
    steps = node.ints_input(4, "steps", "step") or [1] * len(starts)
    if not len(starts) == len(ends) == len(axes) == len(steps):
        node.fail("starts, ends, axes and steps differ in length", "export the model again")
    rank, kept = len(shape_of(x)), list[tuple[int, int, int, int]]()
    for start, end, step, axis in zip(starts, ends, steps, axes, strict=True):
        whole = start == 0 and end >= shape_of(x)[axis] and step == 1 if -rank <= axis < rank else False
        if not whole:
            kept.append((start, end, step, node.axis(axis, rank, x)))
    return _moved(node, _part(node, x, kept) if kept else x)


def _part(node: NodeImporter, x: SSAValue, parts: Sequence[tuple[int, int, int, int]]) -> SSAValue:
    starts, ends, steps, axes = zip(*parts, strict=True)
    return node.emit(qnn.SliceOp(x, starts, ends, steps, axes))


@imports("Split")
def split(node: NodeImporter) -> Results:
    """One slice per part: sizes given, or as equal as possible."""
    x = node.value(0)
    axis = node.axis(node.integer("axis", 0), len(shape_of(x)), x)
    total, count = shape_of(x)[axis], len(node.node.outputs)
    sizes = node.ints_input(1, "split", "sizes of the parts")
    if sizes is None:
        step = -(-total // max(1, node.integer("num_outputs", count)))
        sizes = [min(step, total - i * step) for i in range(count)]
    if len(sizes) != count or sum(sizes) != total or min(sizes) < 1:
        node.fail(f"splits {total} into {sizes}", "export the model again")
    ends = np.cumsum(sizes).tolist()
    return [_moved(node, _part(node, x, [(e - n, e, 1, axis)])) for n, e in zip(sizes, ends, strict=True)]


_BORDERS: dict[str, Literal["edge", "reflect", "wrap"]] = {"edge": "edge", "reflect": "reflect", "wrap": "wrap"}


def _bordered(node: NodeImporter, x: SSAValue, widths: Sequence[int], mode: str) -> SSAValue:
    """Copies of elements of `x` around it: selected positions, axis by axis."""
    shape = shape_of(x)
    for axis, size in enumerate(shape):
        around = widths[axis], widths[axis + len(shape)]
        if any(around):
            positions = np.pad(np.arange(size), around, mode=_BORDERS[mode])
            indices = node.int_constant(positions, INT64)
            x = node.emit(qnn.GatherOp(x, indices, axis))
    return x


@imports("Pad")
def pad(node: NodeImporter) -> Results:
    """A border of one value, or of elements of the tensor; negative padding crops."""
    x, mode = node.value(0), node.text("mode", "constant")
    if mode not in ("constant", *_BORDERS):
        node.fail(f"pads in mode {mode!r}", "only constant, edge, reflect and wrap are supported")
    attribute = "paddings" if node.has("paddings") else "pads"
    pads, rank = node.ints_input(1, attribute, "padding") or [], len(shape_of(x))
    if node.given(3):
        axes = [node.axis(axis, rank, x) for axis in node.whole_numbers(3, "list of axes")]
        if len(pads) != 2 * len(axes):
            node.fail(f"{len(pads)} paddings for {len(axes)} axes", "export the model again")
        given, pads = pads, [0] * 2 * rank
        for i, axis in enumerate(axes):
            pads[axis], pads[axis + rank] = given[i], given[i + len(axes)]
    if len(pads) != 2 * rank:
        node.fail(f"{len(pads)} paddings for {rank} axes", "export the model again")
    if node.batched(x) and (pads[0] or pads[rank]):
        node.fail("pads the batch", "export with batch size 1")
    value = node.single(2, "value") if node.given(2) else node.number("value", 0.0)
    if not np.isfinite(value):
        node.fail(f"pads with {value}", "pad with a finite number")
    crop = [(max(0, -pads[i]), shape_of(x)[i] + min(0, pads[i + rank]), 1, i) for i in range(rank)]
    crop = [c for c in crop if (c[0], c[1]) != (0, shape_of(x)[c[3]])]
    x = _part(node, x, crop) if crop else x
    widths = [max(0, p) for p in pads]
    if mode != "constant":
        return _moved(node, _bordered(node, x, widths, mode))
    return _moved(node, node.emit(qnn.PadOp(x, widths, value)) if any(widths) else x)


@imports("Gather")
def gather(node: NodeImporter) -> Results:
    """Selected positions; or rows of a constant table, looked up with numbers computed per frame."""
    x, indices = node.value(0), node.input(1)
    axis = node.axis(node.integer("axis", 0), len(shape_of(x)), x)
    if isinstance(indices, Constant):
        node.whole_numbers(1, "list of positions")
        size = shape_of(x)[axis]
        if ((indices.array < -size) | (indices.array >= size)).any():
            node.fail(f"an index is outside the {size} positions", "export the model again")
    elif x not in node.program.fixed:
        node.fail("looks up computed positions in a computed tensor", "make the table a constant of the model")
    elif qnn.is_float(indices.value.type):
        node.fail("looks up positions that are no integer tensor", "make the positions a graph input of integers")
    return _moved(node, node.emit(qnn.GatherOp(x, node.ssa(indices), axis)))


@imports("DepthToSpace")
def depth_to_space(node: NodeImporter) -> Results:
    """Channels to pixels."""
    mode, block = node.text("mode", "DCR"), node.integer("blocksize")
    if mode not in ("DCR", "CRD"):
        node.fail(f"unknown mode {mode!r}", "use DCR or CRD")
    return _moved(node, node.emit(qnn.DepthToSpaceOp(node.value(0), block, qnn.DepthToSpaceMode(mode.lower()))))


@imports("SpaceToDepth")
def space_to_depth(node: NodeImporter) -> Results:
    """Pixels to channels: a reshape, a transpose and a reshape."""
    x, b = node.value(0), node.integer("blocksize")
    if len(shape_of(x)) != 4 or b < 1 or any(n % b for n in shape_of(x)[2:]):
        node.fail(f"blocks of {b} in {list(shape_of(x))}", "export the model again")
    n, c, h, w = shape_of(x)
    split = node.reshape(x, (n, c, h // b, b, w // b, b))
    moved = node.transpose(split, (0, 3, 5, 1, 2, 4) if node.text("mode", "DCR") == "DCR" else (0, 1, 3, 5, 2, 4))
    return _moved(node, node.reshape(moved, (n, c * b * b, h // b, w // b)))


@imports("Tile")
def tile(node: NodeImporter) -> Results:
    """The tensor several times, one behind the other, axis by axis."""
    x, repeats = node.value(0), node.whole_numbers(1, "number of repetitions")
    if len(repeats) != len(shape_of(x)) or not 1 <= prod(repeats) <= 1 << 16 or min(repeats) < 1:
        node.fail(f"repetitions {repeats} of {list(shape_of(x))}", "export the model again")
    for axis, count in enumerate(repeats):
        if count > 1:
            x = node.emit(qnn.ConcatOp([x] * count, node.axis(axis, len(repeats), x)))
    return _moved(node, x)


@imports("Expand")
def expand(node: NodeImporter) -> Results:
    """NumPy broadcasting to a shape: repeats axes of size 1."""
    x, target = node.value(0), node.whole_numbers(1, "shape")
    old = shape_of(x)
    if len(target) < len(old):
        target = [1] * (len(old) - len(target)) + target
    if node.batched(x) and target[0] == node.program.graph.batch:
        target[0] = 1
    padded = (1,) * (len(target) - len(old)) + old
    if any(n not in (1, t) and t != 1 for n, t in zip(padded, target, strict=True)):
        node.fail(f"repeats {list(old)} to {target}", "only axes of size 1 can be repeated")
    x = node.reshape(x, padded)
    scales = [max(t, n) // n for n, t in zip(padded, target, strict=True)]
    return _moved(node, node.emit(qnn.ResizeOp(x, scales)) if set(scales) != {1} else x)
