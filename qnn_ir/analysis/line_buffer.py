"""
The line buffer of a sliding window: how many pixels it holds, and when a pixel may be overwritten. Pure NumPy.

A fill side stores pixels in a ring; an emit side loads the taps of every position of the window, in order. While the
window stands at (oy, ox) nothing before its first tap is needed again, so the emit side reports that pixel as its
position and the fill side stays less than `depth` ahead of it. The unclamped position

    `oy * sv * W + ox * sh - top * W - left`

grows with the window as long as the padding is not larger than the window; it even may begin in the frame before,
whose last pixels nothing needs any more. Where it would fall, it is clamped to the image. `lag` is subtracted where a
window steps over pixels that it never loads, so that the position never runs ahead of what has been stored for sure.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

IntArray = NDArray[np.int64]

FRAMES = 3
"""Frames that are played through: one to start, one in the steady state, one that overlaps it."""

SPARE = 1
"""Pixels beyond what evenly spaced arrivals need, because a pixel arrives in one go."""


class WindowShape(NamedTuple):
    """An image of rows * columns pixels and a window on it; pairs are (vertical, horizontal)."""

    rows: int
    columns: int
    kernel: tuple[int, int]
    strides: tuple[int, int]
    dilations: tuple[int, int]
    pads: tuple[int, int, int, int]
    """Top, left, bottom, right."""
    positions: tuple[int, int]

    @property
    def pixels(self) -> int:
        """Pixels of a frame."""
        return self.rows * self.columns

    @property
    def first(self) -> int:
        """The unclamped position at the beginning of a frame."""
        return -self.pads[0] * self.columns - self.pads[1]


class LineBuffer(NamedTuple):
    """Depth and lag in pixels; whether the position is clamped; the lead of what is read over what is written."""

    depth: int
    lag: int
    clamped: bool
    lead: tuple[float, float]
    """Lowest and highest difference between the parts of a frame that are read and written."""


def line_buffer(shape: WindowShape) -> LineBuffer:
    """The smallest buffer with which evenly spaced pixels never wait, nor does the window in the steady state."""
    oldest = _oldest(shape)
    clamped = bool((np.diff(oldest) < 0).any() or oldest[-1] > shape.pixels + shape.first)
    if clamped:
        oldest = np.clip(_oldest(shape, limit=shape.strides[0] * shape.columns), 0, shape.pixels)
    needed = _needed(shape)
    taps = needed.shape[1]
    # over all frames, tap after tap; what is outside the image needs nothing more than the taps before it
    offsets = (np.arange(FRAMES) * shape.pixels)[:, None, None]
    every = np.where(needed >= 0, needed + offsets, np.int64(-1)).reshape(-1)
    newest = np.maximum.accumulate(every)
    position = (np.repeat(oldest, taps) + offsets[:, 0]).reshape(-1)
    before = np.append(0, newest[:-1] + 1)
    lag = max(0, int((position - np.maximum(before, 0)).max()))
    position = position - lag
    distance = int((newest - position).max()) + 1
    held = max(_held(shape, newest, position, pace) for pace in {1.0, max(1.0, shape.pixels / needed.size)})
    depth = max(distance + SPARE, held + SPARE)
    return LineBuffer(depth, lag, clamped, _lead(shape, newest, position, depth))


def _oldest(shape: WindowShape, limit: int | None = None) -> IntArray:
    """The first tap of the window at each position; no further right than `limit` pixels."""
    rows, columns = (np.arange(n, dtype=np.int64) * s for n, s in zip(shape.positions, shape.strides, strict=True))
    if limit is not None:
        columns = np.minimum(columns, limit)
    return (rows[:, None] * shape.columns + columns + shape.first).reshape(-1)


def _needed(shape: WindowShape) -> IntArray:
    """The pixel at each tap of each position, -1 where it is padding: (positions, taps)."""
    top, left = shape.pads[:2]
    rows, columns = (
        np.arange(n, dtype=np.int64)[:, None] * s + np.arange(k) * d - pad
        for n, k, s, d, pad in zip(
            shape.positions, shape.kernel, shape.strides, shape.dilations, (top, left), strict=True
        )
    )
    y, x = rows[:, None, :, None], columns[None, :, None, :]
    inside = (y >= 0) & (y < shape.rows) & (x >= 0) & (x < shape.columns)
    return np.where(inside, y * shape.columns + x, -1).reshape(rows.shape[0] * columns.shape[0], -1)


def _held(shape: WindowShape, newest: IntArray, position: IntArray, pace: float) -> int:
    """
    How far stored pixels are ahead of the position at most, when neither side ever waits for room.

    Pixels come evenly; the window takes `pace` clocks per tap, and as long for a frame as the pixels do.
    """
    taps = newest.size // FRAMES
    interval = max(taps * pace, float(shape.pixels))
    step = interval / shape.pixels
    arrival = np.arange(1, FRAMES * shape.pixels + 1) * step
    ready = np.where(newest >= 0, arrival[np.maximum(newest, 0)], arrival[0])
    ticks = np.arange(newest.size) * pace
    fired = ticks + np.maximum.accumulate(ready - ticks)
    # positions at the arrivals of the first frames; the last frame only shows where the window stands by then
    known = arrival[: (FRAMES - 1) * shape.pixels]
    at = np.minimum(np.searchsorted(fired, known - 1e-6, "left"), newest.size - 1)
    return int((np.arange(known.size) - position[at]).max()) + 1


def _lead(shape: WindowShape, newest: IntArray, position: IntArray, depth: int) -> tuple[float, float]:
    """Bounds on (part of the frame read) - (part written), for any fill that stays within the buffer."""
    taps = newest.size // FRAMES
    written = np.arange(newest.size) / taps
    low = (np.maximum(newest, 0) / shape.pixels - written - 1 / taps).min()
    high = ((position + depth) / shape.pixels - written).max()
    return float(min(low, 0.0)), float(high)
