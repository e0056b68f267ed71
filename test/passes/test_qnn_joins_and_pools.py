"""Products of tensors, functions of two tensors, pools of uneven windows, integers that no quantiser announces."""

import time

import numpy as np
import pytest
from integer_nets import check, image, requantised, vector
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Operation, SSAValue

from qnn_ir import maps
from qnn_ir.dialects import qnn
from qnn_ir.dialects.qnn import Function, Rounding
from qnn_ir.errors import UserError
from qnn_ir.passes.integer_form import main_function


def ops(module: ModuleOp, kind: type[Operation]) -> list[Operation]:
    return [op for op in main_function(module).body.block.ops if isinstance(op, kind)]


@pytest.mark.parametrize("scales", [(0.5, 0.25), (0.3, 0.7), (-0.4, 0.1)])
@pytest.mark.parametrize("zeros", [(0, 0), (2, -1), (3, 0.5)])
@pytest.mark.parametrize("direct", [False, True])
def test_products(scales: tuple[float, float], zeros: tuple[float, float], direct: bool) -> None:
    net, x = image()
    a, b = (net.quant(net.conv(x, 4), s, z, bits=4) for s, z in zip(scales, zeros, strict=True))
    y = net.op(qnn.MulOp(a, b))
    module = check(net, net.conv(y, 2) if direct else net.quant(y, 0.3))
    assert any(not qnn.is_float(op.results[0].type) for op in ops(module, qnn.MulOp))


@pytest.mark.parametrize("order", [1, -1])
def test_scales_of_weights_outside_their_quantiser(order: int) -> None:
    net, x = image()
    scale = np.float32(net.rng.uniform(0.1, 0.9, (4, 1, 1, 1)))
    weights = net.quant(net.op(qnn.DivOp(net.const(net.rng.normal(0, 2, (4, 3, 3, 3))), net.const(scale))), 1.0)
    scaled = net.op(qnn.MulOp(*(weights, net.const(scale))[::order]))
    check(net, net.quant(net.op(qnn.ConvOp(x, scaled)), 0.7))


@pytest.mark.parametrize("arms", ["channels", "concatenation"])
def test_a_sum_of_wide_accumulators(arms: str) -> None:
    net, x = image(scale=1 / 64, bits=8)
    scale = net.rng.uniform(0.004, 0.009, (4, 1, 1, 1)) if arms == "channels" else 0.0071
    w = [net.quant(net.const(net.rng.normal(0, 0.4, (4, 3, 3, 3))), scale, bits=8) for _ in range(2)]
    if arms == "channels":
        y = net.op(qnn.AddOp(*(net.op(qnn.ConvOp(x, each)) for each in w)))
        y = net.op(qnn.AddOp(y, net.op(qnn.MulOp(net.op(qnn.ConvOp(x, w[0])), net.const(0.37)))))
    else:
        parts = [net.quant(net.op(qnn.ConvOp(x, each)), s, bits=8) for each, s in zip(w, (0.031, 0.0473), strict=True)]
        both = net.quant(net.const(net.rng.normal(0, 0.4, (2, 8, 3, 3))), 0.0063, bits=8)
        y = net.op(qnn.ConvOp(net.op(qnn.ConcatOp(parts, 1)), both))
    check(net, net.quant(y, 0.05, bits=8))


def test_multipliers_of_a_join_stay_multipliers() -> None:
    net, x = image()
    a, b = (net.conv(x, 4, scale=net.rng.uniform(0.1, 0.9, (4, 1, 1, 1))) for _ in range(2))
    module = check(net, net.quant(net.op(qnn.AddOp(a, b)), 0.7))
    forms = [op.map.map() for op in ops(module, qnn.MapOp) if isinstance(op, qnn.MapOp)]
    assert any(isinstance(form, maps.Requant) and len(form.m) == 4 for form in forms)
    assert all(form.positions.shape[1] < 8 for form in forms if isinstance(form, maps.Steps))


@pytest.mark.parametrize("gate_scale", [0.125, np.array([0.25, 0.5, 0.1, 0.125]).reshape(1, 4, 1, 1)])
def test_squeeze_and_excitation(gate_scale: float) -> None:
    net, x = image()
    x = net.quant(net.conv(x, 4), 0.5, 1, bits=4)
    gate = net.quant(net.op(qnn.AveragePoolOp(x, kernel=(4, 4))), 0.25)
    gate = net.op(qnn.UnaryOp(net.conv(gate, 4, kernel=1), Function.SIGMOID))
    gate = net.quant(gate, gate_scale, bits=3, signed=False)
    check(net, requantised(net, net.op(qnn.MulOp(gate, x))))


@pytest.mark.parametrize("function", [Function.SIGMOID, Function.TANH])
@pytest.mark.parametrize("gate_shape", [(1, 4, 4, 4), (1, 4, 1, 1)])
def test_gates_that_are_not_quantised(function: Function, gate_shape: tuple[int, ...]) -> None:
    net, x = image()
    a, b = net.quant(net.conv(x, 4), 0.5), net.quant(net.conv(x, 4), 0.5, bits=3)
    if gate_shape[2:] == (1, 1):
        b = net.quant(net.op(qnn.AveragePoolOp(b, kernel=(4, 4))), 0.5, bits=3)
    gate = net.op(qnn.UnaryOp(net.op(qnn.MulOp(b, net.const(net.rng.normal(size=(4, 1, 1))))), function))
    check(net, net.quant(net.op(qnn.MulOp(a, gate)), 0.21))


def test_quotient_and_sum_of_functions_of_two_tensors() -> None:
    net, x = vector()
    a, b = (net.quant(net.op(qnn.MatMulOp(x, net.weights(8, 4))), 0.5, bits=3) for _ in range(2))
    one = net.op(qnn.AddOp(net.op(qnn.UnaryOp(b, Function.ABS)), net.const(1.0)))
    ratio = net.quant(net.op(qnn.DivOp(a, one)), 0.17)
    mixed = net.quant(net.op(qnn.SubOp(net.op(qnn.UnaryOp(a, Function.EXP)), b)), 0.9)
    check(net, net.op(qnn.MatMulOp(ratio, net.weights(4, 2))), mixed)


def test_product_with_irrational_scales() -> None:
    net, x = image()
    y = net.conv(x, 4)
    y = net.op(qnn.BatchNormOp(y, *(net.const(net.rng.uniform(0.5, 2, 4)) for _ in range(4))))
    check(net, net.quant(net.op(qnn.MulOp(y, net.quant(net.conv(x, 4)))), 0.2))


def test_differences_of_unequal_scales_and_shapes() -> None:
    net, x = image()
    a, b = net.quant(net.conv(x, 4), 0.3), net.quant(net.conv(x, 4, kernel=6), 0.7)
    check(net, requantised(net, net.op(qnn.SubOp(b, a))))


@pytest.mark.parametrize("include", [False, True])
@pytest.mark.parametrize("ceil_mode", [False, True])
@pytest.mark.parametrize("zero", [0, 3])
@pytest.mark.parametrize("quantised", [False, True])
def test_average_pools_of_uneven_windows(include: bool, ceil_mode: bool, zero: int, quantised: bool) -> None:
    net, x = image(zero=zero)
    x = net.quant(net.conv(x, 4, kernel=1), np.array([0.5, 1.0, 2.0, 0.25]).reshape(1, 4, 1, 1), zero)
    y = net.op(
        qnn.AveragePoolOp(
            x, kernel=(3, 2), strides=(2, 3), pads=(1, 0, 1, 1), count_include_pad=include, ceil_mode=ceil_mode
        )
    )
    check(net, net.quant(y, 0.125, bits=5) if quantised else y)


@pytest.mark.parametrize("bias", [0.0, 0.25, -0.375])
@pytest.mark.parametrize("function", ["relu", "leaky", "clip", "hard_swish"])
def test_functions_with_integer_values_need_no_quantiser(bias: float, function: str) -> None:
    net, x = image()
    y = net.op(qnn.AddOp(net.conv(x, 4), net.const(bias)))
    match function:
        case "relu":
            y = net.op(qnn.ReluOp(y))
        case "leaky":
            y = net.op(qnn.LeakyReluOp(y, alpha=-0.125))
        case "clip":
            y = net.op(qnn.ClipOp(y, min=-1.5, max=6))
        case _:  # x * relu6(x + 3) without its division
            gate = net.op(qnn.ClipOp(net.op(qnn.AddOp(y, net.const(3.0))), min=0, max=6))
            y = net.op(qnn.MulOp(y, gate))
    check(net, net.conv(y, 2, pads=(1, 1, 1, 1)))


def test_wide_relu_is_no_table() -> None:
    net, x = vector(bits=12, scale=0.01)
    y = net.op(qnn.ReluOp(net.op(qnn.MatMulOp(x, net.weights(8, 6, bits=8)))))
    module = check(net, net.op(qnn.MatMulOp(y, net.weights(6, 3))))
    (found,) = ops(module, qnn.MapOp)
    assert isinstance(found, qnn.MapOp)
    assert isinstance(found.map, qnn.RequantAttr)


@pytest.mark.parametrize("function", [Function.SIGMOID, None])
def test_functions_in_front_of_the_output_run_on_the_host(function: Function | None) -> None:
    net, x = image()
    y = net.op(qnn.AddOp(net.conv(x, 4), net.const(0.3)))
    y = net.op(qnn.ReluOp(y) if function is None else qnn.UnaryOp(y, function))
    check(net, y)


def test_concat_with_constants() -> None:
    net, x = image()
    border = net.const(net.rng.integers(-3, 4, (1, 2, 4, 4)) * 0.3)
    y = net.op(qnn.ConcatOp([net.conv(x, 4), border, net.quant(net.conv(x, 1), 0.3)], axis=1))
    check(net, net.quant(net.conv(y, 3), 0.4))


def test_constants_of_larger_shape() -> None:
    net, x = image()
    y = net.op(qnn.AveragePoolOp(x, kernel=(6, 6)))
    y = net.op(qnn.AddOp(y, net.const(net.rng.normal(size=(1, 3, 4, 5)))))
    y = net.op(qnn.PReluOp(y, net.const(net.rng.normal(size=(1, 2, 3, 1, 1)))))
    check(net, net.quant(y, 0.2))


def test_channels_of_scale_zero() -> None:
    net, x = image()
    y = net.op(qnn.MulOp(net.conv(x, 4), net.const([[[[1.0]], [[0]], [[1]], [[0]]]])))
    y = net.op(qnn.AddOp(y, net.const([[[[0.0]], [[0.3]], [[0]], [[-2]]]])))
    check(net, net.conv(net.conv(y, 4, pads=(1, 1, 1, 1)), 2))


def test_the_missing_quantiser_is_named() -> None:
    net, x = image()
    y = net.op(qnn.ReluOp(net.op(qnn.AddOp(net.conv(x, 4), net.const(0.3)))))
    with pytest.raises(UserError, match=r"conv_.*reads 'relu_.*put a quantiser between the two"):
        check(net, net.conv(y, 2))


def test_padding_that_no_integer_means() -> None:
    net, x = image()
    parameters = (net.const(net.rng.uniform(0.5, 2, 2)) for _ in range(4))
    y = net.op(qnn.BatchNormOp(net.conv(x, 2), *parameters))
    check(net, net.quant(net.conv(y, 2, pads=(1, 1, 1, 1)), 0.7))


def test_scales_that_differ_between_positions_meet_in_front_of_a_convolution() -> None:
    net, x = image(zero=2)
    y = net.op(qnn.AveragePoolOp(x, kernel=(2, 3), pads=(1, 1, 0, 1)))
    y = net.quant(net.conv(y, 3, pads=(1, 1, 1, 1)), 0.7)
    check(net, net.op(qnn.AveragePoolOp(net.op(qnn.AveragePoolOp(y, kernel=(2, 2), pads=(1, 1, 0, 0))), kernel=(3, 3))))


@pytest.mark.parametrize("scales", [(0.3, 0.6, 0.7), (0.5, 0.25, 0.3), (0.3, 0.7, 1.1)])
def test_concat_of_three_scales(scales: tuple[float, ...]) -> None:
    net, x = image()
    parts = [net.quant(net.conv(x, 2), s, zero) for zero, s in enumerate(scales)]
    y = net.conv(net.op(qnn.ConcatOp(parts, axis=1)), 3, pads=(1, 1, 1, 1))
    check(net, net.quant(y, 0.4, bits=5))


def test_sum_of_three_scales() -> None:
    net, x = image()
    a, b, c = (net.quant(net.conv(x, 2), s) for s in (0.3, 0.7, 1.1))
    y = net.op(qnn.AddOp(net.op(qnn.AddOp(a, b)), c))
    check(net, net.conv(net.quant(y, 0.4, bits=5), 2))


def test_too_many_incommensurable_scales() -> None:
    net, x = vector(bits=8)
    arms = list[SSAValue]()
    for _ in range(3):
        y = net.op(qnn.MatMulOp(x, net.weights(8, 4, bits=8)))
        parameters = (net.rng.uniform(0.5, 2, 4), net.rng.normal(size=4), net.rng.normal(size=4), [2, 3, 5, 7])
        arms.append(net.op(qnn.BatchNormOp(y, *map(net.const, parameters))))
    y = net.op(qnn.AddOp(net.op(qnn.AddOp(arms[0], arms[1])), arms[2]))
    with pytest.raises(UserError, match=r"add_.*put quantisers in front of it"):
        check(net, net.quant(y, 0.5))


@pytest.mark.parametrize("rounding", list(Rounding))
@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("zero", [0, 3])
def test_truncation_in_every_rounding(rounding: Rounding, version: int, zero: int) -> None:
    net, x = image(zero=zero, bits=6)
    y = net.op(qnn.AveragePoolOp(x, kernel=(3, 2), strides=(3, 2)))
    # an average of six integers: units of a sixth, which float64 rounds
    y = net.op(qnn.MulOp(y, net.const(6.0)))
    out = None if version == 1 else net.const(2.0)
    scale, offset = net.const(0.25), net.const(6.0 * zero)
    y = net.op(
        qnn.TruncOp(y, scale, offset, out, in_bits=9, out_bits=5, rounding=rounding, signed=True, narrow=version == 2)
    )
    check(net, y)


@pytest.mark.parametrize("rounding", list(Rounding))
def test_averages_rounded_in_every_way(rounding: Rounding) -> None:
    net, x = image(bits=8, zero=5)
    y = net.op(qnn.AveragePoolOp(x, kernel=(4, 4), strides=(2, 2)))
    check(net, net.quant(y, 0.25, 5, bits=8, rounding=rounding))


@pytest.mark.parametrize("signed", [False, True])
def test_sixteen_bits_end_to_end(signed: bool) -> None:
    net, x = image(bits=16, scale=2.0**-12, signed=signed)
    started = time.perf_counter()
    for _ in range(2):
        y = net.conv(x, 16, pads=(1, 1, 1, 1), scale=0.01)
        y = net.op(qnn.BatchNormOp(y, *(net.const(net.rng.uniform(0.5, 2, 16)) for _ in range(4))))
        y = net.op(qnn.ReluOp(y)) if not signed else y
        x = net.quant(y, 0.0001, bits=16, signed=signed)
    module = check(net, net.op(qnn.AveragePoolOp(x, kernel=(6, 6))))
    assert all(isinstance(op.map, qnn.RequantAttr) for op in ops(module, qnn.MapOp) if isinstance(op, qnn.MapOp))
    assert time.perf_counter() - started < 60


def test_two_quantisers_with_a_function_between_stay_two_maps_where_that_is_smaller() -> None:
    net, x = image(bits=8, scale=0.05)
    y = net.conv(x, 8, scale=np.linspace(0.1, 0.3, 8).reshape(8, 1, 1, 1))
    y = net.op(qnn.LeakyReluOp(net.quant(y, 0.21, bits=8), alpha=0.125))
    module = check(net, net.conv(net.quant(y, 0.19, bits=8), 2))
    found = [op for op in ops(module, qnn.MapOp) if isinstance(op, qnn.MapOp)]
    assert [type(op.map) for op in found] == [qnn.RequantAttr, qnn.TableAttr]
    assert found[1].map.rows() == 1
