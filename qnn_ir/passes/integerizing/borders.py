"""The rule of padding: a border on the grid of the tensor, or one that is a group of its own."""

from collections.abc import Callable
from fractions import Fraction
from functools import partial

import numpy as np
from numpy.typing import NDArray

from qnn_ir.analysis.align import PairBase
from qnn_ir.analysis.expr import VAR, ZERO, affine
from qnn_ir.analysis.rational import scalar
from qnn_ir.analysis.transfer import number, scale_shift
from qnn_ir.analysis.value import Affine, Base, Piece, Value, affine_form, of_base
from qnn_ir.dialects import qnn
from qnn_ir.errors import UserError
from qnn_ir.passes.integerizing.linear import ZERO_BITS, offsets, rezero, zero_bits
from qnn_ir.passes.integerizing.walk import Walk

FINER_BITS = 8
"""How much finer a grid may become for a border to lie on it; a convolution wants one grid, wider integers cost it."""


def pad(walk: Walk, op: qnn.PadOp) -> Value:
    """The border is the stored integer of its value, on a finer grid where the tensor's own has none."""
    fill = Fraction(op.value.value.data)
    try:
        value, form = walk.affine(op.x)
    except UserError:
        return _apart(walk, op, walk.materialize(op.x), fill)
    if (found := _on_grid(walk, value, form, fill)) is None:
        return _apart(walk, op, value, fill)
    value, form, border = found
    result = walk.emit(qnn.PadOp(walk.handle(value.base), op.pads.get_values(), float(border)))
    gid = _padding(op)(np.broadcast_to(value.gid, value.shape), mode="edge")
    base = Base(gid.shape, gid, np.minimum(form.lo, border), np.maximum(form.hi, border), result)
    return of_base(base, form.s, form.b)


def _on_grid(walk: Walk, value: Value, form: Affine, fill: Fraction) -> tuple[Value, Affine, int] | None:
    """`value` with one stored integer that means `fill`, its form, that integer; None where the grid gets too fine."""
    if all(form.s.values):
        stored = (scalar(fill) - form.b) / form.s
        if stored.integral.all() and len(set(stored.values)) == 1:
            return value, form, int(stored[0])
    above = Affine(form.s, form.b - scalar(fill), form.lo, form.hi)
    finer = max(offset.denominator.bit_length() for offset in offsets(above.s, above.b))
    if finer > FINER_BITS or zero_bits(above) > ZERO_BITS:
        return None
    value, _ = rezero(walk, value, above)
    value = scale_shift(value, number(1), number(fill))
    found = affine_form(value)
    assert found is not None
    return value, found, 0


def _apart(walk: Walk, op: qnn.PadOp, value: Value, fill: Fraction) -> Value:
    """Any function of stored integers: the elements of the border are a group of their own, which is constant."""
    if isinstance(value.base, PairBase):
        raise UserError("pads a sum of two tensors", remedy="put a quantiser in front of it")
    stored, padding = value.base, _padding(op)
    lo, hi = (int(pick(end)) for pick, end in zip((np.min, np.max), stored.stored_range(), strict=True))
    border = min(max(0, lo), hi)
    groups = padding(np.broadcast_to(stored.gid, stored.shape), constant_values=len(stored.lo))
    base = Base(groups.shape, groups, np.append(stored.lo, border), np.append(stored.hi, border))
    base.sign = np.append(stored.sign, 1)
    base.handle = walk.emit(qnn.PadOp(walk.handle(stored), op.pads.get_values(), float(border)))
    gid = padding(np.broadcast_to(value.gid, value.shape), constant_values=value.rows)
    outside = Piece(np.array([value.rows]), affine(ZERO, scalar(fill), VAR))
    return Value(base, gid, np.append(value.base_rows, len(stored.lo)), (*value.pieces, outside))


def _padding(op: qnn.PadOp) -> Callable[..., NDArray[np.int64]]:
    """`numpy.pad` by the widths of `op`."""
    ends = np.array(op.pads.get_values()).reshape(2, -1).T
    return partial(np.pad, pad_width=[tuple(pair) for pair in ends.tolist()])
