"""The fork: one channel to several readers."""

from qnn_ir.dialects.hlsc import ProcessOp, ReadOp, WriteOp
from qnn_ir.dialects.stream import ForkOp, channel
from qnn_ir.passes.actors.builder import ProcessBuilder, beat_type


def lower_fork(op: ForkOp, name: str) -> ProcessOp:
    """`main(i): x = read; write x to every output`"""
    beat = beat_type(channel(op.input))
    p = ProcessBuilder(name, op, [beat], [beat] * len(op.copies), "i", op.nest())
    x = p.add(ReadOp(p.inputs[0]))
    for port in p.outputs:
        p.effect(WriteOp(port, x))
    return p.process
