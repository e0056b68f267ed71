"""One lowering per tensor operator; `LOWERINGS` at the end is the table."""

from collections.abc import Callable
from typing import TypeAlias, TypeVar

import numpy as np
from xdsl.dialects.builtin import IntegerType
from xdsl.ir import Operation, SSAValue
from xdsl.rewriter import Rewriter

from qnn_ir import maps
from qnn_ir.constants import IntArray, dense_int, int_type
from qnn_ir.dialects import qnn, stream
from qnn_ir.dialects.qnn import shape_of
from qnn_ir.dialects.stream import ChannelType, channel
from qnn_ir.passes.to_stream import borders, joins, movement, spatial, transposed
from qnn_ir.passes.to_stream.arrange import arranged, vectors_of
from qnn_ir.passes.to_stream.matrix import matmul
from qnn_ir.passes.to_stream.order import period
from qnn_ir.passes.to_stream.state import Carrier, Conversion, Unsupported, Wire
from qnn_ir.passes.to_stream.types import integer_of

_OpT = TypeVar("_OpT", bound=Operation)


def _map(op: qnn.MapOp, conversion: Conversion) -> None:
    wire = conversion.wire(op.x)
    groups = np.broadcast_to(op.rows(), shape_of(op.x)).ravel()[wire.order]
    element = integer_of(op.result)
    carrier = _carrier(wire)
    if carrier is not None and (rows := _rows(carrier, groups, op.map)) is not None:
        carrier.unit.map, carrier.unit.groups = op.map, dense_int(rows)
        result = _retyped(wire.channel, carrier.unit, element)
        result.name_hint = op.result.name_hint
        conversion.define(op.result, result, wire.order)
        return
    alone = stream.MapOp(conversion.layer(op), wire.channel, op.map, dense_int(period(groups)), element)
    conversion.emit(op, alone)
    conversion.define(op.result, alone.result, wire.order)


def _carrier(wire: Wire) -> Carrier | None:
    """The unit that may compute the map of `wire`."""
    unit = wire.channel.owner
    if wire.carrier is not None:
        found = wire.carrier
    elif isinstance(unit, stream.MvtuOp | stream.DepthwiseOp):
        length = unit.rows if isinstance(unit, stream.MvtuOp) else unit.channels
        found = Carrier(unit, np.arange(wire.order.size) % length)
    else:
        return None
    return found if wire.private and found.unit.map is None else None


def _rows(carrier: Carrier, groups: IntArray, map: qnn.MapAttr) -> IntArray | None:
    """The row of the map for every row of the unit; None where there is none."""
    unit = carrier.unit
    rows = np.full(unit.rows if isinstance(unit, stream.MvtuOp) else unit.channels, -1)
    rows[carrier.rows] = groups
    if (rows[carrier.rows] != groups).any():
        return None
    if carrier.rows.size < channel(unit.result).elements and isinstance(map.map(), maps.Table):
        return None  # what a crop drops may lie outside the table
    return np.maximum(rows, 0)


def _retyped(value: SSAValue, source: Operation, element: IntegerType) -> SSAValue:
    """`value` and all channels between `source` and it, with another element. Returns the new value."""
    type_ = channel(value)
    result = Rewriter.replace_value_with_new_type(value, ChannelType(element, type_.lanes, type_.beats))
    mover = result.owner
    assert isinstance(mover, Operation)
    if mover is not source:
        _retyped(mover.operands[0], source, element)
    return result


def _top_k(op: qnn.TopKOp, conversion: Conversion) -> None:
    if op.values.uses:
        raise Unsupported("only the indices of the largest elements can be computed, not their values")
    largest = bool(op.largest.value.data)
    _select(op, op.x, op.axis.value.data, op.k.value.data, largest, op.indices, conversion)


def _arg_max(op: qnn.ArgMaxOp, conversion: Conversion) -> None:
    if op.last_index.value.data:
        raise Unsupported("select_last_index = 1 is not supported yet")
    _select(op, op.x, op.axis.value.data, 1, True, op.result, conversion)


def _select(
    op: Operation, x: SSAValue, axis: int, k: int, largest: bool, result: SSAValue, conversion: Conversion
) -> None:
    length = shape_of(x)[axis]
    wire, vectors = vectors_of(op, x, axis, conversion)
    if (vectors.columns != np.arange(length)).any():
        wire = arranged(op, wire, shape_of(x), vectors.result_order(length), conversion)
    actor = stream.LabelSelectOp(
        conversion.layer(op), wire.channel, int_type(0, length - 1), k, length, largest, vectors.vectors.size
    )
    conversion.emit(op, actor)
    conversion.define(result, actor.result, vectors.result_order(k))


Lowering: TypeAlias = Callable[[Operation, Conversion], None]


def _on(kind: type[_OpT], lowering: Callable[[_OpT, Conversion], None]) -> tuple[type[Operation], Lowering]:
    """A table entry: `lowering` is called with operations of `kind` only."""

    def run(op: Operation, conversion: Conversion) -> None:
        assert isinstance(op, kind)
        lowering(op, conversion)

    return kind, run


LOWERINGS: dict[type[Operation], Lowering] = dict(
    (
        _on(qnn.MatMulOp, matmul),
        _on(qnn.MapOp, _map),
        _on(qnn.MovementOp, movement.permutation),
        _on(qnn.SliceOp, movement.part),
        _on(qnn.GatherOp, movement.gather),
        _on(qnn.ResizeOp, movement.resize),
        _on(qnn.PadOp, borders.pad),
        _on(qnn.ConcatOp, joins.concat),
        _on(qnn.AddOp, joins.add),
        _on(qnn.MulOp, joins.mul),
        _on(qnn.ScaledAddOp, joins.scaled_add),
        _on(qnn.TopKOp, _top_k),
        _on(qnn.ArgMaxOp, _arg_max),
        _on(qnn.ConvOp, spatial.conv),
        _on(qnn.MaxPoolOp, spatial.max_pool),
        _on(qnn.SumPoolOp, spatial.sum_pool),
        _on(qnn.ConvTransposeOp, transposed.conv_transpose),
    )
)
"""A class stands for its subclasses as well."""


def lower(op: Operation, conversion: Conversion) -> None:
    """Append the actors for `op`. Raises `Unsupported` where there are none."""
    for kind in type(op).__mro__:
        if kind in LOWERINGS:
            return LOWERINGS[kind](op, conversion)
    raise Unsupported(f"{op.name.split('.')[-1]} is not supported yet")
