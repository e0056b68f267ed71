"""How each value of a body is spelled in C++: variables, memory accesses, constants."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from xdsl.dialects.builtin import IntegerType
from xdsl.ir import Attribute, SSAValue

from qnn_ir.dialects import hlsc
from qnn_ir.emit.cpp_expressions import Expression, Precedence, atom, cast, integer
from qnn_ir.emit.cpp_forms import Forms, is_grouped
from qnn_ir.emit.cpp_types import RowLayout, is_signed, machine_int, scalar

Index = tuple[str, ...]
"""The C++ texts that select one lane."""


@dataclass(frozen=True)
class RomArray:
    """A ROM as it is declared: `ap_uint<word_bits> name[depth][rows][words]`."""

    name: str
    layout: RowLayout
    type: Attribute
    is_table: bool = False


def flat(index: Index, shape: tuple[int, ...]) -> str:
    """The row-major position of a lane."""
    text = index[0] if index else "0"
    for i, extent in zip(index[1:], shape[1:], strict=True):
        text = f"({text} * {extent} + {i})"
    return text


def bit_range(type_: Attribute, index: Index) -> str:
    """The bits of one lane in the word of all lanes: `.range(2 * p + 1, 2 * p)`."""
    width, lane = hlsc.element_of(type_).width.data, flat(index, hlsc.shape_of(type_))
    if width == 1:
        return f"[{lane.removeprefix('(').removesuffix(')') if lane.startswith('(') else lane}]"
    return f".range({width} * {lane} + {width - 1}, {width} * {lane})"


@dataclass
class Values:
    """The spelling of values while a body is printed."""

    control: Callable[[SSAValue], Expression]
    forms: Forms
    memories: Mapping[SSAValue, str]
    roms: Mapping[SSAValue, RomArray]
    arrays: dict[SSAValue, str] = field(default_factory=dict)
    words: dict[SSAValue, Expression] = field(default_factory=dict)
    scalars: dict[SSAValue, Expression] = field(default_factory=dict)
    helpers: set[str] = field(default_factory=set)

    def lane(self, value: SSAValue, index: Index) -> Expression:
        """One lane as `ap_int<W>` or `ap_uint<W>` of the exact width; scalars ignore the index."""
        index = index if hlsc.shape_of(value.type) else ()
        if value in self.scalars:
            return self.scalars[value]
        if value in self.arrays:
            return atom(self.arrays[value] + brackets(index))
        owner = value.owner
        if isinstance(owner, hlsc.ConstantOp):
            return cast(scalar(value.type), integer(owner.value.value.data))
        if isinstance(owner, hlsc.SliceOp):
            return self.lane(owner.input, shifted(index, owner.offset.value.data))
        assert isinstance(owner, hlsc.LoadOp), owner
        if owner.memory in self.roms:
            return self._rom_lane(owner, self.roms[owner.memory], index)
        place = atom(self.place(owner.memory, owner.index) + brackets(index))
        same = hlsc.shape_of(value.type) or scalar(value.type) == self.memory_scalar(owner.memory)
        return place if same else cast(scalar(value.type), place)

    def number(self, value: SSAValue, index: Index) -> Expression:
        """One lane as a machine integer."""
        if value not in self.scalars and value not in self.arrays:
            owner = value.owner
            if isinstance(owner, hlsc.ConstantOp):
                return integer(owner.value.value.data)
            if isinstance(owner, hlsc.SliceOp):
                return self.number(owner.input, shifted(index, owner.offset.value.data))
            if (
                isinstance(owner, hlsc.LoadOp)
                and (rom := self.roms.get(owner.memory))
                and rom.type == owner.result.type
            ):
                return self._rom_number(owner, rom, index if hlsc.shape_of(value.type) else ())
        convert = "to_int" if machine_int(value.type) == "int" else "to_int64"
        return atom(f"{self.lane(value, index).within(Precedence.ATOM)}.{convert}()")

    def word(self, value: SSAValue, as_type: Attribute | None = None) -> Expression:
        """All bits as one `ap_uint`; a constant may be asked for in another type."""
        if value in self.words:
            return self.words[value]
        if isinstance(value.owner, hlsc.ConstantOp):
            return constant_word(value.owner.value.value.data, as_type or value.type)
        bits = f"ap_uint<{hlsc.bits_of(value.type)}>"
        if not hlsc.shape_of(value.type):
            lane = self.lane(value, ())
            return lane if scalar(value.type) == bits else cast(bits, lane)
        owner = value.owner
        assert isinstance(owner, hlsc.LoadOp), owner
        return atom(self.place(owner.memory, owner.index))

    def forget(self, value: SSAValue) -> None:
        """Drop the variables of a value."""
        for variables in (self.arrays, self.words, self.scalars):
            variables.pop(value, None)

    def place(self, memory: SSAValue, index: SSAValue | None) -> str:
        """One address of a RAM, or a register."""
        name = self.memories[memory]
        return name if is_register(memory) else f"{name}[{self.address(index)}]"

    def memory_scalar(self, memory: SSAValue) -> str:
        """The C++ type of what a memory that is not kept as lanes holds."""
        type_ = memory_type(memory).value
        return f"ap_uint<{hlsc.bits_of(type_)}>" if hlsc.shape_of(type_) else scalar(type_)

    def address(self, index: SSAValue | None) -> str:
        return "0" if index is None else str(self.control(index))

    def row(self, op: hlsc.LoadOp | hlsc.LookupOp) -> str:
        """One address of a ROM."""
        return f"{self.roms[op.memory].name}[{self.address(op.index)}]"

    def _rom_lane(self, load: hlsc.LoadOp, rom: RomArray, index: Index) -> Expression:
        type_ = load.result.type
        if type_ != rom.type:
            assert is_grouped(rom.type, type_)
            return self._rom_words(load, rom, hlsc.element_of(type_), flat(index, hlsc.shape_of(type_)))
        layout = rom.layout
        if layout.per_word == 0:
            return self._rom_words(load, rom, hlsc.element_of(type_), flat(index, hlsc.shape_of(type_)))
        if layout.per_word == 1:
            place = atom(self.row(load) + brackets(self._row_of(rom, index)) + brackets(index[-1:] or ("0",)))
            return cast(scalar(type_), place)
        return cast(scalar(type_), self._rom_number(load, rom, index))

    def _rom_words(self, load: hlsc.LoadOp, rom: RomArray, element: IntegerType, row: str) -> Expression:
        """A lane that takes all words of a row."""
        place = f"{self.row(load)}[{row}]"
        if rom.layout.words == 1:
            return atom(f"ap_uint<{element.width.data}>({place}[0])")
        self.helpers.add("joined")
        return atom(f"joined<{element.width.data}>({place})")

    def _row_of(self, rom: RomArray, index: Index) -> Index:
        return (flat(index[:-1], hlsc.shape_of(rom.type)[:-1]),) if len(index) > 1 else ("0",)

    def _rom_number(self, load: hlsc.LoadOp, rom: RomArray, index: Index) -> Expression:
        layout, lane = rom.layout, (index[-1] if index else "0")
        element = hlsc.element_of(rom.type)
        row = self.row(load) + brackets(self._row_of(rom, index))
        if layout.per_word == 1 and not is_signed(element):
            kind = "int" if machine_int(rom.type) == "int" else "(long long)"
            return atom(f"{kind}({row}[{lane}])")
        kind = "signed_element" if is_signed(element) else "unsigned_element"
        self.helpers.add(kind)
        call = atom(f"{kind}<{layout.element_bits}, {layout.per_word}>({row}, {lane.strip('()')})")
        return call if machine_int(rom.type) == "long long" else atom(f"int({call})")


def constant_word(value: int, type_: Attribute) -> Expression:
    """The bits of `value` in every lane, as literals of at most 64 bits."""
    width, total = hlsc.element_of(type_).width.data, hlsc.bits_of(type_)
    bits = sum((value % (1 << width)) << (width * lane) for lane in range(hlsc.lanes_of(type_)))
    if bits in (0, (1 << total) - 1):
        return atom(f"ap_uint<{total}>({'0' if bits == 0 else '-1'})")
    pieces = [(bits >> low & (1 << 64) - 1, min(64, total - low)) for low in range(0, total, 64)]
    literals = [f"ap_uint<{size}>({piece:#x}{'ULL' if piece >= 1 << 31 else ''})" for piece, size in reversed(pieces)]
    return atom(literals[0]) if len(literals) == 1 else atom(f"ap_uint<{total}>(({', '.join(literals)}))")


def shifted(index: Index, offset: int) -> Index:
    """The index into what a slice was taken from."""
    return (f"({index[0]} + {offset})", *index[1:]) if offset else index


def brackets(index: Index) -> str:
    return "".join(f"[{i.removeprefix('(').removesuffix(')') if i.startswith('(') else i}]" for i in index)


def memory_type(memory: SSAValue) -> hlsc.MemType:
    assert isinstance(memory.type, hlsc.MemType)
    return memory.type


def is_register(memory: SSAValue) -> bool:
    return isinstance(memory.owner, hlsc.RegOp)
