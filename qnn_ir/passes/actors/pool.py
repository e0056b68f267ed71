"""Maximum or sum over the pixels of a window."""

from xdsl.dialects.builtin import IntegerType

from qnn_ir.constants import int_type, type_range
from qnn_ir.dialects.hlsc import AddOp, MaxOp, ProcessOp, ReadOp, WriteOp
from qnn_ir.dialects.stream import PoolKind, PoolOp, channel
from qnn_ir.passes.actors.builder import ProcessBuilder, beat_type
from qnn_ir.passes.actors.taps import fold_taps


def lower_pool(op: PoolOp, name: str) -> ProcessOp:
    """`main(p, k, c): best = k == 0 ? read : max(acc[c], read); acc[c] := best; write best when k == last`, or a sum"""
    source, target = channel(op.input), channel(op.result)
    p = ProcessBuilder(name, op, [beat_type(source)], [beat_type(target)], "p k c", op.nest())
    combine = MaxOp if op.kind.data == PoolKind.MAX else AddOp
    total, last = fold_taps(p, op.nest(), p.add(ReadOp(p.inputs[0])), combine, partial_type(op))
    p.effect(WriteOp(p.outputs[0], p.convert(total, target.element), last))
    return p.process


def partial_type(op: PoolOp) -> IntegerType:
    """A type for every partial result."""
    lo, hi = type_range(channel(op.input).element)
    if op.kind.data == PoolKind.MAX:
        return channel(op.input).element
    taps = op.taps.value.data
    return int_type(min(lo, taps * lo), max(hi, taps * hi))
