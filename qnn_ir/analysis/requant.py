"""
Requantisation `clamp(round((x * m + c) / 2^shift), lo, hi)` proved equal to given steps.

The step of a row to the value k at T_k means `T_k * m + c >= L_k > (T_k - 1) * m + c`, where L_k is the smallest
numerator that rounds to k: `k * 2^shift` for floor; for half-even `(k - 1/2) * 2^shift`, plus 1 where k is odd (a tie
goes to the even k - 1).
For a given shift these are half planes in (m, c). Cutting planes on m: at any m the tightest lower and upper bounds of
c either leave room, or the two steps that collide give a half line of m without a solution.

Only corners of the convex hulls of the steps bound (m, c) (those of even and of odd values apart, for half-even): a
few dozen of 65 535, so that exact integers of any size are affordable.
"""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from qnn_ir.analysis.steps import Steps
from qnn_ir.maps import Requant

Ints = NDArray[np.int64]
Rounding = Literal["floor", "half_even"]
MAX_SHIFT = 48
WORD_BITS = 61  # of the parameters
LARGEST = 1 << WORD_BITS


@dataclass(frozen=True, eq=False)
class _Corners:
    """Integers of any size, (R, V): places and the targets that they bound; rows without any are not `given`."""

    places: NDArray[Any]
    targets: NDArray[Any]
    given: NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class _Limits:
    """Rising rows: the value is at least the target at the `reached` places, and less at the `missed` ones."""

    reached: _Corners
    missed: _Corners
    target_bits: int

    @property
    def max_shift(self) -> int:
        """Beyond it no parameters fit."""
        return min(MAX_SHIFT, WORD_BITS - self.target_bits)


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
    unit = _limits(steps, lo, hi, low, high)
    if unit is None:
        return None
    best: Requant | None = None
    for rounding in ("floor", "half_even"):
        limit = unit.max_shift if best is None else best.shift - 1
        if found := _smallest_shift(unit, rounding, limit):
            m, c, shift = found
            best = Requant(np.where(flip, -m, m), c, shift, rounding, low, high)
    return best


def _limits(steps: Steps, lo: Ints, hi: Ints, low: int, high: int) -> _Limits | None:
    """Jumps split into unit steps; also what holds at the ends of a range where no clamp does it."""
    first, last = steps.values[:, 0], steps.values[:, -1]
    width = high - low
    if width > 1 << 17 or max(_bits(lo), _bits(hi)) + width.bit_length() > 61:  # slopes of hulls are int64
        return None
    targets: Ints = np.arange(low + 1, high + 1, dtype=np.int64)
    sums = np.cumsum(steps.deltas, axis=1)
    reached, missed = list[tuple[Ints, Ints]](), list[tuple[Ints, Ints]]()
    for row in range(len(lo)):
        index = np.asarray(np.searchsorted(sums[row], targets - first[row]), np.int64)
        known = np.append(steps.positions[row], 0)
        places: Ints = known[np.minimum(index, len(known) - 1)]
        inside = (targets > first[row]) & (targets <= last[row])
        # a value that the row never leaves downwards (upwards) still bounds it, unless the clamp does
        ends = np.where(targets <= first[row], int(lo[row]), int(hi[row]) + 1)
        places = np.where(inside, places, ends)
        for found, kept, shift, sign in (
            (reached, inside | (targets == first[row]), 0, 1),
            (missed, inside | (targets == last[row] + 1), 1, -1),
        ):
            found.append(_hulls(places[kept] - shift, targets[kept], sign))
    return _Limits(_packed(reached), _packed(missed), _bits(targets))


def _hulls(places: Ints, targets: Ints, sign: int) -> tuple[Ints, Ints]:
    """The corners of the upper (sign 1) or lower hull of the points, even and odd targets apart."""
    corners = list[Ints]()
    for parity in (0, 1):
        chosen: Ints = np.flatnonzero(targets & 1 == parity)
        if len(chosen):
            corners.append(chosen[_hull(places[chosen], targets[chosen], sign)])
    index = np.concatenate(corners) if corners else np.zeros(0, np.int64)
    return places[index], targets[index]


def _hull(x: Ints, y: Ints, sign: int) -> list[int]:
    """Quickhull of points in ascending order of both coordinates."""
    found, pending = {0, len(x) - 1}, [(0, len(x) - 1)]
    while pending:
        left, right = pending.pop()
        if right - left < 2:
            continue
        part = slice(left + 1, right)
        above = sign * ((y[part] - y[left]) * (x[right] - x[left]) - (y[right] - y[left]) * (x[part] - x[left]))
        best = int(above.argmax())
        if above[best] > 0:
            found.add(left + 1 + best)
            pending += [(left, left + 1 + best), (left + 1 + best, right)]
    return sorted(found)


def _packed(rows: list[tuple[Ints, Ints]]) -> _Corners:
    width = max((len(p) for p, _ in rows), default=0)
    places, targets = np.zeros((len(rows), width), object), np.zeros((len(rows), width), object)
    given = np.zeros((len(rows), width), np.bool_)
    for row, (p, t) in enumerate(rows):
        places[row, : len(p)], targets[row, : len(t)], given[row, : len(p)] = p.tolist(), t.tolist(), True
    return _Corners(places, targets, given)


def _smallest_shift(limits: _Limits, rounding: Rounding, most: int) -> tuple[Ints, Ints, int] | None:
    """A solution for one shift gives one for the next (twice m and c), so the smallest shift is searched by halves."""
    while most >= 0:
        try:
            best = _solve(limits, rounding, most)
        except OverflowError:
            most -= 1
            continue
        break
    else:
        return None
    if best is None:
        return None
    low, high = 0, most
    while low < high:
        middle = (low + high) // 2
        if found := _solve(limits, rounding, middle):
            best, high = found, middle
        else:
            low = middle + 1
    return *best, high


def _solve(limits: _Limits, rounding: Rounding, shift: int) -> tuple[Ints, Ints] | None:
    """`(m, c)` of all rows at this shift, or None. Raises `OverflowError` where they do not fit a word."""
    if rounding == "half_even" and shift == 0:
        return None
    bounds = [_bounds(corners.targets, rounding, shift) for corners in (limits.reached, limits.missed)]
    m, c = list[int](), list[int]()
    for row in range(len(limits.reached.places)):
        parts = [
            (corners.places[row, given], bound[row, given])
            for corners, bound in zip((limits.reached, limits.missed), bounds, strict=True)
            for given in (corners.given[row],)
        ]
        found = _solve_row(*parts[0], *parts[1])
        if found is None:
            return None
        if max(abs(found[0]), abs(found[1])) >= LARGEST:
            raise OverflowError
        m.append(found[0])
        c.append(found[1])
    return np.array(m, np.int64), np.array(c, np.int64)


def _bounds(targets: NDArray[Any], rounding: Rounding, shift: int) -> NDArray[Any]:
    """The smallest numerator that rounds to each target."""
    if rounding == "floor":
        return targets * (1 << shift)
    return (2 * targets - 1) * (1 << (shift - 1)) + targets % 2


def _solve_row(
    reached: NDArray[Any], at_least: NDArray[Any], missed: NDArray[Any], less_than: NDArray[Any]
) -> tuple[int, int] | None:
    """`m, c` with `reached * m + c >= at_least` and `missed * m + c < less_than`."""
    low, high = 0, LARGEST
    while low <= high:
        guess = low if high == LARGEST else (low + high) >> 1
        lower, upper = at_least - reached * guess, less_than - 1 - missed * guess
        k, j = (int(lower.argmax()) if len(lower) else None), (int(upper.argmin()) if len(upper) else None)
        if k is None or j is None:
            return guess, int(lower[k]) if k is not None else int(upper[j]) if j is not None else 0
        if lower[k] <= upper[j]:
            return guess, int(lower[k])
        # m * (missed - reached) <= less_than - 1 - at_least fails
        slope, space = int(missed[j] - reached[k]), int(less_than[j] - 1 - at_least[k])
        if slope > 0:
            high = min(high, space // slope)
        elif slope < 0:
            low = max(low, -(space // -slope))
        else:
            return None
    return None
