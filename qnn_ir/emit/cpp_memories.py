"""The memories of a process: tables of packed words outside of its function, arrays and registers inside."""

from xdsl.ir import Attribute, Block, SSAValue

from qnn_ir.constants import to_numpy
from qnn_ir.dialects import hlsc
from qnn_ir.emit.cpp_forms import LANES, Forms
from qnn_ir.emit.cpp_names import Names
from qnn_ir.emit.cpp_rom import initializer, packed_words
from qnn_ir.emit.cpp_style import nested
from qnn_ir.emit.cpp_types import RowLayout, extents, scalar, word
from qnn_ir.emit.cpp_values import RomArray, brackets, memory_type


class Memories:
    """Names and prints the memories of a process; `prefix` goes before the names of ROMs, which are global."""

    def __init__(self, process: hlsc.ProcessOp, prefix: str, forms: Forms, names: Names):
        self._process, self._prefix, self._forms, self._names = process, prefix, forms, names
        self.roms: dict[SSAValue, RomArray] = {
            m.result: self._rom(m) for m in process.memories if isinstance(m, hlsc.RomOp)
        }
        self.names: dict[SSAValue, str] = {
            m.result: names.fresh(m.label.data if m.label else None, m.name.removeprefix("hlsc."))
            for m in process.memories
            if not isinstance(m, hlsc.RomOp)
        }
        self._reset_variables: list[str] = []

    def tables(self) -> str:
        """The definitions of all ROMs."""
        return "".join(self._rom_text(m) for m in self._process.memories if isinstance(m, hlsc.RomOp))

    def declarations(self) -> list[str]:
        """What stands at the beginning of the function: pragmas of ROMs, then memories and registers."""
        self._reset_variables = [self._names.fresh(v) for v in ("k", "l", "m")]
        state = [m for m in self._process.memories if not isinstance(m, hlsc.RomOp)]
        return [*self._rom_pragmas(), *(line for m in state for line in self._declare(m))]

    def _rom(self, rom: hlsc.RomOp) -> RomArray:
        is_table = any(isinstance(use.operation, hlsc.LookupOp) for use in rom.result.uses)
        label = self._names.fresh(rom.label.data if rom.label else None, "rom")
        return RomArray(f"{self._prefix}_{label}", RowLayout.of(rom.type.value, is_table), rom.type.value, is_table)

    def _rom_text(self, rom: hlsc.RomOp) -> str:
        array, depth = self.roms[rom.result], rom.type.depth.data
        layout, shape = array.layout, hlsc.shape_of(rom.type.value)
        data = to_numpy(rom.data).reshape(depth, *shape)
        lanes = " x ".join(map(str, shape)) or "1"
        packed = f", {layout.per_word} to a word" if layout.per_word > 1 else ""
        return (
            f"\n// {array.name}: {depth} x {lanes} of {scalar(rom.type.value)}{packed}\n"
            f"static const rom_word<{layout.word_bits}>::type {array.name}[{depth}][{layout.rows}][{layout.words}] = "
            f"{initializer(packed_words(data, layout))};\n"
        )

    def _rom_pragmas(self) -> list[str]:
        """A whole address of a ROM is read per cycle; a table is read where the data says."""
        lines: list[str] = []
        for memory in self._process.memories:
            if not isinstance(memory, hlsc.RomOp):
                continue
            array, depth = self.roms[memory.result], memory.type.depth.data
            dimensions = [d for d, n in ((2, array.layout.rows), (3, array.layout.words)) if n > 1]
            dimensions = [d for d in dimensions if not (d == 3 and array.is_table)]
            lines += [f"#pragma HLS ARRAY_PARTITION variable={array.name} complete dim={d}" for d in dimensions]
            if memory.style.data != hlsc.Style.AUTO and depth > 1:
                lines.append(
                    f"#pragma HLS BIND_STORAGE variable={array.name} type=rom_1p impl={memory.style.data.value}"
                )
        return lines

    def _declare(self, memory: hlsc.MemoryOp) -> list[str]:
        name, type_ = self.names[memory.result], memory_type(memory.result)
        lanes = self._forms.of_memory[memory.result] == LANES
        element = scalar(type_.value) if lanes or not hlsc.shape_of(type_.value) else word(type_.value)
        shape = extents(type_.value) if lanes else ""
        if isinstance(memory, hlsc.RegOp):
            return self._register(memory, f"{element} {name}{shape}", name, lanes)
        only_word = " = {0}" if type_.depth.data == 1 and not lanes else ""  # or compilers take it for undefined
        lines = [f"{element} {name}[{type_.depth.data}]{shape}{only_word};"]
        if lanes:
            dimensions = range(2, 2 + len(hlsc.shape_of(type_.value)))
            lines += [f"#pragma HLS ARRAY_RESHAPE variable={name} complete dim={d}" for d in dimensions]
        assert isinstance(memory, hlsc.RamOp)
        if memory.style.data != hlsc.Style.AUTO:
            lines.append(f"#pragma HLS BIND_STORAGE variable={name} type=ram_s2p impl={memory.style.data.value}")
        return lines

    def _register(self, register: hlsc.RegOp, declaration: str, name: str, lanes: bool) -> list[str]:
        type_, init = register.type.value, register.init.value.data
        if not lanes:
            splat = _splat_bits(type_, init) if hlsc.shape_of(type_) else str(init)
            if not _is_stored_first(register):
                return [f"{declaration} = {splat};"]
            return [f"{declaration};", *_in_simulation([f"{name} = {splat};"])]
        partition = f"#pragma HLS ARRAY_PARTITION variable={name} complete dim=0"
        index = tuple(self._reset_variables[: len(hlsc.shape_of(type_))])
        reset = nested(index, hlsc.shape_of(type_), [f"{name}{brackets(index)} = {init};"])
        return [f"{declaration};", partition, *(_in_simulation(reset) if _is_stored_first(register) else reset)]


def _is_stored_first(register: hlsc.RegOp) -> bool:
    """Whether the first iteration of the only side stores the register, and does not load it: its reset is nothing."""
    accesses = [use.operation for use in register.result.uses]
    stores = [op for op in accesses if isinstance(op, hlsc.StoreOp)]
    loads = [op for op in accesses if isinstance(op, hlsc.LoadOp)]
    one_side = len({op.parent_op() for op in accesses}) == 1
    return one_side and any(op.when is None for op in stores) and all(_is_false_at_first(op.when) for op in loads)


def _is_false_at_first(condition: SSAValue | None) -> bool:
    """Whether `condition` is `counter > 0` or `not (counter == 0)`, of a counter or a multiple of one."""
    if condition is None:
        return False
    op, wanted = condition.owner, hlsc.Predicate.GT
    if isinstance(op, hlsc.NotOp):
        op, wanted = op.input.owner, hlsc.Predicate.EQ
    if not isinstance(op, hlsc.CmpOp) or op.predicate.data is not wanted:
        return False
    zero, counted = op.rhs.owner, [op.lhs]
    if isinstance(affine := op.lhs.owner, hlsc.AffineOp) and affine.const.value.data == 0:
        counted = list(affine.inputs)
    starts_at_zero = all(isinstance(value.owner, Block) for value in counted)
    return starts_at_zero and isinstance(zero, hlsc.StaticConstantOp) and zero.value.value.data == 0


def _in_simulation(lines: list[str]) -> list[str]:
    """Lines that synthesis does not see: a reset there is a multiplexer."""
    return ["#ifndef __SYNTHESIS__", *lines, "#endif"]


def _splat_bits(type_: Attribute, init: int) -> str:
    """The word whose lanes are all `init`, as a literal that `ap_uint` takes."""
    width = hlsc.element_of(type_).width.data
    bits = sum((init % (1 << width)) << (width * i) for i in range(hlsc.lanes_of(type_)))
    return "0" if bits == 0 else f'ap_uint<{hlsc.bits_of(type_)}>("{bits:x}", 16)'
