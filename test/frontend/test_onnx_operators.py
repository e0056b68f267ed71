"""Operators in every spelling: the imported program computes what ONNX Runtime computes, or what is written here."""

from typing import Any, NamedTuple

import numpy as np
import onnxruntime
import pytest
from onnx import ModelProto, TensorProto, helper
from onnx_graphs import MICROSOFT, QONNX, model, node, tensor

from qnn_ir.frontend.onnx import import_model
from qnn_ir.interp import run_module

X = (np.arange(2 * 6 * 6).reshape(1, 2, 6, 6) % 17 - 8).astype(np.float32) / 4
INT64 = np.int64


def ints(*values: int) -> Any:
    return np.array(values, INT64)


class Case(NamedTuple):
    """One node on `X` with constants, at an opset."""

    step: Any
    constants: dict[str, Any]
    opset: int = 17


CASES = {
    "conv_2d": Case(node("Conv", "x w b", "y"), {"w": np.ones((4, 2, 3, 3)) / 2, "b": np.arange(4) / 4.0}),
    "conv_odd": Case(
        node("Conv", "x w", "y", strides=[2, 1], dilations=[1, 2], pads=[0, 1, 2, 3]), {"w": np.ones((4, 2, 3, 2))}
    ),
    "conv_same_upper": Case(
        node("Conv", "x w", "y", auto_pad="SAME_UPPER", strides=[2, 2]), {"w": np.ones((4, 2, 3, 2))}
    ),
    "conv_same_lower": Case(node("Conv", "x w", "y", auto_pad="SAME_LOWER"), {"w": np.ones((4, 2, 2, 4))}),
    "conv_valid": Case(node("Conv", "x w", "y", auto_pad="VALID"), {"w": np.ones((4, 2, 2, 4))}),
    "conv_depthwise": Case(node("Conv", "x w", "y", group=2), {"w": np.arange(2.0 * 9).reshape(2, 1, 3, 3)}),
    "conv_transpose": Case(
        node("ConvTranspose", "x w b", "y", strides=[2, 3], pads=[1, 0, 0, 1], output_padding=[1, 0]),
        {"w": np.arange(2.0 * 3 * 9).reshape(2, 3, 3, 3), "b": np.ones(3)},
    ),
    "conv_transpose_same": Case(
        node("ConvTranspose", "x w", "y", strides=[2, 2], auto_pad="SAME_UPPER"), {"w": np.ones((2, 3, 3, 3))}
    ),
    "conv_transpose_shape": Case(
        node("ConvTranspose", "x w", "y", strides=[2, 2], output_shape=[12, 12]), {"w": np.ones((2, 3, 3, 3))}
    ),
    "batch_norm": Case(
        node("BatchNormalization", "x g b m v", "y"),
        {"g": np.array([1.0, -2]), "b": np.ones(2), "m": np.ones(2), "v": np.array([1.0, 4])},
    ),
    "max_pool": Case(node("MaxPool", "x", "y", kernel_shape=[3, 2], strides=[2, 2], pads=[1, 0, 1, 1]), {}),
    "max_pool_ceil": Case(node("MaxPool", "x", "y", kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1), {}),
    "max_pool_dilated": Case(node("MaxPool", "x", "y", kernel_shape=[2, 2], dilations=[2, 3]), {}),
    "average_pool": Case(node("AveragePool", "x", "y", kernel_shape=[2, 4], strides=[2, 2]), {}),
    "average_pool_counted": Case(
        node("AveragePool", "x", "y", kernel_shape=[2, 2], pads=[1, 1, 1, 1], count_include_pad=1), {}
    ),
    "average_pool_uncounted": Case(node("AveragePool", "x", "y", kernel_shape=[2, 2], pads=[1, 1, 1, 1]), {}),
    "global_average": Case(node("GlobalAveragePool", "x", "y"), {}),
    "global_max": Case(node("GlobalMaxPool", "x", "y"), {}),
    "reduce_mean": Case(node("ReduceMean", "x", "y", axes=[2, -1], keepdims=0), {}),
    "reduce_mean_input": Case(node("ReduceMean", "x a", "y"), {"a": ints(2, 3)}, 18),
    "reduce_sum": Case(node("ReduceSum", "x a", "y", keepdims=0), {"a": ints(-1, -2)}),
    "reduce_max": Case(node("ReduceMax", "x", "y", axes=[2, 3]), {}, 13),
    "clip_attributes": Case(node("Clip", "x", "y", min=-0.5, max=1.25), {}, 10),
    "clip_inputs": Case(node("Clip", "x _ h", "y"), {"h": 0.75}),
    "max_with_number": Case(node("Max", "x c", "y"), {"c": 0.25}),
    "min_with_number": Case(node("Min", "c x", "y"), {"c": 0.25}),
    "pow": Case(node("Pow", "x c", "y"), {"c": 3.0}),
    "sum": Case(node("Sum", "x x c", "y"), {"c": 1.0}),
    "prelu": Case(node("PRelu", "x s", "y"), {"s": np.array([0.5, 0.25]).reshape(2, 1, 1)}),
    "leaky": Case(node("LeakyRelu", "x", "y", alpha=0.125), {}),
    "hard_sigmoid": Case(node("HardSigmoid", "x", "y", alpha=0.25, beta=0.5), {}),
    "elu": Case(node("Elu", "x", "y", alpha=0.5), {}),
    "selu": Case(node("Selu", "x", "y"), {}),
    "gelu": Case(node("Gelu", "x", "y"), {}, 20),
    "gelu_tanh": Case(node("Gelu", "x", "y", approximate="tanh"), {}, 20),
    "hard_swish": Case(node("HardSwish", "x", "y"), {}),
    "quick_gelu": Case(node("QuickGelu", "x", "y", MICROSOFT), {}),
    "cast": Case(node("Cast", "x", "y", to=TensorProto.FLOAT), {}),
    "dropout": Case(node("Dropout", "x", "y"), {}),
    "flatten_2": Case(node("Flatten", "x", "y", axis=2), {}),
    "reshape_zero": Case(node("Reshape", "x s", "y"), {"s": ints(0, 0, -1)}),
    "squeeze_attribute": Case(node("Squeeze", "x", "y", axes=[0]), {}, 11),
    "squeeze_all": Case(node("Squeeze", "x", "y"), {}),
    "unsqueeze_attribute": Case(node("Unsqueeze", "x", "y", axes=[1, -1]), {}, 11),
    "unsqueeze_input": Case(node("Unsqueeze", "x a", "y"), {"a": ints(-1)}),
    "transpose": Case(node("Transpose", "x", "y", perm=[0, 2, 3, 1]), {}),
    "transpose_default": Case(node("Transpose", "x", "y"), {}),
    "concat": Case(node("Concat", "x c x", "y", axis=-3), {"c": np.ones((1, 1, 6, 6))}),
    "slice_attributes": Case(node("Slice", "x", "y", starts=[1, -4], ends=[2, 100], axes=[1, 3]), {}, 9),
    "slice_inputs": Case(
        node("Slice", "x a b c d", "y"), {"a": ints(5, 0), "b": ints(-9, 6), "c": ints(2, 3), "d": ints(-2, 3)}
    ),
    "split_first": Case(node("Split", "x s", "y z", axis=3), {"s": ints(2, 4)}),
    "split_attribute": Case(node("Split", "x", "y z", axis=3, split=[1, 5]), {}, 11),
    "pad_attribute": Case(node("Pad", "x", "y", pads=[0, 0, 1, 2, 0, 0, 0, 1], value=0.5), {}, 10),
    "pad_input": Case(node("Pad", "x p v", "y"), {"p": ints(0, 1, -1, 0, 0, 0, 2, -2), "v": 0.25}),
    "pad_axes": Case(node("Pad", "x p _ a", "y"), {"p": ints(1, 2), "a": ints(3)}, 18),
    "gather": Case(node("Gather", "x i", "y", axis=2), {"i": np.array([[5, -1], [0, 2]], INT64)}),
    "gather_one": Case(node("Gather", "x i", "y", axis=1), {"i": np.array(1, INT64)}),
    "space_to_depth": Case(node("SpaceToDepth", "x", "y", blocksize=2), {}),
    "tile": Case(node("Tile", "x r", "y"), {"r": ints(1, 2, 1, 2)}),
    "expand": Case(node("Expand", "x s", "y"), {"s": ints(3, 1, 2, 6, 6)}),
    "resize_10": Case(node("Resize", "x s", "y"), {"s": np.array([1.0, 1, 2, 3])}, 10),
    "resize_half_pixel": Case(node("Resize", "x _ s", "y"), {"s": np.array([1.0, 1, 2, 3])}),
    "resize_asymmetric": Case(
        node("Resize", "x _ s", "y", coordinate_transformation_mode="asymmetric", nearest_mode="floor"),
        {"s": np.array([1.0, 1, 2, 1.5])},
    ),
    "resize_down": Case(node("Resize", "x _ _ n", "y"), {"n": ints(1, 2, 3, 4)}),
    "upsample": Case(node("Upsample", "x s", "y"), {"s": np.array([1.0, 1, 2, 3])}, 9),
    "softmax": Case(node("Softmax", "x", "y"), {}),
    "softmax_flattened": Case(node("Softmax", "x", "y", axis=1), {}, 11),
    "log_softmax": Case(node("LogSoftmax", "x", "y", axis=2), {}),
    "top_k": Case(node("TopK", "x k", "y i", axis=3), {"k": ints(2)}),
    "arg_max": Case(node("ArgMax", "x", "y", axis=3, keepdims=0, select_last_index=1), {}),
    "arg_min": Case(node("ArgMin", "x", "y", axis=2), {}),
    "matmul_left": Case(node("MatMul", "w x", "y"), {"w": np.arange(12.0).reshape(2, 6)}),
}


def _model(step: Any, constants: dict[str, Any], opset: int, shape: tuple[int, ...] = X.shape) -> ModelProto:
    opsets = {"": opset, MICROSOFT: 1}
    types = {"ArgMax": TensorProto.INT64, "ArgMin": TensorProto.INT64}
    target = (None, types.get(step.op_type, TensorProto.FLOAT))
    return model([step], {"x": list(shape)}, {step.output[0]: target}, constants, opsets)


def executed(built: ModelProto, x: np.ndarray) -> np.ndarray:
    """The output of ONNX Runtime, as the file says."""
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(built.SerializeToString(), options, providers=["CPUExecutionProvider"])
    return session.run(None, {"x": x})[0]


def imported(built: ModelProto, x: np.ndarray) -> np.ndarray:
    """The output of the imported program; `x` is one frame."""
    module = import_model(built.SerializeToString())
    module.verify()
    return run_module(module, [x])[0]


@pytest.mark.parametrize("name", CASES)
def test_same_as_onnx_runtime(name: str) -> None:
    built = _model(*CASES[name])
    expected = executed(built, X)
    np.testing.assert_allclose(imported(built, X).reshape(expected.shape), expected, rtol=2e-6, atol=2e-6)


OLD = {
    "add_axis": (node("Add", "x c", "y", broadcast=1, axis=1), {"c": np.array([1.0, 2])}, 6,
                 X + np.array([1, 2]).reshape(2, 1, 1)),
    "reshape_attribute": (node("Reshape", "x", "y", shape=[0, -1]), {}, 1, X.reshape(1, -1)),
    "upsample_attribute": (node("Upsample", "x", "y", scales=[1.0, 1.0, 2.0, 1.0]), {}, 7, X.repeat(2, 2)),
    "top_k_attribute": (node("TopK", "x", "y i", axis=3, k=1), {}, 1, X.max(3, keepdims=True)),
    "dropout_test": (node("Dropout", "x", "y", is_test=1), {}, 6, X),
}  # fmt: skip


@pytest.mark.parametrize("name", OLD)
def test_old_spelling(name: str) -> None:
    step, constants, opset, expected = OLD[name]
    output = imported(_model(step, constants, opset), X)
    np.testing.assert_array_equal(output.reshape(expected.shape), expected)


@pytest.mark.parametrize(("attributes", "c"), [({}, "c"), ({"alpha": 0.5, "beta": 2.0, "transB": 1}, "c"), ({}, "")])
def test_gemm(attributes: dict[str, Any], c: str) -> None:
    weights = np.arange(12.0).reshape((3, 4) if attributes else (4, 3))
    step = node("Gemm", f"x w {c}", "y", **attributes)
    built = _model(step, {"w": weights} | ({"c": np.ones(3)} if c else {}), 17, (1, 4))
    x = np.array([[1, -2, 0.5, 3]], np.float32)
    np.testing.assert_allclose(imported(built, x), executed(built, x), rtol=1e-6)


@pytest.mark.parametrize("batch", ["N", None, 3])
def test_batch_is_frames(batch: str | int | None) -> None:
    steps = [node("Reshape", "x s", "r"), node("MatMul", "r w", "y")]
    first = batch if isinstance(batch, int) else -1
    constants = {"s": ints(first, 4), "w": np.arange(8.0).reshape(4, 2)}
    built = model(steps, {"x": [batch, 2, 2]}, {"y": [batch, 2]}, constants, {"": 13})
    x = np.arange(12, dtype=np.float32).reshape(3, 2, 2)
    np.testing.assert_array_equal(imported(built, x), executed(built, x))


def test_leading_axis_that_is_no_batch() -> None:
    built = model([node("Reshape", "x s", "y")], {"x": [4, 2]}, {"y": [1, 8]}, {"s": ints(1, 8)}, {"": 13})
    x = np.arange(16, dtype=np.float32).reshape(2, 4, 2)
    np.testing.assert_array_equal(imported(built, x), x.reshape(2, 8))


@pytest.mark.parametrize(("bits", "values"), [(4, [-8, 7, 1, 0, 5]), (2, [-2, 1, 0, -1, 1])])
@pytest.mark.parametrize("signed", [True, False])
def test_sub_byte_weights(bits: int, values: list[int], signed: bool) -> None:
    type_ = TensorProto.DataType.Value(f"{'' if signed else 'U'}INT{bits}")
    stored = np.array(values if signed else [v % (1 << bits) for v in values])
    steps = [node("DequantizeLinear", "w s", "d"), node("Add", "x d", "y")]
    constants = {"w": tensor("w", stored, type_), "s": 0.5}
    built = model(steps, {"x": [1, 5]}, {"y": [1, 5]}, constants, {"": 21})
    np.testing.assert_array_equal(imported(built, np.zeros((1, 5), np.float32))[0], stored / 2)


def test_blocks_of_weights() -> None:
    steps = [node("DequantizeLinear", "w s z", "d", axis=0, block_size=2), node("Add", "x d", "y")]
    weights, scales = np.arange(8, dtype=np.int8).reshape(4, 2), np.array([[0.5, 1], [2, 4]])
    constants = {"w": weights, "s": scales, "z": np.array([[1, 0], [0, -1]], np.int8)}
    built = model(steps, {"x": [1, 4, 2]}, {"y": [1, 4, 2]}, constants, {"": 21})
    expected = (weights - constants["z"].repeat(2, 0)) * scales.repeat(2, 0)
    np.testing.assert_array_equal(imported(built, np.zeros((1, 4, 2), np.float32))[0], expected)


@pytest.mark.parametrize("axis", [1, 2])
def test_blocks_of_activations(axis: int) -> None:
    steps = [node("QuantizeLinear", "x s z", "y", axis=axis, block_size=2)]
    shape = (1, 2, 3) if axis == 1 else (1, 4, 3)
    x = np.random.default_rng(0).integers(-20, 20, (1, 4, 6 if axis == 2 else 3)) / 4
    scales, zeros = 2.0 ** np.arange(np.prod(shape)).reshape(shape) / 64, np.arange(np.prod(shape)).reshape(shape) - 3
    constants, output = {"s": scales, "z": zeros.astype(np.int8)}, (list(x.shape), TensorProto.INT8)
    built = model(steps, {"x": list(x.shape)}, {"y": output}, constants, {"": 21})
    expected = np.clip(np.rint(x / scales.repeat(2, axis)) + zeros.repeat(2, axis), -128, 127)
    np.testing.assert_array_equal(imported(built, x.astype(np.float32))[0], expected[0])


@pytest.mark.parametrize("attribute", ["value", "value_float", "value_floats", "value_int", "value_ints"])
def test_constant_nodes(attribute: str) -> None:
    values = {"value": tensor("t", 3.0), "value_float": 3.0, "value_floats": [3.0], "value_int": 3, "value_ints": [3]}
    steps = [
        helper.make_node("Constant", [], ["c"], **{attribute: values[attribute]}),
        node("Cast", "c", "f", to=TensorProto.FLOAT),
        node("Mul", "x f", "y"),
    ]
    built = model(steps, {"x": [1, 2]}, {"y": [1, 2]}, opsets={"": 13})
    np.testing.assert_array_equal(imported(built, np.ones((1, 2), np.float32)), [[3, 3]])


@pytest.mark.parametrize(("layout", "axis"), [("NCHW", 1), ("NHWC", 3), ("", 1)])
def test_threshold_layouts(layout: str, axis: int) -> None:
    thresholds = np.arange(X.shape[axis])[:, None] / 4.0
    step = node("MultiThreshold", "x t", "y", QONNX, out_dtype="UINT1", **({"data_layout": layout} if layout else {}))
    built = model([step], {"x": list(X.shape)}, {"y": list(X.shape)}, {"t": thresholds})
    moved = np.moveaxis(X, axis, -1)
    np.testing.assert_array_equal(imported(built, X), np.moveaxis(moved >= thresholds[:, 0], -1, axis)[0][None])


@pytest.mark.parametrize("op", ["Conv", "MaxPool", "BatchNormalization"])
def test_channels_last(op: str) -> None:
    rng = np.random.default_rng(0)
    weights = rng.integers(-3, 3, (4, 2, 3, 3)) / 2.0
    more: dict[str, dict[str, Any]] = {
        "Conv": {"w": weights},
        "MaxPool": {},
        "BatchNormalization": {"g": np.ones(2), "b": np.ones(2), "m": np.zeros(2), "v": np.ones(2)},
    }
    attributes: dict[str, Any] = {} if op == "BatchNormalization" else {"kernel_shape": [3, 3], "strides": [1, 1]}
    inputs = " ".join(["x", *more[op]])
    first = model([node(op, inputs, "y", **attributes)], {"x": list(X.shape)}, {"y": None}, more[op], {"": 13})
    expected = imported(first, X)
    moved = {k: np.moveaxis(v, 1, -1) if k == "w" else v for k, v in more[op].items()}
    step = node(op, inputs, "y", "qonnx.custom_op.channels_last", **attributes)
    last = model([step], {"x": [1, 6, 6, 2]}, {"y": None}, moved, {"": 13})
    np.testing.assert_array_equal(np.moveaxis(imported(last, np.moveaxis(X, 1, -1)), -1, 1), expected)
