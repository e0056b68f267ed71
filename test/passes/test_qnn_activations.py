"""Every activation of ONNX and QONNX, imported and made integer with random scales per channel; also chains of them."""

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import onnxruntime
import pytest
from onnx import ModelProto, NodeProto
from onnx_graphs import model, node
from xdsl.context import Context

from qnn_ir.dialects import qnn
from qnn_ir.frontend.onnx import import_model
from qnn_ir.interp import run_module
from qnn_ir.passes.pipelines import integer_passes

CHANNELS = 6
Build = Callable[[], list[NodeProto]]


def single(op: str, **attributes: Any) -> Build:
    return lambda: [node(op, "a", "f", **attributes)]


def with_constants(op: str, operands: str) -> Build:
    return lambda: [node(op, f"a {operands}", "f")]


def chain(*ops: NodeProto) -> Build:
    return lambda: list(ops)


ACTIVATIONS: dict[str, Build] = {
    "relu": single("Relu"),
    "leaky": single("LeakyRelu", alpha=0.1),
    "prelu": with_constants("PRelu", "slopes"),
    "relu6": with_constants("Clip", "zero six"),
    "hard_tanh": with_constants("Clip", "minus one"),
    "sigmoid": single("Sigmoid"),
    "hard_sigmoid": single("HardSigmoid", alpha=0.2, beta=0.5),
    "tanh": single("Tanh"),
    "elu": single("Elu", alpha=1.3),
    "selu": single("Selu"),
    "celu": single("Celu", alpha=0.7),
    "hard_swish": single("HardSwish"),
    "gelu": single("Gelu"),
    "gelu_tanh": single("Gelu", approximate="tanh"),
    "softplus": single("Softplus"),
    "softsign": single("Softsign"),
    "mish": single("Mish"),
    "exp": single("Exp"),
    "abs": single("Abs"),
    "erf": single("Erf"),
    "thresholded": single("ThresholdedRelu", alpha=0.4),
    "silu": chain(node("Sigmoid", "a", "g"), node("Mul", "a g", "f")),
    "log": chain(node("Abs", "a", "p"), node("Add", "p one", "q0"), node("Log", "q0", "f")),
    "root": chain(node("Abs", "a", "p"), node("Sqrt", "p", "f")),
    "gelu_by_erf": chain(
        node("Mul", "a rhalf", "p"),
        node("Erf", "p", "e"),
        node("Add", "e one", "e1"),
        node("Mul", "a e1", "m1"),
        node("Mul", "m1 half", "f"),
    ),
    "product": chain(
        node("Tanh", "a", "p"),
        node("Mul", "p slopes", "p1"),
        node("Sigmoid", "a", "g"),
        node("Mul", "p1 g", "p2"),
        node("Sub", "p2 half", "f"),
    ),
    "chain": chain(
        node("Relu", "a", "p"), node("Tanh", "p", "p1"), node("Neg", "p1", "p2"), node("Exp", "p2", "p3"),
        node("LeakyRelu", "p3", "f"),
    ),
}  # fmt: skip


def network(build: Build, seed: int) -> ModelProto:
    """`quantise - MatMul - scale and bias per channel - activation - quantise - MatMul`."""
    rng = np.random.default_rng(seed)
    nodes = [
        node("QuantizeLinear", "x xs z", "q"),
        node("DequantizeLinear", "q xs z", "d"),
        node("MatMul", "d w", "m"),
        node("Mul", "m s", "ms"),
        node("Add", "ms b", "a"),
        *build(),
        node("QuantizeLinear", "f fs fz", "o"),
        node("DequantizeLinear", "o fs fz", "od"),
        node("MatMul", "od v", "y"),
    ]
    constants = {
        "xs": 0.043,
        "z": np.int8(0),
        "w": rng.integers(-4, 5, (8, CHANNELS)).astype(np.float32),
        "s": rng.uniform(0.2, 1.1, (1, CHANNELS)) * rng.choice([-1, 1], (1, CHANNELS)),
        "b": rng.normal(0, 0.5, (1, CHANNELS)),
        "slopes": rng.uniform(-0.5, 0.9, (1, CHANNELS)),
        "fs": 0.0137,
        "fz": np.int8(-20),
        "v": rng.integers(-4, 5, (CHANNELS, 3)).astype(np.float32),
        "zero": 0.0,
        "one": 1.0,
        "six": 6.0,
        "minus": -1.0,
        "half": 0.5,
        "rhalf": 0.5**0.5,
    }
    return model(nodes, {"x": [1, 8]}, {"y": [1, 3]}, constants, {"": 22})


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activation(name: str) -> None:
    network_ = network(ACTIVATIONS[name], len(name))
    x = np.random.default_rng(1).normal(0, 1, (24, 8)).astype(np.float32)
    module = import_model(network_.SerializeToString())
    found = expected = run_module(module, [x])[0]
    for each in integer_passes():
        each.apply(Context(), module)
        module.verify()
        found = run_module(module, [x])[0]
        assert np.abs(found - expected).max() <= 1e-9 * np.abs(expected).max(), each.name
    assert sum(isinstance(op, qnn.MatMulOp) for op in module.walk()) == 2
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        session: Any = onnxruntime.InferenceSession(network_.SerializeToString())
    reference = np.concatenate([np.asarray(session.run(None, {"x": frame[None]})[0]) for frame in x])
    # float32 may decide a rounding otherwise: one step of one of six channels
    far = np.abs(reference - found).max(axis=1) > 1e-4
    assert np.abs(reference - found).max() <= 4 * 0.0137 * 1.01
    assert far.sum() <= 1
