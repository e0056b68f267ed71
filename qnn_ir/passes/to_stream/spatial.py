"""Lowerings of convolutions, pools and padding: a sliding window, and what works on its pixels."""

import math
from typing import NamedTuple

import numpy as np
from xdsl.dialects.builtin import IntegerType
from xdsl.ir import Operation, SSAValue

from qnn_ir.constants import IntArray, dense_int, int_type, type_range
from qnn_ir.dialects import qnn, stream
from qnn_ir.dialects.qnn import Window, constant_value, int_values, shape_of
from qnn_ir.dialects.stream import Geometry, PoolKind
from qnn_ir.passes.to_stream.matrix import accumulator_type, add_matrix_unit, integer_of, vectors_of
from qnn_ir.passes.to_stream.state import Conversion, Unsupported


class Pixels(NamedTuple):
    """Windows of an image as a channel, how many there are, and the channel of the tensor at each place of a pixel."""

    channel: SSAValue
    positions: int
    taps: int
    channels: IntArray


def conv(op: qnn.ConvOp, conversion: Conversion) -> None:
    """Window and matrix-vector unit; with one filter per channel, window and depthwise unit."""
    weights = constant_value(op.w)
    if weights is None:
        raise Unsupported("a convolution with computed weights is not supported yet")
    if op.bias is not None:
        raise Unsupported("a bias in integer form is not supported")
    group = op.group.value.data
    pixels = _pixels(op, op.x, op.window(), op.pad_value.value.data, conversion)
    by_tap = np.moveaxis(weights.reshape(*weights.shape[:2], -1), 1, 2)  # (output, tap, input of the group)
    depthwise = group > 1 and weights.shape[1] == 1 and weights.shape[0] == group
    if depthwise:
        _depthwise(op, pixels, by_tap[pixels.channels, :, 0].T, conversion)
        return
    dense = _dense(by_tap, group)[:, :, pixels.channels]
    actor = add_matrix_unit(
        op, pixels.channel, dense.reshape(dense.shape[0], -1), integer_of(op.x), pixels.positions, conversion
    )
    conversion.define(op.result, actor.result, pixel_order(shape_of(op.result), np.arange(shape_of(op.w)[0])))


def _dense(by_tap: IntArray, group: int) -> IntArray:
    """Weights (output, tap, input of the group) as (output, tap, input), zeros between the groups."""
    outputs, taps, inputs = by_tap.shape
    dense = np.zeros((group, outputs // group, taps, group, inputs), np.int64)
    for index, part in enumerate(np.split(by_tap, group)):
        dense[index, :, :, index] = part
    return dense.reshape(outputs, taps, group * inputs)


def _depthwise(op: qnn.ConvOp, pixels: Pixels, weights: IntArray, conversion: Conversion) -> None:
    """A depthwise unit with `weights` (taps, channels)."""
    weights = np.ascontiguousarray(weights)
    actor = stream.DepthwiseOp(
        conversion.layer(op),
        pixels.channel,
        dense_int(weights),
        int_type(int(weights.min()), int(weights.max())),
        accumulator_type(weights.T, integer_of(op.x)),
        integer_of(op.result),
        pixels.positions,
    )
    conversion.emit(op, actor)
    conversion.define(op.result, actor.result, pixel_order(shape_of(op.result), pixels.channels))


def max_pool(op: qnn.MaxPoolOp, conversion: Conversion) -> None:
    """Window and maximum; padding has the smallest value of the type and so never wins."""
    lowest = type_range(integer_of(op.x))[0]
    _pool(op, op.x, op.window(), lowest, PoolKind.MAX, conversion)


def sum_pool(op: qnn.SumPoolOp, conversion: Conversion) -> None:
    """Window and sum."""
    _pool(op, op.x, op.window(), 0, PoolKind.SUM, conversion)


def _pool(op: Operation, x: SSAValue, window: Window, pad_value: int, kind: PoolKind, conversion: Conversion) -> None:
    pixels, result = _pixels(op, x, window, pad_value, conversion), op.results[0]
    actor = stream.PoolOp(
        conversion.layer(op),
        pixels.channel,
        kind,
        _pooled(kind, integer_of(result), integer_of(x)),
        positions=pixels.positions,
        taps=pixels.taps,
        channels=pixels.channels.size,
    )
    conversion.emit(op, actor)
    conversion.define(result, actor.result, pixel_order(shape_of(result), pixels.channels))


def _pooled(kind: PoolKind, result: IntegerType, source: IntegerType) -> IntegerType:
    """The element of a pool: a maximum keeps that of its input."""
    return source if kind == PoolKind.MAX else result


def pad(op: qnn.PadOp, conversion: Conversion) -> None:
    """A window of one pixel on the padded image."""
    pads, rank = int_values(op.pads), len(shape_of(op.x))
    if any(pads[:2]) or any(pads[rank : rank + 2]) or rank not in (3, 4):
        raise Unsupported("padding of another axis than the spatial ones is not supported yet")
    spatial = rank - 2
    window = Window((1,) * spatial, (1,) * spatial, (*pads[2:rank], *pads[rank + 2 :]), (1,) * spatial)
    value = op.value.value.data
    if value != int(value):
        raise Unsupported("padding with a fraction is not in integer form")
    pixels = _pixels(op, op.x, window, int(value), conversion)
    conversion.define(op.result, pixels.channel, pixel_order(shape_of(op.result), pixels.channels))


def _pixels(op: Operation, x: SSAValue, window: Window, pad_value: int, conversion: Conversion) -> Pixels:
    """The windows of `x` [1, C, *spatial]; none is needed where a window is one pixel and all are taken in turn."""
    shape = shape_of(x)
    if len(shape) not in (3, 4) or shape[0] != 1:
        raise Unsupported(f"{len(shape) - 2} spatial axes are not supported")
    wire = conversion.wire(x)
    vectors = vectors_of(wire, x, 1)
    if (vectors.vectors != np.arange(vectors.vectors.size)).any():
        raise Unsupported("its input would have to be reordered in memory (pixels arrive out of order)")
    geometry = _geometry(shape, window, shape_of(op.results[0])[2:])
    positions = math.prod(geometry.positions)
    plain = geometry.taps == 1 and geometry.strides == (1, 1) and not any(geometry.pads)
    if plain:
        return Pixels(wire.channel, positions, 1, vectors.columns)
    actor = stream.WindowOp(conversion.names.take(f"{conversion.stem(op)}_window"), wire.channel, geometry, pad_value)
    conversion.emit(op, actor)
    return Pixels(actor.result, positions, geometry.taps, vectors.columns)


def _geometry(shape: tuple[int, ...], window: Window, positions: tuple[int, ...]) -> Geometry:
    """
    `window` on a tensor [1, C, *spatial]; a single spatial axis is the horizontal one.

    The padding at the ends is what `positions` need, which covers `ceil_mode` as well.
    """
    lead = (1,) * (4 - len(shape))
    sizes, kernel, strides, dilations, counts = (
        (*lead, *v) for v in (shape[2:], window.kernel, window.strides, window.dilations, positions)
    )
    begin = (*(0 for _ in lead), *window.begin())
    ends = [
        max(0, (n - 1) * s + d * (k - 1) + 1 - b - size)
        for n, s, d, k, b, size in zip(counts, strides, dilations, kernel, begin, sizes, strict=True)
    ]
    return Geometry(
        sizes[0],
        sizes[1],
        shape[1],
        (kernel[0], kernel[1]),
        (strides[0], strides[1]),
        (dilations[0], dilations[1]),
        (begin[0], begin[1], ends[0], ends[1]),
    )


def pixel_order(shape: tuple[int, ...], channels: IntArray) -> IntArray:
    """The order of a tensor [1, C, *spatial] that travels pixel by pixel, `channels` of each in that sequence."""
    numbers = np.arange(math.prod(shape), dtype=np.int64).reshape(shape)
    return np.moveaxis(numbers[:, channels], 1, -1).ravel()
