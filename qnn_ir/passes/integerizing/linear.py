"""Rules of linear operators and pools."""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import IntegerType
from xdsl.ir import Operation, SSAValue

from qnn_ir.analysis import transfer
from qnn_ir.analysis.integer_ranges import dot_range, partial_dot_range
from qnn_ir.analysis.rational import Coef, coef, scalar
from qnn_ir.analysis.value import Affine, Base, Value, affine_form, of_base
from qnn_ir.dialects import qnn
from qnn_ir.errors import UserError
from qnn_ir.int_types import value_range, width_of
from qnn_ir.passes.integer_form import tap_phases
from qnn_ir.passes.integerizing.conv_borders import border_bias, near_zero
from qnn_ir.passes.integerizing.joins import add_affine
from qnn_ir.passes.integerizing.walk import Deferred, Walk, element_type, parameter, shifted
from qnn_ir.passes.integerizing.weights import Dot, Range, channels_of, dots, weights_of

Ints = NDArray[np.int64]
ZERO_BITS = 24
PAD_BITS = 8
"""Wider factors cost more than a bias per kind of border."""
Build = Callable[[SSAValue, SSAValue, IntegerType], Operation]


@dataclass(eq=False)
class Layer:
    """A linear operator: how its weights look as (outputs, inputs, taps), and how it is emitted."""

    shape: tuple[int, ...]
    gid: Ints  # the number of the output, broadcastable to the result
    weight_axis: int  # of the output channels in the weights
    canonical: Callable[[Ints], Ints]
    original: Callable[[Ints], Ints]
    channel: Ints  # (outputs, inputs) -> input channel
    build: Build
    range_of: Range = dot_range


def matmul(walk: Walk, op: qnn.MatMulOp) -> Value:
    """`a @ b`, either operand constant."""
    left = walk.value(op.a).is_constant
    x, w = (op.b, op.a) if left else (op.a, op.b)
    constant = walk.value(w)
    if not constant.is_constant:
        raise UserError("multiplies two activations", remedy="make one of them a constant")
    if len(constant.shape) < 2 or len(qnn.shape_of(x)) < 2:
        raise UserError("multiplies by a vector", remedy="use a matrix of one row or column")
    *batch, rows, columns = constant.shape
    inputs, outputs = (columns, rows) if left else (rows, columns)

    def canonical(a: Ints) -> Ints:
        full = np.broadcast_to(a, constant.shape)
        return (full if left else np.swapaxes(full, -1, -2)).reshape(-1, inputs, 1)

    def original(a: Ints) -> Ints:
        full = a.reshape(*batch, outputs, inputs)
        return full if left else np.ascontiguousarray(np.swapaxes(full, -1, -2))

    count = outputs * int(np.prod(batch))
    layer = Layer(
        qnn.shape_of(op.result),
        np.arange(count).reshape(*batch, *((outputs, 1) if left else (1, outputs))),
        len(batch) + (0 if left else 1),
        canonical,
        original,
        np.broadcast_to(np.arange(inputs), (count, inputs)),
        lambda q, w, t: qnn.MatMulOp(w, q, element=t) if left else qnn.MatMulOp(q, w, element=t),
    )
    value, form = walk.affine(x)
    return _linear(walk, layer, value, form, constant, len(value.shape) - (2 if left else 1))


def _channels(shape: tuple[int, ...]) -> Ints:
    """The number of the output channel, axis 1 of `shape`, broadcastable to it."""
    return np.arange(shape[1]).reshape(1, -1, *(1,) * (len(shape) - 2))


def conv(walk: Walk, op: qnn.ConvOp) -> Value:
    """Convolution; the padding is the stored integer that means zero."""
    constant = walk.value(op.w)
    value, form = walk.affine(op.x)
    pad, takes_back = 0, False
    if any(op.window().pads):
        value, form, pad = _padded(walk, value, form)
        takes_back = not pad and not form.b.is_constant(0)
    outputs, inputs = constant.shape[:2]
    group = op.group.value.data
    window = op.window()

    def build(q: SSAValue, w: SSAValue, t: IntegerType) -> Operation:
        return qnn.ConvOp(
            q,
            w,
            strides=window.strides,
            pads=window.pads,
            dilations=window.dilations,
            group=group,
            pad_value=pad,
            element=t,
        )

    layer = Layer(
        qnn.shape_of(op.result),
        _channels(qnn.shape_of(op.result)),
        0,
        lambda a: a.reshape(*a.shape[:2], -1),
        lambda a: a.reshape(outputs, inputs, *window.kernel),
        (np.arange(outputs) // (outputs // group) * inputs)[:, None] + np.arange(inputs),
        build,
    )
    total = _linear(walk, layer, value, form, constant, 1)
    if takes_back:
        total = transfer.scale_shift(total, transfer.number(1), border_bias(walk, op, value, form, constant))
    return _biased(walk, total, op.bias)


def _padded(walk: Walk, value: Value, form: Affine) -> tuple[Value, Affine, int]:
    """The stored integer of zero; where there is no common one, the tensor is rescaled or shifted so that it is 0."""
    pad = 0
    if len(form.s) == len(form.b) == 1 and form.s[0] and (zero := -form.b[0] / form.s[0]).denominator == 1:
        pad = int(zero)
    elif zero_bits(form) > PAD_BITS:
        value, form = near_zero(walk, value, form)
    else:
        value, form = rezero(walk, value, form)
    widened = Affine(form.s, form.b, np.minimum(form.lo, pad), np.maximum(form.hi, pad))
    return value, widened, pad


def zero_bits(form: Affine) -> int:
    """How wide the factors are that make the stored 0 mean zero, see `rezero`."""
    ratios = offsets(form.s, form.b)
    return max((max(abs(v.numerator).bit_length(), v.denominator.bit_length()) for v in ratios), default=0)


def offsets(s: Coef, b: Coef) -> list[Fraction]:
    """`b / s` per row or once for all, 0 where the tensor is constant."""
    count = max(len(s), len(b))
    return [q / p if p else Fraction(0) for p, q in zip(s.expand(count), b.expand(count), strict=True)]


def rezero(walk: Walk, value: Value, form: Affine) -> tuple[Value, Affine]:
    """Rescaled per row so that the stored 0 means zero: `b / s = p / r`, `q' = r * q + p`; a constant b is 1 or 0."""
    if form.b.is_constant(0):
        return value, form
    if zero_bits(form) > ZERO_BITS:
        raise UserError(
            "pads with zero, which is no integer of its input's scale and bias",
            remedy="put a quantiser in front of it",
        )
    ratios = Coef(tuple(offsets(form.s, form.b))).expand(value.rows)
    r, p, s = (np.empty(value.rows, np.int64), np.empty(value.rows, np.int64), list[Fraction]())
    for row, (ratio, scale, bias) in enumerate(
        zip(ratios, form.s.expand(value.rows), form.b.expand(value.rows), strict=True)
    ):
        r[row], p[row] = (ratio.denominator, ratio.numerator) if scale else (0, bool(bias))
        s.append(scale / ratio.denominator if scale else bias or Fraction(1))
    value = shifted(walk, value, form, r, p, coef(s, form.s.approximate), scalar(0))
    found = affine_form(value)
    assert found is not None
    return value, found


def conv_transpose(walk: Walk, op: qnn.ConvTransposeOp) -> Value:
    """Transposed convolution: an output sees the taps of its phase only."""
    constant = walk.value(op.w)
    value, form = walk.affine(op.x)
    value, form = rezero(walk, value, form)
    group, window = op.group.value.data, op.window()
    inputs, outputs = constant.shape[0] // group, constant.shape[1]

    def canonical(a: Ints) -> Ints:
        full = np.broadcast_to(a, a.shape if a.shape[0] > 1 else constant.shape)
        return full.reshape(group, inputs, outputs, -1).transpose(0, 2, 1, 3).reshape(group * outputs, inputs, -1)

    def original(a: Ints) -> Ints:
        return a.reshape(group, outputs, inputs, -1).transpose(0, 2, 1, 3).reshape(constant.shape)

    def build(q: SSAValue, w: SSAValue, t: IntegerType) -> Operation:
        return qnn.ConvTransposeOp(
            q,
            w,
            strides=window.strides,
            pads=window.pads,
            dilations=window.dilations,
            output_padding=op.output_padding.get_values(),
            group=group,
            element=t,
        )

    channel = np.repeat(np.arange(group) * inputs, outputs)[:, None] + np.arange(inputs)
    phases = tap_phases(window)
    layer = Layer(
        qnn.shape_of(op.result),
        _channels(qnn.shape_of(op.result)),
        1,
        canonical,
        original,
        channel,
        build,
        lambda w, lo, hi: partial_dot_range(w, lo, hi, phases),
    )
    return _biased(walk, _linear(walk, layer, value, form, constant, 1), op.bias)


def _biased(walk: Walk, value: Value, bias: SSAValue | None) -> Value:
    if bias is None:
        return value
    numbers = parameter(walk, bias)
    shape = (len(value.shape) - 2) * (1,)
    return transfer.scale_shift(value, transfer.number(1), transfer.Constant((*numbers.shape, *shape), numbers.numbers))


def _linear(walk: Walk, layer: Layer, value: Value, form: Affine, constant: Value, axis: int) -> Value:
    """All accumulators of the layer, summed."""
    weights = weights_of(constant, layer.weight_axis)
    value, x = channels_of(walk, value, form, axis)
    ids = weights.ids if weights.ids.size == 1 else np.broadcast_to(weights.ids, weights.q.shape)
    ids = ids.reshape(1, 1, 1) if ids.size == 1 else layer.canonical(ids)
    found, bias = dots(layer.canonical(weights.q), ids, weights.s, x, layer.channel, layer.range_of)
    if not found:
        raise UserError("has weights that are all zero", remedy="remove the layer")
    total = _accumulator(walk, layer, value, found[0], bias)
    for dot in found[1:]:
        other = _accumulator(walk, layer, value, dot, scalar(0))
        if (form_a := affine_form(total)) is None or (form_b := affine_form(other)) is None:
            raise UserError(
                "reads more than two tensors of unequal scales", remedy="give the concatenated tensors one scale"
            )
        total = add_affine(walk, (total, form_a), (other, form_b))
    return total


def _accumulator(walk: Walk, layer: Layer, value: Value, dot: Dot, bias: Coef) -> Value:
    gid = layer.gid.reshape((1,) * (len(layer.shape) - layer.gid.ndim) + layer.gid.shape)
    base = Base(layer.shape, gid, dot.lo, dot.hi)

    def emit(base: Base) -> SSAValue:
        w = layer.original(dot.w * base.sign[:, None, None])
        weights = walk.emit(qnn.ConstantOp(w))
        return walk.emit(layer.build(walk.handle(value.base), weights, element_type(base)))

    lowest, highest = value_range(*width_of(int(dot.w.min()), int(dot.w.max())))

    def may_flip(falling: NDArray[np.bool_]) -> NDArray[np.bool_]:
        # -2^(b-1) has no negative in b bits
        fits = (-dot.w.min(axis=(1, 2)) <= highest) & (-dot.w.max(axis=(1, 2)) >= lowest)
        return falling & fits

    base.handle = Deferred(emit, may_flip, walk.origin)
    return of_base(base, dot.s, bias)
