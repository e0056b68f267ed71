"""Random actors on images, one per graph, drawn by hypothesis."""

import math

import numpy as np
from actors import Case, Draw, draw_map, draw_streams, elements, graph_of
from hypothesis import assume
from hypothesis import strategies as st
from xdsl.ir import SSAValue

from qnn_ir.constants import dense_int, int_type, type_range
from qnn_ir.dialects.stream import (
    ChannelType,
    ConcatOp,
    CropOp,
    DepthwiseOp,
    Geometry,
    JoinMulOp,
    PoolKind,
    PoolOp,
    ReorderOp,
    UpsampleOp,
    WindowOp,
)

small = st.integers(1, 3)


def channel_of(element: object, lanes: int, count: int) -> ChannelType:
    """`count` elements per frame, `lanes` per beat."""
    return ChannelType(element, lanes, count // lanes)  # pyright: ignore[reportArgumentType]


@st.composite
def geometries(draw: Draw, lanes: int) -> Geometry:
    """A window of any shape, stride, dilation and padding (also more than the window) that fits."""
    flat = draw(st.booleans())
    kernel = (1 if flat else draw(small), draw(st.integers(1, 4)))
    strides, dilations = (draw(small), draw(small)), (draw(st.integers(1, 2)), draw(st.integers(1, 2)))
    pads = [draw(st.integers(0, 4 if draw(st.integers(0, 3)) == 0 else k - 1)) for k in (*kernel, *kernel)]
    if flat:
        pads[0] = pads[2] = 0
    rows, columns = 1 if flat else draw(st.integers(1, 7)), draw(st.integers(1, 7))
    geometry = Geometry(
        rows, columns, lanes * draw(small), kernel, strides, dilations, (pads[0], pads[1], pads[2], pads[3])
    )
    assume(min(geometry.positions) >= 1)
    return geometry


@st.composite
def window_graphs(draw: Draw) -> Case:
    """A sliding window and its input."""
    lanes, element = draw(small), draw(elements)
    geometry = draw(geometries(lanes))
    taps = 1
    if draw(st.booleans()):
        kv, kh = geometry.kernel
        parts = [n for n in range(1, kh) if kh % n == 0] + [kh * n for n in range(1, kv + 1) if kv % n == 0]
        taps, lanes = draw(st.sampled_from(parts)), geometry.channels
    source = channel_of(element, lanes, geometry.rows * geometry.columns * geometry.channels)
    pad = draw(st.integers(*type_range(element)))
    module = graph_of([source], lambda x: WindowOp("w", x, geometry, pad, lanes, taps))
    return Case(module, draw_streams(draw, [source]))


@st.composite
def depthwise_graphs(draw: Draw) -> Case:
    """A depthwise unit with any map or none, and its input."""
    pe, element = draw(small), draw(elements)
    positions, taps, channels = draw(small), draw(st.integers(1, 5)), pe * draw(small)
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    weights = rng.integers(*draw(st.sampled_from([(-4, 4), (0, 2), (-1, 1)])), (taps, channels))
    ends = np.stack([weights * end for end in type_range(element)])
    low, high = int(np.minimum(ends.min(0), 0).sum(0).min()), int(np.maximum(ends.max(0), 0).sum(0).max())
    accumulator = result = int_type(low, high)
    map_ = groups = None
    if draw(st.booleans()):
        count = draw(st.integers(1, channels))
        map_, result = draw_map(draw, low, high, count)
        groups = dense_int(rng.integers(0, count, channels))
    source = channel_of(element, pe, positions * taps * channels)
    kind = int_type(int(weights.min()), int(weights.max()))

    def make(x: SSAValue) -> DepthwiseOp:
        op = DepthwiseOp("dw", x, dense_int(weights), kind, accumulator, result, positions, pe)
        op.map, op.groups = map_, groups
        return op

    return Case(graph_of([source], make), draw_streams(draw, [source]))


@st.composite
def pool_graphs(draw: Draw) -> Case:
    """A maximum or a sum and its input."""
    pe, element, kind = draw(small), draw(elements), draw(st.sampled_from(PoolKind))
    positions, taps, channels = draw(small), draw(st.integers(1, 5)), pe * draw(small)
    result = element if kind == PoolKind.MAX else int_type(*(taps * end for end in type_range(element)))
    source = channel_of(element, pe, positions * taps * channels)

    def make(x: SSAValue) -> PoolOp:
        return PoolOp("p", x, kind, result, positions=positions, taps=taps, channels=channels, pe=pe)

    return Case(graph_of([source], make), draw_streams(draw, [source]))


@st.composite
def concat_graphs(draw: Draw) -> Case:
    """A concatenation of two to four channels of different types and its inputs."""
    pe, vectors = draw(small), draw(small)
    lengths = [pe * draw(small) for _ in range(draw(st.integers(2, 4)))]
    types = [channel_of(draw(elements), pe, vectors * length) for length in lengths]
    ends = [type_range(t.element) for t in types]
    result = int_type(min(lo for lo, _ in ends), max(hi for _, hi in ends))
    return Case(
        graph_of(types, lambda *inputs: ConcatOp("c", inputs, lengths, result, vectors, pe)), draw_streams(draw, types)
    )


@st.composite
def crop_graphs(draw: Draw) -> Case:
    """A part of an array of one to four axes and its input."""
    pe = draw(small)
    axes: list[tuple[int, int, int, int]] = []
    for last in (*(False for _ in range(draw(st.integers(0, 3)))), True):
        lanes = pe if last else 1
        step = 1 if last and pe > 1 else draw(small)
        start, size, rest = draw(st.integers(0, 2)), draw(small), draw(st.integers(0, 2))
        dim = (start + (size - 1) * step + 1 + rest) * lanes
        axes.append((dim, start * lanes, size * lanes, step))
    shape, starts, sizes, steps = ([*column] for column in zip(*axes, strict=True))
    source = channel_of(draw(elements), pe, math.prod(shape))
    module = graph_of([source], lambda x: CropOp("c", x, shape, starts, sizes, steps, pe))
    return Case(module, draw_streams(draw, [source]))


@st.composite
def upsample_graphs(draw: Draw) -> Case:
    """An enlargement and its input."""
    pe = draw(small)
    shape, factors = (draw(small), draw(small), pe * draw(small)), (draw(small), draw(small))
    source = channel_of(draw(elements), pe, math.prod(shape))
    return Case(graph_of([source], lambda x: UpsampleOp("u", x, shape, factors, pe)), draw_streams(draw, [source]))


@st.composite
def reorder_graphs(draw: Draw) -> Case:
    """A transposition of blocks and its input."""
    pe, blocks, rank = draw(small), draw(small), draw(st.integers(1, 4))
    shape = [draw(small) for _ in range(rank - 1)] + [pe * draw(small)]
    perm = [*draw(st.permutations(range(rank - 1))), rank - 1]
    if pe == 1:
        perm = list(draw(st.permutations(range(rank))))
    source = channel_of(draw(elements), pe, blocks * math.prod(shape))
    module = graph_of([source], lambda x: ReorderOp("r", x, shape, perm, blocks, pe))
    return Case(module, draw_streams(draw, [source]))


@st.composite
def product_graphs(draw: Draw) -> Case:
    """A product of two channels with offsets of both signs and its inputs."""
    pe, beats = draw(small), draw(small)
    types = [ChannelType(draw(elements), pe, beats) for _ in range(2)]
    offsets = [draw(st.integers(-9, 9)) for _ in range(2)]
    (a, b), (c, d) = ([end + o for end in type_range(t.element)] for t, o in zip(types, offsets, strict=True))
    ends = [a * c, a * d, b * c, b * d]
    result = int_type(min(ends), max(ends))
    return Case(graph_of(types, lambda x, y: JoinMulOp("m", x, y, result, *offsets, pe)), draw_streams(draw, types))


@st.composite
def selection_graphs(draw: Draw) -> Case:
    """A window that takes pixels in order: with a stride, as large as the image, or on one row."""
    lanes, element = draw(small), draw(elements)
    (kv, kh), (dv, dh) = (draw(small), draw(small)), (draw(small), draw(small))
    strides = (kv - 1) * dv + draw(small), (kh - 1) * dh + draw(small)
    counts = draw(small), draw(small) if kv == 1 else 1
    sizes = [
        (n - 1) * s + (k - 1) * d + 1 + draw(st.integers(0, s - 1))
        for n, s, k, d in zip(counts, strides, (kv, kh), (dv, dh), strict=True)
    ]
    geometry = Geometry(sizes[0], sizes[1], lanes * draw(small), (kv, kh), strides, (dv, dh), (0, 0, 0, 0))
    source = channel_of(element, lanes, geometry.rows * geometry.columns * geometry.channels)
    return Case(graph_of([source], lambda x: WindowOp("w", x, geometry, 0, lanes)), draw_streams(draw, [source]))


kinds = {
    "window": window_graphs(),
    "selection": selection_graphs(),
    "depthwise": depthwise_graphs(),
    "pool": pool_graphs(),
    "concat": concat_graphs(),
    "crop": crop_graphs(),
    "upsample": upsample_graphs(),
    "reorder": reorder_graphs(),
    "product": product_graphs(),
}
"""One actor of each kind with its inputs in stream order."""
