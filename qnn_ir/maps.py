"""
Maps: functions from an integer to an integer, one row of parameters per group of elements. Pure NumPy, no IR.

The analysis proves them, the `#qnn` map attributes store them, the interpreters apply them. `rows` says which row
an element uses; it broadcasts against the trailing axes of `x`. G is the number of rows.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

IntArray: TypeAlias = NDArray[np.int64]
MapRounding: TypeAlias = Literal["floor", "half_even"]

_INT64_SAFE = 1 << 62


@dataclass(frozen=True, eq=False)
class Steps:
    """
    `y = base[g] + sum_n deltas[g, n] * [x >= positions[g, n]]`: any function with finitely many values.

    Shapes: base (G,), positions and deltas (G, N). Positions need no order; unused slots have delta 0.
    """

    base: IntArray
    positions: IntArray
    deltas: IntArray

    def apply(self, x: IntArray, rows: IntArray) -> IntArray:
        """The values at `x`."""
        positions, deltas = self._sorted()

        def row(g: int, values: IntArray) -> IntArray:
            totals = np.concatenate(([0], np.cumsum(deltas[g]))) + self.base[g]
            return totals[np.searchsorted(positions[g], values, side="right")]

        return by_row(x, rows, row)

    def output_range(self, lo: IntArray, hi: IntArray) -> tuple[IntArray, IntArray]:
        """The smallest and largest value of each row for inputs in `[lo[g], hi[g]]`."""
        positions, deltas = self._sorted()
        totals = self.base[:, None] + np.cumsum(deltas, axis=1)
        start = self.base + np.where(positions <= lo[:, None], deltas, 0).sum(axis=1)
        reached = (lo[:, None] < positions) & (positions <= hi[:, None])
        # of several steps at one position only the total after the last one is ever seen
        reached[:, :-1] &= positions[:, 1:] != positions[:, :-1]
        low = np.where(reached, totals, start[:, None]).min(axis=1, initial=_INT64_SAFE)
        high = np.where(reached, totals, start[:, None]).max(axis=1, initial=-_INT64_SAFE)
        return np.minimum(low, start), np.maximum(high, start)

    def _sorted(self) -> tuple[IntArray, IntArray]:
        order = np.argsort(self.positions, axis=1, kind="stable")
        return np.take_along_axis(self.positions, order, axis=1), np.take_along_axis(self.deltas, order, axis=1)


@dataclass(frozen=True, eq=False)
class Thresholds:
    """
    `y = base + #{t : x >= thresholds[g, t]}`: a rising staircase with steps of one.

    Shape: thresholds (G, T), every row in ascending order.
    """

    thresholds: IntArray
    base: int

    def apply(self, x: IntArray, rows: IntArray) -> IntArray:
        """The values at `x`."""
        return by_row(x, rows, lambda g, values: np.searchsorted(self.thresholds[g], values, side="right") + self.base)

    def output_range(self, lo: IntArray, hi: IntArray) -> tuple[IntArray, IntArray]:
        """The smallest and largest value of each row for inputs in `[lo[g], hi[g]]`."""
        return self._count(lo), self._count(hi)

    def _count(self, x: IntArray) -> IntArray:
        return self.base + np.count_nonzero(self.thresholds <= x[:, None], axis=1).astype(np.int64)


@dataclass(frozen=True, eq=False)
class Requant:
    """
    `y = clamp(round((x * m[g] + c[g]) / 2^shift), lo, hi)`: an affine function with one rounding.

    Shapes: m and c (G,). `floor` rounds down, `half_even` to the nearest integer and ties to the even one.
    """

    m: IntArray
    c: IntArray
    shift: int
    rounding: MapRounding
    lo: int
    hi: int

    def apply(self, x: IntArray, rows: IntArray) -> IntArray:
        """The values at `x`, exact for operands of any size."""
        return self._evaluate(x, self.m[rows], self.c[rows])

    def output_range(self, lo: IntArray, hi: IntArray) -> tuple[IntArray, IntArray]:
        """The smallest and largest value of each row for inputs in `[lo[g], hi[g]]`."""
        ends = self._evaluate(lo, self.m, self.c), self._evaluate(hi, self.m, self.c)
        return np.minimum(*ends), np.maximum(*ends)

    def _evaluate(self, x: IntArray, m: IntArray, c: IntArray) -> IntArray:
        if _largest(x) * _largest(m) + _largest(c) + (1 << self.shift) >= _INT64_SAFE:
            x, m, c = (a.astype(object) for a in (x, m, c))
        product: NDArray[Any] = x * m + c
        quotient = product >> self.shift
        if self.rounding == "half_even" and self.shift:
            rest, half = product - (quotient << self.shift), 1 << (self.shift - 1)
            quotient = quotient + ((rest > half) | ((rest == half) & ((quotient & 1) == 1)))
        return np.clip(quotient, self.lo, self.hi).astype(np.int64)


@dataclass(frozen=True, eq=False)
class Table:
    """
    `y = table[g, x - lo]`: any function of a short range.

    Shape: table (G, R), for inputs lo..lo+R-1.
    """

    table: IntArray
    lo: int

    def apply(self, x: IntArray, rows: IntArray) -> IntArray:
        """The values at `x`; `ValueError` when an element lies outside the table."""
        self._check(x)
        return self.table[np.broadcast_to(rows, x.shape), x - self.lo]

    def output_range(self, lo: IntArray, hi: IntArray) -> tuple[IntArray, IntArray]:
        """The smallest and largest value of each row for inputs in `[lo[g], hi[g]]`."""
        self._check(lo)
        self._check(hi)
        inputs: IntArray = self.lo + np.arange(self.table.shape[1], dtype=np.int64)
        inside = (lo[:, None] <= inputs) & (inputs <= hi[:, None])
        low = np.where(inside, self.table, np.iinfo(np.int64).max).min(axis=1)
        high = np.where(inside, self.table, np.iinfo(np.int64).min).max(axis=1)
        return low, high

    def _check(self, x: IntArray) -> None:
        last = self.lo + self.table.shape[1] - 1
        if x.size and (x.min() < self.lo or x.max() > last):
            raise ValueError(f"[{x.min()}, {x.max()}] lies outside the table for [{self.lo}, {last}]")


Map: TypeAlias = Steps | Thresholds | Requant | Table


def _largest(x: IntArray) -> int:
    """The largest magnitude, without the overflow of `abs(-2^63)`."""
    return max(abs(int(x.min())), abs(int(x.max()))) if x.size else 0


def by_row(x: NDArray[Any], rows: IntArray, function: Callable[[int, NDArray[Any]], Any]) -> IntArray:
    """`function(g, elements)` applied to the elements of every row g in use, put back in place."""
    if rows.size == 1:
        return np.asarray(function(int(rows.flat[0]), x), np.int64)
    trailing = x.shape[x.ndim - rows.ndim :]
    of_column = np.broadcast_to(rows, trailing).ravel()
    columns = x.reshape(-1, of_column.size)
    result = np.empty_like(columns)
    order = np.argsort(of_column, kind="stable")
    used, starts = np.unique(of_column[order], return_index=True)
    for g, members in zip(used, np.split(order, starts[1:]), strict=True):
        result[:, members] = function(int(g), columns[:, members])
    return result.reshape(x.shape)
