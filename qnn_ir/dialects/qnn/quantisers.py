"""Explicit quantisers on real tensors, with the exact semantics of QONNX and ONNX."""

from typing import Any

from xdsl.dialects.builtin import FloatAttr, IntegerAttr, f32
from xdsl.ir import Attribute, Operation, SSAValue
from xdsl.irdl import irdl_op_definition, operand_def, opt_operand_def, prop_def

from qnn_ir.constants import type_range
from qnn_ir.dialects.qnn.attributes import Rounding, RoundingAttr
from qnn_ir.dialects.qnn.base import (
    BOOL,
    F64,
    FLOAT_TENSOR,
    I64,
    TENSOR,
    FloatOp,
    TensorOp,
    boolean,
    integer,
    integer_type,
    real,
    shape_of,
)
from qnn_ir.dialects.qnn.shapes import Shape, broadcast, per_axis, require, threshold_rows

Value = SSAValue | Operation


def _check_bits(bits: FloatAttr[Any], what: str = "bits") -> None:
    require(1 <= bits.value.data <= 64, f"{what} = {bits.value.data} is no bit width from 1 to 64")


@irdl_op_definition
class QuantOp(FloatOp):
    """
    Uniform quantiser of QONNX (`Quant`, `IntQuant`): the zero point is added *before* rounding.

    `result = (round(clamp(x / scale + zero, min, max)) - zero) * scale`, bounds from bits, signed and narrow as real
    numbers (2.5 bits are allowed); 1 bit signed is `(x / scale + zero >= 0 ? 1 : -1)` instead of the rounding.

    ```mlir
    %y = qnn.quant %x, %scale, %zero {bits = 4.0 : f64, signed = true, narrow = false,
      rounding = #qnn<rounding half_even>} : (tensor<1x8xf32>, tensor<f32>, tensor<f32>) -> tensor<1x8xf32>
    ```
    """

    name = "qnn.quant"

    x = operand_def(FLOAT_TENSOR)
    scale = operand_def(FLOAT_TENSOR)
    zero = operand_def(FLOAT_TENSOR)
    bits = prop_def(F64)
    signed = prop_def(BOOL)
    narrow = prop_def(BOOL)
    rounding = prop_def(RoundingAttr)

    assembly_format = "$x `,` $scale `,` $zero attr-dict `:` functional-type(operands, results)"

    def __init__(
        self,
        x: Value,
        scale: Value,
        zero: Value,
        *,
        bits: float,
        signed: bool,
        narrow: bool = False,
        rounding: Rounding = Rounding.HALF_EVEN,
    ):
        properties: dict[str, Attribute] = {
            "bits": real(bits),
            "signed": boolean(signed),
            "narrow": boolean(narrow),
            "rounding": RoundingAttr(rounding),
        }
        self.build_op((x, scale, zero), properties, None)

    def result_shape(self) -> Shape:
        return broadcast(shape_of(self.x), shape_of(self.scale), shape_of(self.zero))

    def bounds(self) -> tuple[float, float]:
        """The smallest and largest stored value, as real numbers."""
        return quant_bounds(self.bits, self.signed, self.narrow)

    def verify_(self) -> None:
        super().verify_()
        _check_bits(self.bits)


def quant_bounds(bits: FloatAttr[Any], signed: IntegerAttr[Any], narrow: IntegerAttr[Any]) -> tuple[float, float]:
    """The bounds of QONNX for a width that may be fractional."""
    b, less = bits.value.data, 1.0 if narrow.value.data else 0.0
    if signed.value.data:
        return -(2.0 ** (b - 1)) + less, 2.0 ** (b - 1) - 1
    return 0.0, 2.0**b - 1 - less


@irdl_op_definition
class BipolarQuantOp(FloatOp):
    """
    Sign quantiser of QONNX (`BipolarQuant`): zero counts as positive.

    `result = (x >= 0 ? 1 : -1) * scale`

    ```mlir
    %y = qnn.bipolar_quant %x, %scale : (tensor<1x8xf32>, tensor<f32>) -> tensor<1x8xf32>
    ```
    """

    name = "qnn.bipolar_quant"

    x = operand_def(FLOAT_TENSOR)
    scale = operand_def(FLOAT_TENSOR)

    assembly_format = "$x `,` $scale attr-dict `:` functional-type(operands, results)"

    def __init__(self, x: Value, scale: Value):
        self.build_op((x, scale), {}, None)

    def result_shape(self) -> Shape:
        return broadcast(shape_of(self.x), shape_of(self.scale))


@irdl_op_definition
class TruncOp(FloatOp):
    """
    Removal of low bits of QONNX (`Trunc`), in both of its versions.

    `q = half_even(x / scale + zero)`; version 1, with `t = 2^(in_bits - out_bits)`:
    `result = (round(q / t) - zero) * scale`; version 2, with `t = 2^half_even(log2(out_scale / scale))`:
    `result = (round(clamp(q / t, min, max)) - zero / t) * out_scale`, bounds from out_bits, signed and narrow.

    ```mlir
    %y = qnn.trunc %x, %scale, %zero {version = 1 : i64, in_bits = 8.0 : f64, out_bits = 4.0 : f64, signed = true,
      narrow = false, rounding = #qnn<rounding floor>} : (tensor<1x8xf32>, tensor<f32>, tensor<f32>) -> tensor<1x8xf32>
    ```
    """

    name = "qnn.trunc"

    x = operand_def(FLOAT_TENSOR)
    scale = operand_def(FLOAT_TENSOR)
    zero = operand_def(FLOAT_TENSOR)
    out_scale = opt_operand_def(FLOAT_TENSOR)
    version = prop_def(I64)
    in_bits = prop_def(F64)
    out_bits = prop_def(F64)
    signed = prop_def(BOOL)
    narrow = prop_def(BOOL)
    rounding = prop_def(RoundingAttr)

    assembly_format = "$x `,` $scale `,` $zero (`,` $out_scale^)? attr-dict `:` functional-type(operands, results)"

    def __init__(
        self,
        x: Value,
        scale: Value,
        zero: Value,
        out_scale: Value | None = None,
        *,
        in_bits: float,
        out_bits: float,
        signed: bool = True,
        narrow: bool = False,
        rounding: Rounding = Rounding.FLOOR,
    ):
        """With `out_scale` it is version 2, without it version 1."""
        properties: dict[str, Attribute] = {
            "version": integer(1 if out_scale is None else 2),
            "in_bits": real(in_bits),
            "out_bits": real(out_bits),
            "signed": boolean(signed),
            "narrow": boolean(narrow),
            "rounding": RoundingAttr(rounding),
        }
        self.build_op((x, scale, zero, () if out_scale is None else (out_scale,)), properties, None)

    def result_shape(self) -> Shape:
        return broadcast(*(shape_of(value) for value in self.operands))

    def bounds(self) -> tuple[float, float]:
        """The smallest and largest stored value of the result (version 2), as real numbers."""
        return quant_bounds(self.out_bits, self.signed, self.narrow)

    def verify_(self) -> None:
        super().verify_()
        _check_bits(self.in_bits, "in_bits")
        _check_bits(self.out_bits, "out_bits")
        expected = 1 if self.out_scale is None else 2
        require(self.version.value.data == expected, f"version {self.version.value.data}, operands of {expected}")


@irdl_op_definition
class MultiThresholdOp(FloatOp):
    """
    Staircase of QONNX (`MultiThreshold`): counts the thresholds that are reached, per channel.

    `result[.., c, ..] = out_scale * #{t : x[.., c, ..] >= thresholds[c, t]} + out_bias`, c along `channel_axis`;
    one row of thresholds serves all channels.

    ```mlir
    %y = qnn.multi_threshold %x, %t {out_scale = 1.0 : f64, out_bias = 0.0 : f64, channel_axis = 1 : i64}
      : (tensor<1x8xf32>, tensor<8x3xf32>) -> tensor<1x8xf32>
    ```
    """

    name = "qnn.multi_threshold"

    x = operand_def(FLOAT_TENSOR)
    thresholds = operand_def(FLOAT_TENSOR)
    out_scale = prop_def(F64)
    out_bias = prop_def(F64)
    channel_axis = prop_def(I64)

    assembly_format = "$x `,` $thresholds attr-dict `:` functional-type(operands, results)"

    def __init__(
        self, x: Value, thresholds: Value, *, out_scale: float = 1.0, out_bias: float = 0.0, channel_axis: int = 1
    ):
        properties: dict[str, Attribute] = {
            "out_scale": real(out_scale),
            "out_bias": real(out_bias),
            "channel_axis": integer(channel_axis),
        }
        self.build_op((x, thresholds), properties, None)

    def result_shape(self) -> Shape:
        return threshold_rows(shape_of(self.x), shape_of(self.thresholds), self.channel_axis.value.data)


@irdl_op_definition
class QuantizeLinearOp(TensorOp):
    """
    Quantiser of ONNX (`QuantizeLinear`): the zero point is added *after* rounding.

    `result = clamp(half_even(x / scale) + zero, lo, hi)`, scale and zero per tensor or along `axis`; the result holds
    these integers in a float or in an integer tensor.

    ```mlir
    %q = qnn.quantize_linear %x, %scale, %zero {axis = 1 : i64, lo = 0 : i64, hi = 255 : i64}
      : (tensor<1x8xf32>, tensor<f32>, tensor<ui8>) -> tensor<1x8xui8>
    ```
    """

    name = "qnn.quantize_linear"

    x = operand_def(FLOAT_TENSOR)
    scale = operand_def(FLOAT_TENSOR)
    zero = operand_def(TENSOR)
    axis = prop_def(I64)
    lo = prop_def(I64)
    hi = prop_def(I64)

    assembly_format = "$x `,` $scale `,` $zero attr-dict `:` functional-type(operands, results)"

    def __init__(
        self,
        x: Value,
        scale: Value,
        zero: Value,
        *,
        lo: int,
        hi: int,
        axis: int = 1,
        element: Attribute | None = None,
    ):
        """`element` of the result defaults to that of `x`."""
        properties: dict[str, Attribute] = {"axis": integer(axis), "lo": integer(lo), "hi": integer(hi)}
        self.build_op((x, scale, zero), properties, element)

    def result_shape(self) -> Shape:
        x, axis = shape_of(self.x), self.axis.value.data
        per_axis(x, shape_of(self.zero), axis)
        return per_axis(x, shape_of(self.scale), axis)

    def verify_(self) -> None:
        super().verify_()
        lo, hi = self.lo.value.data, self.hi.value.data
        require(lo <= hi, f"empty range [{lo}, {hi}]")
        if (element := integer_type(self.result.type)) is not None:
            low, high = type_range(element)
            require(low <= lo and hi <= high, f"{element} does not hold [{lo}, {hi}]")


@irdl_op_definition
class DequantizeLinearOp(FloatOp):
    """
    Dequantiser of ONNX (`DequantizeLinear`).

    `result = (q - zero) * scale`, scale and zero per tensor or along `axis`; q holds integers in a float or in an
    integer tensor.

    ```mlir
    %y = qnn.dequantize_linear %q, %scale, %zero {axis = 1 : i64}
      : (tensor<1x8xui8>, tensor<f32>, tensor<ui8>) -> tensor<1x8xf32>
    ```
    """

    name = "qnn.dequantize_linear"

    q = operand_def(TENSOR)
    scale = operand_def(FLOAT_TENSOR)
    zero = operand_def(TENSOR)
    axis = prop_def(I64)

    assembly_format = "$q `,` $scale `,` $zero attr-dict `:` functional-type(operands, results)"

    def __init__(self, q: Value, scale: Value, zero: Value, *, axis: int = 1):
        self.build_op((q, scale, zero), {"axis": integer(axis)}, f32)

    def result_shape(self) -> Shape:
        q, axis = shape_of(self.q), self.axis.value.data
        per_axis(q, shape_of(self.zero), axis)
        return per_axis(q, shape_of(self.scale), axis)


@irdl_op_definition
class FloatQuantOp(FloatOp):
    """
    Minifloat quantiser of QONNX (`FloatQuant`), saturating.

    With `v = x / scale` and `step = 2^max(floor(log2|v|) - mantissa_bits, 1 - exponent_bias - mantissa_bits)`:
    `result = clamp(step * round(v / step), -max_value, max_value) * scale`; max_value is finite and already limited to
    what the format represents.

    ```mlir
    %y = qnn.float_quant %x, %scale {exponent_bits = 4.0 : f64, mantissa_bits = 3.0 : f64, exponent_bias = 7.0 : f64,
      max_value = 480.0 : f64, rounding = #qnn<rounding half_even>} : (tensor<1x8xf32>, tensor<f32>) -> tensor<1x8xf32>
    ```
    """

    name = "qnn.float_quant"

    x = operand_def(FLOAT_TENSOR)
    scale = operand_def(FLOAT_TENSOR)
    exponent_bits = prop_def(F64)
    mantissa_bits = prop_def(F64)
    exponent_bias = prop_def(F64)
    max_value = prop_def(F64)
    rounding = prop_def(RoundingAttr)

    assembly_format = "$x `,` $scale attr-dict `:` functional-type(operands, results)"

    def __init__(
        self,
        x: Value,
        scale: Value,
        *,
        exponent_bits: float,
        mantissa_bits: float,
        exponent_bias: float | None = None,
        max_value: float | None = None,
        rounding: Rounding = Rounding.HALF_EVEN,
    ):
        """`exponent_bias` defaults to that of IEEE 754; `max_value` is limited to the largest number of the format."""
        bias = 2.0 ** (exponent_bits - 1) - 1 if exponent_bias is None else exponent_bias
        largest = (2.0 - 2.0**-mantissa_bits) * 2.0 ** (2.0**exponent_bits - 1 - bias)
        properties: dict[str, Attribute] = {
            "exponent_bits": real(exponent_bits),
            "mantissa_bits": real(mantissa_bits),
            "exponent_bias": real(bias),
            "max_value": real(largest if max_value is None else min(largest, max_value)),
            "rounding": RoundingAttr(rounding),
        }
        self.build_op((x, scale), properties, None)

    def result_shape(self) -> Shape:
        return broadcast(shape_of(self.x), shape_of(self.scale))

    def verify_(self) -> None:
        super().verify_()
        require(0 < self.max_value.value.data < float("inf"), f"max_value = {self.max_value.value.data}")
