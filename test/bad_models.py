"""Models that must be refused: what is wrong, and what the message must name."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from onnx import ModelProto, TensorProto, helper
from onnx_graphs import (
    OPSETS,
    QONNX,
    find,
    model,
    network,
    node,
    qcdq_network,
    quant,
    replace_constant,
    set_attribute,
    tensor,
)


class Bad(NamedTuple):
    """A model as the bytes of a file, and the parts of the message that refuses it."""

    content: bytes
    words: tuple[str, ...]


BAD: dict[str, Bad] = {}


def _add(name: str, built: ModelProto | bytes, *words: str) -> None:
    BAD[name] = Bad(built if isinstance(built, bytes) else built.SerializeToString(), words)


def _mutated(name: str, change: Callable[[ModelProto], Any], *words: str, base: ModelProto | None = None) -> None:
    changed = base or network()
    change(changed)
    _add(name, changed, *words)


def _constant(name: str, target: str, value: Any, *words: str, base: ModelProto | None = None) -> None:
    _mutated(name, lambda m: replace_constant(m.graph, target, value), *words, base=base)


def _set_dim(value: Any, axis: int, size: int | str | None) -> None:
    dim = value.type.tensor_type.shape.dim[axis]
    dim.Clear()
    if isinstance(size, int):
        dim.dim_value = size
    elif size:
        dim.dim_param = size


# files
_add("empty_file", b"", "empty")
_add("json", b'{"irVersion": 8}', "JSON")
_add("png", b"\x89PNG\r\n\x1a\n" + bytes(range(64)), "ONNX")
_add("truncated", network().SerializeToString()[:300], "ONNX")
_add("no_graph", ModelProto(ir_version=8).SerializeToString(), "no graph")

# structure
_mutated("no_nodes", lambda m: m.graph.ClearField("node"), "no nodes")
_mutated("no_outputs", lambda m: m.graph.ClearField("output"), "no outputs")
_mutated("no_opset", lambda m: m.ClearField("opset_import"), "opset_import")
_mutated("future_opset", lambda m: setattr(m.opset_import[0], "version", 99), "99")
_mutated("future_qonnx", lambda m: setattr(m.opset_import[1], "version", 77), "77", QONNX)
_mutated("dangling", lambda m: find(m.graph, "y").input.__setitem__(0, "nowhere"), "nowhere", "node_y")
_mutated("cycle", lambda m: find(m.graph, "m0").input.__setitem__(0, "a0"), "cycle")
_mutated("written_twice", lambda m: find(m.graph, "r0").output.__setitem__(0, "m0"), "'m0'")
_mutated("initialiser_twice", lambda m: m.graph.initializer.append(tensor("w0", 1.0)), "'w0'")
_mutated("output_unknown", lambda m: setattr(m.graph.output[0], "name", "other"), "'other'")
_mutated("output_shape", lambda m: _set_dim(m.graph.output[0], 1, 5), "'y'", "[1, 5]", "[1, 4]")


_mutated("dynamic_features", lambda m: _set_dim(m.graph.input[0], 1, "F"), "'x'", "dimension 1")
_mutated("zero_batch", lambda m: _set_dim(m.graph.input[0], 0, 0), "'x'", "[0, 16]")
_mutated("no_shape", lambda m: m.graph.input[0].type.tensor_type.ClearField("shape"), "'x'", "shape")
_mutated("huge_input", lambda m: _set_dim(m.graph.input[0], 1, 1 << 40), "'x'", "too large")

# operators
_mutated("unknown_domain", lambda m: setattr(find(m.graph, "r0"), "domain", "com.acme"), "com.acme.Relu", "node_r0")
_mutated("unknown_operator", lambda m: setattr(find(m.graph, "r0"), "op_type", "Det"), "Det", "node_r0")
_mutated("recurrent", lambda m: setattr(find(m.graph, "r0"), "op_type", "LSTM"), "recurrent", "node_r0")
_branch = helper.make_graph([node("Identity", "x", "t")], "branch", [], [])
_add(
    "control_flow",
    model(
        [node("If", "c", "y", then_branch=_branch, else_branch=_branch)],
        {"x": [1, 4], "c": ([], TensorProto.BOOL)},
        {"y": [1, 4]},
        opsets={"": 13},
    ),
    "control flow",
    "node_y",
)
_add(
    "dynamic_quantisation",
    model([node("DynamicQuantizeLinear", "x", "q s z")], {"x": [1, 4]}, {"q": ([1, 4], TensorProto.UINT8)}),
    "run time",
)

# quantisers
for _name, _value in {"nan": np.nan, "inf": np.inf, "zero": 0.0, "tiny": 1e-42, "negative": -0.25}.items():
    _text = {"nan": "NaN", "inf": "inf", "zero": "0.0", "tiny": "e-42", "negative": "-0.25"}[_name]
    _constant(f"activation_scale_{_name}", "rs", _value, "node_a0", _text)
    if _name != "negative":
        _constant(f"weight_scale_{_name}", "ws", _value, "node_w0q", _text)
        _constant(f"linear_scale_{_name}", "rs", _value, "node_rq", _text, base=qcdq_network())
_constant("scale_shape", "ws", np.ones((1, 7)), "node_w0q", "[1, 7]", "[16, 8]")
_constant("scale_enlarges", "rs", np.ones((3, 1)), "node_a0", "[3, 1]")
_constant("zero_point_fraction", "z", 0.5, "node_xq", "0.5")
_constant("zero_point_nan", "z", np.nan, "node_xq", "NaN")
for _bits in (0.0, -3.0, 0.5, np.nan, np.inf, 65.0):
    _constant(f"bits_{_bits}", "b4", _bits, "node_w0q", "bit width")
_constant("bits_per_channel", "b4", np.array([3.0, 4.0]), "node_w0q", "bit width")
_mutated("rounding", lambda m: set_attribute(m.graph, "a0", "rounding_mode", "SOMEHOW"), "SOMEHOW", "node_a0")
_mutated("rounding_type", lambda m: set_attribute(m.graph, "a0", "rounding_mode", 3), "rounding_mode", "node_a0")
_mutated("scale_at_run_time", lambda m: find(m.graph, "a0").input.__setitem__(1, "x"), "node_a0", "run time")
_constant("weights_nan", "w0", np.where(np.eye(16, 8) > 0, np.nan, 1.0), "'w0'", "[0, 0]")
_constant("zero_point_type", "wz", np.uint8(0), "node_wd", "INT8", "UINT8", base=qcdq_network())
_constant("linear_scale_length", "ws", np.ones(7), "node_wd", "[7]", base=qcdq_network())


def _annotate(m: ModelProto) -> None:
    annotation = m.graph.quantization_annotation.add(tensor_name="w0")
    annotation.quant_parameter_tensor_names.add(key="finn_datatype", value="INT2")


_mutated("annotation", _annotate, "'w0'", "INT2")


def _thresholds(name: str, thresholds: Any, *words: str, **attributes: Any) -> None:
    step = node("MultiThreshold", "x t", "y", QONNX, **({"out_dtype": "UINT2"} | attributes))
    _add(name, model([step], {"x": [1, 8]}, {"y": [1, 8]}, {"t": thresholds}, OPSETS), "node_y", *words)


_thresholds("thresholds_rows", np.zeros((5, 3)), "5 rows", "8 channels")
_thresholds("thresholds_empty", np.zeros((8, 0)), "[8, 0]")
_thresholds("thresholds_nan", np.full((8, 3), np.nan), "NaN")
_thresholds("thresholds_vector", np.zeros(3), "[3]")
_thresholds("thresholds_dtype", np.zeros((8, 3)), "WORD7", out_dtype="WORD7")
_thresholds("thresholds_overflow", np.zeros((8, 7)), "UINT2")
_thresholds("thresholds_scale", np.zeros((8, 3)), "out_scale", out_scale=float("nan"))

# linear operators
_mutated("weights_at_run_time", lambda m: find(m.graph, "y").input.__setitem__(1, "m0"), "node_y", "run time")
_constant("weights_shape", "w1", np.ones((7, 4)), "node_y", "1x8", "7x4")


def _conv(name: str, *words: str, op: str = "Conv", weights: Any = None, **attributes: Any) -> None:
    shape = np.ones((4, 2, 3, 3)) if weights is None else weights
    nodes = [quant("w s z b", "wq"), node(op, "x wq", "y", **attributes)]
    constants = {"w": shape, "s": 1.0, "z": 0.0, "b": 4.0}
    _add(name, model(nodes, {"x": [1, 2, 8, 8]}, {"y": None}, constants), "node_y", *words)


_conv("conv_group", "3 groups", group=3)
_conv("conv_kernel_shape", "[5, 5]", kernel_shape=[5, 5])
_conv("conv_strides", "strides", strides=[0, 1])
_conv("conv_pads", "pads", pads=[1, 1])
_conv("conv_negative_pads", "pads", pads=[-1, 0, 0, 0])
_conv("conv_auto_pad", "auto_pad", auto_pad="MAYBE")
_conv("conv_large_kernel", "does not fit", weights=np.ones((4, 2, 9, 9)))
_conv("conv_rank", "[4, 2, 3]", weights=np.ones((4, 2, 3)))
_conv("deconv_shape", "output_padding", op="ConvTranspose", weights=np.ones((2, 4, 3, 3)), output_padding=[-1, 0])


def _norm(name: str, *words: str, variance: float = 1.0, size: int = 8, **attributes: Any) -> None:
    step = node("BatchNormalization", "x g b m v", "y", **attributes)
    constants = {"g": np.ones(8), "b": np.zeros(8), "m": np.zeros(8), "v": np.full(size, variance)}
    _add(name, model([step], {"x": [1, 8]}, {"y": [1, 8]}, constants), "node_y", *words)


_norm("norm_variance", "variance -1", variance=-1.0)
_norm("norm_variance_nan", "NaN", variance=np.nan)
_norm("norm_division_by_zero", "variance 0", variance=0.0, epsilon=0.0)
_norm("norm_size", "[7]", size=7)


def _single(name: str, step: Any, *words: str, shape: Any = (1, 2, 4, 4), **constants: Any) -> None:
    output = step.output[0]
    _add(name, model([step], {"x": list(shape)}, {output: None}, constants), "node_y", *words)


_single("pool_index", node("MaxPool", "x", "y", kernel_shape=[5, 5]), "does not fit")
_single("pool_without_kernel", node("MaxPool", "x", "y"), "kernel_shape")
_single("pool_3d", node("AveragePool", "x", "y", kernel_shape=[2, 2, 2]), "only 1-D", shape=(1, 2, 4, 4, 4))
_single("reshape_size", node("Reshape", "x s", "y"), "[1, 3]", s=np.array([1, 3]))
_single("reshape_two_unknown", node("Reshape", "x s", "y"), "reshapes", s=np.array([-1, -1]))
_single("transpose", node("Transpose", "x", "y", perm=[0, 1, 1, 2]), "no permutation")
_single("concat_axis", node("Concat", "x x", "y", axis=9), "axis 9")
_single("slice_empty", node("Slice", "x a b", "y"), "empty slice", a=np.array([3]), b=np.array([3]))
_single("split_sizes", node("Split", "x s", "y", axis=1), "splits", s=np.array([3]))
_single("pad_mode", node("Pad", "x p", "y", mode="mirror"), "mirror", p=np.zeros(8, np.int64))
_single("resize_linear", node("Resize", "x _ s", "y", mode="linear"), "linear", s=np.array([1.0, 1, 2, 2]))
_single("gather_index", node("Gather", "x i", "y", axis=1), "outside", i=np.array([2]))
_single("divide_by_zero", node("Div", "x c", "y"), "divides by zero", c=0.0)
_single("clip_nan", node("Clip", "x c", "y"), "NaN", c=np.nan)
_single("add_infinity", node("Add", "x c", "y"), "inf", c=np.inf)
_single("cast_to_integer", node("Cast", "x", "y", to=TensorProto.INT8), "INT8")
_single("top_k", node("TopK", "x k", "y i", axis=1), "k = [5]", k=np.array([5]))
_single("broadcast", node("Add", "x c", "y"), "do not broadcast", c=np.zeros(3))

_doubled = [node("Concat", f"c{i} c{i}", f"c{i + 1}", axis=0) for i in range(60)]
_add(
    "constants_that_grow",
    model([*_doubled, node("Add", "x c60", "y")], {"x": [1, 1]}, {"y": None}, {"c0": np.ones(1)}),
    "too many",
)
_add(
    "invalid_arithmetic",
    model([node("Div", "a b", "c"), node("Gather", "x c", "y")], {"x": [1, 1]}, {"y": None},
          {"a": np.array([1]), "b": np.array([0])}),
    "node_c", "division by zero",
)  # fmt: skip

# element types
for _type in ("STRING", "DOUBLE", "FLOAT16", "BOOL", "COMPLEX64"):
    _add(
        f"input_{_type.lower()}",
        model([node("Identity", "x", "y")], {"x": ([1, 4], TensorProto.DataType.Value(_type))}, {"y": [1, 4]}),
        "'x'",
        _type,
    )

# data
_mutated(
    "huge_initialiser",
    lambda m: m.graph.initializer.append(TensorProto(name="huge", data_type=1, dims=[1 << 40])),
    "'huge'",
)
_mutated("short_initialiser", lambda m: m.graph.initializer[-1].dims.__setitem__(0, 9), "'w1'")
_mutated("negative_dimension", lambda m: m.graph.initializer[-1].dims.__setitem__(0, -8), "'w1'", "negative")
