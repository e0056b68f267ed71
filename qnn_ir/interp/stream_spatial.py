"""Executable semantics of the actors on images."""

import numpy as np
from numpy.typing import NDArray

from qnn_ir.constants import to_numpy
from qnn_ir.dialects.stream import DepthwiseOp, Geometry, PoolKind, PoolOp, WindowOp

IntArray = NDArray[np.int64]


def window(op: WindowOp, operands: list[IntArray]) -> list[IntArray]:
    """(N, rows * columns * channels) to (N, positions * taps * channels)."""
    geometry = op.geometry()
    count = operands[0].shape[0]
    image = operands[0].reshape(count, geometry.rows, geometry.columns, geometry.channels)
    top, left, bottom, right = geometry.pads
    padded = np.pad(image, ((0, 0), (top, bottom), (left, right), (0, 0)), constant_values=op.pad_value.value.data)
    vertical, horizontal = _taps(geometry)
    # axes: frame, position row, tap row, position column, tap column, channel
    taps = padded[:, vertical[:, :, None, None], horizontal[None, None]]
    return [taps.transpose(0, 1, 3, 2, 4, 5).reshape(count, -1)]


def _taps(geometry: Geometry) -> tuple[IntArray, IntArray]:
    """The padded row of each (position, tap), and the same for columns."""
    axes = zip(geometry.positions, geometry.strides, geometry.kernel, geometry.dilations, strict=True)
    vertical, horizontal = (
        np.arange(count)[:, None] * stride + np.arange(kernel) * dilation for count, stride, kernel, dilation in axes
    )
    return vertical, horizontal


def depthwise(op: DepthwiseOp, operands: list[IntArray]) -> list[IntArray]:
    """(N, positions * taps * channels) to (N, positions * channels)."""
    count = operands[0].shape[0]
    windows = operands[0].reshape(-1, op.taps, op.channels)
    sums = (windows * to_numpy(op.weights)).sum(axis=1)
    if op.map is not None and op.groups is not None:
        sums = op.map.map().apply(sums, to_numpy(op.groups))
    return [sums.reshape(count, -1)]


def pool(op: PoolOp, operands: list[IntArray]) -> list[IntArray]:
    """(N, positions * taps * channels) to (N, positions * channels)."""
    count = operands[0].shape[0]
    windows = operands[0].reshape(-1, op.taps.value.data, op.channels.value.data)
    best = windows.max(axis=1) if op.kind.data == PoolKind.MAX else windows.sum(axis=1)
    return [best.reshape(count, -1)]
