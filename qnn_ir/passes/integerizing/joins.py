"""Joins of tensors with bases of their own: sums, and concatenation."""

from collections.abc import Sequence
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray
from xdsl.ir import SSAValue

from qnn_ir import maps
from qnn_ir.analysis.align import (
    EXACT_BITS,
    WIDE_EXACT_BITS,
    WIDEST_EXACT_BITS,
    Operand,
    PairBase,
    both_wide,
    exact_multipliers,
)
from qnn_ir.analysis.expr import ONE, REAL, VAR, ZERO, affine, peel
from qnn_ir.analysis.rational import Coef, coef, scalar
from qnn_ir.analysis.value import Affine, Base, Piece, Value, affine_form, constant, constant_numbers, of_base
from qnn_ir.dialects import qnn
from qnn_ir.errors import UserError
from qnn_ir.passes.integerizing.walk import Deferred, Walk, element_type, matched_rows, parameter
from qnn_ir.passes.integerizing.weights import weights_of

Ints = NDArray[np.int64]
LARGEST_CONSTANT = 1 << 12
"""Different numbers of a constant that is not quantised."""


class _Side:
    """One operand of a sum, its rows matched to those of the result."""

    def __init__(self, value: Value, form: Affine, rows: Ints, sign: int):
        self.value, self.rows = value, rows
        self.operand = Operand(form.lo[rows], form.hi[rows], form.s.take(rows) * scalar(sign))
        self.bias = form.b.take(rows) * scalar(sign)


def add_values(walk: Walk, a: SSAValue, b: SSAValue, sign: int) -> Value:
    """`a + sign * b` of two tensors."""
    first, second = walk.affine(a), walk.affine(b)
    return add_affine(walk, first, second, sign)


def add_affine(walk: Walk, a: tuple[Value, Affine], b: tuple[Value, Affine], sign: int = 1) -> Value:
    """The sum of two scaled integer tensors: exact multipliers if small, else multipliers that keep the order."""
    rows, gid, shape = matched_rows(a[0], b[0])
    x, y = _Side(*a, rows[0], 1), _Side(*b, rows[1], sign)
    bias = x.bias + y.bias
    if found := exact_multipliers(x.operand, y.operand, EXACT_BITS):
        return _exact(walk, x, y, shape, gid, found, bias)
    if both_wide(x.operand, y.operand) and (found := exact_multipliers(x.operand, y.operand, WIDE_EXACT_BITS)):
        return _exact(walk, x, y, shape, gid, found, bias)
    base = PairBase(shape, gid, x.operand, y.operand, (x, y))
    base.handle = Deferred(lambda _: _emit_sum(walk, x, y, base.p, base.q, base, gid), np.zeros_like, walk.origin)
    groups = np.arange(len(rows[0]))
    return Value(base, gid, groups, (Piece(groups, affine(ONE, bias, REAL)),))


def exact_sum(walk: Walk, value: Value) -> Value:
    """A sum that something else than a monotone map reads: on the common unit of its scales."""
    base = value.base
    form = affine_form(_as_stored(value))
    found = None
    if isinstance(base, PairBase) and isinstance(base.handle, Deferred):
        found = exact_multipliers(base.a, base.b, WIDEST_EXACT_BITS)
    if not isinstance(base, PairBase) or form is None or found is None:
        raise UserError(
            "reads a sum of two tensors whose scales have no small common unit",
            remedy="quantise the sum, or give both operands one scale",
        )
    x, y = base.sides
    inner = affine_form(exact := _exact(walk, x, y, base.shape, base.gid, found, ZERO))
    assert inner is not None
    rows = np.arange(value.rows)
    expr = affine(form.s * inner.s.take(value.base_rows), form.b, VAR)
    return Value(exact.base, value.gid, value.base_rows, (Piece(rows, expr),))


def _as_stored(value: Value) -> Value:
    """`value` with its real variable taken for an integer, to read off its affine form."""
    pieces = list[Piece]()
    for piece in value.pieces:
        s, b, root = peel(piece.expr)
        pieces.append(Piece(piece.rows, affine(s, b, VAR if root is REAL else root)))
    return value.with_pieces(pieces)


def _exact(
    walk: Walk,
    x: _Side,
    y: _Side,
    shape: tuple[int, ...],
    gid: Ints,
    found: tuple[Ints, Ints, tuple[Fraction, ...]],
    bias: Coef,
) -> Value:
    m1, m2, units = found
    low, high = np.zeros(len(m1), np.int64), np.zeros(len(m1), np.int64)
    for m, side in ((m1, x.operand), (m2, y.operand)):
        ends = m * side.lo, m * side.hi
        low, high = low + np.minimum(*ends), high + np.maximum(*ends)
    base = Base(shape, gid, low, high)
    base.handle = _emit_sum(walk, x, y, m1, m2, base, gid)
    return of_base(base, coef(units), bias)


def _emit_sum(walk: Walk, x: _Side, y: _Side, m1: Ints, m2: Ints, base: Base, gid: Ints) -> SSAValue:
    """`m1 * x + m2 * y`; multipliers that differ between rows are maps in front of a plain sum."""
    handles = [walk.handle(x.value.base), walk.handle(y.value.base)]
    factors = [1, 1]
    for i, (side, m) in enumerate(((x, m1), (y, m2))):
        if (m == m[0]).all():
            factors[i] = int(m[0])
        else:
            handles[i] = _multiply(walk, side, m, base, gid)
    element = element_type(base)
    if factors == [1, 1]:
        return walk.emit(qnn.AddOp(handles[0], handles[1], element=element))
    return walk.emit(qnn.ScaledAddOp(handles[0], handles[1], ma=factors[0], mb=factors[1], element=element))


def _multiply(walk: Walk, side: _Side, m: Ints, base: Base, gid: Ints) -> SSAValue:
    if side.value.shape != base.shape:
        raise UserError("adds tensors of different shapes with scales per channel", remedy="use one scale per tensor")
    ends = m * side.operand.lo, m * side.operand.hi
    result = Base(base.shape, gid, np.minimum(*ends), np.maximum(*ends))
    function = maps.Requant(m, np.zeros_like(m), 0, "floor", int(result.lo.min()), int(result.hi.max()))
    return walk.map_op(side.value.base, function, gid, result)


def concat(walk: Walk, op: qnn.ConcatOp) -> Value:
    """Every group keeps its own scale and range: nothing is aligned."""
    operands: Sequence[SSAValue] = op.inputs
    if all(walk.value(o).is_constant for o in operands):
        return _constant_concat(walk, op)
    found = [_stored(walk, o) for o in operands]
    starts = np.cumsum([0, *(v.rows for v, _ in found)])
    arrays = [np.broadcast_to(v.gid, v.shape) + start for (v, _), start in zip(found, starts, strict=False)]
    gid = op.move(*arrays)
    low, high = (np.concatenate([getattr(f, end) for _, f in found]) for end in ("lo", "hi"))
    base = Base(gid.shape, gid, low, high)
    base.handle = walk.emit(qnn.ConcatOp([walk.handle(v.base) for v, _ in found], op.axis.value.data))
    s = coef(n for v, f in found for n in f.s.expand(v.rows))
    b = coef(n for v, f in found for n in f.b.expand(v.rows))
    return of_base(base, s, b)


def _constant_concat(walk: Walk, op: qnn.ConcatOp) -> Value:
    """Constants as the numbers that they are."""
    parts = list[NDArray[np.float64]]()
    for operand in op.inputs:
        shape, numbers = parameter(walk, operand)
        if not numbers.exact:
            raise UserError("concatenates constants that are no floats", remedy="fold them in the exported file")
        parts.append(np.broadcast_to(numbers.floats[:, 0], (int(np.prod(shape)),)).reshape(shape))
    return constant(op.move(*parts))


def _stored(walk: Walk, operand: SSAValue) -> tuple[Value, Affine]:
    """`operand` as scaled integers; a constant becomes stored integers like any other tensor."""
    value = walk.value(operand)
    if not value.is_constant:
        return walk.affine(operand)
    try:
        weights = weights_of(value, 1 if len(value.shape) > 1 else 0)
    except UserError:
        return _numbers(walk, value)
    ids = np.broadcast_to(weights.ids, value.shape).ravel()
    groups, place = np.unique(ids, return_inverse=True)
    lo, hi = np.full(len(groups), np.iinfo(np.int64).max), np.full(len(groups), np.iinfo(np.int64).min)
    np.minimum.at(lo, place, weights.q.ravel())
    np.maximum.at(hi, place, weights.q.ravel())
    base = Base(value.shape, place.reshape(value.shape), lo, hi, walk.emit(qnn.ConstantOp(weights.q)))
    result = of_base(base, weights.s.take(groups), ZERO)
    form = affine_form(result)
    assert form is not None
    return result, form


def _numbers(walk: Walk, value: Value) -> tuple[Value, Affine]:
    """A constant without a grid: zeros, a group for each number that occurs."""
    numbers = constant_numbers(value).expand(int(np.prod(value.shape)))
    known = {number: group for group, number in enumerate(dict.fromkeys(numbers))}
    if len(known) > LARGEST_CONSTANT:
        raise UserError(f"joins a constant of {len(known)} different numbers", remedy="quantise the constant")
    gid = np.array([known[number] for number in numbers]).reshape(value.shape)
    zeros = np.zeros(len(known), np.int64)
    base = Base(value.shape, gid, zeros, zeros, walk.emit(qnn.ConstantOp(np.zeros(value.shape, np.int64))))
    form = Affine(ZERO, coef(known), zeros, zeros)
    return of_base(base, form.s, form.b), form
