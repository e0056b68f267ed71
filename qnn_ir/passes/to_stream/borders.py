"""Lowerings of what adds elements: a border of one value, and constants beside a stream."""

import math

import numpy as np
from xdsl.ir import Operation, SSAValue

from qnn_ir import maps
from qnn_ir.constants import IntArray, dense_int, type_range
from qnn_ir.dialects import qnn, stream
from qnn_ir.dialects.qnn import int_values, shape_of
from qnn_ir.dialects.stream import Geometry, channel
from qnn_ir.passes.to_stream.arrange import holding, nested, selected
from qnn_ir.passes.to_stream.nests import Nest
from qnn_ir.passes.to_stream.order import period
from qnn_ir.passes.to_stream.state import Conversion, Unsupported, Wire


def pad(op: qnn.PadOp, conversion: Conversion) -> None:
    """A border: of pixels by windows of one pixel, of channels by rows of zeros."""
    value = op.value.value.data
    if value != int(value):
        raise Unsupported("padding with a fraction is not in integer form")
    pads, shape = int_values(op.pads), shape_of(op.x)
    ends = list(zip(pads[: len(shape)], pads[len(shape) :], strict=True))
    wire, nest = nested(op, conversion.wire(op.x), shape, conversion)
    wire = padded(op, wire, nest, ends, int(value), conversion)
    conversion.define(op.result, wire.channel, wire.order, wire.private)


def padded(
    op: Operation, wire: Wire, nest: Nest, ends: list[tuple[int, int]], value: int, conversion: Conversion
) -> Wire:
    """`ends[a]` indices before and behind those of axis a, filled with `value`."""
    wire = holding(op, wire, conversion, value)
    todo = [axis for axis in nest.axes if any(ends[axis])]
    while todo:
        axes = todo[:2] if nest.outside(todo[0]) == 1 and _neighbours(nest, todo[:2]) else todo[:1]
        if nest.inside(axes[-1]) == 1 or not all(nest.is_natural(axis) for axis in axes):
            axes = todo[:1]
            before, behind = ends[axes[0]]
            indices = np.pad(np.arange(nest.shape[axes[0]]), (before, behind), constant_values=-1)
            wire, nest = selected(op, wire, nest, axes[0], indices, conversion)
            wire = _filled(op, wire, (indices < 0).astype(np.int64), value, conversion)
        else:
            wire, nest = _bordered(op, wire, nest, axes, ends, value, conversion)
        todo = [axis for axis in nest.axes if axis in todo and axis not in axes]
    return wire


def _neighbours(nest: Nest, axes: list[int]) -> bool:
    return len(axes) == 2 and nest.inside(axes[0]) == nest.shape[axes[1]] * nest.inside(axes[1])


def _bordered(
    op: Operation,
    wire: Wire,
    nest: Nest,
    axes: list[int],
    ends: list[tuple[int, int]],
    value: int,
    conversion: Conversion,
) -> tuple[Wire, Nest]:
    """A window of one pixel; its rows are the first of two axes, or all that is outside the only one."""
    last = axes[-1]
    rows, (top, bottom) = nest.outside(last), ends[axes[0]] if len(axes) == 2 else (0, 0)
    left, right = ends[last]
    ones = (1, 1)
    geometry = Geometry(rows, nest.shape[last], nest.inside(last), ones, ones, ones, (top, left, bottom, right))
    name = conversion.names.take(f"{conversion.stem(op)}_pad")
    actor = stream.WindowOp(name, wire.channel, geometry, value)
    conversion.emit(op, actor)
    for axis in axes:
        nest = nest.with_axis(axis, np.arange(nest.shape[axis] + sum(ends[axis])))
    return Wire(actor.result, nest.order(), True), nest


def between(
    op: Operation, wire: Wire, vectors: int, before: list[IntArray], behind: list[IntArray], conversion: Conversion
) -> SSAValue:
    """
    The vectors of `wire` between those of constants (each a flat array, vector by vector).

    A window of one pixel makes room for them, with as many lanes as divide all lengths; a map fills it.
    """
    if not before and not behind:
        return wire.channel
    pads = [sum(array.size for array in part) // vectors for part in (before, behind)]
    numbers = np.concatenate([*before, *behind, np.zeros(1, np.int64)])
    wire = holding(op, wire, conversion, int(numbers.min()), int(numbers.max()))
    length = channel(wire.channel).elements // vectors
    lanes, ones = math.gcd(length, *pads), (1, 1)
    geometry = Geometry(vectors, length // lanes, lanes, ones, ones, ones, (0, pads[0] // lanes, 0, pads[1] // lanes))
    window = stream.WindowOp(conversion.names.take(f"{conversion.stem(op)}_pad"), wire.channel, geometry, 0)
    conversion.emit(op, window)
    room = np.zeros((vectors, length), np.int64)
    constants = np.concatenate([a.reshape(vectors, -1) for a in (*before, room, *behind)], axis=1)
    return _plus(op, Wire(window.result, wire.order, True), constants.ravel(), conversion).channel


def _filled(op: Operation, wire: Wire, places: IntArray, value: int, conversion: Conversion) -> Wire:
    """`value` added at `places` of every vector."""
    return _plus(op, wire, places * value, conversion)


def _plus(op: Operation, wire: Wire, numbers: IntArray, conversion: Conversion) -> Wire:
    """`numbers`, one per element of a vector or of the frame, added to zeros and zero added to the rest."""
    values, rows = np.unique(numbers, return_inverse=True)
    if values.size == 1 and not values[0]:
        return wire
    element = channel(wire.channel).element
    lo, hi = type_range(element)
    function = maps.Requant(np.ones_like(values), values, 0, "floor", lo, hi)
    actor = stream.MapOp(
        conversion.names.take(f"{conversion.stem(op)}_fill"),
        wire.channel,
        qnn.MapAttr.from_map(function),
        dense_int(period(rows)),
        element,
    )
    conversion.emit(op, actor)
    return Wire(actor.result, wire.order, True)
