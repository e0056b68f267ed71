"""Rules of pools."""

from fractions import Fraction

import numpy as np
from xdsl.ir import SSAValue

from qnn_ir import maps
from qnn_ir.analysis.expr_rules import monotonicity
from qnn_ir.analysis.rational import coef
from qnn_ir.analysis.value import Affine, Base, Ints, Value, of_base
from qnn_ir.dialects import qnn
from qnn_ir.errors import UserError
from qnn_ir.passes.integerizing.linear import rezero
from qnn_ir.passes.integerizing.walk import Deferred, Walk, element_type
from qnn_ir.passes.integerizing.weights import channels_of


def average_pool(walk: Walk, op: qnn.AveragePoolOp) -> Value:
    """
    A plain sum; the division joins the scale.

    Where windows differ in size, groups differ between positions: with m elements inside the input and the divisor n,
    the mean of `s * q + b` is `s / n * sum + m / n * b`.
    """
    window, shape = op.window(), qnn.shape_of(op.result)
    value, form = walk.affine(op.x)
    low, high = form.lo, form.hi
    include = bool(op.count_include_pad.value.data)
    inside = _covered(value.shape[2:], window, shape[2:], (0,) * len(window.pads))
    divisor = _covered(value.shape[2:], window, shape[2:], window.pads if include else (0,) * len(window.pads))
    if (divisor == divisor.flat[0]).all() and (inside != divisor).any():
        # with real zeros in the padding all positions have one scale and bias
        value, form = rezero(walk, value, form)
        low, high = np.minimum(form.lo, 0), np.maximum(form.hi, 0)
        inside = divisor
    value, x = channels_of(walk, value, Affine(form.s, form.b, low, high), 1)
    kinds, kind = np.unique(np.stack([inside.ravel(), divisor.ravel()]), axis=1, return_inverse=True)
    taps, size = kinds
    channel = np.arange(len(x.lo)).reshape(1, -1, *(1,) * inside.ndim)
    gid = channel * len(taps) + (kind.reshape(inside.shape) if len(taps) > 1 else 0)
    c, k = np.divmod(np.arange(len(x.lo) * len(taps)), len(taps))
    base = Base(shape, gid, x.lo[c] * taps[k], x.hi[c] * taps[k])
    base.handle = walk.emit(
        qnn.SumPoolOp(
            walk.handle(value.base),
            element=element_type(base),
            kernel=window.kernel,
            strides=window.strides,
            pads=_reaching(value.shape[2:], window, shape[2:]),
        )
    )
    share = coef(Fraction(int(m), int(n)) for m, n in zip(taps[k], size[k], strict=True))
    mean = coef(Fraction(1, int(n)) for n in size[k])
    return of_base(base, x.s.take(c) * mean, x.b.take(c) * share)


def _covered(spatial: tuple[int, ...], window: qnn.Window, positions: tuple[int, ...], frame: tuple[int, ...]) -> Ints:
    """How many elements of the input with a `frame` of padding each window covers."""
    total: Ints = np.ones((1,) * len(spatial), np.int64)
    for axis, (size, kernel, stride, begin) in enumerate(
        zip(spatial, window.kernel, window.strides, window.begin(), strict=True)
    ):
        start = np.arange(positions[axis]) * stride - begin
        first, last = -frame[axis], size + frame[axis + len(spatial)]
        covered = np.minimum(start + kernel, last) - np.maximum(start, first)
        total = total * covered.reshape([-1 if i == axis else 1 for i in range(len(spatial))])
    return total


def _reaching(spatial: tuple[int, ...], window: qnn.Window, positions: tuple[int, ...]) -> tuple[int, ...]:
    """The pads with which exactly `positions` windows fit."""
    ends = list[int]()
    for size, kernel, stride, begin, count, end in zip(
        spatial, window.kernel, window.strides, window.begin(), positions, window.end(), strict=True
    ):
        ends.append(max(end, (count - 1) * stride + kernel - size - begin))
    return (*window.begin(), *ends)


def max_pool(walk: Walk, op: qnn.MaxPoolOp) -> Value:
    """The maximum of rising functions is the function of the maximum; falling rows are negated first."""
    value = walk.materialize(op.x, rising=True)
    channels = _pooled_rows(value)
    if channels is None:
        return _of_one_grid(walk, op)
    directions = np.ones(value.rows, np.int64)
    for piece in value.pieces:
        directions[piece.rows] = np.broadcast_to(monotonicity(piece.expr), piece.rows.shape)
    if (directions == 0).any():
        raise UserError("reads a function that is not monotone", remedy="put a quantiser in front of it")
    stored = directions * value.base.sign[value.base_rows]
    if (stored < 0).any():
        value = _negated(walk, value, stored)
    gid = channels.reshape(1, -1, *(1,) * (len(value.shape) - 2))
    pooled = _maximum(walk, op, value)
    base = walk.base_like(value.base, qnn.shape_of(op.result), value.base_rows[gid], pooled)
    return Value(base, gid, value.base_rows, value.pieces)


def _of_one_grid(walk: Walk, op: qnn.MaxPoolOp) -> Value:
    """The maximum of a tensor whose groups differ inside a window, brought to one scale and bias per channel."""
    value, form = walk.affine(op.x, rising=True)
    value, x = channels_of(walk, value, form, 1)
    if min(x.s.values) < 0:
        raise UserError("pools a tensor whose function differs between positions", remedy="quantise it per channel")
    shape = qnn.shape_of(op.result)
    gid = np.arange(len(x.lo)).reshape(1, -1, *(1,) * (len(shape) - 2))
    return of_base(Base(shape, gid, x.lo, x.hi, _maximum(walk, op, value)), x.s, x.b)


def _maximum(walk: Walk, op: qnn.MaxPoolOp, value: Value) -> SSAValue:
    """The pool of the stored integers."""
    window = op.window()
    pooled = qnn.MaxPoolOp(
        walk.handle(value.base),
        kernel=window.kernel,
        strides=window.strides,
        pads=window.pads,
        dilations=window.dilations,
        ceil_mode=bool(op.ceil_mode.value.data),
    )
    return walk.emit(pooled)


def _pooled_rows(value: Value) -> Ints | None:
    """The row of each channel; None where rows differ over positions."""
    gid = np.broadcast_to(value.gid, (1, value.shape[1], *value.gid.shape[2:]))
    flat = gid.reshape(value.shape[1], -1)
    return None if (flat != flat[:, :1]).any() else flat[:, 0]


def _negated(walk: Walk, value: Value, stored: Ints) -> Value:
    """The base with the sign of falling groups changed: in the weights if they are still open, else by a map."""
    base = value.base
    sign = np.ones(len(base.lo), np.int64)
    np.minimum.at(sign, value.base_rows, stored)
    if isinstance(base.handle, Deferred) and bool(base.handle.may_flip(sign < 0)[sign < 0].all()):
        base.sign = base.sign * sign
        return value
    negated = Base(base.shape, base.gid, base.lo, base.hi)
    negated.sign = base.sign * sign
    low, high = negated.stored_range()
    function = maps.Requant(sign, np.zeros_like(sign), 0, "floor", int(low.min()), int(high.max()))
    negated.handle = walk.map_op(base, function, base.gid, negated)
    return Value(negated, value.gid, value.base_rows, value.pieces)
