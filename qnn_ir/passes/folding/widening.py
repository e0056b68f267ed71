"""The type that the results of an actor need, from the types of its operands alone."""

import numpy as np
from xdsl.dialects.builtin import IntegerType

from qnn_ir import maps
from qnn_ir.constants import IntArray, int_type, location_name, to_numpy, type_range
from qnn_ir.dialects.qnn.attributes import MapAttr
from qnn_ir.dialects.stream import (
    Actor,
    JoinAddOp,
    JoinMulOp,
    LabelSelectOp,
    MapOp,
    MvtuOp,
    PoolKind,
    PoolOp,
    Weighted,
    channel,
)
from qnn_ir.errors import UserError

Range = tuple[int, int]

LONGEST_TABLE = 1 << 16
"""Entries that a row of a table may have after it was extended."""


def hull(a: IntegerType, b: IntegerType) -> IntegerType:
    """The narrowest type that holds two."""
    ends = type_range(a), type_range(b)
    return a if ends[0] == _joint(*ends) else int_type(*_joint(*ends))


def result_element(actor: Actor, now: IntegerType) -> IntegerType:
    """The element of every result of `actor`, now `now`; accumulators and tables are extended to what may come."""
    match actor:
        case Weighted():
            return _weighted(actor)
        case MapOp():
            actor.map, range_ = _mapped(actor, actor.map, _ends(actor)[0])
            return int_type(*range_)
        case JoinAddOp():
            a, b = (_scaled(end, m.value.data) for end, m in zip(_ends(actor), (actor.ma, actor.mb), strict=True))
            return int_type(a[0] + b[0], a[1] + b[1])
        case JoinMulOp():
            a, b = _ends(actor)
            a = a[0] + actor.offset_a.value.data, a[1] + actor.offset_a.value.data
            b = b[0] + actor.offset_b.value.data, b[1] + actor.offset_b.value.data
            return int_type(*_product(a, b))
        case PoolOp() if actor.kind.data == PoolKind.SUM:
            return int_type(*_scaled(_ends(actor)[0], actor.taps.value.data))
        case LabelSelectOp():
            return now
        case _:
            ends = _ends(actor)
            return int_type(min(lo for lo, _ in ends), max(hi for _, hi in ends))


def _weighted(actor: Weighted) -> IntegerType:
    """The sums of any weights of the type where they are loaded, of these weights where they are constants."""
    source = _ends(actor)[0]
    axis = 1 if isinstance(actor, MvtuOp) else 0  # summed over
    weights = to_numpy(actor.weights)
    if actor.memory.data.is_loaded:
        one = _product(source, (-1, 1) if actor.is_bipolar else type_range(actor.weight_type))
        count = weights.shape[axis]
        sums = min(0, one[0]) * count, max(0, one[1]) * count
    else:
        positive, negative = (np.maximum(sign * weights, 0).sum(axis=axis) for sign in (1, -1))
        lo, hi = min(0, source[0]), max(0, source[1])
        sums = int((positive * lo - negative * hi).min()), int((positive * hi - negative * lo).max())
    actor.accumulator = hull(actor.accumulator, int_type(*sums))
    if actor.map is None:
        return actor.accumulator
    actor.map, range_ = _mapped(actor, actor.map, type_range(actor.accumulator))
    return int_type(*range_)


def _mapped(actor: Actor, attribute: MapAttr, ends: Range) -> tuple[MapAttr, Range]:
    """A map that is defined for all of `ends`, and the range of its values there."""
    function = attribute.map()
    if isinstance(function, maps.Table):
        function = _extended(actor, function, ends)
        attribute = MapAttr.from_map(function)
    lo, hi = (np.full(attribute.rows(), end, np.int64) for end in ends)
    low, high = function.output_range(lo, hi)
    return attribute, (int(low.min()), int(high.max()))


def _extended(actor: Actor, function: maps.Table, ends: Range) -> maps.Table:
    """The table with its outermost entries repeated on either side."""
    last = function.lo + function.table.shape[1] - 1
    before, after = max(0, function.lo - ends[0]), max(0, ends[1] - last)
    if function.table.shape[1] + before + after > LONGEST_TABLE:
        raise UserError(
            f"the function behind the sums is a table; for any weights it needs more than {LONGEST_TABLE} entries",
            location_name(actor),
            "keep the weights of this layer as constants (memory auto, lutram or bram)",
        )
    table: IntArray = np.pad(function.table, ((0, 0), (before, after)), mode="edge")
    return maps.Table(table, function.lo - before)


def _ends(actor: Actor) -> list[Range]:
    return [type_range(channel(operand).element) for operand in actor.operands]


def _joint(a: Range, b: Range) -> Range:
    return min(a[0], b[0]), max(a[1], b[1])


def _scaled(a: Range, factor: int) -> Range:
    return _product(a, (factor, factor))


def _product(a: Range, b: Range) -> Range:
    values = [x * y for x in a for y in b]
    return min(values), max(values)
