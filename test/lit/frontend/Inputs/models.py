"""Writes the ONNX model NAME to FILE: `python models.py NAME FILE`."""

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
from onnx import ModelProto, TensorProto

sys.path.insert(0, str(Path(__file__).parents[3]))
from onnx_graphs import MICROSOFT, OPSETS, QONNX, model, node, qcdq_network, quant

_SCALARS = {"s": 0.5, "z": 0.0, "b": 4.0}


def qonnx() -> ModelProto:
    """Every QONNX quantiser, under the domains that exporters have used."""
    nodes = [
        quant("x s z b", "q0", rounding_mode="floor", narrow=1),
        node("IntQuant", "q0 s z b", "q1", "onnx.brevitas", signed=0, narrow=0, rounding_mode="ROUND"),
        node("Quant", "q1 s z one", "q2", "finn.custom_op.general", signed=1, narrow=0),
        node("BipolarQuant", "q2 s", "q3", QONNX),
        node("Trunc", "q3 s z b two", "q4", QONNX),
        node("Trunc", "q4 s z b s2 two", "q5", QONNX, signed=0),
        node("MultiThreshold", "q5 t", "q6", QONNX, out_dtype="INT2", out_bias=-2.0),
        node("FloatQuant", "q6 s b b b big", "y", QONNX),
    ]
    thresholds = np.array([[0.0, 1, 2], [1, 2, 3]])
    more = {"one": 1.0, "two": 2.0, "s2": 2.0, "t": thresholds, "big": 7.5}
    return model(nodes, {"x": [1, 2]}, {"y": [1, 2]}, _SCALARS | more)


def shapes() -> ModelProto:
    """What PyTorch writes for `x.view(x.shape[0], -1)`, with a symbolic batch."""
    nodes = [
        node("Shape", "x", "shape"),
        node("Gather", "shape zero", "batch", axis=0),
        node("Unsqueeze", "batch", "batch1", axes=[0]),
        node("Concat", "batch1 rest", "target", axis=0),
        node("Reshape", "x target", "flat"),
        node("Pow", "variance half", "deviation"),
        node("Div", "flat deviation", "y"),
        node("Relu", "flat", "unused"),
    ]
    constants = {"zero": np.array(0), "rest": np.array([-1]), "variance": 4.0, "half": 0.5}
    return model(nodes, {"x": ["N", 2, 2]}, {"y": ["N", 4]}, constants, {"": 11})


def integers() -> ModelProto:
    """Integer operators, of ONNX and of ONNX Runtime."""
    nodes = [
        node("QuantizeLinear", "x s z", "q"),
        node("QLinearMatMul", "q s z w ws wz s z", "a"),
        node("QLinearAdd", "a s z q s z s z", "b", MICROSOFT),
        node("MatMulInteger", "b w z", "i"),
        node("Cast", "i", "f", to=TensorProto.FLOAT),
        node("Mul", "f s", "y"),
    ]
    weights = {"w": np.array([[1, -2], [3, 4]], np.int8), "ws": np.array([0.5, 0.25]), "wz": np.zeros(2, np.int8)}
    constants = {"s": 0.5, "z": np.uint8(3)} | weights
    return model(nodes, {"x": [1, 2]}, {"y": [1, 2]}, constants, {"": 13, MICROSOFT: 1})


def names() -> ModelProto:
    """Nodes without names, with one name, and with a hostile one."""
    nodes = [
        node("Relu", "x", "a", name=""),
        node("Relu", "a", "b", name="same"),
        node("Relu", "b", "c", name="same"),
        node("Relu", "c", "y", name='"\n; rm -rf'),
    ]
    return model(nodes, {"x": [3, 2]}, {"y": [3, 2]}, opsets={"": 13})


def unsupported() -> ModelProto:
    """An operator of nobody."""
    return model([node("Frobnicate", "x", "y", "com.acme")], {"x": [1, 2]}, {"y": [1, 2]}, opsets=OPSETS)


MODELS: dict[str, Callable[[], ModelProto]] = {
    f.__name__: f for f in (qonnx, qcdq_network, shapes, integers, names, unsupported)
}

if __name__ == "__main__":
    Path(sys.argv[2]).write_bytes(MODELS[sys.argv[1]]().SerializeToString())
