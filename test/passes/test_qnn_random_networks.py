"""Random convolutional networks with joins, odd scales and zero points: float64 against integers after each pass."""

from typing import Any

import numpy as np
import pytest
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp, TensorType, f32
from xdsl.dialects.func import FuncOp, ReturnOp
from xdsl.ir import Block, Operation, Region, SSAValue

from qnn_ir.dialects import qnn
from qnn_ir.dialects.qnn import Function, Rounding
from qnn_ir.interp import run_module
from qnn_ir.passes.qnn_fuse_thresholds import QnnFuseThresholdsPass
from qnn_ir.passes.qnn_integerize import QnnIntegerizePass
from qnn_ir.passes.qnn_narrow_types import QnnNarrowTypesPass
from qnn_ir.passes.qnn_remove_dead_channels import QnnRemoveDeadChannelsPass

PASSES = (QnnIntegerizePass(), QnnRemoveDeadChannelsPass(), QnnFuseThresholdsPass(), QnnNarrowTypesPass())
SHAPE = (1, 4, 6, 6)


class RandomNetwork:
    """Quantised tensors of `SHAPE` and ways to make another one of some of them."""

    def __init__(self, seed: int):
        self.rng = np.random.default_rng(seed)
        self.block = Block(arg_types=[TensorType(f32, SHAPE)])
        self.tensors = [self.quantiser(self.block.args[0])]

    def op(self, op: Operation) -> SSAValue:
        self.block.add_op(op)
        return op.results[0]

    def const(self, array: Any) -> SSAValue:
        return self.op(qnn.ConstantOp(np.asarray(array, np.float32)))

    def some(self, *options: Any) -> Any:
        return options[self.rng.integers(len(options))]

    def scale(self, per_channel: bool) -> np.ndarray:
        """Powers of two (ties are real) or any numbers; per channel powers alone, as more than two may meet."""
        exact = 2.0 ** self.rng.integers(-3, 2, (4, 1, 1) if per_channel else ())
        return exact if per_channel or self.rng.random() < 0.5 else self.rng.uniform(0.1, 1.5)

    def quantiser(self, x: SSAValue) -> SSAValue:
        owner = x.owner
        if isinstance(owner, qnn.UnaryOp) and owner.fn.data in (Function.SIGMOID, Function.TANH, Function.SILU):
            # float64, the reference here, saturates: 1 - 1e-20 is 1, which only a scale without ties forgives
            scale = self.const(self.rng.uniform(0.1, 0.4))
            return self.op(qnn.QuantOp(x, scale, self.const(0), bits=5, signed=True))
        if self.rng.random() < 0.15:
            return self.op(qnn.BipolarQuantOp(x, self.const(self.scale(False))))
        signed, bits = bool(self.rng.integers(2)), int(self.rng.integers(2, 6))
        zero = float(self.rng.integers(-2, 3)) if self.rng.random() < 0.4 else 0.0
        return self.op(
            qnn.QuantOp(
                x,
                self.const(self.scale(self.rng.random() < 0.3)),
                self.const(zero),
                bits=bits,
                signed=signed,
                narrow=bool(self.rng.integers(2)),
                rounding=self.some(*Rounding),
            )
        )

    def weights(self, *shape: int) -> SSAValue:
        scale = self.scale(False) if self.rng.random() < 0.5 else self.rng.uniform(-1, 1, (shape[0], 1, 1, 1)) + 1.1
        w = self.const(self.rng.normal(0, 1.5, shape))
        bits = int(self.rng.integers(2, 5))
        return self.op(qnn.QuantOp(w, self.const(scale), self.const(0), bits=bits, signed=True))

    def conv(self, x: SSAValue) -> SSAValue:
        channels, group = qnn.shape_of(x)[1], self.some(1, 1, 2)
        w = self.weights(4, channels // group, 3, 3)
        return self.op(qnn.ConvOp(x, w, pads=(1, 1, 1, 1), group=group))

    def transposed(self, x: SSAValue) -> SSAValue:
        w = self.op(qnn.TransposeOp(self.weights(4, 4, 3, 3), (1, 0, 2, 3)))
        return self.op(qnn.SliceOp(self.op(qnn.ConvTransposeOp(x, w, strides=(2, 2))), (2, 3), (8, 9), (1, 1), (2, 3)))

    def activation(self, x: SSAValue) -> SSAValue:
        functions = (Function.SIGMOID, Function.TANH, Function.SILU, Function.ABS, Function.HARD_SWISH, Function.NEG)
        match self.some("none", "relu", "leaky", "norm", "unary", "clip", "affine"):
            case "relu":
                return self.op(qnn.ReluOp(x))
            case "leaky":
                return self.op(qnn.PReluOp(x, self.const(self.rng.uniform(-0.2, 0.5, (4, 1, 1)))))
            case "norm":
                rng = self.rng
                parameters = rng.normal(size=4), rng.normal(size=4), rng.normal(size=4), rng.uniform(0.1, 3, 4)
                return self.op(qnn.BatchNormOp(x, *map(self.const, parameters)))
            case "unary":
                return self.op(qnn.UnaryOp(x, self.some(*functions)))
            case "clip":
                return self.op(qnn.ClipOp(x, min=-1.5, max=2.0))
            case "affine":
                scaled = self.op(qnn.MulOp(x, self.const(self.rng.normal(size=(4, 1, 1)))))
                return self.op(qnn.AddOp(self.const(self.rng.normal(size=(1, 4, 1, 1))), scaled))
            case _:
                return x

    def pool(self, x: SSAValue) -> SSAValue:
        if self.rng.random() < 0.6:
            return self.op(qnn.MaxPoolOp(x, kernel=(3, 3), pads=(1, 1, 1, 1)))
        return self.op(qnn.AveragePoolOp(x, kernel=(3, 3), pads=(1, 1, 1, 1), count_include_pad=True))

    def join(self, x: SSAValue, y: SSAValue) -> SSAValue:
        if self.rng.random() < 0.5:
            return self.quantiser(self.op(self.some(qnn.AddOp, qnn.SubOp)(x, y)))
        return self.conv(self.op(qnn.ConcatOp([x, y], axis=1)))

    def step(self) -> None:
        x = self.some(*self.tensors[-2:])
        match self.some("conv", "conv", "transposed", "pool", "join"):
            case "conv":
                y = self.activation(self.conv(x))
            case "transposed":
                y = self.activation(self.transposed(x))
            case "pool":
                y = self.pool(x)
            case _:
                y = self.join(x, self.some(*self.tensors))
        self.tensors.append(self.quantiser(y))

    def module(self) -> ModuleOp:
        for _ in range(4):
            self.step()
        results = self.tensors[-2:]
        self.block.add_op(ReturnOp(*results))
        types = [TensorType(f32, SHAPE)], [r.type for r in results]
        module = ModuleOp([FuncOp("main", types, Region(self.block))])
        module.verify()
        return module


@pytest.mark.parametrize("seed", range(60))
def test_random_network(seed: int) -> None:
    module = RandomNetwork(seed).module()
    x = np.random.default_rng(seed).normal(0, 1.5, (6, *SHAPE[1:])).astype(np.float32)
    expected = run_module(module, [x])
    for pass_ in PASSES:
        pass_.apply(Context(), module)
        module.verify()
        for actual, wanted in zip(run_module(module, [x]), expected, strict=True):
            # a step of any quantiser here is larger by orders of magnitude
            assert np.abs(actual - wanted).max() <= 1e-9 * max(1, np.abs(wanted).max()), pass_.name
