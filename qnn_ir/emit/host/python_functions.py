"""Functions of elements, of rows and of integers that a generated `host.py` brings along."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def frames_of(inputs: tuple[Array, ...], tensors: list[tuple[str, tuple[int, ...], Any]]) -> list[Array]:
    """The inputs as (N, *shape), float64 or int64; the batch axis of 1 may be left out."""
    if len(inputs) != len(tensors):
        raise ValueError(f"expected {len(tensors)} inputs, got {len(inputs)}")
    arrays: list[Array] = []
    for array, (name, shape, kind) in zip(inputs, tensors):
        if not array.ndim or array.shape[1:] not in (shape, shape[1:] if shape[:1] == (1,) else shape):
            raise ValueError(f"{name}: expected N frames of shape {shape}, got an array of shape {array.shape}")
        arrays.append(array.reshape(len(array), *shape).astype(kind))
    if len({len(array) for array in arrays}) > 1:
        raise ValueError(f"inputs with different numbers of frames: {[len(array) for array in arrays]}")
    return arrays


def for_all_frames(array: Array, shape: tuple[int, ...], frames: int) -> Array:
    """A value (*shape) that is the same for all frames, as (N, *shape)."""
    return np.broadcast_to(array, (frames, *shape))


def without_batch(array: Array) -> Array:
    """(N, 1, ...) as (N, ...)."""
    return array[:, 0] if array.ndim > 1 and array.shape[1] == 1 else array


def to_integer(x: Array, scale: Array | float, bias: Array | float, lo: int, hi: int, node: str) -> Array:
    """The integers that stand for numbers on the grid scale * q + bias; ValueError where one is off the grid."""
    quotient = (x - bias) / scale
    q = np.rint(quotient)
    slack = 1e-6 + (np.abs(x) + np.abs(bias)) / np.abs(scale) * 2.0**-22  # the noise of float32 inputs
    wrong = ~(np.abs(quotient - q) <= slack) | (q < lo) | (q > hi)
    if wrong.any():
        place = tuple(int(i) for i in np.argwhere(wrong)[0])
        raise ValueError(
            f"{node}: element {list(place[1:])} of frame {place[0]} is {float(x[place])!r}, which is no integer of "
            f"[{lo}, {hi}] times the scale; feed values on the declared input grid"
        )
    return q.astype(np.int64)


def round_up(x: Array) -> Array:
    """Away from zero."""
    return np.sign(x) * np.ceil(np.abs(x))


def round_half_up(x: Array) -> Array:
    """To the nearest integer, ties away from zero."""
    whole = np.floor(np.abs(x))
    return np.sign(x) * (whole + (np.abs(x) - whole >= 0.5))


def round_half_down(x: Array) -> Array:
    """To the nearest integer, ties towards zero."""
    whole = np.floor(np.abs(x))
    return np.sign(x) * (whole + (np.abs(x) - whole > 0.5))


def minifloat_step(v: Array, mantissa: float, least: float) -> Array:
    """The distance of neighbours in a minifloat format around v."""
    return np.exp2(np.maximum(np.frexp(v)[1] - 1.0 - mantissa, least))


def count_reached(x: Array, thresholds: Array, axis: int) -> Array:
    """How many thresholds (rows, T) every element has reached; one row per position of the axis, or one for all."""
    rows = np.sort(thresholds, axis=1)
    if len(rows) == 1:
        return np.searchsorted(rows[0], x, side="right")
    channels = zip(rows, np.moveaxis(x, axis, 0))
    counts: list[Array] = [np.searchsorted(row, channel, side="right") for row, channel in channels]
    return np.stack(counts, axis)


def erf(x: Array) -> Array:
    """The error function."""
    return np.asarray(np.frompyfunc(math.erf, 1, 1)(x), np.float64)


def sigmoid(x: Array) -> Array:
    """1 / (1 + exp(-x))."""
    return 1.0 / (1.0 + np.exp(-x))


def softplus(x: Array) -> Array:
    """log(1 + exp(x))."""
    return np.logaddexp(0.0, x)


def softmax(x: Array, axis: int) -> Array:
    """Exponentials scaled to the sum 1."""
    powers = np.exp(x - x.max(axis=axis, keepdims=True))
    return powers / powers.sum(axis=axis, keepdims=True)


def top_k(x: Array, k: int, axis: int, largest: bool) -> tuple[Array, Array]:
    """The k best elements and their positions, best first, the lower position first among equals."""
    order = np.argsort(-x if largest else x, axis=axis, kind="stable")
    best = np.take(order, np.arange(k), axis=axis)
    return np.take_along_axis(x, best, axis=axis), best


def last_arg_max(x: Array, axis: int) -> Array:
    """The position of the largest element, the last one of equals."""
    return x.shape[axis] - 1 - np.argmax(np.flip(x, axis), axis=axis)


def depth_to_space(x: Array, block: int, block_first: bool) -> Array:
    """(..., C*b*b, H, W) to (..., C, H*b, W*b); the block is the slow or the fast part of the channels."""
    *leading, channels, height, width = x.shape
    n, depth = len(leading), channels // (block * block)
    parts, order = (block, block, depth), (2, 3, 0, 4, 1)
    if not block_first:
        parts, order = (depth, block, block), (0, 3, 1, 4, 2)
    moved = x.reshape(*leading, *parts, height, width).transpose((*range(n), *(n + axis for axis in order)))
    return moved.reshape(*leading, depth, height * block, width * block)


def apply_steps(x: Array, positions: Array, totals: Array, rows: Array) -> Array:
    """totals[g, n] where n positions of row g are at most x; rows (broadcastable) says which row an element uses."""
    rows = np.broadcast_to(rows, x.shape)
    result = np.empty_like(x)
    for g in np.unique(rows):
        chosen = rows == g
        result[chosen] = totals[g][np.searchsorted(positions[g], x[chosen], side="right")]
    return result


def requantise(x: Array, m: Array, c: Array, shift: int, half_even: bool, lo: int, hi: int) -> Array:
    """clamp(round((x * m + c) / 2^shift), lo, hi), exact for numbers of any size."""
    product_ = x.astype(object) * m + c
    quotient = product_ >> shift
    if half_even and shift:
        rest, half = product_ - (quotient << shift), 1 << (shift - 1)
        quotient = quotient + ((rest > half) | ((rest == half) & ((quotient & 1) == 1)))
    return np.clip(quotient, lo, hi).astype(np.int64)
