"""Tables of words break at 120 columns as `textwrap` would break them."""

import textwrap

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from qnn_ir.emit.cpp_rom import initializer


@given(st.lists(st.lists(st.integers(0, 2**64 - 1), min_size=2, max_size=2), min_size=1, max_size=40))
def test_lines(rows: list[list[int]]):
    text = initializer(np.array([rows], np.uint64))
    suffix = "ULL" if max(map(max, rows)) > 0x7FFFFFFF else ""
    inner = "{" + ", ".join(f"{{{a:#x}{suffix}, {b:#x}{suffix}}}" for a, b in rows) + "}"
    expected = textwrap.wrap(inner, 120, initial_indent="  ", subsequent_indent="   ", break_long_words=False)
    assert text.splitlines() == ["{", *expected, "}"]
