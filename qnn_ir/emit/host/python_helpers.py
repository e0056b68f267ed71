"""
The functions that a generated `host.py` brings along, each only where it is used.

They are printed from this file as they stand, so they know NumPy and each other and nothing else.
"""

import inspect
import math
from collections.abc import Collection
from itertools import product
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def frames_of(inputs: tuple[Array, ...], tensors: list[tuple[str, tuple[int, ...], Any]]) -> list[Array]:
    """The inputs as (N, *shape), float64 or int64; the batch axis of 1 may be left out."""
    if len(inputs) != len(tensors):
        raise ValueError(f"expected {len(tensors)} inputs, got {len(inputs)}")
    arrays: list[Array] = []
    for array, (name, shape, kind) in zip(inputs, tensors, strict=True):
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
    channels = zip(rows, np.moveaxis(x, axis, 0), strict=True)
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


def last_arg_max(x: Array, axis: int, keepdims: bool) -> Array:
    """The position of the largest element, the last one of equals."""
    return x.shape[axis] - 1 - np.argmax(np.flip(x, axis), axis=axis, keepdims=keepdims)


def depth_to_space(x: Array, block: int, block_first: bool) -> Array:
    """(..., C*b*b, H, W) to (..., C, H*b, W*b); the block is the slow or the fast part of the channels."""
    *leading, channels, height, width = x.shape
    n, depth = len(leading), channels // (block * block)
    parts, order = (block, block, depth), (2, 3, 0, 4, 1)
    if not block_first:
        parts, order = (depth, block, block), (0, 3, 1, 4, 2)
    moved = x.reshape(*leading, *parts, height, width).transpose((*range(n), *(n + axis for axis in order)))
    return moved.reshape(*leading, depth, height * block, width * block)


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
            starts = [k * d for k, d in zip(tap, self.dilations, strict=True)]
            parts = zip(starts, positions, self.strides, strict=True)
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
    full = [begin + n for begin, n in zip(window.begin, shape, strict=True)]
    sizes = zip(spatial, window.strides, window.dilations, window.kernel, strict=True)
    reach = [(n - 1) * s + d * (k - 1) + 1 for n, s, d, k in sizes]
    w = np.swapaxes(w.reshape(group, w.shape[0] // group, *w.shape[1:]), 1, 2)
    pieces = np.swapaxes(x, 0, 1).reshape(group, w.shape[2], -1)
    total = np.zeros((group * w.shape[1], batch, *map(max, full, reach)), x.dtype)
    for tap, place in window.taps(spatial):
        weights = np.ascontiguousarray(w[(..., *tap)])
        piece = weights * pieces if w.shape[2] == 1 else np.matmul(weights, pieces)
        total[(slice(None), slice(None), *place)] += piece.reshape(-1, batch, *spatial)
    crop = (slice(begin, begin + n) for begin, n in zip(window.begin, shape, strict=True))
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
    framed = [b + n + e for b, n, e in zip(window.begin, spatial, window.end, strict=True)]
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


class Port(NamedTuple):
    """
    What a port of the accelerator carries per frame: beats words of lanes elements of bits bits.

    Lane 0 sits in the lowest bits, a word is padded with zero bits to whole bytes, little-endian. A tensor becomes a
    sequence of elements so: viewed as shape, transposed by perm, the innermost axis padded with zeros to channels.
    """

    bits: int
    signed: bool
    lanes: int
    beats: int
    shape: tuple[int, ...]
    perm: tuple[int, ...]
    channels: int

    @property
    def word_bytes(self) -> int:
        """Bytes of a word."""
        return -(-self.bits * self.lanes // 8)

    @property
    def container(self) -> int:
        """Bytes of the machine integer that holds an element."""
        return next(size for size in (1, 2, 4, 8) if self.bits <= 8 * size)


def pack(tensor: Array, port: Port) -> Array:
    """Integers (N, *shape) to words (N, beats, word_bytes), uint8."""
    lo, hi = (-(1 << port.bits - 1), (1 << port.bits - 1) - 1) if port.signed else (0, (1 << port.bits) - 1)
    if tensor.size and (tensor.min() < lo or tensor.max() > hi):
        raise ValueError(f"[{tensor.min()}, {tensor.max()}] is outside [{lo}, {hi}]")
    moved = tensor.reshape(len(tensor), *port.shape).transpose(0, *(1 + p for p in port.perm))
    moved = np.pad(moved, [(0, 0)] * (moved.ndim - 1) + [(0, port.channels - moved.shape[-1])])
    columns = moved.astype(f"<i{port.container}").reshape(-1, 1).view(np.uint8)
    bits = np.unpackbits(columns, axis=1, count=port.bits, bitorder="little")
    return np.packbits(bits.reshape(len(tensor), port.beats, port.lanes * port.bits), axis=2, bitorder="little")


def unpack(words: Array, port: Port) -> Array:
    """Words, N frames of beats * word_bytes bytes, to integers (N, *shape)."""
    frames = len(words)
    rows = words.reshape(frames * port.beats, port.word_bytes)
    bits = np.unpackbits(rows, axis=1, count=port.lanes * port.bits, bitorder="little").reshape(-1, port.bits)
    filled = np.zeros((len(bits), 8 * port.container), np.uint8)
    filled[:, : port.bits] = bits
    if port.signed:
        filled[:, port.bits :] = bits[:, -1:]
    kind = f"<{'i' if port.signed else 'u'}{port.container}"
    elements = np.packbits(filled, axis=1, bitorder="little").view(kind).astype(np.int64)
    outer = [port.shape[p] for p in port.perm[:-1]]
    moved = elements.reshape(frames, *outer, port.channels)[..., : port.shape[port.perm[-1]]]
    return moved.transpose(0, *(1 + port.perm.index(axis) for axis in range(len(port.perm))))


_HELPERS: dict[str, Any] = {
    helper.__name__: helper
    for helper in (
        Port,
        Window,
        frames_of,
        for_all_frames,
        without_batch,
        pack,
        unpack,
        to_integer,
        round_up,
        round_half_up,
        round_half_down,
        minifloat_step,
        count_reached,
        erf,
        sigmoid,
        softplus,
        softmax,
        top_k,
        last_arg_max,
        depth_to_space,
        convolve,
        deconvolve,
        window_sums,
        window_sizes,
        window_maxima,
        apply_steps,
        requantise,
    )
}
_NEEDS = {"window_sizes": "window_sums", "pack": "Port", "unpack": "Port"} | dict.fromkeys(
    ("convolve", "deconvolve", "window_sums", "window_maxima"), "Window"
)
HELPER_NAMES = frozenset(_HELPERS)


def helper_text(used: Collection[str]) -> str:
    """The source of the helpers `used` and of those they need, in their order here."""
    wanted = set(used)
    for _ in range(2):  # the longest chain is window_sizes, window_sums, Window
        wanted |= {_NEEDS[name] for name in wanted if name in _NEEDS}
    chosen = [_HELPERS[name] for name in _HELPERS if name in wanted]
    return "".join(f"\n\n{inspect.getsource(helper)}" for helper in chosen)
