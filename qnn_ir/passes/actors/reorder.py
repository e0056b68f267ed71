"""The transposition of blocks, with two buffers in turns."""

import math

from qnn_ir.dialects.hlsc import ProcessOp, WriteOp
from qnn_ir.dialects.stream import ReorderOp, channel
from qnn_ir.passes.actors.builder import beat_type
from qnn_ir.passes.actors.two_sided import TwoSided


def lower_reorder(op: ReorderOp, name: str) -> ProcessOp:
    """
    ```
    fill(i):        ring[i] := read, at most two blocks ahead of the block that emit is in
    emit(b, ...):   write ring[place of the beat in block b]
    ```
    """
    shape, beat = op.beats(), beat_type(channel(op.input))
    size = math.prod(shape)
    names = " ".join(["block", *(f"i{axis}" for axis in op.order())])
    p = TwoSided(name, op, beat, channel(op.input).beats.data, 2 * size, "blocks", names, op.nest())
    block, *counters = p.emit.counters
    p.emit.position(p.emit.affine((block, size), (p.emit.frame, p.beats)))
    strides = [math.prod(shape[axis + 1 :]) for axis in op.order()]
    value = p.load((block, size), *zip(counters, strides, strict=True))
    p.emit.effect(WriteOp(p.output, value))
    return p.process
