"""Operators of the integer form: its two borders, maps, and joins of unequal scales."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from xdsl.dialects.builtin import DenseIntOrFPElementsAttr, Float64Type, IntegerType, f32
from xdsl.ir import Attribute, Operation, SSAValue
from xdsl.irdl import BaseAttr, irdl_op_definition, operand_def, prop_def

from qnn_ir.constants import dense_float, dense_int, to_numpy
from qnn_ir.dialects.qnn.attributes import MapAttr
from qnn_ir.dialects.qnn.base import (
    FLOAT_TENSOR,
    I64,
    INT_TENSOR,
    FloatOp,
    TensorOp,
    check_groups,
    integer,
    is_float,
    shape_of,
)
from qnn_ir.dialects.qnn.shapes import Shape, broadcast, require

Value = SSAValue | Operation


def _affine_properties(scale: ArrayLike, bias: ArrayLike, groups: ArrayLike) -> dict[str, Attribute]:
    return {
        "scale": dense_float(np.atleast_1d(np.asarray(scale, np.float64))),
        "bias": dense_float(np.atleast_1d(np.asarray(bias, np.float64))),
        "groups": dense_int(np.asarray(groups, np.int64)),
    }


def _check_affine(
    scale: DenseIntOrFPElementsAttr, bias: DenseIntOrFPElementsAttr, groups: DenseIntOrFPElementsAttr, shape: Shape
) -> None:
    for attr in (scale, bias):
        rank = len(attr.get_shape())
        require(isinstance(attr.get_element_type(), Float64Type) and rank == 1, f"expected f64 per group: {attr.type}")
    rows = scale.get_shape()[0]
    require(bias.get_shape()[0] == rows, f"{rows} scales, but {bias.get_shape()[0]} biases")
    require(bool(np.isfinite(to_numpy(scale)).all()), "scales must be finite")
    require(bool(np.isfinite(to_numpy(bias)).all()), "biases must be finite")
    check_groups(groups, shape, rows)


@irdl_op_definition
class ToIntegerOp(TensorOp):
    """
    Entry of the integer form: the integers that stand for real numbers on a known grid.

    `result = rint((x - bias_g) / scale_g)`, g = groups at the element; an x that is no point of the grid, or outside
    the result type, is an error.

    ```mlir
    %q = qnn.to_integer %x {scale = dense<0.5> : tensor<1xf64>, bias = dense<0.0> : tensor<1xf64>,
      groups = dense<0> : tensor<i8>} : (tensor<1x8xf32>) -> tensor<1x8xui8>
    ```
    """

    name = "qnn.to_integer"

    x = operand_def(FLOAT_TENSOR)
    scale = prop_def(DenseIntOrFPElementsAttr)
    bias = prop_def(DenseIntOrFPElementsAttr)
    groups = prop_def(DenseIntOrFPElementsAttr)

    assembly_format = "$x attr-dict `:` functional-type(operands, results)"

    def __init__(
        self, x: Value, *, element: IntegerType, scale: ArrayLike = 1.0, bias: ArrayLike = 0.0, groups: ArrayLike = 0
    ):
        """`scale` and `bias` of shape (G,), `groups` broadcastable to the shape of `x`."""
        self.build_op((x,), _affine_properties(scale, bias, groups), element)

    def result_shape(self) -> Shape:
        return shape_of(self.x)

    def verify_(self) -> None:
        super().verify_()
        require(not is_float(self.result.type), "to_integer has an integer result")
        _check_affine(self.scale, self.bias, self.groups, shape_of(self.x))
        require(bool((to_numpy(self.scale) != 0).all()), "scales must be finite, not 0")


@irdl_op_definition
class ToRealOp(FloatOp):
    """
    Exit of the integer form: the real numbers that stored integers stand for.

    `result = scale_g * x + bias_g`, g = groups at the element

    ```mlir
    %y = qnn.to_real %q {scale = dense<0.5> : tensor<1xf64>, bias = dense<0.0> : tensor<1xf64>,
      groups = dense<0> : tensor<i8>} : (tensor<1x8xui8>) -> tensor<1x8xf32>
    ```
    """

    name = "qnn.to_real"

    x = operand_def(INT_TENSOR)
    scale = prop_def(DenseIntOrFPElementsAttr)
    bias = prop_def(DenseIntOrFPElementsAttr)
    groups = prop_def(DenseIntOrFPElementsAttr)

    assembly_format = "$x attr-dict `:` functional-type(operands, results)"

    def __init__(self, x: Value, *, scale: ArrayLike = 1.0, bias: ArrayLike = 0.0, groups: ArrayLike = 0):
        """`scale` and `bias` of shape (G,), `groups` broadcastable to the shape of `x`."""
        self.build_op((x,), _affine_properties(scale, bias, groups), f32)

    def result_shape(self) -> Shape:
        return shape_of(self.x)

    def verify_(self) -> None:
        super().verify_()
        _check_affine(self.scale, self.bias, self.groups, shape_of(self.x))


@irdl_op_definition
class MapOp(TensorOp):
    """
    An integer function of every element, one row of parameters per group.

    `result = map_g(x)`, g = groups at the element

    ```mlir
    %y = qnn.map %x {map = #qnn.thresholds<dense<[[-3, 0, 5]]> : tensor<1x3xi8>, base = 0>,
      groups = dense<0> : tensor<i8>} : (tensor<1x8xsi12>) -> tensor<1x8xui2>
    ```
    """

    name = "qnn.map"

    x = operand_def(INT_TENSOR)
    map = prop_def(BaseAttr(MapAttr))
    groups = prop_def(DenseIntOrFPElementsAttr)

    assembly_format = "$x attr-dict `:` functional-type(operands, results)"

    def __init__(self, x: Value, map: MapAttr, groups: ArrayLike = 0, *, element: IntegerType):
        """`groups` broadcastable to the shape of `x`."""
        self.build_op((x,), {"map": map, "groups": dense_int(np.asarray(groups, np.int64))}, element)

    def result_shape(self) -> Shape:
        return shape_of(self.x)

    def rows(self) -> NDArray[Any]:
        """The row of the map at every element, broadcastable to the shape."""
        return to_numpy(self.groups)

    def verify_(self) -> None:
        super().verify_()
        require(not is_float(self.result.type), "map has an integer result")
        check_groups(self.groups, shape_of(self.x), self.map.rows())


@irdl_op_definition
class ScaledAddOp(TensorOp):
    """
    Join of two integer tensors of unequal scales.

    `result = ma * a + mb * b`, NumPy broadcasting

    ```mlir
    %y = qnn.scaled_add %a, %b {ma = 3 : i64, mb = 2 : i64} : (tensor<1x8xui4>, tensor<1x8xui4>) -> tensor<1x8xui7>
    ```
    """

    name = "qnn.scaled_add"

    a = operand_def(INT_TENSOR)
    b = operand_def(INT_TENSOR)
    ma = prop_def(I64)
    mb = prop_def(I64)

    assembly_format = "$a `,` $b attr-dict `:` functional-type(operands, results)"

    def __init__(self, a: Value, b: Value, *, ma: int, mb: int, element: IntegerType):
        self.build_op((a, b), {"ma": integer(ma), "mb": integer(mb)}, element)

    def result_shape(self) -> Shape:
        return broadcast(shape_of(self.a), shape_of(self.b))

    def verify_(self) -> None:
        super().verify_()
        require(not is_float(self.result.type), "scaled_add has an integer result")
