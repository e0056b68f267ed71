"""The packing of words that a generated `host.py` brings along; the driver packs with the same functions."""

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


class Port(NamedTuple):
    """
    What a port of the accelerator carries per frame: beats words of lanes elements of bits bits.

    Lane 0 sits in the lowest bits, a word is padded with zero bits to word_bytes bytes, little-endian. A tensor becomes
    a sequence of elements so: viewed as shape, transposed by perm, the innermost axis padded with zeros to channels.
    """

    bits: int
    signed: bool
    lanes: int
    beats: int
    word_bytes: int
    shape: tuple[int, ...]
    perm: tuple[int, ...]
    channels: int


def pack(tensor: Array, port: Port) -> Array:
    """Integers (N, *shape) to words (N, beats, word_bytes), uint8."""
    moved = tensor.reshape(len(tensor), *port.shape).transpose(0, *(1 + p for p in port.perm))
    if moved.shape[-1] != port.channels:
        moved = np.pad(moved, [(0, 0)] * (moved.ndim - 1) + [(0, port.channels - moved.shape[-1])])
    words = pack_words(moved.reshape(-1, port.lanes), port.bits, port.signed, port.word_bytes)
    return words.reshape(len(tensor), port.beats, port.word_bytes)


def unpack(words: Array, port: Port) -> Array:
    """Words, N frames of beats * word_bytes bytes, to integers (N, *shape)."""
    frames = len(words)
    elements = unpack_words(words.reshape(-1, port.word_bytes), port.bits, port.signed, port.lanes)
    outer = [port.shape[p] for p in port.perm[:-1]]
    moved = elements.reshape(frames, *outer, port.channels)[..., : port.shape[port.perm[-1]]]
    return moved.transpose(0, *(1 + port.perm.index(axis) for axis in range(len(port.perm)))).astype(np.int64)


def pack_words(elements: Array, bits: int, signed: bool, word_bytes: int) -> Array:
    """
    Integers (words, lanes) to words (words, word_bytes), uint8; a value outside the type is a ValueError.

    Pieces are small enough for the cache: packing is bound by it.
    """
    count, lanes = elements.shape
    lo, hi = (-(1 << bits - 1), (1 << bits - 1) - 1) if signed else (0, (1 << bits) - 1)
    kind = np.iinfo(elements.dtype)
    fits = lo <= kind.min and kind.max <= hi
    used = -(-lanes * bits // 8)
    words = (np.empty if used == word_bytes else np.zeros)((count, word_bytes), np.uint8)
    step = max(1, 65536 // lanes)
    for i in range(0, count, step):
        piece = elements[i : i + step]
        if not fits and not (lo <= piece.min() and piece.max() <= hi):
            raise ValueError(f"[{elements.min()}, {elements.max()}] is outside [{lo}, {hi}]")
        words[i : i + step, :used] = pack_piece(piece, bits)[:, :used]
    return words


def unpack_words(words: Array, bits: int, signed: bool, lanes: int) -> Array:
    """Words (words, word_bytes) to integers (words, lanes) of the narrowest machine type."""
    container, _ = word_groups(bits, lanes)
    elements = np.empty((len(words), lanes), f"<u{container}")
    step = max(1, 65536 // lanes)
    for i in range(0, len(words), step):
        elements[i : i + step] = unpack_piece(words[i : i + step, : -(-lanes * bits // 8)], bits, lanes)[:, :lanes]
        if signed and bits < 8 * container:
            sign = elements.dtype.type(1 << bits - 1)
            elements[i : i + step] ^= sign
            elements[i : i + step] -= sign
    return elements.view(f"<i{container}") if signed else elements


def pack_piece(elements: Array, bits: int) -> Array:
    """Integers (words, lanes) to words (words, bytes); zeros may follow the bytes that carry something."""
    count, lanes = elements.shape
    container, group = word_groups(bits, lanes)
    if not group:
        columns = elements.astype(f"<u{container}").reshape(-1, 1).view(np.uint8)
        row = np.unpackbits(columns, axis=1, count=bits, bitorder="little").reshape(count, lanes * bits)
        return np.packbits(row, axis=1, bitorder="little")
    if lanes % group:
        padded = np.zeros((count, -(-lanes // group) * group), f"<u{container}")
        padded[:, :lanes] = elements
        elements = padded
    flat = elements.astype(f"<u{container}", order="C", copy=False).reshape(-1)
    packed = np.packbits(flat, bitorder="little") if bits == 1 else join_lanes(flat, bits, container, group)
    return packed.reshape(count, -1)


def unpack_piece(words: Array, bits: int, lanes: int) -> Array:
    """Words (words, bytes that carry something) to unsigned integers (words, lanes or more)."""
    count, used = words.shape
    container, group = word_groups(bits, lanes)
    if not group:
        columns = np.zeros((count * lanes, 8 * container), np.uint8)
        row = np.unpackbits(words, axis=1, count=lanes * bits, bitorder="little")
        columns[:, :bits] = row.reshape(-1, bits)
        return np.packbits(columns, axis=1, bitorder="little").view(f"<u{container}").reshape(count, lanes)
    size = -(-lanes // group) * -(-group * bits // 8)
    if size != used:
        padded = np.zeros((count, size), np.uint8)
        padded[:, :used] = words
        words = padded
    flat = np.ascontiguousarray(words).reshape(-1)
    elements = np.unpackbits(flat, bitorder="little") if bits == 1 else split_lanes(flat, bits, container, group)
    return elements.reshape(count, -1)


def word_groups(bits: int, lanes: int) -> tuple[int, int]:
    """
    The bytes of the machine integer that holds an element, and how many lanes make whole bytes or a whole word.

    No lanes where so many machine integers are more than 64 bits.
    """
    container = next(size for size in (1, 2, 4, 8) if bits <= 8 * size)
    group = 8 // math.gcd(8, bits)
    while bits > 1 and group // 2 >= lanes:
        group //= 2
    return container, group if group * container <= 8 else 0


def join_lanes(lanes: Array, bits: int, container: int, group: int) -> Array:
    """Machine integers, group of them in at most 64 bits, to the bytes of their lowest bits."""
    x = lanes.view(f"<u{container * group}")
    if bits == 8 * container:
        return x.view(np.uint8)
    field, width, kind = 8 * container, bits, x.dtype.type
    x = x & kind(sum(((1 << width) - 1) << i * field for i in range(group)))
    if group * bits == 8:  # one multiplication moves all fields to the highest byte
        x *= kind(sum(1 << (group - 1) * field - i * (field - width) for i in range(group)))
        x >>= kind((group - 1) * field)
        return x.astype(np.uint8)
    while width < group * bits:
        # Pairs of fields: the upper one moves down to the lower one.
        upper = kind(sum(((1 << width) - 1) << (2 * i + 1) * field for i in range(8 * container * group // field // 2)))
        high = x & upper
        x ^= high
        high >>= kind(field - width)
        x |= high
        field, width = 2 * field, 2 * width
    size = -(-group * bits // 8)
    result = np.empty((len(x), size), np.uint8)
    parts = x.view(np.uint8).reshape(len(x), -1)
    for i in range(size):
        result[:, i] = parts[:, i]
    return result.reshape(-1)


def split_lanes(data: Array, bits: int, container: int, group: int) -> Array:
    """The inverse of join_lanes; bits above the lowest ones are zero."""
    if bits == 8 * container:
        return data.view(f"<u{container}")
    size, total = -(-group * bits // 8), container * group
    if size == 1:
        x = data.astype(f"<u{total}")
    else:
        filled = np.zeros((len(data) // size, total), np.uint8)
        for i, column in enumerate(data.reshape(-1, size).T):
            filled[:, i] = column
        x = filled.reshape(-1).view(f"<u{total}")
    field, width, kind = 8 * total, group * bits, x.dtype.type
    while width > bits:
        field, width = field // 2, width // 2
        upper = kind(sum(((1 << width) - 1) << 2 * i * field + width for i in range(8 * total // field // 2)))
        high = x & upper
        x ^= high
        high <<= kind(field - width)
        x |= high
    return x.view(f"<u{container}")
