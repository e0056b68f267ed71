"""The packing of words that a generated `host.py` brings along."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


class Port(NamedTuple):
    """
    What a port of the accelerator carries per frame: beats words of lanes elements of bits bits.

    Lane 0 sits in the lowest bits, a word is padded with zero bits to whole bytes, little-endian. A tensor becomes a
    sequence of elements so: viewed as shape, transposed by perm, the innermost axis padded with zeros to channels.
    """

    bits: int
    signed: bool
    lanes: int
    beats: int
    shape: tuple[int, ...]
    perm: tuple[int, ...]
    channels: int

    @property
    def word_bytes(self) -> int:
        """Bytes of a word."""
        return -(-self.bits * self.lanes // 8)

    @property
    def container(self) -> int:
        """Bytes of the machine integer that holds an element."""
        return next(size for size in (1, 2, 4, 8) if self.bits <= 8 * size)


def pack(tensor: Array, port: Port) -> Array:
    """Integers (N, *shape) to words (N, beats, word_bytes), uint8."""
    lo, hi = (-(1 << port.bits - 1), (1 << port.bits - 1) - 1) if port.signed else (0, (1 << port.bits) - 1)
    if tensor.size and (tensor.min() < lo or tensor.max() > hi):
        raise ValueError(f"[{tensor.min()}, {tensor.max()}] is outside [{lo}, {hi}]")
    moved = tensor.reshape(len(tensor), *port.shape).transpose(0, *(1 + p for p in port.perm))
    moved = np.pad(moved, [(0, 0)] * (moved.ndim - 1) + [(0, port.channels - moved.shape[-1])])
    columns = moved.astype(f"<i{port.container}").reshape(-1, 1).view(np.uint8)
    bits = np.unpackbits(columns, axis=1, count=port.bits, bitorder="little")
    return np.packbits(bits.reshape(len(tensor), port.beats, port.lanes * port.bits), axis=2, bitorder="little")


def unpack(words: Array, port: Port) -> Array:
    """Words, N frames of beats * word_bytes bytes, to integers (N, *shape)."""
    frames = len(words)
    rows = words.reshape(frames * port.beats, port.word_bytes)
    bits = np.unpackbits(rows, axis=1, count=port.lanes * port.bits, bitorder="little").reshape(-1, port.bits)
    filled = np.zeros((len(bits), 8 * port.container), np.uint8)
    filled[:, : port.bits] = bits
    if port.signed:
        filled[:, port.bits :] = bits[:, -1:]
    kind = f"<{'i' if port.signed else 'u'}{port.container}"
    elements = np.packbits(filled, axis=1, bitorder="little").view(kind).astype(np.int64)
    outer = [port.shape[p] for p in port.perm[:-1]]
    moved = elements.reshape(frames, *outer, port.channels)[..., : port.shape[port.perm[-1]]]
    return moved.transpose(0, *(1 + port.perm.index(axis) for axis in range(len(port.perm))))
