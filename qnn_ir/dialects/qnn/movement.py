"""
Operators that move elements and compute nothing, on tensors of any kind.

Each has `move`, which moves the elements of a NumPy array of any dtype; axes in front of the tensor's own pass
through. Whatever travels with the elements (data, group indices) moves by the same function.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import TensorType
from xdsl.ir import Attribute, Operation, SSAValue
from xdsl.irdl import IRDLOperation, irdl_op_definition, operand_def, prop_def, var_operand_def

from qnn_ir.dialects.qnn import shapes
from qnn_ir.dialects.qnn.attributes import DepthToSpaceMode, DepthToSpaceModeAttr
from qnn_ir.dialects.qnn.base import (
    F64,
    I64,
    INT_TENSOR,
    INTS,
    TENSOR,
    SameTypeOp,
    element_of,
    int_values,
    integer,
    ints,
    is_float,
    real,
    shape_of,
)
from qnn_ir.dialects.qnn.shapes import Shape, require

Array = NDArray[Any]
Value = SSAValue | Operation


class MovementOp(SameTypeOp, ABC):
    """An operator that moves the elements of its first operand."""

    @abstractmethod
    def move(self, array: Array) -> Array:
        """Move `array` of shape `(..., *operand shape)` to `(..., *result shape)`."""


@irdl_op_definition
class ReshapeOp(MovementOp):
    """
    The same elements in row-major order, in another shape (also flatten, squeeze, unsqueeze).

    `flat(result) = flat(x)`

    ```mlir
    %y = qnn.reshape %x : (tensor<1x8x4x4xf32>) -> tensor<1x128xf32>
    ```
    """

    name = "qnn.reshape"

    x = operand_def(TENSOR)

    assembly_format = "$x attr-dict `:` functional-type(operands, results)"

    def __init__(self, x: Value, shape: Sequence[int]):
        IRDLOperation.__init__(self, operands=(x,), result_types=(TensorType(element_of(x), shape),))
        self.result_shape()

    def result_shape(self) -> Shape:
        # the one operator whose shape is its own choice
        return shapes.reshape(shape_of(self.x), shape_of(self.result))

    def move(self, array: Array) -> Array:
        leading = array.shape[: array.ndim - len(shape_of(self.x))]
        return array.reshape(leading + shape_of(self.result))


@irdl_op_definition
class TransposeOp(MovementOp):
    """
    The axes in another order.

    `result[i_0, .., i_n] = x[j]` with `j[perm[k]] = i_k`

    ```mlir
    %y = qnn.transpose %x {perm = array<i64: 0, 2, 3, 1>} : (tensor<1x8x4x5xf32>) -> tensor<1x4x5x8xf32>
    ```
    """

    name = "qnn.transpose"

    x = operand_def(TENSOR)
    perm = prop_def(INTS)

    assembly_format = "$x attr-dict `:` functional-type(operands, results)"

    def __init__(self, x: Value, perm: Sequence[int]):
        self.build_op((x,), {"perm": ints(perm)}, None)

    def result_shape(self) -> Shape:
        return shapes.transpose(shape_of(self.x), int_values(self.perm))

    def move(self, array: Array) -> Array:
        perm = int_values(self.perm)
        leading = array.ndim - len(perm)
        return array.transpose((*range(leading), *(leading + p for p in perm)))


@irdl_op_definition
class ConcatOp(SameTypeOp):
    """
    Tensors one behind the other along an axis; they and the result have one element type.

    `result[.., i, ..] = inputs[k][.., i - offset_k, ..]`

    ```mlir
    %y = qnn.concat %a, %b {axis = 1 : i64} : (tensor<1x8xui4>, tensor<1x2xui4>) -> tensor<1x10xui4>
    ```
    """

    name = "qnn.concat"

    inputs = var_operand_def(TENSOR)
    axis = prop_def(I64)

    assembly_format = "$inputs attr-dict `:` functional-type(operands, results)"

    def __init__(self, inputs: Sequence[Value], axis: int):
        self.build_op((inputs,), {"axis": integer(axis)}, None)

    def result_shape(self) -> Shape:
        return shapes.concat([shape_of(value) for value in self.inputs], self.axis.value.data)

    def move(self, *arrays: Array) -> Array:
        """Join `arrays`, one per operand, with equal axes in front of the tensor's own."""
        rank = len(shape_of(self.result))
        return np.concatenate(arrays, axis=self.axis.value.data % rank - rank)


@irdl_op_definition
class SliceOp(MovementOp):
    """
    A regular part of a tensor, with the clamping of ONNX `Slice` (also each part of a split).

    `result[.., i, ..] = x[.., start + i * step, ..]` along the given axes

    ```mlir
    %y = qnn.slice %x {starts = array<i64: 0>, ends = array<i64: 8>, steps = array<i64: 2>, axes = array<i64: 1>}
      : (tensor<1x8xf32>) -> tensor<1x4xf32>
    ```
    """

    name = "qnn.slice"

    x = operand_def(TENSOR)
    starts = prop_def(INTS)
    ends = prop_def(INTS)
    steps = prop_def(INTS)
    axes = prop_def(INTS)

    assembly_format = "$x attr-dict `:` functional-type(operands, results)"

    def __init__(
        self,
        x: Value,
        starts: Sequence[int],
        ends: Sequence[int],
        steps: Sequence[int] | None = None,
        axes: Sequence[int] | None = None,
    ):
        """`steps` default to 1, `axes` to the first ones."""
        properties: dict[str, Attribute] = {
            "starts": ints(starts),
            "ends": ints(ends),
            "steps": ints((1,) * len(starts) if steps is None else steps),
            "axes": ints(range(len(starts)) if axes is None else axes),
        }
        self.build_op((x,), properties, None)

    def slices(self) -> tuple[slice, ...]:
        """One Python slice per axis."""
        arguments = (int_values(attr) for attr in (self.starts, self.ends, self.steps, self.axes))
        return shapes.slices(shape_of(self.x), *arguments)

    def result_shape(self) -> Shape:
        result = shapes.sliced(shape_of(self.x), self.slices())
        require(min(result, default=1) > 0, f"empty slice of {shapes.text(shape_of(self.x))}")
        return result

    def move(self, array: Array) -> Array:
        return array[(..., *self.slices())]


@irdl_op_definition
class PadOp(MovementOp):
    """
    A border of one value; pads are all begins, then all ends.

    `result[i] = x[i - begin]` inside, `value` outside

    ```mlir
    %y = qnn.pad %x {pads = array<i64: 0, 0, 1, 1, 0, 0, 1, 1>, value = 0.0 : f64}
      : (tensor<1x8x4x4xf32>) -> tensor<1x8x6x6xf32>
    ```
    """

    name = "qnn.pad"

    x = operand_def(TENSOR)
    pads = prop_def(INTS)
    value = prop_def(F64, default_value=real(0.0))

    assembly_format = "$x attr-dict `:` functional-type(operands, results)"

    def __init__(self, x: Value, pads: Sequence[int], value: float = 0.0):
        self.build_op((x,), {"pads": ints(pads), "value": real(value)}, None)

    def result_shape(self) -> Shape:
        return shapes.pad(shape_of(self.x), int_values(self.pads))

    def move(self, array: Array, fill: float | None = None) -> Array:
        """`fill` stands in for `value`, for arrays that hold something else than the elements."""
        pads = int_values(self.pads)
        rank = len(pads) // 2
        widths = [(0, 0)] * (array.ndim - rank) + list(zip(pads[:rank], pads[rank:], strict=True))
        return np.pad(array, widths, constant_values=self.value.value.data if fill is None else fill)

    def verify_(self) -> None:
        super().verify_()
        value = self.value.value.data
        require(is_float(self.result.type) or value == int(value), f"{value} is no integer")


@irdl_op_definition
class DepthToSpaceOp(MovementOp):
    """
    Channels to pixels: every pixel becomes a square of `block` by `block`.

    `result[n, c, y*b + i, x*b + j] = x[n, k, y, x]` with `k = (i*b + j)*C + c` (dcr) or `k = c*b*b + i*b + j` (crd)

    ```mlir
    %y = qnn.depth_to_space %x {block = 2 : i64, mode = #qnn<depth_to_space_mode dcr>}
      : (tensor<1x8x4x4xf32>) -> tensor<1x2x8x8xf32>
    ```
    """

    name = "qnn.depth_to_space"

    x = operand_def(TENSOR)
    block = prop_def(I64)
    mode = prop_def(DepthToSpaceModeAttr)

    assembly_format = "$x attr-dict `:` functional-type(operands, results)"

    def __init__(self, x: Value, block: int, mode: DepthToSpaceMode = DepthToSpaceMode.DCR):
        self.build_op((x,), {"block": integer(block), "mode": DepthToSpaceModeAttr(mode)}, None)

    def result_shape(self) -> Shape:
        return shapes.depth_to_space(shape_of(self.x), self.block.value.data)

    def move(self, array: Array) -> Array:
        *leading, channels, height, width = array.shape
        b, n = self.block.value.data, len(leading)
        depth = channels // (b * b)
        if self.mode.data == DepthToSpaceMode.DCR:
            parts, order = (b, b, depth), (2, 3, 0, 4, 1)
        else:
            parts, order = (depth, b, b), (0, 3, 1, 4, 2)
        split = array.reshape(*leading, *parts, height, width)
        moved = split.transpose((*range(n), *(n + axis for axis in order)))
        return moved.reshape(*leading, depth, height * b, width * b)


@irdl_op_definition
class ResizeOp(MovementOp):
    """
    Nearest-neighbour enlargement by whole factors, one per axis.

    `result[i] = x[floor(i / scales)]`

    ```mlir
    %y = qnn.resize %x {scales = array<i64: 1, 1, 2, 2>} : (tensor<1x8x4x4xf32>) -> tensor<1x8x8x8xf32>
    ```
    """

    name = "qnn.resize"

    x = operand_def(TENSOR)
    scales = prop_def(INTS)

    assembly_format = "$x attr-dict `:` functional-type(operands, results)"

    def __init__(self, x: Value, scales: Sequence[int]):
        self.build_op((x,), {"scales": ints(scales)}, None)

    def result_shape(self) -> Shape:
        return shapes.resize(shape_of(self.x), int_values(self.scales))

    def move(self, array: Array) -> Array:
        scales = int_values(self.scales)
        for axis, scale in enumerate(scales, start=array.ndim - len(scales)):
            array = np.repeat(array, scale, axis) if scale != 1 else array
        return array


@irdl_op_definition
class GatherOp(SameTypeOp):
    """
    Selected positions of one axis; negative indices count from the end.

    `result[.., i, ..] = x[.., indices[i], ..]`

    ```mlir
    %y = qnn.gather %x, %indices {axis = 1 : i64} : (tensor<1x8xf32>, tensor<3xui3>) -> tensor<1x3xf32>
    ```
    """

    name = "qnn.gather"

    x = operand_def(TENSOR)
    indices = operand_def(INT_TENSOR)
    axis = prop_def(I64)

    assembly_format = "$x `,` $indices attr-dict `:` functional-type(operands, results)"

    def __init__(self, x: Value, indices: Value, axis: int):
        self.build_op((x, indices), {"axis": integer(axis)}, None)

    def kind_operands(self) -> Sequence[SSAValue]:
        return (self.x,)

    def result_shape(self) -> Shape:
        return shapes.gather(shape_of(self.x), shape_of(self.indices), self.axis.value.data)

    def move(self, array: Array, indices: NDArray[np.int64]) -> Array:
        """Select the positions `indices` (without axes in front) of `array`."""
        rank = len(shape_of(self.x))
        return np.take(array, indices, axis=self.axis.value.data % rank - rank)
