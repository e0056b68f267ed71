"""Operators on stored integers and weights of less than a byte, at every level and as in ONNX Runtime."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pytest
from onnx import TensorProto
from operator_check import check, frames_of
from operator_graphs import MICROSOFT, Graph

Parameters: TypeAlias = tuple[str, str]
Build: TypeAlias = "Callable[[Graph, str, Parameters], tuple[str, Parameters]]"


def grid(g: Graph, scale: float, zero: int) -> Parameters:
    return g.constant(scale), g.constant(zero, np.uint8)


def weights(g: Graph, *shape: int) -> tuple[str, str, str]:
    return g.constant(g.rng.integers(-5, 6, shape), np.int8), g.constant(0.25), g.constant(0, np.int8)


def conv(outputs: int = 4, kernel: int = 3, scale: float = 0.5, zero: int = 100, **attributes: Any) -> Build:
    def build(g: Graph, x: str, p: Parameters) -> tuple[str, Parameters]:
        q, bias = grid(g, scale, zero), g.constant(g.rng.integers(-50, 50, outputs), np.int32)
        return g.emit("QLinearConv", x, *p, *weights(g, outputs, 3, kernel, kernel), *q, bias, **attributes), q

    return build


def one(op: str, **attributes: Any) -> Build:
    def build(g: Graph, x: str, p: Parameters) -> tuple[str, Parameters]:
        q = grid(g, 0.0625, 110)
        return g.emit(op, x, *p, *q, domain=MICROSOFT, **attributes), q

    return build


def two(op: str) -> Build:
    def build(g: Graph, x: str, p: Parameters) -> tuple[str, Parameters]:
        (a, pa), (b, pb), q = conv(3, 1)(g, x, p), conv(3, 1, 0.25, 90)(g, x, p), grid(g, 1.0, 110)
        return g.emit(op, a, *pa, b, *pb, *q, domain=MICROSOFT), q

    return build


def with_constant(op: str) -> Build:
    def build(g: Graph, x: str, p: Parameters) -> tuple[str, Parameters]:
        q, numbers = grid(g, 1.0, 110), g.constant(g.rng.integers(0, 255, (1, 3, 1, 1)), np.uint8)
        return g.emit(op, x, *p, numbers, *p, *q, domain=MICROSOFT), q

    return build


def concat(constant: bool) -> Build:
    def build(g: Graph, x: str, p: Parameters) -> tuple[str, Parameters]:
        (a, pa), (b, pb), q = conv(3, 1)(g, x, p), conv(2, 1, 0.25, 90)(g, x, p), grid(g, 1.0, 110)
        b = g.constant(g.rng.integers(0, 255, (1, 2, 4, 6)), np.uint8) if constant else b
        return g.emit("QLinearConcat", *q, a, *pa, b, *pb, domain=MICROSOFT, axis=1), q

    return build


def matmul(g: Graph, x: str, p: Parameters) -> tuple[str, Parameters]:
    q = grid(g, 0.5, 120)
    return g.emit("QLinearMatMul", x, *p, *weights(g, 6, 5), *q), q


OPERATORS: dict[str, Build] = {
    "conv": conv(),
    "padded_conv": conv(pads=[1] * 4),
    "matmul": matmul,
    "add": two("QLinearAdd"),
    "mul": two("QLinearMul"),
    "add_constant": with_constant("QLinearAdd"),
    "mul_constant": with_constant("QLinearMul"),
    "concat": concat(False),
    "concat_constant": concat(True),
    "global_average_pool": one("QLinearGlobalAveragePool", channels_last=0),
    "average_pool": one("QLinearAveragePool", kernel_shape=[2, 2], strides=[2, 2]),
    "padded_average_pool": one("QLinearAveragePool", kernel_shape=[3, 3], pads=[1] * 4),
    "leaky_relu": one("QLinearLeakyRelu", alpha=0.125),
    "sigmoid": one("QLinearSigmoid"),
}


@pytest.mark.parametrize("name", OPERATORS)
def test_stored_integers(name: str, tmp_path: Path) -> None:
    g = Graph(1, 3, 4, 6)
    p = grid(g, 0.125, 128)
    y, q = OPERATORS[name](g, g.emit("QuantizeLinear", "x", *p), p)
    check(g.model(g.emit("DequantizeLinear", y, *q)), frames_of(g), tmp_path)


def test_matmul_integer(tmp_path: Path) -> None:
    g = Graph(1, 6, 8)
    p = grid(g, 0.125, 128)
    w, zero = g.constant(g.rng.integers(-5, 6, (8, 5)), np.int8), g.constant(1, np.int8)
    y = g.emit("MatMulInteger", g.emit("QuantizeLinear", "x", *p), w, p[1], zero)
    y = g.emit("Mul", g.emit("Cast", y, to=TensorProto.FLOAT), g.constant(0.125))
    check(g.model(y), frames_of(g), tmp_path)


def test_conv_integer(tmp_path: Path) -> None:
    g = Graph(1, 3, 4, 6)
    p, q = grid(g, 0.125, 128), grid(g, 0.5, 0)
    w = g.constant(g.rng.integers(-5, 6, (4, 3, 3, 3)), np.int8)
    y = g.emit("ConvInteger", g.emit("QuantizeLinear", "x", *p), w, p[1], pads=[1] * 4)
    y = g.emit("Mul", g.emit("Cast", y, to=TensorProto.FLOAT), g.constant(0.125))
    y = g.emit("Relu", g.emit("Add", y, g.constant(g.rng.integers(-4, 4, (1, 4, 1, 1)) / 4)))
    y = g.emit("DequantizeLinear", g.emit("QuantizeLinear", y, *q), *q)
    check(g.model(y), frames_of(g), tmp_path)


@pytest.mark.parametrize(
    ("type_", "low", "high"), [("INT4", -8, 8), ("UINT4", 0, 16), ("INT2", -2, 2), ("UINT2", 0, 4)]
)
def test_small_weights(type_: str, low: int, high: int, tmp_path: Path) -> None:
    g = Graph(1, 3, 4, 6, opset=21 if type_.endswith("4") else 25)
    p, q, element = grid(g, 0.125, 128), grid(g, 0.5, 100), getattr(TensorProto, type_)
    w = g.packed(g.rng.integers(low, high, (4, 3, 3, 3)), element)
    w = g.emit("DequantizeLinear", w, g.constant([0.25, 0.5, 0.125, 1.0]), g.packed([1] * 4, element), axis=0)
    x = g.emit("DequantizeLinear", g.emit("QuantizeLinear", "x", *p), *p)
    y = g.emit("QuantizeLinear", g.emit("Conv", x, w), *q)
    # the executor knows no integers of two bits
    check(g.model(g.emit("DequantizeLinear", y, *q)), frames_of(g), tmp_path, executor=type_.endswith("4"))


@pytest.mark.parametrize("type_", ["INT4", "UINT4", "INT16", "UINT16"])
def test_activations(type_: str, tmp_path: Path) -> None:
    g = Graph(1, 3, 4, 6, opset=21)
    p = grid(g, 0.125, 128)
    x = g.emit("DequantizeLinear", g.emit("QuantizeLinear", "x", *p), *p)
    q = g.constant(1.0 if "4" in type_ else 2.0**-8), g.packed(3, getattr(TensorProto, type_))
    y = g.emit("QuantizeLinear", g.emit("Conv", x, g.weights(4, 3, 3, 3)), *q)
    y = g.emit("Conv", g.emit("DequantizeLinear", y, *q), g.weights(2, 4, 1, 1))
    check(g.model(y), frames_of(g), tmp_path)
