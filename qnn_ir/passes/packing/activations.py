"""The planes of the activations: computed once, when a beat is read, and kept in the buffer instead of the lanes."""

from dataclasses import dataclass

from xdsl.dialects.builtin import IntegerType
from xdsl.ir import Operation, SSAValue
from xdsl.rewriter import InsertPoint

from qnn_ir.constants import int_type
from qnn_ir.dialects.hlsc import (
    BitcastOp,
    ConcatOp,
    DotOp,
    LoadOp,
    PlaneOp,
    RamOp,
    ReadOp,
    SelectOp,
    SliceOp,
    StoreOp,
    element_of,
    shape_of,
    value_type,
)
from qnn_ir.passes.actors.builder import BodyBuilder


@dataclass(frozen=True)
class _Buffer:
    """`select(fresh, kept)`: a beat that is read once and remembered in a memory of its own."""

    select: SelectOp
    fresh: ReadOp
    kept: LoadOp
    store: StoreOp
    memory: RamOp


def activation_planes(b: BodyBuilder, dot: DotOp) -> list[SSAValue]:
    """A word of one bit per lane for each bit of the activations of `dot`, the lowest bit first."""
    x = dot.x
    bits = element_of(x.type).width.data
    word = word_type(shape_of(x.type)[0])
    if bits == 1:
        return [b.add(BitcastOp(x, word))]
    buffer = _match_buffer(x)
    if buffer is None:
        return [b.add(PlaneOp(x, bit)) for bit in range(bits)]
    planes = _buffer_planes(b, buffer, bits, word)
    return [b.add(BitcastOp(b.add(SliceOp(planes, bit, 1)), word)) for bit in range(bits)]


def word_type(lanes: int) -> IntegerType:
    """A word of one bit per lane."""
    return int_type(0, (1 << lanes) - 1)


def users(value: SSAValue) -> list[Operation]:
    """The operations that use `value`, each once."""
    return list(dict.fromkeys(use.operation for use in value.uses))


def _match_buffer(x: SSAValue) -> _Buffer | None:
    """The buffer behind `x`, unless something else uses any part of it."""
    select = x.owner
    if not isinstance(select, SelectOp) or len(users(x)) > 1:
        return None
    fresh, kept = select.lhs.owner, select.rhs.owner
    if not isinstance(fresh, ReadOp) or not isinstance(kept, LoadOp):
        return None
    memory = kept.memory.owner
    if not isinstance(memory, RamOp) or users(kept.result) != [select]:
        return None
    stores = [op for op in users(memory.result) if op is not kept]
    if len(stores) != 1 or not isinstance(store := stores[0], StoreOp):
        return None
    if set(users(fresh.result)) != {store, select}:
        return None
    return _Buffer(select, fresh, kept, store, memory)


def _buffer_planes(b: BodyBuilder, old: _Buffer, bits: int, word: IntegerType) -> SSAValue:
    """Replace the buffer by one that keeps planes; the planes of the current beat, (bits,) words."""
    here, b.point = b.point, InsertPoint.after(old.fresh)
    one = value_type((1,), word)
    fresh = b.add(ConcatOp([b.add(BitcastOp(b.add(PlaneOp(old.fresh.result, bit)), one)) for bit in range(bits)]))
    b.point, b.memories = InsertPoint.before(old.kept), InsertPoint.before(old.memory)
    memory = b.ram("buffer", old.memory.type.depth.data, value_type((bits,), word))
    kept = b.add(LoadOp(memory, old.kept.index, old.kept.when))
    b.point = InsertPoint.before(old.store)
    b.effect(StoreOp(memory, fresh, old.store.index, old.store.when))
    b.point = InsertPoint.before(old.select)
    planes = b.add(SelectOp(old.select.condition, fresh, kept))
    b.point = here
    return planes
