"""The ports of the accelerator as the host sees them: how a tensor becomes words."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from qnn_ir.int_types import value_range, word_bits


@dataclass(frozen=True)
class Port:
    """
    One port: per frame `beats` words of `lanes` elements of `bits` bits.

    A tensor, viewed as `shape`, is transposed by `perm` and its innermost axis padded with zeros to `channels`; lane 0
    sits in the lowest bits of a word, which is padded with zero bits to 8, 16, 32, ... bits and stored little-endian.
    """

    name: str
    bits: int
    signed: bool
    lanes: int
    beats: int
    shape: tuple[int, ...]
    perm: tuple[int, ...]
    channels: int

    @staticmethod
    def from_manifest(name: str, data: Mapping[str, Any]) -> "Port":
        """The port `name` of a `manifest.json`."""
        return Port(
            name,
            int(data["bits"]),
            bool(data["signed"]),
            int(data["lanes"]),
            int(data["beats"]),
            tuple(data["shape"]),
            tuple(data["perm"]),
            int(data["channels"]),
        )

    @property
    def word_bytes(self) -> int:
        """Bytes of a word."""
        return word_bits(self.bits * self.lanes) // 8

    @property
    def frame_bytes(self) -> int:
        """Bytes of a frame."""
        return self.word_bytes * self.beats

    @property
    def elements(self) -> int:
        """Elements of the tensor, without the padding."""
        return math.prod(self.shape)

    @property
    def bounds(self) -> tuple[int, int]:
        """The smallest and the largest element."""
        return value_range(self.bits, self.signed)
