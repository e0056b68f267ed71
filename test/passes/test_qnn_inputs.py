"""What the network reads: integers by type, by annotation, as positions in a table; ONNX Runtime agrees."""

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import onnxruntime
import pytest
from onnx import ModelProto, StringStringEntryProto, TensorAnnotation, TensorProto
from onnx_graphs import model, node, quant
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp

from qnn_ir.analysis.integerize import UserNote
from qnn_ir.frontend.onnx import import_model
from qnn_ir.interp import run_module
from qnn_ir.passes.pipelines import integer_passes

RNG = np.random.default_rng(3)
ZEROS = {"z": np.uint8(128), "z8": np.int8(0)}


def compiled(network: ModelProto, *inputs: np.ndarray) -> tuple[ModuleOp, list[np.ndarray]]:
    """The module after the integer passes, its outputs equal after each of them."""
    module = import_model(network.SerializeToString())
    expected = run_module(module, inputs)
    outputs = expected
    for each in integer_passes():
        each.apply(Context(), module)
        module.verify()
        outputs = run_module(module, inputs)
        for found, wanted in zip(outputs, expected, strict=True):
            assert np.abs(found - wanted).max() <= 1e-9 * max(1, np.abs(wanted).max()), each.name
    return module, outputs


def check(network: ModelProto, *inputs: np.ndarray) -> None:
    """Also as ONNX Runtime, frame by frame."""
    _, outputs = compiled(network, *inputs)
    session: Any = onnxruntime.InferenceSession(network.SerializeToString())
    for frame in range(len(inputs[0])):
        feed = {each.name: x[frame : frame + 1] for each, x in zip(session.get_inputs(), inputs, strict=True)}
        results: Sequence[Any] = session.run(None, feed)
        for found, wanted in zip(outputs, results, strict=True):
            assert np.allclose(found[frame], np.asarray(wanted).astype(float).reshape(found[frame].shape), 0, 1e-4)


def image_input(type_: int, low: int, high: int) -> tuple[tuple[list[int], int], np.ndarray]:
    dtype = np.uint8 if type_ == TensorProto.UINT8 else np.int8
    return ([1, 4, 6, 6], type_), RNG.integers(low, high, (5, 4, 6, 6)).astype(dtype)


def test_a_convolution_of_integers() -> None:
    info, x = image_input(TensorProto.UINT8, 0, 256)
    weights = RNG.integers(-8, 8, (3, 4, 3, 3)).astype(np.int8)
    constants = {"s": 0.1, "w": weights, "ws": 0.2, "ys": 3.0, **ZEROS}
    nodes = [node("QLinearConv", "x s z w ws z8 ys z", "y")]
    check(model(nodes, {"x": info}, {"y": ([1, 3, 4, 4], TensorProto.UINT8)}, constants, {"": 13}), x)


def test_dequantised_first() -> None:
    info, x = image_input(TensorProto.INT8, -128, 128)
    nodes = [
        node("DequantizeLinear", "x s z8", "d"),
        node("Relu", "d", "r"),
        node("QuantizeLinear", "r t z8", "y"),
    ]
    constants = {"s": 0.1, "t": 0.07, **ZEROS}
    check(model(nodes, {"x": info}, {"y": ([1, 4, 6, 6], TensorProto.INT8)}, constants, {"": 13}), x)


@pytest.mark.parametrize("dtype", [np.int64, np.int32])
@pytest.mark.parametrize("per_row", [False, True])
def test_embeddings(dtype: type[np.integer[Any]], per_row: bool) -> None:
    scale = 2.0 ** RNG.integers(-6, -3, 50) if per_row else np.array(0.02)
    nodes = [
        node("QuantizeLinear", "t ts tz", "tq", axis=0),
        node("DequantizeLinear", "tq ts tz", "td", axis=0),
        node("Gather", "td ids", "e"),
        node("MatMul", "e w", "m"),
        node("QuantizeLinear", "m ms mz", "q"),
        node("DequantizeLinear", "q ms mz", "y"),
    ]
    constants = {
        "t": RNG.normal(0, 1, (50, 8)),
        "ts": scale,
        "tz": np.zeros(scale.shape, np.int8),
        "w": RNG.integers(-3, 4, (8, 3)).astype(np.float32),
        "ms": 0.125,
        "mz": np.int8(3),
    }
    type_ = TensorProto.INT64 if dtype is np.int64 else TensorProto.INT32
    network = model(nodes, {"ids": ([1, 7], type_)}, {"y": [1, 7, 3]}, constants, {"": 13})
    check(network, RNG.integers(0, 50, (5, 7)).astype(dtype))


def test_long_integers_are_read_as_short_ones() -> None:
    network = model(
        [node("Max", "x c", "y")],
        {"x": ([1, 8], TensorProto.INT64)},
        {"y": ([1, 8], TensorProto.INT64)},
        {"c": np.arange(8, dtype=np.int64)},
        {"": 13},
    )
    with pytest.warns(UserNote, match="graph input 'x': holds integers of 64 bits"):
        check(network, RNG.integers(-20, 20, (5, 8)))


def annotated(network: ModelProto, annotation: str) -> ModelProto:
    entry = TensorAnnotation(tensor_name="x")
    entry.quant_parameter_tensor_names.append(StringStringEntryProto(key="finn_datatype", value=annotation))
    network.graph.quantization_annotation.append(entry)
    return network


@pytest.mark.parametrize(
    ("annotation", "values"),
    [
        ("UINT8", np.arange(256)),
        ("INT4", np.arange(-8, 8)),
        ("BIPOLAR", np.array([-1, 1])),
        ("TERNARY", np.arange(-1, 2)),
    ],
)
def test_annotated_inputs(annotation: str, values: np.ndarray) -> None:
    constants = {"w": RNG.integers(-3, 4, (2, 3, 3, 3)).astype(np.float32), "s": 2.0, "z": 0.0, "b4": 4.0}
    nodes = [node("Conv", "x w", "c"), quant("c s z b4", "y")]
    network = annotated(model(nodes, {"x": [1, 3, 6, 6]}, {"y": [1, 2, 4, 4]}, constants), annotation)
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserNote)  # the convolution must not run on the host
        compiled(network, RNG.choice(values, (5, 3, 6, 6)).astype(np.float32))


def test_a_quantiser_says_more_than_an_annotation() -> None:
    constants = {"s": 0.25, "z": 0.0, "b4": 4.0, "w": RNG.integers(-3, 4, (8, 3)).astype(np.float32)}
    nodes = [quant("x s z b4", "q"), node("MatMul", "q w", "y")]
    network = annotated(model(nodes, {"x": [1, 8]}, {"y": [1, 3]}, constants), "INT2")
    compiled(network, RNG.normal(0, 1, (5, 8)).astype(np.float32))


@pytest.mark.parametrize("left", [False, True])
def test_matrices_per_batch_entry(left: bool) -> None:
    weights = RNG.integers(-8, 8, (3, 5, 4) if left else (3, 4, 5)).astype(np.int8)
    shape = [1, 3, 4, 6] if left else [1, 3, 6, 4]
    nodes = [
        node("QuantizeLinear", "x s z8", "q"),
        node("DequantizeLinear", "q s z8", "d"),
        node("DequantizeLinear", "w ws z8", "wd"),
        node("MatMul", "wd d" if left else "d wd", "m"),
        node("QuantizeLinear", "m ms z8", "mq"),
        node("DequantizeLinear", "mq ms z8", "y"),
    ]
    constants = {"s": 0.1, "w": weights, "ws": 0.3, "ms": 0.71, **ZEROS}
    result = [1, 3, 5, 6] if left else [1, 3, 6, 5]
    network = model(nodes, {"x": shape}, {"y": result}, constants, {"": 13})
    check(network, RNG.normal(0, 4, (5, *shape[1:])).astype(np.float32))


@pytest.mark.parametrize("op", ["Max", "Min"])
@pytest.mark.parametrize("other", ["number", "channels", "tensor"])
def test_larger_and_smaller(op: str, other: str) -> None:
    constants: dict[str, Any] = {"s": 0.25, "t": 0.5, "u": 0.3, **ZEROS}
    constants["c"] = np.float32(0.5) if other == "number" else RNG.normal(0, 1, (4, 1, 1))
    nodes = [
        node("QuantizeLinear", "x s z8", "q"),
        node("DequantizeLinear", "q s z8", "a"),
        node("QuantizeLinear", "v t z8", "p"),
        node("DequantizeLinear", "p t z8", "b"),
        node(op, "a b" if other == "tensor" else "a c", "m"),
        node("Add", "m b", "r"),
        node("QuantizeLinear", "r u z8", "o"),
        node("DequantizeLinear", "o u z8", "y"),
    ]
    shape = [1, 4, 3, 3]
    network = model(nodes, {"x": shape, "v": shape}, {"y": shape}, constants, {"": 13})
    check(network, *(RNG.normal(0, 1, (5, *shape[1:])).astype(np.float32) for _ in range(2)))


@pytest.mark.parametrize("mode", ["edge", "reflect", "wrap"])
def test_borders_of_copies(mode: str) -> None:
    nodes = [
        node("QuantizeLinear", "x s z8", "q"),
        node("DequantizeLinear", "q s z8", "d"),
        node("Pad", "d p", "y", mode=mode),
    ]
    constants = {"s": 0.25, "p": np.array([0, 0, 1, 2, 0, 0, 2, 0]), **ZEROS}
    network = model(nodes, {"x": [1, 2, 4, 4]}, {"y": [1, 2, 7, 6]}, constants, {"": 19})
    check(network, RNG.normal(0, 1, (3, 2, 4, 4)).astype(np.float32))


def test_selection_by_a_constant_mask() -> None:
    nodes = [
        node("QuantizeLinear", "x s z8", "q"),
        node("DequantizeLinear", "q s z8", "d"),
        node("Where", "m d c", "w"),
        node("MatMul", "w k", "y"),
    ]
    constants = {
        "s": 0.25,
        "m": RNG.integers(0, 2, (3, 8)).astype(bool),
        "c": RNG.integers(-4, 4, (1, 8)) * 0.25,
        "k": RNG.integers(-3, 4, (8, 2)).astype(np.float32),
        **ZEROS,
    }
    network = model(nodes, {"x": [1, 3, 8]}, {"y": [1, 3, 2]}, constants, {"": 13})
    check(network, RNG.normal(0, 1, (3, 3, 8)).astype(np.float32))
