"""Movement of constants at import: reshapes, slices, look-ups. Element types stay as they are."""

from collections.abc import Sequence
from math import prod

import numpy as np

from qnn_ir.frontend.onnx_attributes import NodeReader
from qnn_ir.frontend.onnx_folding import LARGEST, array_of, folds, ints_of
from qnn_ir.frontend.onnx_tensors import Array, Constant, read_tensor


@folds("Identity", "Dropout")
def _identity(reader: NodeReader, inputs: Sequence[Constant | None], opset: int) -> Array:
    return _moved(inputs)


@folds("Reshape")
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


@folds("Flatten")
def _flatten(reader: NodeReader, inputs: Sequence[Constant | None], opset: int) -> Array:
    x, axis = _moved(inputs), reader.integer("axis", 1)
    return x.reshape(prod(x.shape[:axis]), -1)


@folds("Transpose")
def _transpose(reader: NodeReader, inputs: Sequence[Constant | None], opset: int) -> Array:
    x = _moved(inputs)
    return x.transpose(reader.integers("perm", range(x.ndim)[::-1]))


@folds("Squeeze")
def _squeeze(reader: NodeReader, inputs: Sequence[Constant | None], opset: int) -> Array:
    axes = ints_of(reader, inputs, 1, "axes")
    return np.squeeze(_moved(inputs), None if axes is None else tuple(axes))


@folds("Unsqueeze")
def _unsqueeze(reader: NodeReader, inputs: Sequence[Constant | None], opset: int) -> Array:
    return np.expand_dims(_moved(inputs), tuple(ints_of(reader, inputs, 1, "axes") or ()))


@folds("Concat")
def _concat(reader: NodeReader, inputs: Sequence[Constant | None], opset: int) -> Array:
    arrays = [constant.array for constant in inputs if constant is not None]
    return np.concatenate(arrays, reader.integer("axis", 1 if opset < 4 else None))


@folds("Gather")
def _gather(reader: NodeReader, inputs: Sequence[Constant | None], opset: int) -> Array:
    return np.take(_moved(inputs), array_of(inputs, 1).astype(np.int64), reader.integer("axis", 0))


@folds("Slice")
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


@folds("Expand", "ConstantOfShape", "Tile")
def _filled(reader: NodeReader, inputs: Sequence[Constant | None], opset: int) -> Array:
    shape = [int(d) for d in array_of(inputs, 0 if reader.node.op_type == "ConstantOfShape" else 1)]
    if prod(shape) > LARGEST:
        raise ValueError(f"shape {shape} is too large")
    if reader.node.op_type == "Tile":
        return np.tile(_moved(inputs), shape)
    if reader.node.op_type == "Expand":
        return _moved(inputs) * np.ones(shape, _moved(inputs).dtype)
    value = read_tensor(reader.tensor("value"), None).array if reader.has("value") else np.zeros(1, np.float32)
    return np.full(shape, value.ravel()[0])


@folds("Range")
def _range(reader: NodeReader, inputs: Sequence[Constant | None], opset: int) -> Array:
    start, stop, step = (float(array_of(inputs, i).ravel()[0]) for i in range(3))
    if not step or abs((stop - start) / step) > LARGEST:
        raise ValueError("too long")
    return np.arange(start, stop, step).astype(array_of(inputs, 0).dtype)
