"""Prove what simulation of a process can miss: races, stuck tails, running ahead, gaps, rates."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Operation, SSAValue
from xdsl.passes import ModulePass
from xdsl.utils.exceptions import VerifyException

from qnn_ir.analysis.process_rules import violations
from qnn_ir.analysis.process_timeline import Access, Await, Bound, ProcessFacts, SideFacts
from qnn_ir.analysis.schedule import ControlError, Schedule
from qnn_ir.dialects import hlsc

Number = Callable[[SSAValue | None], int | None]


@dataclass(frozen=True)
class HlscVerifyProcessesPass(ModulePass):
    """
    Check every process over all interleavings that its awaits allow, and the rates at both ends of every channel.

    The module stays as it is; the first violation is an error that names the process and the place.
    """

    name = "hlsc-verify-processes"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for process in op.walk():
            if isinstance(process, hlsc.ProcessOp):
                _raise_first(process, process.sym_name.data, process_violations(process))
        for top in op.walk():
            if isinstance(top, hlsc.TopOp):
                _raise_first(top, top.sym_name.data, rate_violations(top))


def _raise_first(op: Operation, name: str, lines: Iterator[str]) -> None:
    if line := next(lines, None):
        origin = f" ({op.origin.data})" if isinstance(op, hlsc.ProcessOp) and op.origin else ""
        raise VerifyException(f"{op.name} @{name}{origin}: {line}")


def process_violations(process: hlsc.ProcessOp) -> Iterator[str]:
    """One line for each broken rule; malformed control ends the list."""
    try:
        yield from violations(process_facts(process))
    except ControlError as error:
        yield str(error)


def process_facts(process: hlsc.ProcessOp) -> ProcessFacts:
    """The process as the rules see it."""
    names = _names(process)
    roms = {names[m.result]: m.type.depth.data for m in process.memories if isinstance(m, hlsc.RomOp)}
    roms |= {names[p]: p.type.depth.data for p in process.memory_ports if isinstance(p.type, hlsc.MemType)}
    state = {names[m.result]: m.type.depth.data for m in process.memories if not isinstance(m, hlsc.RomOp)}
    return ProcessFacts([_side_facts(process, s, names) for s in process.sides], state, roms, bool(process.inputs))


def _names(process: hlsc.ProcessOp) -> dict[SSAValue, str]:
    """Ports and memories in words, each different from all others."""
    names: dict[SSAValue, str] = {}
    for value in (*process.ports, *(m.result for m in process.memories)):
        label = value.owner.label if isinstance(value.owner, hlsc.MemoryOp) else None
        name = f"%{label.data if label else value.name_hint or len(names)}"
        names[value] = name if name not in names.values() else f"{name} (number {len(names)})"
    return names


def _side_facts(process: hlsc.ProcessOp, side: hlsc.SideOp, names: dict[SSAValue, str]) -> SideFacts:
    terms, slots, advances = side.control()
    position = next((slots[op.index] for op in side.body.block.ops if isinstance(op, hlsc.PositionOp)), None)
    facts = SideFacts(f"@{side.sym_name.data}", Schedule(side.bounds, terms, advances), position)
    sides = [s.sym_name.data for s in process.sides]

    def number(value: SSAValue | None) -> int | None:
        return None if value is None else slots[value]

    for op in side.body.block.ops:
        if isinstance(op, hlsc.AwaitOp):
            facts.awaits.append(Await(sides.index(op.side.string_value()), slots[op.index], number(op.when)))
        else:
            _add_access(facts, op, number, names)
    return facts


def _add_access(facts: SideFacts, op: Operation, number: Number, names: dict[SSAValue, str]) -> None:
    """Note the access to a port or memory, or the bounded index, of one operation."""
    if isinstance(op, hlsc.ReadOp):
        facts.reads.append(Access(names[op.port], number(op.when)))
    elif isinstance(op, hlsc.WriteOp):
        facts.writes.append(Access(names[op.port], number(op.when)))
    elif isinstance(op, hlsc.LoadOp):
        facts.loads.append(Access(names[op.memory], number(op.when), number(op.index)))
    elif isinstance(op, hlsc.StoreOp):
        facts.stores.append(Access(names[op.memory], number(op.when), number(op.index)))
    elif isinstance(op, hlsc.LookupOp):
        facts.loads.append(Access(names[op.memory], None, number(op.index)))
    elif isinstance(op, hlsc.DynamicSliceOp) and (index := number(op.index)) is not None:
        lanes = hlsc.shape_of(op.input.type)[0]
        facts.bounds.append(Bound(op.name, index, 0, lanes - op.size.value.data + 1))
    elif isinstance(op, hlsc.FromIndexOp) and (index := number(op.input)) is not None:
        lo, hi = hlsc.range_of(op.result.type)
        facts.bounds.append(Bound(op.name, index, lo, hi + 1))


def tokens_per_frame(port: SSAValue) -> int:
    """How many tokens a process moves through a port per frame."""
    count = 0
    for use in port.uses:
        side, access = use.operation.parent_op(), use.operation
        if isinstance(side, hlsc.SideOp) and isinstance(access, hlsc.ReadOp | hlsc.WriteOp):
            terms, slots, advances = side.control()
            schedule = Schedule(side.bounds, terms, advances)
            count += schedule.count(slots[access.when]) if access.when else schedule.iterations
    return count


def rate_violations(top: hlsc.TopOp) -> Iterator[str]:
    """One line for each channel whose ends move different numbers of tokens per frame."""
    called = top.called()
    for channel in top.channels:
        ports = hlsc.connected_ports(channel.result, called)
        rates = {port.type.name: tokens_per_frame(port) for port in ports}
        written, read = rates["hlsc.out"], rates["hlsc.in"]
        if written != read:
            yield f'channel "{channel.label.data}": {written} tokens written and {read} read per frame'
