"""Minifloats inside a network are scaled integers, at every level."""

from pathlib import Path

import pytest
from operator_check import check, frames_of
from operator_graphs import QONNX, Graph

from qnn_ir.driver.context import compiler_context
from qnn_ir.errors import UserError
from qnn_ir.frontend.onnx import import_model
from qnn_ir.passes.pipelines import integer_passes

FORMATS = {
    "e4m3": (4, 3, 7, 448),
    "e3m2": (3, 2, 3, 28),
    "e2m3": (2, 3, 1, 7.5),
    "e2m1": (2, 1, 1, 6),
    "saturated": (2, 3, 1, 5),
    "e5m2": (5, 2, 15, 57344),
    "off": (2, 1, 1, 5),
}
"""Exponent and mantissa bits, exponent bias, largest number."""


def float_quant(g: Graph, x: str, name: str, scale: float) -> str:
    parameters = (g.constant(float(v)) for v in (scale, *FORMATS[name]))
    flags = {"has_inf": 0, "has_nan": 0, "has_subnormal": 1, "rounding_mode": "ROUND", "saturation": 1}
    return g.emit("FloatQuant", x, *parameters, domain=QONNX, **flags)


def network(name: str) -> Graph:
    g = Graph(1, 3, 4, 5)
    x = float_quant(g, g.conv(g.quant("x"), 3, 4, 1, 1, quantise=False), name, 0.25)
    y = g.emit("Conv", x, float_quant(g, g.weights(3, 4, 3, 3), name, 0.25))
    g.quant(y, 1.0, 6)
    return g


@pytest.mark.parametrize("name", ["e4m3", "e3m2", "e2m3", "e2m1", "saturated"])
def test_activations_and_weights(name: str, tmp_path: Path) -> None:
    g = network(name)
    check(g.model(g.nodes[-1].output[0]), frames_of(g), tmp_path)


@pytest.mark.parametrize("name", ["e2m1", "e3m2"])
def test_input_activation_and_weights(name: str, tmp_path: Path) -> None:
    g = Graph(1, 8)
    x = g.emit("Relu", g.matmul(float_quant(g, "x", name, 0.5), 8, 6))
    check(g.model(g.matmul(float_quant(g, x, name, 0.125), 6, 3)), frames_of(g), tmp_path)


@pytest.mark.parametrize(("name", "message"), [("e5m2", "grid takes 33 bits"), ("off", "saturates at 5")])
def test_refused(name: str, message: str) -> None:
    g = network(name)
    module = import_model(g.model(g.nodes[-1].output[0]).SerializeToString())
    with pytest.raises(UserError, match=message):
        integer_passes()[0].apply(compiler_context(), module)
