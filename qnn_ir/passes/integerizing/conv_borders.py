"""
The padding of a convolution whose input has no integer that means zero.

A small factor makes one (`rezero`). Where there is none, padding stores the integer nearest to zero, which stands for a
residue b, and every output takes back what it got too much: b times the weights that meet the padding there, exactly.
"""

from fractions import Fraction
from functools import reduce
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qnn_ir.analysis import transfer
from qnn_ir.analysis.rational import Coef, coef
from qnn_ir.analysis.value import Affine, Value, affine_form
from qnn_ir.dialects import qnn
from qnn_ir.errors import UserError
from qnn_ir.passes.integerizing.walk import Walk, shifted
from qnn_ir.passes.integerizing.weights import Weights, channels_of, weights_of

Ints = NDArray[np.int64]


def near_zero(walk: Walk, value: Value, form: Affine) -> tuple[Value, Affine]:
    """Shifted per row so that the stored 0 is in range and as near to zero as it can be; it means `form.b`."""
    count = value.rows
    pairs = zip(form.s.expand(count), form.b.expand(count), strict=True)
    nearest = np.array([round(b / s) if s else 0 for s, b in pairs], np.int64)
    p = np.clip(nearest, -form.hi, -form.lo)
    residue = form.b - form.s * coef(Fraction(n) for n in p.tolist())
    value = shifted(walk, value, form, np.ones_like(p), p, form.s, residue)
    found = affine_form(value)
    assert found is not None
    return value, found


def border_bias(walk: Walk, op: qnn.ConvOp, value: Value, form: Affine, constant: Value) -> transfer.Constant:
    """What the outputs of a convolution over `value` have to take back: the stored 0 of its padding is not zero."""
    residue = channels_of(walk, value, form, 1)[1].b
    weights = weights_of(constant, 0)
    scale = _scale_per_output(weights)
    masks, place = _inside(op)
    total = weights.q.reshape(*weights.q.shape[:2], -1).sum(axis=2)
    met = reduce(lambda taps, mask: np.tensordot(taps, mask, axes=([2], [1])), masks, weights.q)
    border = total.reshape(*total.shape, *(1,) * len(masks)) - met  # (outputs, inputs of the group, kinds...)
    numbers = np.empty((len(border), *border.shape[2:]), object)
    per_group = len(border) // op.group.value.data
    for output, part in enumerate(border):
        first = output // per_group * border.shape[1]
        own = [residue[first + i] for i in range(border.shape[1])]
        factor = -scale[output if len(scale) > 1 else 0]
        numbers[output] = _weighted(part, own, factor)
    spread: NDArray[Any] = numbers[np.ix_(np.arange(len(border)), *place)]
    approximate = residue.approximate or scale.approximate
    return transfer.Constant((1, *spread.shape), coef(spread.ravel().tolist(), approximate))


def _weighted(part: Ints, residues: list[Fraction], factor: Fraction) -> NDArray[Any]:
    """`factor * sum_i residue_i * part_i` in rationals, (kinds...)."""
    flat = part.reshape(len(part), -1)
    sums = [factor * sum((r * int(n) for r, n in zip(residues, column, strict=True)), Fraction(0)) for column in flat.T]
    found = np.empty(len(sums), object)
    found[:] = sums
    return found.reshape(part.shape[1:])


def _scale_per_output(weights: Weights) -> Coef:
    ids = np.broadcast_to(weights.ids, weights.q.shape).reshape(len(weights.q), -1)
    if len(weights.s) > 1 and bool((ids != ids[:, :1]).any()):
        raise UserError(
            "pads with zero, which is no integer of its input's scale and bias, and has weights of several scales",
            remedy="put a quantiser in front of it",
        )
    return weights.s.take(ids[:, 0])


def _inside(op: qnn.ConvOp) -> tuple[list[Ints], list[Ints]]:
    """
    Per spatial axis: the kinds of positions, 1 for the taps that lie in the input (kinds, taps), and the kind of each
    position.
    """
    window, sizes = op.window(), qnn.shape_of(op.x)[2:]
    masks, places = list[Ints](), list[Ints]()
    for axis, positions in enumerate(qnn.shape_of(op.result)[2:]):
        start = np.arange(positions)[:, None] * window.strides[axis] - window.begin()[axis]
        at = start + np.arange(window.kernel[axis]) * window.dilations[axis]
        kinds, kind = np.unique((at >= 0) & (at < sizes[axis]), axis=0, return_inverse=True)
        masks.append(kinds.astype(np.int64))
        places.append(kind.reshape(-1))
    return masks, places
