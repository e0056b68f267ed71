"""C++ spellings of the value types, and how the lanes of a value lie in words."""

from dataclasses import dataclass
from math import prod

from xdsl.dialects.builtin import IntegerType, Signedness
from xdsl.ir import Attribute

from qnn_ir.dialects.hlsc.types import bits_of, element_of, lanes_of, shape_of

WORD_BITS = 64
"""ROM words have at most this many bits: one machine word in simulation."""


def is_signed(element: IntegerType) -> bool:
    return element.signedness.data != Signedness.UNSIGNED


def scalar(type_: Attribute) -> str:
    """The C++ type of one lane: `ap_int<3>`."""
    element = element_of(type_)
    return f"ap_{'' if is_signed(element) else 'u'}int<{element.width.data}>"


def word(type_: Attribute) -> str:
    """The C++ type of the bits of a whole value: what a stream carries."""
    return f"ap_uint<{bits_of(type_)}>"


def stream(type_: Attribute) -> str:
    """The C++ type of a stream of such values (`> >`: readable by old tools too)."""
    return f"hls::stream<{word(type_)} >"


def extents(type_: Attribute) -> str:
    """The array extents of a value kept as lanes: `[16][3]`."""
    return "".join(f"[{n}]" for n in shape_of(type_))


def machine_int(type_: Attribute) -> str:
    """The machine integer in which sums of this type are formed: `int`, or `long long` beyond 32 bits."""
    element = element_of(type_)
    return "int" if element.width.data + (not is_signed(element)) <= 32 else "long long"


@dataclass(frozen=True)
class RowLayout:
    """
    One value as `rows` of `words` of `word_bits` bits: what one address of a ROM holds.

    `per_word` lanes lie in a word, lane 0 lowest, none across a word boundary; a lane wider than a word is a row of
    its own (`per_word` = 0).
    """

    rows: int
    words: int
    word_bits: int
    per_word: int
    element_bits: int

    @classmethod
    def of(cls, type_: Attribute, is_table: bool = False) -> "RowLayout":
        """The words of a value; those of a table, which is addressed by data, hold one lane each."""
        bits, shape = element_of(type_).width.data, shape_of(type_)
        if bits > WORD_BITS:
            return cls(lanes_of(type_), -(-bits // WORD_BITS), WORD_BITS, 0, bits)
        lanes = shape[-1] if shape else 1
        per_word = 1 if is_table else min(lanes, WORD_BITS // bits)
        return cls(prod(shape[:-1]), -(-lanes // per_word), per_word * bits, per_word, bits)
