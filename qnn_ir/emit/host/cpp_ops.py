"""Operators that are no formula of single elements, in C++: loop nests with the sizes of the tensors written out."""

import math
from collections.abc import Callable
from typing import Any, TypeAlias

from xdsl.ir import Operation, SSAValue

from qnn_ir.dialects import qnn
from qnn_ir.dialects.qnn import DepthToSpaceMode, int_values, is_float, shape_of
from qnn_ir.dialects.qnn.shapes import Shape
from qnn_ir.emit.host.cpp_loops import Lines, Nest, View, broadcast, row_major
from qnn_ir.emit.host.cpp_values import CppValues, literal
from qnn_ir.emit.host.cpp_windows import WINDOWS

Body: TypeAlias = Callable[[Any, CppValues, str], Lines]
"""The statements that fill the array of the given name."""


def _copy(shape: Shape, target: View, source: View) -> Lines:
    """The elements of one view to another, in the order of a nest over `shape`."""
    nest = Nest(shape)
    to, origin = nest.element(target), nest.element(source)
    return nest.print([f"{to} = {origin};"])


def _moved(value: SSAValue, values: CppValues, name: str, shape: Shape, strides: Shape, offset: int = 0) -> Lines:
    """A result that is filled in order, from elements of `value` by strides."""
    return _copy(shape, View(name, row_major(shape)), View(values.array(value), strides, offset))


def _transpose(op: qnn.TransposeOp, values: CppValues, name: str) -> Lines:
    strides = row_major(shape_of(op.x))
    return _moved(op.x, values, name, shape_of(op.result), tuple(strides[p] for p in int_values(op.perm)))


def _slice(op: qnn.SliceOp, values: CppValues, name: str) -> Lines:
    shape, strides = shape_of(op.x), row_major(shape_of(op.x))
    parts = [part.indices(n) for part, n in zip(op.slices(), shape, strict=True)]
    offset = sum(part[0] * s for part, s in zip(parts, strides, strict=True))
    steps = tuple(part[2] * s for part, s in zip(parts, strides, strict=True))
    return _moved(op.x, values, name, shape_of(op.result), steps, offset)


def _resize(op: qnn.ResizeOp, values: CppValues, name: str) -> Lines:
    """Every axis as two: positions, and repetitions that do not move in the source."""
    shape: list[int] = []
    strides: list[int] = []
    for size, scale, stride in zip(shape_of(op.x), int_values(op.scales), row_major(shape_of(op.x)), strict=True):
        shape += [size, scale]
        strides += [stride, 0]
    return _moved(op.x, values, name, tuple(shape), tuple(strides))


def _depth_to_space(op: qnn.DepthToSpaceOp, values: CppValues, name: str) -> Lines:
    frames, channels, height, width = shape_of(op.x)
    b = op.block.value.data
    depth = channels // (b * b)
    block_first = op.mode.data == DepthToSpaceMode.DCR
    parts = (frames, b, b, depth, height, width) if block_first else (frames, depth, b, b, height, width)
    order = (0, 3, 4, 1, 5, 2) if block_first else (0, 1, 4, 2, 5, 3)
    strides = row_major(parts)
    return _moved(op.x, values, name, tuple(parts[a] for a in order), tuple(strides[a] for a in order))


def _pad(op: qnn.PadOp, values: CppValues, name: str) -> Lines:
    strides, shape = row_major(shape_of(op.result)), shape_of(op.x)
    offset = sum(b * s for b, s in zip(int_values(op.pads), strides, strict=False))
    fill = op.value.value.data
    value = literal(fill if is_float(op.result.type) else int(fill))
    inside = _copy(shape, View(name, strides, offset), View(values.array(op.x), row_major(shape)))
    return [*([f"std::fill({name}.begin(), {name}.end(), {value});"] if fill else []), *inside]


def _concat(op: qnn.ConcatOp, values: CppValues, name: str) -> Lines:
    strides = row_major(shape_of(op.result))
    lines: Lines = []
    offset, axis = 0, op.axis.value.data % len(strides)
    for value in op.inputs:
        shape = shape_of(value)
        lines += _copy(shape, View(name, strides, offset), View(values.array(value), row_major(shape)))
        offset += shape[axis] * strides[axis]
    return lines


def _gather(op: qnn.GatherOp, values: CppValues, name: str) -> Lines:
    before, size, after = _around(op.x, op.axis.value.data)
    nest = Nest((before, math.prod(shape_of(op.indices)), after))
    chosen = nest.element(View(values.array(op.indices), (0, 1, 0)))
    start, target = nest.position((size * after, 0, 1)), nest.element(View(name, row_major(nest.shape)))
    return nest.print(
        [
            f"const int at = static_cast<int>({chosen});",
            # a negative position counts from the end
            f"{target} = {values.array(op.x)}[{start} + (at < 0 ? at + {size} : at) * {after}];",
        ]
    )


def _matmul(op: qnn.MatMulOp, values: CppValues, name: str) -> Lines:
    a, b = shape_of(op.a), shape_of(op.b)
    rows, columns = (a if len(a) > 1 else (1, *a)), (b if len(b) > 1 else (*b, 1))
    batch = shape_of(op.result)[: len(shape_of(op.result)) - (len(a) > 1) - (len(b) > 1)]
    nest = Nest((*batch, rows[-2], columns[-1]))
    row = nest.position((*_matrices(rows, batch), rows[-1], 0), ("c", 1))
    column = nest.position((*_matrices(columns, batch), 0, 1), ("c", columns[-1]))
    target = nest.element(View(name, row_major(nest.shape)))
    zero, element = ("0.0", "double") if is_float(op.result.type) else ("0", "std::int64_t")
    product = f"{values.array(op.a)}[{row}] * {values.array(op.b)}[{column}]"
    return nest.print(
        [f"{element} sum = {zero};", f"for (int c = 0; c < {rows[-1]}; ++c) sum += {product};", f"{target} = sum;"]
    )


def _matrices(shape: Shape, batch: Shape) -> Shape:
    """The strides from matrix to matrix of `shape` along the axes of the batch."""
    return tuple(s * shape[-2] * shape[-1] for s in broadcast(shape[:-2], batch))


def _around(value: SSAValue, axis: int) -> tuple[int, int, int]:
    """Elements before, along and behind an axis."""
    shape = shape_of(value)
    axis %= len(shape)
    return math.prod(shape[:axis]), shape[axis], math.prod(shape[axis + 1 :])


def _softmax(op: qnn.SoftmaxOp, values: CppValues, name: str) -> Lines:
    before, size, after = _around(op.x, op.axis.value.data)
    nest = Nest((before, after))
    places = [nest.element(View(array, (size * after, 1))) for array in (values.array(op.x), name)]
    return nest.print([f"{values.helper('softmax')}(&{places[0]}, &{places[1]}, {size}, {after});"])


def _arg_max(op: qnn.ArgMaxOp, values: CppValues, name: str) -> Lines:
    before, size, after = _around(op.x, op.axis.value.data)
    nest = Nest((before, after))
    source = nest.element(View(values.array(op.x), (size * after, 1)))
    target = nest.element(View(name, (after, 1)))
    last = "true" if op.last_index.value.data else "false"
    return nest.print([f"{target} = {values.helper('arg_max')}(&{source}, {size}, {after}, {last});"])


def top_k(op: qnn.TopKOp, values: CppValues, best: str, indices: str) -> Lines:
    """Both results at once."""
    before, size, after = _around(op.x, op.axis.value.data)
    k, largest = op.k.value.data, "true" if op.largest.value.data else "false"
    nest = Nest((before, after))
    source = nest.element(View(values.array(op.x), (size * after, 1)))
    places = [nest.element(View(array, (k * after, 1))) for array in (best, indices)]
    call = f"{values.helper('top_k')}(&{source}, &{places[0]}, &{places[1]}, {k}, {size}, {after}, {largest});"
    return nest.print([call])


BODIES: dict[type[Operation], Body] = {
    qnn.TransposeOp: _transpose,
    qnn.ConcatOp: _concat,
    qnn.SliceOp: _slice,
    qnn.PadOp: _pad,
    qnn.DepthToSpaceOp: _depth_to_space,
    qnn.ResizeOp: _resize,
    qnn.GatherOp: _gather,
    qnn.MatMulOp: _matmul,
    qnn.SoftmaxOp: _softmax,
    qnn.ArgMaxOp: _arg_max,
    **WINDOWS,
}
