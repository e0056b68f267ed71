"""Functions of two tensors: products of scaled integers, and any function of two short tensors as one map."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from xdsl.ir import SSAValue

from qnn_ir.analysis.align import PairBase
from qnn_ir.analysis.expr import ONE, VAR, ZERO, Node, affine, pair, quant
from qnn_ir.analysis.expr_rules import rebuild, take
from qnn_ir.analysis.rational import coef, scalar
from qnn_ir.analysis.rounding import Mode
from qnn_ir.analysis.value import Affine, Base, Piece, Value, of_base
from qnn_ir.dialects import qnn
from qnn_ir.errors import UserError
from qnn_ir.passes.integerizing.linear import rezero, zero_bits
from qnn_ir.passes.integerizing.walk import Walk, element_type, matched_rows, producer

Ints = NDArray[np.int64]
ZERO_BITS = 16  # widest rescaling that makes the stored 0 mean zero
JOINT_CODES = 1 << 16  # pairs of values of two tensors that are tabulated
WIDEST = 1 << 60


def multiply(walk: Walk, a: SSAValue, b: SSAValue) -> Value:
    """`a * b`: a product of integers where both are scaled integers, else one map of both."""
    sides = [_scaled(walk, operand) for operand in (a, b)]
    if any(side is None for side in sides):
        return joint(walk, a, b, lambda x, y: pair(x, y, True))
    return _product(walk, *(side for side in sides if side))


def _scaled(walk: Walk, operand: SSAValue) -> tuple[Value, Affine] | None:
    """`operand` as `s * q`, the bias moved into the integers."""
    try:
        value, form = walk.affine(operand)
    except UserError:
        return None
    if zero_bits(form) > ZERO_BITS:
        return None
    return rezero(walk, value, form)


def _product(walk: Walk, a: tuple[Value, Affine], b: tuple[Value, Affine]) -> Value:
    rows, gid, shape = matched_rows(a[0], b[0])
    (s, _, low, high), (t, _, least, most) = a[1], b[1]
    ends = [end[rows[0]].astype(object) for end in (low, high)], [end[rows[1]] for end in (least, most)]
    corners = np.stack([x * y for x in ends[0] for y in ends[1]])
    lo, hi = corners.min(axis=0), corners.max(axis=0)
    if max(-lo.min(), hi.max()) >= WIDEST:
        raise UserError("a product needs more than 60 bits", remedy="quantise its operands to fewer bits")
    base = Base(shape, gid, lo.astype(np.int64), hi.astype(np.int64))
    base.handle = walk.emit(qnn.MulOp(walk.handle(a[0].base), walk.handle(b[0].base), element=element_type(base)))
    return of_base(base, s.take(rows[0]) * t.take(rows[1]), ZERO)


def joint(walk: Walk, a: SSAValue, b: SSAValue, function: Callable[[Node, Node], Node]) -> Value:
    """
    `function` of any functions of two tensors with few values, as a function of one integer.

    `code = n * q1 + q2` says both, n being the number of values of q2: `q1 = floor((code - lo2) / n)`.
    """
    x, y = walk.materialize(a), walk.materialize(b)
    (lo1, hi1), (lo2, hi2) = _whole_range(x.base), _whole_range(y.base)
    count = hi2 - lo2 + 1
    if isinstance(x.base, PairBase) or isinstance(y.base, PairBase) or (hi1 - lo1 + 1) * count > JOINT_CODES:
        names = f"'{producer(a)}' and '{producer(b)}'"
        raise UserError(
            f"combines {names}, which are not both scale * integer + bias", remedy="put quantisers in front of it"
        )
    rows, gid, shape = matched_rows(x, y)
    base = Base(
        shape, np.zeros((1,) * len(shape), np.int64), np.array([lo1 * count + lo2]), np.array([hi1 * count + hi2])
    )
    stored = walk.handle(x.base), walk.handle(y.base)
    base.handle = walk.emit(qnn.ScaledAddOp(*stored, ma=count, mb=1, element=element_type(base)))
    first = quant(Mode.FLOOR, None, None, affine(ONE / scalar(count), scalar(lo2) / scalar(-count), VAR))
    second = pair(VAR, affine(scalar(-count), ZERO, first), False)
    pieces = [
        Piece(where, function(_on(x, p, rows[0][where], first), _on(y, q, rows[1][where], second)))
        for p in x.pieces
        for q in y.pieces
        if len(where := np.flatnonzero(np.isin(rows[0], p.rows) & np.isin(rows[1], q.rows)))
    ]
    return Value(base, gid, np.zeros(len(rows[0]), np.int64), tuple(pieces))


def _whole_range(base: Base) -> tuple[int, int]:
    lo, hi = base.stored_range()
    return int(lo.min()), int(hi.max())


def _on(value: Value, piece: Piece, rows: Ints, stored: Node) -> Node:
    """The functions of `rows` of `value` with `stored` for the stored integer of its base."""
    place = np.zeros(value.rows, np.int64)
    place[piece.rows] = np.arange(len(piece.rows))
    sign = scalar(1)
    if (value.base.sign < 0).any():
        sign = coef(scalar(int(v))[0] for v in value.base.sign[value.base_rows[rows]])
    return rebuild(take(piece.expr, place[rows]), affine(sign, ZERO, stored), lambda c: c)
