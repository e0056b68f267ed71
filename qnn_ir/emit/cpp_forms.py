"""
In which form a body keeps each value: as the bits of one word, as an array of lanes, or both, as its uses need.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from xdsl.ir import Attribute, Operation, SSAValue

from qnn_ir.dialects import hlsc

BITS, LANES = "bits", "lanes"
Form = str

POINTWISE = (
    hlsc.ExtendOp,
    hlsc.NarrowOp,
    hlsc.MuxOp,
    hlsc.AddOp,
    hlsc.SubOp,
    hlsc.MulOp,
    hlsc.MaxOp,
    hlsc.MinOp,
    hlsc.GreaterOp,
    hlsc.GreaterEqualOp,
    hlsc.ShlOp,
    hlsc.RequantOp,
    hlsc.CountGeOp,
    hlsc.StepSumOp,
    hlsc.DotOp,
    hlsc.XnorPopcountOp,
    hlsc.AndPopcountOp,
    hlsc.PopcountOp,
    hlsc.ReduceAddOp,
    hlsc.ReduceMaxOp,
    hlsc.LookupOp,
    hlsc.PlaneOp,
)
"""Operations computed lane by lane of their result."""

WHOLE_WORD = (hlsc.BitcastOp, hlsc.SliceOp, hlsc.DynamicSliceOp, hlsc.ConcatOp)
"""Operations on the bits of their operands."""


CONTROL = (hlsc.ControlOp, hlsc.PositionOp, hlsc.AwaitOp, hlsc.AdvanceOp)


def is_state(op: Operation) -> bool:
    """Whether `op` loads from a memory that changes."""
    return isinstance(op, hlsc.LoadOp) and not isinstance(op.memory.owner, hlsc.RomOp)


def read_whole(op: Operation) -> tuple[SSAValue, ...]:
    """The operands of which a lane of the result needs all lanes."""
    return (op.x,) if isinstance(op, hlsc.DotOp) else ()


@dataclass
class Forms:
    """In which forms each value is needed, and how each memory is kept."""

    of_value: dict[SSAValue, set[Form]] = field(default_factory=dict)
    of_memory: dict[SSAValue, Form] = field(default_factory=dict)

    def needs(self, value: SSAValue, form: Form) -> bool:
        return form in self.of_value.get(value, ())


def choose_forms(process: hlsc.ProcessOp) -> Forms:
    """A memory is kept as lanes when all who use it speak of the same lanes and someone needs them."""
    forms = Forms()
    for memory in (*process.memory_ports, *(m.result for m in process.memories)):
        forms.of_memory[memory] = BITS
    while True:
        forms.of_value.clear()
        for side in process.sides:
            for op in reversed(live(side)):
                _demand(op, forms)
        changed = [m.result for m in process.memories if _becomes_lanes(m, forms)]
        if not changed:
            return forms
        for memory in changed:
            forms.of_memory[memory] = LANES


_ACCESSES = (hlsc.LoadOp, hlsc.StoreOp)


def live(side: hlsc.SideOp) -> list[Operation]:
    """The operations that something comes of, in order; reads always count."""
    alive: set[Operation] = set()
    for op in reversed(list(side.body.block.ops)):
        effect = isinstance(op, (hlsc.ReadOp, hlsc.WriteOp, hlsc.StoreOp, *CONTROL))
        if effect or any(use.operation in alive for result in op.results for use in result.uses):
            alive.add(op)
    return [op for op in side.body.block.ops if op in alive]


def _becomes_lanes(memory: hlsc.MemoryOp, forms: Forms) -> bool:
    if isinstance(memory, hlsc.RomOp) or forms.of_memory[memory.result] == LANES:
        return False
    users = [use.operation for use in memory.result.uses]
    values = [u.result if isinstance(u, hlsc.LoadOp) else u.value for u in users if isinstance(u, _ACCESSES)]
    if not hlsc.shape_of(memory.type.value) or any(v.type != memory.type.value for v in values):
        return False
    return any(forms.needs(u.result, LANES) for u in users if isinstance(u, hlsc.LoadOp))


def _demand(op: Operation, forms: Forms) -> None:
    """What `op`, whose results' needs are known, needs of its operands."""
    if isinstance(op, hlsc.WriteOp):
        _need(forms, op.value, {BITS})
    elif isinstance(op, hlsc.StoreOp):
        _need(forms, op.value, {forms.of_memory[op.memory]})
    elif isinstance(op, hlsc.SelectOp):
        needed = forms.of_value.get(op.result, set()) if selects_words(op) else {LANES}
        _need(forms, op.lhs, needed)
        _need(forms, op.rhs, needed)
    elif isinstance(op, hlsc.SliceOp) and is_rom_slice(op, forms):
        _need(forms, op.input, {LANES})
    elif isinstance(op, (*POINTWISE, *WHOLE_WORD)):
        form = BITS if isinstance(op, WHOLE_WORD) or is_plane_of_word(op) else LANES
        for value in op.operands:
            _need(forms, value, {form})


def is_plane_of_word(op: Operation) -> bool:
    """Whether `op` takes one bit of every lane of a single row."""
    return isinstance(op, hlsc.PlaneOp) and len(hlsc.shape_of(op.x.type)) == 1


def selects_words(op: hlsc.SelectOp) -> bool:
    """Whether both choices have the bits of the result; a constant has those of any type."""
    return all(v.type == op.result.type or isinstance(v.owner, hlsc.ConstantOp) for v in (op.lhs, op.rhs))


def _need(forms: Forms, value: SSAValue, needed: Iterable[Form]) -> None:
    forms.of_value.setdefault(value, set()).update(needed)


def is_rom_slice(op: Operation, forms: Forms) -> bool:
    """Whether `op` only names some lanes of what is loaded from a ROM."""
    if not isinstance(op, hlsc.SliceOp) or forms.needs(op.result, BITS):
        return False
    source = op.input.owner
    return isinstance(source, hlsc.LoadOp) and isinstance(source.memory.owner, hlsc.RomOp)


def is_view(op: Operation, forms: Forms) -> bool:
    """Whether `op` has no statement of its own: its uses print it."""
    if isinstance(op, hlsc.SliceOp):
        return is_rom_slice(op, forms) and is_view(op.input.owner, forms)  # pyright: ignore[reportArgumentType]
    if isinstance(op, hlsc.ConstantOp):
        return True
    if not isinstance(op, hlsc.LoadOp):
        return False
    if not isinstance(rom := op.memory.owner, hlsc.RomOp):
        if any(isinstance(use.operation, hlsc.StoreOp) for use in op.result.uses):
            return False  # a store of what was seen could come after a store to where it was seen
        other = BITS if forms.of_memory[op.memory] == LANES else LANES
        return not hlsc.shape_of(op.result.type) or not forms.needs(op.result, other)
    if op.result.type == rom.type.value:
        return not hlsc.shape_of(op.result.type) or not forms.needs(op.result, BITS)
    return is_grouped(rom.type.value, op.result.type) and not (
        hlsc.shape_of(op.result.type) and forms.needs(op.result, BITS)
    )


def is_grouped(memory: Attribute, loaded: Attribute) -> bool:
    """Whether a lane of `loaded` is a whole last axis of single bits of `memory`."""
    shape = hlsc.shape_of(memory)
    bits = hlsc.element_of(memory).width.data
    return bits == 1 and shape[-1:] == (hlsc.element_of(loaded).width.data,) and shape[:-1] == hlsc.shape_of(loaded)
