"""
A transposed convolution as an ordinary one with more outputs. Pure NumPy.

Along one axis, output `o` gets `x[i] * w[k]` for all `i * stride + k * dilation = o + pad`. Write `o + pad` as
`b * stride + r`: then `k * dilation = e * stride + r` and `i = b - e`. So all outputs of block b see the pixels
`b - last .. b`, `last` the largest e, and phase r of the block multiplies pixel `b - e` with the one tap k that has
this (e, r). Every tap of the kernel appears in exactly one place; no zero is inserted between pixels. (Where the stride
does not divide the kernel, phases with fewer taps have a zero weight instead.)
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

IntArray = NDArray[np.int64]


class Axis(NamedTuple):
    """One spatial axis: a window of stride 1 that makes `blocks` blocks of `stride` outputs, of which some are kept."""

    kernel: int
    stride: int
    begin: int
    """Padding in front of the input."""
    end: int
    """Padding behind it."""
    blocks: int
    start: int
    """The first output that is kept."""
    size: int
    """How many are kept."""
    places: tuple[tuple[int, int], ...]
    """(phase, tap of the window) of each tap of the kernel."""


class Transposed(NamedTuple):
    """
    A matrix on windows of stride 1: rows are (vertical phase, horizontal phase, output), columns (ky, kx, channel).

    The result of a position, phase by phase, are `vertical.stride * horizontal.stride` pixels. Transposed from
    (blocks, blocks, stride, stride) to (blocks, stride, blocks, stride) they are an image; `start` and `size` of each
    axis say which part of it is the result.
    """

    matrix: IntArray
    vertical: Axis
    horizontal: Axis


def axis(length: int, kernel: int, stride: int, dilation: int, pads: tuple[int, int], extra: int) -> Axis:
    """One axis of an input of `length` pixels; `extra` is the output padding of ONNX."""
    size = (length - 1) * stride + (kernel - 1) * dilation + 1 - sum(pads) + extra
    last = (kernel - 1) * dilation // stride
    first = min(pads[0] // stride, last)
    end = max(0, (pads[0] + size - 1) // stride - (length - 1))
    places = tuple((k * dilation % stride, last - k * dilation // stride) for k in range(kernel))
    start = pads[0] - first * stride
    return Axis(last + 1, stride, last - first, end, length - first + end, start, size, places)


def transposed(
    weights: IntArray,
    image: tuple[int, int],
    strides: Sequence[int],
    dilations: Sequence[int],
    pads: Sequence[int],
    output_padding: Sequence[int],
) -> Transposed:
    """
    The convolution that equals the transposed one of ONNX with `weights` [C, O, kh, kw].

    `image` is (rows, columns), `pads` top, left, bottom, right.
    """
    ends = (pads[0], pads[2]), (pads[1], pads[3])
    vertical, horizontal = (
        axis(image[i], weights.shape[2 + i], strides[i], dilations[i], ends[i], output_padding[i]) for i in range(2)
    )
    channels, outputs = weights.shape[:2]
    shape = (vertical.stride, horizontal.stride, outputs, vertical.kernel, horizontal.kernel, channels)
    matrix = np.zeros(shape, np.int64)
    for ky, (pv, ty) in enumerate(vertical.places):
        for kx, (ph, tx) in enumerate(horizontal.places):
            matrix[pv, ph, :, ty, tx] = weights[:, :, ky, kx].T
    return Transposed(matrix.reshape(np.prod(shape[:3]), -1), vertical, horizontal)
