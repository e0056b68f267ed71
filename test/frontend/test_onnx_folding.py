"""Arithmetic on constants at import: what NumPy computes, floats in float64."""

from typing import Any

import numpy as np
import pytest
from onnx import NodeProto, TensorProto
from onnx_graphs import model, node

from qnn_ir.dialects import qnn
from qnn_ir.frontend.onnx import import_model

A = np.array([[1.5, -2.0, 3.25]], np.float32)
ARITHMETIC: dict[str, tuple[NodeProto, dict[str, Any], Any]] = {
    "add": (node("Add", "a c", "f"), {"c": np.array([0.1], np.float32)}, A + np.float64(np.float32(0.1))),
    "div": (node("Div", "a c", "f"), {"c": 3.0}, A.astype(np.float64) / 3),
    "integer_div": (node("Div", "i j", "f"), {"i": np.array([-7, 7]), "j": np.array([2, -2])}, [-3, -3]),
    "integer_pow": (node("Pow", "i c", "f"), {"i": np.array([-7, 3]), "c": 2.0}, [49, 9]),
    "sqrt": (node("Sqrt", "c", "f"), {"c": np.array([2.0], np.float32)}, np.sqrt([2.0])),
    "clip": (node("Clip", "i l h", "f"), {"i": np.arange(-5, 5, dtype=np.int8), "l": np.int8(-2), "h": np.int8(1)},
             np.clip(np.arange(-5, 5), -2, 1)),
    "cast": (node("Cast", "a", "f", to=TensorProto.INT32), {}, [[1, -2, 3]]),
    "half": (node("Cast", "c", "f", to=TensorProto.FLOAT16), {"c": 0.1}, np.float16(0.1)),
    "max": (node("Max", "a c a", "f"), {"c": 1.0}, np.maximum(A, 1)),
    "where": (node("Where", "m a c", "f"), {"m": np.array([True, False, True]), "c": 0.0}, [[1.5, 0, 3.25]]),
    "range": (node("Range", "i j k", "f"), {"i": np.array(1), "j": np.array(9), "k": np.array(3)}, [1, 4, 7]),
    "reduce": (node("ReduceProd", "a", "f", axes=[1], keepdims=0), {}, [1.5 * -2 * 3.25]),
    "transpose": (node("Transpose", "a", "f"), {}, A.T),
    "gather": (node("Gather", "a i", "f", axis=1), {"i": np.array([-1, 0])}, A[:, [-1, 0]]),
    "expand": (node("Expand", "a i", "f"), {"i": np.array([2, 1])}, np.broadcast_to(A, (2, 3))),
    "tile": (node("Tile", "a i", "f"), {"i": np.array([2, 1])}, np.tile(A, (2, 1))),
    "fill": (node("ConstantOfShape", "i", "f"), {"i": np.array([2, 3])}, np.zeros((2, 3))),
    "shape": (node("Shape", "a", "f"), {}, [1, 3]),
}  # fmt: skip


@pytest.mark.parametrize("name", ARITHMETIC)
def test_folded(name: str) -> None:
    step, constants, expected = ARITHMETIC[name]
    steps = [step, node("Cast", "f", "d", to=TensorProto.DOUBLE), node("Mul", "x d", "y")]
    built = model(steps, {"x": [1]}, {"y": None}, {"a": A} | constants, {"": 13})
    module = import_model(built.SerializeToString())
    (constant,) = (op for op in module.walk() if isinstance(op, qnn.ConstantOp))
    np.testing.assert_array_equal(constant.numpy().astype(np.float64), expected)
