"""
What random CNNs are made of: each operation adds a node or a few behind a tensor, or gives None where it does not fit.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from cnn_builder import BETWEEN_POSITIONS, LARGEST, Builder, Tensor
from networks import DOMAIN


def _fits(shape: Sequence[int]) -> bool:
    return min(shape) >= 1 and int(np.prod(shape)) <= LARGEST


def _window(b: Builder, x: Tensor, kernel: Sequence[int], dilations: Sequence[int], most: int) -> dict[str, Any] | None:
    """Strides and pads for a window, None where it does not fit."""
    rank = len(x.spatial)
    strides, pads = b.some(rank, 1, 2), b.some(2 * rank, 0, most)
    extents = [d * (k - 1) + 1 for k, d in zip(kernel, dilations, strict=True)]
    pads = [min(p, e - 1) for p, e in zip(pads, extents * 2, strict=True)]
    room = [n + pads[i] + pads[rank + i] - e for i, (n, e) in enumerate(zip(x.spatial, extents, strict=True))]
    return None if min(room) < 0 else {"strides": strides, "pads": pads}


def _positions(x: Tensor, kernel: Sequence[int], dilations: Sequence[int], window: dict[str, Any]) -> list[int]:
    rank, pads = len(x.spatial), window["pads"]
    ends = zip(x.spatial, pads[:rank], pads[rank:], kernel, dilations, window["strides"], strict=True)
    return [(n + p + q - d * (k - 1) - 1) // s + 1 for n, p, q, k, d, s in ends]


def _same(b: Builder, x: Tensor, window: dict[str, Any]) -> tuple[dict[str, Any], list[int]]:
    """The window with pads that keep the size (divided by the stride), and its positions."""
    mode = b.choose.one_of(("SAME_UPPER", "SAME_LOWER"))
    positions = [-(-n // s) for n, s in zip(x.spatial, window["strides"], strict=True)]
    return {"strides": window["strides"], "auto_pad": mode}, positions


def conv(b: Builder, x: Tensor) -> Tensor | None:
    """Dense, grouped or depthwise (with a multiplier) convolution, with a bias or not."""
    rank, channels = len(x.spatial), x.shape[1]
    group = b.choose.one_of([g for g in range(1, channels + 1) if channels % g == 0])
    outputs = group * b.choose.integer(1, max(1, 6 // group))
    kernel, dilations = b.some(rank, 1, 3), b.some(rank, 1, 2)
    window = _window(b, x, kernel, dilations, 2)
    if window is None:
        return None
    positions = _positions(x, kernel, dilations, window)
    if max(dilations) == 1 and b.choose.one_of((False, False, True)):  # ONNX Runtime knows SAME for these alone
        window, positions = _same(b, x, window)
    w, unit = b.weights((outputs, channels // group, *kernel), 0)
    amp = x.amp * 0.5 * np.sqrt(channels // group * int(np.prod(kernel)))
    bias = [b.constant(b.offsets(outputs, amp, x.unit * unit))] if b.choose.one_of((False, False, True)) else []
    y = b.emit("Conv", x.name, w, *bias, group=group, kernel_shape=kernel, dilations=dilations, **window)
    return b.activated(y, (1, outputs, *positions), amp, x.unit * unit)


def conv_transpose(b: Builder, x: Tensor) -> Tensor | None:
    """Transposed convolution of any stride, padding, output padding and group."""
    rank, channels = len(x.spatial), x.shape[1]
    group = b.choose.one_of([g for g in range(1, channels + 1) if channels % g == 0])
    outputs = b.choose.integer(1, 3)
    kernel, strides, dilations = b.some(rank, 1, 3), b.some(rank, 1, 3), b.some(rank, 1, 2)
    pads = [min(p, k - 1) for p, k in zip(b.some(2 * rank, 0, 1), kernel * 2, strict=True)]
    extra = [min(e, s - 1) for e, s in zip(b.some(rank, 0, 1), strides, strict=True)]
    axes = zip(x.spatial, kernel, strides, dilations, pads[:rank], pads[rank:], extra, strict=True)
    shape = (1, outputs * group, *((n - 1) * s + d * (k - 1) + 1 - p - q + e for n, k, s, d, p, q, e in axes))
    if not _fits(shape):
        return None
    w, unit = b.weights((channels, outputs, *kernel), 1)
    y = b.emit("ConvTranspose", x.name, w, group=group, kernel_shape=kernel, dilations=dilations, strides=strides,
               pads=pads, output_padding=extra)  # fmt: skip
    return b.activated(y, shape, x.amp * 0.5 * np.sqrt(channels), x.unit * unit)


def max_pool(b: Builder, x: Tensor) -> Tensor | None:
    """Overlapping, padded, dilated, with windows that stick out."""
    rank = len(x.spatial)
    kernel, dilations = b.some(rank, 1, 3), b.some(rank, 1, 2)
    window = _window(b, x, kernel, dilations, 1)
    if window is None:
        return None
    window["pads"] = [min(p, k - 1) for p, k in zip(window["pads"], kernel * 2, strict=True)]
    ceil = b.choose.integer(0, 1)
    y = b.emit("MaxPool", x.name, kernel_shape=kernel, dilations=dilations, ceil_mode=ceil, **window)
    shape = [*x.shape[:2]]
    for i, n in enumerate(x.spatial):
        room = n + window["pads"][i] + window["pads"][rank + i] - dilations[i] * (kernel[i] - 1) - 1
        stride = window["strides"][i]
        shape.append((room + (stride - 1) * ceil) // stride + 1)
        if room < 0 or (shape[-1] - 1) * stride >= n + window["pads"][i]:
            return None  # executors differ where a window would begin behind the input
    return b.add(x.like(y, shape))


def average_pool(b: Builder, x: Tensor) -> Tensor | None:
    """Mean of the windows or of all; with a truncation of the sum behind it, as Brevitas exports it, or a quantiser."""
    rank = len(x.spatial)
    kernel = [b.choose.one_of((1, 2, 3, 4)) for _ in range(rank)]
    window = _window(b, x, kernel, [1] * rank, 1)
    kind = b.choose.one_of(("window", "window", "inside", "truncated", "all", "largest"))
    if kind == "largest":
        return b.add(x.like(b.emit("GlobalMaxPool", x.name), (*x.shape[:2], *[1] * rank)))
    if kind == "all":
        b.smooth |= not _power_of_two(int(np.prod(x.spatial)))
        return b.quantise(b.emit("GlobalAveragePool", x.name), (*x.shape[:2], *[1] * rank), x.amp / 2)
    if window is None:
        return None
    b.smooth |= kind == "inside" or not _power_of_two(int(np.prod(kernel)))
    shape = (*x.shape[:2], *_positions(x, kernel, [1] * rank, window))
    y = b.emit("AveragePool", x.name, kernel_shape=kernel, count_include_pad=int(kind != "inside"), **window)
    return _truncated(b, x, y, shape, int(np.prod(kernel))) if kind == "truncated" else b.quantise(y, shape, x.amp / 2)


def _power_of_two(count: int) -> bool:
    return count & (count - 1) == 0


def _truncated(b: Builder, x: Tensor, mean: str, shape: tuple[int, ...], taps: int) -> Tensor:
    """The sum again, without its lowest bits."""
    total = b.emit("Mul", mean, b.constant(float(taps)))
    cut = b.choose.integer(1, 3)
    parameters = [b.constant(v) for v in (x.unit, 0.0, 12.0, 12.0 - cut)]
    y = b.emit("Trunc", total, *parameters, domain=DOMAIN, rounding_mode=b.choose.one_of(("FLOOR", "ROUND", "CEIL")))
    return b.add(Tensor(y, shape, x.unit, x.amp * taps / 2**cut))


def add(b: Builder, x: Tensor) -> Tensor | None:
    """Sum or difference with a tensor of the same shape, or of one pixel."""
    others = [t for t in b.tensors if t.shape == x.shape or (t.shape[:2] == x.shape[:2] and max(t.spatial) == 1)]
    other = b.choose.one_of(others or [x])
    y = b.emit(b.choose.one_of(("Add", "Sub")), x.name, other.name)
    return b.activated(y, x.shape, x.amp + other.amp, min(x.unit, other.unit))


def mul(b: Builder, x: Tensor) -> Tensor | None:
    """Product with a tensor of the same shape, or a gate of one pixel."""
    others = [t for t in b.tensors if t.shape == x.shape or (t.shape[:2] == x.shape[:2] and max(t.spatial) == 1)]
    other = b.choose.one_of(others or [x])
    return b.activated(b.emit("Mul", x.name, other.name), x.shape, x.amp * other.amp, x.unit * other.unit)


def concat(b: Builder, x: Tensor) -> Tensor | None:
    """Along the channels mostly, with tensors that fit, or with constants of a few numbers."""
    axis = b.choose.one_of((1, 1, 2, len(x.shape) - 1))
    rest = x.shape[:axis] + x.shape[axis + 1 :]
    others = [t for t in b.tensors if len(t.shape) == len(x.shape) and t.shape[:axis] + t.shape[axis + 1 :] == rest]
    parts = [x, *(b.choose.one_of(others) for _ in range(b.choose.integer(1, 2)))]
    if b.choose.one_of((False, False, False, True)):
        shape = (*x.shape[:axis], b.choose.integer(1, 2), *x.shape[axis + 1 :])
        b.refusals |= BETWEEN_POSITIONS
        parts[-1] = Tensor(b.constant(b.rng.integers(-2, 3, shape) * x.unit), shape, x.unit, x.amp)
    shape = (*x.shape[:axis], sum(t.shape[axis] for t in parts), *x.shape[axis + 1 :])
    if not _fits(shape) or len({t.unit for t in parts}) > 2:
        return None
    y = b.emit("Concat", *(t.name for t in parts), axis=axis)
    return b.quantise(y, shape, max(t.amp for t in parts))


def split(b: Builder, x: Tensor) -> Tensor | None:
    """Two parts of one axis; both may be read."""
    axis = b.choose.integer(1, len(x.shape) - 1)
    if x.shape[axis] < 2:
        return None
    first = b.choose.integer(1, x.shape[axis] - 1)
    sizes = (first, x.shape[axis] - first)
    names = b.emit_all("Split", x.name, b.constant(sizes, np.int64), outputs=2, axis=axis)
    shapes = [(*x.shape[:axis], size, *x.shape[axis + 1 :]) for size in sizes]
    return [b.add(x.like(name, shape)) for name, shape in zip(names, shapes, strict=True)][-1]


def resize(b: Builder, x: Tensor) -> Tensor | None:
    """Nearest neighbours, a factor for each spatial axis."""
    factors = b.some(len(x.spatial), 1, 3)
    shape = (*x.shape[:2], *(n * f for n, f in zip(x.spatial, factors, strict=True)))
    if not _fits(shape):
        return None
    scales = b.constant([1.0, 1.0, *factors])
    y = b.emit("Resize", x.name, "", scales, mode="nearest", coordinate_transformation_mode="asymmetric",
               nearest_mode="floor")  # fmt: skip
    return b.add(x.like(y, shape))


def depth_to_space(b: Builder, x: Tensor) -> Tensor | None:
    """Channels to pixels, both modes."""
    if len(x.shape) != 4 or x.shape[1] % 4:
        return None
    y = b.emit("DepthToSpace", x.name, blocksize=2, mode=b.choose.one_of(("DCR", "CRD")))
    return b.add(x.like(y, (1, x.shape[1] // 4, *(2 * n for n in x.spatial))))


def cut(b: Builder, x: Tensor) -> Tensor | None:
    """A slice of one axis, forwards or backwards."""
    axis = b.choose.integer(1, len(x.shape) - 1)
    start, step = b.choose.integer(0, x.shape[axis] - 1), b.choose.one_of((1, 1, 2, -1))
    end = -(x.shape[axis] + 1) if step < 0 else b.choose.integer(start + 1, x.shape[axis])
    kept = len(range(*slice(start, None if step < 0 else end, step).indices(x.shape[axis])))
    arguments = (b.constant([v], np.int64) for v in (start, end, axis, step))
    y = b.emit("Slice", x.name, *arguments)
    return b.add(x.like(y, (*x.shape[:axis], kept, *x.shape[axis + 1 :])))


def gather(b: Builder, x: Tensor) -> Tensor | None:
    """Any positions of one axis."""
    axis = b.choose.integer(1, len(x.shape) - 1)
    indices = [b.choose.integer(-x.shape[axis], x.shape[axis] - 1) for _ in range(b.choose.integer(1, 4))]
    y = b.emit("Gather", x.name, b.constant(indices, np.int64), axis=axis)
    return b.add(x.like(y, (*x.shape[:axis], len(indices), *x.shape[axis + 1 :])))


def transpose(b: Builder, x: Tensor) -> Tensor | None:
    """Any order of the axes behind the first."""
    perm = [0, *b.choose.one_of([(2, 1, 3), (1, 3, 2), (3, 2, 1), (2, 3, 1)] if len(x.shape) == 4 else [(2, 1)])]
    y = b.emit("Transpose", x.name, perm=perm)
    return b.add(x.like(y, tuple(x.shape[p] for p in perm)))


def shuffle(b: Builder, x: Tensor) -> Tensor | None:
    """Channel shuffle of two groups."""
    if x.shape[1] % 2:
        return None
    split = (1, 2, x.shape[1] // 2, *x.spatial)
    y = b.emit("Reshape", x.name, b.constant(split, np.int64))
    y = b.emit("Transpose", y, perm=[0, 2, 1, *range(3, len(split))])
    y = b.emit("Reshape", y, b.constant(x.shape, np.int64))
    return b.add(x.like(y, x.shape))


def pad(b: Builder, x: Tensor) -> Tensor | None:
    """Zeros around every axis behind the first."""
    ends = [0, *b.some(len(x.shape) - 1, 0, 1), 0, *b.some(len(x.shape) - 1, 0, 2)]
    shape = tuple(n + p + q for n, p, q in zip(x.shape, ends[: len(x.shape)], ends[len(x.shape) :], strict=True))
    if not _fits(shape) or shape == x.shape:
        return None
    y = b.emit("Pad", x.name, b.constant(ends, np.int64), b.constant(0.0))
    return b.quantise(y, shape, x.amp)


Operation = Callable[[Builder, Tensor], Tensor | None]

OPERATIONS: tuple[Operation, ...] = (
    conv, conv, conv, conv_transpose, max_pool, average_pool, average_pool, add, mul, concat, resize, depth_to_space,
    cut, split, gather, transpose, shuffle, pad,
)  # fmt: skip
"""What a network is made of; an operation that does not fit gives None."""
