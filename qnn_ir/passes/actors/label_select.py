"""
Label select: the indices of the k largest elements.

Each element becomes a key that is larger when it ranks higher: the value, then the index counted backwards in the low
bits. So one comparison decides value and tie, and the index is read off the winning key.
"""

from dataclasses import dataclass

import numpy as np
from xdsl.dialects.builtin import IntegerType
from xdsl.ir import SSAValue

from qnn_ir.constants import int_type
from qnn_ir.dialects.hlsc import (
    AddOp,
    BitcastOp,
    ConcatOp,
    ConstantOp,
    DynamicSliceOp,
    FromIndexOp,
    GreaterEqualOp,
    LoadOp,
    MaxOp,
    MinOp,
    MuxOp,
    NotOp,
    ProcessOp,
    ReadOp,
    ReduceMaxOp,
    SelectOp,
    ShlOp,
    SliceOp,
    StoreOp,
    SubOp,
    WriteOp,
    element_of,
    range_of,
    shape_of,
    value_type,
)
from qnn_ir.dialects.stream import LabelSelectOp, channel
from qnn_ir.passes.actors.builder import ProcessBuilder, beat_type


@dataclass(frozen=True)
class _Keys:
    """How keys are made: `bits` for the reversed index; a key lies in `type`."""

    bits: int
    type: IntegerType

    @property
    def last(self) -> int:
        """The reversed index of element 0."""
        return (1 << self.bits) - 1

    @property
    def lowest(self) -> int:
        """A key that no other one is below."""
        return range_of(self.type)[0]


def lower_label_select(op: LabelSelectOp, name: str) -> ProcessOp:
    """
    ```
    main(v, t < beats + k - 1):
      keys = key(read when t < beats)
      best = the k largest of keys and (t == 0 ? nothing : best)
      write the index in best[t - beats + 1] when t >= beats - 1
    ```
    """
    source, target = channel(op.input), channel(op.result)
    vectors, iterations = op.nest()
    k, beats = op.k.value.data, source.beats.data // vectors
    p = ProcessBuilder(name, op, [beat_type(source)], [beat_type(target)], "v t", op.nest())
    t = p.counters[1]
    reading = p.compare("lt", t, beats) if iterations > beats else None
    keys, candidates = _candidates(p, op, beats, reading)
    best = _keep_best(p, keys, candidates, k, iterations, reading)
    winner = best
    if k > 1:
        rank = p.affine((t, 1), const=1 - beats, modulus=k)
        winner = p.add(DynamicSliceOp(best, rank, 1))
    index = _index_of(p, keys, winner)
    done = p.compare("ge", t, beats - 1) if iterations > 1 else None
    p.effect(WriteOp(p.outputs[0], p.convert(index, target.element), done))
    return p.process


def _candidates(p: ProcessBuilder, op: LabelSelectOp, beats: int, reading: SSAValue | None) -> tuple[_Keys, SSAValue]:
    """The keys of the elements of this beat; those of padding rank below all others."""
    simd, channels = op.simd.value.data, op.channels.value.data
    bits = max(1, (beats * simd - 1).bit_length())
    x = p.add(ReadOp(p.inputs[0], reading))
    if not op.largest.value.data:
        x = p.add(SubOp(p.splat(0), x))
    reverse = _reverse_index(p, op, bits, beats)
    value = element_of(x.type)
    key = p.add(AddOp(p.add(ShlOp(x, bits)), reverse))
    key = p.convert(key, IntegerType(value.width.data + bits, value.signedness))  # the low bits were zero
    keys = _Keys(bits, element_of(key.type))
    if channels == beats * simd:
        return keys, key
    true = p.add(GreaterEqualOp(reverse, p.splat(keys.last - channels + 1)))
    return keys, p.add(MuxOp(true, key, p.splat(keys.lowest, key.type)))


def _reverse_index(p: ProcessBuilder, op: LabelSelectOp, bits: int, beats: int) -> SSAValue:
    """`2^bits - 1 - index` for every lane."""
    simd, last = op.simd.value.data, (1 << bits) - 1
    t = p.counters[1]
    first = p.add(FromIndexOp(p.affine((t, -simd), const=last, modulus=1 << bits), int_type(0, last)))
    lanes = p.rom("lanes", np.arange(simd).reshape(1, simd))
    return p.convert(p.add(SubOp(first, p.add(LoadOp(lanes)))), int_type(0, last))


def _keep_best(
    p: ProcessBuilder, keys: _Keys, candidates: SSAValue, k: int, iterations: int, reading: SSAValue | None
) -> SSAValue:
    """The k largest keys of the vector so far, largest first."""
    type_ = value_type((k,), keys.type)
    if iterations == 1:
        return p.add(BitcastOp(p.add(ReduceMaxOp(candidates)), type_))
    memory = p.reg("best", type_)
    first = p.compare("eq", p.counters[1], 0)
    before = p.add(LoadOp(memory, when=p.add(NotOp(first))))
    best = start = p.add(SelectOp(first, p.splat(keys.lowest, type_), before))
    if k == 1:
        best = p.convert(p.add(MaxOp(best, p.add(ReduceMaxOp(candidates)))), keys.type)
    else:
        for lane in range(shape_of(candidates.type)[0]):
            best = _insert(p, keys, best, p.add(SliceOp(candidates, lane, 1)), k)
    if reading is not None:
        best = p.add(SelectOp(reading, best, start))
    p.effect(StoreOp(memory, best))
    return best


def _insert(p: ProcessBuilder, keys: _Keys, best: SSAValue, key: SSAValue, k: int) -> SSAValue:
    """`best_i := max(best_i, min(best_{i-1}, key))`: everything below the key moves down by one place."""
    everywhere = p.add(ConcatOp([key] * k))
    highest = p.add(ConstantOp(range_of(keys.type)[1], value_type((1,), keys.type)))
    above = p.add(ConcatOp([highest, p.add(SliceOp(best, 0, k - 1))]))
    return p.convert(p.add(MaxOp(best, p.add(MinOp(above, everywhere)))), keys.type)


def _index_of(p: ProcessBuilder, keys: _Keys, key: SSAValue) -> SSAValue:
    """The index that a key holds, as a vector of one lane."""
    width = keys.type.width.data
    low = p.add(SliceOp(p.add(BitcastOp(key, value_type((width,), int_type(0, 1)))), 0, keys.bits))
    reverse = p.add(BitcastOp(low, value_type((1,), int_type(0, keys.last))))
    return p.convert(p.add(SubOp(p.splat(keys.last), reverse)), int_type(0, keys.last))
