"""Where the sum of the products goes: into an accumulator over the beats of a vector, then into a map."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from xdsl.ir import Operation, SSAValue

from qnn_ir.dialects.hlsc import (
    AddOp,
    AffineOp,
    ConstantOp,
    DotOp,
    ExtendOp,
    LoadOp,
    NarrowOp,
    RegOp,
    SelectOp,
    SideOp,
    StoreOp,
)
from qnn_ir.passes.packing.activations import users


@dataclass(frozen=True)
class Accumulator:
    """`total = (first ? 0 : load reg) + product`, stored again in every iteration."""

    start: SelectOp
    load: LoadOp
    add: AddOp


@dataclass(frozen=True)
class Accumulation:
    """
    A matrix-vector product in a side with the nest (vectors, tiles, beats).

    `total` is the sum after this beat, in its proven type; without an `accumulator` a vector is one beat.
    """

    tiles: int
    beats: int
    tile: SSAValue
    beat: SSAValue
    total: SSAValue
    accumulator: Accumulator | None

    def by_tile(self, words: NDArray[np.int64]) -> NDArray[np.int64]:
        """Parameters per word of the weights, (depth, ...), as (tiles, beats, ...)."""
        full = np.broadcast_to(words, (self.tiles * self.beats, *words.shape[1:]))
        return full.reshape(self.tiles, self.beats, *words.shape[1:])

    def readers(self) -> list[Operation]:
        """What uses the total, other than the accumulator itself."""
        return [op for op in users(self.total) if not isinstance(op, StoreOp)]


def match_accumulation(dot: DotOp) -> Accumulation | None:
    """The accumulation around `dot`, where it has the form that matrix-vector units are lowered to."""
    side, load = dot.parent_op(), dot.w.owner
    if not isinstance(side, SideOp) or not isinstance(load, LoadOp) or len(side.bounds) != 1:
        return None
    if len(side.bounds[0]) != 3:
        return None
    _, tiles, beats = side.bounds[0]
    _, _, tile, beat = side.counters[0]
    if load.index is not None and not _is_tile_index(load.index, tile, beat, beats):
        return None
    if beats == 1:
        return Accumulation(tiles, beats, tile, beat, _converted(dot.result), None)
    accumulator = _match_accumulator(dot)
    if accumulator is None:
        return None
    return Accumulation(tiles, beats, tile, beat, _converted(accumulator.add.result), accumulator)


def _is_tile_index(index: SSAValue, tile: SSAValue, beat: SSAValue, beats: int) -> bool:
    """Whether `index` is `tile * beats + beat`."""
    affine = index.owner
    return (
        isinstance(affine, AffineOp)
        and tuple(affine.inputs) == (tile, beat)
        and affine.stride_values() == (beats, 1)
        and affine.const.value.data == 0
        and affine.modulus is None
    )


def _converted(value: SSAValue) -> SSAValue:
    """`value`, or its conversion where that is its only use."""
    if value.has_one_use() and isinstance(op := value.get_user_of_unique_use(), NarrowOp | ExtendOp):
        return op.result
    return value


def _match_accumulator(dot: DotOp) -> Accumulator | None:
    add = dot.result.get_user_of_unique_use()
    if not isinstance(add, AddOp):
        return None
    start = add.lhs.owner
    if not isinstance(start, SelectOp) or not start.result.has_one_use():
        return None
    zero, load = start.lhs.owner, start.rhs.owner
    if not isinstance(zero, ConstantOp) or zero.value.value.data or not isinstance(load, LoadOp):
        return None
    if not isinstance(load.memory.owner, RegOp) or not load.result.has_one_use():
        return None
    stores = [op for op in users(load.memory) if op is not load]
    if len(stores) != 1 or not isinstance(stores[0], StoreOp) or stores[0].value != _converted(add.result):
        return None
    return Accumulator(start, load, add)
