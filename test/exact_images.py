"""
The operators of images in exact rationals: windows, and everything that only moves elements.

Every function takes the attributes of its node by name and its operands as object arrays `(1, channels, *spatial)` of
one frame.
"""

from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np
from exact_numbers import Exact, each, product, units
from onnx import NodeProto, helper
from onnx.reference import ReferenceEvaluator

Attributes = dict[str, Any]
MOVES = {
    "Concat": None, "DepthToSpace": 1, "Flatten": 1, "Gather": 1, "Pad": 1, "Reshape": 1, "Resize": 1, "Slice": 1,
    "Split": 1, "Squeeze": 1, "Transpose": 1, "Unsqueeze": 1,
}  # fmt: skip
"""Operators that move elements, and how many of their operands are data (all of a concat); the others are constants."""


def moved(
    node: NodeProto, data: Sequence[Exact], constants: Sequence[np.ndarray | None], fill: Fraction
) -> list[Exact]:
    """
    What `node` makes of `data`: the evaluator of the onnx package moves their numbers, 0 being `fill`.

    `constants` are the other operands; that of a `Pad` is not among them.
    """
    ends = np.cumsum([0, *(x.size for x in data)])
    numbers = [np.arange(a, b).reshape(x.shape) + 1 for x, (a, b) in zip(data, pairwise(ends), strict=True)]
    stored = np.array([fill, *(v for x in data for v in x.ravel())], object)
    operands = [*numbers, *constants]
    feeds = {name: array for name, array in zip(node.input, operands, strict=False) if name and array is not None}
    alone = helper.make_node(node.op_type, list(node.input)[: len(operands)], node.output)
    alone.attribute.extend(node.attribute)
    results: Any = ReferenceEvaluator(alone, opsets={"": 17}).run(None, feeds)
    return [stored[np.asarray(result, np.int64)] for result in results]


def _pads(a: Attributes, spatial: Sequence[int], kernel: Sequence[int]) -> tuple[list[int], list[int]]:
    """Elements before and behind each axis."""
    rank, mode = len(spatial), a.get("auto_pad", b"NOTSET")
    if mode in (b"NOTSET", b"VALID"):
        pads = list(a.get("pads", [0] * 2 * rank))
        return pads[:rank], pads[rank:]
    strides, dilations = a.get("strides", [1] * rank), a.get("dilations", [1] * rank)
    axes = zip(spatial, kernel, strides, dilations, strict=True)
    totals = [max(0, (-(-n // s) - 1) * s + d * (k - 1) + 1 - n) for n, k, s, d in axes]
    less, more = [t // 2 for t in totals], [t - t // 2 for t in totals]
    return (less, more) if mode == b"SAME_UPPER" else (more, less)


def windows(x: Exact, a: Attributes, kernel: Sequence[int], fill: Any) -> Exact:
    """The windows of every position, `(1, channels, *positions, taps)`; `fill` where they stick out."""
    rank = len(kernel)
    strides, dilations = a.get("strides", [1] * rank), a.get("dilations", [1] * rank)
    before, behind = _pads(a, x.shape[2:], kernel)
    extents = [d * (k - 1) + 1 for k, d in zip(kernel, dilations, strict=True)]
    rooms = [n + p + q - e for n, p, q, e in zip(x.shape[2:], before, behind, extents, strict=True)]
    more = [s - 1 if a.get("ceil_mode") else 0 for s in strides]
    counts = [(room + m) // s + 1 for room, m, s in zip(rooms, more, strides, strict=True)]
    ends = [q + m for q, m in zip(behind, more, strict=True)]
    padded = np.pad(x, [(0, 0), (0, 0), *zip(before, ends, strict=True)], constant_values=fill)
    taps: list[Exact] = []
    for tap in np.ndindex(*kernel):
        starts = [t * d for t, d in zip(tap, dilations, strict=True)]
        cut = tuple(slice(b, b + (n - 1) * s + 1, s) for b, n, s in zip(starts, counts, strides, strict=True))
        taps.append(padded[(slice(None), slice(None), *cut)])
    return np.stack(taps, axis=-1)


def conv(a: Attributes, x: Exact, w: Exact, bias: Exact | None = None) -> Exact:
    """Convolution of any rank and group."""
    groups, kernel = a.get("group", 1), w.shape[2:]
    found = windows(x, a, kernel, Fraction(0))[0]  # (channels, *positions, taps)
    results: list[Exact] = []
    for part, weights in zip(np.split(found, groups), np.split(w, groups), strict=True):
        columns = np.moveaxis(part, 0, -2).reshape(*part.shape[1:-1], -1)
        results.append(np.moveaxis(product(columns, weights.reshape(len(weights), -1).T), -1, 0))
    result = np.concatenate(results)[None]
    return result if bias is None else result + bias.reshape(-1, *[1] * len(kernel))


def conv_transpose(a: Attributes, x: Exact, w: Exact, bias: Exact | None = None) -> Exact:
    """Transposed convolution: every input element adds its multiple of the weights to the output."""
    groups, kernel, spatial = a.get("group", 1), w.shape[2:], x.shape[2:]
    rank = len(kernel)
    strides, dilations = a.get("strides", [1] * rank), a.get("dilations", [1] * rank)
    pads, extra = a.get("pads", [0] * 2 * rank), a.get("output_padding", [0] * rank)
    axes = zip(spatial, kernel, strides, dilations, extra, strict=True)
    sizes = [(n - 1) * s + d * (k - 1) + 1 + e for n, k, s, d, e in axes]
    (q, unit_x), (v, unit_w) = units(x[0]), units(w)
    total = np.zeros((w.shape[1] * groups, *sizes), object)
    for tap in np.ndindex(*kernel):
        pairs = zip(np.split(v[(slice(None), slice(None), *tap)], groups), np.split(q, groups), strict=True)
        found = np.concatenate([np.tensordot(m.T, part, 1) for m, part in pairs])
        starts = [t * d for t, d in zip(tap, dilations, strict=True)]
        place = tuple(slice(b, b + (n - 1) * s + 1, s) for b, n, s in zip(starts, spatial, strides, strict=True))
        total[(slice(None), *place)] += found
    kept = tuple(slice(p, n - r) for p, r, n in zip(pads[:rank], pads[rank:], sizes, strict=True))
    result = each(lambda t: t * unit_x * unit_w, total[(slice(None), *kept)])[None]
    return result if bias is None else result + bias.reshape(-1, *[1] * rank)


def max_pool(a: Attributes, x: Exact) -> Exact:
    """The largest element inside of each window."""
    return np.maximum.reduce(windows(x, a, a["kernel_shape"], -np.inf), axis=-1)


def average_pool(a: Attributes, x: Exact) -> Exact:
    """The mean of each window, of what is inside unless padding counts too."""
    kernel = a["kernel_shape"]
    total = np.sum(windows(x, a, kernel, Fraction(0)), axis=-1)
    if a.get("count_include_pad"):
        return total / Fraction(int(np.prod(kernel)))
    ones = np.full(x.shape, Fraction(1), object)
    return total / np.sum(windows(ones, a, kernel, Fraction(0)), axis=-1)


def global_average_pool(a: Attributes, x: Exact) -> Exact:
    """The mean of each channel."""
    axes = tuple(range(2, x.ndim))
    return np.asarray(np.sum(x, axis=axes, keepdims=True), object) / Fraction(int(np.prod(x.shape[2:])))


def global_max_pool(a: Attributes, x: Exact) -> Exact:
    """The largest element of each channel."""
    return np.maximum.reduce(x.reshape(*x.shape[:2], -1), axis=-1).reshape(*x.shape[:2], *[1] * (x.ndim - 2))
