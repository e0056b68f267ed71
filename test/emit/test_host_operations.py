"""
Generated host code against the interpreter: `host.py` and the compiled `host.cpp` do the same operations in the same
order, so integers are identical and so are reals, with one exception: NumPy's and the C library's transcendental
functions may differ in the last place, and sums of them in the order of the terms. There, and only there, reals are
compared to 1e-15, relative or absolute (1 + tanh(x) cancels).
"""

import shutil
from pathlib import Path

import numpy as np
import pytest
from host_code import STRICT, Compiled, function, imported, interpreted, write
from xdsl.dialects.builtin import ArrayAttr, DictionaryAttr, ModuleOp, StringAttr

from qnn_ir.constants import name_location
from qnn_ir.dialects import qnn
from qnn_ir.dialects.qnn import Function, Rounding
from qnn_ir.driver.context import parse_module
from qnn_ir.emit.host import emit_host
from qnn_ir.emit.host.cpp_ops import BODIES
from qnn_ir.emit.host.formulas import FORMULAS, UNARY
from qnn_ir.emit.host.python_ops import EXPRESSIONS

FRAMES = 7


class Code:
    """Collects operations; every one of them is a result of the epilogue."""

    def __init__(self, *arguments: str):
        self.arguments = [f"%x{i}: tensor<{type_}>" for i, type_ in enumerate(arguments)]
        self.lines: list[str] = []
        self.results: list[tuple[str, str]] = []

    def op(self, text: str, *types: str, result: bool = True) -> str:
        """`text` without its results; `types` are those of its results. The name of the first result."""
        names = [f"%r{len(self.lines)}_{i}" for i in range(len(types))]
        self.lines.append(f"{', '.join(names)} = {text}")
        self.results += zip(names, types, strict=True) if result else ()
        return names[0]

    def constant(self, array: np.ndarray, type_: str) -> str:
        stored = type_ if array.dtype.kind == "f" else "i64"
        shape = "x".join(map(str, array.shape))
        dims = f"{shape}x" if shape else ""
        return self.op(f"qnn.constant dense<{array.tolist()}> : tensor<{dims}{stored}> as tensor<{dims}{type_}>",
                       f"{dims}{type_}", result=False)  # fmt: skip

    def module(self) -> ModuleOp:
        parameters = ", ".join(self.arguments)
        names = ", ".join(argument.split(":")[0] for argument in self.arguments)
        types = ", ".join(argument.split(": ")[1] for argument in self.arguments)
        results = ", ".join(f"tensor<{type_}>" for _, type_ in self.results)
        returned = ", ".join(name for name, _ in self.results)
        body = "\n".join(self.lines)
        module = parse_module(
            f"func.func @prologue({parameters}) -> ({types}) {{\nfunc.return {names} : {types}\n}}\n"
            f"func.func @epilogue({parameters}) -> ({results}) {{\n{body}\nfunc.return {returned} : {results}\n}}",
            "test",
        )
        module.verify()
        return module


def check(code: Code, folder: Path, *arguments: np.ndarray, last_place: bool = False, cxx: str = "g++") -> None:
    """Interpreter, Python and C++ agree on every result."""
    module = code.module()
    write(emit_host(module, "net"), folder)
    expected = interpreted(module, "epilogue", arguments)
    in_python = imported(folder).epilogue(*arguments)
    in_cpp = Compiled(folder, module, cxx=cxx).run("epilogue", arguments)
    for (name, type_), wanted, python, cpp in zip(code.results, expected, in_python, in_cpp, strict=True):
        line = next(line for line in code.lines if name in line.split("=")[0])[:200]
        np.testing.assert_array_equal(python.reshape(wanted.shape), wanted, f"Python, {line}")
        if last_place and "f" in type_.split("x")[-1]:
            np.testing.assert_allclose(cpp, wanted, 1e-15, 1e-15, err_msg=f"C++, {line}")
        else:
            np.testing.assert_array_equal(cpp, wanted, f"C++, {line}")


def reals(*shape: int, seed: int = 0, unit: float | None = None) -> np.ndarray:
    """Random numbers; with `unit` multiples of it, so that ties are frequent and sums exact."""
    values = np.random.default_rng(seed).uniform(-6, 6, (FRAMES, *shape))
    return values if unit is None else np.rint(values / unit) * unit


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


WINDOWS = {
    "plain": "strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>",
    "padded": "strides = array<i64: 2, 1>, pads = array<i64: 1, 0, 2, 1>, dilations = array<i64: 1, 2>",
    "value": "strides = array<i64: 2, 2>, pads = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>, pad_value = 3",
}
SIZES = {"plain": (4, 5), "padded": (4, 4), "value": (3, 4)}


@pytest.mark.parametrize(("kind", "group"), [("f32", 1), ("f32", 2), ("f32", 4), ("si8", 1), ("si8", 2)])
def test_convolutions(tmp_path: Path, kind: str, group: int) -> None:
    """All numbers are multiples of 1/8: sums are exact in any order."""
    result = "f32" if kind == "f32" else "si24"
    code = Code(f"1x4x6x7x{kind}", f"1x4x9x{kind}")
    values = reals(4, 4 // group, 3, 3, seed=4, unit=0.125)[0]
    weights = code.constant(values if kind == "f32" else np.rint(values).astype(np.int64), kind)
    bias = code.constant(np.arange(4) * (0.5 if kind == "f32" else 1), kind if kind == "f32" else "si8")
    w = f"tensor<4x{4 // group}x3x3x{kind}>"
    for name, window in WINDOWS.items():
        h, v = SIZES[name]
        target = f"1x4x{h}x{v}x{result}"
        for extra, type_ in (("", ""), (f", {bias}", f", tensor<4x{kind}>")):
            code.op(
                f"qnn.conv %x0, {weights}{extra} {{{window}, group = {group} : i64}} : "
                f"(tensor<1x4x6x7x{kind}>, {w}{type_}) -> tensor<{target}>".replace("= 3,", "= 3 : i64,"),
                target,
            )
    line = code.constant(values[:, :, 0] if kind == "f32" else np.rint(values[:, :, 0]).astype(np.int64), kind)
    code.op(
        f"qnn.conv %x1, {line} {{strides = array<i64: 2>, pads = array<i64: 1, 1>, dilations = array<i64: 1>, "
        f"group = {group} : i64}} : (tensor<1x4x9x{kind}>, tensor<4x{4 // group}x3x{kind}>) -> tensor<1x4x5x{result}>",
        f"1x4x5x{result}",
    )
    turned = code.constant(
        np.swapaxes(values.reshape(group, 4 // group, 4 // group, 3, 3), 1, 2).reshape(4, 4 // group, 3, 3)
        if kind == "f32"
        else np.rint(values).astype(np.int64),
        kind,
    )
    code.op(
        f"qnn.conv_transpose %x0, {turned}, {bias} {{strides = array<i64: 2, 3>, pads = array<i64: 1, 0, 0, 2>, "
        f"dilations = array<i64: 2, 1>, output_padding = array<i64: 1, 0>, group = {group} : i64}} : "
        f"(tensor<1x4x6x7x{kind}>, {w}, tensor<4x{kind}>) -> tensor<1x4x15x19x{result}>",
        f"1x4x15x19x{result}",
    )
    x = [reals(1, 4, 6, 7, unit=0.125), reals(1, 4, 9, unit=0.125)]
    check(code, tmp_path, *(x if kind == "f32" else (np.rint(a).astype(np.int64) for a in x)))


def test_weights_that_depend_on_the_input(tmp_path: Path) -> None:
    code = Code("1x4x6x7xf32", "4x4x3x3xf32")
    code.op(
        f"qnn.conv %x0, %x1 {{{WINDOWS['plain']}}} : (tensor<1x4x6x7xf32>, tensor<4x4x3x3xf32>) -> tensor<1x4x4x5xf32>",
        "1x4x4x5xf32",
    )
    check(code, tmp_path, reals(1, 4, 6, 7, unit=0.125), reals(4, 4, 3, 3, seed=1, unit=0.125))


def test_pools(tmp_path: Path) -> None:
    code = Code("1x3x6x7xf32", "1x3x6x7xsi8")
    plain = "kernel = array<i64: 2, 3>, strides = array<i64: 2, 2>, pads = array<i64: 0, 0, 0, 0>"
    padded = "kernel = array<i64: 3, 3>, strides = array<i64: 2, 2>, pads = array<i64: 1, 1, 1, 0>"
    dilations = "dilations = array<i64: 1, 1>"
    for window, size, ceil in ((plain, "3x3", False), (padded, "3x3", False), (padded, "4x4", True)):
        flag = f"ceil_mode = {str(ceil).lower()}"
        for kind, x in (("f32", "%x0"), ("si8", "%x1")):
            types = f"(tensor<1x3x6x7x{kind}>) -> tensor<1x3x{size}x{kind}>"
            code.op(f"qnn.max_pool {x} {{{window}, {dilations}, {flag}}} : {types}", f"1x3x{size}x{kind}")
        types = f"(tensor<1x3x6x7xf32>) -> tensor<1x3x{size}xf32>"
        for include in ("false", "true"):
            code.op(f"qnn.average_pool %x0 {{{window}, {flag}, count_include_pad = {include}}} : {types}",
                    f"1x3x{size}xf32")  # fmt: skip
    everything = "kernel = array<i64: 6, 7>, strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>"
    code.op(f"qnn.average_pool %x0 {{{everything}}} : (tensor<1x3x6x7xf32>) -> tensor<1x3x1x1xf32>", "1x3x1x1xf32")
    code.op(f"qnn.sum_pool %x1 {{{padded}}} : (tensor<1x3x6x7xsi8>) -> tensor<1x3x3x3xsi12>", "1x3x3x3xsi12")
    check(code, tmp_path, reals(1, 3, 6, 7), np.random.default_rng(1).integers(-128, 128, (FRAMES, 1, 3, 6, 7)))


def test_matrix_products(tmp_path: Path) -> None:
    shapes = {"a": (2, 1, 3, 4), "b": (3, 4, 5), "row": (4,), "column": (5,), "m": (4, 5)}
    code = Code(*("x".join([*map(str, shape), "f32"]) for shape in shapes.values()))
    names = dict(zip(shapes, ("%x0", "%x1", "%x2", "%x3", "%x4"), strict=True))
    constants = {name: code.constant(reals(*shape, seed=9, unit=0.125)[0], "f32") for name, shape in shapes.items()}
    pairs = [("a", "b"), ("a", "m"), ("row", "m"), ("m", "column"), ("row", "row"), ("b", "column"), ("row", "b")]
    for left, right in pairs:
        a, b = np.zeros(shapes[left]), np.zeros(shapes[right])
        result = "x".join([*map(str, (a @ b).shape), "f32"])
        ta, tb = ("x".join([*map(str, shapes[name]), "f32"]) for name in (left, right))
        for first, second in ((names, names), (names, constants), (constants, names)):
            types = f"(tensor<{ta}>, tensor<{tb}>) -> tensor<{result}>"
            code.op(f"qnn.matmul {first[left]}, {second[right]} : {types}", result)
    check(code, tmp_path, *(reals(*shape, seed=i, unit=0.125) for i, shape in enumerate(shapes.values())))


def movement(code: Code, kind: str, x: str, constant: str) -> None:
    t = f"tensor<1x8x2x3x{kind}>"

    def op(text: str, shape: str) -> None:
        code.op(f"{text} : ({t}) -> tensor<{shape}x{kind}>", f"{shape}x{kind}")

    op(f"qnn.reshape {x}", "4x12")
    op(f"qnn.transpose {x} {{perm = array<i64: 0, 2, 3, 1>}}", "1x2x3x8")
    op(f"qnn.transpose {x} {{perm = array<i64: 3, 1, 0, 2>}}", "3x8x1x2")
    op(f"qnn.slice {x} {{starts = array<i64: 1, 2>, ends = array<i64: 7, -9>, steps = array<i64: 2, -1>, "
       "axes = array<i64: 1, 3>}", "1x3x2x3")  # fmt: skip
    op(f"qnn.pad {x} {{pads = array<i64: 0, 1, 0, 2, 0, 0, 3, 1>, value = 2.0 : f64}}", "1x9x5x6")
    op(f"qnn.pad {x} {{pads = array<i64: 0, 0, 1, 1, 0, 0, 1, 1>, value = 0.0 : f64}}", "1x8x4x5")
    for mode in ("dcr", "crd"):
        op(f"qnn.depth_to_space {x} {{block = 2 : i64, mode = #qnn<depth_to_space_mode {mode}>}}", "1x2x4x6")
    op(f"qnn.resize {x} {{scales = array<i64: 1, 1, 2, 3>}}", "1x8x4x9")
    indices = code.constant(np.array([[1, 7], [-2, 0]]), "si4")
    code.op(f"qnn.gather {x}, {indices} {{axis = 1 : i64}} : ({t}, tensor<2x2xsi4>) -> tensor<1x2x2x2x3x{kind}>",
            f"1x2x2x2x3x{kind}")  # fmt: skip
    code.op(f"qnn.concat {x}, {constant}, {x} {{axis = -1 : i64}} : ({t}, tensor<1x8x2x1x{kind}>, {t}) -> "
            f"tensor<1x8x2x7x{kind}>", f"1x8x2x7x{kind}")  # fmt: skip
    # of constants alone
    code.op(f"qnn.transpose {constant} {{perm = array<i64: 0, 2, 3, 1>}} : (tensor<1x8x2x1x{kind}>) -> "
            f"tensor<1x2x1x8x{kind}>", f"1x2x1x8x{kind}")  # fmt: skip
    code.op(f"qnn.reshape {constant} : (tensor<1x8x2x1x{kind}>) -> tensor<16x{kind}>", f"16x{kind}")


def test_movement(tmp_path: Path) -> None:
    code = Code("1x8x2x3xf32", "1x8x2x3xsi8")
    movement(code, "f32", "%x0", code.constant(np.arange(16.0).reshape(1, 8, 2, 1), "f32"))
    movement(code, "si8", "%x1", code.constant(np.arange(16).reshape(1, 8, 2, 1), "si8"))
    check(code, tmp_path, reals(1, 8, 2, 3), np.random.default_rng(1).integers(-128, 128, (FRAMES, 1, 8, 2, 3)))


def test_heads(tmp_path: Path) -> None:
    """Small integers: every row has ties."""
    code = Code("2x9x3xf32", "2x9x3xsi4")
    for kind, x in (("f32", "%x0"), ("si4", "%x1")):
        t = f"tensor<2x9x3x{kind}>"
        for axis, shape, left in ((1, "2xNx3", "2x3"), (-1, "2x9xN", "2x9"), (0, "Nx9x3", "9x3")):
            k = 2 if axis == 0 else 3
            for largest in ("true", "false"):
                types = shape.replace("N", str(k)) + f"x{kind}", shape.replace("N", str(k)) + "xsi64"
                code.op(f"qnn.top_k {x} {{k = {k} : i64, axis = {axis} : i64, largest = {largest}}} : ({t}) -> "
                        f"(tensor<{types[0]}>, tensor<{types[1]}>)", *types)  # fmt: skip
            for last in ("true", "false"):
                for keep, result in (("true", shape.replace("N", "1")), ("false", left)):
                    code.op(f"qnn.arg_max {x} {{axis = {axis} : i64, keepdims = {keep}, last_index = {last}}} : "
                            f"({t}) -> tensor<{result}xsi64>", f"{result}xsi64")  # fmt: skip
    x = np.random.default_rng(2).integers(-4, 4, (FRAMES, 2, 9, 3))
    check(code, tmp_path, x.astype(np.float64), x)


def test_softmax(tmp_path: Path) -> None:
    code = Code("2x9x3xf32")
    for axis in (0, 1, 2, -2):
        types = "(tensor<2x9x3xf32>) -> tensor<2x9x3xf32>"
        code.op(f"qnn.softmax %x0 {{axis = {axis} : i64}} : {types}", "2x9x3xf32")
    check(code, tmp_path, reals(2, 9, 3), last_place=True)


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


def test_constants_are_computed_once(tmp_path: Path) -> None:
    code = Code("1x4xf32")
    weights = code.constant(np.round(reals(4, 40, seed=2)[0], 2), "f32")
    scale, zero = code.constant(np.array(0.25), "f32"), code.constant(np.array(0.0), "f32")
    quantised = code.op(
        f"qnn.quant {weights}, {scale}, {zero} {{bits = 4.0 : f64, signed = true, narrow = false, "
        "rounding = #qnn<rounding half_even>} : (tensor<4x40xf32>, tensor<f32>, tensor<f32>) -> tensor<4x40xf32>",
        "4x40xf32",
    )
    code.op(f"qnn.matmul %x0, {quantised} : (tensor<1x4xf32>, tensor<4x40xf32>) -> tensor<1x40xf32>", "1x40xf32")
    check(code, tmp_path, reals(1, 4, unit=0.125))
    assert "static const Reals quant = []()" in (tmp_path / "host.cpp").read_text()
    assert (tmp_path / "constants.npz").is_file()


def test_off_the_grid_is_a_clear_error(tmp_path: Path) -> None:
    code = Code("1x3xf32")
    affine = "scale = dense<0.5> : tensor<1xf64>, bias = dense<0.0> : tensor<1xf64>, groups = dense<0> : tensor<i8>"
    code.op(f'qnn.to_integer %x0 {{{affine}}} : (tensor<1x3xf32>) -> tensor<1x3xui4>',
            "1x3xui4")  # fmt: skip
    module = code.module()
    _locate(module, ['the "input"'])
    write(emit_host(module), tmp_path)
    host, compiled = imported(tmp_path), Compiled(tmp_path, module)
    for bad in (0.6, 8.0, -0.5, np.nan, np.inf):
        x = np.array([[[0.0, 1.5, 2.0]], [[0.0, bad, 2.0]]])
        with pytest.raises(
            ValueError, match=r"input.*: element \[0, 1\] of frame 1 is .*\[0, 15\] times the scale; feed"
        ):
            host.epilogue(x)
        with pytest.raises(ValueError, match=r"input.*: element 1 is .*\[0, 15\] times the scale; feed"):
            compiled.run("epilogue", [x])


def test_wrong_inputs_are_a_clear_error(tmp_path: Path) -> None:
    code = Code("1x3xf32", "1x3xf32")
    code.op("qnn.add %x0, %x1 : (tensor<1x3xf32>, tensor<1x3xf32>) -> tensor<1x3xf32>", "1x3xf32")
    host = imported(write(emit_host(code.module()), tmp_path))
    x = np.zeros((2, 3))
    assert host.epilogue(x, x)[0].shape == (2, 3)
    for arguments, message in (((x,), "expected 2 inputs"), ((x, x[:1]), "different numbers"), ((x, x.T), "of shape")):
        with pytest.raises(ValueError, match=message):
            host.epilogue(*arguments)


@pytest.mark.parametrize("cxx", ["g++", "clang++"])
def test_hostile_names(tmp_path: Path, cxx: str) -> None:
    """Names of nodes and tensors are data: keywords, comment ends, escapes, line breaks, our own words."""
    if shutil.which(cxx) is None:
        pytest.skip(f"needs {cxx}")
    names = [
        "int",
        "*/ int x; /*",
        'a\\"b\\',
        "first\nsecond",
        "héllo ??/",
        "np",
        "Reals",
        "prologue",
        "7 seas",
        "words",
    ]
    code = Code(*["1x3xf32"] * len(names))
    for index in range(len(names)):
        same = "(tensor<1x3xf32>) -> tensor<1x3xf32>"
        code.op(f"qnn.relu %x{index} : {same}", "1x3xf32")
    module = code.module()
    _locate(module, names)
    attributes = ArrayAttr([DictionaryAttr({"qnn.name": StringAttr(name)}) for name in names])
    function(module, "prologue").arg_attrs = function(module, "epilogue").res_attrs = attributes
    write(emit_host(module), tmp_path)
    arguments = [reals(1, 3, seed=i) for i in range(len(names))]
    expected = interpreted(module, "epilogue", arguments)
    for actual in (
        imported(tmp_path).epilogue(*arguments),
        Compiled(tmp_path, module, cxx=cxx).run("epilogue", arguments),
    ):
        for one, other in zip(actual, expected, strict=True):
            np.testing.assert_array_equal(one.reshape(other.shape), other)
    assert all((tmp_path / name).read_text().isascii() for name in ("host.py", "host.h", "host.cpp"))


def _locate(module: ModuleOp, names: list[str]) -> None:
    """Gives the operations of the epilogue the names of nodes."""
    for op, name in zip(function(module, "epilogue").body.block.ops, names, strict=False):
        op.location = name_location(name)


@pytest.mark.parametrize(("cxx", "flags"), [("clang++", STRICT), ("g++", (*STRICT, "-march=native", "-O3"))])
def test_other_compilers_and_machines(tmp_path: Path, cxx: str, flags: tuple[str, ...]) -> None:
    """No fused multiply-add, whatever the machine has."""
    if shutil.which(cxx) is None:
        pytest.skip(f"needs {cxx}")
    code = Code("1x64xf32", "1x64xf32")
    product = code.op("qnn.mul %x0, %x1 : (tensor<1x64xf32>, tensor<1x64xf32>) -> tensor<1x64xf32>", "1x64xf32")
    code.op(f"qnn.add {product}, %x1 : (tensor<1x64xf32>, tensor<1x64xf32>) -> tensor<1x64xf32>", "1x64xf32")
    parameters = [code.constant(np.abs(reals(64, seed=seed)[0]), "f64") for seed in range(4)]
    code.op(
        f"qnn.batch_norm %x0, {', '.join(parameters)} {{epsilon = 1.0e-05 : f64}} : "
        f"(tensor<1x64xf32>, {', '.join(['tensor<64xf64>'] * 4)}) -> tensor<1x64xf32>",
        "1x64xf32",
    )
    module = code.module()
    write(emit_host(module), tmp_path)
    arguments = [reals(1, 64), reals(1, 64, seed=1)]
    expected = interpreted(module, "epilogue", arguments)
    actual = Compiled(tmp_path, module, cxx=cxx, flags=flags).run("epilogue", arguments)
    for one, other in zip(actual, expected, strict=True):
        np.testing.assert_array_equal(one, other)
