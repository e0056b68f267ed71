"""The semantics of `qnn`, host operators, against independent references."""

import numpy as np
import pytest
from qnn_nodes import onnx_node, run

from qnn_ir.dialects import qnn


def test_softmax_and_top_k_as_in_onnx():
    x = np.array([[3.0, 1.0, 3.0, -5.0, 2.0]])
    (expected,) = onnx_node("Softmax", [x], axis=1)
    (y,) = run(lambda x: qnn.SoftmaxOp(x, axis=1), x[None])
    np.testing.assert_array_equal(y, expected)
    values, indices = run(lambda x: qnn.TopKOp(x, 3, axis=1), x[None])
    assert values.tolist() == [[3, 3, 2]]
    assert indices.tolist() == [[0, 2, 4]]
    values, indices = run(lambda x: qnn.TopKOp(x, 2, axis=-1, largest=False), x[None].astype(np.int64))
    assert values.tolist() == [[-5, 1]]
    assert indices.tolist() == [[3, 1]]


@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize("last", [False, True])
def test_arg_max_as_in_onnx(keepdims: bool, last: bool):
    x = np.array([[[3.0, 1.0], [3.0, 4.0], [0.0, 4.0]]])
    (expected,) = onnx_node("ArgMax", [x], axis=1, keepdims=int(keepdims), select_last_index=int(last))
    (y,) = run(lambda x: qnn.ArgMaxOp(x, axis=1, keepdims=keepdims, last_index=last), x[None])
    np.testing.assert_array_equal(y, expected)
