"""
The abstract domain: a tensor is a function, per group of elements, of a tensor of stored integers.

    value of an element = expr_row(q),   row = gid[element],   lo[group] <= q <= hi[group]

A partition is an index array that broadcasts to the shape and moves with the data, so movement of data needs no rules.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from qnn_ir.analysis.evaluate import IntPoints, Points, RealPoints, evaluate
from qnn_ir.analysis.exact import exact_value
from qnn_ir.analysis.expr import REAL, VAR, Node, affine, peel
from qnn_ir.analysis.expr_rules import row_count, take
from qnn_ir.analysis.rational import Coef, coef, from_floats
from qnn_ir.errors import UserError

Ints = NDArray[np.int64]
Shape = tuple[int, ...]


@dataclass(eq=False)
class Base:
    """
    A tensor of integers (or a constant of floats): `lo` and `hi` (G,) per group, `gid` broadcastable to `shape`.

    `sign` (G,) is -1 where the stored integers are the negated ones (weights flipped). `handle` is whatever the user
    of the analysis attaches. `data` is there for constants only.
    """

    shape: Shape
    gid: Ints
    lo: Ints
    hi: Ints
    handle: Any = None
    data: NDArray[Any] | None = None
    sign: Ints = field(init=False)

    def __post_init__(self) -> None:
        self.sign = np.ones(len(self.lo), np.int64)

    def stored_range(self) -> tuple[Ints, Ints]:
        """`(lo, hi)` of what is stored, per group."""
        a, b = self.lo * self.sign, self.hi * self.sign
        return np.minimum(a, b), np.maximum(a, b)


class Piece(NamedTuple):
    """Rows that share the shape of their expression."""

    rows: Ints
    expr: Node


@dataclass(eq=False)
class Value:
    """Elementwise functions of one base: `base_rows` (R,) is the group of the base of each row."""

    base: Base
    gid: Ints
    base_rows: Ints
    pieces: tuple[Piece, ...]

    @property
    def shape(self) -> Shape:
        """The shape of the tensor."""
        return self.base.shape

    @property
    def rows(self) -> int:
        """The number of rows."""
        return len(self.base_rows)

    @property
    def is_constant(self) -> bool:
        """Whether the elements are known."""
        return self.base.data is not None

    def with_pieces(self, pieces: Sequence[Piece]) -> "Value":
        """The same elements with other functions."""
        return Value(self.base, self.gid, self.base_rows, tuple(pieces))

    def apply(self, function: Callable[[Node], Node]) -> "Value":
        """An elementwise operator without parameters per channel."""
        return self.with_pieces([Piece(p.rows, function(p.expr)) for p in self.pieces])


class Affine(NamedTuple):
    """`s * q + b` per row over the stored integers of a base, `lo <= q <= hi` per row."""

    s: Coef
    b: Coef
    lo: Ints
    hi: Ints


def of_base(base: Base, s: Coef, b: Coef) -> Value:
    """`s * q + b`, coefficients per group of the base."""
    groups = np.arange(len(base.lo))
    return Value(base, base.gid, groups, (Piece(groups, affine(s, b, VAR)),))


def constant(array: NDArray[Any]) -> Value:
    """A tensor whose elements are known."""
    real = array.dtype.kind == "f"
    data = array.astype(np.float64 if real else np.int64)
    zero = np.zeros(1, np.int64)
    lo, hi = (zero, zero) if real or not data.size else (data.min(keepdims=True), data.max(keepdims=True))
    one = (1,) * data.ndim
    base = Base(array.shape, np.zeros(one, np.int64), lo.reshape(1), hi.reshape(1), data=data)
    return Value(base, base.gid, zero, (Piece(zero, REAL if real else VAR),))


def refine(value: Value, index: Ints, count: int) -> tuple[Value, Ints]:
    """
    Split rows so that each has one `index` (broadcastable to the shape, entries below `count`).

    Returns the value and the index of each new row.
    """
    index = index.reshape((1,) * (len(value.shape) - index.ndim) + index.shape)
    joint = value.gid * count + index
    keys, places = np.unique(joint, return_inverse=True)
    old, chosen = np.divmod(keys, count)
    new_row = np.full(value.rows * count, -1)  # (old row, index) -> new row
    new_row[keys] = np.arange(len(keys))
    pieces = list[Piece]()
    piece_of = np.zeros(value.rows, np.int64)
    position = np.zeros(value.rows, np.int64)
    for number, piece in enumerate(value.pieces):
        piece_of[piece.rows], position[piece.rows] = number, np.arange(len(piece.rows))
    for number, piece in enumerate(value.pieces):
        rows = np.flatnonzero(piece_of[old] == number)
        pieces.append(Piece(rows, take(piece.expr, position[old[rows]])))
    refined = Value(value.base, places.reshape(joint.shape), value.base_rows[old], tuple(pieces))
    return refined, chosen


def with_constants(
    value: Value, shape: Shape, constants: Sequence[Coef], function: Callable[..., Node], where: str = ""
) -> Value:
    """`function(expr, *coefs)` with constants that have one entry per element of an array of `shape`, or one."""
    total = np.broadcast_shapes(value.shape, shape)
    if total != value.shape:
        value = broadcast_constant(value, total)
    if all(len(c) == 1 for c in constants):
        return value.apply(lambda x: function(x, *constants))
    size = int(np.prod(shape))
    value, chosen = refine(value, np.arange(size).reshape(shape), size)
    pieces = [Piece(p.rows, function(p.expr, *(c.take(chosen[p.rows]) for c in constants))) for p in value.pieces]
    return value.with_pieces(pieces)


def finite_data(value: Value) -> NDArray[Any]:
    """The data of a constant; UserError for anything else, and where a number is infinite or NaN."""
    data = value.base.data
    if data is None:
        raise UserError("a parameter is computed by the network", remedy="make it a constant")
    if data.dtype.kind == "f" and not np.isfinite(data).all():
        raise UserError("a parameter is infinite or NaN", remedy="train or export the network again")
    return data


def broadcast_constant(value: Value, shape: Shape) -> Value:
    """A constant repeated to `shape`; UserError for anything else."""
    data = value.base.data
    if data is None:
        raise UserError("a tensor is repeated to the shape of a constant", remedy="give both the same shape")
    base = value.base
    lift = (1,) * (len(shape) - len(value.shape))
    wide = Base(shape, base.gid.reshape(lift + base.gid.shape), base.lo, base.hi, data=np.broadcast_to(data, shape))
    return Value(wide, value.gid.reshape(lift + value.gid.shape), value.base_rows, value.pieces)


def pointwise(a: Value, b: Value, function: Callable[[Node, Node], Node]) -> Value:
    """`function` of two values of one base."""
    refined, other_row = refine(a, b.gid, b.rows)
    pieces = list[Piece]()
    for mine in refined.pieces:
        for theirs in b.pieces:
            place = np.full(b.rows, -1)
            place[theirs.rows] = np.arange(len(theirs.rows))
            inside = np.flatnonzero(place[other_row[mine.rows]] >= 0)
            if not len(inside):
                continue
            rows = mine.rows[inside]
            x = mine.expr if len(inside) == len(mine.rows) else take(mine.expr, inside)
            pieces.append(Piece(rows, function(x, take(theirs.expr, place[other_row[rows]]))))
    return refined.with_pieces(pieces)


def move(value: Value, base: Base, moved: Callable[[NDArray[Any]], NDArray[Any]]) -> Value:
    """`value` with its elements rearranged by `moved`; `base` is its base, rearranged."""
    gid = (
        moved(np.broadcast_to(value.gid, value.shape))
        if value.gid.size > 1
        else np.zeros((1,) * len(base.shape), np.int64)
    )
    return Value(base, gid, value.base_rows, value.pieces)


def moved_base(base: Base, shape: Shape, moved: Callable[[NDArray[Any]], NDArray[Any]], handle: Any = None) -> Base:
    """`base` with its elements rearranged to `shape`."""
    gid = moved(np.broadcast_to(base.gid, base.shape)) if base.gid.size > 1 else np.zeros((1,) * len(shape), np.int64)
    data = None if base.data is None else moved(base.data)
    result = Base(shape, gid, base.lo, base.hi, handle, data)
    result.sign = base.sign
    return result


def affine_form(value: Value) -> Affine | None:
    """The value as `s * q + b` over stored integers, `None` if it is anything else."""
    if any(peel(p.expr)[2] is not VAR for p in value.pieces):
        return None
    s, b = gather(value, lambda e: peel(e)[0]), gather(value, lambda e: peel(e)[1])
    sign = value.base.sign[value.base_rows]
    if (sign < 0).any():
        s = s * coef(map(Fraction, sign.tolist()))
    lo, hi = value.base.stored_range()
    return Affine(s, b, lo[value.base_rows], hi[value.base_rows])


def gather(value: Value, part: Callable[[Node], Coef]) -> Coef:
    """A coefficient of every row, in the order of the rows."""
    if len(value.pieces) == 1:
        found = part(value.pieces[0].expr)
        return found if len(found) == 1 else found.take(np.argsort(value.pieces[0].rows))
    result = [Fraction(0)] * value.rows
    approximate = False
    for piece in value.pieces:
        found = part(piece.expr)
        approximate |= found.approximate
        for row, v in zip(piece.rows.tolist(), found.expand(len(piece.rows)), strict=True):
            result[row] = v
    return coef(result, approximate)


def constant_numbers(value: Value) -> Coef:
    """The exact elements of a constant, flattened (one if all are equal)."""
    data = finite_data(value)
    if len(value.pieces) == 1 and value.pieces[0].expr in (VAR, REAL):
        return from_floats(data)
    rows = np.broadcast_to(value.gid, data.shape).ravel().tolist()
    place = {int(row): (piece.expr, i) for piece in value.pieces for i, row in enumerate(piece.rows.tolist())}
    known = dict[tuple[int, Any], Fraction]()
    for key in set(zip(rows, data.ravel().tolist(), strict=True)):
        known[key] = exact_value(*place[key[0]], Fraction(key[1]))
    return coef(known[key] for key in zip(rows, data.ravel().tolist(), strict=True))


def constant_integers(value: Value, parts: Sequence[Node]) -> Ints:
    """Integer-valued functions (one per piece) of the data of a constant, shape of the tensor."""
    data = finite_data(value)
    if len(value.pieces) == 1 and row_count(parts[0]) == 1:
        return evaluate(parts[0], _points(data.reshape(1, -1))).reshape(data.shape)
    rows = np.broadcast_to(value.gid, data.shape).ravel()
    result, flat = np.empty(rows.size, np.int64), data.ravel()
    for piece, expr in zip(value.pieces, parts, strict=True):
        place = np.full(value.rows, -1)
        place[piece.rows] = np.arange(len(piece.rows))
        members = np.flatnonzero(place[rows] >= 0)
        # as a matrix with one row per row of the expression, the shorter ones padded with a repetition
        order = members[np.argsort(place[rows[members]], kind="stable")]
        sizes = np.bincount(place[rows[members]], minlength=len(piece.rows))
        starts = np.cumsum(sizes) - sizes
        column = np.arange(int(sizes.max(initial=0)), dtype=np.int64)[None, :]
        matrix = order[np.minimum(starts[:, None] + column, len(order) - 1)]
        used = column < sizes[:, None]
        result[matrix[used]] = evaluate(expr, _points(flat[matrix]))[used]
    return result.reshape(data.shape)


def _points(array: NDArray[Any]) -> Points:
    return RealPoints(array) if array.dtype.kind == "f" else IntPoints(array)
