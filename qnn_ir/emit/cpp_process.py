"""One C++ function per process: its ROMs, its memories, and the loops around its body."""

from dataclasses import dataclass
from typing import TypeVar

from xdsl.ir import Attribute, BlockArgument, Operation, SSAValue

from qnn_ir.constants import to_numpy
from qnn_ir.dialects import hlsc
from qnn_ir.emit.cpp_body import BodyPrinter
from qnn_ir.emit.cpp_expressions import ControlPrinter, Precedence, static_table
from qnn_ir.emit.cpp_forms import LANES, Forms, choose_forms
from qnn_ir.emit.cpp_names import Names
from qnn_ir.emit.cpp_rom import initializer, packed_words
from qnn_ir.emit.cpp_style import indented, nested
from qnn_ir.emit.cpp_types import RowLayout, extents, scalar, stream, word
from qnn_ir.emit.cpp_values import RomArray, Values, brackets, memory_type
from qnn_ir.emit.interface import port_names
from qnn_ir.emit.text import identifier, quoted
from qnn_ir.errors import UserError

OpT = TypeVar("OpT", bound=Operation)


@dataclass(frozen=True)
class ProcessText:
    """A process in C++: ROM tables, the function, and the helpers that it calls."""

    roms: str
    function: str
    helpers: frozenset[str]


def process_text(process: hlsc.ProcessOp) -> ProcessText:
    """The process as a `static` function that computes `frames` frames."""
    if len(process.sides) != 1:
        raise UserError(
            "C++ of a process with several sides is not supported yet", process.origin.data if process.origin else ""
        )
    return _Printer(process).text()


class _Printer:
    def __init__(self, process: hlsc.ProcessOp):
        self._process, self._side = process, process.sides[0]
        self._name = identifier(process.sym_name.data)
        self._names = Names()
        self._names.fresh(self._name)
        self._forms: Forms = choose_forms(process)
        given = port_names(process)
        self._ports: dict[SSAValue, str] = {
            port: self._names.fresh(given[port.index] if given else port.name_hint, _port_default(port))
            for port in process.ports
        }
        self._roms: dict[SSAValue, RomArray] = {
            m.result: self._rom(m) for m in process.memories if isinstance(m, hlsc.RomOp)
        }
        self._memories: dict[SSAValue, str] = {
            m.result: self._names.fresh(m.label.data if m.label else None, m.name.removeprefix("hlsc."))
            for m in process.memories
            if not isinstance(m, hlsc.RomOp)
        }
        self._counters = self._name_counters()
        self._reset_variables = [self._names.fresh(v) for v in ("k", "l", "m")]

    def text(self) -> ProcessText:
        tables = {op: self._names.fresh("table") for op in self._ops(hlsc.StaticRomOp)}
        table_names: dict[Operation, str] = {**tables}
        names: dict[SSAValue, str] = dict(self._counters)
        counters = self._side.counters[0][1:]
        bounds = dict[SSAValue, int](zip(counters, self._side.bounds[0], strict=True))
        control = ControlPrinter(names, bounds, table_names)
        values = Values(control, self._forms, self._memories, self._roms)
        addresses = self._addresses(control, names)
        body = BodyPrinter(values, self._forms, self._ports, self._names).print(self._side)
        constants = [static_table(op, name) for op, name in tables.items()]
        lines = [
            *self._comment(),
            *self._signature(),
            *indented(constants),
            *indented(self._rom_pragmas()),
            *indented(self._declarations()),
            *indented(self._loops([*addresses, *body])),
            "}",
        ]
        roms = "".join(self._rom_text(m) for m in self._process.memories if isinstance(m, hlsc.RomOp))
        return ProcessText(roms, "\n".join(lines) + "\n", frozenset(values.helpers))

    # --- names --------------------------------------------------------------------------------------------------------

    def _named(self, value: SSAValue, default: str) -> str:
        return self._names.fresh(value.name_hint, default)

    def _name_counters(self) -> dict[SSAValue, str]:
        ((frame, *counters),) = self._side.counters
        names: dict[SSAValue, str] = {frame: "int(frame)"}
        return names | {c: self._named(c, "i") for c in counters}

    def _addresses(self, control: ControlPrinter, names: dict[SSAValue, str]) -> list[str]:
        """Variables for the affine forms that are more than a counter, so that bodies read well."""
        lines: list[str] = []
        for op in self._ops(hlsc.AffineOp):
            expression = control(op.result)
            if (expression.precedence <= Precedence.SUM and op.result.first_use is not None) or "%" in expression.text:
                names[op.result] = self._named(op.result, "at")
                lines.append(f"const int {names[op.result]} = {expression};")
        return lines

    def _ops(self, kind: type[OpT]) -> list[OpT]:
        return [op for op in self._side.body.block.ops if isinstance(op, kind)]

    # --- the function -------------------------------------------------------------------------------------------------

    def _comment(self) -> list[str]:
        origin = f", from {quoted(self._process.origin.data)}" if self._process.origin else ""
        count = self._side.iterations_per_frame()
        return [f"// {self._name}{origin}: {count} iteration{'s' * (count != 1)} per frame"]

    def _signature(self) -> list[str]:
        parameters = [f"{stream(_port_type(p))} &{name}" for p, name in self._ports.items()]
        head = f"static void {self._name}("
        one_line = f"{head}{', '.join([*parameters, 'const unsigned frames'])}) {{"
        if len(one_line) <= 120:
            return [one_line]
        pad = " " * len(head)
        return [f"{head}{parameters[0]},", *(f"{pad}{p}," for p in parameters[1:]), f"{pad}const unsigned frames) {{"]

    def _loops(self, body: list[str]) -> list[str]:
        """The counter nest; one iteration of the innermost loop per clock."""
        nest = zip(self._side.counters[0][1:], self._side.bounds[0], strict=True)
        counters = [(self._counters[c], n) for c, n in nest if n > 1]
        flatten = ["#pragma HLS LOOP_FLATTEN"] if counters else []
        lines = ["#pragma HLS PIPELINE II=1", *flatten, *body]
        for name, bound in reversed(counters):
            lines = [
                f"{self._label(name)}:",
                f"for (int {name} = 0; {name} < {bound}; ++{name}) {{",
                *indented(lines),
                "}",
            ]
        head = "for (unsigned frame = 0; frame < frames; ++frame) {"
        return [f"{self._label('each_frame')}:", head, *indented(lines), "}"]

    def _label(self, name: str) -> str:
        return self._names.fresh(f"{name}_loop" if name != "each_frame" else name)

    # --- memories -----------------------------------------------------------------------------------------------------

    def _rom(self, rom: hlsc.RomOp) -> RomArray:
        is_table = any(isinstance(use.operation, hlsc.LookupOp) for use in rom.result.uses)
        label = self._names.fresh(rom.label.data if rom.label else None, "rom")
        return RomArray(f"{self._name}_{label}", RowLayout.of(rom.type.value, is_table), rom.type.value, is_table)

    def _rom_text(self, rom: hlsc.RomOp) -> str:
        array, depth = self._roms[rom.result], rom.type.depth.data
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
            array, depth = self._roms[memory.result], memory.type.depth.data
            dimensions = [d for d, n in ((2, array.layout.rows), (3, array.layout.words)) if n > 1]
            dimensions = [d for d in dimensions if not (d == 3 and array.is_table)]
            lines += [f"#pragma HLS ARRAY_PARTITION variable={array.name} complete dim={d}" for d in dimensions]
            if memory.style.data != hlsc.Style.AUTO and depth > 1:
                lines.append(
                    f"#pragma HLS BIND_STORAGE variable={array.name} type=rom_1p impl={memory.style.data.value}"
                )
        return lines

    def _declarations(self) -> list[str]:
        return [line for m in self._process.memories if not isinstance(m, hlsc.RomOp) for line in self._declare(m)]

    def _declare(self, memory: hlsc.MemoryOp) -> list[str]:
        name, type_ = self._memories[memory.result], memory_type(memory.result)
        lanes = self._forms.of_memory[memory.result] == LANES
        element = scalar(type_.value) if lanes or not hlsc.shape_of(type_.value) else word(type_.value)
        shape = extents(type_.value) if lanes else ""
        if isinstance(memory, hlsc.RegOp):
            return self._register(memory, f"{element} {name}{shape}", name, lanes)
        lines = [f"{element} {name}[{type_.depth.data}]{shape};"]
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
            return [f"{declaration} = {splat};"]
        partition = f"#pragma HLS ARRAY_PARTITION variable={name} complete dim=0"
        index = tuple(self._reset_variables[: len(hlsc.shape_of(type_))])
        return [
            f"{declaration};",
            partition,
            *nested(index, hlsc.shape_of(type_), [f"{name}{brackets(index)} = {init};"]),
        ]


def _splat_bits(type_: Attribute, init: int) -> str:
    """The word whose lanes are all `init`, as a literal that `ap_uint` takes."""
    width = hlsc.element_of(type_).width.data
    bits = sum((init % (1 << width)) << (width * i) for i in range(hlsc.lanes_of(type_)))
    return "0" if bits == 0 else f'ap_uint<{hlsc.bits_of(type_)}>("{bits:x}", 16)'


def _port_type(port: SSAValue) -> Attribute:
    assert isinstance(port.type, hlsc.InType | hlsc.OutType)
    return port.type.value


def _port_default(port: BlockArgument) -> str:
    return "in" if isinstance(port.type, hlsc.InType) else "out"
