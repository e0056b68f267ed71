"""
Elementwise operators and quantisers as functions on `Value`s: one rule per operator.

Scales and zero points are constants that broadcast against the tensor; each comes as `(shape, Coef)`.
"""

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from qnn_ir.analysis.expr import ONE, ZERO, Fn, Node, affine, clip, clip_stays_integral, count, leaky, pair, quant
from qnn_ir.analysis.expr_rules import take
from qnn_ir.analysis.rational import Coef, batch_norm_slope, coef, scalar, sqrt_dyadic
from qnn_ir.analysis.rounding import Mode
from qnn_ir.analysis.value import Piece, Shape, Value, pointwise, refine, with_constants
from qnn_ir.errors import UserError

HALF = scalar(Fraction(1, 2))


class Constant(NamedTuple):
    """Exact numbers: one per element of an array of `shape`, or one for all."""

    shape: Shape
    numbers: Coef


def number(value: float | Fraction) -> Constant:
    """The same number everywhere."""
    return Constant((), scalar(value))


def with_(value: Value, constants: Sequence[Constant], function: Callable[..., Node]) -> Value:
    """`function(expr, *coefs)` with constants of different shapes."""
    shape = np.broadcast_shapes(*(c.shape for c in constants))
    coefs = [_spread(c, shape) for c in constants]
    return with_constants(value, shape, coefs, function)


def _spread(constant: Constant, shape: Shape) -> Coef:
    if len(constant.numbers) == 1 or constant.shape == shape:
        return constant.numbers
    index = np.arange(len(constant.numbers)).reshape(constant.shape)
    return constant.numbers.take(np.broadcast_to(index, shape).ravel())


def scale_shift(value: Value, s: Constant, b: Constant) -> Value:
    """`s * x + b`."""
    return with_(value, (s, b), _affine)


def _affine(x: Node, s: Coef, b: Coef) -> Node:
    return affine(s, b, x)


def batch_norm(
    value: Value, gamma: Coef, beta: Coef, mean: Coef, variance: Coef, epsilon: float, shape: Shape
) -> Value:
    """`A * (x - mean) + beta` with `A = gamma / sqrt(variance + epsilon)`: exact where x is the mean."""
    slope = batch_norm_slope(gamma, variance, Fraction(epsilon))
    # in rationals A * mean cancels exactly where x is the mean
    return with_constants(value, shape, (slope, beta - slope * mean), _affine)


def clip_value(value: Value, lo: Coef | None, hi: Coef | None) -> Value:
    """`min(max(x, lo), hi)`, the rows split into those that stay scaled integers and the others."""
    pieces = list[Piece]()
    for piece in value.pieces:
        mask = clip_stays_integral(lo, hi, piece.expr)
        mask = None if mask is None else np.broadcast_to(mask, piece.rows.shape)
        if mask is None or mask.all() or not mask.any():
            pieces.append(Piece(piece.rows, clip(lo, hi, piece.expr)))
            continue
        for part in (np.flatnonzero(mask), np.flatnonzero(~mask)):
            pieces.append(Piece(piece.rows[part], clip(lo, hi, take(piece.expr, part))))
    return value.with_pieces(pieces)


def leaky_value(value: Value, slope: Constant) -> Value:
    """`x` where x >= 0, else `slope * x`."""

    def function(x: Node, a: Coef) -> Node:
        return leaky(a, x)

    return with_(value, (slope,), function)


def quantise(value: Value, scale: Constant, zero: Constant, mode: Mode, bounds: tuple[float, float]) -> Value:
    """QONNX `Quant`: the zero point is inside the rounding, the bounds may be fractional."""
    lo, hi = scalar(bounds[0]), scalar(bounds[1])

    def function(x: Node, s: Coef, z: Coef) -> Node:
        return affine(s, -s * z, quant(mode, lo, hi, affine(ONE / s, z, x)))

    return with_(value, (scale, zero), function)


def bipolar(value: Value, scale: Constant, zero: Constant) -> Value:
    """`scale * (+1 if x >= 0 else -1)` as q in {0, 1} with scale 2s and bias -s; the sign counts after division."""

    def function(x: Node, s: Coef, z: Coef) -> Node:
        return affine(s + s, -s, count(np.zeros((1, 1)), affine(ONE, z, x)))

    return with_(value, (scale, zero), function)


def bipolar_one_bit(value: Value, scale: Constant, zero: Constant) -> Value:
    """QONNX `Quant` of one signed bit: `scale * (sign(x / scale + zero) - zero)`."""

    def function(x: Node, s: Coef, z: Coef) -> Node:
        return affine(s + s, -s - s * z, count(np.zeros((1, 1)), affine(ONE / s, z, x)))

    return with_(value, (scale, zero), function)


def quantise_linear(value: Value, scale: Constant, zero: Constant, lo: int, hi: int) -> Value:
    """ONNX `QuantizeLinear`: the zero point is outside the rounding."""

    def function(x: Node, s: Coef, z: Coef) -> Node:
        low, high = scalar(lo) - z, scalar(hi) - z
        return affine(ONE, z, quant(Mode.HALF_EVEN, low, high, affine(ONE / s, ZERO, x)))

    return with_(value, (scale, zero), function)


def dequantise_linear(value: Value, scale: Constant, zero: Constant) -> Value:
    """ONNX `DequantizeLinear`."""

    def function(x: Node, s: Coef, z: Coef) -> Node:
        return affine(s, -s * z, x)

    return with_(value, (scale, zero), function)


class TruncSpec(NamedTuple):
    """What `Trunc` keeps: `bounds` are those of version 2, None for version 1."""

    mode: Mode
    in_bits: float
    out_bits: float
    bounds: tuple[float, float] | None


def truncate(value: Value, scale: Constant, zero: Constant, out: Constant | None, spec: TruncSpec) -> Value:
    """QONNX `Trunc` of version 1 (no `out` scale) or 2."""

    def function(x: Node, s: Coef, z: Coef, so: Coef) -> Node:
        whole = quant(Mode.HALF_EVEN, None, None, affine(ONE / s, z, x))
        if spec.bounds is None:
            step = scalar(Fraction(2) ** Fraction(spec.in_bits - spec.out_bits))
            return affine(s, -z * s, quant(spec.mode, None, None, affine(ONE / step, ZERO, whole)))
        step = _nearest_power(so / s)
        lo, hi = scalar(spec.bounds[0]), scalar(spec.bounds[1])
        return affine(so, -(z / step) * so, quant(spec.mode, lo, hi, affine(ONE / step, ZERO, whole)))

    return with_(value, (scale, zero, out or scale), function)


def _nearest_power(ratio: Coef) -> Coef:
    return coef(Fraction(2) ** round(float(np.log2(float(v)))) for v in ratio.values)


def multi_threshold(value: Value, thresholds: NDArray[np.float64], axis: int, scale: float, bias: float) -> Value:
    """QONNX `MultiThreshold`: `scale * #{t : x >= thresholds[c, t]} + bias`."""
    if np.isnan(thresholds).any():
        raise UserError("a threshold is NaN", remedy="export the network again")
    table = np.sort(thresholds.astype(np.float64), axis=1)
    if table.shape[0] == 1:
        return value.apply(lambda x: affine(scalar(scale), scalar(bias), count(table, x)))
    shape = [1] * len(value.shape)
    shape[axis] = table.shape[0]
    value, chosen = refine(value, np.arange(table.shape[0], dtype=np.int64).reshape(shape), table.shape[0])
    pieces = [
        Piece(p.rows, affine(scalar(scale), scalar(bias), count(table[chosen[p.rows]], p.expr))) for p in value.pieces
    ]
    return value.with_pieces(pieces)


def unary(value: Value, name: str, params: tuple[float, ...]) -> Value:
    """The functions of `qnn.unary`."""
    exact = tuple(Fraction(p) for p in params)
    if name in ("hard_sigmoid", "hard_swish"):
        alpha, beta = exact if name == "hard_sigmoid" else (Fraction(1, 6), Fraction(1, 2))
        gate = clip_value(value.apply(lambda x: affine(scalar(alpha), scalar(beta), x)), ZERO, ONE)
        return gate if name == "hard_sigmoid" else _product(value, gate)
    rule = _RULES.get(name)
    return value.apply(lambda x: rule(x, exact) if rule else Fn(x, name, exact))


def _product(a: Value, b: Value) -> Value:
    return pointwise(a, b, _times)


def _times(x: Node, gate: Node) -> Node:
    return pair(x, gate, True)


def _negate(x: Node) -> Node:
    return affine(scalar(-1), ZERO, x)


def _gelu(x: Node, inner: Node) -> Node:
    return _times(x, affine(HALF, HALF, inner))


def _rounding(mode: Mode) -> Callable[[Node, tuple[Fraction, ...]], Node]:
    return lambda x, _: quant(mode, None, None, x)


def _sign(x: Node, _: tuple[Fraction, ...]) -> Node:
    """`[x >= 0] - [-x >= 0]`."""
    zero = np.zeros((1, 1))
    return pair(count(zero, x), _negate(count(zero, _negate(x))), False)


def _celu(x: Node, p: tuple[Fraction, ...]) -> Node:
    """`alpha * elu(x / alpha)` with slope 1 below as above."""
    return affine(scalar(p[0]), ZERO, Fn(affine(scalar(1 / p[0]), ZERO, x), "elu", (Fraction(1),)))


def _softsign(x: Node, _: tuple[Fraction, ...]) -> Node:
    return _times(x, Fn(affine(ONE, ONE, leaky(scalar(-1), x)), "reciprocal", ()))


def _gelu_tanh(x: Node, _: tuple[Fraction, ...]) -> Node:
    cube = _times(_times(x, x), affine(scalar(Fraction(44715, 10**6)), ZERO, x))
    return _gelu(x, Fn(affine(_ROOT_2_PI, ZERO, pair(x, cube, False)), "tanh", ()))


def _thresholded(x: Node, p: tuple[Fraction, ...]) -> Node:
    """`x * [x > alpha]`."""
    below = count(np.zeros((1, 1)), affine(scalar(-1), scalar(p[0]), x))
    return _times(x, affine(scalar(-1), ONE, below))


def _irrational(value: Fraction) -> Coef:
    return Coef((sqrt_dyadic(value)[0],), True)


_ROOT_HALF = _irrational(Fraction(1, 2))
# sqrt(2 / pi): pi to 350 bits
_PI = Fraction(
    int("3141592653589793238462643383279502884197169399375105820974944592307816406286208998628034825342117067982148"),
    10**105,
)
_ROOT_2_PI = _irrational(2 / _PI)

_RULES: dict[str, Callable[[Node, tuple[Fraction, ...]], Node]] = {
    "neg": lambda x, _: _negate(x),
    "abs": lambda x, _: leaky(scalar(-1), x),
    "floor": _rounding(Mode.FLOOR),
    "ceil": _rounding(Mode.CEIL),
    "round": _rounding(Mode.HALF_EVEN),
    "sign": _sign,
    "silu": lambda x, _: _times(x, Fn(x, "sigmoid", ())),
    "mish": lambda x, _: _times(x, Fn(Fn(x, "softplus", ()), "tanh", ())),
    "gelu": lambda x, _: _gelu(x, Fn(affine(_ROOT_HALF, ZERO, x), "erf", ())),
    "gelu_tanh": _gelu_tanh,
    "celu": _celu,
    "softsign": _softsign,
    "thresholded_relu": _thresholded,
}
