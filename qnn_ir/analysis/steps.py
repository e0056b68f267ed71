"""
The canonical form of an integer function on a range: a base and signed steps, per row.

    y = base + sum_n deltas[n] * [x >= positions[n]]

Monotone functions are searched (the cost grows with the logarithm of the range), others enumerated.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qnn_ir.analysis.evaluate import IntPoints, evaluate
from qnn_ir.analysis.expr import Node
from qnn_ir.analysis.expr_rules import monotonicity, row_count, take
from qnn_ir.analysis.rational import Rows
from qnn_ir.errors import UserError

Ints = NDArray[np.int64]
ENUMERATION_LIMIT = 1 << 22
STEP_LIMIT = 1 << 22
KNOTS = 257  # steps that are searched first
CHUNK = 1 << 19  # points evaluated at once


@dataclass(frozen=True, eq=False)
class Steps:
    """`base` (G,), `positions` and `deltas` (G, N); positions ascend, unused slots come last and have delta 0."""

    base: Ints
    positions: Ints
    deltas: Ints

    def __call__(self, x: Ints) -> Ints:
        """The values at `x` of shape (G, P)."""
        totals = np.concatenate([np.zeros((len(self.base), 1), np.int64), np.cumsum(self.deltas, axis=1)], axis=1)
        result = np.empty(x.shape, np.int64)
        for row in range(x.shape[0]):
            used = np.count_nonzero(self.deltas[row])
            reached = np.asarray(np.searchsorted(self.positions[row, :used], x[row], side="right"), np.int64)
            result[row] = self.base[row] + totals[row, reached]
        return result

    def take(self, rows: Rows) -> "Steps":
        """The functions of `rows`."""
        return Steps(self.base[rows], self.positions[rows], self.deltas[rows])

    @property
    def values(self) -> Ints:
        """All values that each row takes, in order of x: shape (G, N + 1), the last ones repeated."""
        return np.cumsum(np.concatenate([self.base[:, None], self.deltas], axis=1), axis=1)

    @property
    def count(self) -> int:
        """Steps in all rows together."""
        return int(np.count_nonzero(self.deltas))

    def mirrored(self, rows: NDArray[np.bool_]) -> "Steps":
        """The function of -x in the chosen rows: `[-x >= t] = 1 - [x >= 1 - t]`."""
        base = np.where(rows, self.base + self.deltas.sum(axis=1), self.base)
        positions = np.where(rows[:, None], 1 - self.positions, self.positions)
        deltas = np.where(rows[:, None], -self.deltas, self.deltas)
        return canonical(base, positions, deltas)


def canonical(base: Ints, positions: Ints, deltas: Ints) -> Steps:
    """Steps in ascending order, those at one position merged, unused slots last, no column without a step."""
    unused = deltas == 0
    far = int(positions.max(initial=0)) + 1
    order = np.argsort(np.where(unused, far, positions), axis=1, kind="stable")
    positions, deltas = np.take_along_axis(positions, order, 1), np.take_along_axis(deltas, order, 1)
    unused = deltas == 0
    if bool(((positions[:, 1:] == positions[:, :-1]) & ~unused[:, 1:]).any()):
        rows = [_merged(positions[r], deltas[r]) for r in range(len(base))]
        return pack(base, rows)
    width = int((~unused).sum(axis=1).max(initial=0))
    return Steps(base, np.where(unused, positions[:, :1], positions)[:, :width], deltas[:, :width])


def _merged(positions: Ints, deltas: Ints) -> tuple[Ints, Ints]:
    places, index = np.unique(positions[deltas != 0], return_inverse=True)
    sums = np.zeros(len(places), np.int64)
    np.add.at(sums, index, deltas[deltas != 0])
    return places[sums != 0], sums[sums != 0]


def pack(base: Ints, rows: list[tuple[Ints, Ints]]) -> Steps:
    """Rows of `(positions, deltas)` of different lengths as one `Steps`."""
    width = max((len(p) for p, _ in rows), default=0)
    positions, deltas = np.zeros((len(rows), width), np.int64), np.zeros((len(rows), width), np.int64)
    for row, (p, d) in enumerate(rows):
        positions[row, : len(p)], deltas[row, : len(d)] = p, d
        positions[row, len(p) :] = p[0] if len(p) else 0
    return Steps(np.asarray(base, np.int64), positions, deltas)


def find_steps(root: Node, lo: Ints, hi: Ints) -> Steps:
    """
    The integer-valued `root` on `[lo, hi]`, one range per row (shape (R,)), as steps.

    Raises UserError where a function that is not monotone would have to be enumerated beyond 2^22 points.
    """
    rows = np.arange(len(lo))
    direction = np.broadcast_to(monotonicity(root), lo.shape)
    risers, others = rows[direction != 0], rows[direction == 0]
    if not len(others):
        return _search(root, lo, hi, direction)
    parts = [(others, _enumerate(_rows_of(root, others), lo[others], hi[others]))]
    if len(risers):
        parts.append((risers, _search(_rows_of(root, risers), lo[risers], hi[risers], direction[risers])))
    width = max(part.positions.shape[1] for _, part in parts)
    joined = Steps(*(np.zeros(shape, np.int64) for shape in ((len(lo),), (len(lo), width), (len(lo), width))))
    for where, part in parts:
        joined.base[where] = part.base
        joined.positions[where, : part.positions.shape[1]] = part.positions
        joined.deltas[where, : part.deltas.shape[1]] = part.deltas
    return joined


def _rows_of(root: Node, rows: Rows) -> Node:
    return root if row_count(root) == 1 else take(root, rows)


def _search(root: Node, lo: Ints, hi: Ints, direction: Ints) -> Steps:
    """Monotone rows: binary search of all steps of all rows at once."""
    ends = evaluate(root, IntPoints(np.stack([lo, hi], axis=1)))
    counts = np.abs(ends[:, 1] - ends[:, 0])
    width = int(counts.max(initial=0))
    if width > STEP_LIMIT:
        raise UserError(f"a map of {width} steps is too large", remedy="quantise to fewer bits")
    per_chunk = max(1, CHUNK // max(1, width))
    if len(lo) <= per_chunk:
        return _search_rows(lambda x: evaluate(root, IntPoints(x)), lo, hi, direction, ends[:, 0], counts)
    parts = list[Steps]()
    for start in range(0, len(lo), per_chunk):
        rows = np.arange(start, min(len(lo), start + per_chunk))
        part = _rows_of(root, rows)
        parts.append(_search(part, lo[rows], hi[rows], direction[rows]))
    return pack(np.concatenate([p.base for p in parts]), [_used(p, r) for p in parts for r in range(len(p.base))])


def _used(steps: Steps, row: int) -> tuple[Ints, Ints]:
    used = steps.deltas[row] != 0
    return steps.positions[row, used], steps.deltas[row, used]


def _search_rows(
    function: Callable[[Ints], Ints], lo: Ints, hi: Ints, direction: Ints, first: Ints, counts: Ints
) -> Steps:
    """`function` is weakly monotone per row; step k of a row is the smallest x with |f(x) - f(lo)| >= k."""
    width = int(counts.max(initial=0))
    wanted = np.arange(1, width + 1)[None, :]
    target = np.minimum(wanted, np.maximum(counts, 1)[:, None])

    def reached(x: Ints, target: Ints) -> NDArray[np.bool_]:
        return np.abs(function(x) - first[:, None]) >= target

    left, right = (np.repeat(end[:, None], width, axis=1) for end in (lo, hi))
    if width > 4 * KNOTS:
        left, right = _between_knots(reached, target, lo, hi)
    places = _bisect(reached, target, left, right)
    return canonical(first, places, np.where(wanted <= counts[:, None], direction[:, None], 0))


Reached = Callable[[Ints, Ints], NDArray[np.bool_]]


def _bisect(reached: Reached, target: Ints, left: Ints, right: Ints) -> Ints:
    """The smallest x of `[left, right]` that reaches its target; all of them at once."""
    while bool((left < right).any()):
        middle = (left + right) >> 1
        hit = reached(middle, target)
        right = np.where(hit, middle, right)
        left = np.where(hit, left, np.minimum(middle + 1, right))
    return left


def _between_knots(reached: Reached, target: Ints, lo: Ints, hi: Ints) -> tuple[Ints, Ints]:
    """
    Where thousands of steps lie: between every so many-th one, which is searched, and near the straight line there.

    An affine function has its steps within 1 of that line, so that two or three more evaluations find them.
    """
    count = int(target.shape[1])
    columns: Ints = np.arange(count, dtype=np.int64)
    knots: Ints = columns[columns[:KNOTS] * (count - 1) // (KNOTS - 1)]
    ends = (np.repeat(end[:, None], len(knots), axis=1) for end in (lo, hi))
    places = _bisect(reached, target[:, knots], *ends)
    after = np.asarray(np.searchsorted(knots[:-1], columns, side="left"), np.int64)
    before: Ints = np.maximum(after - 1, 0)
    left, right = np.where(after == 0, places[:, :1], places[:, before]), places[:, after]
    share = (columns - knots[before]) / np.maximum(knots[after] - knots[before], 1)
    guess = left + np.rint((right - left) * share).astype(np.int64)
    for offset in (-2, 2):
        point = np.clip(guess + offset, left, right)
        hit = reached(point, target)
        right = np.where(hit, point, right)
        left = np.where(hit, left, np.minimum(point + 1, right))
    return left, right


def _enumerate(root: Node, lo: Ints, hi: Ints) -> Steps:
    """Any rows: every point of the range."""
    bases, rows = list[int](), list[tuple[Ints, Ints]]()
    shared = row_count(root) == 1
    for row in range(len(lo)):
        if hi[row] - lo[row] >= ENUMERATION_LIMIT:
            raise UserError(
                f"a function that is not monotone would have to be tabulated over {int(hi[row] - lo[row]) + 1} values",
                remedy="put a quantiser in front of it",
            )
        one = root if shared else take(root, np.array([row]))
        base, places, sizes = _enumerate_row(one, int(lo[row]), int(hi[row]))
        bases.append(base)
        rows.append((places, sizes))
    return pack(np.array(bases, np.int64), rows)


def _enumerate_row(root: Node, lo: int, hi: int) -> tuple[int, Ints, Ints]:
    places, sizes = list[Ints](), list[Ints]()
    base = last = int(evaluate(root, IntPoints(np.array([[lo]])))[0, 0])
    for start in range(lo, hi + 1, CHUNK):
        x = np.arange(start, min(hi + 1, start + CHUNK))
        change = np.diff(evaluate(root, IntPoints(x[None]))[0], prepend=last)
        last += int(change.sum())
        places.append(x[change != 0])
        sizes.append(change[change != 0])
    return base, np.concatenate(places), np.concatenate(sizes)


def compose(outer: Steps, inner: Steps) -> Steps:
    """`outer(inner(x))`, row by row."""
    values = outer(inner.values)
    return canonical(values[:, 0], inner.positions, np.diff(values, axis=1))
