"""Names of the hlsc level become identifiers of C++, Verilog and Tcl."""

from collections.abc import Sequence
from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ArrayAttr, ModuleOp, StringAttr, SymbolRefAttr
from xdsl.ir import BlockArgument
from xdsl.passes import ModulePass

from qnn_ir.analysis.identifiers import Names
from qnn_ir.dialects.hlsc import AwaitOp, MemoryOp, MemType, OutType, ProcessOp, TopOp, connected_ports

PORT_NAMES = "port_names"
"""The attribute of processes and tops that names their ports, in order."""


@dataclass(frozen=True)
class HlscLegalizeNamesPass(ModulePass):
    """
    Make every name legal in C++, Verilog and Tcl and unique when case is ignored; nothing else changes.

    Tops and processes share the global scope, with `<process>_<memory>` for every memory. Memories, sides and ports
    have a scope per process, ports and channels one per top; both avoid the global names. Names that are legal
    already stay, in the order of the module; tops come first, since scripts outside refer to them.
    """

    name = "hlsc-legalize-names"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        tops = [o for o in op.body.block.ops if isinstance(o, TopOp)]
        processes = [o for o in op.body.block.ops if isinstance(o, ProcessOp)]
        names = Names()
        for top in tops:
            top.sym_name = StringAttr(names.take(top.sym_name.data, "accelerator"))
        new = {p.sym_name.data: names.take(p.sym_name.data, "process") for p in processes}
        for process in processes:
            process.sym_name = StringAttr(new[process.sym_name.data])
        for process in processes:
            _rename_process(process, names)
        for top in tops:
            _rename_top(top, new, names)


def _rename_top(top: TopOp, new: dict[str, str], names: Names) -> None:
    """The calls follow the processes; channels and ports get names of their own."""
    for call in top.calls:
        call.callee = SymbolRefAttr(new[call.callee.string_value()])
    scope = Names(names)
    called = top.called()
    outputs = [isinstance(connected_ports(arg, called)[0].type, OutType) for arg in top.body.block.args]
    top.attributes[PORT_NAMES] = _port_names(top.body.block.args, outputs, scope)
    for channel in top.channels:
        channel.label = StringAttr(scope.take(channel.label.data, "channel"))


def _rename_process(process: ProcessOp, names: Names) -> None:
    scope = Names(names)
    outputs = [isinstance(port.type, OutType) for port in process.ports]
    process.attributes[PORT_NAMES] = _port_names(process.ports, outputs, scope)
    for memory in process.memories:
        memory.label = StringAttr(_memory_name(process, memory, scope, names))
    sides = {side.sym_name.data: scope.take(side.sym_name.data, "side") for side in process.sides}
    for side in process.sides:
        side.sym_name = StringAttr(sides[side.sym_name.data])
        for op in side.body.block.ops:
            if isinstance(op, AwaitOp):
                op.side = SymbolRefAttr(sides[op.side.string_value()])


def _memory_name(process: ProcessOp, memory: MemoryOp, scope: Names, names: Names) -> str:
    """A local name whose combination with that of the process is a free global name, then taken."""
    kind = memory.name.removeprefix("hlsc.")
    wanted = memory.label.data if memory.label else kind
    while True:
        local = scope.take(wanted, kind)
        full = f"{process.sym_name.data}_{local}"
        if names.is_free(full):
            names.taken.add(full.lower())
            return local


def _port_names(ports: Sequence[BlockArgument], outputs: list[bool], scope: Names) -> ArrayAttr[StringAttr]:
    """`in0`, `in1`, ... and `out0`, ... in the order of the ports; memories keep their names."""
    counts = {False: 0, True: 0}
    result: list[StringAttr] = []
    for port, output in zip(ports, outputs, strict=True):
        if isinstance(port.type, MemType):
            name = scope.take(port.name_hint or "tiles", "tiles")
        else:
            name = scope.take(f"{'out' if output else 'in'}{counts[output]}")
            counts[output] += 1
        port.name_hint = name
        result.append(StringAttr(name))
    return ArrayAttr(result)
