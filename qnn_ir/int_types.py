"""Integer ranges and the narrowest type that holds them. Pure Python, no IR."""

from typing import NamedTuple


class Width(NamedTuple):
    """A bit width and a signedness: `si<bits>` or `ui<bits>`."""

    bits: int
    signed: bool

    def __str__(self) -> str:
        return f"{'si' if self.signed else 'ui'}{self.bits}"


def width_of(lo: int, hi: int) -> Width:
    """The narrowest type for all integers of `[lo, hi]`: unsigned where nothing is negative, one bit at least."""
    if lo > hi:
        raise ValueError(f"empty range [{lo}, {hi}]")
    if lo >= 0:
        return Width(max(1, hi.bit_length()), False)
    return Width(max((~lo).bit_length(), hi.bit_length() if hi > 0 else 0) + 1, True)


def value_range(bits: int, signed: bool) -> tuple[int, int]:
    """The smallest and the largest value of a `bits` wide integer, both inclusive."""
    if bits < 1:
        raise ValueError(f"an integer type has at least one bit, not {bits}")
    return (-(1 << bits - 1), (1 << bits - 1) - 1) if signed else (0, (1 << bits) - 1)


def word_bits(bits: int) -> int:
    """The narrowest word of `8 * 2^k` bits that carries `bits` bits: a width that every AXI bus and memory has."""
    return max(8, 1 << (bits - 1).bit_length())
