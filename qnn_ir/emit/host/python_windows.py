"""Convolutions and pools that a generated `host.py` brings along."""

import math
from itertools import product
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


class Window(NamedTuple):
    """A sliding window, one entry per spatial axis."""

    kernel: tuple[int, ...]
    strides: tuple[int, ...]
    begin: tuple[int, ...]
    end: tuple[int, ...]
    dilations: tuple[int, ...]

    def taps(self, positions: tuple[int, ...]) -> list[tuple[tuple[int, ...], tuple[slice, ...]]]:
        """Every tap of the kernel with the part of the padded input that it meets."""
        result: list[tuple[tuple[int, ...], tuple[slice, ...]]] = []
        for tap in product(*map(range, self.kernel)):
            starts = [k * d for k, d in zip(tap, self.dilations)]
            parts = zip(starts, positions, self.strides)
            result.append((tap, tuple(slice(b, b + (n - 1) * s + 1, s) for b, n, s in parts)))
        return result

    def padded(self, x: Array, positions: tuple[int, ...], value: float) -> Array:
        """(B, C, *spatial) with a border, wide enough for windows that stick out at the end."""
        widths = [(0, 0), (0, 0)]
        for axis, n in enumerate(positions):
            reach = (n - 1) * self.strides[axis] + self.dilations[axis] * (self.kernel[axis] - 1) + 1
            beyond = reach - x.shape[2 + axis] - self.begin[axis]
            widths.append((self.begin[axis], max(self.end[axis], beyond)))
        return np.pad(x, widths, constant_values=value)


def convolve(x: Array, w: Array, window: Window, group: int, pad_value: int, positions: tuple[int, ...]) -> Array:
    """(B, C, *spatial) with (O, C/group, *kernel) to (B, O, *positions)."""
    w = w.reshape(group, w.shape[0] // group, *w.shape[1:])
    x = np.swapaxes(window.padded(x, positions, pad_value), 0, 1)
    total = np.zeros((*w.shape[:2], x.shape[1] * math.prod(positions)), x.dtype)
    for tap, place in window.taps(positions):
        piece = x[(slice(None), slice(None), *place)].reshape(group, w.shape[2], -1)
        weights = np.ascontiguousarray(w[(..., *tap)])
        total += weights * piece if w.shape[2] == 1 else np.matmul(weights, piece)
    return np.swapaxes(total.reshape(-1, x.shape[1], *positions), 0, 1)


def deconvolve(x: Array, w: Array, window: Window, group: int, shape: tuple[int, ...]) -> Array:
    """(B, C, *spatial) with (C, O/group, *kernel) to (B, O, *shape)."""
    batch, spatial = x.shape[0], x.shape[2:]
    full = [begin + n for begin, n in zip(window.begin, shape)]
    sizes = zip(spatial, window.strides, window.dilations, window.kernel)
    reach = [(n - 1) * s + d * (k - 1) + 1 for n, s, d, k in sizes]
    w = np.swapaxes(w.reshape(group, w.shape[0] // group, *w.shape[1:]), 1, 2)
    pieces = np.swapaxes(x, 0, 1).reshape(group, w.shape[2], -1)
    total = np.zeros((group * w.shape[1], batch, *map(max, full, reach)), x.dtype)
    for tap, place in window.taps(spatial):
        weights = np.ascontiguousarray(w[(..., *tap)])
        piece = weights * pieces if w.shape[2] == 1 else np.matmul(weights, pieces)
        total[(slice(None), slice(None), *place)] += piece.reshape(-1, batch, *spatial)
    crop = (slice(begin, begin + n) for begin, n in zip(window.begin, shape))
    return np.swapaxes(total[(slice(None), slice(None), *crop)], 0, 1)


def window_sums(x: Array, window: Window, positions: tuple[int, ...]) -> Array:
    """(B, C, *spatial), padded with zeros, to the sums (B, C, *positions)."""
    x = window.padded(x, positions, 0)
    total = np.zeros((*x.shape[:2], *positions), x.dtype)
    for _, place in window.taps(positions):
        total += x[(..., *place)]
    return total


def window_sizes(spatial: tuple[int, ...], window: Window, positions: tuple[int, ...], with_padding: bool) -> Array:
    """How many elements a window holds: those inside the input, or also those in the declared padding."""
    if not with_padding:
        return window_sums(np.ones((1, 1, *spatial)), window, positions)
    framed = [b + n + e for b, n, e in zip(window.begin, spatial, window.end)]
    none = (0,) * len(spatial)
    return window_sums(np.ones((1, 1, *framed)), window._replace(begin=none, end=none), positions)


def window_maxima(x: Array, window: Window, positions: tuple[int, ...]) -> Array:
    """(B, C, *spatial) to the maxima (B, C, *positions); the padding never wins."""
    lowest = -np.inf if x.dtype.kind == "f" else np.iinfo(x.dtype).min
    x = window.padded(x, positions, lowest)
    best = np.full((*x.shape[:2], *positions), lowest, x.dtype)
    for _, place in window.taps(positions):
        np.maximum(best, x[(..., *place)], out=best)
    return best
