"""
A constant that is missing from a sum, per output channel: put where it costs nothing.

With packed sums `p` and true sums `p + o` the comparison `p + o >= t` is `p >= t - o`, and `(p + o) * m + c` is
`p * m + (c + o * m)`. Only where no such parameter reads the sum does the accumulator start from `o`.
"""

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import IntegerType
from xdsl.ir import Operation, SSAValue
from xdsl.rewriter import InsertPoint

from qnn_ir.constants import int_type, to_numpy
from qnn_ir.dialects.hlsc import (
    AddOp,
    CountGeOp,
    LoadOp,
    RegOp,
    RequantOp,
    RomOp,
    SelectOp,
    StepSumOp,
    StoreOp,
    element_of,
    range_of,
    shape_of,
    value_type,
)
from qnn_ir.dialects.hlsc.types import ARITHMETIC_BITS
from qnn_ir.passes.actors.builder import BodyBuilder
from qnn_ir.passes.packing.accumulation import Accumulation

Ints = NDArray[np.int64]
REQUANT_LIMIT = 1 << ARITHMETIC_BITS - 2
"""`x * m + c` stays below this, inside what arithmetic takes."""


def can_fold(unit: Accumulation, offsets: Ints) -> bool:
    """Whether parameters of a map are the only readers of the total, with room for `offsets`."""
    readers = unit.readers()
    return bool(readers) and all(_parameter(op, unit) is not None and _has_room(op, unit, offsets) for op in readers)


def _has_room(op: Operation, unit: Accumulation, offsets: Ints) -> bool:
    if not isinstance(op, RequantOp):
        return True
    largest = max(map(abs, range_of(unit.total.type))) + int(np.abs(offsets).sum(axis=1).max())
    m, c = (max(map(abs, range_of(v.type))) for v in (op.m, op.c))
    return 2 * largest * m + c < REQUANT_LIMIT


def _parameter(op: Operation, unit: Accumulation) -> LoadOp | None:
    """The load of the parameter of `op` that can take the offset."""
    match op:
        case CountGeOp() | StepSumOp() if op.acc == unit.total:
            load = op.t.owner
        case RequantOp() if op.input == unit.total and isinstance(op.m.owner, LoadOp):
            load = op.c.owner
            if not _is_row_load(op.m.owner, unit):
                return None
        case _:
            return None
    return load if isinstance(load, LoadOp) and _is_row_load(load, unit) else None


def _is_row_load(load: LoadOp, unit: Accumulation) -> bool:
    return isinstance(load.memory.owner, RomOp) and load.index in (None, unit.tile) and load.when is None


def fold(b: BodyBuilder, unit: Accumulation, packed: SSAValue, offsets: Ints) -> None:
    """Accumulate `packed` and move the offsets, (tiles, beats, rows), into the parameters of the readers."""
    here = b.point
    for reader in unit.readers():
        _shift(b, reader, unit, offsets.sum(axis=1))
    b.point = here
    missing = offsets.cumsum(axis=1)  # what the packed sum lacks after each beat
    lo, hi = range_of(unit.total.type)
    lo, hi = lo - max(0, int(missing.max())), hi - min(0, int(missing.min()))
    low, high = (bound * unit.beats for bound in range_of(packed.type))
    lo, hi = max(lo, min(low, 0)), min(hi, max(high, 0))
    _replace_total(unit, _accumulate(b, unit, packed, int_type(lo, hi), None))


def _shift(b: BodyBuilder, reader: Operation, unit: Accumulation, offset: Ints) -> None:
    """Give `reader` a parameter that expects sums without `offset` (tiles, rows)."""
    load = _parameter(reader, unit)
    assert load is not None
    b.point = InsertPoint.before(reader)
    rom = load.memory.owner
    assert isinstance(rom, RomOp)
    words = _words(rom)
    if isinstance(reader, RequantOp):
        factor = reader.m.owner
        assert isinstance(factor, LoadOp) and isinstance(factor.memory.owner, RomOp)
        shifted = words + offset * _words(factor.memory.owner)
        place = reader.operands.index(reader.c)
    else:
        shifted = words - offset[..., None]
        place = 1
    b.memories = InsertPoint.before(rom)
    memory = b.rom(rom.label.data if rom.label else "parameters", shifted)
    reader.operands[place] = b.add(LoadOp(memory, b.word_of(memory, unit.tile)))


def _words(rom: RomOp) -> Ints:
    return to_numpy(rom.data).reshape(rom.type.depth.data, *shape_of(rom.type.value))


def start_from(b: BodyBuilder, unit: Accumulation, packed: SSAValue, offsets: Ints) -> None:
    """Accumulate `packed` from the offsets, (tiles, beats, rows), on: the total is the true one at the end."""
    total = offsets.sum(axis=1)
    early = total[:, None] - offsets.cumsum(axis=1)  # what the sum has too much after each beat
    lo, hi = range_of(unit.total.type)
    memory = b.rom("start", total)
    start = b.add(LoadOp(memory, b.word_of(memory, unit.tile)))
    element = element_of(unit.total.type)
    if unit.accumulator is None:
        _replace_total(unit, b.convert(b.add(AddOp(packed, start)), element))
        return
    sums = int_type(lo + min(0, int(early.min())), hi + max(0, int(early.max())))
    _replace_total(unit, b.convert(_accumulate(b, unit, packed, sums, start), element))


def _accumulate(
    b: BodyBuilder, unit: Accumulation, packed: SSAValue, element: IntegerType, first: SSAValue | None
) -> SSAValue:
    """The sum of `packed` over the beats of a vector, which fits `element`; it starts from `first` or 0."""
    old = unit.accumulator
    if old is None:
        return b.convert(packed, element)
    word = value_type(shape_of(packed.type), element)
    old_reg = old.load.memory.owner
    assert isinstance(old_reg, RegOp)
    b.memories, b.point = InsertPoint.before(old_reg), InsertPoint.before(old.add)
    reg = b.reg("acc", word)
    before = b.add(LoadOp(reg, when=old.load.when))
    start = b.add(SelectOp(old.start.condition, first or b.splat(0, word), before))
    total = b.convert(b.add(AddOp(start, packed)), element)
    b.effect(StoreOp(reg, total))
    return total


def _replace_total(unit: Accumulation, total: SSAValue) -> None:
    """Let the readers of the old total use `total`; the old accumulator is left to itself."""
    for reader in unit.readers():
        for place, operand in enumerate(reader.operands):
            if operand == unit.total:
                reader.operands[place] = total
