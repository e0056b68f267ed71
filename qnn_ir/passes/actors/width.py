"""The width converter, both ways, between any numbers of lanes."""

from math import gcd

from qnn_ir.dialects.hlsc import (
    ConcatOp,
    DynamicSliceOp,
    LoadOp,
    ProcessOp,
    ReadOp,
    SliceOp,
    StaticSelectOp,
    StoreOp,
    WriteOp,
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
      all = concat(last, read)    last := the newest lanes of all
      write the `m` lanes of all from the oldest waiting one on, when level >= m - n
    ```
    """
    k = p.counters[1]
    kept = m - gcd(n, m)  # the most that ever waits
    last = p.reg("last", value_type((kept,), channel(op.input).element))
    every = p.add(ConcatOp([p.add(LoadOp(last)), p.add(ReadOp(p.inputs[0]))]))
    p.effect(StoreOp(last, p.add(SliceOp(every, n, kept))))
    level = p.affine((k, n), modulus=m)
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
      x = read when level < m    all = concat(last, x)    last := x when level < m
      write the `m` lanes of all from the oldest waiting one on
    ```
    """
    k = p.counters[1]
    last = p.reg("last", beat_type(channel(op.input)))
    level = p.affine((k, -m), modulus=n)
    empty = p.compare("lt", level, m)
    fresh = p.add(ReadOp(p.inputs[0], empty))
    every = p.add(ConcatOp([p.add(LoadOp(last)), fresh]))
    p.effect(StoreOp(last, fresh, when=empty))
    start = p.affine((level, -1), const=n)
    p.effect(WriteOp(p.outputs[0], p.add(DynamicSliceOp(every, start, m))))
