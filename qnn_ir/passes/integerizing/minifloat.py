"""Minifloats as scaled integers: every number of the format is a multiple of its smallest step."""

from fractions import Fraction

import numpy as np

from qnn_ir.analysis.expr import ZERO, Node, affine, pair, quant
from qnn_ir.analysis.rational import scalar
from qnn_ir.analysis.rounding import Mode
from qnn_ir.analysis.transfer import Constant, number, scale_shift
from qnn_ir.analysis.value import Value, constant, finite_data
from qnn_ir.dialects import qnn
from qnn_ir.errors import UserError

WIDEST = 20
"""Bits of the grid of a minifloat inside the network: e4m3 takes 19."""


def float_quant(x: Value, scale: Constant, op: qnn.FloatQuantOp) -> Value:
    """
    A constant on its minifloat grid; of anything else a sum with one integer quantiser per exponent and sign.

    Between two powers of two the grid is even, and what lies beyond them saturates:
    `sum over e of step_e * round(clip(v, begin_e, end_e) / step_e) - begin_e`.
    """
    if op.rounding.data != qnn.Rounding.HALF_EVEN:
        raise UserError("is a minifloat quantiser that does not round half to even", remedy="round to the nearest")
    unit, limit = grid(op)
    if x.is_constant and len(scale.numbers) == 1:
        return _constant(x, scale, op)
    if (width := int(limit / unit).bit_length() + 1) > WIDEST:
        raise UserError(
            f"is a minifloat quantiser inside the network whose grid takes {width} bits",
            remedy=f"use formats of at most {WIDEST} bits (e4m3, e3m2, e2m1), or integers",
        )
    parts = _exponents(op)
    inverse = Constant(scale.shape, scalar(1) / scale.numbers)
    units = scale_shift(x, inverse, number(0)).apply(lambda v: _sum(parts, affine(scalar(1 / unit), ZERO, v)))
    return scale_shift(units, Constant(scale.shape, scale.numbers * scalar(unit)), number(0))


def _exponents(op: qnn.FloatQuantOp) -> list[tuple[int, int, int]]:
    """Step, begin and end in units of the grid of each range of numbers with one exponent, up to the largest number."""
    unit, limit = grid(op)
    largest, mantissa = int(Fraction(limit) / unit), int(op.mantissa_bits.value.data)
    parts, begin, end, step = list[tuple[int, int, int]](), 0, 2 << mantissa, 1
    while begin < largest:
        parts.append((step, begin, min(end, largest)))
        begin, end, step = end, 2 * end, 2 * step
    if largest * unit != Fraction(limit) or largest % parts[-1][0]:
        raise UserError(f"saturates at {limit:g}, which its format does not have", remedy="use a number of the format")
    return parts


def _sum(parts: list[tuple[int, int, int]], v: Node) -> Node:
    """What the ranges of both signs contribute; `v` in units of the grid."""
    total: Node | None = None
    for step, begin, end in parts:
        for sign in (1, -1):
            low, high = sorted((sign * begin, sign * end))
            lo, hi = scalar(Fraction(low, step)), scalar(Fraction(high, step))
            rounded = quant(Mode.HALF_EVEN, lo, hi, affine(scalar(Fraction(1, step)), ZERO, v))
            part = affine(scalar(step), scalar(-sign * begin), rounded)
            total = part if total is None else pair(total, part, False)
    assert total is not None
    return total


def _constant(x: Value, scale: Constant, op: qnn.FloatQuantOp) -> Value:
    unit, limit = grid(op)
    data, mantissa, bias = finite_data(x), op.mantissa_bits.value.data, op.exponent_bias.value.data
    s = float(scale.numbers[0])
    v = data / s
    with np.errstate(divide="ignore"):
        exponent = np.floor(np.log2(np.abs(v)))
    step = np.exp2(np.maximum(exponent - mantissa, 1 - bias - mantissa))
    points = np.clip(np.rint(v / step) * step, -limit, limit)
    integers = np.rint(points / float(unit)).astype(np.int64)
    return scale_shift(constant(integers), number(unit * scale.numbers[0]), number(0))


def grid(op: qnn.FloatQuantOp) -> tuple[Fraction, float]:
    """The smallest step of the format, and its largest number."""
    exponent = 1 - op.exponent_bias.value.data - op.mantissa_bits.value.data
    if exponent != int(exponent):
        raise UserError("has a fractional exponent bias or mantissa", remedy="use whole numbers of bits")
    return Fraction(2) ** int(exponent), op.max_value.value.data
