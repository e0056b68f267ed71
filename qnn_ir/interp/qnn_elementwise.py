"""Semantics of elementwise operators, in float64 with the special values of IEEE 754."""

import math
from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from xdsl.interpreter import Interpreter, InterpreterFunctions, impl, register_impls

from qnn_ir.dialects import qnn
from qnn_ir.dialects.qnn import Function
from qnn_ir.interp.frames import Array, FloatArray, aligned, store

Parameters: TypeAlias = tuple[float, ...]

_ERF = np.frompyfunc(math.erf, 1, 1)


def erf(x: FloatArray) -> FloatArray:
    """The error function."""
    return np.asarray(_ERF(x), np.float64)


def sigmoid(x: FloatArray) -> FloatArray:
    """`1 / (1 + exp(-x))`."""
    return 1.0 / (1.0 + np.exp(-x))


def softplus(x: FloatArray) -> FloatArray:
    """`log(1 + exp(x))`."""
    return np.logaddexp(0.0, x)


def gelu_tanh(x: FloatArray) -> FloatArray:
    """The approximation of GELU by tanh."""
    return 0.5 * x * (1.0 + np.tanh(math.sqrt(2.0 / math.pi) * (x + 0.044715 * x**3)))


PLAIN: dict[Function, Callable[[FloatArray], FloatArray]] = {
    Function.ABS: np.abs,
    Function.CEIL: np.ceil,
    Function.ERF: erf,
    Function.EXP: np.exp,
    Function.FLOOR: np.floor,
    Function.GELU: lambda x: 0.5 * x * (1.0 + erf(x / math.sqrt(2.0))),
    Function.GELU_TANH: gelu_tanh,
    Function.HARD_SWISH: lambda x: x * np.clip(x / 6.0 + 0.5, 0.0, 1.0),
    Function.LOG: np.log,
    Function.MISH: lambda x: x * np.tanh(softplus(x)),
    Function.NEG: np.negative,
    Function.RECIPROCAL: np.reciprocal,
    Function.ROUND: np.rint,
    Function.SIGMOID: sigmoid,
    Function.SIGN: np.sign,
    Function.SILU: lambda x: x * sigmoid(x),
    Function.SOFTPLUS: softplus,
    Function.SOFTSIGN: lambda x: x / (1.0 + np.abs(x)),
    Function.SQRT: np.sqrt,
    Function.TANH: np.tanh,
}
PARAMETRISED: dict[Function, Callable[[FloatArray, Parameters], FloatArray]] = {
    Function.CELU: lambda x, p: np.maximum(x, 0.0) + np.minimum(0.0, p[0] * np.expm1(x / p[0])),
    Function.ELU: lambda x, p: np.where(x > 0, x, p[0] * np.expm1(x)),
    Function.HARD_SIGMOID: lambda x, p: np.clip(p[0] * x + p[1], 0.0, 1.0),
    Function.SELU: lambda x, p: p[1] * np.where(x > 0, x, p[0] * np.expm1(x)),
    Function.THRESHOLDED_RELU: lambda x, p: np.where(x > p[0], x, 0.0),
}


def evaluate(function: Function, x: FloatArray, parameters: Parameters) -> FloatArray:
    """`function(x; parameters)`, see `qnn.unary`."""
    with np.errstate(all="ignore"):
        if (plain := PLAIN.get(function)) is not None:
            return plain(x)
        return PARAMETRISED[function](x, parameters)


@register_impls
class ElementwiseFunctions(InterpreterFunctions):
    """Elementwise operators; `add` and `mul` also on integers."""

    @impl(qnn.AddOp)
    def add(self, _i: Interpreter, op: qnn.AddOp, args: tuple[Array, ...]) -> tuple[Array]:
        a, b = aligned(op, args)
        return store(op, a + b)

    @impl(qnn.SubOp)
    def sub(self, _i: Interpreter, op: qnn.SubOp, args: tuple[Array, ...]) -> tuple[Array]:
        a, b = aligned(op, args)
        return store(op, a - b)

    @impl(qnn.MulOp)
    def mul(self, _i: Interpreter, op: qnn.MulOp, args: tuple[Array, ...]) -> tuple[Array]:
        a, b = aligned(op, args)
        return store(op, a * b)

    @impl(qnn.DivOp)
    def div(self, _i: Interpreter, op: qnn.DivOp, args: tuple[Array, ...]) -> tuple[Array]:
        a, b = aligned(op, args)
        with np.errstate(divide="ignore", invalid="ignore"):
            return store(op, a / b)

    @impl(qnn.ReluOp)
    def relu(self, _i: Interpreter, op: qnn.ReluOp, args: tuple[Array, ...]) -> tuple[Array]:
        return store(op, np.maximum(args[0], 0.0))

    @impl(qnn.LeakyReluOp)
    def leaky_relu(self, _i: Interpreter, op: qnn.LeakyReluOp, args: tuple[Array, ...]) -> tuple[Array]:
        return store(op, np.where(args[0] >= 0, args[0], op.alpha.value.data * args[0]))

    @impl(qnn.PReluOp)
    def prelu(self, _i: Interpreter, op: qnn.PReluOp, args: tuple[Array, ...]) -> tuple[Array]:
        x, slope = aligned(op, args)
        return store(op, np.where(x >= 0, x, slope * x))

    @impl(qnn.ClipOp)
    def clip(self, _i: Interpreter, op: qnn.ClipOp, args: tuple[Array, ...]) -> tuple[Array]:
        return store(op, np.minimum(np.maximum(args[0], op.min.value.data), op.max.value.data))

    @impl(qnn.UnaryOp)
    def unary(self, _i: Interpreter, op: qnn.UnaryOp, args: tuple[Array, ...]) -> tuple[Array]:
        return store(op, evaluate(op.fn.data, args[0], op.parameters()))
