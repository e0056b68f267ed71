"""A part of an array."""

from functools import reduce

from xdsl.ir import SSAValue

from qnn_ir.dialects.hlsc import AndOp, ProcessOp, ReadOp, WriteOp
from qnn_ir.dialects.stream import CropOp, channel
from qnn_ir.passes.actors.builder import ProcessBuilder, beat_type


def lower_crop(op: CropOp, name: str) -> ProcessOp:
    """`main(i0, i1, ...): x = read; write x when all indices are among those kept`"""
    beat = beat_type(channel(op.input))
    names = " ".join(f"i{axis}" for axis in range(len(op.dims())))
    p = ProcessBuilder(name, op, [beat], [beat], names, op.nest())
    x = p.add(ReadOp(p.inputs[0]))
    conditions: list[SSAValue] = []
    for axis, (start, size, step) in enumerate(op.axes()):
        lanes = op.pe.value.data if axis == len(op.dims()) - 1 else 1
        conditions += _kept(p, p.counters[axis], op.nest()[axis], (start // lanes, size // lanes, step))
    kept = reduce(lambda a, b: p.add(AndOp(a, b)), conditions) if conditions else None
    p.effect(WriteOp(p.outputs[0], x, kept))
    return p.process


def _kept(p: ProcessBuilder, index: SSAValue, bound: int, kept: tuple[int, int, int]) -> list[SSAValue]:
    """The conditions under which `index` is one of `size` indices from `start` in steps; none where all are."""
    start, size, step = kept
    end = start + (size - 1) * step + 1
    conditions: list[SSAValue] = []
    if start:
        conditions.append(p.compare("ge", index, start))
    if end < bound:
        conditions.append(p.compare("lt", index, end))
    if step > 1 and size > 1:
        conditions.append(p.compare("eq", p.affine((index, 1), const=-start, modulus=step), 0))
    return conditions
