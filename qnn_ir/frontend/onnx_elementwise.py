"""Elementwise operators: arithmetic with broadcasting, activations, casts."""

from collections.abc import Sequence
from math import inf, isnan
from typing import Any

import numpy as np
from xdsl.ir import SSAValue

from qnn_ir.dialects import qnn
from qnn_ir.frontend.onnx_folding import align
from qnn_ir.frontend.onnx_graph import MICROSOFT, QONNX
from qnn_ir.frontend.onnx_importer import NodeImporter, Results, Tensor, Value, imports, shape_of
from qnn_ir.frontend.onnx_tensors import (
    DOUBLE,
    FLOAT,
    FLOAT_TYPES,
    INTEGER_TYPES,
    Constant,
    type_name,
)
from qnn_ir.int_types import value_range

Function = qnn.Function
_BINARY: dict[str, Any] = {"Add": qnn.AddOp, "Sub": qnn.SubOp, "Mul": qnn.MulOp, "Div": qnn.DivOp}


@imports("Add", "Sub", "Mul", "Div")
def binary(node: NodeImporter) -> Results:
    """`a (+ - * /) b` with NumPy broadcasting; before opset 7 `axis` places the second operand."""
    a, b = _operands(node)
    if node.node.op_type == "Div":
        _check_divisor(node)
    return Tensor(node.emit(_BINARY[node.node.op_type](a, b)), node.input(0).type)


def _operands(node: NodeImporter) -> tuple[SSAValue, SSAValue]:
    a = node.real(0)
    b = node.input(1)
    if node.opset < 7 and isinstance(b, Constant):
        _, array = align(node, node.opset, np.broadcast_to(0, shape_of(a)), b.array)
        b = Constant(b.name, array, b.type)
    if isinstance(b, Constant):
        node.check_numbers(b, infinite=False)
    return a, node.real_of(b)


def _check_divisor(node: NodeImporter) -> None:
    divisor = node.input(1)
    if not isinstance(divisor, Constant):
        node.fail("divides by something computed at run time", "only constant divisors are supported")
    if not np.all(divisor.array):
        node.fail("divides by zero", "export the model again")
    if node.input(0).type in INTEGER_TYPES:
        node.fail("divides integers, which truncates", "divide real numbers")


@imports("Sum")
def sum_(node: NodeImporter) -> Results:
    """The sum of any number of tensors."""
    result = node.real(0)
    for index in range(1, len(node.inputs)):
        result = node.emit(qnn.AddOp(result, node.real(index)))
    return Tensor(result, node.input(0).type)


@imports("Pow")
def pow_(node: NodeImporter) -> Results:
    """Powers with a small whole exponent, roots and reciprocals."""
    x, exponent = node.real(0), np.unique(node.constant(1, "exponent"))
    if exponent.tolist() in ([2.0], [3.0]):
        result = node.emit(qnn.MulOp(x, x))
        return Tensor(result if exponent[0] == 2 else node.emit(qnn.MulOp(result, x)))
    if exponent.tolist() == [1.0]:
        return node.input(0)
    function = {0.5: Function.SQRT, -1.0: Function.RECIPROCAL}.get(float(exponent[0])) if exponent.size == 1 else None
    if function is None:
        node.fail(f"exponent {exponent.tolist()[:4]}", "only the exponents -1, 0.5, 1, 2 and 3 are supported")
    return unary(node, x, function)


@imports("Max", "Min")
def extremum(node: NodeImporter) -> Results:
    """A clip where all but one operand are numbers; `max(a, b) = b + relu(a - b)` otherwise."""
    upper = node.node.op_type == "Min"
    values = [node.input(i) for i in range(len(node.inputs))]
    constants = [v for v in values if isinstance(v, Constant)]
    for constant in constants:
        node.check_numbers(constant, infinite=constant.array.size == 1)
    numbers = [float(c.array.ravel()[0]) for c in constants if c.array.size == 1]
    others = [v for v in values if not isinstance(v, Constant)] + [c for c in constants if c.array.size != 1]
    result = node.real_of(others[0])
    for other in others[1:]:
        result = _larger(node, result, node.real_of(other), upper)
    if numbers:
        lo, hi = (-inf, min(numbers)) if upper else (max(numbers), inf)
        result = node.emit(qnn.ClipOp(result, min=lo, max=hi))
    return Tensor(result, values[0].type)


def _larger(node: NodeImporter, a: SSAValue, b: SSAValue, smaller: bool) -> SSAValue:
    # rising in `a`, whatever constant `b` is
    difference = node.emit(qnn.SubOp(b, a) if smaller else qnn.SubOp(a, b))
    rest = node.emit(qnn.ReluOp(difference))
    return node.emit((qnn.SubOp if smaller else qnn.AddOp)(b, rest))


@imports("Where")
def where(node: NodeImporter) -> Results:
    """`x * mask + y * (1 - mask)` with a mask known at compile time."""
    mask = node.constant(0, "condition").astype(np.float64)
    for index in (1, 2):
        value = node.input(index)
        if isinstance(value, Constant):
            node.check_numbers(value, infinite=False)
    chosen = [
        node.emit(qnn.MulOp(node.real(index), node.float_constant(part))) for index, part in ((1, mask), (2, 1 - mask))
    ]
    return Tensor(node.emit(qnn.AddOp(*chosen)), node.input(1).type)


@imports("Clip")
@imports("HardTanh", "Hardtanh", domain=QONNX)
def clip(node: NodeImporter) -> Results:
    """`min(max(x, lo), hi)`."""
    names = ("min_val", "max_val") if node.node.op_type.lower() == "hardtanh" else ("min", "max")
    default = (-1.0, 1.0) if names[0] == "min_val" else (-inf, inf)
    lo, hi = (_bound(node, i, name, default[i - 1]) for i, name in enumerate(names, 1))
    if lo > hi:
        node.fail(f"clips to the empty range [{lo:g}, {hi:g}]", "export the model again")
    return Tensor(node.emit(qnn.ClipOp(node.real(0), min=lo, max=hi)), node.input(0).type)


def _bound(node: NodeImporter, index: int, name: str, default: float) -> float:
    if node.given(index):
        return node.single(index, f"bound {name}")
    bound = node.number(name, default)
    return node.fail(f"its bound {name} is NaN", "export the model again") if isnan(bound) else bound


@imports("Relu")
def relu(node: NodeImporter) -> Results:
    """`max(x, 0)`."""
    return Tensor(node.emit(qnn.ReluOp(node.real(0))), node.input(0).type)


@imports("LeakyRelu")
def leaky_relu(node: NodeImporter) -> Results:
    """`x` or `alpha * x` where negative."""
    return Tensor(node.emit(qnn.LeakyReluOp(node.real(0), alpha=finite(node, "alpha", 0.01))))


@imports("PRelu")
def prelu(node: NodeImporter) -> Results:
    """`x` or `slope * x` where negative, slopes per channel; old files align slopes with axis 1."""
    x, slope = node.real(0), node.input(1)
    if not isinstance(slope, Constant):
        node.fail("its slope is computed at run time", "make the slope a constant of the model")
    node.check_numbers(slope, infinite=False)
    array, shape = slope.array, shape_of(x)
    if (
        array.ndim == 1
        and len(shape) > 2
        and array.size == shape[1] != 1
        and (node.opset < 7 or shape[-1] != array.size)
    ):
        array = array.reshape(-1, *(1,) * (len(shape) - 2))
    return Tensor(node.emit(qnn.PReluOp(x, node.float_constant(array))))


def finite(node: NodeImporter, name: str, default: float) -> float:
    """A float attribute that must be a finite number."""
    number = node.number(name, default)
    return number if np.isfinite(number) else node.fail(f"attribute {name} is {number}", "export the model again")


def unary(node: NodeImporter, x: SSAValue, function: qnn.Function, params: Sequence[float] = ()) -> Tensor:
    """`function(x)` with its parameters."""
    return Tensor(node.emit(qnn.UnaryOp(x, function, params)))


_UNARY = {
    "Abs": Function.ABS,
    "Ceil": Function.CEIL,
    "Erf": Function.ERF,
    "Exp": Function.EXP,
    "Floor": Function.FLOOR,
    "HardSwish": Function.HARD_SWISH,
    "Log": Function.LOG,
    "Mish": Function.MISH,
    "Neg": Function.NEG,
    "Reciprocal": Function.RECIPROCAL,
    "Round": Function.ROUND,
    "Sigmoid": Function.SIGMOID,
    "Sign": Function.SIGN,
    "Softplus": Function.SOFTPLUS,
    "Softsign": Function.SOFTSIGN,
    "Sqrt": Function.SQRT,
    "Tanh": Function.TANH,
}
_SELU = (1.67326319217681884765625, 1.05070102214813232421875)
_PARAMETRISED: dict[str, tuple[qnn.Function, dict[str, float]]] = {
    "Celu": (Function.CELU, {"alpha": 1.0}),
    "Elu": (Function.ELU, {"alpha": 1.0}),
    "HardSigmoid": (Function.HARD_SIGMOID, {"alpha": 0.2, "beta": 0.5}),
    "Selu": (Function.SELU, {"alpha": _SELU[0], "gamma": _SELU[1]}),
    "ThresholdedRelu": (Function.THRESHOLDED_RELU, {"alpha": 1.0}),
}


@imports(*_UNARY)
def function(node: NodeImporter) -> Results:
    """A function without parameters."""
    return unary(node, node.real(0), _UNARY[node.node.op_type])


@imports(*_PARAMETRISED)
def parametrised(node: NodeImporter) -> Results:
    """A function with parameters, which are attributes."""
    name, defaults = _PARAMETRISED[node.node.op_type]
    return unary(node, node.real(0), name, [finite(node, key, default) for key, default in defaults.items()])


@imports("Gelu")
@imports("Gelu", "FastGelu", domain=MICROSOFT)
def gelu(node: NodeImporter) -> Results:
    """The Gaussian error linear unit, exact or with the tanh approximation."""
    tanh = node.node.op_type == "FastGelu" or node.text("approximate", "none") == "tanh"
    if node.given(1):
        node.fail("adds a bias", "add the bias in a node of its own")
    return unary(node, node.real(0), Function.GELU_TANH if tanh else Function.GELU)


@imports("Swish")
@imports("QuickGelu", domain=MICROSOFT)
def swish(node: NodeImporter) -> Results:
    """`x * sigmoid(alpha * x)`."""
    x = node.real(0)
    alpha = finite(node, "alpha", 1.0 if node.node.op_type == "Swish" else 1.702)
    inner = x if alpha == 1 else node.emit(qnn.MulOp(x, node.float_constant(np.array(alpha))))
    return Tensor(node.emit(qnn.MulOp(x, unary(node, inner, Function.SIGMOID).value)))


@imports("Cast")
def cast(node: NodeImporter) -> Results:
    """A cast that changes no number: to float, or to an integer type that holds all of the source's."""
    return _cast(node, node.input(0), node.integer("to"))


@imports("CastLike")
def cast_like(node: NodeImporter) -> Results:
    """`Cast` to the type of the second operand."""
    return _cast(node, node.input(0), node.input(1).type)


def _cast(node: NodeImporter, value: Value, to: int) -> Results:
    if isinstance(value, Constant) or value.type == to:
        return value
    if to in FLOAT_TYPES:
        if to not in (FLOAT, DOUBLE):
            node.fail(f"casts to {type_name(to)}, which rounds", "cast to FLOAT")
        return Tensor(node.real_of(value), FLOAT)
    if value.type not in INTEGER_TYPES or to not in INTEGER_TYPES:
        node.fail(f"casts {type_name(value.type)} to {type_name(to)}", "quantise with QuantizeLinear or Quant")
    (lo, hi), (low, high) = (value_range(*INTEGER_TYPES[t]) for t in (value.type, to))
    if low > lo or hi > high:
        node.fail(f"casts {type_name(value.type)} to {type_name(to)}, which does not hold every value")
    return Tensor(node.real_of(value), to)


@imports("Identity", "Dropout")
@imports("DebugMarker", domain=QONNX)
def identity(node: NodeImporter) -> Results:
    """Nothing happens at inference."""
    if any(node.node.outputs[1:]):
        node.fail("its mask is read", "export in inference mode")
    training = node.inputs[2] if len(node.inputs) > 2 else None
    if training is not None and node.constant(2, "training mode").any():
        node.fail("is in training mode", "export in inference mode")
    return node.input(0)
