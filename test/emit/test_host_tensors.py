"""Convolutions, pools, products, movement and heads in generated host code, against the interpreter."""

from pathlib import Path

import numpy as np
import pytest
from host_functions import FRAMES, Code, check, reals

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
