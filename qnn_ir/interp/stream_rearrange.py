"""Executable semantics of the actors that move elements; a channel is (N, elements per frame)."""

import numpy as np
from numpy.typing import NDArray

from qnn_ir.dialects.stream.rearrange import ConcatOp, CropOp, ReorderOp, UpsampleOp

IntArray = NDArray[np.int64]


def concat(op: ConcatOp, operands: list[IntArray]) -> list[IntArray]:
    """Vector by vector, one input behind the other."""
    count, vectors = operands[0].shape[0], op.vectors.value.data
    parts = [x.reshape(count, vectors, part) for x, part in zip(operands, op.parts(), strict=True)]
    return [np.concatenate(parts, axis=2).reshape(count, -1)]


def crop(op: CropOp, operands: list[IntArray]) -> list[IntArray]:
    """Evenly spaced indices of every axis."""
    count = operands[0].shape[0]
    chosen = [slice(start, start + (size - 1) * step + 1, step) for start, size, step in op.axes()]
    return [operands[0].reshape(count, *op.dims())[:, *chosen].reshape(count, -1)]


def upsample(op: UpsampleOp, operands: list[IntArray]) -> list[IntArray]:
    """Every pixel as often as the factors say."""
    count = operands[0].shape[0]
    vertical, horizontal = op.factors.get_values()
    image = operands[0].reshape(count, *op.shape.get_values())
    return [image.repeat(vertical, axis=1).repeat(horizontal, axis=2).reshape(count, -1)]


def reorder(op: ReorderOp, operands: list[IntArray]) -> list[IntArray]:
    """Every block transposed."""
    count = operands[0].shape[0]
    blocks = operands[0].reshape(count, op.blocks.value.data, *op.dims())
    return [blocks.transpose(0, 1, *(2 + axis for axis in op.order())).reshape(count, -1)]
