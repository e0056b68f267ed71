"""
Lowerings of operators that move elements.

What only reorders elements costs nothing: it renames their indices. What drops or repeats some works on the nest of the
order, axis by axis: a crop, an upsample; and a matrix of zeros and ones for the rest.
"""

import math
from itertools import pairwise

import numpy as np
from xdsl.ir import Operation, SSAValue

from qnn_ir import maps
from qnn_ir.constants import IntArray, dense_int, type_range
from qnn_ir.dialects import qnn, stream
from qnn_ir.dialects.qnn import constant_value, int_values, shape_of
from qnn_ir.passes.to_stream.arrange import nested, selected
from qnn_ir.passes.to_stream.nests import Nest
from qnn_ir.passes.to_stream.order import moved
from qnn_ir.passes.to_stream.state import Conversion, Unsupported, Wire
from qnn_ir.passes.to_stream.types import integer_of

LARGEST_TABLE = 1 << 22
"""Entries of a table of constants."""


def permutation(op: qnn.MovementOp, conversion: Conversion) -> None:
    """Reshape, transpose, depth to space: the same elements under other indices."""
    source = op.operands[0]
    wire = conversion.wire(source)
    order = moved(wire.order, shape_of(source), op.move)
    if order is None:
        raise Unsupported(f"{op.name.split('.')[-1]} is not supported unless it only reorders elements")
    conversion.define(op.result, wire.channel, order, wire.private)


def part(op: qnn.SliceOp, conversion: Conversion) -> None:
    """Some indices of every axis."""
    if moved(np.arange(math.prod(shape_of(op.x))), shape_of(op.x), op.move) is not None:
        return permutation(op, conversion)
    picks = [np.arange(size)[part] for size, part in zip(shape_of(op.x), op.slices(), strict=True)]
    wire = _taken(op, conversion.wire(op.x), shape_of(op.x), picks, conversion)
    return conversion.define(op.result, wire.channel, wire.order)


def gather(op: qnn.GatherOp, conversion: Conversion) -> None:
    """Indices of one axis, in any order, also several times; or rows of a constant table."""
    if (indices := constant_value(op.indices)) is None:
        return _lookup(op, conversion)
    shape, wire = shape_of(op.x), conversion.wire(op.x)
    axis = op.axis.value.data % len(shape)
    picks = [np.arange(size) for size in shape]
    picks[axis] = indices.ravel() % shape[axis]

    def move(array: IntArray) -> IntArray:
        return op.move(array, indices)

    order = moved(wire.order, shape, move)
    if order is None:
        wire = _taken(op, wire, shape, picks, conversion)
        order = wire.order
    return conversion.define(op.result, wire.channel, order, wire.private)


def _lookup(op: qnn.GatherOp, conversion: Conversion) -> None:
    """Rows of a constant table: an index is repeated as often as a row is long, then each copy reads its column."""
    table = constant_value(op.x)
    if table is None or op.axis.value.data % max(1, table.ndim) != 0:
        raise Unsupported("reading at computed positions needs a constant table, and its first axis")
    wire = conversion.wire(op.indices)
    lo, hi = type_range(integer_of(op.indices))
    if (hi - lo) * table.size // table.shape[0] > LARGEST_TABLE:
        raise Unsupported(f"an index of type {integer_of(op.indices)} makes a table that is too large")
    # a value that no index has may read anything
    rows = np.clip(np.arange(lo, hi + 1), -table.shape[0], table.shape[0] - 1)
    columns: IntArray = table.reshape(table.shape[0], -1)[rows].T
    lanes: int = table.size // table.shape[0]
    stem = conversion.stem(op)
    copies = stream.UpsampleOp(
        conversion.names.take(f"{stem}_repeat"), wire.channel, (wire.order.size, 1, 1), (1, lanes)
    )
    conversion.emit(op, copies)
    function = qnn.MapAttr.from_map(maps.Table(columns, lo))
    actor = stream.MapOp(
        conversion.layer(op), copies.result, function, dense_int(np.arange(lanes)), integer_of(op.result)
    )
    conversion.emit(op, actor)
    order = (wire.order[:, None] * lanes + np.arange(lanes)).ravel()
    conversion.define(op.result, actor.result, order)


def resize(op: qnn.ResizeOp, conversion: Conversion) -> None:
    """Nearest neighbours: every index of an axis several times."""
    shape, scales = shape_of(op.x), int_values(op.scales)
    wire, nest = nested(op, conversion.wire(op.x), shape, conversion)
    wire = repeated(op, wire, nest, scales, conversion)
    conversion.define(op.result, wire.channel, wire.order, wire.private)


def repeated(op: Operation, wire: Wire, nest: Nest, factors: tuple[int, ...], conversion: Conversion) -> Wire:
    """Every index of axis a of `nest` `factors[a]` times in turn: one upsample for every two axes."""
    todo = [axis for axis in nest.axes if factors[axis] > 1]
    while todo:
        first, second = todo[0], todo[1] if len(todo) > 1 else None
        inner = nest.inside(first)
        rows, columns = nest.outside(first) * nest.shape[first], 1
        if second is not None:
            inner = nest.inside(second)
            columns = nest.inside(first) // inner
        scale = factors[first], 1 if second is None else factors[second]
        name = conversion.names.take(f"{conversion.stem(op)}_upsample")
        actor = stream.UpsampleOp(name, wire.channel, (rows, columns, inner), scale)
        conversion.emit(op, actor)
        for axis in todo[:2]:
            copies = nest.sequences[axis][:, None] * factors[axis] + np.arange(factors[axis])
            nest = nest.with_axis(axis, copies.ravel())
        wire, todo = Wire(actor.result, nest.order(), True), todo[2:]
    return wire


def _taken(op: Operation, wire: Wire, shape: tuple[int, ...], picks: list[IntArray], conversion: Conversion) -> Wire:
    """The indices `picks[a]` of each axis a: those evenly spaced in the stream by a crop, others by a matrix."""
    wire, nest = nested(op, wire, shape, conversion)
    chosen: list[tuple[int, int, int]] = []
    rest: list[int] = []
    sequences: list[tuple[int, IntArray]] = []
    for axis in nest.axes:
        found = _progression(nest.sequences[axis], picks[axis])
        if found is None:
            rest.append(axis)
        chosen.append((0, nest.shape[axis], 1) if found is None else found)
        if found is not None:
            start, size, step = found
            kept = nest.sequences[axis][start : start + size * step : step]
            sequences.append((axis, _index_of(picks[axis], kept)))
    if any(size != dim for (_, size, _), dim in zip(chosen, nest.dims, strict=True)):
        name = conversion.names.take(f"{conversion.stem(op)}_crop")
        wire = Wire(cropped(op, wire.channel, nest.dims, chosen, name, conversion), wire.order, True)
    for axis, sequence in sequences:
        nest = nest.with_axis(axis, sequence)
    wire = Wire(wire.channel, nest.order(), wire.private)
    for axis in rest:
        wire, nest = selected(op, wire, nest, axis, picks[axis], conversion)
    return wire


def _progression(sequence: IntArray, picks: IntArray) -> tuple[int, int, int] | None:
    """Start, size and step of the places of `picks` in `sequence`; None where there are none, or one is taken twice."""
    places = np.flatnonzero(np.isin(sequence, picks))
    steps = {int(b - a) for a, b in pairwise(places.tolist())}
    if places.size != picks.size or len(steps) > 1:
        return None
    return int(places[0]), places.size, steps.pop() if steps else 1


def _index_of(picks: IntArray, kept: IntArray) -> IntArray:
    """For each of `kept` its place in `picks`."""
    order = np.argsort(picks)
    return order[np.searchsorted(picks, kept, sorter=order)]


def cropped(
    op: Operation,
    source: SSAValue,
    dims: tuple[int, ...],
    chosen: list[tuple[int, int, int]],
    name: str,
    conversion: Conversion,
) -> SSAValue:
    """A crop of an array of `dims`: (start, size, step) per axis. Neighbouring axes that stay whole become one axis."""
    axes: list[tuple[int, int, int, int]] = []
    for dim, (start, size, step) in zip(dims, chosen, strict=True):
        whole = size == dim
        if dim == 1:
            continue
        if whole and axes and axes[-1][0] == axes[-1][2]:
            axes[-1] = axes[-1][0] * dim, 0, axes[-1][2] * dim, 1
        else:
            axes.append((dim, start, size, step))
    shape, starts, sizes, steps = zip(*axes, strict=True)
    actor = stream.CropOp(name, source, shape, starts, sizes, steps)
    conversion.emit(op, actor)
    return actor.result
