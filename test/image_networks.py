"""Random graphs of image actors with branches that part and meet again, drawn by hypothesis."""

from typing import Any

import numpy as np
from hypothesis import strategies as st
from xdsl.dialects.builtin import IntegerType, ModuleOp
from xdsl.ir import Block, SSAValue

from qnn_ir import maps
from qnn_ir.constants import dense_int, int_type
from qnn_ir.dialects.qnn.attributes import MapAttr
from qnn_ir.dialects.stream import (
    ChannelType,
    ConcatOp,
    CropOp,
    DepthwiseOp,
    ForkOp,
    Geometry,
    GraphOp,
    JoinAddOp,
    LayoutAttr,
    MapOp,
    MvtuOp,
    OutputOp,
    PoolKind,
    PoolOp,
    ReorderOp,
    UpsampleOp,
    WidthOp,
    WindowOp,
    channel,
)

Draw = Any
ELEMENT = int_type(0, 3)


class Network:
    """A graph under construction; images are (rows, columns, channels) of two bits."""

    def __init__(self, draw: Draw, shape: tuple[int, int, int]):
        self.draw, self.shape, self.count = draw, shape, 0
        self.rng = np.random.default_rng(draw(st.integers(0, 2**32)))
        self.block = Block(arg_types=[self.type(shape)])

    def type(self, shape: tuple[int, int, int], element: IntegerType = ELEMENT) -> ChannelType:
        return ChannelType(element, 1, int(np.prod(shape)))

    def name(self) -> str:
        self.count += 1
        return f"actor_{self.count}"

    def add(self, op: Any) -> Any:
        self.block.add_op(op)
        return op.results[0] if len(op.results) == 1 else op.results

    def quantise(self, x: SSAValue) -> SSAValue:
        """Back to two bits."""
        steps = maps.Thresholds(np.sort(self.rng.integers(-9, 20, (1, 3))), 0)
        return self.add(MapOp(self.name(), x, MapAttr.from_map(steps), dense_int(np.zeros(1, np.int64)), ELEMENT))

    def window(self, x: SSAValue, shape: tuple[int, int, int], kernel: int, stride: int, dilation: int) -> Any:
        pad = dilation * (kernel - 1)
        before = self.draw(st.integers(0, pad)) if stride == 1 else 0
        pads = (before, before, pad - before, pad - before) if stride == 1 else (0, 0, 0, 0)
        pair = lambda n: (n, n)  # noqa: E731
        geometry = Geometry(*shape, pair(kernel), pair(stride), pair(dilation), pads)
        lanes = self.draw(st.sampled_from([n for n in (1, 2, 3) if shape[2] % n == 0]))
        x = self.lanes(x, lanes)
        return self.add(WindowOp(self.name(), x, geometry, 0, lanes)), geometry

    def lanes(self, x: SSAValue, lanes: int) -> SSAValue:
        """With a width converter where needed."""
        return x if channel(x).lanes.data == lanes else self.add(WidthOp(self.name(), x, channel(x).folded(lanes)))

    def conv(self, x: SSAValue, shape: tuple[int, int, int]) -> SSAValue:
        x, g = self.window(x, shape, self.draw(st.integers(1, 3)), 1, self.draw(st.integers(1, 2)))
        weights = self.rng.integers(-1, 2, (shape[2], g.taps * shape[2]))
        positions, wide = shape[0] * shape[1], int_type(-3 * weights.shape[1], 3 * weights.shape[1])
        simd = channel(x).lanes.data
        unit = MvtuOp(self.name(), x, dense_int(weights), int_type(-1, 1), wide, wide, None, None, positions, 1, simd)
        return self.quantise(self.add(unit))

    def depthwise(self, x: SSAValue, shape: tuple[int, int, int]) -> SSAValue:
        x, g = self.window(x, shape, self.draw(st.integers(2, 3)), 1, 1)
        weights = self.rng.integers(-1, 2, (g.taps, shape[2]))
        wide, pe = int_type(-3 * g.taps, 3 * g.taps), channel(x).lanes.data
        unit = DepthwiseOp(self.name(), x, dense_int(weights), int_type(-1, 1), wide, wide, shape[0] * shape[1], pe)
        return self.quantise(self.lanes(self.add(unit), 1))

    def fork(self, x: SSAValue, count: int) -> list[SSAValue]:
        return list(self.add(ForkOp(self.name(), x, count)))

    def residual(self, x: SSAValue, shape: tuple[int, int, int], depth: int) -> SSAValue:
        a, b = (self.any(v, shape, depth - 1) for v in self.fork(x, 2))
        return self.quantise(self.add(JoinAddOp(self.name(), a, b, int_type(0, 6))))

    def inception(self, x: SSAValue, shape: tuple[int, int, int], depth: int) -> SSAValue:
        """Some branches, concatenated and cut down to the same shape."""
        rows, columns, channels = shape
        branches = [self.any(v, shape, depth - 1) for v in self.fork(x, self.draw(st.integers(2, 3)))]
        lengths = [channels] * len(branches)
        x = self.add(ConcatOp(self.name(), branches, lengths, ELEMENT, rows * columns))
        start = self.draw(st.integers(0, channels * (len(branches) - 1)))
        return self.add(CropOp(self.name(), x, (rows, columns, sum(lengths)), (0, 0, start), shape))

    def valley(self, x: SSAValue, shape: tuple[int, int, int], depth: int) -> SSAValue:
        """Half the resolution and back."""
        rows, columns, channels = shape
        x, g = self.window(x, shape, 2, 2, 1)
        pe, positions = channel(x).lanes.data, rows * columns // 4
        kind = PoolKind.MAX
        pool = PoolOp(self.name(), x, kind, ELEMENT, positions=positions, taps=g.taps, channels=channels, pe=pe)
        half = rows // 2, columns // 2, channels
        x = self.any(self.lanes(self.add(pool), 1), half, depth - 1)
        return self.add(UpsampleOp(self.name(), x, half, (2, 2)))

    def shuffle(self, x: SSAValue, shape: tuple[int, int, int]) -> SSAValue:
        """Transposed and back, in different blocks."""
        rows, columns, channels = shape
        x = self.add(ReorderOp(self.name(), x, (columns, channels), (1, 0), rows))
        return self.add(ReorderOp(self.name(), x, (channels, columns), (1, 0), rows))

    def any(self, x: SSAValue, shape: tuple[int, int, int], depth: int) -> SSAValue:
        """Some actors that keep the shape."""
        plain = ["nothing", "conv", "depthwise", "shuffle"]
        nested = ["residual", "inception"] + (["valley"] if shape[0] % 2 == shape[1] % 2 == 0 else [])
        for kind in self.draw(st.lists(st.sampled_from(plain + (nested if depth > 0 else [])), max_size=2)):
            if kind in plain[1:]:
                x = getattr(self, kind)(x, shape)
            elif kind in nested:
                x = getattr(self, kind)(x, shape, depth)
        return x


@st.composite
def image_networks(draw: Draw) -> ModuleOp:
    """A network with nested branches on a small image."""
    shape = draw(st.sampled_from([(4, 4, 2), (6, 4, 1), (8, 8, 1), (1, 8, 2), (4, 8, 3)]))
    net = Network(draw, shape)
    x = draw(st.sampled_from([net.residual, net.inception]))(net.block.args[0], shape, draw(st.integers(1, 3)))
    net.block.add_op(OutputOp([x]))
    layout = LayoutAttr([int(np.prod(shape))])
    module = ModuleOp([GraphOp("accelerator", [layout], [layout], net.block)])
    module.verify()
    return module
