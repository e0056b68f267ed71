"""Where the weights of a layer live, and the order in which its unit consumes them."""

from abc import ABC, abstractmethod
from typing import Any

import numpy as np
from xdsl.dialects.builtin import DenseArrayBase, DenseIntOrFPElementsAttr, IntegerType, i64
from xdsl.dialects.utils import EnumAttribute
from xdsl.ir import SpacedOpaqueSyntaxAttribute
from xdsl.irdl import irdl_attr_definition, opt_prop_def, prop_def
from xdsl.utils.exceptions import VerifyException
from xdsl.utils.str_enum import StrEnum

from qnn_ir.constants import IntArray, int_type, to_numpy, type_range
from qnn_ir.dialects.qnn.attributes import MapAttr
from qnn_ir.dialects.stream.actor import Actor


class Memory(StrEnum):
    """
    `auto`, `lutram`, `bram`: constants inside the process, in what the tool chooses or in what is named.

    `external`: read from memory outside, again for every vector. `writable`: in a block of RAM that the host writes.
    `uram`: the same in UltraRAM, which has no initial contents on UltraScale+.
    """

    AUTO = "auto"
    LUTRAM = "lutram"
    BRAM = "bram"
    URAM = "uram"
    EXTERNAL = "external"
    WRITABLE = "writable"

    @property
    def is_loaded(self) -> bool:
        """Whether the weights come through a port: what they are is not known when the process is made."""
        return self in (Memory.URAM, Memory.EXTERNAL, Memory.WRITABLE)


@irdl_attr_definition
class MemoryAttr(EnumAttribute[Memory], SpacedOpaqueSyntaxAttribute):
    """`#stream<memory external>`"""

    name = "stream.memory"


class Weighted(Actor, ABC):
    """
    An actor with a matrix of weights, and an optional map on its sums.

    `rows_from` and `columns_from` name, for each row and column of `weights`, that of the matrix before folding padded
    it; -1 is padding. Without them the matrix is as it was.
    """

    weights = prop_def(DenseIntOrFPElementsAttr)
    weight_type = prop_def(IntegerType)
    accumulator = prop_def(IntegerType)
    map = opt_prop_def(MapAttr)
    groups = opt_prop_def(DenseIntOrFPElementsAttr)
    memory = prop_def(MemoryAttr, default_value=MemoryAttr(Memory.AUTO))
    rows_from = opt_prop_def(DenseArrayBase.constr(i64))
    columns_from = opt_prop_def(DenseArrayBase.constr(i64))

    @abstractmethod
    def tiles(self, matrix: IntArray) -> IntArray:
        """A matrix in the shape of `weights` as (beats, *tile), one tile per iteration in the order of the nest."""

    def sources(self) -> tuple[IntArray, IntArray]:
        """`rows_from` and `columns_from`, or 0, 1, 2, ..."""
        found = (self.rows_from, self.columns_from)
        pairs = zip(found, self.weights.get_shape(), strict=True)
        return tuple(_indices(given, count) for given, count in pairs)  # pyright: ignore[reportReturnType]

    @property
    def is_bipolar(self) -> bool:
        """Whether all weights are -1 or +1: loaded weights are then one bit each, 1 for +1."""
        signed = type_range(self.weight_type)[0] < 0
        return signed and bool((abs(to_numpy(self.weights)) == 1).all())

    @property
    def stored_element(self) -> IntegerType:
        """The type of a weight in a memory that is loaded."""
        return int_type(0, 1) if self.is_bipolar else self.weight_type

    def stored_tiles(self) -> IntArray:
        """The tiles of `weights` as a memory that is loaded holds them."""
        tiles = self.tiles(to_numpy(self.weights))
        return (tiles > 0).astype(tiles.dtype) if self.is_bipolar else tiles

    def verify_sources(self) -> None:
        """One entry per row and column."""
        for name, given, count in zip(
            ("rows_from", "columns_from"), (self.rows_from, self.columns_from), self.weights.get_shape(), strict=True
        ):
            if given is not None and (len(given) != count or min(given.get_values()) < -1):
                raise VerifyException(f"{name} has {count} entries, none below -1")


def tiled(matrix: IntArray, rows: int, columns: int) -> IntArray:
    """A matrix in tiles of `rows` x `columns`, those of the first rows before those of the next."""
    height, width = matrix.shape[0] // rows, matrix.shape[1] // columns
    return matrix.reshape(height, rows, width, columns).transpose(0, 2, 1, 3).reshape(-1, rows, columns)


def _indices(given: DenseArrayBase[Any] | None, count: int) -> IntArray:
    return np.arange(count) if given is None else np.array(given.get_values(), np.int64)
