"""Integer functions built op by op, and the check that conversion and folding keep what they compute."""

import numpy as np
from stream_graphs import graph_of
from xdsl.context import Context
from xdsl.dialects.builtin import IntegerType, ModuleOp, Signedness, TensorType
from xdsl.dialects.func import FuncOp, ReturnOp
from xdsl.ir import Block, Region, SSAValue

from qnn_ir import maps
from qnn_ir.constants import int_type
from qnn_ir.dialects import qnn
from qnn_ir.dialects.qnn import shape_of
from qnn_ir.interp.qnn import run_function
from qnn_ir.interp.stream import run_tensors
from qnn_ir.passes.convert_qnn_to_stream import ConvertQnnToStreamPass
from qnn_ir.passes.stream_fold import StreamFoldPass
from qnn_ir.passes.stream_insert_width_converters import StreamInsertWidthConvertersPass

SI16 = int_type(-(1 << 15), 0)


class Net:
    """Builds an integer function op by op."""

    def __init__(self, *shapes: tuple[int, ...], seed: int = 0):
        self.random = np.random.default_rng(seed)
        types = [TensorType(IntegerType(2, Signedness.UNSIGNED), shape) for shape in shapes]
        self.block = Block(arg_types=types)
        self.value: SSAValue = self.block.args[0]

    def add(self, op: qnn.TensorOp) -> SSAValue:
        self.block.add_op(op)
        self.value = op.result
        return op.result

    def constant(self, shape: tuple[int, ...], low: int = -2) -> qnn.ConstantOp:
        op = qnn.ConstantOp(self.random.integers(low, 3, shape))
        self.block.add_op(op)
        return op

    def map(self) -> None:
        """Two bits per element, a row of thresholds per channel."""
        channels = shape_of(self.value)[1]
        rows = maps.Thresholds(np.sort(self.random.integers(-20, 21, (channels, 3)), axis=1), 0)
        groups = np.arange(channels).reshape(-1, *[1] * (len(shape_of(self.value)) - 2))
        self.add(qnn.MapOp(self.value, qnn.MapAttr.from_map(rows), groups, element=int_type(0, 3)))

    def module(self) -> ModuleOp:
        last = self.block.last_op
        if not isinstance(last, ReturnOp):
            last = ReturnOp(self.value)
            self.block.add_op(last)
        types = [arg.type for arg in self.block.args], [value.type for value in last.operands]
        return ModuleOp([FuncOp("accelerator", types, Region(self.block))])


def check(net: Net, folding: StreamFoldPass) -> list[type]:
    """All passes keep the outputs. Returns the kinds of actors after the conversion."""
    module = net.module()
    module.verify()
    function = next(op for op in module.walk() if isinstance(op, FuncOp))
    inputs = [np.random.default_rng(5).integers(0, 4, (2, *shape_of(arg))) for arg in function.body.block.args]
    expected = [np.broadcast_to(v, (2, *v.shape[1:])) for v in run_function(module, function, inputs)]
    kinds: list[type] = []
    for item in (ConvertQnnToStreamPass(), folding, StreamInsertWidthConvertersPass()):
        item.apply(Context(), module)
        module.verify()
        kinds = kinds or [type(actor) for actor in graph_of(module).actors()]
        for want, got in zip(expected, run_tensors(graph_of(module), inputs), strict=True):
            np.testing.assert_array_equal(got.reshape(want.shape), want, err_msg=item.name)
    return kinds
