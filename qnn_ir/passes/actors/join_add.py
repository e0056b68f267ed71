"""The sum of two channels."""

from xdsl.ir import SSAValue

from qnn_ir.dialects.hlsc import AddOp, MulOp, ProcessOp, ReadOp, WriteOp
from qnn_ir.dialects.stream import JoinAddOp, channel
from qnn_ir.passes.actors.builder import ProcessBuilder, beat_type


def lower_join_add(op: JoinAddOp, name: str) -> ProcessOp:
    """`main(i): write ma * read a + mb * read b`"""
    target = channel(op.result)
    inputs = [beat_type(channel(value)) for value in (op.a, op.b)]
    p = ProcessBuilder(name, op, inputs, [beat_type(target)], "i", op.nest())
    a = _scaled(p, p.add(ReadOp(p.inputs[0])), op.ma.value.data)
    b = _scaled(p, p.add(ReadOp(p.inputs[1])), op.mb.value.data)
    p.effect(WriteOp(p.outputs[0], p.convert(p.add(AddOp(a, b)), target.element)))
    return p.process


def _scaled(p: ProcessBuilder, value: SSAValue, factor: int) -> SSAValue:
    return value if factor == 1 else p.add(MulOp(value, p.splat(factor)))
