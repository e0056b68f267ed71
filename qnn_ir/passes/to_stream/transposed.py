"""The lowering of transposed convolutions: all phases of a window at once."""

import math
from typing import NamedTuple

import numpy as np
from xdsl.ir import SSAValue

from qnn_ir.analysis.transposed import Transposed, transposed
from qnn_ir.constants import IntArray
from qnn_ir.dialects import qnn, stream
from qnn_ir.dialects.qnn import constant_value, int_values, shape_of
from qnn_ir.dialects.stream import Geometry
from qnn_ir.passes.to_stream.groups import Image, by_group, image_of, pixel_order, side_by_side
from qnn_ir.passes.to_stream.matrix import add_matrix_unit
from qnn_ir.passes.to_stream.movement import cropped
from qnn_ir.passes.to_stream.spatial import rows_and_columns, windows_of
from qnn_ir.passes.to_stream.state import Carrier, Conversion, Unsupported
from qnn_ir.passes.to_stream.types import integer_of


class Phases(NamedTuple):
    """The pixels that a unit has computed, in the sequence of an image, and where they come from."""

    channel: SSAValue
    carrier: Carrier


def conv_transpose(op: qnn.ConvTransposeOp, conversion: Conversion) -> None:
    """Per group a window of stride 1, a unit that computes all phases, a reorder that makes an image, and a crop."""
    weights = constant_value(op.w)
    if weights is None or op.bias is not None:
        raise Unsupported("a transposed convolution with computed weights or a bias is not supported")
    result, group = shape_of(op.result), op.group.value.data
    images = by_group(op, image_of(op, op.x, conversion), group, conversion)
    parts = [_part(op, *pair, conversion) for pair in zip(images, np.split(weights, group), strict=True)]
    source = side_by_side(op, [part.channel for part in parts], result[0] * math.prod(result[2:]), conversion)
    order = pixel_order(result, np.arange(result[1]))
    conversion.define(op.result, source, order, carrier=parts[0].carrier if group == 1 else None)


def _part(op: qnn.ConvTransposeOp, image: Image, weights: IntArray, conversion: Conversion) -> Phases:
    """The group of outputs that `weights` [inputs, outputs, *kernel] compute from `image`."""
    shape, outputs = image.shape, weights.shape[1]
    phases = _phases(op, shape, weights)
    v, h = phases.vertical, phases.horizontal
    geometry = Geometry(
        *rows_and_columns(shape), shape[1], (v.kernel, h.kernel), (1, 1), (1, 1), (v.begin, h.begin, v.end, h.end)
    )
    source = windows_of(op, image.wire.channel, shape[0], geometry, 0, conversion)
    matrix = phases.matrix.reshape(-1, v.kernel * h.kernel, shape[1])[:, :, image.channels]
    positions = shape[0] * v.blocks * h.blocks
    unit = add_matrix_unit(op, source, matrix.reshape(matrix.shape[0], -1), integer_of(op.x), positions, conversion)
    rows = np.arange(positions * unit.rows) % unit.rows
    row = h.stride * outputs
    source, stem = unit.result, conversion.stem(op)
    if v.stride > 1 and h.blocks > 1:
        reorder = stream.ReorderOp(
            conversion.names.take(f"{stem}_reorder"), source, (h.blocks, v.stride, row), (1, 0, 2), shape[0] * v.blocks
        )
        conversion.emit(op, reorder)
        rows = rows.reshape(-1, h.blocks, v.stride, row).transpose(0, 2, 1, 3).ravel()
        source = reorder.result
    dims = (shape[0], v.blocks * v.stride, h.blocks * h.stride, outputs)
    kept = [(0, shape[0], 1), (v.start, v.size, 1), (h.start, h.size, 1), (0, outputs, 1)]
    if any(size != dim for dim, (_, size, _) in zip(dims, kept, strict=True)):
        source = cropped(op, source, dims, kept, conversion.names.take(f"{stem}_crop"), conversion)
        rows = rows.reshape(dims)[:, v.start : v.start + v.size, h.start : h.start + h.size].ravel()
    return Phases(source, Carrier(unit, rows))


def _phases(op: qnn.ConvTransposeOp, shape: tuple[int, ...], weights: IntArray) -> Transposed:
    """The matrix of all phases; a single spatial axis is the horizontal one."""
    lead, window = (1,) * (4 - len(shape)), op.window()
    none = (0,) * len(lead)
    return transposed(
        weights.reshape(*weights.shape[:2], *lead, *weights.shape[2:]),
        rows_and_columns(shape),
        (*lead, *window.strides),
        (*lead, *window.dilations),
        (*none, *window.begin(), *none, *window.end()),
        (*none, *int_values(op.output_padding)),
    )
