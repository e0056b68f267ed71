"""
The forms of an integer map and what they cost in stored bits.

All start from steps, which say everything: thresholds where they are few, a requantisation where one is proved equal,
a table where the input is short.
"""

import numpy as np
from numpy.typing import NDArray

from qnn_ir.analysis.requant import find_requant
from qnn_ir.analysis.steps import Steps, canonical, pack
from qnn_ir.int_types import width_of
from qnn_ir.maps import Map, Requant, Table, Thresholds
from qnn_ir.maps import Steps as StepsMap

Ints = NDArray[np.int64]
FEW_STEPS = 15
TABLE_SIZE = 1 << 10
ENUMERABLE = 1 << 16


def to_steps(function: Map, lo: Ints, hi: Ints) -> Steps | None:
    """`function` on the ranges of its rows as canonical steps without any that lie outside; None if too large."""
    match function:
        case StepsMap(base, positions, deltas):
            return clipped(canonical(base, positions, deltas), lo, hi)
        case Thresholds(thresholds, base):
            rows = len(thresholds)
            steps = canonical(np.full(rows, base, np.int64), thresholds, np.ones_like(thresholds))
            return clipped(steps, lo, hi)
        case _:
            pass
    if int((hi - lo).max()) >= ENUMERABLE:
        return None
    rows = list[tuple[Ints, Ints]]()
    bases = np.empty(len(lo), np.int64)
    for row in range(len(lo)):
        x: Ints = np.arange(int(lo[row]), int(hi[row]) + 1)
        y = function.apply(x, np.array(row))
        change = np.diff(y)
        bases[row] = y[0]
        rows.append((x[1:][change != 0], change[change != 0]))
    return pack(bases, rows)


def clipped(steps: Steps, lo: Ints, hi: Ints) -> Steps:
    """The same function on `[lo, hi]` per row, steps outside folded into the base or dropped."""
    before = steps.positions <= lo[:, None]
    base = steps.base + np.where(before, steps.deltas, 0).sum(axis=1)
    inside = ~before & (steps.positions <= hi[:, None])
    return canonical(base, np.where(inside, steps.positions, hi[:, None]), np.where(inside, steps.deltas, 0))


def is_identity(steps: Steps, lo: Ints, hi: Ints) -> bool:
    """Whether every row returns its input on its range; the steps are `clipped`."""
    if not bool((steps.base == lo).all()):
        return False
    counts = (steps.deltas == 1).sum(axis=1)
    return bool((steps.deltas <= 1).all() and (steps.deltas >= 0).all() and (counts == hi - lo).all())


def choose_form(steps: Steps, lo: Ints, hi: Ints) -> Map:
    """The form of clipped `steps`, each proved equal to them on `[lo, hi]` per row."""
    rising = bool((steps.deltas >= 0).all())
    height = int(steps.values.max() - steps.values.min())
    if rising and height <= FEW_STEPS:
        return _thresholds(steps, lo, hi)
    if found := find_requant(steps, lo, hi):
        return found
    low, high = int(lo.min()), int(hi.max())
    if high - low < TABLE_SIZE:
        return _table(steps, lo, hi)
    forms = list[Map]([steps_map(steps)])
    if rising and height <= 4 * max(1, steps.positions.shape[1]):
        forms.append(_thresholds(steps, lo, hi))
    if high - low < ENUMERABLE and high - low < 4 * steps.positions.shape[1]:
        forms.append(_table(steps, lo, hi))
    return min(forms, key=stored_bits)


def steps_map(steps: Steps) -> StepsMap:
    """The canonical form as a map; one unused step where there is none, as an empty table has no text."""
    if steps.positions.shape[1]:
        return StepsMap(steps.base, steps.positions, steps.deltas)
    empty = np.zeros((len(steps.base), 1), np.int64)
    return StepsMap(steps.base, empty, empty)


def _table(steps: Steps, lo: Ints, hi: Ints) -> Table:
    low, high = int(lo.min()), int(hi.max())
    x = np.broadcast_to(np.arange(low, high + 1), (len(lo), high - low + 1))
    return Table(steps(np.clip(x, lo[:, None], hi[:, None])), low)


def _thresholds(steps: Steps, lo: Ints, hi: Ints) -> Thresholds:
    """Rising steps, one threshold per unit; what a row has always or never reached lies at the ends of its range."""
    first = int(steps.base.min())
    width = max(1, int(steps.values.max()) - first)  # an empty table has no text
    table = np.repeat((hi + 1)[:, None], width, axis=1)
    for row in range(len(lo)):
        always = int(steps.base[row]) - first
        reached = np.repeat(steps.positions[row], steps.deltas[row])
        table[row, :always] = lo[row]
        table[row, always : always + len(reached)] = reached
    return Thresholds(table, first)


def stored_bits(function: Map) -> int:
    """Bits of all parameters at their narrowest types."""
    match function:
        case Thresholds(thresholds, _):
            return thresholds.size * _bits(thresholds)
        case Requant(m, c):
            return m.size * (_bits(m) + _bits(c))
        case Table(table, _):
            return table.size * _bits(table)
        case StepsMap(base, positions, deltas):
            return positions.size * (_bits(positions) + _bits(deltas)) + base.size * _bits(base)


def _bits(array: Ints) -> int:
    return width_of(int(array.min()), int(array.max())).bits if array.size else 0
