"""Operators behind the last layer, usually left to the host."""

from typing import Any

from xdsl.dialects.builtin import IntegerType, Signedness, TensorType
from xdsl.ir import Operation, SSAValue
from xdsl.irdl import irdl_op_definition, operand_def, prop_def, result_def

from qnn_ir.constants import type_range
from qnn_ir.dialects.qnn import shapes
from qnn_ir.dialects.qnn.base import (
    BOOL,
    FLOAT_TENSOR,
    I64,
    INT_TENSOR,
    TENSOR,
    FloatOp,
    QnnOp,
    TensorOp,
    boolean,
    element_of,
    integer,
    integer_type,
    shape_of,
)
from qnn_ir.dialects.qnn.shapes import Shape, require, text

Value = SSAValue | Operation

SI64 = IntegerType(64, Signedness.SIGNED)


def _check_index_type(result: SSAValue[Any], size: int) -> None:
    element = integer_type(result.type)
    require(element is not None and type_range(element)[1] >= size - 1, f"{result.type} for {size} indices")


@irdl_op_definition
class SoftmaxOp(FloatOp):
    """
    Exponentials along an axis, scaled to the sum 1.

    `result = exp(x - max(x)) / sum(exp(x - max(x)))` along `axis`

    ```mlir
    %y = qnn.softmax %x {axis = 1 : i64} : (tensor<1x10xf32>) -> tensor<1x10xf32>
    ```
    """

    name = "qnn.softmax"

    x = operand_def(FLOAT_TENSOR)
    axis = prop_def(I64)

    assembly_format = "$x attr-dict `:` functional-type(operands, results)"

    def __init__(self, x: Value, axis: int = -1):
        self.build_op((x,), {"axis": integer(axis)}, None)

    def result_shape(self) -> Shape:
        shape = shape_of(self.x)
        shapes.axis_of(self.axis.value.data, len(shape))
        return shape


@irdl_op_definition
class TopKOp(QnnOp):
    """
    The k largest (or smallest) elements along an axis, best first, and their positions; ties: lower position first.

    `values[.., j, ..] = x[.., indices[.., j, ..], ..]`

    ```mlir
    %v, %i = qnn.top_k %x {k = 1 : i64, axis = 1 : i64, largest = true}
      : (tensor<1x10xsi8>) -> (tensor<1x1xsi8>, tensor<1x1xui4>)
    ```
    """

    name = "qnn.top_k"

    x = operand_def(TENSOR)
    k = prop_def(I64)
    axis = prop_def(I64)
    largest = prop_def(BOOL)
    values = result_def(TENSOR)
    indices = result_def(INT_TENSOR)

    assembly_format = "$x attr-dict `:` functional-type(operands, results)"

    def __init__(self, x: Value, k: int, *, axis: int = -1, largest: bool = True, index_type: IntegerType = SI64):
        properties = {"k": integer(k), "axis": integer(axis), "largest": boolean(largest)}
        shape = _top_k_shape(shape_of(x), k, axis)
        types = (TensorType(element_of(x), shape), TensorType(index_type, shape))
        super().__init__(operands=(x,), properties=properties, result_types=types)

    def verify_(self) -> None:
        """Both results have the shape of x with k on the axis."""
        x, axis = shape_of(self.x), self.axis.value.data
        expected = _top_k_shape(x, self.k.value.data, axis)
        for result in self.results:
            found = shape_of(result)
            require(found == expected, f"result has shape {text(found)}, expected {text(expected)}")
        require(element_of(self.values) == element_of(self.x), "values have the element type of x")
        _check_index_type(self.indices, x[axis])


def _top_k_shape(x: Shape, k: int, axis: int) -> Shape:
    axis = shapes.axis_of(axis, len(x))
    require(1 <= k <= x[axis], f"{k} largest of {x[axis]} elements")
    return (*x[:axis], k, *x[axis + 1 :])


@irdl_op_definition
class ArgMaxOp(TensorOp):
    """
    The position of the largest element along an axis: the first one of equals, or the last with `last_index`.

    `result[..] = argmax_i x[.., i, ..]`

    ```mlir
    %i = qnn.arg_max %x {axis = 1 : i64, keepdims = true, last_index = false} : (tensor<1x10xf32>) -> tensor<1x1xsi64>
    ```
    """

    name = "qnn.arg_max"

    x = operand_def(TENSOR)
    axis = prop_def(I64)
    keepdims = prop_def(BOOL)
    last_index = prop_def(BOOL)

    assembly_format = "$x attr-dict `:` functional-type(operands, results)"

    def __init__(
        self,
        x: Value,
        *,
        axis: int = 0,
        keepdims: bool = True,
        last_index: bool = False,
        index_type: IntegerType = SI64,
    ):
        properties = {"axis": integer(axis), "keepdims": boolean(keepdims), "last_index": boolean(last_index)}
        self.build_op((x,), properties, index_type)

    def result_shape(self) -> Shape:
        return shapes.reduced(shape_of(self.x), self.axis.value.data, bool(self.keepdims.value.data))

    def verify_(self) -> None:
        super().verify_()
        _check_index_type(self.result, shape_of(self.x)[self.axis.value.data])
