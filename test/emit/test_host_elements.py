"""Elementwise operators in generated host code: every one, in Python and C++, against the interpreter."""

from pathlib import Path

import numpy as np
import pytest
from host_functions import FRAMES, Code, check, reals

from qnn_ir.dialects import qnn
from qnn_ir.dialects.qnn import Function, Rounding
from qnn_ir.emit.host.cpp_ops import BODIES
from qnn_ir.emit.host.formulas import FORMULAS, UNARY
from qnn_ir.emit.host.python_ops import EXPRESSIONS


def test_every_operation_is_printed() -> None:
    alike = {qnn.ConstantOp}
    for op in set(qnn.Qnn.operations) - alike:
        assert (op in FORMULAS) + (op in EXPRESSIONS) == 1, op.name
        assert (op in FORMULAS) + (op in BODIES) + (op in (qnn.ReshapeOp, qnn.TopKOp)) == 1, op.name
    assert set(Function) == set(UNARY)


PARAMETERS = {
    Function.HARD_SIGMOID: (0.2, 0.5),
    Function.ELU: (1.5,),
    Function.CELU: (0.75,),
    Function.SELU: (1.6732632423543772, 1.0507009873554805),
    Function.THRESHOLDED_RELU: (0.5,),
}


def test_functions(tmp_path: Path) -> None:
    code = Code("1x40xf32")
    for fn in Function:
        parameters = ", ".join(map(str, PARAMETERS.get(fn, ())))
        params = f"array<f64: {parameters}>" if parameters else "array<f64>"
        attributes = f"{{fn = #qnn<function {fn.value}>, params = {params}}}"
        code.op(f"qnn.unary %x0 {attributes} : (tensor<1x40xf32>) -> tensor<1x40xf32>", "1x40xf32")
    x = reals(1, 40)
    x[0, 0, :5] = (0.0, 0.5, -0.5, 1.5, 100.0)
    check(code, tmp_path, x, last_place=True)


@pytest.mark.parametrize("unit", [None, 0.125])
def test_quantisers(tmp_path: Path, unit: float | None) -> None:
    code = Code("1x8x5xf32")
    shape = "1x8x5xf32"
    one = code.constant(np.array(0.25 if unit else 0.3), "f32")
    zero, three = (code.constant(np.array(float(z)), "f32") for z in (0, 3))
    many = code.constant((np.arange(8).reshape(8, 1) + 1) * (0.125 if unit else 0.07), "f32")
    double = code.constant(np.array(0.5 if unit else 0.6), "f32")
    for rounding in Rounding:
        mode = f"rounding = #qnn<rounding {rounding.value}>"
        for scale, dims in ((one, ""), (many, "8x1x")):
            for z, narrow in ((zero, "false"), (three, "true")):
                for signed, bits in (("true", 4.0), ("false", 2.5)):
                    types = f"(tensor<{shape}>, tensor<{dims}f32>, tensor<f32>) -> tensor<{shape}>"
                    attributes = f"{{bits = {bits} : f64, signed = {signed}, narrow = {narrow}, {mode}}}"
                    code.op(f"qnn.quant %x0, {scale}, {z} {attributes} : {types}", shape)
        three_operands = f"(tensor<{shape}>, tensor<f32>, tensor<f32>) -> tensor<{shape}>"
        trunc = "in_bits = 6.0 : f64, out_bits = 4.0 : f64, signed = true, narrow = false"
        code.op(f"qnn.trunc %x0, {one}, {three} {{version = 1 : i64, {trunc}, {mode}}} : {three_operands}", shape)
        code.op(
            f"qnn.trunc %x0, {one}, {three}, {double} {{version = 2 : i64, {trunc}, {mode}}} : "
            f"{three_operands.replace(') ->', ', tensor<f32>) ->')}",
            shape,
        )
        minifloat = "exponent_bits = 3.0 : f64, mantissa_bits = 2.0 : f64, exponent_bias = 3.0 : f64"
        code.op(
            f"qnn.float_quant %x0, {one} {{{minifloat}, max_value = 28.0 : f64, {mode}}} : "
            f"(tensor<{shape}>, tensor<f32>) -> tensor<{shape}>",
            shape,
        )
    code.op(
        f"qnn.quant %x0, {many}, {zero} {{bits = 1.0 : f64, signed = true, narrow = false, "
        f"rounding = #qnn<rounding half_even>}} : (tensor<{shape}>, tensor<8x1xf32>, tensor<f32>) -> tensor<{shape}>",
        shape,
    )
    code.op(f"qnn.bipolar_quant %x0, {many} : (tensor<{shape}>, tensor<8x1xf32>) -> tensor<{shape}>", shape)
    check(code, tmp_path, reals(1, 8, 5, unit=unit))


def test_linear_quantisers_and_thresholds(tmp_path: Path) -> None:
    code = Code("1x8x5xf32", "1x8x5xsi8")
    scale = code.constant((np.arange(8) + 1) * 0.07, "f32")
    zero = code.constant(np.arange(8) - 3, "si4")
    types = "(tensor<1x8x5xf32>, tensor<8xf32>, tensor<8xsi4>) -> tensor<1x8x5xKIND>"
    for kind in ("f32", "si4"):
        attributes = "{axis = 1 : i64, lo = -8 : i64, hi = 7 : i64}"
        code.op(f"qnn.quantize_linear %x0, {scale}, {zero} {attributes} : {types.replace('KIND', kind)}",
                f"1x8x5x{kind}")  # fmt: skip
    code.op(
        f"qnn.dequantize_linear %x1, {scale}, {zero} {{axis = 1 : i64}} : "
        "(tensor<1x8x5xsi8>, tensor<8xf32>, tensor<8xsi4>) -> tensor<1x8x5xf32>",
        "1x8x5xf32",
    )
    rng = np.random.default_rng(3)
    for rows in (1, 8):
        thresholds = code.constant(np.round(rng.uniform(-6, 6, (rows, 7)), 2), "f32")
        code.op(
            f"qnn.multi_threshold %x0, {thresholds} {{out_scale = 0.1 : f64, out_bias = -0.3 : f64, "
            f"channel_axis = 1 : i64}} : (tensor<1x8x5xf32>, tensor<{rows}x7xf32>) -> tensor<1x8x5xf32>",
            "1x8x5xf32",
        )
    check(code, tmp_path, np.round(reals(1, 8, 5), 2), rng.integers(-128, 128, (FRAMES, 1, 8, 5)))


def test_elementwise(tmp_path: Path) -> None:
    code = Code("1x8x5xf32", "5xf32", "8x1xf32", "1x1xf32")
    constants = [
        (code.constant(np.round(reals(*shape, seed=5)[0], 3), "f32"), "x".join([*map(str, shape), "f32"]))
        for shape in ((), (5,), (8, 1), (1, 1, 1), (2, 8, 5))
    ]
    full = code.constant(np.full((2, 8, 5), 0.25), "f32")
    operands = [("%x1", "5xf32"), ("%x2", "8x1xf32"), ("%x3", "1x1xf32"), ("%x0", "1x8x5xf32"), *constants]
    for name in ("add", "sub", "mul", "div"):
        for operand, type_ in (*operands, (full, "2x8x5xf32")):
            result = "2x8x5xf32" if type_.startswith("2") else "1x8x5xf32"
            types = f"(tensor<1x8x5xf32>, tensor<{type_}>) -> tensor<{result}>"
            code.op(f"qnn.{name} %x0, {operand} : {types}", result)
        code.op(f"qnn.{name} %x1, %x2 : (tensor<5xf32>, tensor<8x1xf32>) -> tensor<8x5xf32>", "8x5xf32")
        code.op(f"qnn.{name} %x3, {full} : (tensor<1x1xf32>, tensor<2x8x5xf32>) -> tensor<2x8x5xf32>", "2x8x5xf32")
    same = "(tensor<1x8x5xf32>) -> tensor<1x8x5xf32>"
    code.op(f"qnn.relu %x0 : {same}", "1x8x5xf32")
    code.op(f"qnn.leaky_relu %x0 {{alpha = 0.01 : f64}} : {same}", "1x8x5xf32")
    code.op("qnn.prelu %x0, %x2 : (tensor<1x8x5xf32>, tensor<8x1xf32>) -> tensor<1x8x5xf32>", "1x8x5xf32")
    for low, high in (("-1.5", "2.0"), ("0xFFF0000000000000", "2.0"), ("0.0", "0x7FF0000000000000")):
        code.op(f"qnn.clip %x0 {{min = {low} : f64, max = {high} : f64}} : {same}", "1x8x5xf32")
    parameters = [code.constant(np.round(np.abs(reals(8, seed=seed)[0]), 3), "f32") for seed in range(4)]
    code.op(
        f"qnn.batch_norm %x0, {', '.join(parameters)} {{epsilon = 1.0e-05 : f64}} : "
        f"(tensor<1x8x5xf32>, {', '.join(['tensor<8xf32>'] * 4)}) -> tensor<1x8x5xf32>",
        "1x8x5xf32",
    )
    check(code, tmp_path, reals(1, 8, 5), reals(5, seed=1), reals(8, 1, seed=2), reals(1, 1, seed=3))


def test_integers(tmp_path: Path) -> None:
    code = Code("1x4x3xsi8", "1x4x3xsi8", "1x4x3xf32")
    two = "(tensor<1x4x3xsi8>, tensor<1x4x3xsi8>) -> tensor<1x4x3xsi16>"
    code.op(f"qnn.add %x0, %x1 : {two}", "1x4x3xsi16")
    code.op(f"qnn.scaled_add %x0, %x1 {{ma = 3 : i64, mb = -2 : i64}} : {two}", "1x4x3xsi16")
    groups = "groups = dense<[[0], [1], [1], [0]]> : tensor<4x1xi8>"
    single = "groups = dense<0> : tensor<i8>"
    for form, which in (
        ("#qnn.thresholds<dense<[[-3, 0, 5], [1, 1, 9]]> : tensor<2x3xi8>, base = -1>", groups),
        ("#qnn.thresholds<dense<[[-3, 0, 5]]> : tensor<1x3xi8>, base = 0>", single),
        ("#qnn.steps<base = dense<[1, 2]> : tensor<2xi8>, positions = dense<[[9, -3], [4, 0]]> : tensor<2x2xi8>, "
         "deltas = dense<[[3, -1], [2, 0]]> : tensor<2x2xi8>>", groups),
        ("#qnn.requant<m = dense<[3, -5]> : tensor<2xi8>, c = dense<[7, 4]> : tensor<2xi8>, shift = 3, "
         "rounding = half_even, lo = -9, hi = 11>", groups),
        ("#qnn.requant<m = dense<[3]> : tensor<1xi8>, c = dense<[7]> : tensor<1xi8>, shift = 2, rounding = floor, "
         "lo = -90, hi = 90>", single),
        (f"#qnn.table<dense<{[[i * i % 17 for i in range(256)], [i * 7 % 23 for i in range(256)]]}> : "
         "tensor<2x256xi8>, lo = -128>", groups),
    ):  # fmt: skip
        types = "(tensor<1x4x3xsi8>) -> tensor<1x4x3xsi8>"
        code.op(f"qnn.map %x0 {{map = {form}, {which}}} : {types}", "1x4x3xsi8")
    affine = "scale = dense<[0.1, 0.25]> : tensor<2xf64>, bias = dense<[-0.7, 0.0]> : tensor<2xf64>"
    one = "scale = dense<0.1> : tensor<1xf64>, bias = dense<0.3> : tensor<1xf64>"
    for parameters in (f"{affine}, {groups}", f"{one}, {single}"):
        code.op(f"qnn.to_real %x0 {{{parameters}}} : (tensor<1x4x3xsi8>) -> tensor<1x4x3xf32>", "1x4x3xf32")
    code.op(f"qnn.to_integer %x2 {{{one}, {single}}} : (tensor<1x4x3xf32>) -> tensor<1x4x3xsi8>", "1x4x3xsi8")
    rng = np.random.default_rng(0)
    a, b = (rng.integers(-128, 128, (FRAMES, 1, 4, 3)) for _ in range(2))
    check(code, tmp_path, a, b, (a * 0.1 + 0.3).astype(np.float32).astype(np.float64))
