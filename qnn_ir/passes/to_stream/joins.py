"""Lowerings of operators on several streams: sums, products and concatenation."""

import math
from collections.abc import Callable, Sequence

import numpy as np
from xdsl.ir import Operation, SSAValue

from qnn_ir import maps
from qnn_ir.constants import IntArray, dense_int, type_range
from qnn_ir.dialects import qnn, stream
from qnn_ir.dialects.qnn import constant_value, shape_of
from qnn_ir.dialects.stream import channel
from qnn_ir.passes.to_stream.arrange import arranged, is_transposition, nested
from qnn_ir.passes.to_stream.borders import between
from qnn_ir.passes.to_stream.movement import repeated
from qnn_ir.passes.to_stream.nests import Nest, natural_nest, nest_of, pixel_axes
from qnn_ir.passes.to_stream.order import period
from qnn_ir.passes.to_stream.state import Conversion, Wire
from qnn_ir.passes.to_stream.types import integer_of


def add(op: qnn.AddOp, conversion: Conversion) -> None:
    """`a + b`"""
    _sum(op, op.a, op.b, 1, 1, conversion)


def scaled_add(op: qnn.ScaledAddOp, conversion: Conversion) -> None:
    """`ma * a + mb * b`"""
    _sum(op, op.a, op.b, op.ma.value.data, op.mb.value.data, conversion)


def _sum(op: Operation, a: SSAValue, b: SSAValue, ma: int, mb: int, conversion: Conversion) -> None:
    for x, other, mx, mc in ((a, b, ma, mb), (b, a, mb, ma)):
        if (constant := constant_value(other)) is not None:
            return _per_constant(op, x, constant, lambda v, m=mx, n=mc: (np.full_like(v, m), n * v), conversion)
    result = op.results[0]
    left, right = _in_one_order(op, a, b, conversion)
    actor = stream.JoinAddOp(conversion.layer(op), left.channel, right.channel, integer_of(result), ma, mb)
    conversion.emit(op, actor)
    return conversion.define(result, actor.result, left.order)


def mul(op: qnn.MulOp, conversion: Conversion) -> None:
    """`a * b`"""
    constant, x = (constant_value(op.a), op.b) if constant_value(op.b) is None else (constant_value(op.b), op.a)
    if constant is not None:
        return _per_constant(op, x, constant, lambda values: (values, np.zeros_like(values)), conversion)
    left, right = _in_one_order(op, op.a, op.b, conversion)
    actor = stream.JoinMulOp(conversion.layer(op), left.channel, right.channel, integer_of(op.result))
    conversion.emit(op, actor)
    return conversion.define(op.result, actor.result, left.order)


def _per_constant(
    op: Operation,
    x: SSAValue,
    constant: IntArray,
    coefficients: Callable[[IntArray], tuple[IntArray, IntArray]],
    conversion: Conversion,
) -> None:
    """`m * x + c` with (m, c) given by the element of a constant: a map with one row per value of the constant."""
    wire, result = conversion.wire(x), op.results[0]
    shape = shape_of(result)
    if shape_of(x) != shape:
        wire = _broadcast(op, wire, shape_of(x), natural_nest(shape, range(len(shape))), conversion)
    values, rows = np.unique(constant, return_inverse=True)
    groups = np.broadcast_to(rows.reshape(constant.shape), shape).ravel()[wire.order]
    element = integer_of(result)
    m, c = coefficients(values)
    function = qnn.MapAttr.from_map(maps.Requant(m, c, 0, "floor", *type_range(element)))
    actor = stream.MapOp(conversion.layer(op), wire.channel, function, dense_int(period(groups)), element)
    conversion.emit(op, actor)
    conversion.define(result, actor.result, wire.order)


def _in_one_order(op: Operation, a: SSAValue, b: SSAValue, conversion: Conversion) -> tuple[Wire, Wire]:
    """Both operands in the shape of the result, element by element in the same order."""
    shape = shape_of(op.results[0])
    left, right = conversion.wire(a), conversion.wire(b)
    if shape_of(a) == shape == shape_of(b):
        if is_transposition(right.order, left.order):
            return left, arranged(op, right, shape, left.order, conversion)
        return arranged(op, left, shape, right.order, conversion), right
    if shape_of(a) != shape and shape_of(b) != shape:
        target = natural_nest(shape, pixel_axes(len(shape)) if len(shape) in (3, 4) else range(len(shape)))
        return (
            _broadcast(op, left, shape_of(a), target, conversion),
            _broadcast(op, right, shape_of(b), target, conversion),
        )
    if shape_of(a) != shape:
        right, target = nested(op, right, shape, conversion)
        return _broadcast(op, left, shape_of(a), target, conversion), right
    left, target = nested(op, left, shape, conversion)
    return left, _broadcast(op, right, shape_of(b), target, conversion)


def _broadcast(op: Operation, wire: Wire, shape: tuple[int, ...], target: Nest, conversion: Conversion) -> Wire:
    """A tensor of `shape` repeated to that of `target`, in its order."""
    shape = (*(1 for _ in range(len(target.shape) - len(shape))), *shape)
    ones = tuple(
        target.sequences[axis] if size == target.shape[axis] else np.zeros(1, np.int64)
        for axis, size in enumerate(shape)
    )
    nest = Nest(shape, target.axes, ones)
    wire = arranged(op, wire, shape, nest.order(), conversion)
    factors = tuple(wanted // size for size, wanted in zip(shape, target.shape, strict=True))
    wire = repeated(op, wire, nest, factors, conversion)
    # copies are equal, so they are whatever indices the target has there
    return Wire(wire.channel, target.order(), wire.private)


def concat(op: qnn.ConcatOp, conversion: Conversion) -> None:
    """
    Vectors one behind the other; a vector is what passes while the axes outside the joined one stand still.

    Constants become a border of the vectors that they stand beside.
    """
    values: Sequence[SSAValue] = op.inputs
    shapes = [shape_of(value) for value in values]
    axis = op.axis.value.data % len(shapes[0])
    streams = [index for index, value in enumerate(values) if constant_value(value) is None]
    wires = [conversion.wire(values[index]) for index in streams]
    axes = _cheapest_axes(wires, [shapes[index] for index in streams], axis)
    vectors = math.prod(shapes[0][a] for a in axes[: axes.index(axis)])
    orders = [natural_nest(shape, axes).order() for shape in shapes]
    for place, index in enumerate(streams):
        if not _conforms(wires[place], shapes[index], axes, axis):
            wires[place] = arranged(op, wires[place], shapes[index], orders[index], conversion)
        orders[index] = wires[place].order
    channels = [
        between(op, wire, vectors, _constants(values, orders, before), _constants(values, orders, behind), conversion)
        for wire, (before, behind) in zip(wires, _sides(streams, len(values)), strict=True)
    ]
    source, element = channels[0], integer_of(op.result)
    if len(channels) > 1:
        lengths = [channel(value).elements // vectors for value in channels]
        actor = stream.ConcatOp(conversion.layer(op), channels, lengths, element, vectors)
        conversion.emit(op, actor)
        source = actor.result
    conversion.define(op.result, source, _joined(op, orders, vectors))


def _sides(streams: list[int], count: int) -> list[tuple[range, range]]:
    """For each of `streams` the inputs in front of it and behind it that it takes along, of `count` inputs."""
    ends = [*streams[1:], count]
    firsts = [range(streams[0]), *(range(0) for _ in streams[1:])]
    return [(first, range(s + 1, end)) for first, s, end in zip(firsts, streams, ends, strict=True)]


def _constants(values: Sequence[SSAValue], orders: list[IntArray], part: range) -> list[IntArray]:
    """The elements of the constants among `values` at the places `part`, in the sequence in which they travel."""
    arrays = [(constant_value(values[index]), orders[index]) for index in part]
    return [array.ravel()[order] for array, order in arrays if array is not None]


def _joined(op: qnn.ConcatOp, orders: list[IntArray], vectors: int) -> IntArray:
    """The order of the result, whose inputs travel in `orders`."""
    values: Sequence[SSAValue] = op.inputs
    parts: list[IntArray] = []
    for index, order in enumerate(orders):
        numbers = [np.full(shape_of(value), -1) for value in values]
        numbers[index] = np.arange(order.size).reshape(numbers[index].shape)
        joined = op.move(*numbers).ravel()
        places = np.empty(order.size, np.int64)
        places[joined[joined >= 0]] = np.flatnonzero(joined >= 0)
        parts.append(places[order].reshape(vectors, -1))
    return np.concatenate(parts, axis=1).ravel()


def _cheapest_axes(wires: list[Wire], shapes: list[tuple[int, ...]], axis: int) -> tuple[int, ...]:
    """The nesting of axes in which most inputs arrive already."""
    rank = len(shapes[0])
    nests = [nest_of(wire.order, shape) for wire, shape in zip(wires, shapes, strict=True)]
    candidates = [nest.axes for nest in nests if nest is not None] + [tuple(range(rank))]
    if rank in (3, 4):
        candidates.insert(0, pixel_axes(rank))

    def moves(axes: tuple[int, ...]) -> int:
        return sum(not _conforms(wire, shape, axes, axis) for wire, shape in zip(wires, shapes, strict=True))

    return min(candidates, key=moves)


def _conforms(wire: Wire, shape: tuple[int, ...], axes: tuple[int, ...], axis: int) -> bool:
    """Whether the axes outside `axis` are the outermost ones and pass in ascending order."""
    nest = nest_of(wire.order, shape, axes)
    return nest is not None and all(nest.is_natural(a) for a in axes[: axes.index(axis)])
