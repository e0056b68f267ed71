"""One lowering per tensor operator; `LOWERINGS` at the end is the table."""

from collections.abc import Callable
from typing import TypeAlias, TypeVar

import numpy as np
from xdsl.ir import Operation, SSAValue
from xdsl.rewriter import Rewriter

from qnn_ir.constants import dense_int, int_type
from qnn_ir.dialects import qnn, stream
from qnn_ir.dialects.qnn import shape_of
from qnn_ir.dialects.stream import ChannelType, channel
from qnn_ir.passes.to_stream import spatial
from qnn_ir.passes.to_stream.matrix import integer_of, matmul, vectors_of
from qnn_ir.passes.to_stream.order import moved, period
from qnn_ir.passes.to_stream.state import Conversion, Unsupported

_OpT = TypeVar("_OpT", bound=Operation)


def _map(op: qnn.MapOp, conversion: Conversion) -> None:
    wire = conversion.wire(op.x)
    groups = np.broadcast_to(op.rows(), shape_of(op.x)).ravel()[wire.order]
    element = integer_of(op.result)
    actor = wire.channel.owner
    if isinstance(actor, stream.MvtuOp | stream.DepthwiseOp) and actor.map is None and wire.private:
        rows = actor.rows if isinstance(actor, stream.MvtuOp) else actor.channels
        repeated = period(groups, rows)
        if repeated.size == rows:
            actor.map, actor.groups = op.map, dense_int(repeated)
            type_ = channel(actor.result)
            result = Rewriter.replace_value_with_new_type(actor.result, ChannelType(element, type_.lanes, type_.beats))
            result.name_hint = op.result.name_hint
            conversion.define(op.result, result, wire.order)
            return
    alone = stream.MapOp(conversion.layer(op), wire.channel, op.map, dense_int(period(groups)), element)
    conversion.emit(op, alone)
    conversion.define(op.result, alone.result, wire.order)


def _movement(op: qnn.MovementOp, conversion: Conversion) -> None:
    source = op.operands[0]
    wire = conversion.wire(source)
    order = moved(wire.order, shape_of(source), op.move)
    if order is None:
        raise Unsupported(f"{op.name.split('.')[-1]} is not supported yet unless it only reorders elements")
    conversion.define(op.result, wire.channel, order, wire.private)


def _add(op: qnn.AddOp, conversion: Conversion) -> None:
    _join(op, op.a, op.b, 1, 1, conversion)


def _scaled_add(op: qnn.ScaledAddOp, conversion: Conversion) -> None:
    _join(op, op.a, op.b, op.ma.value.data, op.mb.value.data, conversion)


def _join(op: Operation, a: SSAValue, b: SSAValue, ma: int, mb: int, conversion: Conversion) -> None:
    left, right = conversion.wire(a), conversion.wire(b)
    if shape_of(a) != shape_of(b):
        raise Unsupported("a sum with broadcasting is not supported yet")
    if not np.array_equal(left.order, right.order):
        raise Unsupported("its operands arrive in different orders")
    result = op.results[0]
    actor = stream.JoinAddOp(conversion.layer(op), left.channel, right.channel, integer_of(result), ma, mb)
    conversion.emit(op, actor)
    conversion.define(result, actor.result, left.order)


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
    wire = conversion.wire(x)
    vectors, length = vectors_of(wire, x, axis), shape_of(x)[axis]
    if (vectors.columns != np.arange(length)).any():
        raise Unsupported("its input would have to be reordered in memory")
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
        _on(qnn.MovementOp, _movement),
        _on(qnn.AddOp, _add),
        _on(qnn.ScaledAddOp, _scaled_add),
        _on(qnn.TopKOp, _top_k),
        _on(qnn.ArgMaxOp, _arg_max),
    )
)
"""A class stands for its subclasses as well."""

SPATIAL: dict[type[Operation], Lowering] = dict(
    (
        _on(qnn.ConvOp, spatial.conv),
        _on(qnn.MaxPoolOp, spatial.max_pool),
        _on(qnn.SumPoolOp, spatial.sum_pool),
        _on(qnn.PadOp, spatial.pad),
    )
)
"""Operators on images."""


def lower(op: Operation, conversion: Conversion) -> None:
    """Append the actors for `op`. Raises `Unsupported` where there are none."""
    table = LOWERINGS | SPATIAL if conversion.spatial else LOWERINGS
    for kind in type(op).__mro__:
        if kind in table:
            return table[kind](op, conversion)
    raise Unsupported(f"{op.name.split('.')[-1]} is not supported yet")
