"""Minifloats as scaled integers: every number of the format is a multiple of its smallest step."""

from fractions import Fraction

import numpy as np

from qnn_ir.analysis.transfer import Constant
from qnn_ir.analysis.value import Value, constant
from qnn_ir.dialects import qnn
from qnn_ir.errors import UserError


def float_quant(x: Value, scale: Constant, op: qnn.FloatQuantOp) -> Value:
    """A constant on its minifloat grid; activations have no integer map of reasonable size."""
    data = x.base.data
    if data is None or len(scale.numbers) > 1 or op.rounding.data != qnn.Rounding.HALF_EVEN:
        raise UserError("is a minifloat quantiser of an activation", remedy="quantise activations to integers")
    mantissa, bias = op.mantissa_bits.value.data, op.exponent_bias.value.data
    s, limit = float(scale.numbers[0]), op.max_value.value.data
    v = data / s
    with np.errstate(divide="ignore"):
        exponent = np.floor(np.log2(np.abs(v)))
    step = np.exp2(np.maximum(exponent - mantissa, 1 - bias - mantissa))
    grid = np.clip(np.rint(v / step) * step, -limit, limit)
    unit = Fraction(2) ** int(1 - bias - mantissa)
    integers = np.rint(grid / float(unit)).astype(np.int64)
    from qnn_ir.analysis.transfer import number, scale_shift

    return scale_shift(constant(integers), number(unit * scale.numbers[0]), number(0))
