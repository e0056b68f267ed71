"""One side of a joint loop: its counters and registers, when it goes, and what it does then."""

from collections.abc import Mapping
from dataclasses import dataclass

from qnn_ir.dialects import hlsc
from qnn_ir.emit.cpp_expressions import Expression, atom, binary, integer, negation
from qnn_ir.emit.cpp_scope import Scope
from qnn_ir.emit.cpp_static import StaticValues
from qnn_ir.emit.cpp_style import Lines, indented, used_only

LONGEST_LINE = 114


@dataclass(frozen=True)
class SideText:
    """
    A side in the joint loop.

    `definitions` are of the values that awaits look at, of this side or of another; `go` decides whether the side
    goes, before any side has gone; `step` is what it does then.
    """

    definitions: Lines
    go: Lines
    step: Lines


class JointSide:
    """Prints the parts of a side; `several` is whether the loop has other sides too."""

    def __init__(self, scope: Scope, side: hlsc.SideOp, several: bool):
        self._scope, self._side, self._several = scope, side, several
        self._prefix = f"{side.sym_name.data}_" if several else ""
        self._frame = scope.names.fresh(f"{self._prefix}frame" if several else "done")
        self._static = StaticValues(scope, side, self._prefix, self._frame)
        self._go = scope.names.fresh(f"{self._prefix}go")
        self._position = next((o.index for o in side.body.block.ops if isinstance(o, hlsc.PositionOp)), None)
        if self._position is not None:
            self.position()

    @property
    def unfinished(self) -> str:
        """Whether frames are left."""
        return f"{self._frame} != frames"

    def declarations(self) -> Lines:
        """Counters and registers at the beginning of the first frame; to be called last."""
        return [f"unsigned {self._frame} = 0;", *self._static.declarations()]

    def print(self, sides: Mapping[str, "JointSide"]) -> SideText:
        """The parts of the side in the loop of all `sides`."""
        printer = self._scope.printer(self._static.names, self._static.bounds)
        go, body = self._conditions(sides), [*printer.print(self._side), *self._step()]
        step = [*used_only(self._static.late, body), *body]
        if self._several:
            step = [f"if ({self._go}) {{", *indented(step), "}"]
        return SideText(self._static.early, go, step)

    # --- when it goes -------------------------------------------------------------------------------------------------

    def _conditions(self, sides: Mapping[str, "JointSide"]) -> Lines:
        """`const bool go = ...`; nothing for a side that is alone."""
        if not self._several:
            return []
        awaits = [op for op in self._side.body.block.ops if isinstance(op, hlsc.AwaitOp)]
        terms = [self.unfinished, *(self._await(op, sides[op.side.string_value()]) for op in awaits)]
        head = f"const bool {self._go} = "
        text = f"{head}{' && '.join(terms)};"
        if len(text) > LONGEST_LINE:
            text = f" &&\n{' ' * len(head)}".join([head + terms[0], *terms[1:]]) + ";"
        return text.split("\n")

    def position(self) -> tuple[Expression, int]:
        """What others await: what changes, and a constant."""
        assert self._position is not None
        return self._static.moving(self._position, "position")

    def _await(self, op: hlsc.AwaitOp, other: "JointSide") -> str:
        """`other.position > index`, as a difference of what changes against a constant."""
        (theirs, ahead), (mine, index) = other.position(), self._static.moving(op.index, "awaited")
        difference = binary("-", theirs, mine)
        reached = binary(">", atom(f"int({difference})"), integer(index - ahead))
        if op.when is None:
            return str(reached)
        return f"({binary('||', negation(self._static.control(op.when)), reached)})"

    # --- what it does -------------------------------------------------------------------------------------------------

    def _step(self) -> Lines:
        """The counters of all nests; whether they step is decided before any of them does."""
        advances = {op.nest.value.data: op.when for op in self._side.body.block.ops if isinstance(op, hlsc.AdvanceOp)}
        names = {nest: self._scope.names.fresh(f"{self._prefix}advance") for nest in advances}
        lines = [f"const bool {names[nest]} = {self._static.control(when)};" for nest, when in advances.items()]
        for nest in advances:
            lines += [f"if ({names[nest]}) {{", *indented(self._static.step(nest)), "}"]
        return [*lines, *self._static.step(0, [f"++{self._frame};"])]
