"""Rules of elementwise operators: constants join the expression, two values meet on one base or in a join."""

from fractions import Fraction
from math import isfinite, isinf

from xdsl.ir import Operation, SSAValue

from qnn_ir.analysis import transfer
from qnn_ir.analysis.expr import ZERO, Fn, Node, affine, pair
from qnn_ir.analysis.integerize import roots
from qnn_ir.analysis.rational import scalar
from qnn_ir.analysis.transfer import Constant, number
from qnn_ir.analysis.value import Value, pointwise
from qnn_ir.dialects import qnn
from qnn_ir.errors import UserError
from qnn_ir.passes.integerizing.joins import add_values
from qnn_ir.passes.integerizing.products import joint, multiply
from qnn_ir.passes.integerizing.walk import Walk, parameter, spread


def _is_constant(walk: Walk, operand: SSAValue) -> bool:
    state = walk.states[operand]
    return isinstance(state, Value) and state.is_constant


def _is_quantised(walk: Walk, operand: SSAValue) -> bool:
    """Whether a quantiser has made the constant `operand`, which then is one of scaled integers."""
    return roots(walk.value(operand)) is not None


def _with_parameter(walk: Walk, operand: SSAValue, constant: SSAValue) -> tuple[Value, Constant]:
    """The value of `operand`, repeated to the shape of `constant` where that is larger, and the numbers of it."""
    numbers = parameter(walk, constant)
    return spread(walk, operand, numbers.shape), numbers


def _add(walk: Walk, op: Operation, sign: int) -> Value:
    a, b = op.operands
    if _is_constant(walk, b):
        value, bias = _with_parameter(walk, a, b)
        bias = Constant(bias.shape, bias.numbers * scalar(sign))
        return transfer.scale_shift(value, number(1), bias)
    if _is_constant(walk, a):
        value, bias = _with_parameter(walk, b, a)
        return transfer.scale_shift(value, number(sign), bias)
    x, y = walk.value(a), walk.value(b)
    if x.base is y.base:
        return pointwise(x, transfer.scale_shift(y, number(sign), number(0)), _sum)
    try:
        return add_values(walk, a, b, sign)
    except UserError:
        return joint(walk, a, b, lambda e, f: _sum(e, affine(scalar(sign), ZERO, f)))


def _sum(x: Node, y: Node) -> Node:
    return pair(x, y, False)


def _times(x: Node, y: Node) -> Node:
    return pair(x, y, True)


def add(walk: Walk, op: qnn.AddOp) -> Value:
    """`a + b`"""
    return _add(walk, op, 1)


def sub(walk: Walk, op: qnn.SubOp) -> Value:
    """`a - b`"""
    return _add(walk, op, -1)


def mul(walk: Walk, op: qnn.MulOp) -> Value:
    """`a * b`"""
    a, b = op.operands
    if _is_constant(walk, a) and not (_is_constant(walk, b) and _is_quantised(walk, a)):
        a, b = b, a
    if _is_constant(walk, b):
        value, factor = _with_parameter(walk, a, b)
        return transfer.scale_shift(value, factor, number(0))
    x, y = walk.value(a), walk.value(b)
    return pointwise(x, y, _times) if x.base is y.base else multiply(walk, a, b)


def div(walk: Walk, op: qnn.DivOp) -> Value:
    """`a / b`"""
    a, b = op.operands
    if _is_constant(walk, b):
        value, divisor = _with_parameter(walk, a, b)
        if not all(divisor.numbers.values):
            raise UserError("divides by zero", remedy="remove the zero from the constant")
        return transfer.scale_shift(value, Constant(divisor.shape, scalar(1) / divisor.numbers), number(0))
    if _is_constant(walk, a):
        value, dividend = _with_parameter(walk, b, a)
        return transfer.scale_shift(transfer.unary(value, "reciprocal", ()), dividend, number(0))
    x, y = walk.value(a), walk.value(b)
    return pointwise(x, y, _quotient) if x.base is y.base else joint(walk, a, b, _quotient)


def _quotient(x: Node, y: Node) -> Node:
    return pair(x, Fn(y, "reciprocal", ()), True)


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
    return transfer.leaky_value(*_with_parameter(walk, op.x, op.slope))


def unary(walk: Walk, op: qnn.UnaryOp) -> Value:
    """A named function."""
    return transfer.unary(walk.value(op.x), op.fn.data.value, op.parameters())
