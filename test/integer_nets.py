"""Hand-built float graphs, checked after each integer pass against their float64 interpretation."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp, TensorType, f32
from xdsl.dialects.func import FuncOp, ReturnOp
from xdsl.ir import Block, Operation, Region, SSAValue

from qnn_ir.constants import name_location
from qnn_ir.dialects import qnn
from qnn_ir.interp import Trace, run_module
from qnn_ir.passes.integer_form import main_function, ranges_of
from qnn_ir.passes.qnn_fuse_thresholds import QnnFuseThresholdsPass
from qnn_ir.passes.qnn_integerize import QnnIntegerizePass
from qnn_ir.passes.qnn_narrow_types import QnnNarrowTypesPass
from qnn_ir.passes.qnn_remove_dead_channels import QnnRemoveDeadChannelsPass

Array = NDArray[Any]


class Net:
    """A block under construction; every constant is drawn from `rng`."""

    def __init__(self, *shapes: tuple[int, ...], seed: int = 0):
        self.rng = np.random.default_rng(seed)
        self.shapes = shapes
        self.block = Block(arg_types=[TensorType(f32, s) for s in shapes])
        self.count = 0

    def op(self, op: Operation) -> SSAValue:
        op.location = name_location(f"{op.name[4:]}_{self.count}")
        self.count += 1
        self.block.add_op(op)
        return op.results[0]

    def const(self, array: Any) -> SSAValue:
        return self.op(qnn.ConstantOp(np.asarray(array, np.float32)))

    def quant(self, x: SSAValue, scale: Any = 0.25, zero: Any = 0.0, bits: float = 4, signed: bool = True, **kw: Any):
        return self.op(qnn.QuantOp(x, self.const(scale), self.const(zero), bits=bits, signed=signed, **kw))

    def weights(self, *shape: int, scale: Any = 0.5, bits: int = 4) -> SSAValue:
        return self.quant(self.const(self.rng.normal(0, 2, shape)), scale, bits=bits)

    def conv(self, x: SSAValue, outputs: int, kernel: int = 3, group: int = 1, **kw: Any) -> SSAValue:
        channels = qnn.shape_of(x)[1] // group
        w = self.weights(outputs, channels, kernel, kernel, scale=kw.pop("scale", 0.5))
        return self.op(qnn.ConvOp(x, w, group=group, **kw))

    def module(self, *results: SSAValue) -> ModuleOp:
        self.block.add_op(ReturnOp(*results))
        types = [TensorType(f32, s) for s in self.shapes], [r.type for r in results]
        module = ModuleOp([FuncOp("main", types, Region(self.block))])
        module.verify()
        return module


def image(seed: int = 0, channels: int = 3, **kw: Any) -> tuple[Net, SSAValue]:
    net = Net((1, channels, 6, 6), seed=seed)
    return net, net.quant(net.block.args[0], **kw)


def vector(seed: int = 0, size: int = 8, **kw: Any) -> tuple[Net, SSAValue]:
    net = Net((1, size), seed=seed)
    return net, net.quant(net.block.args[0], **kw)


def frames(net: Net) -> list[Array]:
    return [np.random.default_rng(7).normal(0, 1.5, (12, *s[1:])).astype(np.float32) for s in net.shapes]


PASSES = (QnnIntegerizePass(), QnnRemoveDeadChannelsPass(), QnnFuseThresholdsPass(), QnnNarrowTypesPass())


def check(net: Net, *results: SSAValue, integer: bool = True) -> ModuleOp:
    """Equal after every pass; everything between the two borders is integer."""
    module = net.module(*results)
    inputs = frames(net)
    expected = run_module(module, inputs)
    assert any(np.ptp(e) > 0 for e in expected), "a constant network tests nothing"
    for pass_ in PASSES:
        pass_.apply(Context(), module)
        module.verify()
        for actual, wanted in zip(run_module(module, inputs), expected, strict=True):
            assert np.abs(actual - wanted).max() <= 1e-9 * np.abs(wanted).max(), pass_.name
    body = main_function(module).body.block.ops
    linear = [op for op in body if isinstance(op, qnn.MatMulOp | qnn.ConvOp | qnn.ConvTransposeOp)]
    assert not integer or not any(qnn.is_float(op.results[0].type) for op in linear)
    _check_ranges(module, inputs)
    return module


def _check_ranges(module: ModuleOp, inputs: list[Array]) -> None:
    trace = Trace()
    run_module(module, inputs, trace)
    known = ranges_of(main_function(module))
    for op, results in trace.values():
        for result, values in zip(op.results, results, strict=True):
            if result in known:
                lo, hi = known[result]
                assert (values >= lo).all(), op
                assert (values <= hi).all(), op


def requantised(net: Net, x: SSAValue, scale: Any = 0.5, **kw: Any) -> SSAValue:
    return net.quant(x, scale, **kw)
