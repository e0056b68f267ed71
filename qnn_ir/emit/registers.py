"""
Where the arguments of the top function lie in its AXI-Lite registers: the rule of the vendor's tool.

Below 0x10 are control, interrupt enables and interrupt status (UG1399, "S_AXILITE Control Register Map"). Each
argument, in the order of the parameters, takes the lowest free place from 0x10 on:

* a scalar or pointer as many 32-bit words as it has data and one more ("S_AXILITE Offset Option": a double at 0x20 is
  followed by the next argument at 0x2c);
* an array a power of two of bytes, at least 8, aligned to its size: all its elements, each padded to 8, 16 or whole
  32-bit words, so that its address can be cut off the bus address. UG1399 does not say so; every `x<top>_hw.h` that
  Vitis HLS writes does. Older versions (Vivado HLS) go on from the last argument instead of looking for free places:
  the same where arrays come last and ascend in size.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

FIRST = 0x10
POINTER_BITS = 64  # `config_interface -m_axi_addr64`, the default of Vitis HLS


@dataclass(frozen=True)
class Scalar:
    """A scalar or a pointer of `bits` bits."""

    bits: int


@dataclass(frozen=True)
class Array:
    """An array of `words` elements of `bits` bits."""

    bits: int
    words: int

    @property
    def bytes(self) -> int:
        """What the elements take, each padded."""
        element = next((size for size in (8, 16) if self.bits <= size), -(-self.bits // 32) * 32)
        return element * self.words // 8


@dataclass(frozen=True)
class Register:
    """The first byte of an argument, and the argument."""

    offset: int
    argument: Scalar | Array

    def as_json(self) -> dict[str, int]:
        """The entry of `manifest.json`."""
        size = {"bits": self.argument.bits} if isinstance(self.argument, Scalar) else {"bytes": self.argument.bytes}
        return {"offset": self.offset} | size


def register_map(arguments: Mapping[str, Scalar | Array]) -> dict[str, Register]:
    """The registers of `arguments`, which are in the order of the parameters."""
    taken: list[range] = []
    result: dict[str, Register] = {}
    for name, argument in arguments.items():
        size, alignment = _extent(argument)
        place = _lowest_free(taken, size, alignment)
        taken.append(place)
        result[name] = Register(place.start, argument)
    return result


def _extent(argument: Scalar | Array) -> tuple[int, int]:
    """The bytes that an argument occupies and what its address is a multiple of."""
    if isinstance(argument, Scalar):
        return 4 * (-(-argument.bits // 32) + 1), 4
    size = max(8, 1 << (argument.bytes - 1).bit_length())
    return size, size


def _lowest_free(taken: Sequence[range], size: int, alignment: int) -> range:
    starts = sorted(-(-end // alignment) * alignment for end in (FIRST, *(place.stop for place in taken)))
    places = (range(start, start + size) for start in starts)
    return next(p for p in places if all(p.stop <= t.start or t.stop <= p.start for t in taken))
