"""
Elements to the words of the accelerator's ports and back, whole arrays at a time.

Lane 0 sits in the lowest bits of a word, elements are two's complement, a word is padded with zero bits to 8, 16, 32,
... bits and stored little-endian.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qnn_ir.emit.host.python_words import pack_words, unpack_words
from qnn_ir.int_types import word_bits

Bytes = NDArray[np.uint8]


@dataclass(frozen=True)
class WordFormat:
    """What one port carries: `beats` words per frame, each of `lanes` elements of `bits` bits."""

    bits: int
    signed: bool
    lanes: int
    beats: int

    @property
    def word_bits(self) -> int:
        """What a word takes on a bus and in memory."""
        return word_bits(self.bits * self.lanes)

    @property
    def word_bytes(self) -> int:
        return self.word_bits // 8

    @property
    def frame_elements(self) -> int:
        return self.lanes * self.beats

    @property
    def frame_bytes(self) -> int:
        return self.word_bytes * self.beats


def pack(values: NDArray[Any], form: WordFormat) -> Bytes:
    """Integers `(N, beats * lanes)` to words `(N, beats, word_bytes)`; a value outside the type is a `ValueError`."""
    frames = _frames(values, form.frame_elements)
    words = pack_words(frames.reshape(-1, form.lanes), form.bits, form.signed, form.word_bytes)
    return words.reshape(len(frames), form.beats, form.word_bytes)


def unpack(words: Bytes, form: WordFormat) -> NDArray[Any]:
    """
    Words `(N, beats, word_bytes)`, or the same bytes in any shape `(N, ...)`, to integers `(N, beats * lanes)`.

    They come in the narrowest machine type; what lies in the padding of a word is not looked at.
    """
    frames = _frames(words, form.frame_bytes)
    elements = unpack_words(frames.reshape(-1, form.word_bytes), form.bits, form.signed, form.lanes)
    return elements.reshape(len(frames), form.frame_elements)


def _frames(array: NDArray[Any], size: int) -> NDArray[Any]:
    if array.ndim < 1 or array[:1].size not in (0, size) or (len(array) and array.size != len(array) * size):
        raise ValueError(f"expected {size} items per frame, got an array of shape {array.shape}")
    return array.reshape(len(array), size)
