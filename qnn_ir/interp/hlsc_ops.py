"""What each data operation of `hlsc` computes: a function of NumPy values, made once per operation."""

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
from xdsl.ir import Attribute, Operation, SSAValue

from qnn_ir.dialects import hlsc
from qnn_ir.dialects.hlsc import range_of, shape_of
from qnn_ir.interp.hlsc_values import Array, HlscError, check_range, is_word, payload, recast, recaster, splat, widener

Function: TypeAlias = Callable[..., Array]
Unary: TypeAlias = Callable[[Array], Array]
Binary: TypeAlias = Callable[[Array, Array], Array]
Ternary: TypeAlias = Callable[[Array, Array, Array], Array]

EXACT_FLOAT = 1 << 53
"""Integers up to here are exact in float64, so matrix products may use BLAS."""


def function_of(op: Operation) -> Function | None:
    """What `op` computes from its operands, `None` where it is no such operation."""
    maker = _MAKERS.get(type(op))
    return maker(op) if maker else None


def _lift(fn: Function, *types: Attribute) -> Function:
    """A lanewise function whose scalar operands go to every lane."""
    rank = max(len(shape_of(t)) for t in types)
    if all(len(shape_of(t)) == rank for t in types):
        return fn
    missing = [() if len(shape_of(t)) == rank else (1,) * rank for t in types]

    def lifted(*values: Array) -> Array:
        return fn(*(v.reshape(v.shape + ones) for v, ones in zip(values, missing, strict=True)))

    return lifted


def _binary(fn: Binary) -> Callable[[Any], Function]:
    return lambda op: _lift(fn, op.lhs.type, op.rhs.type)


def _constant(op: hlsc.ConstantOp) -> Function:
    value = splat(op.value.value.data, op.result.type)
    return lambda: value


def _extend(op: hlsc.ExtendOp) -> Unary:
    return widener(op.input.type, op.result.type)


def _narrow(op: hlsc.NarrowOp) -> Unary:
    type_, place = op.result.type, f"{op.name} of %{op.input.name_hint}"
    return lambda x: check_range(x, type_, place)


def _bitcast(op: hlsc.BitcastOp) -> Unary:
    return recaster(op.input.type, op.result.type)


def _mux(op: hlsc.MuxOp) -> Function:
    condition, target = op.condition.type, op.result.type
    first, second = widener(op.lhs.type, target), widener(op.rhs.type, target)
    ones = () if shape_of(condition) else (1,) * len(shape_of(target))
    ones += (1,) if is_word(target) else ()

    def mux(c: Array, lhs: Array, rhs: Array) -> Array:
        c = c.reshape(c.shape + ones).astype(bool)
        return np.where(c, first(lhs), second(rhs))

    return mux


def _derived(value: SSAValue, derive: Unary) -> Unary:
    """`derive`, kept for the words of a rom: these stay alive, so their identity is a key."""
    load = value.owner
    if not (isinstance(load, hlsc.LoadOp) and isinstance(load.memory.owner, hlsc.RomOp)):
        return derive
    cache: dict[int, Array] = {}

    def derived(word: Array) -> Array:
        if (kept := cache.get(id(word))) is None:
            kept = cache[id(word)] = derive(word)
        return kept

    return derived


def _dot(op: hlsc.DotOp) -> Binary:
    lo, hi = range_of(op.needed())
    dtype = np.float64 if max(-lo, hi) < EXACT_FLOAT else np.int64
    rows = _derived(op.w, lambda w: np.swapaxes(w, 1, 2).astype(dtype))

    def dot(x: Array, w: Array) -> Array:
        tile = rows(w)
        if len(tile) == 1:
            return (x.astype(dtype) @ tile[0]).astype(np.int64)
        return (x.astype(dtype)[:, None, :] @ tile)[:, 0].astype(np.int64)

    return dot


def _count_ge(op: hlsc.CountGeOp) -> Binary:
    del op
    return lambda acc, t: np.count_nonzero(acc[..., None] >= t, axis=-1)


def _step_sum(op: hlsc.StepSumOp) -> Ternary:
    del op
    return lambda acc, t, d: ((acc[..., None] >= t) * d).sum(axis=-1)


def _requant(op: hlsc.RequantOp) -> Function:
    shift, lo, hi = op.shift.value.data, op.lo.value.data, op.hi.value.data
    half_even = op.rounding.data is hlsc.Rounding.HALF_EVEN and shift > 0
    wide = is_word(hlsc.narrowest((), op.inner_range()))

    def requant(x: Array, m: Array, c: Array) -> Array:
        total = (x.astype(object) if wide else x) * m + c
        floor = total >> shift
        if half_even:
            rest, half = total - (floor << shift), 1 << shift - 1
            floor = floor + ((rest > half) | ((rest == half) & (floor & 1 == 1)))
        return np.clip(floor, lo, hi).astype(np.int64)

    return _lift(requant, op.input.type, op.m.type, op.c.type)


def _plane(op: hlsc.PlaneOp) -> Unary:
    source, target, bit = op.x.type, op.result.type, op.bit.value.data
    flat = hlsc.value_type(shape_of(source), hlsc.element_of(hlsc.narrowest((), (0, 1))))

    def plane(x: Array) -> Array:
        return recast(x[..., bit].astype(np.int64) if is_word(source) else x >> bit & 1, flat, target)

    return plane


def _popcount(op: hlsc.PopcountOp) -> Unary:
    if is_word(op.w.type):
        return lambda w: w.sum(axis=-1, dtype=np.int64)
    return lambda w: np.bitwise_count(w).astype(np.int64)


def _words(op: hlsc.XnorPopcountOp | hlsc.AndPopcountOp) -> Binary:
    """Popcounts of a word with many: by machine words where they fit, else as a matrix product of bits."""
    width, xnor = hlsc.element_of(op.x.type).width.data, isinstance(op, hlsc.XnorPopcountOp)
    if not is_word(op.x.type):
        if xnor:
            return lambda x, w: width - np.bitwise_count(x[:, None] ^ w).astype(np.int64)
        return lambda x, w: np.bitwise_count(x[:, None] & w).astype(np.int64)

    rows = _derived(op.w, lambda w: np.swapaxes(w, 1, 2).astype(np.float64))

    def words(x: Array, w: Array) -> Array:
        bits, tile = x.astype(np.float64), rows(w)
        common = bits @ tile[0] if len(tile) == 1 else (bits[:, None, :] @ tile)[:, 0]
        if xnor:
            common = width - bits.sum(axis=-1)[:, None] - tile.sum(axis=1) + 2 * common
        return common.astype(np.int64)

    return words


def _slice(op: hlsc.SliceOp) -> Unary:
    start, end = op.offset.value.data, op.offset.value.data + op.size.value.data
    return lambda x: x[:, start:end]


def _concat(op: hlsc.ConcatOp) -> Function:
    del op

    def concat(*values: Array) -> Array:
        frames = max(len(v) for v in values)
        return np.concatenate([np.broadcast_to(v, (frames, *v.shape[1:])) for v in values], axis=1)

    return concat


def _shl(op: hlsc.ShlOp) -> Unary:
    amount = op.amount.value.data
    return lambda x: x << amount


def _greater(a: Array, b: Array) -> Array:
    return (a > b).astype(np.int64)


def _greater_equal(a: Array, b: Array) -> Array:
    return (a >= b).astype(np.int64)


def _sum(x: Array) -> Array:
    return x.sum(axis=-1)


def _max(x: Array) -> Array:
    return x.max(axis=-1)


def lookup(op: hlsc.LookupOp) -> Callable[[Array, Array], Array]:
    """A function of the word of the memory and the input."""
    lo, shared = op.lo.value.data, len(shape_of(payload(op.memory))) == 1
    lanes = max(1, hlsc.lanes_of(op.input.type))

    def look(word: Array, x: Array) -> Array:
        at, size = x - lo, word.shape[-1]
        if at.size and (at.min() < 0 or at.max() >= size):
            raise HlscError(f"{op.name}: [{x.min()}, {x.max()}] is not in [{lo}, {lo + size})")
        if shared:
            return word[0][at]
        flat = word[0].reshape(lanes, size)[np.arange(lanes), at.reshape(len(at), lanes)]
        return flat.reshape(x.shape)

    return look


_MAKERS: dict[type[Operation], Callable[[Any], Function]] = {
    hlsc.ConstantOp: _constant,
    hlsc.ExtendOp: _extend,
    hlsc.NarrowOp: _narrow,
    hlsc.BitcastOp: _bitcast,
    hlsc.MuxOp: _mux,
    hlsc.AddOp: _binary(np.add),
    hlsc.SubOp: _binary(np.subtract),
    hlsc.MulOp: _binary(np.multiply),
    hlsc.MaxOp: _binary(np.maximum),
    hlsc.MinOp: _binary(np.minimum),
    hlsc.GreaterOp: _binary(_greater),
    hlsc.GreaterEqualOp: _binary(_greater_equal),
    hlsc.ShlOp: _shl,
    hlsc.ReduceAddOp: lambda op: _sum,
    hlsc.ReduceMaxOp: lambda op: _max,
    hlsc.DotOp: _dot,
    hlsc.RequantOp: _requant,
    hlsc.CountGeOp: _count_ge,
    hlsc.StepSumOp: _step_sum,
    hlsc.PlaneOp: _plane,
    hlsc.PopcountOp: _popcount,
    hlsc.XnorPopcountOp: _words,
    hlsc.AndPopcountOp: _words,
    hlsc.SliceOp: _slice,
    hlsc.ConcatOp: _concat,
}
