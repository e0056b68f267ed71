"""
Operators on constants alone, evaluated at import: shape arithmetic, and float arithmetic that exporters leave behind.

Floats are computed in float64 (a float32 operation would round where the reference does not), integers in int64.
Quantisers are never folded: their integers are what the compiler is about.
"""

from collections.abc import Callable, Sequence
from math import prod

import numpy as np

from qnn_ir.frontend.onnx_attributes import NodeReader
from qnn_ir.frontend.onnx_tensors import BOOL, FLOAT, FLOAT_TYPES, INT64, INTEGER_TYPES, Array, Constant

Fold = Callable[[NodeReader, Sequence[Constant | None], int], Array]
FOLDS: dict[str, Fold] = {}
LARGEST = 1 << 28
"""Elements of the largest tensor that is folded: a small file must not be able to ask for all memory."""


def fold(reader: NodeReader, inputs: Sequence[Constant | None], opset: int) -> list[Constant] | None:
    """The outputs of a standard operator on `inputs`, or None where it is not folded."""
    function = FOLDS.get(reader.node.op_type)
    if function is None or not inputs:
        return None
    try:
        with np.errstate(all="ignore"):
            array = np.asarray(function(reader, inputs, opset))
    except (ValueError, IndexError, TypeError, AttributeError, OverflowError, ZeroDivisionError) as error:
        reader.fail(f"not valid on these constants ({error})", "export the model again")
    return [Constant(reader.node.outputs[0], array, _result_type(reader, inputs, array))]


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


def _folds(*op_types: str) -> Callable[[Fold], Fold]:
    def register(function: Fold) -> Fold:
        FOLDS.update(dict.fromkeys(op_types, function))
        return function

    return register


def _array(inputs: Sequence[Constant | None], index: int) -> Array:
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


@_folds(*_BINARY)
def _binary(reader: NodeReader, inputs: Sequence[Constant | None], opset: int) -> Array:
    a, b = align(reader, opset, _array(inputs, 0), _array(inputs, 1))
    if reader.node.op_type == "Pow" and a.dtype.kind != "f":
        return np.power(a.astype(np.float64), b).astype(a.dtype)
    return _BINARY[reader.node.op_type](a, b.astype(np.result_type(a, b)))


@_folds("Div")
def _div(reader: NodeReader, inputs: Sequence[Constant | None], opset: int) -> Array:
    a, b = align(reader, opset, _array(inputs, 0), _array(inputs, 1))
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


@_folds(*_UNARY)
def _unary(reader: NodeReader, inputs: Sequence[Constant | None], opset: int) -> Array:
    return _UNARY[reader.node.op_type](_array(inputs, 0))


@_folds("Sum", "Max", "Min")
def _variadic(reader: NodeReader, inputs: Sequence[Constant | None], opset: int) -> Array:
    function = {"Sum": np.add, "Max": np.maximum, "Min": np.minimum}[reader.node.op_type]
    result = _array(inputs, 0)
    for index in range(1, len(inputs)):
        result = function(result, _array(inputs, index))
    return result


@_folds("Clip")
def _clip(reader: NodeReader, inputs: Sequence[Constant | None], opset: int) -> Array:
    x = _array(inputs, 0)
    for index, (name, limit) in enumerate((("min", np.maximum), ("max", np.minimum)), 1):
        if reader.has(name):
            x = limit(x, np.asarray(reader.number(name), x.dtype))
        elif index < len(inputs) and inputs[index] is not None:
            x = limit(x, _array(inputs, index).astype(x.dtype))
    return x


@_folds("Cast")
def _cast(reader: NodeReader, inputs: Sequence[Constant | None], opset: int) -> Array:
    x, to = _array(inputs, 0), reader.integer("to")
    if to == BOOL:
        return x != 0
    if to in FLOAT_TYPES:
        return (x.astype(np.float32) if to == FLOAT else x).astype(np.float64)
    if to not in INTEGER_TYPES:
        raise ValueError("cast to an unsupported type")
    bits, signed = INTEGER_TYPES[to]
    whole, half = np.trunc(x).astype(np.int64), 1 << (bits - 1 if signed else bits)
    if bits < 64 and np.any((whole < (-half if signed else 0)) | (whole >= half)):
        raise ValueError("cast overflows")
    return whole


@_folds("Identity", "Dropout")
def _identity(reader: NodeReader, inputs: Sequence[Constant | None], opset: int) -> Array:
    constant = inputs[0]
    if constant is None:
        raise ValueError("input 0 is missing")
    return constant.array


@_folds("Reshape")
def _reshape(reader: NodeReader, inputs: Sequence[Constant | None], opset: int) -> Array:
    x, target = _moved(inputs), ints_of(reader, inputs, 1, "shape") or []
    if not reader.flag("allowzero"):
        target = [x.shape[i] if d == 0 else d for i, d in enumerate(target)]
    return x.reshape(target)


def _moved(inputs: Sequence[Constant | None]) -> Array:
    """Input 0 as it is: data movement keeps float32."""
    if inputs[0] is None:
        raise ValueError("input 0 is missing")
    return inputs[0].array


@_folds("Flatten")
def _flatten(reader: NodeReader, inputs: Sequence[Constant | None], opset: int) -> Array:
    x, axis = _moved(inputs), reader.integer("axis", 1)
    return x.reshape(prod(x.shape[:axis]), -1)


@_folds("Transpose")
def _transpose(reader: NodeReader, inputs: Sequence[Constant | None], opset: int) -> Array:
    x = _moved(inputs)
    return x.transpose(reader.integers("perm", range(x.ndim)[::-1]))


@_folds("Squeeze")
def _squeeze(reader: NodeReader, inputs: Sequence[Constant | None], opset: int) -> Array:
    axes = ints_of(reader, inputs, 1, "axes")
    return np.squeeze(_moved(inputs), None if axes is None else tuple(axes))


@_folds("Unsqueeze")
def _unsqueeze(reader: NodeReader, inputs: Sequence[Constant | None], opset: int) -> Array:
    return np.expand_dims(_moved(inputs), tuple(ints_of(reader, inputs, 1, "axes") or ()))


@_folds("Concat")
def _concat(reader: NodeReader, inputs: Sequence[Constant | None], opset: int) -> Array:
    arrays = [constant.array for constant in inputs if constant is not None]
    return np.concatenate(arrays, reader.integer("axis", 1 if opset < 4 else None))


@_folds("Gather")
def _gather(reader: NodeReader, inputs: Sequence[Constant | None], opset: int) -> Array:
    return np.take(_moved(inputs), _array(inputs, 1).astype(np.int64), reader.integer("axis", 0))


@_folds("Slice")
def _slice(reader: NodeReader, inputs: Sequence[Constant | None], opset: int) -> Array:
    x = _moved(inputs)
    starts, ends = ints_of(reader, inputs, 1, "starts") or [], ints_of(reader, inputs, 2, "ends") or []
    axes = ints_of(reader, inputs, 3, "axes") or list(range(len(starts)))
    steps = ints_of(reader, inputs, 4, "steps") or [1] * len(starts)
    index = [slice(None)] * x.ndim
    for start, end, axis, step in zip(starts, ends, axes, steps, strict=True):
        index[axis] = (
            slice(*slice(start, end, step).indices(x.shape[axis]))
            if step > 0
            else slice(start, None if end < -x.shape[axis] else end, step)
        )
    return x[tuple(index)]


@_folds("Expand", "ConstantOfShape", "Tile")
def _filled(reader: NodeReader, inputs: Sequence[Constant | None], opset: int) -> Array:
    shape = [int(d) for d in _array(inputs, 0 if reader.node.op_type == "ConstantOfShape" else 1)]
    if prod(shape) > LARGEST:
        raise ValueError(f"shape {shape} is too large")
    if reader.node.op_type == "Tile":
        return np.tile(_moved(inputs), shape)
    if reader.node.op_type == "Expand":
        return _moved(inputs) * np.ones(shape, _moved(inputs).dtype)
    from qnn_ir.frontend.onnx_tensors import read_tensor

    value = read_tensor(reader.tensor("value"), None).array if reader.has("value") else np.zeros(1, np.float32)
    return np.full(shape, value.ravel()[0])


@_folds("Range")
def _range(reader: NodeReader, inputs: Sequence[Constant | None], opset: int) -> Array:
    start, stop, step = (float(_array(inputs, i).ravel()[0]) for i in range(3))
    if not step or abs((stop - start) / step) > LARGEST:
        raise ValueError("too long")
    return np.arange(start, stop, step).astype(_array(inputs, 0).dtype)


@_folds("Where")
def _where(reader: NodeReader, inputs: Sequence[Constant | None], opset: int) -> Array:
    return np.where(_array(inputs, 0), _array(inputs, 1), _array(inputs, 2))


@_folds("ReduceProd", "ReduceSum", "ReduceMax", "ReduceMin", "ReduceMean")
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
    return functions[reader.node.op_type[6:]](_array(inputs, 0), None if axes is None else tuple(axes), keepdims=keep)
