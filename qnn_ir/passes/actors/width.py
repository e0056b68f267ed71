"""The width converter, both ways, between any numbers of lanes."""

from math import gcd

from xdsl.ir import SSAValue

from qnn_ir.constants import int_type
from qnn_ir.dialects.hlsc import (
    BitcastOp,
    ConcatOp,
    ConstantOp,
    DynamicSliceOp,
    LoadOp,
    NotOp,
    ProcessOp,
    ReadOp,
    SelectOp,
    SliceOp,
    StaticSelectOp,
    StoreOp,
    WriteOp,
    bits_of,
    value_type,
)
from qnn_ir.dialects.stream import WidthOp, channel
from qnn_ir.passes.actors.builder import ProcessBuilder, beat_type


def lower_width(op: WidthOp, name: str) -> ProcessOp:
    """One converter per direction; equal widths are a plain copy."""
    source, target = channel(op.input), channel(op.result)
    p = ProcessBuilder(name, op, [beat_type(source)], [beat_type(target)], "g k", op.nest())
    n, m = source.lanes.data, target.lanes.data
    if n == m:
        p.effect(WriteOp(p.outputs[0], p.add(ReadOp(p.inputs[0]))))
    elif n < m:
        _widen(p, op, n, m)
    else:
        _narrow(p, op, n, m)
    return p.process


def _widen(p: ProcessBuilder, op: WidthOp, n: int, m: int) -> None:
    """
    ```
    main(g, k < L/n): level = n*k mod m                            elements waiting before this iteration
      all = concat(level == 0 ? 0 : last, read)    last := the newest lanes of all
      write the `m` lanes of all from the oldest waiting one on, when level >= m - n
    ```
    """
    k = p.counters[1]
    kept = m - gcd(n, m)  # the most that ever waits
    last = p.reg("last", value_type((kept,), channel(op.input).element))
    level = p.affine((k, n), modulus=m)
    every = p.add(ConcatOp([_waiting(p, last, level), p.add(ReadOp(p.inputs[0]))]))
    p.effect(StoreOp(last, p.add(SliceOp(every, n, kept))))
    complete = p.compare("ge", level, m - n)
    if m % n == 0:
        p.effect(WriteOp(p.outputs[0], p.add(SliceOp(every, 0, m)), complete))
        return
    oldest = p.affine((level, -1), const=kept)
    start = p.add(StaticSelectOp(complete, oldest, p.static(0)))
    p.effect(WriteOp(p.outputs[0], p.add(DynamicSliceOp(every, start, m)), complete))


def _narrow(p: ProcessBuilder, op: WidthOp, n: int, m: int) -> None:
    """
    ```
    main(g, k < L/m): level = -m*k mod n                           elements waiting before this iteration
      x = level < m ? read : last    all = concat(level == 0 ? 0 : last, x)    last := x
      write the `m` lanes of all from the oldest waiting one on
    ```

    Without a read that one lies in the first half of all, so what the second half holds is free. Where m divides n,
    no output takes lanes from two beats: `write the m lanes of x from m*k mod n on`.
    """
    k = p.counters[1]
    last = p.reg("last", beat_type(channel(op.input)))
    level = p.affine((k, -m), modulus=n)
    empty = p.compare("lt", level, m)
    before = p.add(LoadOp(last, when=p.add(NotOp(empty)))) if n % m == 0 else _waiting(p, last, level)
    x = p.add(SelectOp(empty, p.add(ReadOp(p.inputs[0], empty)), before))
    p.effect(StoreOp(last, x))
    if n % m == 0:
        every, start = x, p.affine((k, m), modulus=n)
    else:
        every, start = p.add(ConcatOp([before, x])), p.affine((level, -1), const=n)
    p.effect(WriteOp(p.outputs[0], p.add(DynamicSliceOp(every, start, m))))


def _waiting(p: ProcessBuilder, last: SSAValue, level: SSAValue) -> SSAValue:
    """The lanes in `last`, zeros where none of them waits: a frame owes nothing to the one before."""
    some = p.compare("gt", level, 0)
    kept = p.add(LoadOp(last, when=some))
    zeros = p.add(ConstantOp(0, value_type((bits_of(kept.type),), int_type(0, 1))))
    return p.add(SelectOp(some, kept, p.add(BitcastOp(zeros, kept.type))))
