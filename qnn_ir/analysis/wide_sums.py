"""
Sums `s1 * q1 + s2 * q2` of operands with too many values to look at each.

Multipliers p, q are a convergent of s1/s2 so close that the code `c = p * q1 + q * q2` says the real sum to within a
part of a step: with `d = s1 - s2 * p / q` the sum is `s2 / q * c + d * q1`, and |d * q1| stays below half of `s2 / q`.
At most one q1 of the range gives a code, as q exceeds that range. So real sums grow with their codes, and the code at
which a monotone function reaches a value is found by bisection: at codes of a pair the sum is exact, at the others any
number between those of their neighbours does.
"""

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from qnn_ir.analysis.evaluate import ULP, Approx, evaluate
from qnn_ir.analysis.expr import Node
from qnn_ir.errors import UserError

Ints = NDArray[np.int64]
FINE = 16  # how much finer than necessary codes are: steps that lie on a straight line are a requantisation
LARGEST = 1 << 31
WIDEST_CODE = 1 << 58


def close_multipliers(s1: Fraction, s2: Fraction, n1: int, n2: int) -> tuple[int, int]:
    """
    `(p, q)` for operands that span n1 and n2, both scales positive: `p / q` is close to `s1 / s2`.

    Raises UserError where the codes need more than 58 bits.
    """
    if s1 * n1 > s2 * n2:
        q, p = close_multipliers(s2, s1, n2, n1)
        return p, q
    ratio = rest = s1 / s2
    (p0, q0), (p, q) = (0, 1), (1, 0)
    while True:
        whole = rest.numerator // rest.denominator
        (p0, q0), (p, q) = (p, q), (p0 + whole * p, q0 + whole * q)
        if q > FINE * n1 or Fraction(p, q) == ratio:
            break
        rest = 1 / (rest - whole)
    if max(p, q) >= LARGEST or p * n1 + q * n2 >= WIDEST_CODE:
        raise UserError("a sum of incommensurable scales is too wide", remedy="quantise its operands to fewer bits")
    return p, q


@dataclass
class CodePoints:
    """The real sums of `codes`, shape (1, points): `unit * code + drift * q1`, q1 where a pair has this code."""

    codes: Ints
    p: int
    q: int
    first: tuple[int, int]
    """The range of q1."""
    s1: Fraction
    s2: Fraction

    def __post_init__(self) -> None:
        low, high = self.first
        size = abs(self.q)
        inverse = pow(self.p, -1, size) if size > 1 else 0
        place = low + ((self.codes - self.p * low) % size) * inverse % size
        self.q1 = np.where(place <= high, place, (low + high) // 2)
        self.unit = self.s2 / self.q
        self.drift = self.s1 - self.unit * self.p

    def approximate(self) -> Approx:
        most, rest = self.codes * float(self.unit), self.q1 * float(self.drift)
        return Approx(most + rest, 4 * ULP * (np.abs(most) + np.abs(rest)) + 1e-300)

    def exact(self, row: int, column: int) -> Fraction:
        return self.unit * int(self.codes[row, column]) + self.drift * int(self.q1[row, column])


def code_steps(
    root: Node, multipliers: tuple[int, int], scales: tuple[Fraction, Fraction], ranges: list[tuple[int, int]]
) -> tuple[int, Ints]:
    """The value of the monotone `root` (one row) at the smallest code, and the codes where it changes by one."""
    (p, q), (s1, s2) = multipliers, scales
    ends = [sorted((m * low, m * high)) for m, (low, high) in zip(multipliers, ranges, strict=True)]
    low, high = sum(e[0] for e in ends), sum(e[1] for e in ends)
    if not _tells_first(p, q, scales, ranges):
        (p, q), (s1, s2), ranges = (q, p), (s2, s1), ranges[::-1]

    def function(codes: Ints) -> Ints:
        return evaluate(root, CodePoints(codes[None], p, q, ranges[0], s1, s2))[0]

    start, end = function(np.array([low, high])).tolist()
    wanted: Ints = np.arange(1, abs(end - start) + 1, dtype=np.int64)
    left, right = np.full(len(wanted), low), np.full(len(wanted), high)
    while (left < right).any():
        middle = (left + right) >> 1
        reached: NDArray[np.bool_] = np.abs(function(middle) - start) >= wanted
        left, right = np.where(reached, left, middle + 1), np.where(reached, middle, right)
    return start, left


def _tells_first(p: int, q: int, scales: tuple[Fraction, Fraction], ranges: list[tuple[int, int]]) -> bool:
    """Whether a code says what q1 is; else it says what q2 is."""
    if not p or not q:
        return bool(q)
    return scales[0] * q == scales[1] * p or abs(q) > ranges[0][1] - ranges[0][0]
