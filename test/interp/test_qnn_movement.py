"""The semantics of `qnn`, movement, against independent references."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from qnn_nodes import Array, Builder, module_of, onnx_node, run, whole
from xdsl.dialects.builtin import TensorType, f64
from xdsl.ir import Block, SSAValue

from qnn_ir.dialects import qnn
from qnn_ir.interp import run_module


def test_movement_as_in_onnx():
    x = whole((1, 8, 4, 6), 1)
    cases: list[tuple[Builder, str, list[Array], dict[str, Any]]] = [
        (lambda x: qnn.TransposeOp(x, (0, 2, 3, 1)), "Transpose", [x], {"perm": [0, 2, 3, 1]}),
        (lambda x: qnn.ReshapeOp(x, (1, 24, 8)), "Reshape", [x, np.array([1, 24, 8])], {}),
        (lambda x: qnn.DepthToSpaceOp(x, 2), "DepthToSpace", [x], {"blocksize": 2}),
        (
            lambda x: qnn.DepthToSpaceOp(x, 2, qnn.DepthToSpaceMode.CRD),
            "DepthToSpace",
            [x],
            {"blocksize": 2, "mode": "CRD"},
        ),
        (
            lambda x: qnn.PadOp(x, (0, 0, 1, 2, 0, 0, 0, 3), 7.0),
            "Pad",
            [x, np.array([0, 0, 1, 2, 0, 0, 0, 3]), np.array(7.0)],
            {},
        ),
    ]
    for build, name, inputs, attributes in cases:
        (expected,) = onnx_node(name, inputs, **attributes)
        (y,) = run(build, x[None])
        np.testing.assert_array_equal(y, expected, err_msg=name)


@pytest.mark.parametrize(
    ("starts", "ends", "steps", "axes"),
    [
        ([0], [3], [1], [1]),
        ([-3], [1000], [1], [2]),
        ([-1], [-1000], [-1], [1]),
        ([1000], [0], [-2], [1]),
        ([1, 2], [5, -1], [2, 1], [1, 2]),
    ],
)
def test_slice_as_in_onnx(starts: list[int], ends: list[int], steps: list[int], axes: list[int]):
    x = whole((1, 6, 7), 1)
    (expected,) = onnx_node("Slice", [x, *(np.array(a) for a in (starts, ends, axes, steps))])
    (y,) = run(lambda x: qnn.SliceOp(x, starts, ends, steps, axes), x[None])
    np.testing.assert_array_equal(y, expected)


def test_resize_repeats_elements():
    x = whole((2, 1, 3, 2), 1)
    (y,) = run(lambda x: qnn.ResizeOp(x, (1, 2, 3)), x)
    np.testing.assert_array_equal(y, x[:, 0].repeat(2, 1).repeat(3, 2))


def test_gather_and_concat():
    x = whole((2, 1, 5), 1)
    indices = np.array([[[0, -1], [3, 3]]])

    def body(block: Block, x: SSAValue) -> Sequence[SSAValue]:
        chosen = qnn.ConstantOp(indices[0])
        gathered = qnn.GatherOp(x, chosen, axis=1)
        constant = qnn.ConstantOp(np.ones((1, 2)))
        joined = qnn.ConcatOp([x, constant], axis=-1)
        block.add_ops([chosen, gathered, constant, joined])
        return gathered.results[0], joined.results[0]

    gathered, joined = run_module(module_of([TensorType(f64, (1, 5))], body), [x])
    np.testing.assert_array_equal(gathered, x[:, 0][:, indices[0]])
    np.testing.assert_array_equal(joined, np.concatenate([x[:, 0], np.ones((2, 2))], axis=1))
