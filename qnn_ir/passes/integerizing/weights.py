"""Constants as scaled integers, and sums of products with them in one canonical shape."""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from math import lcm

import numpy as np
from numpy.typing import NDArray

from qnn_ir.analysis.expr import REAL, peel
from qnn_ir.analysis.integer_ranges import dot_range
from qnn_ir.analysis.integerize import roots
from qnn_ir.analysis.rational import Coef, coef, common_divisor, dyadic_integers, scalar
from qnn_ir.analysis.value import Affine, Value, affine_form, constant_integers, constant_numbers, finite_data, gather
from qnn_ir.errors import UserError
from qnn_ir.passes.integerizing.walk import Walk, shifted

Ints = NDArray[np.int64]
RAW_BITS = 24
FOLD_BITS = 8
WIDE_BITS = 36
UNIT_BITS = 16


@dataclass(eq=False)
class Weights:
    """`s[ids] * q`: integers of the tensor's shape, `ids` broadcastable to it."""

    q: Ints
    s: Coef
    ids: Ints


def weights_of(value: Value, channel_axis: int) -> Weights:
    """A constant as scaled integers; UserError if its numbers are no multiples of a reasonable unit."""
    parts = roots(value)
    if parts is not None:
        q = constant_integers(value, [p.integer for p in parts])
        s, b = gather(value, lambda e: peel(e)[0]), gather(value, lambda e: peel(e)[1])
        return _without_offset(Weights(q, s, value.gid), b)
    data = finite_data(value)
    if len(value.pieces) == 1 and peel(value.pieces[0].expr)[2] is REAL:
        s, b, _ = peel(value.pieces[0].expr)
        if b.is_constant(0) and len(s) == 1:
            return _raw(data, s, channel_axis)
    return _from_numbers(value)


def _without_offset(weights: Weights, b: Coef) -> Weights:
    """Offsets (zero points) are added to the integers; fractional ones scale them up."""
    if b.is_constant(0):
        return weights
    offset = b / weights.s
    factor = lcm(*(v.denominator for v in offset.values))
    numbers = np.array([int(v * factor) for v in offset.values], np.int64)
    shift = numbers[weights.ids] if len(numbers) > 1 else numbers[0]
    return Weights(weights.q * factor + shift, weights.s * scalar(Fraction(1, factor)), weights.ids)


def _raw(data: NDArray[np.float64], s: Coef, channel_axis: int) -> Weights:
    """Floats: multiples of one power of two times an integer, per tensor or per channel."""
    one = np.zeros((1,) * data.ndim, np.int64)
    if found := dyadic_integers(data, RAW_BITS):
        return Weights(found[0], s * scalar(found[1]), one)
    columns = np.moveaxis(data, channel_axis, 0)
    parts = [dyadic_integers(column, RAW_BITS) for column in columns]
    if any(part is None for part in parts):
        raise UserError("has weights that are not quantised", remedy="export the network with its weight quantisers")
    q = np.moveaxis(np.stack([part[0] for part in parts if part]), 0, channel_axis)
    ids = np.arange(len(parts)).reshape([-1 if axis == channel_axis else 1 for axis in range(data.ndim)])
    return Weights(q, s * coef(part[1] for part in parts if part), ids)


def _from_numbers(value: Value) -> Weights:
    if int(np.prod(value.shape)) > 1 << 16:
        raise UserError("has weights that are not quantised", remedy="export the network with its weight quantisers")
    numbers = constant_numbers(value)
    unit = common_divisor(numbers.values)
    q = [int(v / unit) for v in numbers.expand(int(np.prod(value.shape)))]
    if max((abs(v).bit_length() for v in q), default=0) > RAW_BITS:
        raise UserError("has weights that are not quantised", remedy="export the network with its weight quantisers")
    return Weights(
        np.array(q, np.int64).reshape(value.shape), scalar(unit), np.zeros((1,) * len(value.shape), np.int64)
    )


@dataclass(eq=False)
class Channels:
    """The affine form of an operand per input channel: one s, b and range each."""

    s: Coef
    b: Coef
    lo: Ints
    hi: Ints


def channels_of(walk: Walk, value: Value, form: Affine, axis: int) -> tuple[Value, Channels]:
    """
    The rows of `value` united over all axes but `axis`.

    Where scales differ over positions the integers are brought to one unit; UserError where there is no small one.
    """
    if (found := _united(value, form, axis)) is None:
        value, form = _one_unit(walk, value, form)
        found = _united(value, form, axis)
    assert found is not None
    return value, found


def _united(value: Value, form: Affine, axis: int) -> Channels | None:
    size = value.shape[axis]
    gid = np.moveaxis(np.broadcast_to(value.gid, value.shape), axis, 0) if value.gid.size > 1 else value.gid
    gid = gid.reshape(size, -1) if value.gid.size > 1 else np.broadcast_to(value.gid.reshape(1, 1), (size, 1))
    gid = gid[:, :1] if bool((gid == gid[:, :1]).all()) else gid
    first = gid[:, 0]
    if gid.shape[1] > 1 and max(len(form.s), len(form.b)) > 1:
        ids = dict[tuple[Fraction, Fraction], int]()
        count = value.rows
        pairs = zip(form.s.expand(count), form.b.expand(count), strict=True)
        kinds = np.array([ids.setdefault(pair, len(ids)) for pair in pairs])[gid]
        if (kinds != kinds[:, :1]).any():
            return None
    return Channels(form.s.take(first), form.b.take(first), form.lo[gid].min(axis=1), form.hi[gid].max(axis=1))


def _one_unit(walk: Walk, value: Value, form: Affine) -> tuple[Value, Affine]:
    """All rows on one scale and bias: `s * q + b = unit * (r * q + p) + b0`."""
    origin = form.b[0]
    offsets = [b - origin for b in form.b.expand(value.rows)]
    unit = common_divisor((*form.s.values, *offsets))
    r, p = [v / unit for v in form.s.expand(value.rows)], [v / unit for v in offsets]
    wide = max(abs(int(v)).bit_length() for v in (*r, *p))
    if form.s.approximate or form.b.approximate or wide > UNIT_BITS:
        raise UserError(
            "reads a tensor whose scale differs between positions", remedy="quantise it with one scale per channel"
        )
    factor, offset = (np.array([int(v) for v in numbers], np.int64) for numbers in (r, p))
    value = shifted(walk, value, form, factor, offset, scalar(unit), scalar(origin))
    found = affine_form(value)
    assert found is not None
    return value, found


@dataclass(eq=False)
class Dot:
    """
    One accumulator of every output: integers `w` (O, I, T) times stored integers, `s` per output.

    The real result is the sum over all accumulators plus `bias`.
    """

    w: Ints
    s: Coef
    lo: Ints
    hi: Ints


Range = Callable[[Ints, Ints, Ints], tuple[Ints, Ints]]


def dots(
    w: Ints, ids: Ints, ws: Coef, x: Channels, channel: Ints, range_of: Range = dot_range
) -> tuple[list[Dot], Coef]:
    """
    `sum x[channel[o, i]] * ws[ids[o, i, t]] * w[o, i, t]` as accumulators with one scale per output, and the bias.

    Different scales under one sum are folded into the weights where that costs little, else they get accumulators
    of their own.
    """
    lo, hi = (
        (x.lo[channel], x.hi[channel]) if len(x.lo) > 1 else (np.broadcast_to(e, channel.shape) for e in (x.lo, x.hi))
    )
    ids = np.broadcast_to(ids, w.shape) if ids.size > 1 else np.zeros(w.shape, np.int64)
    bias = _bias(w, ids, ws, x, channel)
    flat = ids.reshape(len(w), -1)
    if len(x.s) == 1 and bool((flat == flat[:, :1]).all()):
        return [Dot(w, x.s * ws.take(flat[:, 0]), *range_of(w, lo, hi))], bias
    return _mixed(w, ids, ws, x, channel, (lo, hi), range_of), bias


def _bias(w: Ints, ids: Ints, ws: Coef, x: Channels, channel: Ints) -> Coef:
    if x.b.is_constant(0):
        return scalar(0)
    totals = [Fraction(0)] * len(w)
    offsets = np.zeros(1, np.int64) if len(x.b) == 1 else channel
    kinds = {v: n for n, v in enumerate(dict.fromkeys(x.b.values))}
    kind = np.array([kinds[v] for v in x.b.values])[offsets]
    kind = np.broadcast_to(kind, channel.shape)
    for value, number in kinds.items():
        for scale in range(len(ws)) if len(ws) > 1 else (0,):
            chosen = (kind == number)[:, :, None] & (ids == scale if len(ws) > 1 else True)
            if not value or not chosen.any():
                continue
            for o, total in enumerate(np.where(chosen, w, 0).sum(axis=(1, 2)).tolist()):
                totals[o] += value * ws[scale] * total
    return coef(totals, x.b.approximate or ws.approximate)


def _mixed(
    w: Ints, ids: Ints, ws: Coef, x: Channels, channel: Ints, ends: tuple[Ints, Ints], range_of: Range
) -> list[Dot]:
    """Several scales under the sums: fold into one accumulator, or one per scale of the input."""
    kinds = {v: n for n, v in enumerate(dict.fromkeys(x.s.values))}
    kind = np.array([kinds[v] for v in x.s.values])[channel if len(x.s) > 1 else np.zeros_like(channel)]
    joint = np.broadcast_to(kind[:, :, None] * len(ws) + (ids if len(ws) > 1 else 0), w.shape)
    scales = [a * b for a in kinds for b in ws.values]
    if folded := _fold(w, joint, scales):
        return [Dot(folded[0], folded[1], *range_of(folded[0], *ends))]
    clusters = _clusters(w, joint, scales, [np.broadcast_to((kind == n)[:, :, None], w.shape) for n in kinds.values()])
    result = [Dot(q, s, *range_of(q, *ends)) for q, s in clusters]
    if len(result) > 2 and (wide := _fold(w, joint, scales, WIDE_BITS)):
        # an order-preserving sum of more than two is not known; wide weights are exact
        return [Dot(wide[0], wide[1], *range_of(wide[0], *ends))]
    return result


def _clusters(w: Ints, joint: Ints, scales: list[Fraction], kinds: list[NDArray[np.bool_]]) -> list[tuple[Ints, Coef]]:
    """Weights of every kind of input, those of commensurable scales in one accumulator."""
    found = list[tuple[NDArray[np.bool_], tuple[Ints, Coef]]]()
    for kind in kinds:
        if not (w * kind).any():
            continue
        for place, (mask, _) in enumerate(found):
            if folded := _fold(w * (mask | kind), joint, scales):
                found[place] = mask | kind, folded
                break
        else:
            folded = _fold(w * kind, joint, scales, RAW_BITS)
            if folded is None:
                raise UserError("has weights of incommensurable scales", remedy="use one scale per output channel")
            found.append((kind, folded))
    return [folded for _, folded in found]


def _fold(w: Ints, joint: Ints, scales: list[Fraction], bits: int = FOLD_BITS) -> tuple[Ints, Coef] | None:
    """`(w', s)` with `scales[joint] * w == s * w'`, the factors of at most `bits`; None otherwise."""
    units, factors = list[Fraction](), np.zeros((len(w), len(scales)), np.int64)
    for o in range(len(w)):
        used: list[int] = np.unique(joint[o][w[o] != 0]).tolist()
        unit = common_divisor(scales[k] for k in used)
        for k in used:
            factor = int(scales[k] / unit)
            if abs(factor).bit_length() > bits:
                return None
            factors[o, k] = factor
        units.append(unit)
    return w * factors[np.arange(len(w))[:, None, None], joint], coef(units)
