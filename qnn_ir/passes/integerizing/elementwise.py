"""Rules of elementwise operators: constants join the expression, two values meet on one base or in a join."""

from fractions import Fraction
from math import isfinite, isinf

from xdsl.ir import Operation, SSAValue

from qnn_ir.analysis import transfer
from qnn_ir.analysis.expr import ZERO, pair
from qnn_ir.analysis.rational import scalar
from qnn_ir.analysis.transfer import Constant, number
from qnn_ir.analysis.value import Value, constant_numbers, pointwise
from qnn_ir.dialects import qnn
from qnn_ir.errors import UserError
from qnn_ir.passes.integerizing.joins import add_values
from qnn_ir.passes.integerizing.walk import Walk


def parameter(walk: Walk, operand: SSAValue) -> Constant:
    """A parameter of an operator: exact numbers."""
    value = walk.value(operand)
    return Constant(value.shape, constant_numbers(value))


def _is_constant(walk: Walk, operand: SSAValue) -> bool:
    state = walk.states[operand]
    return isinstance(state, Value) and state.is_constant


def _add(walk: Walk, op: Operation, sign: int) -> Value:
    a, b = op.operands
    if _is_constant(walk, b):
        bias = parameter(walk, b)
        bias = Constant(bias.shape, bias.numbers * scalar(sign))
        return transfer.scale_shift(walk.value(a), number(1), bias)
    if _is_constant(walk, a):
        return transfer.scale_shift(walk.value(b), number(sign), parameter(walk, a))
    x, y = walk.value(a), walk.value(b)
    if x.base is not y.base:
        return add_values(walk, a, b, sign)
    flipped = transfer.scale_shift(y, number(sign), number(0))
    return pointwise(x, flipped, lambda e, f: pair(e, f, False))


def add(walk: Walk, op: qnn.AddOp) -> Value:
    """`a + b`"""
    return _add(walk, op, 1)


def sub(walk: Walk, op: qnn.SubOp) -> Value:
    """`a - b`"""
    return _add(walk, op, -1)


def mul(walk: Walk, op: qnn.MulOp) -> Value:
    """`a * b`"""
    a, b = op.operands
    if _is_constant(walk, a):
        a, b = b, a
    if _is_constant(walk, b):
        return transfer.scale_shift(walk.value(a), parameter(walk, b), number(0))
    x, y = walk.value(a), walk.value(b)
    if x.base is not y.base:
        raise UserError("multiplies two activations", remedy="only functions of one tensor can be multiplied")
    return pointwise(x, y, lambda e, f: pair(e, f, True))


def div(walk: Walk, op: qnn.DivOp) -> Value:
    """`a / b`"""
    a, b = op.operands
    if _is_constant(walk, b):
        divisor = parameter(walk, b)
        if not all(divisor.numbers.values):
            raise UserError("divides by zero", remedy="remove the zero from the constant")
        return transfer.scale_shift(walk.value(a), Constant(divisor.shape, scalar(1) / divisor.numbers), number(0))
    inverse = transfer.unary(walk.value(b), "reciprocal", ())
    if _is_constant(walk, a):
        return transfer.scale_shift(inverse, parameter(walk, a), number(0))
    x = walk.value(a)
    if x.base is not inverse.base:
        raise UserError("divides two activations", remedy="only functions of one tensor can be divided")
    return pointwise(x, inverse, lambda e, f: pair(e, f, True))


def batch_norm(walk: Walk, op: qnn.BatchNormOp) -> Value:
    """`A * (x - mean) + bias`"""
    value = walk.value(op.x)
    gamma, beta, mean, variance = (parameter(walk, p).numbers for p in op.operands[1:])
    epsilon = op.epsilon.value.data
    if min(variance.values) + Fraction(epsilon) <= 0:
        raise UserError("variance + epsilon is not positive", remedy="export the network again")
    channels = value.shape[1]
    shape = (channels,) + (1,) * (len(value.shape) - 2)
    return transfer.batch_norm(value, gamma, beta, mean, variance, epsilon, shape)


def relu(walk: Walk, op: qnn.ReluOp) -> Value:
    """`max(x, 0)`"""
    return transfer.clip_value(walk.value(op.x), ZERO, None)


def clip(walk: Walk, op: qnn.ClipOp) -> Value:
    """`min(max(x, lo), hi)`"""
    lo, hi = op.min.value.data, op.max.value.data
    bounds = [scalar(v) if isfinite(v) else None for v in (lo, hi)]
    if (isinf(lo) and lo > 0) or (isinf(hi) and hi < 0):
        raise UserError("clips everything to infinity", remedy="correct its bounds")
    return transfer.clip_value(walk.value(op.x), bounds[0], bounds[1])


def leaky_relu(walk: Walk, op: qnn.LeakyReluOp) -> Value:
    """`x` or `alpha * x`"""
    return transfer.leaky_value(walk.value(op.x), number(op.alpha.value.data))


def prelu(walk: Walk, op: qnn.PReluOp) -> Value:
    """`x` or `slope * x`"""
    return transfer.leaky_value(walk.value(op.x), parameter(walk, op.slope))


def unary(walk: Walk, op: qnn.UnaryOp) -> Value:
    """A named function."""
    return transfer.unary(walk.value(op.x), op.fn.data.value, op.parameters())
