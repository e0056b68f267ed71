"""Minifloats as scaled integers: every number of the format is a multiple of its smallest step."""

from fractions import Fraction

import numpy as np

from qnn_ir.analysis.transfer import Constant, number, scale_shift
from qnn_ir.analysis.value import Value, constant
from qnn_ir.dialects import qnn
from qnn_ir.errors import UserError


def float_quant(x: Value, scale: Constant, op: qnn.FloatQuantOp) -> Value:
    """A constant on its minifloat grid; activations have no integer map of reasonable size."""
    data = x.base.data
    if data is None or len(scale.numbers) > 1 or op.rounding.data != qnn.Rounding.HALF_EVEN:
        raise UserError("is a minifloat quantiser inside the network", remedy="quantise activations to integers")
    unit, limit = grid(op)
    mantissa, bias = op.mantissa_bits.value.data, op.exponent_bias.value.data
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
