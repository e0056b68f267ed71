"""
Operators on constants alone, evaluated at import: shape arithmetic, and float arithmetic that exporters leave behind.

Floats are computed in float64 (a float32 operation would round where the reference does not), integers in int64.
Quantisers are never folded: their integers are what the compiler is about.
"""

from collections.abc import Callable, Sequence
from math import prod
from typing import Any

import numpy as np

from qnn_ir.frontend.onnx_attributes import NodeReader
from qnn_ir.frontend.onnx_tensors import (
    BOOL,
    DOUBLE,
    FLOAT,
    FLOAT16,
    FLOAT_TYPES,
    INT64,
    INTEGER_TYPES,
    Array,
    Constant,
)

Fold = Callable[[NodeReader, Sequence[Constant | None], int], Array]
FOLDS: dict[str, Fold] = {}
LARGEST = 1 << 26
"""Elements of the largest tensor that is folded: a small file must not be able to ask for all memory."""


def fold(reader: NodeReader, inputs: Sequence[Constant | None], opset: int) -> list[Constant] | None:
    """The outputs of a standard operator on `inputs`, or None where it is not folded."""
    function = FOLDS.get(reader.node.op_type)
    if function is None or not inputs:
        return None
    try:
        _check_growth(reader, inputs)
        with np.errstate(all="ignore"):
            array = np.asarray(function(reader, inputs, opset))
    except (ValueError, IndexError, TypeError, AttributeError, OverflowError, ZeroDivisionError) as error:
        reader.fail(f"not valid on these constants ({error})", "export the model again")
    return [Constant(reader.node.outputs[0], array, _result_type(reader, inputs, array))]


def _check_growth(reader: NodeReader, inputs: Sequence[Constant | None]) -> None:
    """Raise `ValueError` before an operator that enlarges its operands makes something huge."""
    shapes = [c.array.shape for c in inputs if c is not None]
    match reader.node.op_type:
        case "Concat":
            size = sum(map(prod, shapes))
        case "Gather":
            size = prod(shapes[0]) // max(1, shapes[0][reader.integer("axis", 0)]) * prod(shapes[1])
        case op if op in _BINARY or op in ("Div", "Where", "Sum", "Max", "Min"):
            size = prod(np.broadcast_shapes(*shapes)) if not reader.has("axis") else 0
        case _:
            return
    if size > LARGEST:
        raise ValueError(f"{size} elements are too many")


def _result_type(reader: NodeReader, inputs: Sequence[Constant | None], array: Array) -> int:
    if reader.node.op_type == "Cast":
        return reader.integer("to")
    if array.dtype == np.bool_:
        return BOOL
    source = inputs[1] if reader.node.op_type == "Where" else inputs[0]
    if source is None:
        return FLOAT
    if array.dtype.kind == "f":
        return source.type if source.type in FLOAT_TYPES else FLOAT
    return source.type if source.type in INTEGER_TYPES else INT64


def folds(*op_types: str) -> Callable[[Fold], Fold]:
    def register(function: Fold) -> Fold:
        FOLDS.update(dict.fromkeys(op_types, function))
        return function

    return register


def array_of(inputs: Sequence[Constant | None], index: int) -> Array:
    """Input `index`, floats widened to float64; raises `ValueError` where it is missing."""
    constant = inputs[index] if index < len(inputs) else None
    if constant is None:
        raise ValueError(f"input {index} is missing")
    return constant.array.astype(np.float64) if constant.array.dtype.kind == "f" else constant.array


def ints_of(reader: NodeReader, inputs: Sequence[Constant | None], index: int, name: str) -> list[int] | None:
    """A list of integers that is an attribute in old operator sets and an input in new ones."""
    if reader.has(name):
        return list(reader.integers(name))
    constant = inputs[index] if index < len(inputs) else None
    return None if constant is None else [int(i) for i in constant.array.ravel()]


_BINARY: dict[str, Callable[[Array, Array], Array]] = {
    "Add": np.add,
    "Sub": np.subtract,
    "Mul": np.multiply,
    "Pow": np.power,
    "Equal": np.equal,
    "Greater": np.greater,
    "Less": np.less,
    "And": np.logical_and,
    "Or": np.logical_or,
}
_UNARY: dict[str, Callable[[Array], Array]] = {
    "Neg": np.negative,
    "Abs": np.abs,
    "Sqrt": np.sqrt,
    "Exp": np.exp,
    "Log": np.log,
    "Floor": np.floor,
    "Ceil": np.ceil,
    "Round": np.round,
    "Reciprocal": np.reciprocal,
    "Tanh": np.tanh,
    "Sign": np.sign,
    "Not": np.logical_not,
    "Relu": lambda x: np.maximum(x, 0),
}


@folds(*_BINARY)
def _binary(reader: NodeReader, inputs: Sequence[Constant | None], opset: int) -> Array:
    a, b = align(reader, opset, array_of(inputs, 0), array_of(inputs, 1))
    if reader.node.op_type == "Pow" and a.dtype.kind != "f":
        return np.power(a.astype(np.float64), b).astype(a.dtype)
    return _BINARY[reader.node.op_type](a, b.astype(np.result_type(a, b)))


@folds("Div")
def _div(reader: NodeReader, inputs: Sequence[Constant | None], opset: int) -> Array:
    a, b = align(reader, opset, array_of(inputs, 0), array_of(inputs, 1))
    if a.dtype.kind == "f":
        return np.divide(a, b)
    if not np.all(b):
        raise ValueError("division by zero")
    return (np.sign(a) * np.sign(b) * (np.abs(a) // np.abs(b))).astype(a.dtype)  # truncates, as in C


def align(reader: NodeReader, opset: int, a: Array, b: Array) -> tuple[Array, Array]:
    """Operands of a binary operator; before opset 7 `axis` says where the second one is placed."""
    if opset < 7 and reader.flag("broadcast") and b.ndim:
        axis = reader.integer("axis", a.ndim - b.ndim) % max(1, a.ndim)
        b = b.reshape(b.shape + (1,) * (a.ndim - axis - b.ndim))
    return a, b


@folds(*_UNARY)
def _unary(reader: NodeReader, inputs: Sequence[Constant | None], opset: int) -> Array:
    return _UNARY[reader.node.op_type](array_of(inputs, 0))


@folds("Sum", "Max", "Min")
def _variadic(reader: NodeReader, inputs: Sequence[Constant | None], opset: int) -> Array:
    function = {"Sum": np.add, "Max": np.maximum, "Min": np.minimum}[reader.node.op_type]
    result = array_of(inputs, 0)
    for index in range(1, len(inputs)):
        result = function(result, array_of(inputs, index))
    return result


@folds("Clip")
def _clip(reader: NodeReader, inputs: Sequence[Constant | None], opset: int) -> Array:
    x = array_of(inputs, 0)
    for index, (name, limit) in enumerate((("min", np.maximum), ("max", np.minimum)), 1):
        if reader.has(name):
            x = limit(x, np.asarray(reader.number(name), x.dtype))
        elif index < len(inputs) and inputs[index] is not None:
            x = limit(x, array_of(inputs, index).astype(x.dtype))
    return x


_ROUNDING_CASTS: dict[int, type[Any]] = {FLOAT: np.float32, FLOAT16: np.float16, DOUBLE: np.float64}


@folds("Cast")
def _cast(reader: NodeReader, inputs: Sequence[Constant | None], opset: int) -> Array:
    x, to = array_of(inputs, 0), reader.integer("to")
    if to == BOOL:
        return x != 0
    if to in _ROUNDING_CASTS:
        return x.astype(_ROUNDING_CASTS[to]).astype(np.float64)
    if to not in INTEGER_TYPES:
        raise ValueError("cast to an unsupported type")
    bits, signed = INTEGER_TYPES[to]
    whole, half = np.trunc(x).astype(np.int64), 1 << (bits - 1 if signed else bits)
    if bits < 64 and np.any((whole < (-half if signed else 0)) | (whole >= half)):
        raise ValueError("cast overflows")
    return whole


@folds("Where")
def _where(reader: NodeReader, inputs: Sequence[Constant | None], opset: int) -> Array:
    return np.where(array_of(inputs, 0), array_of(inputs, 1), array_of(inputs, 2))


@folds("ReduceProd", "ReduceSum", "ReduceMax", "ReduceMin", "ReduceMean")
def _reduce(reader: NodeReader, inputs: Sequence[Constant | None], opset: int) -> Array:
    functions: dict[str, Callable[..., Array]] = {
        "Prod": np.prod,
        "Sum": np.sum,
        "Max": np.max,
        "Min": np.min,
        "Mean": np.mean,
    }
    axes = ints_of(reader, inputs, 1, "axes")
    keep = reader.flag("keepdims", True)
    return functions[reader.node.op_type[6:]](array_of(inputs, 0), None if axes is None else tuple(axes), keepdims=keep)
