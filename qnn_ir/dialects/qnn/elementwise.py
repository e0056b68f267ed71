"""Elementwise operators. All but `add` and `mul` exist on real tensors only: in integer form they have become maps."""

from abc import ABC
from collections.abc import Sequence
from typing import cast

from xdsl.dialects.builtin import DenseArrayBase, IntegerType, f64
from xdsl.ir import Operation, SSAValue
from xdsl.irdl import irdl_op_definition, operand_def, prop_def

from qnn_ir.dialects.qnn.attributes import Function, FunctionAttr
from qnn_ir.dialects.qnn.base import (
    F64,
    FLOAT_TENSOR,
    TENSOR,
    AnyKindOp,
    FloatOp,
    integer_element,
    real,
    shape_of,
)
from qnn_ir.dialects.qnn.shapes import Shape, broadcast, require

Value = SSAValue | Operation


@irdl_op_definition
class AddOp(AnyKindOp):
    """
    Sum with NumPy broadcasting; on integers both operands have the same scale.

    `result = a + b`

    ```mlir
    %y = qnn.add %a, %b : (tensor<1x8xui4>, tensor<1x8xui4>) -> tensor<1x8xui5>
    ```
    """

    name = "qnn.add"

    a = operand_def(TENSOR)
    b = operand_def(TENSOR)

    assembly_format = "$a `,` $b attr-dict `:` functional-type(operands, results)"

    def __init__(self, a: Value, b: Value, *, element: IntegerType | None = None):
        self.build_op((a, b), {}, integer_element(element, a, b))

    def result_shape(self) -> Shape:
        return broadcast(shape_of(self.a), shape_of(self.b))


@irdl_op_definition
class MulOp(AnyKindOp):
    """
    Product with NumPy broadcasting; on integers the scale of the result is the product of the scales.

    `result = a * b`

    ```mlir
    %y = qnn.mul %a, %b : (tensor<1x8x4x4xui4>, tensor<1x8x1x1xsi3>) -> tensor<1x8x4x4xsi7>
    ```
    """

    name = "qnn.mul"

    a = operand_def(TENSOR)
    b = operand_def(TENSOR)

    assembly_format = "$a `,` $b attr-dict `:` functional-type(operands, results)"

    def __init__(self, a: Value, b: Value, *, element: IntegerType | None = None):
        self.build_op((a, b), {}, integer_element(element, a, b))

    def result_shape(self) -> Shape:
        return broadcast(shape_of(self.a), shape_of(self.b))


class _FloatBinaryOp(FloatOp, ABC):
    """A binary operator on real numbers with NumPy broadcasting."""

    a = operand_def(FLOAT_TENSOR)
    b = operand_def(FLOAT_TENSOR)

    assembly_format = "$a `,` $b attr-dict `:` functional-type(operands, results)"

    def __init__(self, a: Value, b: Value):
        self.build_op((a, b), {}, None)

    def result_shape(self) -> Shape:
        return broadcast(shape_of(self.a), shape_of(self.b))


@irdl_op_definition
class SubOp(_FloatBinaryOp):
    """
    Difference with NumPy broadcasting.

    `result = a - b`

    ```mlir
    %y = qnn.sub %a, %b : (tensor<1x8xf32>, tensor<8xf32>) -> tensor<1x8xf32>
    ```
    """

    name = "qnn.sub"


@irdl_op_definition
class DivOp(_FloatBinaryOp):
    """
    Quotient with NumPy broadcasting.

    `result = a / b`

    ```mlir
    %y = qnn.div %a, %b : (tensor<1x8xf32>, tensor<f32>) -> tensor<1x8xf32>
    ```
    """

    name = "qnn.div"


class _FloatUnaryOp(FloatOp, ABC):
    """A function of every element."""

    x = operand_def(FLOAT_TENSOR)

    assembly_format = "$x attr-dict `:` functional-type(operands, results)"

    def result_shape(self) -> Shape:
        return shape_of(self.x)


@irdl_op_definition
class ReluOp(_FloatUnaryOp):
    """
    The positive part.

    `result = max(x, 0)`

    ```mlir
    %y = qnn.relu %x : (tensor<1x8xf32>) -> tensor<1x8xf32>
    ```
    """

    name = "qnn.relu"

    def __init__(self, x: Value):
        self.build_op((x,), {}, None)


@irdl_op_definition
class LeakyReluOp(_FloatUnaryOp):
    """
    A smaller slope for negative elements.

    `result = x >= 0 ? x : alpha * x`

    ```mlir
    %y = qnn.leaky_relu %x {alpha = 0.125 : f64} : (tensor<1x8xf32>) -> tensor<1x8xf32>
    ```
    """

    name = "qnn.leaky_relu"

    alpha = prop_def(F64)

    def __init__(self, x: Value, *, alpha: float):
        self.build_op((x,), {"alpha": real(alpha)}, None)


@irdl_op_definition
class PReluOp(FloatOp):
    """
    A slope per channel for negative elements, NumPy broadcasting.

    `result = x >= 0 ? x : slope * x`

    ```mlir
    %y = qnn.prelu %x, %slope : (tensor<1x8x4x4xf32>, tensor<8x1x1xf32>) -> tensor<1x8x4x4xf32>
    ```
    """

    name = "qnn.prelu"

    x = operand_def(FLOAT_TENSOR)
    slope = operand_def(FLOAT_TENSOR)

    assembly_format = "$x `,` $slope attr-dict `:` functional-type(operands, results)"

    def __init__(self, x: Value, slope: Value):
        self.build_op((x, slope), {}, None)

    def result_shape(self) -> Shape:
        return broadcast(shape_of(self.x), shape_of(self.slope))


@irdl_op_definition
class ClipOp(_FloatUnaryOp):
    """
    Limits, either of which may be infinite.

    `result = min(max(x, min), max)`

    ```mlir
    %y = qnn.clip %x {min = 0.0 : f64, max = 6.0 : f64} : (tensor<1x8xf32>) -> tensor<1x8xf32>
    ```
    """

    name = "qnn.clip"

    min = prop_def(F64)
    max = prop_def(F64)

    def __init__(self, x: Value, *, min: float = -float("inf"), max: float = float("inf")):
        self.build_op((x,), {"min": real(min), "max": real(max)}, None)

    def verify_(self) -> None:
        super().verify_()
        nans = any(bound.value.data != bound.value.data for bound in (self.min, self.max))
        require(not nans, "a bound is not a number")


_PARAMETERS: dict[Function, int] = {
    Function.HARD_SIGMOID: 2,
    Function.ELU: 1,
    Function.CELU: 1,
    Function.SELU: 2,
    Function.THRESHOLDED_RELU: 1,
}


@irdl_op_definition
class UnaryOp(_FloatUnaryOp):
    """
    A named function of one real variable, with the meaning of the ONNX operator.

    `result = fn(x; params)`; params are alpha, beta (`hard_sigmoid`), alpha (`elu`, `celu`, `thresholded_relu`) or
    alpha, gamma (`selu`). `round` is half-even, `gelu` uses erf, `gelu_tanh` its approximation.

    ```mlir
    %y = qnn.unary %x {fn = #qnn<function hard_sigmoid>, params = array<f64: 0.2, 0.5>}
      : (tensor<1x8xf32>) -> tensor<1x8xf32>
    ```
    """

    name = "qnn.unary"

    fn = prop_def(FunctionAttr)
    params = prop_def(DenseArrayBase.constr(f64), default_value=DenseArrayBase.from_list(f64, []))

    def __init__(self, x: Value, fn: Function, params: Sequence[float] = ()):
        properties = {"fn": FunctionAttr(fn), "params": DenseArrayBase.from_list(f64, list(params))}
        self.build_op((x,), properties, None)

    def parameters(self) -> tuple[float, ...]:
        """The parameters of the function."""
        return tuple(cast(Sequence[float], self.params.get_values()))

    def verify_(self) -> None:
        super().verify_()
        expected, found = _PARAMETERS.get(self.fn.data, 0), len(self.parameters())
        require(expected == found, f"{self.fn.data.value} has {expected} parameters, not {found}")
