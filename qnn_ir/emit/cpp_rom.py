"""
ROM contents as C++ arrays of packed words.

Compilers take a million machine words in their stride; arrays of class objects, initialised one by one, take minutes.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qnn_ir.emit.cpp_types import WORD_BITS, RowLayout

Words = NDArray[np.uint64]

_COLUMNS = 120


def packed_words(data: NDArray[Any], layout: RowLayout) -> Words:
    """`data` of shape `(depth, *lanes)` as words of shape `(depth, rows, words)`."""
    depth = data.shape[0]
    if layout.per_word == 0:
        return _wide_words(data.reshape(depth, layout.rows), layout)
    lanes = data.reshape(depth, layout.rows, -1)
    missing = layout.words * layout.per_word - lanes.shape[2]
    lanes = np.pad(lanes.astype(np.int64).view(np.uint64), ((0, 0), (0, 0), (0, missing)))
    lanes &= np.uint64((1 << layout.element_bits) - 1)
    lanes = lanes.reshape(depth, layout.rows, layout.words, layout.per_word)
    shifts = np.arange(layout.per_word, dtype=np.uint64) * np.uint64(layout.element_bits)
    return np.bitwise_or.reduce(lanes << shifts, axis=-1)


def _wide_words(data: NDArray[Any], layout: RowLayout) -> Words:
    """Lanes of more than 64 bits, given as arbitrary Python integers."""
    mask, limb = (1 << layout.element_bits) - 1, (1 << WORD_BITS) - 1
    flat = [(int(v) & mask) >> (WORD_BITS * k) & limb for v in data.ravel().tolist() for k in range(layout.words)]
    return np.array(flat, np.uint64).reshape(*data.shape, layout.words)


def initializer(words: Words) -> str:
    """The words as a brace-enclosed C++ initializer with one line per address, lines broken at 120 columns."""
    text = _hex(words)
    lines = (_address(row) for row in text)
    return "{\n" + ",\n".join(lines) + "\n}"


def _hex(words: Words) -> NDArray[Any]:
    suffix = "ULL" if int(words.max(initial=0)) > 0x7FFFFFFF else ""
    return np.array([f"{v:#x}{suffix}" for v in words.ravel().tolist()], object).reshape(words.shape)


def _address(rows: NDArray[Any]) -> str:
    """One address: `{{0x1, 0x2}, {0x3, 0x4}}`."""
    inner = "{" + ", ".join("{" + ", ".join(row) + "}" for row in rows.tolist()) + "}"
    return "\n".join(_wrapped(inner))


def _wrapped(text: str) -> Iterator[str]:
    """
    Lines of at most 120 columns, broken at single spaces, the first indented by 2 and the others by 3; words are short.

    A search per line: `textwrap` looks at every word, which is a third of the time of a network with large weights.
    """
    start, indent = 0, "  "
    while len(text) - start > _COLUMNS - len(indent):
        end = text.rfind(" ", start, start + _COLUMNS - len(indent) + 1)
        yield indent + text[start:end]
        start, indent = end + 1, "   "
    yield indent + text[start:]
