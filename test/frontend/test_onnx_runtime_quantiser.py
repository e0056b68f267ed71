"""A network quantised by ONNX Runtime's static quantiser, in its two formats: the same integers as its executor."""

from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
from onnx import ModelProto, load, save
from onnx_graphs import model, node
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static

from qnn_ir.frontend.onnx import import_model
from qnn_ir.interp import run_module


def _float_network() -> ModelProto:
    """Convolutions, a residual, a concatenation, pools of nine (so that no mean is a tie) and elementwise functions."""
    rng = np.random.default_rng(3)
    steps = [
        node("Conv", "x w0 b0", "c0", pads=[1, 1, 1, 1]),
        node("Relu", "c0", "r0"),
        node("Conv", "r0 w1 b1", "c1", pads=[1, 1, 1, 1]),
        node("Add", "c1 r0", "a"),
        node("LeakyRelu", "a", "l", alpha=0.1),
        node("Concat", "l r0", "j", axis=1),
        node("MaxPool", "j", "m", kernel_shape=[2, 2], strides=[2, 2]),
        node("AveragePool", "m", "v", kernel_shape=[3, 3], strides=[1, 1]),
        node("Sigmoid", "v", "s"),
        node("Mul", "s v", "u"),
        node("GlobalAveragePool", "u", "p"),
        node("Flatten", "p", "f"),
        node("Gemm", "f w2 b2", "y", transB=1),
    ]
    shapes = {"w0": (4, 2, 3, 3), "b0": (4,), "w1": (4, 4, 3, 3), "b1": (4,), "w2": (5, 8), "b2": (5,)}
    weights = {name: rng.normal(0, 0.5, shape) for name, shape in shapes.items()}
    return model(steps, {"x": [1, 2, 10, 10]}, {"y": [1, 5]}, weights, {"": 13})


class _Frames(CalibrationDataReader):
    def __init__(self, frames: np.ndarray):
        self.rest = iter(frames)

    def get_next(self) -> dict[str, Any] | None:
        frame = next(self.rest, None)
        return None if frame is None else {"x": frame[None]}


@pytest.mark.parametrize("format_", [QuantFormat.QOperator, QuantFormat.QDQ], ids=["operators", "pairs"])
@pytest.mark.parametrize("activations", [QuantType.QUInt8, QuantType.QInt8], ids=["u8", "s8"])
@pytest.mark.parametrize("per_channel", [False, True], ids=["per_tensor", "per_channel"])
def test_same_as_executor(tmp_path: Path, format_: QuantFormat, activations: QuantType, per_channel: bool) -> None:
    frames = np.random.default_rng(1).normal(0, 1, (24, 2, 10, 10)).astype(np.float32)
    save(_float_network(), tmp_path / "float.onnx")
    quantize_static(
        tmp_path / "float.onnx",
        tmp_path / "quantised.onnx",
        _Frames(frames),
        quant_format=format_,
        activation_type=activations,
        weight_type=QuantType.QInt8,
        per_channel=per_channel,
    )
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(tmp_path / "quantised.onnx", options, providers=["CPUExecutionProvider"])
    expected = np.concatenate([session.run(None, {"x": frame[None]})[0] for frame in frames])
    output = run_module(import_model(tmp_path / "quantised.onnx"), [frames])[0]
    assert {n.op_type for n in load(tmp_path / "quantised.onnx").graph.node} & {"QLinearConv", "DequantizeLinear"}
    np.testing.assert_allclose(output, expected, rtol=0, atol=1e-6 * np.abs(expected).max())
