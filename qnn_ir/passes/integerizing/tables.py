"""Constant tables that are read at positions which the network computes or reads: embeddings."""

from fractions import Fraction

import numpy as np
from numpy.typing import NDArray
from xdsl.ir import SSAValue

from qnn_ir import maps
from qnn_ir.analysis.expr import ZERO
from qnn_ir.analysis.rational import common_divisor, scalar
from qnn_ir.analysis.value import Base, Value, of_base
from qnn_ir.constants import int_type, type_range
from qnn_ir.dialects import qnn
from qnn_ir.errors import UserError
from qnn_ir.passes.integerizing.walk import Walk
from qnn_ir.passes.integerizing.weights import RAW_BITS, Weights, weights_of

Ints = NDArray[np.int64]
LARGEST = 1 << 16  # positions of a table


def lookup(walk: Walk, op: qnn.GatherOp) -> Value:
    """One map: every element of a row of the table is a function of the position."""
    constant = walk.value(op.x)
    if not constant.is_constant:
        raise UserError("gathers at positions that the network computes", remedy="make the indices a constant")
    table = walk.value(op.x).shape
    axis = op.axis.value.data % len(table)
    positions = _positions(walk, op, table[axis])
    weights = _one_scale_per_column(weights_of(constant, axis - 1), axis)
    shape = qnn.shape_of(op.result)
    handle, low, high = positions
    # beyond the proven range the type holds more numbers: they never occur
    first, last = type_range(int_type(low, high))
    known = np.clip(np.arange(first, last + 1), low, high) % table[axis]
    before, after = table[:axis], table[axis + 1 :]
    middle = (1,) * (len(shape) - len(before) - len(after))
    columns = np.moveaxis(weights.q, axis, -1).reshape(-1, table[axis])
    rows = columns[:, known]
    gid = np.arange(len(rows)).reshape(*before, *middle, *after)
    base = Base(shape, gid, rows.min(axis=1), rows.max(axis=1))
    source = Base(shape, np.zeros((1,) * len(shape), np.int64), np.array([low]), np.array([high]))
    lifted = (*(1,) * len(before), *qnn.shape_of(op.indices), *(1,) * len(after))
    source.handle = walk.emit(qnn.ReshapeOp(handle, lifted)) if lifted != qnn.shape_of(handle) else handle
    if lifted != shape:
        factors = tuple(n // m for n, m in zip(shape, lifted, strict=True))
        source.handle = walk.emit(qnn.ResizeOp(source.handle, factors))
    base.handle = walk.map_op(source, maps.Table(rows, first), gid, base)
    ids = np.broadcast_to(weights.ids, table).take(0, axis).ravel()
    return of_base(base, weights.s.take(ids), ZERO)


def _positions(walk: Walk, op: qnn.GatherOp, size: int) -> tuple[SSAValue, int, int]:
    """The stored positions and their range, which must lie in the table."""
    value, form = walk.affine(op.indices)
    if not (form.s.is_constant(1) and form.b.is_constant(0)):
        raise UserError("reads positions that are scaled", remedy="make them integers of scale 1")
    low, high = int(form.lo.min()), int(form.hi.max())
    if size > LARGEST:
        raise UserError(f"is a table of {size} rows", remedy="use smaller vocabularies")
    if low < -size or high >= size:
        raise UserError(
            f"reads positions [{low}, {high}] of a table of {size} rows",
            remedy="give the positions a type or a quantiser that keeps them inside",
        )
    return walk.handle(value.base), low, high


def _one_scale_per_column(weights: Weights, axis: int) -> Weights:
    """Scales that differ between the rows of the table are brought to one unit."""
    if weights.ids.ndim <= axis or weights.ids.shape[axis] == 1:
        return weights
    unit = common_divisor(weights.s.values)
    factors = [v / unit for v in weights.s.values]
    if max(abs(f.numerator).bit_length() for f in factors) > RAW_BITS:
        raise UserError("is a table with rows of incommensurable scales", remedy="use one scale for the whole table")
    numbers = np.array([int(f) for f in factors], np.int64)
    one = np.zeros((1,) * weights.q.ndim, np.int64)
    return Weights(weights.q * numbers[weights.ids if len(numbers) > 1 else 0], scalar(Fraction(unit)), one)
