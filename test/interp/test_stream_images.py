"""The meaning of the actors on images, element by element from their definitions."""

import itertools

import numpy as np
import pytest
from actors import Case
from hypothesis import given, settings
from image_actors import kinds

from qnn_ir.constants import to_numpy
from qnn_ir.dialects.stream import (
    Actor,
    ConcatOp,
    CropOp,
    DepthwiseOp,
    GraphOp,
    JoinMulOp,
    PoolKind,
    PoolOp,
    ReorderOp,
    UpsampleOp,
    WindowOp,
)
from qnn_ir.interp.stream import run_graph


def window(op: WindowOp, x: np.ndarray) -> list[int]:
    """Tap by tap."""
    g = op.geometry()
    image = x.reshape(g.rows, g.columns, g.channels)
    found: list[int] = []
    for oy, ox, ky, kx in itertools.product(*map(range, (*g.positions, *g.kernel))):
        y = oy * g.strides[0] + ky * g.dilations[0] - g.pads[0]
        column = ox * g.strides[1] + kx * g.dilations[1] - g.pads[1]
        inside = 0 <= y < g.rows and 0 <= column < g.columns
        found += image[y, column].tolist() if inside else [op.pad_value.value.data] * g.channels
    return found


def depthwise(op: DepthwiseOp, x: np.ndarray) -> list[int]:
    """Channel by channel."""
    weights, found = to_numpy(op.weights), list[int]()
    for taps in x.reshape(-1, op.taps, op.channels):
        for channel in range(op.channels):
            total = np.array([sum(int(taps[k, channel]) * int(weights[k, channel]) for k in range(op.taps))])
            if op.map is not None and op.groups is not None:
                total = op.map.map().apply(total, to_numpy(op.groups)[channel : channel + 1])
            found += total.tolist()
    return found


def pool(op: PoolOp, x: np.ndarray) -> list[int]:
    """Channel by channel."""
    combine = max if op.kind.data == PoolKind.MAX else sum
    pixels = x.reshape(op.positions.value.data, op.taps.value.data, op.channels.value.data)
    return [combine(pixel[:, c].tolist()) for pixel in pixels for c in range(pixels.shape[2])]


def crop(op: CropOp, x: np.ndarray) -> list[int]:
    """Index by index."""
    kept = [range(start, start + size * step, step) for start, size, step in op.axes()]
    array = x.reshape(op.dims())
    return [int(array[index]) for index in itertools.product(*kept)]


def upsample(op: UpsampleOp, x: np.ndarray) -> list[int]:
    """Pixel by pixel."""
    rows, columns, channels = op.shape.get_values()
    vertical, horizontal = op.factors.get_values()
    image, found = x.reshape(rows, columns, channels), list[int]()
    for y, column in itertools.product(range(rows * vertical), range(columns * horizontal)):
        found += image[y // vertical, column // horizontal].tolist()
    return found


def reorder(op: ReorderOp, x: np.ndarray) -> list[int]:
    """Block by block, index by index."""
    found: list[int] = []
    for block in x.reshape(-1, *op.dims()):
        for leaving in itertools.product(*(range(op.dims()[axis]) for axis in op.order())):
            place = dict(zip(op.order(), leaving, strict=True))
            found.append(int(block[tuple(place[axis] for axis in range(len(place)))]))
    return found


def concat(op: ConcatOp, *inputs: np.ndarray) -> list[int]:
    """Vector by vector."""
    found: list[int] = []
    for v in range(op.vectors.value.data):
        for x, length in zip(inputs, op.parts(), strict=True):
            found += x[v * length : (v + 1) * length].tolist()
    return found


def product(op: JoinMulOp, a: np.ndarray, b: np.ndarray) -> list[int]:
    """Element by element."""
    return [
        (x + op.offset_a.value.data) * (y + op.offset_b.value.data) for x, y in zip(a.tolist(), b.tolist(), strict=True)
    ]


DEFINITIONS = {
    "window": window,
    "selection": window,
    "depthwise": depthwise,
    "pool": pool,
    "crop": crop,
    "upsample": upsample,
    "reorder": reorder,
    "concat": concat,
    "product": product,
}


@pytest.mark.parametrize("kind", sorted(kinds))
def test_as_defined(kind: str) -> None:
    """Every frame of every draw."""

    @settings(max_examples=40, deadline=None)
    @given(kinds[kind])
    def check(case: Case) -> None:
        graph = next(op for op in case.module.walk() if isinstance(op, GraphOp))
        actor = next(op for op in case.module.walk() if isinstance(op, Actor))
        (result,) = run_graph(graph, case.streams)
        for frame in range(len(result)):
            assert result[frame].tolist() == DEFINITIONS[kind](actor, *(stream[frame] for stream in case.streams))

    check()
