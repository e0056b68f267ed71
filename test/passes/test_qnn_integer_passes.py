"""Every operator through the integer passes: the float graph in float64 against the integers after each pass."""

from collections.abc import Callable

import numpy as np
import pytest
from integer_nets import PASSES, Array, Net, check, frames, image, requantised, vector
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import SSAValue
from xdsl.parser import Parser

from qnn_ir.analysis.integerize import UserNote
from qnn_ir.dialects import qnn
from qnn_ir.dialects.qnn import Function, Rounding
from qnn_ir.driver.context import compiler_context
from qnn_ir.errors import UserError
from qnn_ir.interp import run_module
from qnn_ir.passes.integer_form import main_function, set_types
from qnn_ir.passes.qnn_integerize import QnnIntegerizePass

ROUNDINGS = list(Rounding)


@pytest.mark.parametrize("rounding", ROUNDINGS)
@pytest.mark.parametrize(("signed", "narrow", "zero"), [(True, False, 0), (True, True, 1), (False, False, 3)])
def test_roundings_and_zero_points(rounding: Rounding, signed: bool, narrow: bool, zero: int) -> None:
    net, x = vector(signed=signed, narrow=narrow, zero=zero)
    y = net.op(qnn.MatMulOp(x, net.weights(8, 6)))
    y = net.quant(y, 0.75, zero, bits=3, signed=signed, narrow=narrow, rounding=rounding)
    check(net, net.op(qnn.MatMulOp(y, net.weights(6, 4))))


@pytest.mark.parametrize("zero", [0, 3])
@pytest.mark.parametrize("pads", [(0, 0, 0, 0), (1, 0, 1, 2)])
def test_convolutions(zero: int, pads: tuple[int, ...]) -> None:
    net, x = image(zero=zero)
    x = requantised(net, net.conv(x, 4, pads=pads), 0.75, zero=-zero)
    x = requantised(net, net.conv(x, 4, group=4, kernel=2, dilations=(2, 1)))
    check(net, net.conv(x, 2, kernel=2, strides=(2, 1)))


def test_padded_bipolar_convolution() -> None:
    net = Net((1, 3, 6, 6))
    x = net.op(qnn.BipolarQuantOp(net.block.args[0], net.const(0.5)))
    x = net.op(qnn.BipolarQuantOp(net.conv(x, 4, pads=(1, 1, 1, 1)), net.const(0.25)))
    check(net, net.conv(x, 3, pads=(1, 1, 1, 1)))


@pytest.mark.parametrize("zero", [0, 2])
@pytest.mark.parametrize("group", [1, 2])
def test_transposed_convolution(zero: int, group: int) -> None:
    net, x = image(channels=4, zero=zero)
    w = net.weights(4, 3, 3, 3)
    y = net.op(qnn.ConvTransposeOp(x, w, strides=(2, 3), pads=(1, 0, 0, 1), output_padding=(1, 0), group=group))
    check(net, requantised(net, y, 0.75))


def test_scales_and_zero_points_per_channel() -> None:
    net, x = image()
    scale = np.array([0.25, 0.5, 1.0, 0.125]).reshape(1, 4, 1, 1)
    y = net.conv(x, 4, scale=np.array([0.5, 0.25, -0.5, 1.0]).reshape(4, 1, 1, 1))
    y = net.quant(y, scale, np.array([0, 1, -2, 3]).reshape(1, 4, 1, 1))
    y = net.conv(y, 4, group=4, pads=(1, 1, 1, 1))
    y = net.quant(y, scale)
    check(net, net.conv(y, 2))


def test_weight_scales_along_the_reduction() -> None:
    net, x = vector()
    w = net.weights(8, 5, scale=2.0 ** -np.arange(8).reshape(8, 1) % 4 + 0.25)
    check(net, net.op(qnn.MatMulOp(x, w)))


def test_negative_batch_norm_in_front_of_max_pool() -> None:
    net, x = image()
    y = net.conv(x, 4)
    gamma = [1.0, -0.5, 0.25, -2.0]
    y = net.op(qnn.BatchNormOp(y, *(net.const(v) for v in (gamma, [0.5, 0, 1, -1], [1, 2, 3, 4], [1, 2, 0, 5]))))
    y = net.op(qnn.MaxPoolOp(y, kernel=(2, 2), strides=(2, 2), pads=(1, 1, 0, 0)))
    check(net, net.conv(requantised(net, y), 2, kernel=2))


@pytest.mark.parametrize("scale", [0.5, -0.5])
def test_max_pool_of_quantised(scale: float) -> None:
    net, x = image()
    y = net.quant(net.conv(x, 4, scale=scale), 0.75)
    y = net.op(qnn.MulOp(y, net.const([[[[1.0]], [[-1.0]], [[2.0]], [[-0.5]]]])))
    y = net.op(qnn.MaxPoolOp(y, kernel=(2, 2)))
    check(net, requantised(net, y))


@pytest.mark.parametrize("zero", [0, 3])
def test_average_pools(zero: int) -> None:
    net, x = image(zero=zero)
    y = net.op(qnn.AveragePoolOp(x, kernel=(3, 2), strides=(1, 2), pads=(1, 0, 1, 0), count_include_pad=True))
    y = net.op(qnn.AveragePoolOp(requantised(net, y, 0.125), kernel=(6, 3)))
    check(net, requantised(net, y, 0.0625))


@pytest.mark.parametrize("version", [1, 2])
def test_truncation_behind_average_pool(version: int) -> None:
    net, x = image(zero=2)
    y = net.op(qnn.AveragePoolOp(x, kernel=(2, 2), strides=(2, 2)))
    scale, zero = net.const(0.0625), net.const(4.0)
    out = None if version == 1 else net.const(0.25)
    check(net, net.op(qnn.TruncOp(y, scale, zero, out, in_bits=8, out_bits=4)))


@pytest.mark.parametrize("scales", [(0.5, 0.5), (0.25, 0.75), (0.1, 0.37), (0.3, -0.7)])
def test_sums_of_unequal_scales(scales: tuple[float, float]) -> None:
    net, x = image()
    a = net.quant(net.conv(x, 4), scales[0])
    b = net.op(qnn.MulOp(net.quant(net.conv(x, 4), abs(scales[1])), net.const(np.sign(scales[1]))))
    y = net.quant(net.op(qnn.AddOp(a, b)), 0.4, bits=5)
    check(net, net.conv(y, 2))


def test_sum_of_irrational_scales_per_channel() -> None:
    net, x = vector(bits=3)
    arms = list[SSAValue]()
    for _ in range(2):
        y = net.op(qnn.MatMulOp(x, net.weights(8, 4, bits=3)))
        parameters = (net.rng.uniform(0.5, 2, 4), net.rng.normal(size=4), net.rng.normal(size=4), [2, 3, 5, 7])
        arms.append(net.op(qnn.BatchNormOp(y, *map(net.const, parameters))))
    check(net, net.quant(net.op(qnn.SubOp(*arms)), 0.5))


def test_concat_of_unequal_scales_into_a_convolution() -> None:
    net, x = image()
    parts = [net.quant(net.conv(x, 2), s, z) for s, z in ((0.3, 0), (0.7, 2))]
    y = net.op(qnn.ConcatOp(parts, axis=1))
    check(net, net.quant(net.conv(y, 3, pads=(1, 1, 1, 1)), 0.4, bits=5))


def test_movements() -> None:
    net, x = image(channels=4)
    y = net.quant(net.conv(x, 8, scale=np.linspace(0.25, 2, 8).reshape(8, 1, 1, 1)), 0.5)
    y = net.op(qnn.DepthToSpaceOp(y, 2))
    y = net.op(qnn.ResizeOp(y, (1, 1, 2, 1)))
    y = net.op(qnn.PadOp(y, (0, 0, 1, 0, 0, 0, 0, 2), 0.5))
    y = net.op(qnn.SliceOp(y, (0, 1), (2, 20), (1, 3), (1, 2)))
    y = net.op(qnn.TransposeOp(y, (0, 2, 1, 3)))
    y = net.op(qnn.GatherOp(y, net.op(qnn.ConstantOp(np.array([2, 0]))), 1))
    shape = qnn.shape_of(y)
    y = net.op(qnn.ReshapeOp(y, (1, int(np.prod(shape)))))
    check(net, net.op(qnn.MatMulOp(y, net.weights(int(np.prod(shape)), 3))))


def test_movement_of_accumulators_with_functions_per_channel() -> None:
    net, x = image(channels=4)
    y = net.conv(x, 8)
    y = net.op(qnn.BatchNormOp(y, *(net.const(net.rng.uniform(0.5, 2, 8)) for _ in range(4))))
    y = net.op(qnn.DepthToSpaceOp(y, 2, qnn.DepthToSpaceMode.CRD))
    check(net, net.quant(y, 0.5))


FUNCTIONS = [
    (
        f,
        {
            "hard_sigmoid": (0.25, 0.5),
            "elu": (1.5,),
            "celu": (2.0,),
            "selu": (1.5, 1.25),
            "thresholded_relu": (0.5,),
        }.get(f, ()),
    )
    for f in Function
    if f not in (Function.LOG, Function.SQRT, Function.RECIPROCAL)
]


@pytest.mark.parametrize(("function", "params"), FUNCTIONS, ids=str)
def test_functions(function: Function, params: tuple[float, ...]) -> None:
    net, x = vector(bits=3)
    y = net.op(qnn.MatMulOp(x, net.weights(8, 4, bits=3)))
    y = net.op(qnn.MulOp(y, net.const([[0.75, 0.31, -0.4, 1.1]])))
    check(net, net.quant(net.op(qnn.UnaryOp(y, function, params)), 0.11, bits=5))


def test_function_chains_and_products_on_one_tensor() -> None:
    net, x = vector()
    y = net.op(qnn.MatMulOp(x, net.weights(8, 4)))
    y = net.op(qnn.PReluOp(y, net.const([[0.25, 0.5, -1, 0]])))
    y = net.op(qnn.LeakyReluOp(y, alpha=0.125))
    gate = net.op(qnn.UnaryOp(y, Function.SIGMOID))
    y = net.op(qnn.AddOp(net.op(qnn.MulOp(y, gate)), y))
    one = net.op(qnn.AddOp(net.op(qnn.UnaryOp(y, Function.ABS)), net.const(1.0)))
    y = net.op(qnn.DivOp(y, one))
    y = net.op(qnn.ClipOp(y, min=-0.7, max=0.9))
    check(net, net.quant(y, 0.13))


def test_quantise_linear_rounds_before_the_zero_point() -> None:
    net, x = vector(bits=3)
    y = net.op(qnn.MatMulOp(x, net.weights(8, 4)))
    scale, zero = net.const([0.25, 0.5, 0.125, 1]), net.op(qnn.ConstantOp(np.array([3, 1, 7, 0])))
    q = net.op(qnn.QuantizeLinearOp(y, scale, zero, lo=0, hi=15, axis=1))
    y = net.op(qnn.DequantizeLinearOp(q, scale, zero, axis=1))
    check(net, net.op(qnn.MatMulOp(net.op(qnn.ReluOp(y)), net.weights(4, 3))))


def test_multi_threshold_with_infinities() -> None:
    net, x = vector()
    y = net.op(qnn.MatMulOp(x, net.weights(8, 3)))
    table = [[-np.inf, 0.5, 2], [-1, -1, np.inf], [-2, 0, 1.75]]
    check(net, net.op(qnn.MultiThresholdOp(y, net.const(table), out_scale=0.5, out_bias=-1)))


def test_falling_maps_flip_their_weights() -> None:
    net, x = vector(bits=2, signed=False)
    weights = net.quant(net.const(net.rng.normal(0, 2, (8, 4))), bits=3, narrow=True)
    y = net.op(qnn.MatMulOp(x, weights))
    y = net.op(qnn.MulOp(y, net.const([[1.0, -1.0, 0.5, -0.25]])))
    module = check(net, net.op(qnn.MatMulOp(net.quant(y, bits=3), net.weights(4, 2))))
    maps = [op for op in main_function(module).body.block.ops if isinstance(op, qnn.MapOp)]
    assert [type(op.map) for op in maps] == [qnn.ThresholdsAttr]


def test_fan_out_is_computed_once() -> None:
    net, x = image()
    y = net.quant(net.conv(x, 3, pads=(1, 1, 1, 1)), 0.5)
    z = net.quant(net.conv(y, 3, pads=(1, 1, 1, 1)), 0.5)
    module = check(net, net.op(qnn.AddOp(y, z)), y)
    assert sum(isinstance(op, qnn.MapOp) for op in main_function(module).body.block.ops) == 2


def test_identities_vanish_and_maps_merge() -> None:
    net, x = vector()
    y = net.quant(net.op(qnn.MatMulOp(x, net.weights(8, 4))), 0.5, bits=3)
    y = net.quant(net.op(qnn.ReshapeOp(y, (1, 4, 1))), 0.5, bits=5)
    y = net.quant(net.quant(y, 0.25, bits=4), 1.0, bits=2)
    module = check(net, y)
    assert sum(isinstance(op, qnn.MapOp) for op in main_function(module).body.block.ops) <= 2


@pytest.mark.parametrize("padded", [False, True])
@pytest.mark.parametrize("inner", [False, True])
def test_dead_channels_are_removed(padded: bool, inner: bool) -> None:
    net, x = image()
    y = net.conv(x, 6)
    bias = np.array([0, 1e3, 0, -1e3, 0, 1e3] if inner else [0, 0, 0, 0, 0, -1e3]).reshape(1, 6, 1, 1)
    y = net.quant(net.op(qnn.AddOp(y, net.const(bias))), 0.5, bits=3, signed=False)
    y = net.op(qnn.MaxPoolOp(y, kernel=(2, 2)))
    y = net.quant(net.conv(y, 3, kernel=2, pads=(1, 1, 1, 1) if padded else None), 2.0)
    module = check(net, net.op(qnn.MaxPoolOp(y, kernel=(2, 2))))
    first = next(op for op in main_function(module).body.block.ops if isinstance(op, qnn.ConvOp))
    # at a padded border the pad value 0 stands in for the channel, so only channels that are 0 can go
    expected = {(False, False): 5, (False, True): 3, (True, False): 5, (True, True): 5}[padded, inner]
    assert qnn.shape_of(first.result)[1] == expected


def test_dead_channels_in_front_of_the_output() -> None:
    net, x = vector()
    y = net.op(qnn.AddOp(net.op(qnn.MatMulOp(x, net.weights(8, 4))), net.const([[0, 1e3, -1e3, 0]])))
    module = check(net, net.op(qnn.MatMulOp(net.quant(y, 0.5), net.weights(4, 3))))
    first = next(op for op in main_function(module).body.block.ops if isinstance(op, qnn.MatMulOp))
    assert qnn.shape_of(first.result) == (1, 2)


def test_order_of_integers_is_read_directly() -> None:
    net, x = vector()
    y = net.op(qnn.MulOp(net.op(qnn.MatMulOp(x, net.weights(8, 4))), net.const(-0.5)))
    top = qnn.TopKOp(y, 2, axis=1)
    net.op(top)
    module = check(net, top.indices)
    found = next(op for op in main_function(module).body.block.ops if isinstance(op, qnn.TopKOp))
    assert not qnn.is_float(found.x.type)


def test_float_epilogue() -> None:
    net, x = vector()
    y = net.op(qnn.MatMulOp(x, net.weights(8, 4)))
    y = net.op(qnn.UnaryOp(net.op(qnn.AddOp(y, net.const([[0.1, 0.2, 0.3, 0.4]]))), Function.SIGMOID))
    check(net, net.op(qnn.SoftmaxOp(y)))


def linear_module() -> ModuleOp:
    """No quantiser in front of the first layer."""
    net = Net((1, 8))
    return net.module(net.quant(net.op(qnn.MatMulOp(net.block.args[0], net.weights(8, 4))), 1.0))


@pytest.mark.parametrize(
    ("declaration", "values"),
    [
        ("uint8,scale=1/255", np.arange(256) / 255),
        ("0..100", np.arange(101.0)),
        ("int4,scale=0.5,bias=-1", np.arange(-8, 8) * 0.5 - 1),
        ("bipolar", np.array([-1.0, 1.0])),
        ("-1,1", np.array([-1.0, 1.0])),
    ],
)
def test_declared_inputs(declaration: str, values: Array) -> None:
    module = linear_module()
    x = np.random.default_rng(1).choice(values, (20, 8)).astype(np.float32)
    expected = run_module(module, [x])[0]
    for pass_ in (QnnIntegerizePass(input=declaration), *PASSES[1:]):
        pass_.apply(Context(), module)
        module.verify()
        assert (run_module(module, [x])[0] == expected).all()
    first = main_function(module).body.block.first_op
    assert isinstance(first, qnn.ToIntegerOp)


@pytest.mark.parametrize("text", ["uint8,scale=0", "uint8,scale=x", "3..1", "int99", "float", "uint8,gain=2"])
def test_wrong_declarations(text: str) -> None:
    with pytest.raises(UserError, match="input declaration"):
        QnnIntegerizePass(input=text).apply(Context(), linear_module())


def test_a_linear_prologue_is_reported() -> None:
    with pytest.warns(UserNote, match="matmul_.*runs on the host"):
        QnnIntegerizePass().apply(Context(), linear_module())


def test_unquantised_network() -> None:
    net = Net((1, 8))
    y = net.op(qnn.MatMulOp(net.block.args[0], net.const(net.rng.normal(size=(8, 4)))))
    with pytest.warns(UserNote), pytest.raises(UserError, match="matmul_1: the network is not quantised"):
        QnnIntegerizePass().apply(Context(), net.module(y))


def _relu_into_linear(net: Net, x: SSAValue) -> list[SSAValue]:
    y = net.op(qnn.AddOp(net.op(qnn.MatMulOp(x, net.weights(8, 8))), net.const(0.3)))
    return [net.op(qnn.MatMulOp(net.op(qnn.ReluOp(y)), net.weights(8, 3)))]


def _two_problems(net: Net, x: SSAValue) -> list[SSAValue]:
    arms = [net.op(qnn.MatMulOp(x, net.weights(8, 8, scale=0.3, bits=8))) for _ in range(2)]
    gate = net.op(qnn.UnaryOp(arms[0], Function.SIGMOID))
    return [*_relu_into_linear(net, x), net.quant(net.op(qnn.MulOp(gate, arms[1])))]


def _float_weights(net: Net, x: SSAValue) -> list[SSAValue]:
    return [net.op(qnn.MatMulOp(x, net.const(net.rng.normal(size=(8, 4)))))]


def _float_operand(net: Net, x: SSAValue) -> list[SSAValue]:
    return [net.op(qnn.AddOp(x, net.block.args[0]))]


@pytest.mark.parametrize(
    ("build", "words"),
    [
        (_relu_into_linear, ["matmul_", "relu_", "not scale \\* integer", "put a quantiser"]),
        (_two_problems, ["2 operators cannot", "matmul_", "mul_.*combines 'unary_.*' and 'matmul_"]),
        (_float_weights, ["matmul_.*weights"]),
        (_float_operand, ["add_.*not"]),
    ],
)
def test_what_cannot_be_made_integer(build: Callable[[Net, SSAValue], list[SSAValue]], words: list[str]) -> None:
    net, x = vector()
    module = net.module(*build(net, x))
    with pytest.raises(UserError) as caught:
        QnnIntegerizePass().apply(Context(), module)
    for word in words:
        assert caught.match(word)
    assert "\n" not in str(caught.value)


def test_narrowing_is_idempotent_and_tight() -> None:
    net, x = vector(bits=2, signed=False)
    module = check(net, net.op(qnn.MatMulOp(x, net.const(np.ones((8, 1))))))
    product = next(op for op in main_function(module).body.block.ops if isinstance(op, qnn.MatMulOp))
    assert str(product.result.type) == "tensor<1x1xui5>"  # 8 * 3 = 24
    before = str(module)
    set_types(main_function(module))
    assert str(module) == before


def test_thousands_of_operators_in_a_row() -> None:
    net, x = vector()
    y = net.op(qnn.MatMulOp(x, net.weights(8, 4)))
    half = net.const(0.5)
    for _ in range(1000):
        y = net.op(qnn.ReluOp(net.op(qnn.AddOp(net.op(qnn.ReluOp(y)), half))))
    module = net.module(net.quant(y, 32.0, bits=8), y)
    inputs = frames(net)
    expected = run_module(module, inputs)
    QnnIntegerizePass().apply(Context(), module)
    for actual, wanted in zip(run_module(module, inputs), expected, strict=True):
        assert np.abs(actual - wanted).max() <= 1e-9 * np.abs(wanted).max()


def test_sixteen_bits() -> None:
    net, x = vector(bits=16, scale=2.0**-12)
    y = net.quant(net.op(qnn.MatMulOp(x, net.weights(8, 6, bits=8))), 0.003, bits=16)
    module = check(net, net.op(qnn.MatMulOp(y, net.weights(6, 2, bits=8))))
    maps = [op.map for op in main_function(module).body.block.ops if isinstance(op, qnn.MapOp)]
    assert [type(m) for m in maps] == [qnn.RequantAttr]


def test_a_layer_that_is_constant() -> None:
    net, x = vector()
    y = net.op(qnn.AddOp(net.op(qnn.MatMulOp(x, net.weights(8, 4))), net.const(1e3)))
    y = net.quant(y, 0.5)
    module = net.module(net.op(qnn.MatMulOp(y, net.weights(4, 2))), x)
    inputs = frames(net)
    expected = run_module(module, inputs)
    for pass_ in PASSES:
        pass_.apply(Context(), module)
        text = str(module)
        assert str(Parser(compiler_context(), text).parse_module()) == text
        assert all((a == e).all() for a, e in zip(run_module(module, inputs), expected, strict=True)), pass_.name
