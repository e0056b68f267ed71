"""What follows the last integers runs on the host, quantisers among it."""

import numpy as np
import pytest
from onnx import ModelProto
from onnx_graphs import model, node
from xdsl.context import Context

from qnn_ir.errors import UserError
from qnn_ir.frontend.onnx import import_model
from qnn_ir.interp import run_module
from qnn_ir.passes.pipelines import default_pipeline, integer_passes

RNG = np.random.default_rng(5)
WEIGHTS = {"w": RNG.integers(-7, 8, (6, 4)).astype(np.int8), "w2": RNG.integers(-7, 8, (4, 3)).astype(np.int8)}


def classifier(*tail: str) -> ModelProto:
    """`QuantizeLinear -> MatMul -> Softmax -> QuantizeLinear -> DequantizeLinear`, and a layer behind these."""
    nodes = [
        node("QuantizeLinear", "x s z", "xq"),
        node("DequantizeLinear", "xq s z", "xd"),
        node("DequantizeLinear", "w s z8", "wd"),
        node("MatMul", "xd wd", "m"),
        node("Softmax", "m", "p", axis=1),
        node("QuantizeLinear", "p t z8", "pq"),
        node("DequantizeLinear", "pq t z8", "y" if not tail else "pd"),
    ]
    if tail:
        nodes += [node("DequantizeLinear", "w2 s z8", "w2d"), node("MatMul", "pd w2d", "y")]
    constants = WEIGHTS | {"s": 0.1, "t": 1 / 256, "z": np.uint8(7), "z8": np.int8(0)}
    return model(nodes, {"x": [1, 6]}, {"y": [1, 3 if tail else 4]}, constants, {"": 13})


def test_a_quantiser_behind_a_softmax() -> None:
    frames = RNG.normal(0, 2, (20, 6)).astype(np.float32)
    module = import_model(classifier().SerializeToString())
    expected = run_module(module, [frames])[0]
    assert len(np.unique(expected)) > 10
    for each in default_pipeline():
        each.apply(Context(), module)
        module.verify()
        assert np.array_equal(run_module(module, [frames])[0], expected), each.name


def test_no_layer_behind_a_softmax() -> None:
    module = import_model(classifier("layer").SerializeToString())
    with pytest.raises(UserError, match="computed in floats"):
        integer_passes()[0].apply(Context(), module)
