"""The semantics of `qnn`, whole modules, against independent references."""

from collections.abc import Sequence

import numpy as np
import pytest
from qnn_nodes import module_of, whole
from xdsl.dialects.builtin import ModuleOp, TensorType, f64
from xdsl.ir import Block, SSAValue

from qnn_ir.dialects import qnn
from qnn_ir.errors import UserError
from qnn_ir.interp import Trace, run_module


def two_layers() -> ModuleOp:
    """A network whose largest tensor makes the interpreter cut frames into chunks."""

    def body(block: Block, x: SSAValue) -> Sequence[SSAValue]:
        w = qnn.ConstantOp(whole((8, 1, 1, 1), 2))
        conv = qnn.ConvOp(x, w)
        total = qnn.AveragePoolOp(conv.result, kernel=(256, 256))
        block.add_ops([w, conv, total])
        return (total.result,)

    return module_of([TensorType(f64, (1, 1, 256, 256))], body)


def test_chunks_of_frames_change_nothing():
    x = whole((9, 1, 256, 256), 1)
    (y,) = run_module(two_layers(), [x])
    np.testing.assert_array_equal(y, np.concatenate([run_module(two_layers(), [frame[None]])[0] for frame in x]))
    assert y.shape == (9, 8, 1, 1)


def test_trace_has_every_value():
    module = two_layers()
    trace = Trace()
    (y,) = run_module(module, [whole((9, 1, 256, 256), 1)], trace)
    values = {op.name: results for op, results in trace.values()}
    assert values["qnn.constant"][0].shape == (1, 8, 1, 1, 1) or values["qnn.constant"][0].shape[1:] == (8, 1, 1, 1)
    assert values["qnn.conv"][0].shape == (9, 1, 8, 256, 256)
    np.testing.assert_array_equal(values["qnn.average_pool"][0][:, 0], y)


def test_inputs_with_and_without_the_batch_axis():
    module = two_layers()
    x = whole((2, 1, 256, 256), 1)
    np.testing.assert_array_equal(run_module(module, [x])[0], run_module(module, [x[:, None]])[0])
    with pytest.raises(UserError, match="expected an array of shape Nx1x1x256x256 or Nx1x256x256"):
        run_module(module, [x[:, 0]])
    with pytest.raises(UserError, match="the network has 1 inputs, got 2"):
        run_module(module, [x, x])


def test_constant_outputs_are_repeated_for_every_frame():
    def body(block: Block, x: SSAValue) -> Sequence[SSAValue]:
        constant = qnn.ConstantOp(np.array([[1.0, 2.0]]))
        block.add_op(constant)
        return (constant.result,)

    (y,) = run_module(module_of([TensorType(f64, (1, 3))], body), [np.zeros((4, 3))])
    assert y.tolist() == [[1.0, 2.0]] * 4
