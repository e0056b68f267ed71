"""Elements into another order: by a reorder buffer, or by a matrix of zeros and ones where no buffer can do it."""

import numpy as np
from xdsl.ir import Operation, SSAValue

from qnn_ir import maps
from qnn_ir.constants import IntArray, dense_int, int_type, type_range
from qnn_ir.dialects import qnn, stream
from qnn_ir.dialects.qnn import shape_of
from qnn_ir.dialects.stream import channel
from qnn_ir.passes.to_stream.nests import Nest, natural_nest, nest_of, pixel_axes
from qnn_ir.passes.to_stream.order import Vectors, layout_of
from qnn_ir.passes.to_stream.state import Conversion, Unsupported, Wire
from qnn_ir.passes.to_stream.types import accumulator_type

LARGEST_MATRIX = 1 << 20
"""Entries of a matrix that only moves elements; beyond it the model had better be changed."""


def arranged(op: Operation, wire: Wire, shape: tuple[int, ...], target: IntArray, conversion: Conversion) -> Wire:
    """`wire`, a tensor of `shape`, in the order `target`. `Unsupported` where nothing of sensible size can do it."""
    if np.array_equal(wire.order, target):
        return wire
    if (reorder := _reorder(op, wire, target, conversion)) is not None:
        return reorder
    source, wanted = nest_of(wire.order, shape), nest_of(target, shape)
    if source is None or wanted is None:
        return _shuffled(op, wire, target, conversion)
    for axis, (have, want) in enumerate(zip(source.sequences, wanted.sequences, strict=True)):
        if not np.array_equal(have, want):
            wire, source = selected(op, wire, source, axis, want, conversion)
            source = source.with_axis(axis, want)
            wire = Wire(wire.channel, source.order(), wire.private)
    return arranged(op, wire, shape, target, conversion)


def is_transposition(order: IntArray, target: IntArray) -> bool:
    """Whether a reorder buffer takes elements from `order` to `target`."""
    source = _places(order, target)
    return layout_of(source, (source.size,)) is not None


def selected(
    op: Operation, wire: Wire, nest: Nest, axis: int, indices: IntArray, conversion: Conversion
) -> tuple[Wire, Nest]:
    """
    The positions `indices` along `axis`, in any order and number (a negative one: a zero), by a matrix on that axis.

    Returns the result and its nest.
    """
    if indices.size * nest.shape[axis] > LARGEST_MATRIX:
        raise Unsupported(f"moving {nest.shape[axis]} elements one by one takes a matrix that is too large")
    nest = nest.innermost(axis)
    wire = arranged(op, wire, nest.shape, nest.order(), conversion)
    matrix = (indices[:, None] == nest.sequences[axis]).astype(np.int64)
    nest = nest.with_axis(axis, np.arange(indices.size))
    return Wire(_move(op, wire.channel, matrix, conversion), nest.order(), True), nest


def pixels(op: Operation, value: SSAValue, conversion: Conversion) -> tuple[Wire, IntArray]:
    """An image [N, C, *spatial] pixel by pixel in ascending order, and the sequence of the channels in each pixel."""
    wire, shape = conversion.wire(value), shape_of(value)
    nest = nest_of(wire.order, shape) or natural_nest(shape, pixel_axes(len(shape)))
    wanted = natural_nest(shape, pixel_axes(len(shape))).with_axis(1, nest.sequences[1])
    return arranged(op, wire, shape, wanted.order(), conversion), nest.sequences[1]


def vectors_of(op: Operation, value: SSAValue, axis: int, conversion: Conversion) -> tuple[Wire, Vectors]:
    """`value` as vectors along `axis`, one after the other; reordered in memory where they do not arrive like that."""
    wire, shape = conversion.wire(value), shape_of(value) or (1,)
    try:
        return wire, Vectors(wire.order, shape, axis)
    except ValueError:
        nest = nest_of(wire.order, shape) or natural_nest(shape, range(len(shape)))
        wire = arranged(op, wire, shape, nest.innermost(axis % len(shape)).order(), conversion)
        return wire, Vectors(wire.order, shape, axis)


def holding(op: Operation, wire: Wire, conversion: Conversion, *values: int) -> Wire:
    """`wire` with an element type that holds `values` as well."""
    low, high = type_range(channel(wire.channel).element)
    lo, hi = min(low, *values), max(high, *values)
    if (lo, hi) == (low, high):
        return wire
    same = qnn.MapAttr.from_map(maps.Requant(np.array([1]), np.array([0]), 0, "floor", lo, hi))
    name = conversion.names.take(f"{conversion.stem(op)}_extend")
    actor = stream.MapOp(name, wire.channel, same, dense_int(np.zeros(1, np.int64)), int_type(lo, hi))
    conversion.emit(op, actor)
    return Wire(actor.result, wire.order, True)


def nested(op: Operation, wire: Wire, shape: tuple[int, ...], conversion: Conversion) -> tuple[Wire, Nest]:
    """`wire` in an order that is a nest, and that nest: pixel by pixel for images, else row-major, if it is none."""
    nest = nest_of(wire.order, shape)
    if nest is not None:
        return wire, nest
    axes = pixel_axes(len(shape)) if len(shape) in (3, 4) else range(len(shape))
    nest = natural_nest(shape, axes)
    return arranged(op, wire, shape, nest.order(), conversion), nest


def natural_order(order: IntArray, shape: tuple[int, ...]) -> IntArray:
    """The order nearest to `order` with ascending indices on every axis: the same nest, or row-major if it is none."""
    nest = nest_of(order, shape or (1,))
    return np.arange(order.size) if nest is None else natural_nest(shape or (1,), nest.axes).order()


def _places(order: IntArray, target: IntArray) -> IntArray:
    """Where in `order` each element of `target` is."""
    place = np.empty(order.size, np.int64)
    place[order] = np.arange(order.size)
    return place[target]


def _reorder(op: Operation, wire: Wire, target: IntArray, conversion: Conversion) -> Wire | None:
    layout = layout_of(_places(wire.order, target), (target.size,))
    if layout is None:
        return None
    shape, perm, blocks = list(layout.dims), list(layout.order), 1
    while len(perm) > 1 and perm[0] == 0:  # what stays outermost needs no buffer
        blocks *= shape.pop(0)
        perm = [axis - 1 for axis in perm[1:]]
    name = conversion.names.take(f"{conversion.stem(op)}_reorder")
    actor = stream.ReorderOp(name, wire.channel, shape, perm, blocks)
    conversion.emit(op, actor)
    return Wire(actor.result, target, True)


def _shuffled(op: Operation, wire: Wire, target: IntArray, conversion: Conversion) -> Wire:
    """Any permutation of a whole frame that is small."""
    if target.size**2 > LARGEST_MATRIX:
        raise Unsupported("its input arrives in an order that no buffer can change into the one it needs")
    matrix = (_places(wire.order, target)[:, None] == np.arange(target.size)).astype(np.int64)
    return Wire(_move(op, wire.channel, matrix, conversion), target, True)


def _move(op: Operation, source: SSAValue, matrix: IntArray, conversion: Conversion) -> SSAValue:
    """A matrix of zeros and ones on vectors of `source`."""
    element = channel(source).element
    actor = stream.MvtuOp(
        conversion.names.take(f"{conversion.stem(op)}_select"),
        source,
        dense_int(matrix),
        int_type(int(matrix.min()), int(matrix.max())),
        accumulator_type(matrix, element),
        element,
        vectors=channel(source).elements // matrix.shape[1],
    )
    conversion.emit(op, actor)
    return actor.result
