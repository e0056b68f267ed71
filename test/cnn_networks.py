"""
Random small quantised convolutional networks as QONNX or QCDQ models, one or two dimensions, drawn from a seed or by
hypothesis.

Every structural decision goes through a `Choose`; weights and parameters come from a seed that is drawn too. Where all
scales are powers of two and no function rounds, ties are frequent and float32 is exact, so every executor has to agree.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from cnn_builder import Builder, Tensor
from cnn_operations import OPERATIONS, Operation
from hypothesis import strategies as st
from networks import DOMAIN, Choose, DrawnChoose, SeededChoose
from onnx import ModelProto, TensorProto, checker, helper


@dataclass
class Cnn:
    """A model, and what it takes to run it; float32 is exact where it is `dyadic`, errors may be `refusals`."""

    model: ModelProto
    input_shape: tuple[int, ...]
    scale: float
    dyadic: bool
    refusals: frozenset[str]
    seed: int

    def frames(self, count: int) -> np.ndarray:
        """`count` inputs, float32 `(count, *input_shape)`, multiples of a quarter of the input's unit."""
        rng = np.random.default_rng([self.seed, 1])
        values = rng.integers(-40, 41, (count, *self.input_shape)) * self.scale / 4
        return values.astype(np.float32)


def _head(b: Builder, x: Tensor) -> tuple[str, int, tuple[int, ...] | None]:
    """The output: its name, its ONNX type and its shape."""
    kind = b.choose.one_of(("none", "matmul", "arg_max", "flatten", "top_k"))
    if kind == "arg_max":
        return b.emit("ArgMax", x.name, axis=1, keepdims=1), TensorProto.INT64, (1, 1, *x.spatial)
    if kind == "top_k":
        axis = b.choose.integer(1, len(x.shape) - 1)
        k = b.choose.integer(1, x.shape[axis])
        shape = (*x.shape[:axis], k, *x.shape[axis + 1 :])
        names = b.emit_all("TopK", x.name, b.constant([k], np.int64), outputs=2, axis=axis)
        return names[1], TensorProto.INT64, shape
    if kind == "none":
        return x.name, TensorProto.FLOAT, x.shape
    flat = b.emit("Flatten", x.name, axis=1)
    size = int(np.prod(x.shape))
    if kind == "flatten":
        return flat, TensorProto.FLOAT, (1, size)
    w, _ = b.weights((size, 3), 1)
    return b.emit("MatMul", flat, w), TensorProto.FLOAT, (1, 3)


def draw_cnn(choose: Choose, operations: Sequence[Operation] = OPERATIONS) -> Cnn:
    """A random network of two to six operations; what does not fit is drawn again a few times."""
    seed = choose.integer(0, 2**31 - 1)
    odd, qcdq = choose.one_of((False, False, True)), choose.one_of((False, True))
    b = Builder(choose, np.random.default_rng([seed, 0]), odd, qcdq)
    rank = choose.one_of((2, 2, 1))
    shape = (1, choose.integer(1, 6), *(choose.integer(3, 6) for _ in range(rank)))
    source = b.quantise("input", shape, 8.0)
    for _ in range(choose.integer(2, 6)):
        attempts = (choose.one_of(operations)(b, choose.one_of(b.tensors[-2:])) for _ in range(4))
        next((tensor for tensor in attempts if tensor is not None), None)
    name, element, result = _head(b, b.tensors[-1])
    model = _model(b, shape, name, element, result)
    return Cnn(model, shape, source.unit, not odd and not b.smooth, frozenset(b.refusals), seed)


def _model(b: Builder, shape: tuple[int, ...], name: str, element: int, result: tuple[int, ...] | None) -> ModelProto:
    source = helper.make_tensor_value_info("input", TensorProto.FLOAT, shape)
    target = helper.make_tensor_value_info(name, element, result)
    graph = helper.make_graph(b.nodes, "cnn", [source], [target], b.constants)
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid(DOMAIN, 1)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=8)
    checker.check_model(model)
    return model


def random_cnn(seed: int) -> Cnn:
    """The network of `seed`, always the same."""
    return draw_cnn(SeededChoose(seed))


cnns: st.SearchStrategy[Cnn] = st.composite(lambda draw: draw_cnn(DrawnChoose(draw)))()
