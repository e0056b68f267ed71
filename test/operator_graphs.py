"""A builder of small quantised networks around one operator."""

from typing import Any

import numpy as np
from onnx import ModelProto, TensorProto, helper, numpy_helper

QONNX = "qonnx.custom_op.general"
MICROSOFT = "com.microsoft"


class Graph:
    """
    A network with one input `x`; all scales are powers of two, so that floats are exact.

    Inputs of an integer type go from `lowest` to `highest`.
    """

    def __init__(self, *shape: int, type_: int = TensorProto.FLOAT, opset: int = 19):
        self.shape, self.type, self.opset = shape, type_, opset
        self.lowest, self.highest = 0, None if type_ == TensorProto.FLOAT else 7
        self.rng = np.random.default_rng(0)
        self.nodes: list[Any] = []
        self.constants: list[TensorProto] = []

    def constant(self, array: Any, type_: Any = np.float32) -> str:
        name = f"const_{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(array, type_), name))
        return name

    def ints(self, *values: int) -> str:
        return self.constant(values, np.int64)

    def packed(self, array: Any, type_: int) -> str:
        """A constant of a type that NumPy lacks."""
        name = f"const_{len(self.constants)}"
        self.constants.append(helper.make_tensor(name, type_, np.shape(array), np.ravel(array).tolist()))
        return name

    def emit(self, op: str, *inputs: str, domain: str = "", outputs: int = 1, **attributes: Any) -> Any:
        name = f"{op}_{len(self.nodes)}"
        names = [f"{name}_out{i}" for i in range(outputs)]
        self.nodes.append(helper.make_node(op, inputs, names, name, domain=domain, **attributes))
        return names[0] if outputs == 1 else names

    def quant(self, x: str, scale: float = 0.5, bits: int = 4, signed: int = 1, zero: float = 0.0) -> str:
        parameters = (self.constant(scale), self.constant(zero), self.constant(float(bits)))
        return self.emit("Quant", x, *parameters, domain=QONNX, signed=signed, narrow=0, rounding_mode="ROUND")

    def bipolar(self, x: str, scale: float = 1.0) -> str:
        return self.emit("BipolarQuant", x, self.constant(scale), domain=QONNX)

    def weights(self, *shape: int) -> str:
        """Multiples of 1/4 in 3 bits."""
        return self.constant(self.rng.integers(-3, 4, shape) / 4)

    def conv(self, x: str, inputs: int, outputs: int, *kernel: int, quantise: bool = True, **attributes: Any) -> str:
        """A convolution and a quantiser to 4 bits."""
        group = attributes.get("group", 1)
        y = self.emit("Conv", x, self.weights(outputs, inputs // group, *kernel), kernel_shape=kernel, **attributes)
        return self.quant(y) if quantise else y

    def matmul(self, x: str, inputs: int, outputs: int) -> str:
        return self.emit("MatMul", x, self.weights(inputs, outputs))

    def model(self, *outputs: str, type_: int = TensorProto.FLOAT) -> ModelProto:
        source = helper.make_tensor_value_info("x", self.type, self.shape)
        targets = [helper.make_tensor_value_info(name, type_, None) for name in outputs]
        graph = helper.make_graph(self.nodes, "network", [source], targets, self.constants)
        domains = {node.domain for node in self.nodes} - {""}
        opsets = [helper.make_opsetid("", self.opset), *(helper.make_opsetid(d, 1) for d in sorted(domains))]
        return helper.make_model(graph, opset_imports=opsets, ir_version=10)
