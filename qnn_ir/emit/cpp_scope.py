"""What all sides of a process share while its function is printed."""

from collections.abc import Iterator, Mapping
from typing import TypeVar

from xdsl.ir import BlockArgument, Operation, SSAValue

from qnn_ir.dialects import hlsc
from qnn_ir.emit.cpp_body import BodyPrinter
from qnn_ir.emit.cpp_expressions import ControlPrinter, static_table
from qnn_ir.emit.cpp_forms import choose_forms
from qnn_ir.emit.cpp_memories import Memories
from qnn_ir.emit.cpp_names import Names
from qnn_ir.emit.cpp_types import stream, word
from qnn_ir.emit.cpp_values import Values
from qnn_ir.emit.interface import port_names
from qnn_ir.emit.text import identifier

OpT = TypeVar("OpT", bound=Operation)


class Scope:
    """The names of one function: ports, memories, static tables, locals; and which helpers its text calls."""

    def __init__(self, process: hlsc.ProcessOp):
        self.process, self.name = process, identifier(process.sym_name.data)
        self.names = Names()
        self.names.fresh(self.name)
        self.forms = choose_forms(process)
        given = port_names(process)
        self.ports: dict[SSAValue, str] = {
            port: self.names.fresh(given[port.index] if given else port.name_hint, _port_default(port))
            for port in process.ports
        }
        self.memories = Memories(process, self.name, self.forms, self.names)
        self.memories.names |= {port: self.ports[port] for port in process.memory_ports}
        self.helpers: set[str] = set()
        self.tables: dict[Operation, str] = {op: self.names.fresh("table") for op in self._ops(hlsc.StaticRomOp)}

    def declarations(self) -> list[str]:
        """What stands at the beginning of the function."""
        tables = [static_table(op, self.tables[op]) for op in self._ops(hlsc.StaticRomOp)]
        return [*tables, *self.memories.declarations()]

    def named(self, value: SSAValue, default: str, prefix: str = "") -> str:
        """A new name like that of `value`."""
        wish = f"{prefix}{value.name_hint}" if value.name_hint else None
        return self.names.fresh(wish, f"{prefix}{default}")

    def control(self, names: Mapping[SSAValue, str], bounds: Mapping[SSAValue, int]) -> ControlPrinter:
        """Prints static values where counters have these names and bounds."""
        return ControlPrinter(names, bounds, self.tables)

    def printer(self, names: Mapping[SSAValue, str], bounds: Mapping[SSAValue, int]) -> BodyPrinter:
        """Prints the body of a side where counters have these names and bounds."""
        values = Values(self.control(names, bounds), self.forms, self.memories.names, self.memories.roms)
        values.helpers = self.helpers
        return BodyPrinter(values, self.forms, self.ports, Names(self.names))

    def _ops(self, kind: type[OpT]) -> Iterator[OpT]:
        return (op for side in self.process.sides for op in side.body.block.ops if isinstance(op, kind))


def parameter(port: SSAValue, name: str) -> str:
    """The parameter of the function for a port of its process."""
    assert isinstance(port.type, hlsc.InType | hlsc.OutType | hlsc.MemType)
    if isinstance(port.type, hlsc.MemType):
        return f"const {word(port.type.value)} {name}[{port.type.depth.data}]"
    return f"{stream(port.type.value)} &{name}"


def _port_default(port: BlockArgument) -> str:
    if isinstance(port.type, hlsc.MemType):
        return "words"
    return "in" if isinstance(port.type, hlsc.InType) else "out"
