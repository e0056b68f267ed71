"""Pads and constants beside a tensor, on grids that hold the border and on grids that do not, at every level."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cnn_networks import random_cnn
from operator_check import check, frames_of
from operator_graphs import Graph
from xdsl.context import Context

from qnn_ir.frontend.onnx import import_model
from qnn_ir.interp import run_module
from qnn_ir.passes.pipelines import dataflow_passes, integer_passes, process_passes
from qnn_ir.passes.stream_fold import StreamFoldPass

Build = Callable[[Graph], str]

SQUARE = (0, 0, 1, 1, 0, 0, 1, 1)


def pad(g: Graph, x: str, ends: tuple[int, ...] = SQUARE, value: float = 0.0, mode: str = "constant") -> str:
    return g.emit("Pad", x, g.ints(*ends), *([g.constant(value)] if mode == "constant" else []), mode=mode)


def features(g: Graph, quantise: bool = True) -> str:
    return g.conv(g.quant("x"), 3, 4, 1, 1, quantise=quantise)


def shifted(g: Graph, x: str, *offsets: float) -> str:
    return g.emit("Add", x, g.constant(np.array(offsets).reshape(-1, 1, 1)))


def beside(axis: int, shape: tuple[int, ...], before: bool = False) -> Build:
    def build(g: Graph) -> str:
        parts = [features(g), g.weights(*shape)]
        return g.emit("Concat", *(reversed(parts) if before else parts), axis=axis)

    return build


def between(g: Graph) -> str:
    return g.emit("Concat", g.weights(1, 4, 4, 1), features(g), g.weights(1, 4, 4, 2), axis=3)


def coordinates(g: Graph) -> str:
    ramp = np.broadcast_to(np.arange(6) / 4, (1, 1, 4, 6))
    return g.emit("Concat", g.constant(ramp), features(g), g.constant(ramp[:, :, ::-1] / 2), axis=1)


CASES: dict[str, tuple[Build, int]] = {
    "zeros": (lambda g: pad(g, features(g)), 4),
    "half": (lambda g: pad(g, features(g), value=0.5), 4),
    "far_away": (lambda g: pad(g, features(g), value=-1e4), 4),
    "channels": (lambda g: pad(g, features(g), (0, 1, 0, 0, 0, 2, 0, 0), 1.0), 7),
    "cut": (lambda g: pad(g, features(g), (0, 0, -1, 0, 0, 0, 0, 2)), 4),
    "edge": (lambda g: pad(g, features(g), (0, 0, 1, 2, 0, 0, 2, 1), mode="edge"), 4),
    "reflect": (lambda g: pad(g, features(g), (0, 0, 1, 2, 0, 0, 2, 1), mode="reflect"), 4),
    "wrap": (lambda g: pad(g, features(g), (0, 0, 1, 2, 0, 0, 2, 1), mode="wrap"), 4),
    "bipolar": (lambda g: pad(g, g.bipolar(features(g, False))), 4),
    "bipolar_input": (lambda g: pad(g, g.bipolar("x")), 3),
    "half_of_bipolar": (lambda g: pad(g, g.bipolar(features(g, False)), value=0.5), 4),
    "shifted_bipolar": (lambda g: pad(g, shifted(g, g.bipolar(features(g, False)), 0.25)), 4),
    "shifted_channels": (lambda g: pad(g, shifted(g, g.bipolar(features(g, False)), 0.25, 0.5, 1, 2)), 4),
    "accumulator": (lambda g: g.quant(g.emit("Relu", pad(g, features(g, False)))), 4),
    "activation": (
        lambda g: g.quant(pad(g, g.emit("Relu", shifted(g, features(g, False), 0.3, 0.1, -0.7, 0.2)))),
        4,
    ),
    "off_the_grid": (lambda g: g.quant(pad(g, features(g), value=0.3)), 4),
    "constant_channels": (beside(1, (1, 2, 4, 6)), 6),
    "constant_channels_first": (beside(1, (1, 2, 4, 6), True), 6),
    "constant_rows": (beside(2, (1, 4, 2, 6)), 4),
    "constant_columns": (between, 4),
    "coordinates": (coordinates, 6),
}


@pytest.mark.parametrize("name", CASES)
def test_between_convolutions(name: str, tmp_path: Path) -> None:
    build, channels = CASES[name]
    g = Graph(1, 3, 4, 6)
    y = g.conv(build(g), channels, 3, 3, 3)
    check(g.model(y), frames_of(g), tmp_path)


@pytest.mark.parametrize("name", ["constant_rows", "bipolar", "shifted_channels", "activation"])
def test_at_the_end(name: str, tmp_path: Path) -> None:
    g = Graph(1, 3, 4, 6)
    check(g.model(CASES[name][0](g)), frames_of(g), tmp_path)


# offsets that float32 keeps: the executor is exact too
OFF_GRID: dict[str, tuple[tuple[float, ...], tuple[int, ...], dict[str, Any]]] = {
    "one_offset": ((1229 / 4096,), (3, 3), {"pads": (1, 1, 1, 1)}),
    "offsets": ((1229 / 4096, -0.75, 5001 / 4096, 0.0), (3, 3), {"pads": (1, 1, 1, 1)}),
    "far_away": ((1000 + 1 / 4096,), (3, 3), {"pads": (1, 1, 1, 1)}),
    "strides": ((1229 / 4096,), (3, 2), {"pads": (0, 1, 2, 0), "strides": (2, 1), "dilations": (1, 2)}),
    "groups": ((1229 / 4096, -0.75, 5001 / 4096, 401 / 4096), (3, 3), {"pads": (1, 1, 1, 1), "group": 2}),
    "depthwise": ((1229 / 4096, -0.75, 5001 / 4096, 401 / 4096), (3, 3), {"pads": (1, 1, 1, 1), "group": 4}),
    "more_padding_than_kernel": ((1229 / 4096,), (2, 2), {"pads": (2, 2, 2, 2)}),
}


@pytest.mark.parametrize("name", OFF_GRID)
def test_padded_convolutions_off_the_grid(name: str, tmp_path: Path) -> None:
    """Zero is no integer of the input: a bias per kind of border, exactly."""
    offsets, kernel, attributes = OFF_GRID[name]
    g = Graph(1, 3, 4, 6)
    y = g.conv(shifted(g, features(g), *offsets), 4, 4, *kernel, **attributes)
    check(g.model(g.conv(y, 4, 2, 1, 1)), frames_of(g), tmp_path)


def test_class_token(tmp_path: Path) -> None:
    """A vector of weights in front of tokens; the sum with positions is on a grid of its own."""
    g = Graph(1, 6, 8)
    tokens = g.quant(g.matmul(g.quant("x"), 8, 5))
    y = g.emit("Concat", g.quant(g.weights(1, 1, 5)), tokens, axis=1)
    y = g.quant(g.emit("Add", y, g.weights(1, 7, 5)))
    check(g.model(g.matmul(y, 5, 3)), frames_of(g), tmp_path)


def test_class_token_of_floats(tmp_path: Path) -> None:
    """Constants that nobody quantised are constants of the next quantiser."""
    g = Graph(1, 6, 8)
    tokens = g.quant(g.matmul(g.quant("x"), 8, 5))
    y = g.emit("Concat", g.constant([[[0.3, -1.7, 0.01, 2.2, 0.3]]]), tokens, axis=1)
    check(g.model(g.matmul(g.quant(y), 5, 3)), frames_of(g), tmp_path)


@pytest.mark.parametrize("seed", [213, 215, 237, 306, 1056, 2004, 2024])
def test_random_networks_off_the_grid(seed: int) -> None:
    """Pads of bipolar and shifted tensors, and networks that only quantise; nothing is refused."""
    network = random_cnn(seed)
    inputs = [network.frames(3)[:, 0]]
    module = import_model(network.model.SerializeToString())
    integerized, *rest = integer_passes()
    integerized.apply(Context(), module)
    expected = run_module(module, inputs)
    for pass_ in (*rest, *dataflow_passes(StreamFoldPass(pe=2, simd=3)), *process_passes()):
        pass_.apply(Context(), module)
        module.verify()
        np.testing.assert_array_equal(run_module(module, inputs)[0], expected[0], err_msg=pass_.name)
