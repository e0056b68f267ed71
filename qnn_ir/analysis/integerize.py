"""
Materialisation: the integer part of a value becomes one map from stored integers to stored integers.

The integer root of an expression is what remains after its outermost affine; it is tabulated as steps over the range
of its base, and the new tensor's range is what the steps reach.
"""

from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from qnn_ir import maps
from qnn_ir.analysis.align import PairBase, pair_steps
from qnn_ir.analysis.expr import VAR, Clip, Node, affine, peel
from qnn_ir.analysis.expr_rules import inner_quantiser, rebuild, row_count, split_at, take
from qnn_ir.analysis.map_forms import FEW_STEPS, choose_form, clipped, stored_bits
from qnn_ir.analysis.rational import Coef, coef, scalar
from qnn_ir.analysis.scaled import scaled_integer
from qnn_ir.analysis.steps import Steps, find_steps
from qnn_ir.analysis.value import Base, Piece, Value, refine
from qnn_ir.int_types import width_of

Ints = NDArray[np.int64]
SEARCHED = 1 << 12  # shorter ranges are tabulated as steps whatever the function
PRODUCT_LIMIT = 1 << 60
CHEAP_BITS = 1 << 12  # maps that store no more are not looked at again


class UserNote(UserWarning):
    """Something the user should know although the result is right: one line, printed by the driver."""


class Root(NamedTuple):
    """`s * integer + b` of one piece."""

    s: Coef
    b: Coef
    integer: Node


@dataclass(eq=False)
class Mapped:
    """
    The map of a value: `steps` row `groups[element]` takes stored integers of the old base to those of `value`'s base.
    """

    steps: Steps
    groups: Ints
    lo: Ints
    hi: Ints
    value: Value
    row_of: Ints

    def bits(self) -> int:
        """What the cheapest form of the map stores."""
        lo, hi = np.full(len(self.steps.base), self.lo.max()), np.full(len(self.steps.base), self.hi.min())
        np.minimum.at(lo, self.row_of, self.lo)
        np.maximum.at(hi, self.row_of, self.hi)
        return stored_bits(choose_form(clipped(self.steps, lo, hi), lo, hi))


def narrowing_shift(lo: Ints, hi: Ints) -> int:
    """What to subtract from integers of `[lo, hi]` so that they need fewer bits: 0, or the smallest of them."""
    low, high = int(lo.min()), int(hi.max())
    return low if width_of(0, high - low).bits < width_of(low, high).bits else 0


def roots(value: Value, rising: bool = False) -> list[Root] | None:
    """
    The integer part of every piece, `None` when some piece has none.

    `rising` asks for positive scales: the sign moves into the integer.
    """
    result = list[Root]()
    for piece in value.pieces:
        s, b, inner = peel(piece.expr)
        if not inner.integral:
            return None
        if rising and (s.signs < 0).any():
            sign = coef(Fraction(-1) if v < 0 else Fraction(1) for v in s.values)
            s, inner = s * sign, affine(sign, coef([Fraction(0)]), inner)
        result.append(Root(s, b, inner))
    return result


def scaled_roots(value: Value) -> list[Root] | None:
    """As `roots`, also where the integers only show after scaling by small factors: ReLU of `s * q + b`."""
    found = [scaled_integer(piece.expr) for piece in value.pieces]
    return None if None in found else [Root(*part) for part in found if part]


def is_stored(parts: list[Root]) -> bool:
    """Whether nothing is left to compute."""
    return all(part.integer is VAR for part in parts)


def clamped_affine(value: Value, parts: list[Root]) -> tuple[maps.Requant, Ints, Value] | None:
    """
    `clamp(m * q + c)` where the integer parts are nothing else and too long to tabulate.

    Returns the map, its row per element, and the new value; None where it does not apply.
    """
    base, rows = value.base, value.base_rows
    low, high = (end[rows] for end in base.stored_range())
    if isinstance(base, PairBase) or int((high - low).max()) < SEARCHED:
        return None
    m, c = np.empty(value.rows, np.int64), np.empty(value.rows, np.int64)
    least, most = np.full(value.rows, -PRODUCT_LIMIT), np.full(value.rows, PRODUCT_LIMIT)
    for piece, part in zip(value.pieces, parts, strict=True):
        inside, bounds = (part.integer, (None, None))
        if isinstance(part.integer, Clip):
            inside, bounds = part.integer.x, (part.integer.lo, part.integer.hi)
        slope, offset, leaf = peel(inside)
        if leaf is not VAR or not inside.integral:
            return None
        for array, numbers in ((m, slope), (c, offset), (least, bounds[0]), (most, bounds[1])):
            if numbers is not None:
                array[piece.rows] = [int(v) for v in numbers.expand(len(piece.rows))]
    m *= base.sign[rows]
    if float(np.abs(m).max()) * float(max(np.abs(low).max(), np.abs(high).max())) >= PRODUCT_LIMIT:
        return None
    reach = np.sort(np.stack([m * low + c, m * high + c]), axis=0)
    lo, hi = np.clip(reach[0], least, most), np.clip(reach[1], least, most)
    function = maps.Requant(m, c, 0, "floor", int(lo.min()), int(hi.max()))
    same = [np.clip(end, function.lo, function.hi) for end in reach]
    if not (np.array_equal(same[0], lo) and np.array_equal(same[1], hi)):
        return None  # bounds differ between rows, a requantisation has one pair
    return function, value.gid, _stored_value(value, parts, lo, hi, 0)


@dataclass(eq=False)
class Plan:
    """Steps over the logical integers of the base; `row_of` (R,) is the row of `steps` of every row of the value."""

    value: Value
    parts: list[Root]
    steps: Steps
    row_of: Ints

    def falling_groups(self) -> NDArray[np.bool_]:
        """Groups of the base in which every row falls."""
        deltas = self.steps.deltas
        falls = np.asarray((deltas <= 0).all(axis=1) & (deltas < 0).any(axis=1), np.bool_)
        result = np.ones(len(self.value.base.lo), np.bool_)
        result[self.value.base_rows[~falls[self.row_of]]] = False
        used = np.zeros(len(result), np.bool_)
        used[self.value.base_rows] = True
        return result & used

    def finish(self) -> Mapped:
        """The map over what is stored, and the new value."""
        value, base = self.value, self.value.base
        negative = base.sign[value.base_rows] < 0
        keys, row_of = np.unique(self.row_of * 2 + negative, return_inverse=True)
        steps = self.steps.take(keys >> 1).mirrored((keys & 1) == 1)
        low, high = base.stored_range()
        low, high = low[value.base_rows], high[value.base_rows]
        if isinstance(base, PairBase):
            low, high = base.code_range(value.base_rows)
        per_row = steps.take(row_of)
        lo, hi = maps.Steps(per_row.base, per_row.positions, per_row.deltas).output_range(low, high)
        shift = narrowing_shift(lo, hi)
        steps = Steps(steps.base - shift, steps.positions, steps.deltas)
        result = _stored_value(value, self.parts, lo - shift, hi - shift, shift)
        return Mapped(steps, row_of[value.gid], low, high, result, row_of)


def worth_cutting(whole: Plan) -> tuple[Value, list[Node]] | None:
    """The `cut` where a map up to the inner quantiser and one behind it store less than `whole`."""
    value, parts, values = whole.value, whole.parts, whole.steps.values
    if int((values.max(axis=1) - values.min(axis=1)).max()) <= FEW_STEPS:
        return None
    if (found := cut(value, parts)) is None or (bits := whole.finish().bits()) <= CHEAP_BITS:
        return None
    inner, outer = found
    first = plan(inner, roots(inner) or []).finish()
    behind = behind_cut(value, parts, first.value, outer)
    second = plan(behind, roots(behind) or []).finish()
    return found if first.bits() + second.bits() < bits else None


def cut(value: Value, parts: list[Root]) -> tuple[Value, list[Node]] | None:
    """The inner quantiser of every piece, and what follows it; None where there is none in some piece."""
    if isinstance(value.base, PairBase):
        return None
    inner = [inner_quantiser(part.integer) for part in parts]
    outer = [split_at(part.integer, node) for part, node in zip(parts, inner, strict=True) if node]
    found = [node for node in inner if node]
    rest = [node for node in outer if node]
    if len(found) < len(parts) or len(rest) < len(parts):
        return None
    return value.with_pieces([Piece(p.rows, node) for p, node in zip(value.pieces, found, strict=True)]), rest


def behind_cut(value: Value, parts: list[Root], inner: Value, outer: list[Node]) -> Value:
    """The functions `s * outer(.) + b` of `value` as functions of the stored integers of `inner`."""
    refined, row = refine(inner, value.gid, value.rows)
    pieces = list[Piece]()
    for piece, part, rest in zip(value.pieces, parts, outer, strict=True):
        place = np.full(value.rows, -1)
        place[piece.rows] = np.arange(len(piece.rows))
        whole = affine(part.s, part.b, rest)
        for stored in refined.pieces:
            chosen: Ints = np.flatnonzero(place[row[stored.rows]] >= 0)
            if len(chosen):
                rows = stored.rows[chosen]
                leaf = take(stored.expr, chosen)
                pieces.append(Piece(rows, rebuild(take(whole, place[row[rows]]), leaf, lambda c: c)))
    return refined.with_pieces(pieces)


def _stored_value(value: Value, parts: list[Root], lo: Ints, hi: Ints, shift: int) -> Value:
    """The affine functions that are left, over new integers in `[lo, hi]` per row, which are smaller by `shift`."""
    ranges, group = np.unique(np.stack([lo, hi], axis=1), axis=0, return_inverse=True)
    group = group.ravel()
    base = Base(value.shape, group[value.gid], ranges[:, 0], ranges[:, 1])
    pieces = [
        Piece(piece.rows, affine(part.s, part.b + part.s * scalar(shift), VAR))
        for piece, part in zip(value.pieces, parts, strict=True)
    ]
    if len(pieces) == 1 and row_count(pieces[0].expr) == 1:
        rows = np.arange(len(ranges))
        return Value(base, base.gid, rows, (Piece(rows, pieces[0].expr),))
    return Value(base, value.gid, group, tuple(pieces))


def plan(value: Value, parts: list[Root]) -> Plan:
    """Tabulate the integer parts over the ranges of their rows."""
    base = value.base
    lo, hi = base.lo[value.base_rows], base.hi[value.base_rows]
    row_of = np.zeros(value.rows, np.int64)
    tables = list[Steps]()
    for piece, part in zip(value.pieces, parts, strict=True):
        start = sum(len(t.base) for t in tables)
        low, high = lo[piece.rows], hi[piece.rows]
        if isinstance(base, PairBase):
            steps = pair_steps(part.integer, base, value.base_rows[piece.rows])
            row_of[piece.rows] = start + np.arange(len(piece.rows))
        elif row_count(part.integer) == 1:
            steps = find_steps(part.integer, low.min(keepdims=True), high.max(keepdims=True))
            row_of[piece.rows] = start
        else:
            steps, index = _distinct(part.integer, low, high)
            row_of[piece.rows] = start + index
        tables.append(steps)
    return Plan(value, parts, _stack(tables), row_of)


def _distinct(root: Node, lo: Ints, hi: Ints) -> tuple[Steps, Ints]:
    """Steps of all rows; equal rows once."""
    steps = find_steps(root, lo, hi)
    table = np.concatenate([steps.base[:, None], np.where(steps.deltas != 0, steps.positions, 0), steps.deltas], axis=1)
    known = dict[bytes, int]()  # in the order of the channels
    index = np.array([known.setdefault(row.tobytes(), len(known)) for row in table], np.int64)
    first = np.unique(index, return_index=True)[1]
    return steps.take(first), index


def _stack(tables: list[Steps]) -> Steps:
    if len(tables) == 1:
        return tables[0]
    width = max(t.positions.shape[1] for t in tables)

    def widen(array: Ints) -> Ints:
        return np.pad(array, ((0, 0), (0, width - array.shape[1])))

    return Steps(
        np.concatenate([t.base for t in tables]),
        np.concatenate([widen(t.positions) for t in tables]),
        np.concatenate([widen(t.deltas) for t in tables]),
    )
