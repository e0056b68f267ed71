"""ONNX's own test cases of single operators: the same result, or a refusal with a reason."""

from typing import Any

import numpy as np
import pytest
from onnx import ModelProto, TensorProto, numpy_helper

from qnn_ir.errors import UserError
from qnn_ir.frontend.onnx import import_model
from qnn_ir.frontend.onnx_importer import REGISTRY
from qnn_ir.interp import run_module

MUST_PASS = {
    "Add", "ArgMax", "AveragePool", "BatchNormalization", "Clip", "Concat", "Conv", "ConvInteger", "ConvTranspose",
    "DepthToSpace", "DequantizeLinear", "Flatten", "Gather", "Gemm", "GlobalAveragePool", "HardSigmoid", "LeakyRelu",
    "MatMul", "MatMulInteger", "MaxPool", "Mul", "PRelu", "Pad", "QLinearConv", "QLinearMatMul", "QuantizeLinear",
    "Relu", "Reshape", "Resize", "Sigmoid", "Slice", "Softmax", "Split", "Squeeze", "Sub", "TopK", "Transpose",
    "Unsqueeze", "Upsample",
}  # fmt: skip
"""Operators with at least one case that is not refused."""
ROUNDED = {"test_averagepool_2d_ceil_last_window_starts_on_pad"}
"""Cases whose expected values are written with four digits."""


def _cases() -> list[Any]:
    from onnx.backend.test.case.node import collect_testcases  # slow: only when the test runs

    known = {op for domain, op in REGISTRY if not domain}
    cases = [c for c in collect_testcases(None) if len(c.model.graph.node) == 1]
    return [c for c in cases if c.model.graph.node[0].op_type in known and c.data_sets[0][0]]


def _with_constants(case: Any) -> tuple[ModelProto, Any]:
    """The model with all inputs but the first one made constant, and the first input."""
    model = ModelProto()
    model.CopyFrom(case.model)
    arrays = case.data_sets[0][0]
    for info, array in list(zip(model.graph.input, arrays, strict=False))[1:]:
        # types that NumPy lacks come as tensors
        tensor = array if isinstance(array, TensorProto) else numpy_helper.from_array(np.asarray(array))
        model.graph.initializer.append(tensor)
        model.graph.initializer[-1].name = info.name
    return model, _array(arrays[0])


def _array(value: Any) -> np.ndarray:
    return numpy_helper.to_array(value) if isinstance(value, TensorProto) else np.asarray(value)


def _run(case: Any) -> bool:
    """Whether the case gives the expected result; a refusal is an error."""
    if any(i.type.WhichOneof("value") != "tensor_type" for i in case.model.graph.input):
        import_model(case.model.SerializeToString())  # refused, since sequences are no tensors
    model, x = _with_constants(case)
    module = import_model(model.SerializeToString())
    module.verify()
    shape = next(iter(module.body.ops)).regions[0].block.args[0].type.get_shape()
    frames = x if shape[:1] == (1,) else x[None]
    outputs = run_module(module, [frames])
    limit = 1e-4 if case.name in ROUNDED else 2e-6
    pairs = list(zip(outputs, map(_array, case.data_sets[0][1]), strict=True))
    return all(
        a.size == b.size and np.allclose(a.reshape(b.shape), b.astype(float), 1e-5, limit, True) for a, b in pairs
    )


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_backend_cases() -> None:
    passed, refused, wrong = set[str](), list[str](), list[str]()
    for case in _cases():
        operator = case.model.graph.node[0].op_type
        try:
            (passed.add(operator) if _run(case) else wrong.append(case.name))
        except UserError as error:
            refused.append(str(error))
    assert not wrong
    assert not MUST_PASS - passed
    assert not [text for text in refused if "\n" in text]
