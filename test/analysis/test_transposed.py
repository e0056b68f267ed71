"""Transposed convolutions as window, matrix, reorder and crop, against the definition."""

from typing import Any

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from xdsl.ir import Block, SSAValue

from qnn_ir.analysis.transposed import Transposed, transposed
from qnn_ir.constants import dense_int, int_type
from qnn_ir.dialects.stream import (
    ChannelType,
    CropOp,
    Geometry,
    GraphOp,
    LayoutAttr,
    MvtuOp,
    OutputOp,
    ReorderOp,
    WindowOp,
)
from qnn_ir.interp.stream import run_graph

WIDE = int_type(-(1 << 20), 1 << 20)


def definition(x: np.ndarray, w: np.ndarray, strides: Any, dilations: Any, pads: Any, extra: Any) -> np.ndarray:
    """x [H, W, C], w [C, O, kh, kw] to [OH, OW, O], by scattering."""
    sizes = [
        (x.shape[i] - 1) * strides[i] + (w.shape[2 + i] - 1) * dilations[i] + 1 + extra[i] + pads[i] for i in range(2)
    ]
    full = np.zeros((*sizes, w.shape[1]), np.int64)
    for y, column, ky, kx in np.ndindex(*x.shape[:2], *w.shape[2:]):
        place = y * strides[0] + ky * dilations[0], column * strides[1] + kx * dilations[1]
        full[place] += x[y, column] @ w[:, :, ky, kx]
    ends = [n - 2 * before - after + before for n, before, after in zip(sizes, pads[:2], pads[2:], strict=True)]
    return full[pads[0] : ends[0], pads[1] : ends[1]]


def actors(t: Transposed, channels: int, outputs: int, image: tuple[int, int]) -> GraphOp:
    """The graph that the documentation of the dialect describes."""
    v, h = t.vertical, t.horizontal
    block = Block(arg_types=[ChannelType(int_type(0, 3), 1, image[0] * image[1] * channels)])
    kernel, pads = (v.kernel, h.kernel), (v.begin, h.begin, v.end, h.end)
    geometry = Geometry(*image, channels, kernel, (1, 1), (1, 1), pads)
    assert geometry.positions == (v.blocks, h.blocks)
    window = WindowOp("w", block.args[0], geometry)
    weight, positions = int_type(-3, 3), v.blocks * h.blocks
    matrix = MvtuOp("m", window.result, dense_int(t.matrix), weight, WIDE, WIDE, vectors=positions)
    turned = ReorderOp("r", matrix.result, (h.blocks, v.stride, h.stride * outputs), (1, 0, 2), v.blocks)
    shape = v.blocks * v.stride, h.blocks * h.stride, outputs
    part = CropOp("c", turned.result, shape, (v.start, h.start, 0), (v.size, h.size, outputs))
    block.add_ops([window, matrix, turned, part, OutputOp([part.result])])
    ends: list[SSAValue] = [block.args[0], part.result]
    layouts = [[LayoutAttr([e.type.elements])] for e in ends]  # pyright: ignore[reportAttributeAccessIssue]
    graph = GraphOp("accelerator", *layouts, block)
    graph.verify()
    return graph


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_equals_the_definition(data: st.DataObject) -> None:
    def pair(lo: int, hi: int) -> tuple[int, int]:
        return data.draw(st.integers(lo, hi)), data.draw(st.integers(lo, hi))

    image, kernel, strides, dilations = pair(1, 4), pair(1, 4), pair(1, 3), pair(1, 3)
    pads, extra = (*pair(0, 5), *pair(0, 3)), (data.draw(st.integers(0, 2)), data.draw(st.integers(0, 2)))
    sizes = [
        (image[i] - 1) * strides[i] + (kernel[i] - 1) * dilations[i] + 1 - pads[i] - pads[2 + i] + extra[i]
        for i in range(2)
    ]
    assume(min(sizes) >= 1)
    channels, outputs = data.draw(st.sampled_from([(2, 3), (1, 1)]))
    random = np.random.default_rng(data.draw(st.integers(0, 99)))
    weights = random.integers(-3, 4, (channels, outputs, *kernel))
    x = random.integers(0, 4, (*image, channels))
    expected = definition(x, weights, strides, dilations, pads, extra)
    graph = actors(transposed(weights, image, strides, dilations, pads, extra), channels, outputs, image)
    (result,) = run_graph(graph, [x.reshape(1, -1)])
    np.testing.assert_array_equal(result.reshape(expected.shape), expected)


def test_no_zero_is_inserted() -> None:
    """With a kernel that the stride divides, the matrix has the weights and nothing else."""
    weights = np.arange(1, 1 + 3 * 2 * 4 * 4).reshape(3, 2, 4, 4)
    found = transposed(weights, (5, 5), (2, 2), (1, 1), (1, 1, 1, 1), (0, 0))
    assert sorted(found.matrix.ravel()) == sorted(weights.ravel())
