"""The loops of a process with one side: its counter nest, one iteration of the innermost loop per clock."""

from xdsl.ir import SSAValue

from qnn_ir.dialects import hlsc
from qnn_ir.emit.cpp_dependence import dependence_lines
from qnn_ir.emit.cpp_expressions import Precedence
from qnn_ir.emit.cpp_scope import Scope
from qnn_ir.emit.cpp_style import PIPELINE, indented, used_only


def is_plain(process: hlsc.ProcessOp) -> bool:
    """Whether the process is one nest of loops whose control is the same in every frame."""
    if len(process.sides) != 1 or len(process.sides[0].bounds) != 1:
        return False
    ((frame, *_),) = process.sides[0].counters
    return not frame.uses


def nest_lines(scope: Scope, side: hlsc.SideOp) -> list[str]:
    """A loop over the frames around a loop per counter."""
    counters = side.counters[0][1:]
    names: dict[SSAValue, str] = {c: scope.named(c, "i") for c in counters}
    bounds = dict[SSAValue, int](zip(counters, side.bounds[0], strict=True))
    printer = scope.printer(names, bounds)
    addresses = _addresses(scope, side, names, bounds)
    body = printer.print(side)
    body = [*used_only(addresses, body), *body]
    loops = [(names[c], n) for c, n in bounds.items() if n > 1]
    flatten = ["#pragma HLS LOOP_FLATTEN"] if loops else []
    lines = [PIPELINE, *flatten, *dependence_lines(scope, side, bounds), *body]
    for name, bound in reversed(loops):
        head = f"for (int {name} = 0; {name} < {bound}; ++{name}) {{"
        lines = [f"{scope.names.fresh(f'{name}_loop')}:", head, *indented(lines), "}"]
    head = "for (unsigned frame = 0; frame < frames; ++frame) {"
    return [f"{scope.names.fresh('each_frame')}:", head, *indented(lines), "}"]


def _addresses(scope: Scope, side: hlsc.SideOp, names: dict[SSAValue, str], bounds: dict[SSAValue, int]) -> list[str]:
    """Variables for the affine forms that are more than a counter, so that bodies read well."""
    control = scope.control(names, bounds)
    lines: list[str] = []
    for op in side.body.block.ops:
        if not isinstance(op, hlsc.AffineOp):
            continue
        expression = control(op.result)
        if (expression.precedence <= Precedence.SUM and op.result.first_use is not None) or "%" in expression.text:
            names[op.result] = scope.named(op.result, "at")
            lines.append(f"const int {names[op.result]} = {expression};")
    return lines
