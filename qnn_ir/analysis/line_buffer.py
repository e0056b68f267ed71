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

from functools import lru_cache
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
    pace: int
    """Clocks per position, one pixel comes per clock."""

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


@lru_cache(maxsize=256)
def line_buffer(shape: WindowShape) -> LineBuffer:
    """The smallest buffer with which evenly spaced pixels never wait, nor does the window in the steady state."""
    oldest = _oldest(shape)
    clamped = bool((np.diff(oldest) < 0).any() or oldest[-1] > shape.pixels + shape.first)
    if clamped:
        oldest = np.clip(_oldest(shape, limit=shape.strides[0] * shape.columns), 0, shape.pixels)
    # over all frames; a window outside the image needs nothing more than the windows before it
    offsets = (np.arange(FRAMES) * shape.pixels)[:, None]
    needed = _newest(shape)
    newest = np.maximum.accumulate(np.where(needed >= 0, needed + offsets, np.int64(-1)).reshape(-1))
    position = (oldest + offsets).reshape(-1)
    before = np.append(0, newest[:-1] + 1)
    lag = max(0, int((position - np.maximum(before, 0)).max()))
    position = position - lag
    distance = int((newest - position).max()) + 1
    slowest = shape.pixels / oldest.size
    held = max(_held(shape, newest, position, pace) for pace in {shape.pace, max(shape.pace, slowest)})
    depth = max(distance, held) + SPARE
    return LineBuffer(depth, lag, clamped, _lead(shape, newest, position, depth))


def _oldest(shape: WindowShape, limit: int | None = None) -> IntArray:
    """The first tap of the window at each position; no further right than `limit` pixels."""
    rows, columns = (np.arange(n, dtype=np.int64) * s for n, s in zip(shape.positions, shape.strides, strict=True))
    if limit is not None:
        columns = np.minimum(columns, limit)
    return (rows[:, None] * shape.columns + columns + shape.first).reshape(-1)


def _newest(shape: WindowShape) -> IntArray:
    """The last pixel that the window loads at each position, -1 where it lies in the padding alone."""
    lasts: list[IntArray] = []
    for i, size in enumerate((shape.rows, shape.columns)):
        first = np.arange(shape.positions[i], dtype=np.int64)[:, None] * shape.strides[i] - shape.pads[i]
        taps = first + np.arange(shape.kernel[i]) * shape.dilations[i]
        lasts.append(np.where((taps >= 0) & (taps < size), taps, -1).max(axis=1))
    y, x = lasts[0][:, None], lasts[1][None]
    return np.where((y >= 0) & (x >= 0), y * shape.columns + x, -1).reshape(-1)


def _held(shape: WindowShape, newest: IntArray, position: IntArray, pace: float) -> int:
    """
    How far stored pixels are ahead of the position at most, when neither side ever waits for room.

    Pixels come evenly; the window takes `pace` clocks per position, and as long for a frame as the pixels do.
    """
    interval = max(newest.size // FRAMES * pace, float(shape.pixels))
    arrival = np.arange(1, FRAMES * shape.pixels + 1) * (interval / shape.pixels)
    ready = np.where(newest >= 0, arrival[np.maximum(newest, 0)], arrival[0])
    ticks = np.arange(newest.size) * pace
    fired = ticks + np.maximum.accumulate(ready - ticks)
    # positions at the arrivals of the first frames; the last frame only shows where the window stands by then
    known = arrival[: (FRAMES - 1) * shape.pixels]
    at = np.minimum(np.searchsorted(fired + pace, known - 1e-6, "left"), newest.size - 1)
    return int((np.arange(known.size) - position[at]).max()) + 1


def _lead(shape: WindowShape, newest: IntArray, position: IntArray, depth: int) -> tuple[float, float]:
    """Bounds on (part of the frame read) - (part written), for any fill that stays within the buffer."""
    count = newest.size // FRAMES
    written = np.arange(newest.size) / count
    before = np.append(0, np.maximum(newest[:-1], 0))
    low = (before / shape.pixels - written - 1 / count).min()
    high = ((position + depth) / shape.pixels - written).max()
    return float(min(low, 0.0)), float(high)
