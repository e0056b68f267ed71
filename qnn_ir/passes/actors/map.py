"""The map of an accumulator or of a stream: thresholds, requantisation, table or signed steps."""

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import IntegerType
from xdsl.ir import Attribute, SSAValue

from qnn_ir import maps
from qnn_ir.constants import to_numpy
from qnn_ir.dialects.hlsc import (
    AddOp,
    CountGeOp,
    LoadOp,
    LookupOp,
    ProcessOp,
    ReadOp,
    RequantOp,
    StepSumOp,
    WriteOp,
    shape_of,
)
from qnn_ir.dialects.qnn.attributes import MapAttr
from qnn_ir.dialects.stream import MapOp, channel
from qnn_ir.passes.actors.builder import ProcessBuilder, beat_type, tiles


def lower_map(op: MapOp, name: str) -> ProcessOp:
    """`main(r, i): write map(read, rows of i)`."""
    source, target = channel(op.input), channel(op.result)
    p = ProcessBuilder(name, op, [beat_type(source)], [beat_type(target)], "r i", op.nest())
    _, index = p.counters
    x = p.add(ReadOp(p.inputs[0]))
    y = emit_map(p, x, op.map, to_numpy(op.groups), index, target.element)
    p.effect(WriteOp(p.outputs[0], y))
    return p.process


def emit_map(
    p: ProcessBuilder, x: SSAValue, map_: Attribute, groups: NDArray[np.int64], index: SSAValue, element: IntegerType
) -> SSAValue:
    """
    The map of the lanes of `x`, with elements of type `element`.

    `groups` names the row of the map for each channel, (channels,); `index` counts the beats of the channels.
    """
    assert isinstance(map_, MapAttr)
    rows = tiles(groups, shape_of(x.type)[0])
    match map_.map():
        case maps.Thresholds() as m:
            y = _thresholds(p, x, m, rows, index)
        case maps.Requant() as m:
            y = _requant(p, x, m, rows, index)
        case maps.Table() as m:
            y = _table(p, x, m, rows, index)
        case maps.Steps() as m:
            y = _steps(p, x, m, rows, index)
    return p.convert(y, element)


Rows = NDArray[np.int64]
"""Row of the map for each lane of each beat: (beats, lanes)."""


def _parameter(p: ProcessBuilder, label: str, words: NDArray[np.int64], index: SSAValue) -> SSAValue:
    memory = p.rom(label, words)
    return p.add(LoadOp(memory, p.word_of(memory, index)))


def _thresholds(p: ProcessBuilder, x: SSAValue, m: maps.Thresholds, rows: Rows, index: SSAValue) -> SSAValue:
    """`base + #{t : x >= t}`"""
    if not m.thresholds.shape[1]:
        return p.splat(m.base, x.type)
    count = p.add(CountGeOp(x, _parameter(p, "thresholds", m.thresholds[rows], index)))
    return p.add(AddOp(count, p.splat(m.base))) if m.base else count


def _requant(p: ProcessBuilder, x: SSAValue, m: maps.Requant, rows: Rows, index: SSAValue) -> SSAValue:
    """`clamp(round((x * m + c) / 2^shift), lo, hi)`"""
    factor = _parameter(p, "multipliers", m.m[rows], index)
    offset = _parameter(p, "offsets", m.c[rows], index)
    return p.add(RequantOp(x, factor, offset, m.shift, m.rounding, m.lo, m.hi))


def _table(p: ProcessBuilder, x: SSAValue, m: maps.Table, rows: Rows, index: SSAValue) -> SSAValue:
    """`table[x - lo]`: one table for all lanes where all rows agree, else one per lane."""
    words = m.table[rows[:1, 0]] if (m.table[rows] == m.table[rows[0, 0]]).all() else m.table[rows]
    memory = p.rom("table", words)
    return p.add(LookupOp(memory, x, m.lo, p.word_of(memory, index)))


def _steps(p: ProcessBuilder, x: SSAValue, m: maps.Steps, rows: Rows, index: SSAValue) -> SSAValue:
    """`base + sum of the deltas of all steps that x has reached`"""
    base = _parameter(p, "bases", m.base[rows], index)
    if not m.positions.shape[1]:
        return base
    positions = _parameter(p, "positions", m.positions[rows], index)
    deltas = _parameter(p, "deltas", m.deltas[rows], index)
    return p.add(AddOp(p.add(StepSumOp(x, positions, deltas)), base))
