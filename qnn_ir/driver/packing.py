"""
Elements to the byte-padded words of the accelerator's ports and back, whole arrays at a time.

Lane 0 sits in the lowest bits of a word, elements are two's complement, a word is padded with zero bits to whole
bytes and stored little-endian.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qnn_ir.int_types import value_range

Bytes = NDArray[np.uint8]

_ELEMENTS_AT_ONCE = 1 << 20  # bounds the memory of the bit-wise path


@dataclass(frozen=True)
class WordFormat:
    """What one port carries: `beats` words per frame, each of `lanes` elements of `bits` bits."""

    bits: int
    signed: bool
    lanes: int
    beats: int

    @property
    def word_bytes(self) -> int:
        return -(-self.bits * self.lanes // 8)

    @property
    def frame_elements(self) -> int:
        return self.lanes * self.beats

    @property
    def frame_bytes(self) -> int:
        return self.word_bytes * self.beats


def pack(values: NDArray[Any], form: WordFormat) -> Bytes:
    """Integers `(N, beats * lanes)` to words `(N, beats, word_bytes)`; a value outside the type is a `ValueError`."""
    frames = _frames(values, form.frame_elements)
    lo, hi = value_range(form.bits, form.signed)
    if frames.size and not (lo <= int(frames.min()) and int(frames.max()) <= hi):
        raise ValueError(f"values outside [{lo}, {hi}]")
    if form.bits in (8, 16, 32, 64):
        packed = np.ascontiguousarray(frames.astype(f"<i{form.bits // 8}")).view(np.uint8)
        return packed.reshape(len(frames), form.beats, form.word_bytes)
    return _in_pieces(frames, _pack_bits, form)


def unpack(words: Bytes, form: WordFormat) -> NDArray[np.int64]:
    """Words `(N, beats, word_bytes)`, or the same bytes in any shape `(N, ...)`, to integers `(N, beats * lanes)`."""
    frames = _frames(words, form.frame_bytes)
    if form.bits in (8, 16, 32, 64):
        dtype = f"<{'i' if form.signed else 'u'}{form.bits // 8}"
        return np.ascontiguousarray(frames).view(dtype).astype(np.int64)
    return _in_pieces(frames, _unpack_bits, form)


def _frames(array: NDArray[Any], size: int) -> NDArray[Any]:
    if array.ndim < 1 or array[:1].size not in (0, size) or (len(array) and array.size != len(array) * size):
        raise ValueError(f"expected {size} items per frame, got an array of shape {array.shape}")
    return array.reshape(len(array), size)


def _in_pieces(frames: NDArray[Any], convert: Any, form: WordFormat) -> NDArray[Any]:
    """`convert` applied to runs of frames that are small enough."""
    step = max(1, _ELEMENTS_AT_ONCE // form.frame_elements)
    pieces = [convert(frames[i : i + step], form) for i in range(0, max(1, len(frames)), step)]
    return np.concatenate(pieces)


def _pack_bits(frames: NDArray[Any], form: WordFormat) -> Bytes:
    container = _container(form.bits)
    columns = frames.astype(f"<i{container}").reshape(-1, 1).view(np.uint8)
    bits = np.unpackbits(columns, axis=1, count=form.bits, bitorder="little")
    words = bits.reshape(len(frames), form.beats, form.lanes * form.bits)
    return np.packbits(words, axis=2, bitorder="little")


def _unpack_bits(frames: Bytes, form: WordFormat) -> NDArray[np.int64]:
    words = frames.reshape(-1, form.word_bytes)
    bits = np.unpackbits(words, axis=1, count=form.lanes * form.bits, bitorder="little").reshape(-1, form.bits)
    width = 8 * _container(form.bits)
    filled = np.empty((len(bits), width), np.uint8)
    filled[:, : form.bits] = bits
    filled[:, form.bits :] = bits[:, -1:] if form.signed else 0
    values = np.packbits(filled, axis=1, bitorder="little").view(f"<{'i' if form.signed else 'u'}{width // 8}")
    return values.reshape(len(frames), form.frame_elements).astype(np.int64)


def _container(bits: int) -> int:
    """The bytes of the smallest machine integer of at least `bits` bits."""
    return next(size for size in (1, 2, 4, 8) if bits <= 8 * size)
