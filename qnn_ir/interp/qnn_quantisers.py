"""Semantics of the quantisers: QONNX adds the zero point before rounding, ONNX after it."""

import numpy as np
from xdsl.interpreter import Interpreter, InterpreterFunctions, impl, register_impls

from qnn_ir import maps
from qnn_ir.dialects import qnn
from qnn_ir.dialects.qnn import Rounding, shape_of
from qnn_ir.interp.frames import Array, FloatArray, IntArray, aligned, along, frameless, store


def round_to(mode: Rounding, x: FloatArray) -> FloatArray:
    """`x` rounded to integers, exactly as the name of the mode says."""
    whole = np.floor(np.abs(x))
    # the difference is exact, |x| + 0.5 is not: 0.49999999999999994 + 0.5 = 1
    rest = np.abs(x) - whole
    match mode:
        case Rounding.HALF_EVEN:
            return np.rint(x)
        case Rounding.CEIL:
            return np.ceil(x)
        case Rounding.FLOOR:
            return np.floor(x)
        case Rounding.DOWN:
            return np.trunc(x)
        case Rounding.UP:
            return np.sign(x) * np.ceil(np.abs(x))
        case Rounding.HALF_UP:
            return np.sign(x) * (whole + (rest >= 0.5))
        case Rounding.HALF_DOWN:
            return np.sign(x) * (whole + (rest > 0.5))


@register_impls
class QuantiserFunctions(InterpreterFunctions):
    """Explicit quantisers on real tensors."""

    @impl(qnn.QuantOp)
    def quant(self, _i: Interpreter, op: qnn.QuantOp, args: tuple[Array, ...]) -> tuple[Array]:
        x, scale, zero = aligned(op, args)
        y = x / scale + zero
        if op.bits.value.data == 1 and op.signed.value.data:
            q = np.where(y >= 0, 1.0, -1.0)
        else:
            q = round_to(op.rounding.data, np.clip(y, *op.bounds()))
        return store(op, (q - zero) * scale)

    @impl(qnn.BipolarQuantOp)
    def bipolar_quant(self, _i: Interpreter, op: qnn.BipolarQuantOp, args: tuple[Array, ...]) -> tuple[Array]:
        x, scale = aligned(op, args)
        return store(op, np.where(x >= 0, 1.0, -1.0) * scale)

    @impl(qnn.TruncOp)
    def trunc(self, _i: Interpreter, op: qnn.TruncOp, args: tuple[Array, ...]) -> tuple[Array]:
        x, scale, zero, *rest = aligned(op, args)
        q = np.rint(x / scale + zero)
        if not rest:
            step = 2.0 ** (op.in_bits.value.data - op.out_bits.value.data)
            return store(op, (round_to(op.rounding.data, q / step) - zero) * scale)
        (out_scale,) = rest
        step = 2.0 ** np.rint(np.log2(out_scale / scale))
        q = round_to(op.rounding.data, np.clip(q / step, *op.bounds()))
        return store(op, (q - zero / step) * out_scale)

    @impl(qnn.MultiThresholdOp)
    def multi_threshold(self, _i: Interpreter, op: qnn.MultiThresholdOp, args: tuple[Array, ...]) -> tuple[Array]:
        x, thresholds = args[0], np.sort(frameless(args[1], "thresholds"), axis=1)
        rank = len(shape_of(op.x))
        rows: IntArray = along(np.arange(thresholds.shape[0], dtype=np.int64)[None], op.channel_axis.value.data, rank)[
            0
        ]

        def count(g: int, values: FloatArray) -> IntArray:
            return np.searchsorted(thresholds[g], values, side="right")

        return store(op, op.out_scale.value.data * maps.by_row(x, rows, count) + op.out_bias.value.data)

    @impl(qnn.QuantizeLinearOp)
    def quantize_linear(self, _i: Interpreter, op: qnn.QuantizeLinearOp, args: tuple[Array, ...]) -> tuple[Array]:
        axis, rank = op.axis.value.data, len(shape_of(op.x))
        x, scale, zero = args[0], along(args[1], axis, rank), along(args[2], axis, rank)
        return store(op, np.clip(np.rint(x / scale) + zero, op.lo.value.data, op.hi.value.data))

    @impl(qnn.DequantizeLinearOp)
    def dequantize_linear(self, _i: Interpreter, op: qnn.DequantizeLinearOp, args: tuple[Array, ...]) -> tuple[Array]:
        axis, rank = op.axis.value.data, len(shape_of(op.q))
        q, scale, zero = args[0], along(args[1], axis, rank), along(args[2], axis, rank)
        return store(op, (q - zero) * scale)

    @impl(qnn.FloatQuantOp)
    def float_quant(self, _i: Interpreter, op: qnn.FloatQuantOp, args: tuple[Array, ...]) -> tuple[Array]:
        x, scale = aligned(op, args)
        v = x / scale
        mantissa, limit = op.mantissa_bits.value.data, op.max_value.value.data
        # frexp: |v| = f * 2^e with 1/2 <= f < 1, so the exponent of v is e - 1, exactly
        exponent = np.maximum(np.frexp(v)[1] - 1.0 - mantissa, 1.0 - op.exponent_bias.value.data - mantissa)
        step = np.exp2(exponent)
        return store(op, np.clip(step * round_to(op.rounding.data, v / step), -limit, limit) * scale)
