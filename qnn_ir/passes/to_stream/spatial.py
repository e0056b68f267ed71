"""Lowerings of convolutions and pools: a sliding window, and what works on its pixels."""

import math
from typing import NamedTuple

import numpy as np
from xdsl.dialects.builtin import IntegerType
from xdsl.ir import Operation, SSAValue

from qnn_ir.constants import IntArray, dense_int, int_type, type_range
from qnn_ir.dialects import qnn, stream
from qnn_ir.dialects.qnn import Window, constant_value, shape_of
from qnn_ir.dialects.stream import Geometry, PoolKind, channel
from qnn_ir.passes.to_stream.arrange import holding
from qnn_ir.passes.to_stream.groups import Image, by_group, image_of, pixel_order, side_by_side
from qnn_ir.passes.to_stream.matrix import add_matrix_unit
from qnn_ir.passes.to_stream.movement import cropped
from qnn_ir.passes.to_stream.order import Vectors
from qnn_ir.passes.to_stream.state import Conversion, Unsupported
from qnn_ir.passes.to_stream.types import accumulator_type, integer_of


class Windows(NamedTuple):
    """Windows of an image as a channel, how many there are, and the channel of the tensor at each place of a pixel."""

    channel: SSAValue
    positions: int
    taps: int
    channels: IntArray


def conv(op: qnn.ConvOp, conversion: Conversion) -> None:
    """Window and matrix-vector unit per group; with filters that see one channel each, window and depthwise units."""
    weights = constant_value(op.w)
    if weights is None:
        raise Unsupported("a convolution with computed weights is not supported")
    if op.bias is not None:
        raise Unsupported("a bias in integer form is not supported")
    group = op.group.value.data
    image = image_of(op, op.x, conversion)
    by_tap = np.moveaxis(weights.reshape(*weights.shape[:2], -1), 1, 2)  # (output, tap, input of the group)
    if group > 1 and weights.shape[1] == 1:
        windows = _windows(op, image, op.window(), op.pad_value.value.data, conversion)
        return _depthwise(op, windows, by_tap[:, :, 0].reshape(group, -1, windows.taps), conversion)
    units: list[SSAValue] = []
    for part, matrices in zip(by_group(op, image, group, conversion), np.split(by_tap, group), strict=True):
        windows = _windows(op, part, op.window(), op.pad_value.value.data, conversion)
        matrix = matrices[:, :, windows.channels].reshape(len(matrices), -1)
        element = channel(windows.channel).element
        units.append(add_matrix_unit(op, windows.channel, matrix, element, windows.positions, conversion).result)
    shape = shape_of(op.result)
    result = side_by_side(op, units, shape[0] * math.prod(shape[2:]), conversion)
    return conversion.define(op.result, result, pixel_order(shape, np.arange(shape[1])))


def _depthwise(op: qnn.ConvOp, windows: Windows, weights: IntArray, conversion: Conversion) -> None:
    """A depthwise unit for each filter that a channel has; `weights` (channels, filters, taps)."""
    filters = weights.shape[1]
    parts = [_filter(op, windows, weights[windows.channels, index].T, conversion) for index in range(filters)]
    channels = np.concatenate([windows.channels * filters + index for index in range(filters)])
    result = side_by_side(op, parts, windows.positions, conversion)
    conversion.define(op.result, result, pixel_order(shape_of(op.result), channels))


def _filter(op: qnn.ConvOp, windows: Windows, weights: IntArray, conversion: Conversion) -> SSAValue:
    """A depthwise unit with `weights` (taps, channels)."""
    weights = np.ascontiguousarray(weights)
    actor = stream.DepthwiseOp(
        conversion.layer(op),
        windows.channel,
        dense_int(weights),
        int_type(int(weights.min()), int(weights.max())),
        accumulator_type(weights.T, channel(windows.channel).element),
        integer_of(op.result),
        windows.positions,
    )
    conversion.emit(op, actor)
    return actor.result


def max_pool(op: qnn.MaxPoolOp, conversion: Conversion) -> None:
    """Window and maximum; padding has the smallest value of the type and so never wins."""
    lowest = type_range(integer_of(op.x))[0]
    _pool(op, op.x, op.window(), lowest, PoolKind.MAX, conversion)


def sum_pool(op: qnn.SumPoolOp, conversion: Conversion) -> None:
    """Window and sum."""
    _pool(op, op.x, op.window(), 0, PoolKind.SUM, conversion)


def _pool(op: Operation, x: SSAValue, window: Window, pad_value: int, kind: PoolKind, conversion: Conversion) -> None:
    whole = window.kernel == shape_of(x)[2:] and not any(window.pads)
    if whole and (vectors := _channel_by_channel(x, conversion)) is not None:
        return _reduce(op, x, vectors, kind, conversion)
    windows, result = _windows(op, image_of(op, x, conversion), window, pad_value, conversion), op.results[0]
    actor = stream.PoolOp(
        conversion.layer(op),
        windows.channel,
        kind,
        _pooled(kind, integer_of(result), channel(windows.channel).element),
        positions=windows.positions,
        taps=windows.taps,
        channels=windows.channels.size,
    )
    conversion.emit(op, actor)
    return conversion.define(result, actor.result, pixel_order(shape_of(result), windows.channels))


def _channel_by_channel(x: SSAValue, conversion: Conversion) -> Vectors | None:
    """The pixels of each channel of `x`, where they arrive in one piece."""
    shape = shape_of(x)
    try:
        return Vectors(conversion.wire(x).order, (math.prod(shape[:2]), math.prod(shape[2:])), 1)
    except ValueError:
        return None


def _reduce(op: Operation, x: SSAValue, vectors: Vectors, kind: PoolKind, conversion: Conversion) -> None:
    """One result per vector of `x`."""
    source, result = conversion.wire(x).channel, op.results[0]
    actor = stream.PoolOp(
        conversion.layer(op),
        source,
        kind,
        _pooled(kind, integer_of(result), channel(source).element),
        positions=vectors.vectors.size,
        taps=vectors.columns.size,
        channels=1,
    )
    conversion.emit(op, actor)
    conversion.define(result, actor.result, vectors.result_order(1))


def _pooled(kind: PoolKind, result: IntegerType, source: IntegerType) -> IntegerType:
    """The element of a pool: a maximum keeps that of its input."""
    return source if kind == PoolKind.MAX else result


def _windows(op: Operation, image: Image, window: Window, pad_value: int, conversion: Conversion) -> Windows:
    """The windows of an image; none is needed where a window is one pixel and all are taken in turn, or the image."""
    geometry = _geometry(image.shape, window, shape_of(op.results[0])[2:])
    positions = image.shape[0] * math.prod(geometry.positions)
    pixel = geometry.taps == 1 and geometry.strides == (1, 1)
    whole = geometry.kernel == rows_and_columns(image.shape)
    if (pixel or whole) and not any(geometry.pads):
        return Windows(image.wire.channel, positions, geometry.taps, image.channels)
    wire = image.wire
    if any(geometry.pads):
        wire = holding(op, wire, conversion, pad_value)
    else:
        pad_value = 0  # no window reaches it
    source = windows_of(op, wire.channel, image.shape[0], geometry, pad_value, conversion)
    return Windows(source, positions, geometry.taps, image.channels)


def windows_of(
    op: Operation, source: SSAValue, count: int, geometry: Geometry, pad_value: int, conversion: Conversion
) -> SSAValue:
    """
    Windows of `count` images, one below the other. Several are seen as a high one, with windows across its parts
    dropped."""
    stem = conversion.stem(op)
    if count == 1:
        window = stream.WindowOp(conversion.names.take(f"{stem}_window"), source, geometry, pad_value)
        return conversion.emit(op, window).results[0]
    top, left, bottom, right = geometry.pads
    stride = geometry.strides[0]
    # every image begins at a position of the window, and the last one has as many positions as the others
    height = -(-(geometry.rows + top + bottom) // stride) * stride
    row = geometry.columns * geometry.channels
    bottom = height - geometry.rows - top
    ones = (1, 1)
    if top or bottom:
        border = Geometry(count, geometry.rows, row, ones, ones, ones, (0, top, 0, bottom))
        pad = stream.WindowOp(conversion.names.take(f"{stem}_pad"), source, border, pad_value)
        source = conversion.emit(op, pad).results[0]
    extent = (geometry.kernel[0] - 1) * geometry.dilations[0] + 1
    high = geometry._replace(rows=count * height, pads=(0, left, max(0, extent - stride), right))
    window = stream.WindowOp(conversion.names.take(f"{stem}_window"), source, high, pad_value)
    source = conversion.emit(op, window).results[0]
    inner = geometry.positions[1] * geometry.taps * geometry.channels
    kept = geometry.positions[0]
    if kept == height // stride:
        return source
    dims, chosen = (count, height // stride, inner), [(0, count, 1), (0, kept, 1), (0, inner, 1)]
    return cropped(op, source, dims, chosen, conversion.names.take(f"{stem}_crop"), conversion)


def rows_and_columns(shape: tuple[int, ...]) -> tuple[int, int]:
    """Rows and columns of a tensor [N, C, *spatial]; a single spatial axis is the horizontal one."""
    return (1, shape[2]) if len(shape) == 3 else (shape[2], shape[3])


def _geometry(shape: tuple[int, ...], window: Window, positions: tuple[int, ...]) -> Geometry:
    """
    `window` on a tensor [N, C, *spatial]; a single spatial axis is the horizontal one.

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
