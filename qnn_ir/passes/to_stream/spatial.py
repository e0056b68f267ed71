"""Lowerings of convolutions, pools and padding: a sliding window, and what works on its pixels."""

import math
from typing import NamedTuple

import numpy as np
from xdsl.dialects.builtin import IntegerType
from xdsl.ir import Operation, SSAValue

from qnn_ir.analysis.transposed import transposed
from qnn_ir.constants import IntArray, dense_int, int_type, type_range
from qnn_ir.dialects import qnn, stream
from qnn_ir.dialects.qnn import Window, constant_value, int_values, shape_of
from qnn_ir.dialects.stream import Geometry, PoolKind, channel
from qnn_ir.passes.to_stream.arrange import holding, pixels
from qnn_ir.passes.to_stream.matrix import add_matrix_unit
from qnn_ir.passes.to_stream.movement import cropped
from qnn_ir.passes.to_stream.nests import natural_nest, pixel_axes
from qnn_ir.passes.to_stream.state import Carrier, Conversion, Unsupported
from qnn_ir.passes.to_stream.types import accumulator_type, integer_of


class Windows(NamedTuple):
    """Windows of an image as a channel, how many there are, and the channel of the tensor at each place of a pixel."""

    channel: SSAValue
    positions: int
    taps: int
    channels: IntArray


def conv(op: qnn.ConvOp, conversion: Conversion) -> None:
    """Window and matrix-vector unit; with filters that see one channel each, window and depthwise units."""
    weights = constant_value(op.w)
    if weights is None:
        raise Unsupported("a convolution with computed weights is not supported")
    if op.bias is not None:
        raise Unsupported("a bias in integer form is not supported")
    group = op.group.value.data
    windows = _windows(op, op.x, op.window(), op.pad_value.value.data, conversion)
    by_tap = np.moveaxis(weights.reshape(*weights.shape[:2], -1), 1, 2)  # (output, tap, input of the group)
    if group > 1 and weights.shape[1] == 1:
        return _depthwise(op, windows, by_tap[:, :, 0].reshape(group, -1, windows.taps), conversion)
    dense = _dense(by_tap, group)[:, :, windows.channels]
    actor = add_matrix_unit(
        op,
        windows.channel,
        dense.reshape(dense.shape[0], -1),
        channel(windows.channel).element,
        windows.positions,
        conversion,
    )
    return conversion.define(op.result, actor.result, pixel_order(shape_of(op.result), np.arange(shape_of(op.w)[0])))


def _dense(by_tap: IntArray, group: int) -> IntArray:
    """Weights (output, tap, input of the group) as (output, tap, input), zeros between the groups."""
    outputs, taps, inputs = by_tap.shape
    dense = np.zeros((group, outputs // group, taps, group, inputs), np.int64)
    for index, part in enumerate(np.split(by_tap, group)):
        dense[index, :, :, index] = part
    return dense.reshape(outputs, taps, group * inputs)


def _depthwise(op: qnn.ConvOp, windows: Windows, weights: IntArray, conversion: Conversion) -> None:
    """A depthwise unit for each filter that a channel has; `weights` (channels, filters, taps)."""
    filters = weights.shape[1]
    parts = [_filter(op, windows, weights[windows.channels, index].T, conversion) for index in range(filters)]
    result, channels = parts[0], windows.channels * filters
    if filters > 1:
        name = conversion.names.take(f"{conversion.stem(op)}_concat")
        lengths = [channels.size] * filters
        actor = stream.ConcatOp(name, parts, lengths, integer_of(op.result), windows.positions)
        conversion.emit(op, actor)
        result, channels = actor.result, np.concatenate([channels + index for index in range(filters)])
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


def conv_transpose(op: qnn.ConvTransposeOp, conversion: Conversion) -> None:
    """A window of stride 1, a unit that computes all phases, a reorder that makes an image of them, and a crop."""
    weights = constant_value(op.w)
    if weights is None or op.bias is not None:
        raise Unsupported("a transposed convolution with computed weights or a bias is not supported")
    shape, result = shape_of(op.x), shape_of(op.result)
    wire, channels = pixels(op, op.x, conversion)
    lead, window = (1,) * (4 - len(shape)), op.window()
    none, begin, end = (0,) * len(lead), window.begin(), window.end()
    phases = transposed(
        weights.reshape(*weights.shape[:2], *lead, *weights.shape[2:]),
        _image(shape),
        (*lead, *window.strides),
        (*lead, *window.dilations),
        (*none, *begin, *none, *end),
        (*none, *int_values(op.output_padding)),
        op.group.value.data,
    )
    v, h = phases.vertical, phases.horizontal
    geometry = Geometry(
        *_image(shape), shape[1], (v.kernel, h.kernel), (1, 1), (1, 1), (v.begin, h.begin, v.end, h.end)
    )
    source = _images(op, wire.channel, shape[0], geometry, 0, conversion)
    matrix = phases.matrix.reshape(-1, v.kernel * h.kernel, shape[1])[:, :, channels]
    positions = shape[0] * v.blocks * h.blocks
    unit = add_matrix_unit(op, source, matrix.reshape(matrix.shape[0], -1), integer_of(op.x), positions, conversion)
    rows = np.arange(positions * unit.rows) % unit.rows
    row = h.stride * result[1]
    source, stem = unit.result, conversion.stem(op)
    if v.stride > 1 and h.blocks > 1:
        reorder = stream.ReorderOp(
            conversion.names.take(f"{stem}_reorder"), source, (h.blocks, v.stride, row), (1, 0, 2), shape[0] * v.blocks
        )
        conversion.emit(op, reorder)
        rows = rows.reshape(-1, h.blocks, v.stride, row).transpose(0, 2, 1, 3).ravel()
        source = reorder.result
    dims = (shape[0], v.blocks * v.stride, h.blocks * h.stride, result[1])
    kept = [(0, shape[0], 1), (v.start, v.size, 1), (h.start, h.size, 1), (0, result[1], 1)]
    if any(size != dim for dim, (_, size, _) in zip(dims, kept, strict=True)):
        source = cropped(op, source, dims, kept, conversion.names.take(f"{stem}_crop"), conversion)
        rows = rows.reshape(dims)[:, v.start : v.start + v.size, h.start : h.start + h.size].ravel()
    order = pixel_order(result, np.arange(result[1]))
    conversion.define(op.result, source, order, carrier=Carrier(unit, rows))


def max_pool(op: qnn.MaxPoolOp, conversion: Conversion) -> None:
    """Window and maximum; padding has the smallest value of the type and so never wins."""
    lowest = type_range(integer_of(op.x))[0]
    _pool(op, op.x, op.window(), lowest, PoolKind.MAX, conversion)


def sum_pool(op: qnn.SumPoolOp, conversion: Conversion) -> None:
    """Window and sum."""
    _pool(op, op.x, op.window(), 0, PoolKind.SUM, conversion)


def _pool(op: Operation, x: SSAValue, window: Window, pad_value: int, kind: PoolKind, conversion: Conversion) -> None:
    windows, result = _windows(op, x, window, pad_value, conversion), op.results[0]
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
    conversion.define(result, actor.result, pixel_order(shape_of(result), windows.channels))


def _pooled(kind: PoolKind, result: IntegerType, source: IntegerType) -> IntegerType:
    """The element of a pool: a maximum keeps that of its input."""
    return source if kind == PoolKind.MAX else result


def _windows(op: Operation, x: SSAValue, window: Window, pad_value: int, conversion: Conversion) -> Windows:
    """The windows of `x` [N, C, *spatial]; none is needed where a window is one pixel and all are taken in turn."""
    shape = shape_of(x)
    if len(shape) not in (3, 4):
        raise Unsupported(f"{len(shape) - 2} spatial axes are not supported")
    wire, channels = pixels(op, x, conversion)
    geometry = _geometry(shape, window, shape_of(op.results[0])[2:])
    positions = shape[0] * math.prod(geometry.positions)
    if geometry.taps == 1 and geometry.strides == (1, 1) and not any(geometry.pads):
        return Windows(wire.channel, positions, 1, channels)
    if any(geometry.pads):
        wire = holding(op, wire, conversion, pad_value)
    else:
        pad_value = 0  # no window reaches it
    source = _images(op, wire.channel, shape[0], geometry, pad_value, conversion)
    return Windows(source, positions, geometry.taps, channels)


def _images(
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


def _image(shape: tuple[int, ...]) -> tuple[int, int]:
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


def pixel_order(shape: tuple[int, ...], channels: IntArray) -> IntArray:
    """The order of a tensor [N, C, *spatial] that travels pixel by pixel, `channels` of each in that sequence."""
    return natural_nest(shape, pixel_axes(len(shape))).with_axis(1, channels).order()
