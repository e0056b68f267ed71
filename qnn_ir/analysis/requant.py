"""
Requantisation `clamp(round((x * m + c) / 2^shift), lo, hi)` proved equal to given steps.

The step of a row to the value k at T_k means `T_k * m + c >= L_k > (T_k - 1) * m + c`, where L_k is the smallest
numerator that rounds to k: `k * 2^shift` for floor; for half-even `(k - 1/2) * 2^shift`, plus 1 where k is odd (a tie
goes to the even k - 1).
For a given shift these are half planes in (m, c). Cutting planes on m: at any m the tightest lower and upper bounds of
c either leave room, or the two steps that collide give a half line of m without a solution.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from qnn_ir.analysis.steps import Steps
from qnn_ir.maps import Requant

Ints = NDArray[np.int64]
Rounding = Literal["floor", "half_even"]
MAX_SHIFT = 40
WORD_BITS = 60  # of the products and sums here
NEVER = 1 << 62


@dataclass(frozen=True, eq=False)
class _Steps:
    """Unit steps of rising rows: `places[r, i]` is where the value becomes `targets[0, i]`, as far as it matters."""

    places: Ints
    targets: Ints
    from_here: NDArray[np.bool_]  # at places[r, i] the value is at least the target
    not_before: NDArray[np.bool_]  # at places[r, i] - 1 it is less

    @property
    def max_shift(self) -> int:
        """Up to here all products fit, multipliers included."""
        inside = self.from_here & self.not_before
        rows = np.flatnonzero(inside.sum(axis=1) >= 2)
        slopes = [0.0]
        for row in rows.tolist():
            places = self.places[row, inside[row]]
            slopes.append((len(places) - 1) / max(1, int(places[-1] - places[0])))
        spare = WORD_BITS - 2 - int(np.ceil(np.log2(max(slopes) + 1e-9)))
        return min(MAX_SHIFT, spare - self.place_bits, WORD_BITS - 2 - _bits(self.targets))

    @property
    def place_bits(self) -> int:
        """Bits of the largest place."""
        return _bits(self.places)


def _bits(array: Ints) -> int:
    return int(np.abs(array).max(initial=1)).bit_length()


def find_requant(steps: Steps, lo: Ints, hi: Ints) -> Requant | None:
    """
    The requantisation with the smallest shift that equals `steps` on the ranges `[lo, hi]` of its rows, if any.

    Floor is preferred at equal shift. Rows must be monotone; falling rows get a negative multiplier.
    """
    flip = np.asarray((steps.deltas < 0).any(axis=1), np.bool_)
    if bool((steps.deltas[flip] > 0).any()):
        return None
    steps = steps.mirrored(flip)
    lo, hi = np.where(flip, -hi, lo), np.where(flip, -lo, hi)
    values = steps.values
    low, high = int(values.min()), int(values.max())
    unit = _unit_steps(steps, lo, hi, low, high)
    if unit is None:
        return None
    best: Requant | None = None
    for rounding in ("floor", "half_even"):
        limit = unit.max_shift if best is None else best.shift - 1
        if found := _smallest_shift(unit, rounding, limit):
            m, c, shift = found
            best = Requant(np.where(flip, -m, m), c, shift, rounding, low, high)
    return best


def _unit_steps(steps: Steps, lo: Ints, hi: Ints, low: int, high: int) -> _Steps | None:
    """Jumps split into unit steps; also what holds at the ends of a range where no clamp does it."""
    first, last = steps.values[:, 0], steps.values[:, -1]
    width = high - low
    if width > 1 << 17:
        return None
    targets = np.arange(low + 1, high + 1)[None, :]
    sums = np.cumsum(steps.deltas, axis=1)
    places = np.zeros((len(lo), width), np.int64)
    for row in range(len(lo)):
        index = np.asarray(np.searchsorted(sums[row], targets[0] - first[row]), np.int64)
        known = np.append(steps.positions[row], 0)
        places[row] = known[np.minimum(index, len(known) - 1)]
    inside = (targets > first[:, None]) & (targets <= last[:, None])
    # a value that the row never leaves downwards (upwards) still bounds it, unless the clamp does
    places = np.where(inside, places, np.where(targets <= first[:, None], lo[:, None], hi[:, None] + 1))
    return _Steps(places, targets, inside | (targets == first[:, None]), inside | (targets == last[:, None] + 1))


def _smallest_shift(unit: _Steps, rounding: Rounding, limit: int) -> tuple[Ints, Ints, int] | None:
    """A solution for one shift gives one for the next (twice m and c), so the smallest shift is searched by halves."""
    if limit < 0 or (best := _solve(unit, rounding, limit)) is None:
        return None
    low, high = 0, limit
    while low < high:
        middle = (low + high) // 2
        if found := _solve(unit, rounding, middle):
            best, high = found, middle
        else:
            low = middle + 1
    return *best, high


def _solve(unit: _Steps, rounding: Rounding, shift: int) -> tuple[Ints, Ints] | None:
    """`(m, c)` of all rows at this shift, or None."""
    if rounding == "floor":
        bounds = unit.targets << shift
    elif shift == 0:
        return None
    else:
        bounds = ((2 * unit.targets - 1) << (shift - 1)) + (unit.targets & 1)
    rows = unit.places.shape[0]
    most = 1 << (WORD_BITS - unit.place_bits)
    m, c = np.zeros(rows, np.int64), np.zeros(rows, np.int64)
    low, high = np.zeros(rows, np.int64), np.full(rows, most, np.int64)
    open_rows = np.arange(rows, dtype=np.int64)
    while len(open_rows):
        guess = np.where(high[open_rows] == most, low[open_rows], (low[open_rows] + high[open_rows]) >> 1)
        left = _cut(unit, bounds, open_rows, guess, low, high, m, c)
        if bool((low[left] > high[left]).any()):
            return None
        open_rows = left
    return m, c


def _cut(unit: _Steps, bounds: Ints, rows: Ints, guess: Ints, low: Ints, high: Ints, m: Ints, c: Ints) -> Ints:
    """Try `guess` for `rows`: store the solutions, tighten `low` and `high` of the others, and return those."""
    places, limits = unit.places[rows], bounds
    if not places.shape[1]:
        m[rows], c[rows] = 0, 0
        return rows[:0]
    at_least = np.where(unit.from_here[rows], limits - places * guess[:, None], -NEVER)
    below = np.where(unit.not_before[rows], limits - 1 - (places - 1) * guess[:, None], NEVER)
    k, j = at_least.argmax(axis=1), below.argmin(axis=1)
    index = np.arange(len(rows))
    need, room = at_least[index, k], below[index, j]
    solved = need <= room
    m[rows[solved]] = guess[solved]
    c[rows[solved]] = np.where(need > -NEVER, need, np.where(room < NEVER, room, 0))[solved]
    # need > room: m * (T_j - 1 - T_k) <= L_j - 1 - L_k fails
    slope = places[index, j] - 1 - places[index, k]
    space = limits[0, j] - 1 - limits[0, k]
    for i in np.flatnonzero(~solved).tolist():
        row, s, r = rows[i], int(slope[i]), int(space[i])
        if s > 0:
            high[row] = min(int(high[row]), r // s)
        elif s < 0:
            low[row] = max(int(low[row]), -(r // -s))
        else:
            low[row], high[row] = 1, 0
    return rows[~solved]
