"""Rules of pools."""

from collections.abc import Iterable
from fractions import Fraction

import numpy as np

from qnn_ir import maps
from qnn_ir.analysis.expr_rules import monotonicity
from qnn_ir.analysis.rational import scalar
from qnn_ir.analysis.value import Affine, Base, Ints, Value, of_base
from qnn_ir.dialects import qnn
from qnn_ir.errors import UserError
from qnn_ir.passes.integerizing.linear import rezero
from qnn_ir.passes.integerizing.walk import Deferred, Walk, element_type
from qnn_ir.passes.integerizing.weights import channels_of


def average_pool(walk: Walk, op: qnn.AveragePoolOp) -> Value:
    """A plain sum; the division joins the scale."""
    window, shape = op.window(), qnn.shape_of(op.result)
    value, form = walk.affine(op.x)
    low, high = form.lo, form.hi
    plain = tuple((n + sum(p) - k) // s + 1 for n, k, s, p in _sizes(value.shape[2:], window))
    if plain != shape[2:]:
        raise UserError("averages over windows that stick out", remedy="set ceil_mode to 0")
    if any(window.pads):
        if not op.count_include_pad.value.data:
            raise UserError("averages over the elements inside the padding only", remedy="set count_include_pad to 1")
        value, form = rezero(walk, value, form)
        low, high = np.minimum(form.lo, 0), np.maximum(form.hi, 0)
    x = channels_of(value, Affine(form.s, form.b, low, high), 1)
    taps = int(np.prod(window.kernel))
    channels = len(x.lo)
    base = Base(shape, np.arange(channels).reshape(1, -1, *(1,) * (len(shape) - 2)), x.lo * taps, x.hi * taps)
    base.handle = walk.emit(
        qnn.SumPoolOp(
            walk.handle(value.base),
            element=element_type(base),
            kernel=window.kernel,
            strides=window.strides,
            pads=window.pads,
        )
    )
    return of_base(base, x.s * scalar(Fraction(1, taps)), x.b)


def _sizes(spatial: tuple[int, ...], window: qnn.Window) -> Iterable[tuple[int, int, int, tuple[int, int]]]:
    pads = tuple(zip(window.begin(), window.end(), strict=True))
    return zip(spatial, window.kernel, window.strides, pads, strict=True)


def max_pool(walk: Walk, op: qnn.MaxPoolOp) -> Value:
    """The maximum of rising functions is the function of the maximum; falling rows are negated first."""
    value = walk.materialize(op.x, rising=True)
    directions = np.ones(value.rows, np.int64)
    for piece in value.pieces:
        directions[piece.rows] = np.broadcast_to(monotonicity(piece.expr), piece.rows.shape)
    if (directions == 0).any():
        raise UserError("reads a function that is not monotone", remedy="put a quantiser in front of it")
    stored = directions * value.base.sign[value.base_rows]
    if (stored < 0).any():
        value = _negated(walk, value, stored)
    channels = _pooled_rows(value)
    shape = qnn.shape_of(op.result)
    gid = channels.reshape(1, -1, *(1,) * (len(shape) - 2))
    window = op.window()
    pooled = qnn.MaxPoolOp(
        walk.handle(value.base),
        kernel=window.kernel,
        strides=window.strides,
        pads=window.pads,
        dilations=window.dilations,
        ceil_mode=bool(op.ceil_mode.value.data),
    )
    base = walk.base_like(value.base, shape, value.base_rows[gid], walk.emit(pooled))
    return Value(base, gid, value.base_rows, value.pieces)


def _pooled_rows(value: Value) -> Ints:
    """The row of each channel; UserError where rows differ over positions."""
    gid = np.broadcast_to(value.gid, (1, value.shape[1], *value.gid.shape[2:]))
    flat = gid.reshape(value.shape[1], -1)
    if (flat != flat[:, :1]).any():
        raise UserError("pools a tensor whose function differs between positions", remedy="quantise it per channel")
    return flat[:, 0]


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
