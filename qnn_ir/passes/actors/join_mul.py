"""The product of two channels."""

from xdsl.ir import SSAValue

from qnn_ir.dialects.hlsc import AddOp, MulOp, ProcessOp, ReadOp, WriteOp
from qnn_ir.dialects.stream import JoinMulOp, channel
from qnn_ir.passes.actors.builder import ProcessBuilder, beat_type


def lower_join_mul(op: JoinMulOp, name: str) -> ProcessOp:
    """`main(i): write (read a + offset_a) * (read b + offset_b)`"""
    target = channel(op.result)
    inputs = [beat_type(channel(value)) for value in (op.a, op.b)]
    p = ProcessBuilder(name, op, inputs, [beat_type(target)], "i", op.nest())
    a = _moved(p, p.add(ReadOp(p.inputs[0])), op.offset_a.value.data)
    b = _moved(p, p.add(ReadOp(p.inputs[1])), op.offset_b.value.data)
    p.effect(WriteOp(p.outputs[0], p.convert(p.add(MulOp(a, b)), target.element)))
    return p.process


def _moved(p: ProcessBuilder, value: SSAValue, offset: int) -> SSAValue:
    return p.add(AddOp(value, p.splat(offset))) if offset else value
