"""Activations behind sums, joins and pools, as functions and as the chains that exporters write, at every level."""

from collections.abc import Callable
from pathlib import Path

import pytest
from operator_check import check, frames_of
from operator_graphs import Graph

Build = Callable[[Graph, str], str]


def one(op: str, **attributes: object) -> Build:
    return lambda g, x: g.emit(op, x, **attributes)


def plus(g: Graph, x: str, number: float) -> str:
    return g.emit("Add", x, g.constant(number))


def times(g: Graph, x: str, number: float) -> str:
    return g.emit("Mul", x, g.constant(number))


def gelu_by_erf(g: Graph, x: str) -> str:
    return times(g, g.emit("Mul", x, plus(g, g.emit("Erf", times(g, x, 0.5**0.5)), 1.0)), 0.5)


def gelu_by_tanh(g: Graph, x: str) -> str:
    cube = times(g, g.emit("Pow", x, g.constant(3.0)), 0.044715)
    inner = times(g, g.emit("Add", x, cube), 0.7978846)
    return times(g, g.emit("Mul", x, plus(g, g.emit("Tanh", inner), 1.0)), 0.5)


def hard_swish(g: Graph, x: str) -> str:
    gate = g.emit("Clip", plus(g, x, 3.0), g.constant(0.0), g.constant(6.0))
    return g.emit("Mul", x, g.emit("Div", gate, g.constant(6.0)))


def softplus(g: Graph, x: str) -> str:
    return g.emit("Log", plus(g, g.emit("Exp", x), 1.0))


def squared_relu(g: Graph, x: str) -> str:
    positive = g.emit("Relu", x)
    return g.emit("Mul", positive, positive)


ACTIVATIONS: dict[str, Build] = {
    "sigmoid": one("Sigmoid"),
    "tanh": one("Tanh"),
    "hard_sigmoid": one("HardSigmoid", alpha=0.25, beta=0.5),
    "swish": lambda g, x: g.emit("Mul", x, g.emit("Sigmoid", x)),
    "quick_gelu": lambda g, x: g.emit("Mul", x, g.emit("Sigmoid", times(g, x, 1.702))),
    "gelu_by_erf": gelu_by_erf,
    "gelu_by_tanh": gelu_by_tanh,
    "hard_swish": hard_swish,
    "softplus": softplus,
    "mish": lambda g, x: g.emit("Mul", x, g.emit("Tanh", g.emit("Softplus", x))),
    "exp": lambda g, x: g.emit("Exp", g.emit("Neg", x)),
    "log": lambda g, x: g.emit("Log", plus(g, g.emit("Abs", x), 0.5)),
    "squared_relu": squared_relu,
}


def behind_sum(g: Graph, activation: Build) -> tuple[str, int]:
    """A convolution with a normalisation."""
    x = g.conv(g.quant("x"), 3, 4, 3, 3, quantise=False)
    numbers = ([0.5, -0.25, 1, 2], [0.1, 0.2, -0.3, 0], [0, 0.5, 1, -1], [1, 2, 0.5, 0.3])
    return activation(g, g.emit("BatchNormalization", x, *map(g.constant, numbers))), 4


def behind_join(g: Graph, activation: Build) -> tuple[str, int]:
    x = g.quant("x")
    return activation(g, g.emit("Add", g.conv(x, 3, 3, 1, 1), x)), 3


def behind_pool(g: Graph, activation: Build) -> tuple[str, int]:
    x = g.conv(g.quant("x"), 3, 4, 1, 1)
    return activation(g, g.emit("AveragePool", x, kernel_shape=[2, 2], strides=[2, 2])), 4


PLACES = {"sum": behind_sum, "join": behind_join, "pool": behind_pool}


@pytest.mark.parametrize("name", ACTIVATIONS)
@pytest.mark.parametrize("place", PLACES)
def test_between_quantisers(place: str, name: str, tmp_path: Path) -> None:
    g = Graph(1, 3, 4, 6)
    y, channels = PLACES[place](g, ACTIVATIONS[name])
    check(g.model(g.conv(g.quant(y, 0.0625, 6), channels, 3, 1, 1)), frames_of(g), tmp_path)


@pytest.mark.parametrize("name", ["sigmoid", "swish", "gelu_by_erf"])
def test_sixteen_bits(name: str, tmp_path: Path) -> None:
    g = Graph(1, 3, 4, 5)
    x = ACTIVATIONS[name](g, g.conv(g.quant("x", 2.0**-6, 8), 3, 4, 3, 3, quantise=False))
    check(g.model(g.conv(g.quant(x, 2.0**-10, 16), 4, 3, 1, 1)), frames_of(g), tmp_path)


@pytest.mark.parametrize("name", ["sigmoid", "hard_sigmoid", "tanh"])
def test_gates(name: str, tmp_path: Path) -> None:
    """Squeeze and excite: a factor per channel, from the mean of the image."""
    g = Graph(1, 3, 4, 5)
    x = g.conv(g.quant("x"), 3, 4, 1, 1)
    gate = g.conv(g.quant(g.emit("GlobalAveragePool", x), 0.125), 4, 4, 1, 1, quantise=False)
    gate = g.quant(ACTIVATIONS[name](g, gate), 0.0625, 5)
    y = g.quant(g.emit("Mul", x, gate), 0.25, 5)
    check(g.model(g.conv(y, 4, 3, 3, 3)), frames_of(g), tmp_path)
