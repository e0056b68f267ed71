"""The quantisers of QONNX, and checks of scales and zero points."""

from collections.abc import Sequence

import numpy as np
from xdsl.ir import SSAValue

from qnn_ir.dialects import qnn
from qnn_ir.frontend.onnx_datatypes import integer_range
from qnn_ir.frontend.onnx_graph import QONNX
from qnn_ir.frontend.onnx_importer import NodeImporter, Results, Tensor, imports, shape_of
from qnn_ir.frontend.onnx_tensors import FLOAT, Array, Constant, shown

WIDEST = 64
"""Bits of the widest quantiser that is accepted."""

SMALLEST = float(np.finfo(np.float32).tiny)
"""The smallest scale: below it float32 executors lose bits, so that nobody agrees on the result."""

_ROUNDING = {"round": qnn.Rounding.HALF_EVEN, "round_to_zero": qnn.Rounding.DOWN}


def rounding_mode(node: NodeImporter, default: str) -> qnn.Rounding:
    """The attribute `rounding_mode`, in any letter case. Some exporters write ROUND_TO_ZERO for DOWN."""
    name = node.text("rounding_mode", default)
    if name.lower() in _ROUNDING:
        return _ROUNDING[name.lower()]
    try:
        return qnn.Rounding(name.lower())
    except ValueError:
        known = ", ".join(["ROUND", *(m.name for m in qnn.Rounding)])
        return node.fail(f"unknown rounding mode {shown(name)}", f"use one of {known}")


def scale(node: NodeImporter, index: int, x: SSAValue, what: str = "scale") -> Array:
    """A scale operand: finite and not zero; positive where it quantises something computed per frame."""
    array = node.constant(index, what)
    if not np.isfinite(array).all() or not np.all(array):
        value = array[~np.isfinite(array) | (array == 0)][0]
        node.fail(f"its {what} is {value}", "a scale must be finite and not zero")
    if (np.abs(array) < SMALLEST).any():
        node.fail(f"its {what} is {array[np.abs(array) < SMALLEST][0]}", "a scale must be a normal float32 number")
    if (array < 0).any() and x not in node.program.fixed:
        node.fail(f"its {what} is negative ({array[array < 0][0]})", "give activations a positive scale")
    return array


def zero_point(node: NodeImporter, index: int) -> Array:
    array = node.constant(index, "zero point")
    if not np.array_equal(array, np.round(array)) or not np.isfinite(array).all():
        value = array[~(array == np.round(array)) | ~np.isfinite(array)][0]
        node.fail(f"its zero point is {value}", "a zero point must be an integer")
    return array


def _bits(node: NodeImporter, index: int, what: str = "bit width") -> float:
    array = np.unique(node.constant(index, what))
    if array.size != 1:
        node.fail(f"its {what} differs between channels", "use one bit width per tensor")
    bits = float(array[0])
    if not 1 <= bits <= WIDEST:
        node.fail(f"its {what} is {bits:g}", f"use 1 to {WIDEST} bits")
    return bits


def _parameters(node: NodeImporter, x: SSAValue, *indices: int) -> list[SSAValue]:
    """Parameter operands that broadcast to `x` without enlarging it; one-element ones of any rank become scalars."""
    shape, values = shape_of(x), list[SSAValue]()
    for index in indices:
        value = node.input(index)
        array = node.constant(index, "parameter")
        if array.size == 1:
            value = Constant(value.name, array.reshape(()), FLOAT) if isinstance(value, Constant) else value
        elif not _fits(array.shape, shape):
            name = shown(node.node.inputs[index])
            what = f"parameter {name} of shape {list(array.shape)} does not broadcast to {list(shape)}"
            node.fail(what, "give one value per tensor or per channel")
        values.append(node.real_of(value))
    return values


def _fits(parameter: Sequence[int], shape: Sequence[int]) -> bool:
    tail = zip(reversed(parameter), reversed(shape), strict=False)
    return len(parameter) <= len(shape) and all(p in (1, n) for p, n in tail)


@imports("Quant", "IntQuant", domain=QONNX)
def quant(node: NodeImporter) -> Results:
    """`Quant(x, scale, zero point, bit width)`; one signed bit means bipolar, as in the QONNX executor."""
    x = node.real(0, infinite=True)
    scales, zero, bits = scale(node, 1, x), zero_point(node, 2), _bits(node, 3)
    signed, narrow = node.flag("signed", True), node.flag("narrow", True)
    rounding = rounding_mode(node, "ROUND")
    if signed and bits == 1:
        if zero.any() or (scales < 0).any():
            node.fail("one signed bit with a zero point or a negative scale", "use BipolarQuant")
        return Tensor(node.emit(qnn.BipolarQuantOp(x, *_parameters(node, x, 1))))
    parameters = _parameters(node, x, 1, 2)
    return Tensor(node.emit(qnn.QuantOp(x, *parameters, bits=bits, signed=signed, narrow=narrow, rounding=rounding)))


@imports("BipolarQuant", domain=QONNX)
def bipolar_quant(node: NodeImporter) -> Results:
    """`BipolarQuant(x, scale)`."""
    x = node.real(0, infinite=True)
    scale(node, 1, x)
    return Tensor(node.emit(qnn.BipolarQuantOp(x, *_parameters(node, x, 1))))


@imports("Trunc", domain=QONNX)
def trunc(node: NodeImporter) -> Results:
    """Version 1 has five inputs, version 2 has six: `(x, scale, zero, in bits[, out scale], out bits)`."""
    x = node.real(0)
    version = 2 if len(node.inputs) > 5 else 1
    scale(node, 1, x)
    zero_point(node, 2)
    in_bits, out_bits = _bits(node, 3, "input bit width"), _bits(node, 3 + version, "output bit width")
    parameters = _parameters(node, x, 1, 2)
    if version == 2:
        scale(node, 4, x, "output scale")
        parameters += _parameters(node, x, 4)
    op = qnn.TruncOp(
        x,
        *parameters,
        in_bits=in_bits,
        out_bits=out_bits,
        rounding=rounding_mode(node, "FLOOR"),
        signed=node.flag("signed", True),
        narrow=node.flag("narrow", False),
    )
    return Tensor(node.emit(op))


@imports("FloatQuant", domain=QONNX)
def float_quant(node: NodeImporter) -> Results:
    """`FloatQuant(x, scale, exponent bits, mantissa bits, exponent bias, largest value)` with saturation."""
    x = node.real(0, infinite=True)
    scale(node, 1, x)
    if not node.flag("saturation", True):
        node.fail("does not saturate: values beyond the largest become NaN or infinite", "export with saturation")
    exponent, mantissa, bias, largest = (
        node.single(index, what)
        for index, what in enumerate(("exponent width", "mantissa width", "exponent bias", "largest value"), 2)
    )
    if exponent != round(exponent) or mantissa != round(mantissa) or exponent < 1 or mantissa < 0 or largest <= 0:
        node.fail(f"format e{exponent:g}m{mantissa:g} up to {largest:g} makes no sense", "export the model again")
    op = qnn.FloatQuantOp(
        x,
        *_parameters(node, x, 1),
        exponent_bits=int(exponent),
        mantissa_bits=int(mantissa),
        exponent_bias=bias,
        max_value=largest,
        rounding=rounding_mode(node, "ROUND"),
    )
    return Tensor(node.emit(op))


@imports("MultiThreshold", domain=QONNX)
def multi_threshold(node: NodeImporter) -> Results:
    """`out_scale * #{t : x >= thresholds[c, t]} + out_bias`; infinite thresholds are legal, no thresholds are not."""
    x = node.real(0)
    thresholds = node.constant(1, "thresholds")
    if thresholds.ndim != 2 or not thresholds.size:
        node.fail(f"thresholds of shape {list(thresholds.shape)}", "give one row of thresholds per channel")
    axis = _channel_axis(node, len(shape_of(x)))
    out_scale, out_bias = node.number("out_scale", 1.0), node.number("out_bias", 0.0)
    if not np.isfinite([out_scale, out_bias]).all() or not out_scale:
        node.fail(f"out_scale {out_scale}, out_bias {out_bias}", "both must be finite, the scale not zero")
    _check_output_type(node, thresholds.shape[1], out_scale, out_bias)
    rows = node.real_of(node.input(1))
    return Tensor(node.emit(qnn.MultiThresholdOp(x, rows, out_scale=out_scale, out_bias=out_bias, channel_axis=axis)))


def _channel_axis(node: NodeImporter, rank: int) -> int:
    """Where the channels are; without a layout the executor guesses from the rank."""
    layout = node.text("data_layout", "") or {3: "NWC"}.get(rank, "NC")
    axis = layout.index("C") if "C" in layout else 1
    return axis if axis < rank else node.fail(f"layout {shown(layout)} for a tensor with {rank} axes")


def _check_output_type(node: NodeImporter, steps: int, out_scale: float, out_bias: float) -> None:
    """`out_dtype` holds every count; where counts are scaled, exporters mean the counts by it."""
    name = node.text("out_dtype")
    try:
        bounds = integer_range(name)
    except ValueError as error:
        return node.fail(str(error), "use a QONNX data type as out_dtype")
    first, last = (out_bias, out_bias + steps) if out_scale == 1 else (0, steps)
    if bounds and out_scale != 1:
        bounds = (0, bounds[1] - bounds[0])
    if bounds and not (bounds[0] <= first and last <= bounds[1]):
        node.fail(f"values from {first:g} to {last:g} do not fit out_dtype {name}", "use a wider out_dtype")
    return None
