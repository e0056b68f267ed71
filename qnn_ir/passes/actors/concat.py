"""The concatenation of vectors."""

from itertools import accumulate

from xdsl.ir import SSAValue

from qnn_ir.dialects.hlsc import AndOp, ProcessOp, ReadOp, SelectOp, WriteOp
from qnn_ir.dialects.stream import ConcatOp, channel
from qnn_ir.passes.actors.builder import ProcessBuilder, beat_type


def lower_concat(op: ConcatOp, name: str) -> ProcessOp:
    """`main(v, i): write read of the input whose turn it is at i`"""
    target, inputs = channel(op.result), [beat_type(channel(value)) for value in op.inputs]
    p = ProcessBuilder(name, op, inputs, [beat_type(target)], "v i", op.nest())
    index = p.counters[1]
    ends = [end // op.pe.value.data for end in accumulate(op.parts())]
    value: SSAValue | None = None
    for port, begin, end in reversed(list(zip(p.inputs, [0, *ends], ends, strict=False))):
        turn = _turn(p, index, begin, end, ends[-1])
        beat = p.convert(p.add(ReadOp(port, turn)), target.element)
        value = beat if value is None else p.add(SelectOp(turn, beat, value))
    assert value is not None
    p.effect(WriteOp(p.outputs[0], value))
    return p.process


def _turn(p: ProcessBuilder, index: SSAValue, begin: int, end: int, last: int) -> SSAValue:
    """`begin <= index < end`"""
    if not begin:
        return p.compare("lt", index, end)
    started = p.compare("ge", index, begin)
    return started if end == last else p.add(AndOp(started, p.compare("lt", index, end)))
