"""One C++ function per process: its ROMs, its memories, and the loops around its body."""

from dataclasses import dataclass

from qnn_ir.dialects import hlsc
from qnn_ir.emit.cpp_joint import joint_lines
from qnn_ir.emit.cpp_nest import is_plain, nest_lines
from qnn_ir.emit.cpp_scope import Scope, parameter
from qnn_ir.emit.cpp_style import indented
from qnn_ir.emit.text import quoted


@dataclass(frozen=True)
class ProcessText:
    """A process in C++: ROM tables, the function, and the helpers that it calls."""

    roms: str
    function: str
    helpers: frozenset[str]


def process_text(process: hlsc.ProcessOp) -> ProcessText:
    """The process as a `static` function that computes `frames` frames."""
    scope = Scope(process)
    loops = nest_lines(scope, process.sides[0]) if is_plain(process) else joint_lines(scope)
    lines = [*_comment(scope), *_signature(scope), *indented(scope.declarations()), *indented(loops), "}"]
    return ProcessText(scope.memories.tables(), "\n".join(lines) + "\n", frozenset(scope.helpers))


def _comment(scope: Scope) -> list[str]:
    process = scope.process
    origin = f", from {quoted(process.origin.data)}" if process.origin else ""
    count = process.iterations_per_frame()
    return [f"// {scope.name}{origin}: {count} iteration{'s' * (count != 1)} per frame"]


def _signature(scope: Scope) -> list[str]:
    parameters = [parameter(port, name) for port, name in scope.ports.items()]
    head = f"static void {scope.name}("
    one_line = f"{head}{', '.join([*parameters, 'const unsigned frames'])}) {{"
    if len(one_line) <= 120:
        return [one_line]
    pad = " " * len(head)
    return [f"{head}{parameters[0]},", *(f"{pad}{p}," for p in parameters[1:]), f"{pad}const unsigned frames) {{"]
