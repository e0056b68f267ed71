"""Small ONNX models for tests of the front end: a builder, and a two-layer network to mutate."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from onnx import GraphProto, ModelProto, NodeProto, TensorProto, helper, numpy_helper

QONNX = "qonnx.custom_op.general"
MICROSOFT = "com.microsoft"
OPSETS = {"": 13, QONNX: 1}


def tensor(name: str, value: Any, type_: int | None = None) -> TensorProto:
    """A constant; Python floats are float32, `type_` for types that NumPy lacks."""
    if type_ is not None:
        return helper.make_tensor(name, type_, np.shape(value), np.ravel(value).tolist())
    array = np.asarray(value)
    return numpy_helper.from_array(array.astype(np.float32) if array.dtype == np.float64 else array, name)


def info(name: str, shape: Sequence[int | str | None] | None, type_: int = TensorProto.FLOAT) -> Any:
    """A graph input or output."""
    return helper.make_tensor_value_info(name, type_, shape)


def model(
    nodes: Sequence[NodeProto],
    inputs: Mapping[str, Any],
    outputs: Mapping[str, Any],
    constants: Mapping[str, Any] | None = None,
    opsets: Mapping[str, int] | None = None,
) -> ModelProto:
    """A model; `inputs` and `outputs` map names to shapes, or to (shape, type)."""
    values = [[info(n, *(s if isinstance(s, tuple) else (s,))) for n, s in each.items()] for each in (inputs, outputs)]
    weights = [v if isinstance(v, TensorProto) else tensor(n, v) for n, v in (constants or {}).items()]
    graph = helper.make_graph(nodes, "g", *values, weights)
    imports = [helper.make_opsetid(domain, version) for domain, version in (opsets or OPSETS).items()]
    return helper.make_model(graph, opset_imports=imports, ir_version=10)


def node(op: str, inputs: str, output: str, domain: str = "", name: str | None = None, **attributes: Any) -> NodeProto:
    """A node; `inputs` and `output` are separated by spaces, `_` is an omitted one; named after its output."""
    names = [[n if n != "_" else "" for n in text.split()] for text in (inputs, output)]
    return helper.make_node(op, *names, name=f"node_{output}" if name is None else name, domain=domain, **attributes)


def quant(inputs: str, output: str, **attributes: Any) -> NodeProto:
    """A `Quant` node, signed, not narrow, rounding half to even."""
    defaults: dict[str, Any] = {"signed": 1, "narrow": 0, "rounding_mode": "ROUND"}
    return node("Quant", inputs, output, QONNX, **(defaults | attributes))


def network() -> ModelProto:
    """`Quant -> MatMul -> Relu -> Quant -> MatMul`, which everything that is to be refused mutates."""
    rng = np.random.default_rng(0)
    nodes = [
        quant("x xs z b8", "xq"),
        quant("w0 ws z b4", "w0q", narrow=1),
        node("MatMul", "xq w0q", "m0"),
        node("Relu", "m0", "r0"),
        quant("r0 rs z b4", "a0", signed=0),
        quant("w1 ws z b4", "w1q", narrow=1),
        node("MatMul", "a0 w1q", "y"),
    ]
    scalars = {"xs": 0.125, "ws": 0.25, "rs": 0.5, "z": 0.0, "b8": 8.0, "b4": 4.0}
    weights = {"w0": rng.uniform(-2, 2, (16, 8)), "w1": rng.uniform(-2, 2, (8, 4))}
    return model(nodes, {"x": [1, 16]}, {"y": [1, 4]}, scalars | weights)


def qcdq_network() -> ModelProto:
    """The same in QCDQ form, with a clip between quantiser and dequantiser."""
    rng = np.random.default_rng(0)
    nodes = [
        node("QuantizeLinear", "x xs xz", "xq"),
        node("DequantizeLinear", "xq xs xz", "xd"),
        node("DequantizeLinear", "w ws wz", "wd", axis=1),
        node("MatMul", "xd wd", "m"),
        node("Relu", "m", "r"),
        node("QuantizeLinear", "r rs rz", "rq"),
        node("Clip", "rq lo hi", "rc"),
        node("DequantizeLinear", "rc rs rz", "y"),
    ]
    constants = {
        "xs": 0.125,
        "xz": np.int8(0),
        "w": rng.integers(-8, 8, (16, 8), np.int8),
        "ws": 0.25,
        "wz": np.int8(0),
        "rs": 0.5,
        "rz": np.uint8(0),
        "lo": np.uint8(0),
        "hi": np.uint8(15),
    }
    return model(nodes, {"x": [1, 16]}, {"y": [1, 8]}, constants, {"": 13})


def replace_constant(graph: GraphProto, name: str, value: Any, type_: int | None = None) -> None:
    """Give the constant `name` another value."""
    target = next(t for t in graph.initializer if t.name == name)
    target.CopyFrom(value if isinstance(value, TensorProto) else tensor(name, value, type_))


def find(graph: GraphProto, output: str) -> NodeProto:
    """The node that writes `output`."""
    return next(n for n in graph.node if output in n.output)


def set_attribute(graph: GraphProto, output: str, name: str, value: Any) -> None:
    """Set an attribute of the node that writes `output`."""
    target = find(graph, output)
    kept = [a for a in target.attribute if a.name != name]
    del target.attribute[:]
    target.attribute.extend([*kept, helper.make_attribute(name, value)])
