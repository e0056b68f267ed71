"""The semantics of `qnn`, quantisers, against independent references."""

import numpy as np
import pytest
from qnn_nodes import RNG, run, whole
from qonnx.custom_op.general.floatquant import float_quant
from qonnx.custom_op.general.intquant import int_quant
from qonnx.custom_op.general.multithreshold import multithreshold
from qonnx.custom_op.general.trunc import trunc_v1, trunc_v2
from xdsl.ir import Operation, SSAValue

from qnn_ir.constants import int_type
from qnn_ir.dialects import qnn
from qnn_ir.dialects.qnn import Rounding
from qnn_ir.interp.qnn_quantisers import round_to

MODES = {
    Rounding.HALF_EVEN: [-2, -2, -1, 0, 0, 0, 1, 2, 2],
    Rounding.CEIL: [-2, -1, -1, 0, 0, 1, 1, 2, 3],
    Rounding.FLOOR: [-3, -2, -2, -1, 0, 0, 0, 1, 2],
    Rounding.UP: [-3, -2, -2, -1, 0, 1, 1, 2, 3],
    Rounding.DOWN: [-2, -1, -1, 0, 0, 0, 0, 1, 2],
    Rounding.HALF_UP: [-3, -2, -1, -1, 0, 1, 1, 2, 3],
    Rounding.HALF_DOWN: [-2, -1, -1, 0, 0, 0, 1, 1, 2],
}
POINTS = np.array([-2.5, -1.5, -1.2, -0.5, 0.0, 0.5, 0.7, 1.5, 2.5])


@pytest.mark.parametrize("mode", list(Rounding))
def test_rounding_modes(mode: Rounding):
    assert round_to(mode, POINTS).tolist() == MODES[mode]


def test_rounding_next_to_one_half_is_exact():
    below = np.array([np.nextafter(0.5, 0.0), -np.nextafter(0.5, 0.0)])
    assert round_to(Rounding.HALF_UP, below).tolist() == [0, 0]
    above = np.array([np.nextafter(0.5, 1.0)])
    assert round_to(Rounding.HALF_DOWN, above).tolist() == [1]


QONNX_MODES = [m for m in Rounding if m != Rounding.HALF_EVEN]


@pytest.mark.parametrize("bits", [1.0, 2.0, 2.5, 4.0, 8.0])
@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("narrow", [False, True])
@pytest.mark.parametrize("mode", list(Rounding))
def test_quant_as_in_qonnx(bits: float, signed: bool, narrow: bool, mode: Rounding):
    x = np.arange(-40, 40).reshape(2, 8, 5) / 4.0
    scale, zero = np.linspace(0.25, 2.0, 8).reshape(8, 1), np.array(1.0)
    name = "ROUND" if mode == Rounding.HALF_EVEN else mode.value.upper()
    expected = int_quant(x, scale, zero, np.array(bits), signed, narrow, name)

    def build(x: SSAValue, scale: SSAValue, zero: SSAValue) -> Operation:
        return qnn.QuantOp(x, scale, zero, bits=bits, signed=signed, narrow=narrow, rounding=mode)

    (y,) = run(build, x, scale[None].repeat(2, 0), zero[None].repeat(2, 0))
    np.testing.assert_array_equal(y, expected)


def test_quant_adds_the_zero_point_before_rounding_and_quantize_linear_after():
    x, one, zero = np.array([[0.5]]), np.array([1.0]), np.array([1.0])
    (before,) = run(lambda x, s, z: qnn.QuantOp(x, s, z, bits=8, signed=True), x, one, zero)
    (after,) = run(lambda x, s, z: qnn.QuantizeLinearOp(x, s, z, lo=-128, hi=127), x, one, zero)
    assert before.item() == 1.0  # half_even(1.5) - 1
    assert after.item() == 1.0  # half_even(0.5) + 1
    (dequantised,) = run(lambda q, s, z: qnn.DequantizeLinearOp(q, s, z), after, one, zero)
    assert dequantised.item() == 0.0


def test_bipolar_counts_zero_as_positive():
    (y,) = run(qnn.BipolarQuantOp, np.array([[-0.1, 0.0, 3.0]]), np.array([0.5]))
    assert y.tolist() == [[-0.5, 0.5, 0.5]]


@pytest.mark.parametrize("mode", list(Rounding))
@pytest.mark.parametrize("version", [1, 2])
def test_trunc_as_in_qonnx(version: int, mode: Rounding):
    x, scale, zero = np.arange(-60, 60).reshape(1, 120) * 0.25, np.array([0.25]), np.array([3.0])
    out_scale = np.array([1.0])
    name = "ROUND" if mode == Rounding.HALF_EVEN else mode.value.upper()
    if version == 1:
        expected = trunc_v1(x, scale, zero, np.array(8.0), np.array(5.0), name)
        arrays = (x, scale, zero)
    else:
        expected = trunc_v2(x, scale, zero, np.array(8.0), False, True, out_scale, np.array(4.0), name)
        arrays = (x, scale, zero, out_scale)
    out_bits = 5.0 if version == 1 else 4.0
    (y,) = run(lambda *args: qnn.TruncOp(*args, in_bits=8.0, out_bits=out_bits, rounding=mode), *arrays)
    np.testing.assert_array_equal(y, expected)


def test_multi_threshold_as_in_qonnx_also_unsorted_and_infinite():
    x = whole((1, 4, 3, 3), 1)
    thresholds = np.array([[0, 2, -3], [1, 1, 1], [-np.inf, 0, np.inf], [5, -5, 0.5]])
    ordered = np.sort(thresholds, axis=1)
    expected = multithreshold(x, ordered, 2.0, -1.0)

    def build(x: SSAValue, t: SSAValue) -> Operation:
        return qnn.MultiThresholdOp(x, t, out_scale=2.0, out_bias=-1.0, channel_axis=0)

    (y,) = run(build, x, thresholds[None])
    np.testing.assert_array_equal(y, expected)


@pytest.mark.parametrize("channel_axis", [1, -1])
def test_multi_threshold_with_one_row_or_channels_last(channel_axis: int):
    x = whole((1, 1, 2, 5), 2)
    rows = np.sort(whole((1 if channel_axis == 1 else 5, 4), 3), axis=1)
    (y,) = run(lambda x, t: qnn.MultiThresholdOp(x, t, channel_axis=channel_axis), x, rows[None])
    np.testing.assert_array_equal(y, (x[0][..., None] >= rows).sum(axis=-1))


def test_float_quant_as_in_qonnx():
    x = np.concatenate([RNG(4).normal(0, 50, 400), [0.0, 1e9, -1e9, 1e-9, 2.0**-9, 3 * 2.0**-10]])[None]
    expected = float_quant(x.copy(), 0.5, 4.0, 3.0, 7.0, max_val=448.0)

    def build(x: SSAValue, scale: SSAValue) -> Operation:
        return qnn.FloatQuantOp(x, scale, exponent_bits=4, mantissa_bits=3, max_value=448.0)

    (y,) = run(build, x, np.array([0.5]))
    np.testing.assert_array_equal(y, expected)


def test_quantize_linear_per_axis_saturates():
    x = np.array([[[-300.0, 0.5, 1.5], [300.0, 2.5, -0.5]]])
    scale, zero = np.array([[1.0, 0.5]]), np.array([[3, 0]])
    element = int_type(0, 255)
    (q,) = run(
        lambda x, s, z: qnn.QuantizeLinearOp(x, s, z, lo=0, hi=255, axis=0, element=element),
        x,
        scale,
        zero.astype(np.int64),
    )
    assert q.tolist() == [[[0, 3, 5], [255, 5, 0]]]
