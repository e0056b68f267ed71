"""Linear operators and pools, on real tensors (form a) and on integer tensors (form b)."""

from collections.abc import Sequence
from typing import Any

from xdsl.dialects.builtin import DenseArrayBase, IntegerType
from xdsl.ir import Attribute, Operation, SSAValue
from xdsl.irdl import irdl_op_definition, operand_def, opt_operand_def, prop_def

from qnn_ir.dialects.qnn import shapes
from qnn_ir.dialects.qnn.base import (
    BOOL,
    F64,
    FLOAT_TENSOR,
    I64,
    INT_TENSOR,
    INTS,
    TENSOR,
    AnyKindOp,
    FloatOp,
    SameTypeOp,
    TensorOp,
    boolean,
    int_values,
    integer,
    integer_element,
    ints,
    is_float,
    real,
    shape_of,
)
from qnn_ir.dialects.qnn.shapes import Shape, Window, require

Value = SSAValue | Operation


def _window(
    kernel: Shape, strides: DenseArrayBase[Any], pads: DenseArrayBase[Any], dilations: DenseArrayBase[Any] | None = None
) -> Window:
    steps = (1,) * len(kernel) if dilations is None else int_values(dilations)
    return Window(kernel, int_values(strides), int_values(pads), steps)


def _window_properties(rank: int, strides: Sequence[int] | None, pads: Sequence[int] | None) -> dict[str, Attribute]:
    return {"strides": ints(strides or (1,) * rank), "pads": ints(pads or (0,) * 2 * rank)}


@irdl_op_definition
class MatMulOp(AnyKindOp):
    """
    Matrix product with NumPy broadcasting of the leading axes; exact on integers.

    `result[.., i, j] = sum_k a[.., i, k] * b[.., k, j]`

    ```mlir
    %y = qnn.matmul %x, %w : (tensor<1x784xui2>, tensor<784x64xsi2>) -> tensor<1x64xsi13>
    ```
    """

    name = "qnn.matmul"

    a = operand_def(TENSOR)
    b = operand_def(TENSOR)

    assembly_format = "$a `,` $b attr-dict `:` functional-type(operands, results)"

    def __init__(self, a: Value, b: Value, *, element: IntegerType | None = None):
        self.build_op((a, b), {}, integer_element(element, a, b))

    def result_shape(self) -> Shape:
        return shapes.matmul(shape_of(self.a), shape_of(self.b))


@irdl_op_definition
class ConvOp(AnyKindOp):
    """
    Convolution of ONNX in one or two dimensions, channels first; exact on integers.

    `result[n, o, p] = bias[o] + sum_{c, k} padded[n, c, p * strides + k * dilations] * w[o, c, k]`, c over the
    channels of o's group, `padded` filled with `pad_value` (the stored integer that means zero); pads are all begins,
    then all ends.

    ```mlir
    %y = qnn.conv %x, %w {strides = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>}
      : (tensor<1x3x32x32xf32>, tensor<64x3x3x3xf32>) -> tensor<1x64x32x32xf32>
    ```
    """

    name = "qnn.conv"

    x = operand_def(TENSOR)
    w = operand_def(TENSOR)
    bias = opt_operand_def(TENSOR)
    strides = prop_def(INTS)
    pads = prop_def(INTS)
    dilations = prop_def(INTS)
    group = prop_def(I64, default_value=integer(1))
    pad_value = prop_def(I64, default_value=integer(0))

    assembly_format = "$x `,` $w (`,` $bias^)? attr-dict `:` functional-type(operands, results)"

    def __init__(
        self,
        x: Value,
        w: Value,
        bias: Value | None = None,
        *,
        strides: Sequence[int] | None = None,
        pads: Sequence[int] | None = None,
        dilations: Sequence[int] | None = None,
        group: int = 1,
        pad_value: int = 0,
        element: IntegerType | None = None,
    ):
        rank = len(shape_of(w)) - 2
        properties: dict[str, Attribute] = {
            **_window_properties(rank, strides, pads),
            "dilations": ints(dilations or (1,) * rank),
            "group": integer(group),
            "pad_value": integer(pad_value),
        }
        self.build_op((x, w, () if bias is None else (bias,)), properties, integer_element(element, x, w))

    def window(self) -> Window:
        """The geometry, kernel included."""
        return _window(shape_of(self.w)[2:], self.strides, self.pads, self.dilations)

    def result_shape(self) -> Shape:
        bias = None if self.bias is None else shape_of(self.bias)
        return shapes.conv(shape_of(self.x), shape_of(self.w), bias, self.window(), self.group.value.data)


@irdl_op_definition
class ConvTransposeOp(AnyKindOp):
    """
    Transposed convolution of ONNX in one or two dimensions, channels first; exact on integers.

    `full[n, o, i * strides + k * dilations] += x[n, c, i] * w[c, o, k]` for all c, i, k, o within c's group;
    `result = crop(full, pads) + bias[o]`, `output_padding` more elements at each end.

    ```mlir
    %y = qnn.conv_transpose %x, %w {strides = array<i64: 2, 2>, pads = array<i64: 0, 0, 0, 0>,
      dilations = array<i64: 1, 1>, output_padding = array<i64: 0, 0>}
      : (tensor<1x8x4x4xf32>, tensor<8x4x2x2xf32>) -> tensor<1x4x8x8xf32>
    ```
    """

    name = "qnn.conv_transpose"

    x = operand_def(TENSOR)
    w = operand_def(TENSOR)
    bias = opt_operand_def(TENSOR)
    strides = prop_def(INTS)
    pads = prop_def(INTS)
    dilations = prop_def(INTS)
    output_padding = prop_def(INTS)
    group = prop_def(I64, default_value=integer(1))

    assembly_format = "$x `,` $w (`,` $bias^)? attr-dict `:` functional-type(operands, results)"

    def __init__(
        self,
        x: Value,
        w: Value,
        bias: Value | None = None,
        *,
        strides: Sequence[int] | None = None,
        pads: Sequence[int] | None = None,
        dilations: Sequence[int] | None = None,
        output_padding: Sequence[int] | None = None,
        group: int = 1,
        element: IntegerType | None = None,
    ):
        rank = len(shape_of(w)) - 2
        properties: dict[str, Attribute] = {
            **_window_properties(rank, strides, pads),
            "dilations": ints(dilations or (1,) * rank),
            "output_padding": ints(output_padding or (0,) * rank),
            "group": integer(group),
        }
        self.build_op((x, w, () if bias is None else (bias,)), properties, integer_element(element, x, w))

    def window(self) -> Window:
        """The geometry, kernel included."""
        return _window(shape_of(self.w)[2:], self.strides, self.pads, self.dilations)

    def result_shape(self) -> Shape:
        x, w = shape_of(self.x), shape_of(self.w)
        bias = None if self.bias is None else shape_of(self.bias)
        extra = int_values(self.output_padding)
        return shapes.conv_transpose(x, w, bias, self.window(), self.group.value.data, extra)


@irdl_op_definition
class BatchNormOp(FloatOp):
    """
    Batch normalisation with fixed statistics, channels on axis 1.

    `result[n, c, ..] = scale[c] / sqrt(var[c] + epsilon) * (x[n, c, ..] - mean[c]) + bias[c]`

    ```mlir
    %y = qnn.batch_norm %x, %scale, %bias, %mean, %var {epsilon = 1.0e-05 : f64}
      : (tensor<1x8xf32>, tensor<8xf32>, tensor<8xf32>, tensor<8xf32>, tensor<8xf32>) -> tensor<1x8xf32>
    ```
    """

    name = "qnn.batch_norm"

    x = operand_def(FLOAT_TENSOR)
    scale = operand_def(FLOAT_TENSOR)
    bias = operand_def(FLOAT_TENSOR)
    mean = operand_def(FLOAT_TENSOR)
    var = operand_def(FLOAT_TENSOR)
    epsilon = prop_def(F64)

    assembly_format = "$x `,` $scale `,` $bias `,` $mean `,` $var attr-dict `:` functional-type(operands, results)"

    def __init__(self, x: Value, scale: Value, bias: Value, mean: Value, var: Value, *, epsilon: float = 1e-5):
        self.build_op((x, scale, bias, mean, var), {"epsilon": real(epsilon)}, None)

    def result_shape(self) -> Shape:
        x = shape_of(self.x)
        require(len(x) >= 2, f"batch norm of {shapes.text(x)}")
        for parameter in self.operands[1:]:
            found = shape_of(parameter)
            require(found == (x[1],), f"parameter of shape {shapes.text(found)} for {x[1]} channels")
        return x


@irdl_op_definition
class AveragePoolOp(FloatOp):
    """
    Mean over a sliding window; a kernel as large as the input is the global pool.

    `result[n, c, p] = sum_k padded[n, c, p * strides + k] / size`, padded with zeros; size counts the window's elements
    inside the input, with `count_include_pad` also those in the padding.

    ```mlir
    %y = qnn.average_pool %x {kernel = array<i64: 2, 2>, strides = array<i64: 2, 2>, pads = array<i64: 0, 0, 0, 0>}
      : (tensor<1x8x4x4xf32>) -> tensor<1x8x2x2xf32>
    ```
    """

    name = "qnn.average_pool"

    x = operand_def(FLOAT_TENSOR)
    kernel = prop_def(INTS)
    strides = prop_def(INTS)
    pads = prop_def(INTS)
    ceil_mode = prop_def(BOOL, default_value=boolean(False))
    count_include_pad = prop_def(BOOL, default_value=boolean(False))

    assembly_format = "$x attr-dict `:` functional-type(operands, results)"

    def __init__(
        self,
        x: Value,
        *,
        kernel: Sequence[int],
        strides: Sequence[int] | None = None,
        pads: Sequence[int] | None = None,
        ceil_mode: bool = False,
        count_include_pad: bool = False,
    ):
        properties: dict[str, Attribute] = {
            "kernel": ints(kernel),
            **_window_properties(len(kernel), strides, pads),
            "ceil_mode": boolean(ceil_mode),
            "count_include_pad": boolean(count_include_pad),
        }
        self.build_op((x,), properties, None)

    def window(self) -> Window:
        """The geometry."""
        return _window(int_values(self.kernel), self.strides, self.pads)

    def result_shape(self) -> Shape:
        return shapes.pool(shape_of(self.x), self.window(), bool(self.ceil_mode.value.data))


@irdl_op_definition
class MaxPoolOp(SameTypeOp):
    """
    Maximum over a sliding window; the padding never wins.

    `result[n, c, p] = max_k x[n, c, p * strides + k * dilations - begin]` over the taps inside the input

    ```mlir
    %y = qnn.max_pool %x {kernel = array<i64: 2, 2>, strides = array<i64: 2, 2>, pads = array<i64: 0, 0, 0, 0>,
      dilations = array<i64: 1, 1>} : (tensor<1x8x4x4xui4>) -> tensor<1x8x2x2xui4>
    ```
    """

    name = "qnn.max_pool"

    x = operand_def(TENSOR)
    kernel = prop_def(INTS)
    strides = prop_def(INTS)
    pads = prop_def(INTS)
    dilations = prop_def(INTS)
    ceil_mode = prop_def(BOOL, default_value=boolean(False))

    assembly_format = "$x attr-dict `:` functional-type(operands, results)"

    def __init__(
        self,
        x: Value,
        *,
        kernel: Sequence[int],
        strides: Sequence[int] | None = None,
        pads: Sequence[int] | None = None,
        dilations: Sequence[int] | None = None,
        ceil_mode: bool = False,
    ):
        properties: dict[str, Attribute] = {
            "kernel": ints(kernel),
            **_window_properties(len(kernel), strides, pads),
            "dilations": ints(dilations or (1,) * len(kernel)),
            "ceil_mode": boolean(ceil_mode),
        }
        self.build_op((x,), properties, None)

    def window(self) -> Window:
        """The geometry."""
        return _window(int_values(self.kernel), self.strides, self.pads, self.dilations)

    def result_shape(self) -> Shape:
        return shapes.pool(shape_of(self.x), self.window(), bool(self.ceil_mode.value.data))


@irdl_op_definition
class SumPoolOp(TensorOp):
    """
    Sum over a sliding window of integers: what an average pool becomes in integer form.

    `result[n, c, p] = sum_k padded[n, c, p * strides + k]`, padded with stored zeros

    ```mlir
    %y = qnn.sum_pool %x {kernel = array<i64: 4, 4>, strides = array<i64: 4, 4>, pads = array<i64: 0, 0, 0, 0>}
      : (tensor<1x8x4x4xui4>) -> tensor<1x8x1x1xui8>
    ```
    """

    name = "qnn.sum_pool"

    x = operand_def(INT_TENSOR)
    kernel = prop_def(INTS)
    strides = prop_def(INTS)
    pads = prop_def(INTS)

    assembly_format = "$x attr-dict `:` functional-type(operands, results)"

    def __init__(
        self,
        x: Value,
        *,
        element: IntegerType,
        kernel: Sequence[int],
        strides: Sequence[int] | None = None,
        pads: Sequence[int] | None = None,
    ):
        properties = {"kernel": ints(kernel), **_window_properties(len(kernel), strides, pads)}
        self.build_op((x,), properties, element)

    def window(self) -> Window:
        """The geometry."""
        return _window(int_values(self.kernel), self.strides, self.pads)

    def result_shape(self) -> Shape:
        return shapes.pool(shape_of(self.x), self.window())

    def verify_(self) -> None:
        super().verify_()
        require(not is_float(self.result.type), "sum_pool has an integer result")
