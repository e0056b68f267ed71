"""
Sums of two integer tensors of unequal scales, `s1 * q1 + s2 * q2`.

Small integer ratios meet on a common scale. Otherwise only the order of the sums matters to the quantiser behind
them: multipliers p, q found on the Stern-Brocot tree order all attainable pairs, ties included, exactly as the real
sums do, even where the ratio is irrational.
"""

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qnn_ir.analysis.evaluate import ULP, Approx, evaluate
from qnn_ir.analysis.expr import Node
from qnn_ir.analysis.expr_rules import monotonicity, row_count, take
from qnn_ir.analysis.rational import Coef, common_divisor, simplest_between
from qnn_ir.analysis.steps import Ints, Steps, canonical, pack
from qnn_ir.analysis.value import Base, Shape
from qnn_ir.analysis.wide_sums import close_multipliers, code_steps
from qnn_ir.errors import UserError

EXACT_BITS = 8  # ratios this small are worth a scale of their own
WIDEST_EXACT_BITS = 40
WIDEST_SUM_BITS = 58
PAIR_LIMIT = 1 << 22
CHUNK = 1 << 18  # pairs that are looked at together
WIDE_SPAN = 1 << 10
"""Operands that both take more values are not looked at value by value."""
WIDE_EXACT_BITS = 26


@dataclass(eq=False)
class Operand:
    """One side of the sum: its stored range and scale per joint row."""

    lo: Ints
    hi: Ints
    s: Coef


def exact_multipliers(a: Operand, b: Operand, bits: int) -> tuple[Ints, Ints, tuple[Fraction, ...]] | None:
    """`(m1, m2, s)` per row with `s1 = m1 * s`, `s2 = m2 * s` in integers of at most `bits`; `None` otherwise."""
    rows = len(a.lo)
    bits = min(bits, WIDEST_SUM_BITS - max(_bits(side) for side in (a, b)))
    if a.s.approximate or b.s.approximate:
        bits = min(bits, EXACT_BITS)
    if len(a.s) == len(b.s) == 1:
        unit = common_divisor((a.s[0], b.s[0]))
        pair = a.s[0] / unit, b.s[0] / unit
        if max(abs(int(m)).bit_length() for m in pair) > bits:
            return None
        return np.full(rows, int(pair[0])), np.full(rows, int(pair[1])), (unit,)
    units = [common_divisor((a.s[r], b.s[r])) for r in range(rows)]
    pairs = [(int(a.s[r] / u), int(b.s[r] / u)) for r, u in enumerate(units)]
    if max(abs(m).bit_length() for pair in pairs for m in pair) > bits:
        return None
    m1, m2 = np.array(pairs, np.int64).T
    return m1, m2, tuple(units)


def both_wide(a: Operand, b: Operand) -> bool:
    """Whether some row has no operand of few values."""
    return bool(np.minimum(a.hi - a.lo, b.hi - b.lo).max(initial=0) > WIDE_SPAN)


def _bits(side: Operand) -> int:
    return int(max(np.abs(side.lo).max(initial=0), np.abs(side.hi).max(initial=0))).bit_length()


class PairBase(Base):
    """
    The integers `p * q1 + q * q2` that order the real sums `s1 * q1 + s2 * q2`.

    The variable of expressions over this base is the real sum, not the integer: only monotone maps may read it.
    `sides` is whatever the user of the analysis needs to emit the sum.
    """

    def __init__(self, shape: Shape, gid: Ints, a: Operand, b: Operand, sides: Any = None):
        self.a, self.b, self.sides = a, b, sides
        self.p, self.q = _ordering(a, b)
        low, high = self.code_range(np.arange(len(a.lo)))
        super().__init__(shape, gid, low, high)

    def code_range(self, rows: Ints) -> tuple[Ints, Ints]:
        """`[lo, hi]` of the stored integers of `rows`."""
        low, high = np.zeros(len(rows), np.int64), np.zeros(len(rows), np.int64)
        for m, side in ((self.p[rows], self.a), (self.q[rows], self.b)):
            ends = m * side.lo[rows], m * side.hi[rows]
            low, high = low + np.minimum(*ends), high + np.maximum(*ends)
        return low, high


def _ordering(a: Operand, b: Operand) -> tuple[Ints, Ints]:
    rows = max(len(a.lo), 1)
    result = np.empty((rows, 2), np.int64)
    known = dict[tuple[Fraction, Fraction, int, int], tuple[int, int]]()
    for r in range(rows):
        n1, n2 = int(a.hi[r] - a.lo[r]), int(b.hi[r] - b.lo[r])
        key = a.s[r], b.s[r], n1, n2
        if key not in known:
            known[key] = _order_pair(*key)
        result[r] = known[key]
    return result[:, 0], result[:, 1]


def _order_pair(s1: Fraction, s2: Fraction, n1: int, n2: int) -> tuple[int, int]:
    signs = (-1 if s1 < 0 else 1), (-1 if s2 < 0 else 1)
    if not s1 or not s2:
        return (signs[0] if s1 else 0), (signs[1] if s2 else 0)
    if min(n1, n2) > WIDE_SPAN:
        p, q = close_multipliers(abs(s1), abs(s2), n1, n2)
    else:
        p, q = simplest_between(abs(s1 / s2), max(n2, 1), max(n1, 1))
    return signs[0] * p, signs[1] * q


@dataclass
class PairPoints:
    """Real sums `s1 * q1 + s2 * q2` of one row, shape (1, points)."""

    q1: Ints
    q2: Ints
    s1: Fraction
    s2: Fraction

    def approximate(self) -> Approx:
        first, second = self.q1 * float(self.s1), self.q2 * float(self.s2)
        return Approx(first + second, 4 * ULP * (np.abs(first) + np.abs(second)) + 1e-300)

    def exact(self, row: int, column: int) -> Fraction:
        return self.s1 * int(self.q1[row, column]) + self.s2 * int(self.q2[row, column])


def pair_steps(root: Node, base: PairBase, rows: Ints) -> Steps:
    """The monotone `root` of the real sum as steps over the ordering integers."""
    direction = np.broadcast_to(monotonicity(root), rows.shape)
    if (direction == 0).any():
        raise UserError(
            "a function that is not monotone reads a sum of incommensurable scales",
            remedy="put a quantiser behind the addition or give both operands one scale",
        )
    shared = row_count(root) == 1
    found = [
        _pair_row(root if shared else take(root, np.array([i])), base, row, int(direction[i]))
        for i, row in enumerate(rows.tolist())
    ]
    bases = np.array([f[0] for f in found], np.int64)
    return pack(bases, [(f[1], f[2]) for f in found])


def _pair_row(root: Node, base: PairBase, row: int, direction: int) -> tuple[int, Ints, Ints]:
    ranges = [(int(side.lo[row]), int(side.hi[row])) for side in (base.a, base.b)]
    if min(high - low for low, high in ranges) > WIDE_SPAN:
        first, codes = code_steps(root, (int(base.p[row]), int(base.q[row])), (base.a.s[row], base.b.s[row]), ranges)
        return _steps_at(first, codes, direction)
    sides = [(base.p, base.a), (base.q, base.b)]
    sides.sort(key=lambda side: int(side[1].hi[row] - side[1].lo[row]))
    (few_m, few), (many_m, many) = sides
    s_few, s_many = few.s[row], many.s[row]
    outer: Ints = np.arange(int(few.lo[row]), int(few.hi[row]) + 1)
    # walk the other operand in the direction in which the sum grows
    step = 1 if many_m[row] >= 0 else -1
    start, span = int(many.lo[row] if step > 0 else many.hi[row]), int(many.hi[row] - many.lo[row])

    def function(q_few: NDArray[np.int64], walk: NDArray[np.int64]) -> Ints:
        return evaluate(root, PairPoints(q_few[None], start + step * walk[None], s_few, s_many))[0]

    low = int(few.lo[row] if few_m[row] >= 0 else few.hi[row])
    high = int(few.hi[row] if few_m[row] >= 0 else few.lo[row])
    first, last = function(np.array([low, high]), np.array([0, span])).tolist()
    count = abs(last - first)
    if count * len(outer) > PAIR_LIMIT:
        raise UserError("a sum of incommensurable scales is too wide", remedy="quantise its operands to fewer bits")
    places = list[int]()
    at_once = max(1, CHUNK // len(outer))
    for start_k in range(1, count + 1, at_once):
        some: Ints = np.arange(start_k, min(count + 1, start_k + at_once), dtype=np.int64)
        wanted: Ints = np.repeat(some, len(outer))
        few_q = np.tile(outer, len(wanted) // len(outer))
        left, right = np.zeros(len(wanted), np.int64), np.full(len(wanted), span + 1)
        while (left < right).any():
            middle = np.minimum((left + right) >> 1, span)
            reached = np.abs(function(few_q, middle) - first) >= wanted
            settled = left >= right
            right = np.where(reached & ~settled, middle, right)
            left = np.where(reached | settled, left, middle + 1)
        codes: Ints = few_m[row] * few_q + many_m[row] * (start + step * right)
        codes = np.where(right <= span, codes, np.iinfo(np.int64).max)
        places += codes.reshape(-1, len(outer)).min(axis=1).tolist()
    return _steps_at(first, np.array(places, np.int64), direction)


def _steps_at(first: int, places: Ints, direction: int) -> tuple[int, Ints, Ints]:
    """Steps of one at `places`, those at one place merged."""
    steps = canonical(np.array([first]), places.reshape(1, -1), np.full((1, len(places)), direction, np.int64))
    used = steps.deltas[0] != 0
    return first, steps.positions[0, used], steps.deltas[0, used]
