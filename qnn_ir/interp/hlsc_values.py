"""
Values of `hlsc` in NumPy.

A value has a leading frame axis of length N, or 1 where it is the same in all frames. Behind it lie the lanes. Lanes of
at most 62 bits are int64: shape (N, *lanes). Wider integers are words of bits: shape (N, *lanes, bits), uint8, lowest
bit first. An undefined value (a disabled read, a word not yet stored) is `None`.
"""

from collections.abc import Callable
from typing import Any, TypeAlias, cast

import numpy as np
from numpy.typing import NDArray
from xdsl.ir import Attribute, SSAValue

from qnn_ir.dialects import hlsc
from qnn_ir.dialects.hlsc import bits_of, element_of, range_of, shape_of
from qnn_ir.dialects.hlsc.types import ARITHMETIC_BITS

Array: TypeAlias = NDArray[Any]


class HlscError(Exception):
    """A process that cannot go on: a deadlock, a value outside its type, an undefined value, a leftover token."""


def payload(value: SSAValue) -> Attribute:
    """The value type that a port, channel or memory carries."""
    return cast("hlsc.InType | hlsc.OutType | hlsc.ChanType | hlsc.MemType", value.type).value


def is_word(type_: Attribute) -> bool:
    """Whether lanes of the type are kept as bits."""
    return element_of(type_).width.data > ARITHMETIC_BITS


def array_shape(type_: Attribute) -> tuple[int, ...]:
    """The shape of a value behind its frame axis."""
    return shape_of(type_) + ((element_of(type_).width.data,) if is_word(type_) else ())


def to_bits(value: Array, type_: Attribute) -> Array:
    """All bits of a value, lane 0 lowest: uint8 (N, bits)."""
    frames, width = len(value), element_of(type_).width.data
    if is_word(type_) or width == 1:
        return (value.reshape(frames, bits_of(type_)) & 1).astype(np.uint8)
    size = next(s for s in (1, 2, 4, 8) if width <= 8 * s)
    octets = np.ascontiguousarray(value).astype(f"<u{size}").view(np.uint8).reshape(frames, -1, size)
    return np.unpackbits(octets, axis=-1, count=width, bitorder="little").reshape(frames, bits_of(type_))


def from_bits(bits: Array, type_: Attribute) -> Array:
    """The value with these bits."""
    frames, width = len(bits), element_of(type_).width.data
    if is_word(type_):
        return bits.reshape(frames, *array_shape(type_))
    octets = np.packbits(bits.reshape(frames, -1, width), axis=-1, bitorder="little")
    padded = np.zeros((*octets.shape[:2], 8), np.uint8)
    padded[..., : octets.shape[2]] = octets
    value = padded.view("<i8").reshape(frames, *shape_of(type_))
    if range_of(type_)[0] < 0:
        sign = 1 << (width - 1)
        value = (value ^ sign) - sign
    return value.astype(np.int64)


def recast(value: Array, source: Attribute, target: Attribute) -> Array:
    """The same bits in another type."""
    if source == target:
        return value
    if element_of(source) == element_of(target):
        return value.reshape(len(value), *array_shape(target))
    return from_bits(to_bits(value, source), target)


def widen(value: Array, source: Attribute, target: Attribute) -> Array:
    """The same integers in a type that holds them; a scalar goes to every lane."""
    if is_word(target):
        width = element_of(target).width.data
        bits = value if is_word(source) else to_bits(value.reshape(-1), element_of(source))
        bits = bits.reshape(*value.shape[: 1 + len(shape_of(source))], -1)
        padding = [(0, 0)] * (bits.ndim - 1) + [(0, width - bits.shape[-1])]
        value = np.pad(bits, padding)
    if shape_of(source) == shape_of(target):
        return value
    lanes = value.reshape(len(value), *(1,) * len(shape_of(target)), *value.shape[1:])
    return np.broadcast_to(lanes, (len(value), *array_shape(target)))


def recaster(source: Attribute, target: Attribute) -> Callable[[Array], Array]:
    """`recast` between two types, decided once."""
    return _same if source == target else lambda value: recast(value, source, target)


def widener(source: Attribute, target: Attribute) -> Callable[[Array], Array]:
    """`widen` between two types, decided once."""
    if shape_of(source) == shape_of(target) and not is_word(target):
        return _same
    return _same if source == target else lambda value: widen(value, source, target)


def _same(value: Array) -> Array:
    return value


def splat(value: int, type_: Attribute) -> Array:
    """`value` in every lane, the same in all frames."""
    element = element_of(type_)
    if is_word(element):
        scalar = np.array([[value >> i & 1 for i in range(element.width.data)]], np.uint8)
    else:
        scalar = np.array([value], np.int64)
    return widen(scalar, element, type_)


def check_range(value: Array, type_: Attribute, place: str) -> Array:
    """`value`, if all of it fits the type."""
    lo, hi = range_of(type_)
    if not is_word(type_) and value.size and (value.min() < lo or value.max() > hi):
        raise HlscError(f"{place}: [{value.min()}, {value.max()}] does not fit {type_}")
    return value
