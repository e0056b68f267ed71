"""The semantics of the `qnn` operators, against independent references: ONNX's, QONNX's, and plain Python."""

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

import mpmath
import numpy as np
import onnx.reference
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper
from qonnx.custom_op.general.floatquant import float_quant
from qonnx.custom_op.general.intquant import int_quant
from qonnx.custom_op.general.multithreshold import multithreshold
from qonnx.custom_op.general.trunc import trunc_v1, trunc_v2
from xdsl.dialects.builtin import ModuleOp, TensorType, f64
from xdsl.dialects.func import FuncOp, ReturnOp
from xdsl.ir import Block, Operation, Region, SSAValue
from xdsl.utils.exceptions import InterpretationError

from qnn_ir import maps
from qnn_ir.constants import int_type
from qnn_ir.dialects import qnn
from qnn_ir.dialects.qnn import Function, Rounding
from qnn_ir.errors import UserError
from qnn_ir.interp import Trace, run_module
from qnn_ir.interp.qnn_quantisers import round_to

Array = NDArray[Any]
Builder = Callable[..., Operation]
RNG = np.random.default_rng


def module_of(types: Sequence[TensorType[Any]], build: Callable[..., Sequence[SSAValue]]) -> ModuleOp:
    """`@main` with arguments of `types`; `build` adds operations to the block and returns the results."""
    block = Block(arg_types=types)
    results = build(block, *block.args)
    block.add_op(ReturnOp(*results))
    module = ModuleOp([FuncOp("main", (types, [r.type for r in results]), Region(block))])
    module.verify()
    return module


def run(build: Builder, *arrays: Array) -> list[Array]:
    """The results of one operator on `arrays` (frame axis first; floats become f64, integers the narrowest type)."""

    def type_of(array: Array) -> TensorType[Any]:
        element = f64 if array.dtype.kind == "f" else int_type(int(array.min()), int(array.max()))
        return TensorType(element, array.shape[1:])

    def body(block: Block, *args: SSAValue) -> Sequence[SSAValue]:
        op = build(*args)
        block.add_op(op)
        return op.results

    return run_module(module_of([type_of(a) for a in arrays], body), arrays)


def onnx_node(op_type: str, inputs: Sequence[Array], outputs: int = 1, **attributes: Any) -> list[Array]:
    """What the reference implementation of ONNX makes of one node."""
    names, results = [f"x{i}" for i in range(len(inputs))], [f"y{i}" for i in range(outputs)]
    node = helper.make_node(op_type, names, results, **attributes)
    infos = [
        helper.make_tensor_value_info(n, helper.np_dtype_to_tensor_dtype(a.dtype), a.shape)
        for n, a in zip(names, inputs, strict=True)
    ]
    ends = [helper.make_tensor_value_info(n, TensorProto.UNDEFINED, None) for n in results]
    graph = helper.make_graph([node], "g", infos, ends)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)])
    return onnx.reference.ReferenceEvaluator(model).run(None, dict(zip(names, inputs, strict=True)))


def whole(shape: tuple[int, ...], seed: int = 0, limit: int = 9) -> Array:
    """Reals that are small integers: sums and products of them are exact."""
    return RNG(seed).integers(-limit, limit + 1, shape).astype(np.float64)


# Quantisers


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


# Linear operators, pools


CONVS: list[tuple[tuple[int, ...], tuple[int, ...], dict[str, Any]]] = [
    ((1, 3, 7, 6), (4, 3, 3, 2), {"strides": [2, 1], "pads": [1, 0, 2, 1]}),
    ((1, 4, 8, 8), (4, 1, 3, 3), {"group": 4, "pads": [1, 1, 1, 1]}),
    ((1, 4, 8, 8), (6, 2, 2, 2), {"group": 2, "dilations": [2, 3]}),
    ((1, 4, 9), (8, 1, 3), {"group": 4, "strides": [2], "pads": [2, 0]}),
]


@pytest.mark.parametrize(("x_shape", "w_shape", "attributes"), CONVS)
@pytest.mark.parametrize("with_bias", [False, True])
def test_conv_as_in_onnx(x_shape: Any, w_shape: Any, attributes: dict[str, Any], with_bias: bool):
    x, w, bias = whole(x_shape, 1), whole(w_shape, 2), whole(w_shape[:1], 3)
    arrays = (x, w, bias) if with_bias else (x, w)
    (expected,) = onnx_node("Conv", arrays, **attributes)
    (y,) = run(lambda *args: qnn.ConvOp(*args, **attributes), *(a[None] for a in arrays))
    np.testing.assert_array_equal(y, expected)


@pytest.mark.parametrize(("x_shape", "w_shape", "attributes"), CONVS)
def test_conv_of_integers_is_that_of_reals(x_shape: Any, w_shape: Any, attributes: dict[str, Any]):
    x, w = whole(x_shape, 1), whole(w_shape, 2)
    (expected,) = onnx_node("Conv", (x, w), **attributes)
    element = int_type(-(1 << 20), 1 << 20)
    integers = [a[None].astype(np.int64) for a in (x, w)]
    (y,) = run(lambda x, w: qnn.ConvOp(x, w, element=element, **attributes), *integers)
    assert y.dtype == np.int64
    np.testing.assert_array_equal(y, expected)


def test_conv_pads_with_the_stored_zero():
    x, w = np.full((1, 1, 1, 2, 2), 5), np.ones((1, 1, 1, 3, 3), np.int64)
    element = int_type(0, 255)
    (y,) = run(lambda x, w: qnn.ConvOp(x, w, pads=(1, 1, 1, 1), pad_value=7, element=element), x, w)
    assert y.tolist() == [[[[4 * 5 + 5 * 7] * 2] * 2]]


@pytest.mark.parametrize(
    ("x_shape", "w_shape", "attributes"),
    [
        ((1, 3, 4, 5), (3, 2, 3, 3), {"strides": [2, 3], "pads": [1, 0, 1, 2], "output_padding": [1, 0]}),
        ((1, 4, 4, 4), (4, 2, 2, 2), {"strides": [2, 2], "group": 2}),
        ((1, 2, 6), (2, 3, 3), {"dilations": [2]}),
    ],
)
def test_conv_transpose_as_in_onnx(x_shape: Any, w_shape: Any, attributes: dict[str, Any]):
    x, w, bias = whole(x_shape, 1), whole(w_shape, 2), whole((w_shape[1] * attributes.get("group", 1),), 3)
    torch_like = _conv_transpose(x, w, bias, **attributes)
    (y,) = run(lambda *args: qnn.ConvTransposeOp(*args, **attributes), x[None], w[None], bias[None])
    np.testing.assert_array_equal(y, torch_like)


def _conv_transpose(x: Array, w: Array, bias: Array, **attributes: Any) -> Array:
    """The definition, element by element."""
    rank, group = x.ndim - 2, attributes.get("group", 1)
    strides, dilations = attributes.get("strides", [1] * rank), attributes.get("dilations", [1] * rank)
    pads, extra = attributes.get("pads", [0] * 2 * rank), attributes.get("output_padding", [0] * rank)
    full = [
        s * (n - 1) + d * (k - 1) + 1 + e
        for n, s, d, k, e in zip(x.shape[2:], strides, dilations, w.shape[2:], extra, strict=True)
    ]
    inputs, outputs = x.shape[1] // group, w.shape[1]
    y = np.zeros((outputs * group, *full))
    for c in range(x.shape[1]):
        g = c // inputs
        for place in np.ndindex(*x.shape[2:]):
            for tap in np.ndindex(*w.shape[2:]):
                at = tuple(p * s + t * d for p, s, t, d in zip(place, strides, tap, dilations, strict=True))
                y[(slice(g * outputs, (g + 1) * outputs), *at)] += x[(0, c, *place)] * w[(c, slice(None), *tap)]
    crop = tuple(slice(b, n - e) for b, n, e in zip(pads[:rank], full, pads[rank:], strict=True))
    return (y[(slice(None), *crop)] + bias.reshape(-1, *[1] * rank))[None]


POOLS: list[dict[str, Any]] = [
    {"kernel_shape": [2, 2], "strides": [2, 2]},
    {"kernel_shape": [3, 2], "strides": [2, 2], "pads": [1, 0, 2, 1]},
    {"kernel_shape": [3, 3], "strides": [2, 2], "ceil_mode": 1},
    {"kernel_shape": [2, 2], "strides": [3, 3], "pads": [1, 1, 1, 1], "ceil_mode": 1},
    {"kernel_shape": [7, 6]},
]


def _ours(attributes: dict[str, Any]) -> dict[str, Any]:
    renamed = {"kernel": attributes["kernel_shape"], **attributes}
    del renamed["kernel_shape"]
    if "ceil_mode" in renamed:
        renamed["ceil_mode"] = bool(renamed["ceil_mode"])
    return renamed


@pytest.mark.parametrize("attributes", POOLS)
def test_max_pool_as_in_onnx(attributes: dict[str, Any]):
    x = whole((1, 2, 7, 6), 1)
    (expected,) = onnx_node("MaxPool", [x], **attributes)
    (y,) = run(lambda x: qnn.MaxPoolOp(x, **_ours(attributes)), x[None])
    np.testing.assert_array_equal(y, expected)
    (q,) = run(lambda x: qnn.MaxPoolOp(x, **_ours(attributes)), x[None].astype(np.int64))
    np.testing.assert_array_equal(q, expected)


@pytest.mark.parametrize("attributes", POOLS)
@pytest.mark.parametrize("include", [False, True])
def test_average_pool_by_definition(attributes: dict[str, Any], include: bool):
    x = whole((1, 2, 7, 6), 1)
    ours = _ours(attributes)
    (y,) = run(lambda x: qnn.AveragePoolOp(x, count_include_pad=include, **ours), x[None])
    pads = ours.get("pads", [0, 0, 0, 0])
    strides = ours.get("strides", [1, 1])
    for _, c, i, j in np.ndindex(*y.shape):
        taps = [(i * strides[0] + a - pads[0], j * strides[1] + b - pads[1]) for a, b in np.ndindex(*ours["kernel"])]
        inside = [t for t in taps if 0 <= t[0] < 7 and 0 <= t[1] < 6]
        counted = [t for t in taps if -pads[0] <= t[0] < 7 + pads[2] and -pads[1] <= t[1] < 6 + pads[3]]
        total = sum(x[0, c, a, b] for a, b in inside)
        assert y[0, c, i, j] == total / len(counted if include else inside)


def test_sum_pool_is_the_average_pool_times_its_size():
    x = RNG(5).integers(0, 16, (3, 1, 2, 6, 6))
    element = int_type(0, 255)
    (sums,) = run(lambda x: qnn.SumPoolOp(x, kernel=(3, 3), strides=(3, 3), element=element), x)
    np.testing.assert_array_equal(sums, x.reshape(3, 2, 2, 3, 2, 3).sum(axis=(3, 5)))


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ((2, 5), (5, 3)),
        ((1, 2, 5), (5, 3)),
        ((4, 2, 5), (1, 5, 3)),
        ((5,), (5, 3)),
        ((2, 5), (5,)),
        ((2, 3, 4, 5), (3, 5, 2)),
    ],
)
def test_matmul_as_in_numpy(a: tuple[int, ...], b: tuple[int, ...]):
    left, right = whole((4, *a), 1), whole((4, *b), 2)
    (y,) = run(qnn.MatMulOp, left, right)
    expected = np.stack([x @ w for x, w in zip(left, right, strict=True)])
    np.testing.assert_array_equal(y, expected[:, 0] if expected.shape[1] == 1 else expected)


@pytest.mark.parametrize("limit", [10, 1 << 29, 1 << 31])
def test_integer_matmul_is_exact_beyond_float64(limit: int):
    """Sums below 2^53, below 2^63 and above: BLAS, int64, Python's integers."""
    rng = RNG(6)
    a, b = rng.integers(-limit, limit, (1, 2, 6)), rng.integers(-limit, limit, (1, 6, 3))
    b[0, 3:] = -b[0, :3]
    a[0, :, 3:] = a[0, :, :3] - 1  # the large terms cancel, so that the result fits
    (y,) = run(lambda a, b: qnn.MatMulOp(a, b, element=int_type(-(1 << 62), 1 << 62)), a, b)
    expected = np.dot(a[0].astype(object), b[0].astype(object))
    assert y[0].tolist() == expected.tolist()


def test_batch_norm_is_exact_at_the_mean():
    x = np.full((1, 1, 2), 0.1)
    arrays = [np.array([[v, v]]) for v in (0.3, 7.0, 0.1, 2.0)]
    (y,) = run(lambda *args: qnn.BatchNormOp(*args), x, *arrays)
    assert y.tolist() == [[7.0, 7.0]]


# Elementwise


@pytest.mark.parametrize(
    ("function", "onnx_name", "parameters"),
    [
        (Function.ABS, "Abs", {}),
        (Function.CEIL, "Ceil", {}),
        (Function.CELU, "Celu", {"alpha": 1.5}),
        (Function.ELU, "Elu", {"alpha": 0.75}),
        (Function.EXP, "Exp", {}),
        (Function.FLOOR, "Floor", {}),
        (Function.HARD_SIGMOID, "HardSigmoid", {"alpha": 0.25, "beta": 0.5}),
        (Function.MISH, "Mish", {}),
        (Function.NEG, "Neg", {}),
        (Function.RECIPROCAL, "Reciprocal", {}),
        (Function.ROUND, "Round", {}),
        (Function.SELU, "Selu", {"alpha": 1.5, "gamma": 1.25}),
        (Function.SIGMOID, "Sigmoid", {}),
        (Function.SIGN, "Sign", {}),
        (Function.SOFTPLUS, "Softplus", {}),
        (Function.SOFTSIGN, "Softsign", {}),
        (Function.TANH, "Tanh", {}),
        (Function.THRESHOLDED_RELU, "ThresholdedRelu", {"alpha": 1.0}),
    ],
)
def test_unary_as_in_onnx(function: Function, onnx_name: str, parameters: dict[str, Any]):
    x = (np.arange(-40, 40) / 8.0 + 1 / 16)[None]
    (expected,) = onnx_node(onnx_name, [x], **parameters)
    numbers = tuple(v for v in parameters.values() if isinstance(v, float))
    (y,) = run(lambda x: qnn.UnaryOp(x, function, numbers), x)
    # the reference evaluates some functions by other formulas: equal but for the last bits of float64
    np.testing.assert_allclose(y.ravel(), np.ravel(expected), rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize(
    ("function", "definition"),
    [
        (Function.ERF, mpmath.erf),
        (Function.GELU, lambda x: x * (1 + mpmath.erf(x / mpmath.sqrt(2))) / 2),
        (
            Function.GELU_TANH,
            lambda x: x / 2 * (1 + mpmath.tanh(mpmath.sqrt(2 / mpmath.pi) * (x + mpmath.mpf("0.044715") * x**3))),
        ),
        (Function.HARD_SWISH, lambda x: x * min(max(x / 6 + mpmath.mpf("0.5"), 0), 1)),
    ],
)
def test_unary_by_definition(function: Function, definition: Callable[[Any], Any]):
    """ONNX's reference evaluates these in float32."""
    x = (np.arange(-40, 40) / 8.0 + 1 / 16)[None]
    with mpmath.workdps(40):
        expected = [float(definition(mpmath.mpf(float(v)))) for v in x[0]]
    (y,) = run(lambda x: qnn.UnaryOp(x, function), x)
    # 1 + erf(x) cancels for large negative x
    np.testing.assert_allclose(y.ravel(), np.ravel(expected), rtol=1e-13, atol=1e-15)


def test_unary_without_onnx_reference():
    x = np.array([[0.25, 4.0, 9.0]])
    assert run(lambda x: qnn.UnaryOp(x, Function.SQRT), x)[0].tolist() == [[0.5, 2.0, 3.0]]
    assert run(lambda x: qnn.UnaryOp(x, Function.LOG), x)[0].tolist() == np.log(x).tolist()
    (silu,) = run(lambda x: qnn.UnaryOp(x, Function.SILU), x)
    (sigmoid,) = run(lambda x: qnn.UnaryOp(x, Function.SIGMOID), x)
    assert silu.tolist() == (x * sigmoid).tolist()


def test_relu_family_and_clip():
    x = np.array([[-4.0, -1.0, 0.0, 3.0]])
    assert run(qnn.ReluOp, x)[0].tolist() == [[0, 0, 0, 3]]
    assert run(lambda x: qnn.LeakyReluOp(x, alpha=0.5), x)[0].tolist() == [[-2, -0.5, 0, 3]]
    slope = np.array([[0.5, 1.0, 2.0, 7.0]])
    assert run(qnn.PReluOp, x, slope)[0].tolist() == [[-2, -1, 0, 3]]
    assert run(lambda x: qnn.ClipOp(x, min=-2.0), x)[0].tolist() == [[-2, -1, 0, 3]]
    assert run(lambda x: qnn.ClipOp(x, min=-2.0, max=1.0), x)[0].tolist() == [[-2, -1, 0, 1]]


@pytest.mark.parametrize(
    ("op", "expected"),
    [(qnn.AddOp, np.add), (qnn.SubOp, np.subtract), (qnn.MulOp, np.multiply), (qnn.DivOp, np.divide)],
)
def test_arithmetic_broadcasts_each_frame(op: Builder, expected: Callable[..., Array]):
    a, b = whole((2, 3, 4, 5), 1), whole((2, 4, 1), 2) + 20
    (y,) = run(op, a, b)
    np.testing.assert_array_equal(y, expected(a, b[:, None]))


# Movement


def test_movement_as_in_onnx():
    x = whole((1, 8, 4, 6), 1)
    cases: list[tuple[Builder, str, list[Array], dict[str, Any]]] = [
        (lambda x: qnn.TransposeOp(x, (0, 2, 3, 1)), "Transpose", [x], {"perm": [0, 2, 3, 1]}),
        (lambda x: qnn.ReshapeOp(x, (1, 24, 8)), "Reshape", [x, np.array([1, 24, 8])], {}),
        (lambda x: qnn.DepthToSpaceOp(x, 2), "DepthToSpace", [x], {"blocksize": 2}),
        (
            lambda x: qnn.DepthToSpaceOp(x, 2, qnn.DepthToSpaceMode.CRD),
            "DepthToSpace",
            [x],
            {"blocksize": 2, "mode": "CRD"},
        ),
        (
            lambda x: qnn.PadOp(x, (0, 0, 1, 2, 0, 0, 0, 3), 7.0),
            "Pad",
            [x, np.array([0, 0, 1, 2, 0, 0, 0, 3]), np.array(7.0)],
            {},
        ),
    ]
    for build, name, inputs, attributes in cases:
        (expected,) = onnx_node(name, inputs, **attributes)
        (y,) = run(build, x[None])
        np.testing.assert_array_equal(y, expected, err_msg=name)


@pytest.mark.parametrize(
    ("starts", "ends", "steps", "axes"),
    [
        ([0], [3], [1], [1]),
        ([-3], [1000], [1], [2]),
        ([-1], [-1000], [-1], [1]),
        ([1000], [0], [-2], [1]),
        ([1, 2], [5, -1], [2, 1], [1, 2]),
    ],
)
def test_slice_as_in_onnx(starts: list[int], ends: list[int], steps: list[int], axes: list[int]):
    x = whole((1, 6, 7), 1)
    (expected,) = onnx_node("Slice", [x, *(np.array(a) for a in (starts, ends, axes, steps))])
    (y,) = run(lambda x: qnn.SliceOp(x, starts, ends, steps, axes), x[None])
    np.testing.assert_array_equal(y, expected)


def test_resize_repeats_elements():
    x = whole((2, 1, 3, 2), 1)
    (y,) = run(lambda x: qnn.ResizeOp(x, (1, 2, 3)), x)
    np.testing.assert_array_equal(y, x[:, 0].repeat(2, 1).repeat(3, 2))


def test_gather_and_concat():
    x = whole((2, 1, 5), 1)
    indices = np.array([[[0, -1], [3, 3]]])

    def body(block: Block, x: SSAValue) -> Sequence[SSAValue]:
        chosen = qnn.ConstantOp(indices[0])
        gathered = qnn.GatherOp(x, chosen, axis=1)
        constant = qnn.ConstantOp(np.ones((1, 2)))
        joined = qnn.ConcatOp([x, constant], axis=-1)
        block.add_ops([chosen, gathered, constant, joined])
        return gathered.results[0], joined.results[0]

    gathered, joined = run_module(module_of([TensorType(f64, (1, 5))], body), [x])
    np.testing.assert_array_equal(gathered, x[:, 0][:, indices[0]])
    np.testing.assert_array_equal(joined, np.concatenate([x[:, 0], np.ones((2, 2))], axis=1))


# Host operators


def test_softmax_and_top_k_as_in_onnx():
    x = np.array([[3.0, 1.0, 3.0, -5.0, 2.0]])
    (expected,) = onnx_node("Softmax", [x], axis=1)
    (y,) = run(lambda x: qnn.SoftmaxOp(x, axis=1), x[None])
    np.testing.assert_array_equal(y, expected)
    values, indices = run(lambda x: qnn.TopKOp(x, 3, axis=1), x[None])
    assert values.tolist() == [[3, 3, 2]]
    assert indices.tolist() == [[0, 2, 4]]
    values, indices = run(lambda x: qnn.TopKOp(x, 2, axis=-1, largest=False), x[None].astype(np.int64))
    assert values.tolist() == [[-5, 1]]
    assert indices.tolist() == [[3, 1]]


@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize("last", [False, True])
def test_arg_max_as_in_onnx(keepdims: bool, last: bool):
    x = np.array([[[3.0, 1.0], [3.0, 4.0], [0.0, 4.0]]])
    (expected,) = onnx_node("ArgMax", [x], axis=1, keepdims=int(keepdims), select_last_index=int(last))
    (y,) = run(lambda x: qnn.ArgMaxOp(x, axis=1, keepdims=keepdims, last_index=last), x[None])
    np.testing.assert_array_equal(y, expected)


# Integer form


def test_borders_of_the_integer_form():
    groups = np.array([0, 1])
    x = np.array([[[1.5, 4.0]], [[0.0, -2.0]]])

    def enter(x: SSAValue) -> Operation:
        return qnn.ToIntegerOp(x, element=int_type(-4, 3), scale=[0.5, 2.0], bias=[0.0, 0.0], groups=groups)

    (q,) = run(enter, x)
    assert q.tolist() == [[3, 2], [0, -1]]
    (y,) = run(lambda q: qnn.ToRealOp(q, scale=[0.5, 2.0], bias=[1.0, 0.0], groups=groups), q[:, None])
    assert y.tolist() == [[2.5, 4.0], [1.0, -2.0]]


@pytest.mark.parametrize("value", [0.3, 300.0, -1.0, float("nan")])
def test_input_off_the_grid_is_named(value: float):
    x = np.array([[[0.0, 1.0]], [[0.0, value]]])
    with pytest.raises(UserError, match=r"element \[0, 1\] of frame 1"):
        run(lambda x: qnn.ToIntegerOp(x, element=int_type(0, 255)), x)


def test_float32_inputs_are_on_the_grid():
    q = np.arange(256)
    for scale, bias in ((1 / 255, 0.0), (2 / 255, -1.0)):
        x = (q.astype(np.float32) * np.float32(scale) + np.float32(bias))[None, None].astype(np.float64)
        (y,) = run(lambda x, s=scale, b=bias: qnn.ToIntegerOp(x, element=int_type(0, 255), scale=s, bias=b), x)
        np.testing.assert_array_equal(y, q[None])


def brute(form: maps.Map, g: int, x: int) -> int:
    """The definition of every form, in Python's integers."""
    match form:
        case maps.Steps(base, positions, deltas):
            return int(base[g]) + sum(int(d) for p, d in zip(positions[g], deltas[g], strict=True) if x >= p)
        case maps.Thresholds(thresholds, base):
            return base + sum(x >= int(t) for t in thresholds[g])
        case maps.Requant(m, c, shift, rounding, lo, hi):
            exact = Fraction(x * int(m[g]) + int(c[g]), 1 << shift)
            return min(max(round(exact) if rounding == "half_even" else exact.__floor__(), lo), hi)
        case maps.Table(table, lo):
            return int(table[g, x - lo])


def example_maps(seed: int) -> list[maps.Map]:
    rng = RNG(seed)
    rows = 3
    return [
        maps.Steps(rng.integers(-5, 5, rows), rng.integers(-20, 20, (rows, 6)), rng.integers(-2, 3, (rows, 6))),
        maps.Thresholds(np.sort(rng.integers(-20, 20, (rows, 7)), axis=1), -3),
        maps.Requant(rng.integers(-9, 10, rows), rng.integers(-50, 50, rows), 3, "half_even", -8, 7),
        maps.Requant(rng.integers(-9, 10, rows), rng.integers(-50, 50, rows), 4, "floor", -100, 100),
        maps.Requant(rng.integers(-9, 10, rows), rng.integers(-50, 50, rows), 0, "half_even", -100, 100),
        maps.Table(rng.integers(-9, 10, (rows, 41)), -20),
    ]


@pytest.mark.parametrize("seed", range(5))
def test_maps_by_definition(seed: int):
    x = np.arange(-20, 21)
    for form in example_maps(seed):
        restored = qnn.MapAttr.from_map(form).map()
        for g in range(3):
            expected = [brute(form, g, int(v)) for v in x]
            assert form.apply(x, np.array(g)).tolist() == expected
            assert restored.apply(x, np.array(g)).tolist() == expected


@pytest.mark.parametrize("seed", range(20))
def test_output_range_of_maps_is_exact(seed: int):
    lo, hi = np.sort(RNG(seed).integers(-20, 21, (2, 3)), axis=0)
    for form in example_maps(seed):
        low, high = form.output_range(lo, hi)
        for g in range(3):
            values = [brute(form, g, x) for x in range(lo[g], hi[g] + 1)]
            assert (low[g], high[g]) == (min(values), max(values)), form


@pytest.mark.parametrize("seed", range(3))
def test_map_uses_the_row_of_each_element(seed: int):
    x = RNG(seed).integers(-20, 21, (4, 1, 3, 5, 2))
    groups = np.array([2, 0, 1]).reshape(3, 1, 1)
    for form in example_maps(seed):
        element = int_type(-1000, 1000)
        (y,) = run(lambda x, f=form, e=element: qnn.MapOp(x, qnn.MapAttr.from_map(f), groups, element=e), x)
        expected = [[brute(form, int(groups[c, 0, 0]), int(v)) for v in x[:, 0, c].ravel()] for c in range(3)]
        assert y.transpose(1, 0, 2, 3).reshape(3, -1).tolist() == expected


def test_requant_beyond_int64_is_exact():
    form = maps.Requant(np.array([(1 << 40) + 1]), np.array([12345]), 60, "half_even", -(1 << 40), 1 << 40)
    x = np.array([(1 << 40) + 3, -(1 << 41), 7])
    assert form.apply(x, np.array(0)).tolist() == [brute(form, 0, int(v)) for v in x]


def test_map_outside_its_table_is_an_error():
    form = qnn.MapAttr.from_map(maps.Table(np.array([[1, 2]]), 0))
    with pytest.raises(InterpretationError, match="outside the table"):
        run(lambda x: qnn.MapOp(x, form, element=int_type(0, 3)), np.array([[2]]))


def test_scaled_add_and_results_outside_their_type():
    a, b = np.array([[3, 4]]), np.array([[5, -6]])
    (y,) = run(lambda a, b: qnn.ScaledAddOp(a, b, ma=3, mb=-2, element=int_type(-100, 100)), a, b)
    assert y.tolist() == [[-1, 24]]
    with pytest.raises(InterpretationError, match=r"\[-1, 24\] is not held by si4"):
        run(lambda a, b: qnn.ScaledAddOp(a, b, ma=3, mb=-2, element=int_type(-8, 7)), a, b)


# Whole modules


def two_layers() -> ModuleOp:
    """A network whose largest tensor makes the interpreter cut frames into chunks."""

    def body(block: Block, x: SSAValue) -> Sequence[SSAValue]:
        w = qnn.ConstantOp(whole((8, 1, 1, 1), 2))
        conv = qnn.ConvOp(x, w)
        total = qnn.AveragePoolOp(conv.result, kernel=(256, 256))
        block.add_ops([w, conv, total])
        return (total.result,)

    return module_of([TensorType(f64, (1, 1, 256, 256))], body)


def test_chunks_of_frames_change_nothing():
    x = whole((9, 1, 256, 256), 1)
    (y,) = run_module(two_layers(), [x])
    np.testing.assert_array_equal(y, np.concatenate([run_module(two_layers(), [frame[None]])[0] for frame in x]))
    assert y.shape == (9, 8, 1, 1)


def test_trace_has_every_value():
    module = two_layers()
    trace = Trace()
    (y,) = run_module(module, [whole((9, 1, 256, 256), 1)], trace)
    values = {op.name: results for op, results in trace.values()}
    assert values["qnn.constant"][0].shape == (1, 8, 1, 1, 1) or values["qnn.constant"][0].shape[1:] == (8, 1, 1, 1)
    assert values["qnn.conv"][0].shape == (9, 1, 8, 256, 256)
    np.testing.assert_array_equal(values["qnn.average_pool"][0][:, 0], y)


def test_inputs_with_and_without_the_batch_axis():
    module = two_layers()
    x = whole((2, 1, 256, 256), 1)
    np.testing.assert_array_equal(run_module(module, [x])[0], run_module(module, [x[:, None]])[0])
    with pytest.raises(UserError, match="expected an array of shape Nx1x1x256x256 or Nx1x256x256"):
        run_module(module, [x[:, 0]])
    with pytest.raises(UserError, match="the network has 1 inputs, got 2"):
        run_module(module, [x, x])


def test_constant_outputs_are_repeated_for_every_frame():
    def body(block: Block, x: SSAValue) -> Sequence[SSAValue]:
        constant = qnn.ConstantOp(np.array([[1.0, 2.0]]))
        block.add_op(constant)
        return (constant.result,)

    (y,) = run_module(module_of([TensorType(f64, (1, 3))], body), [np.zeros((4, 3))])
    assert y.tolist() == [[1.0, 2.0]] * 4
