"""
Processes with their sides.

A process never ends: every side repeats its iterations frame after frame, one iteration per clock at most.
"""

from collections.abc import Iterator, Sequence
from math import prod
from typing import TypeVar

from xdsl.dialects.builtin import (
    I64,
    ArrayAttr,
    DenseArrayBase,
    StringAttr,
    i64,
)
from xdsl.ir import Attribute, Block, BlockArgument, Operation, Region, SSAValue
from xdsl.irdl import (
    irdl_op_definition,
    opt_prop_def,
    prop_def,
    region_def,
    traits_def,
)
from xdsl.parser import Parser
from xdsl.printer import Printer
from xdsl.traits import HasParent, IsolatedFromAbove, NoTerminator, SymbolOpInterface, SymbolTable
from xdsl.utils.exceptions import VerifyException

from qnn_ir.dialects.hlsc.base import INDEX, HlscOp
from qnn_ir.dialects.hlsc.control import AdvanceOp, AffineOp, AwaitOp, ControlOp, PositionOp, Term
from qnn_ir.dialects.hlsc.memory import LoadOp, LookupOp, MemoryOp, StoreOp
from qnn_ir.dialects.hlsc.types import InType, MemType, OutType

OpT = TypeVar("OpT", bound=Operation)


@irdl_op_definition
class ProcessOp(HlscOp):
    """
    A process: ports, local memories and sides. `origin` is the ONNX node it comes from.

    A port of type `!hlsc.mem` is a memory outside whose words do not change while the process runs.

    Iteration k of a side fires in one clock when all its awaits hold, all its enabled reads find a token and all its
    enabled writes have room; else the side, and only this side, waits. Loads see the state before the iteration,
    stores take effect at its end.

    ```mlir
    hlsc.process @double(%in: !hlsc.in<ui4>, %out: !hlsc.out<ui5>) origin "Mul_0" {
      hlsc.side @main (%frame, %i < 8) {
        %x = hlsc.read %in : !hlsc.in<ui4> -> ui4
        %y = hlsc.shl %x by 1 : ui4 -> ui5
        hlsc.write %out, %y : !hlsc.out<ui5>, ui5
      }
    }
    ```
    """

    name = "hlsc.process"
    sym_name = prop_def(StringAttr)
    origin = opt_prop_def(StringAttr)
    body = region_def("single_block")
    traits = traits_def(SymbolOpInterface(), SymbolTable(), IsolatedFromAbove(), NoTerminator())

    def __init__(self, name: str, ports: Sequence[Attribute] | Region, origin: str | None = None):
        """With an empty body over the port types, or with a ready `Region`."""
        super().__init__(
            properties={"sym_name": StringAttr(name), "origin": None if origin is None else StringAttr(origin)},
            regions=[ports if isinstance(ports, Region) else Region(Block(arg_types=ports))],
        )

    @property
    def ports(self) -> tuple[BlockArgument, ...]:
        """The ports in the order of the call's operands."""
        return tuple(self.body.block.args)

    @property
    def inputs(self) -> list[BlockArgument]:
        """The input ports in order."""
        return [p for p in self.ports if isinstance(p.type, InType)]

    @property
    def outputs(self) -> list[BlockArgument]:
        """The output ports in order."""
        return [p for p in self.ports if isinstance(p.type, OutType)]

    @property
    def memory_ports(self) -> list[BlockArgument]:
        """The memories outside in order."""
        return [p for p in self.ports if isinstance(p.type, MemType)]

    @property
    def memories(self) -> list[MemoryOp]:
        """The local memories in order."""
        return [op for op in self.body.block.ops if isinstance(op, MemoryOp)]

    @property
    def sides(self) -> list["SideOp"]:
        """The sides in order."""
        return [op for op in self.body.block.ops if isinstance(op, SideOp)]

    def iterations_per_frame(self) -> int:
        """The cycles of one frame when nothing waits: the iterations of the longest side."""
        return max(side.iterations_per_frame() for side in self.sides)

    def verify_(self) -> None:
        for port in self.ports:
            if not isinstance(port.type, InType | OutType | MemType):
                raise VerifyException(f"a port is !hlsc.in, !hlsc.out or !hlsc.mem, not {port.type}")
        for op in self.body.block.ops:
            if not isinstance(op, MemoryOp | SideOp):
                raise VerifyException(f"a process holds memories and sides, not {op.name}")
        if not self.sides:
            raise VerifyException("a process has at least one side")
        self._verify_uses()

    def _verify_uses(self) -> None:
        """Each port and register belongs to one side; each memory is stored by one side."""
        for port in self.ports:
            _one_side(port, "port", Operation)
        for port in self.memory_ports:
            if not all(isinstance(use.operation, LoadOp) for use in port.uses):
                raise VerifyException(f"port {port.name_hint or port.index} is a memory outside, only loads use it")
        for memory in self.memories:
            if memory.name == "hlsc.reg":
                _one_side(memory.result, "register", Operation)
            _one_side(memory.result, "memory", StoreOp)

    @classmethod
    def parse(cls, parser: Parser) -> "ProcessOp":
        name = parser.parse_symbol_name()
        args = parser.parse_comma_separated_list(parser.Delimiter.PAREN, lambda: parse_port(parser))
        origin = parser.parse_str_literal() if parser.parse_optional_keyword("origin") else None
        attributes = parser.parse_optional_attr_dict_with_keyword()
        op = cls(name.data, parser.parse_region(args), origin)
        op.attributes |= attributes.data if attributes else {}
        return op

    def print(self, printer: Printer) -> None:
        printer.print_string(" ")
        printer.print_symbol_name(self.sym_name.data)
        with printer.in_parens():
            printer.print_list(self.ports, printer.print_block_argument)
        if self.origin:
            printer.print_string(" origin ")
            printer.print_string_literal(self.origin.data)
        printer.print_op_attributes(self.attributes, print_keyword=True)
        printer.print_string(" ")
        printer.print_region(self.body, print_entry_block_args=False)


def parse_port(parser: Parser) -> Parser.Argument:
    """`%name: type [loc(...)]`"""
    port = parser.parse_argument()
    port.location = parser.parse_optional_location()
    return port


def _one_side(value: SSAValue, what: str, kind: type[Operation]) -> None:
    """Fail if operations of `kind` use `value` in more than one side."""
    sides = {use.operation.parent_op() for use in value.uses if isinstance(use.operation, kind)}
    if len(sides) > 1:
        verb = "is stored by" if kind is StoreOp else "is used by"
        raise VerifyException(f"{what} {value.name_hint or ''} {verb} more than one side".replace("  ", " "))


@irdl_op_definition
class SideOp(HlscOp):
    """
    A side: counter nests, an optional position, awaits and a straight-line body that runs once per iteration.

    Each nest is `(%frame, %c0 < N0, ..., %cn < Nn)`, last counter fastest; `%frame` counts how often the nest wrapped.
    The first nest steps in every iteration and its size is the iterations of a frame; a later one steps where its
    `hlsc.advance` says so, and wraps exactly once per frame.

    ```mlir
    hlsc.side @main (%frame, %nf < 4, %sf < 16) {
      %row = hlsc.affine %nf * 16 + %sf
    }
    ```
    """

    name = "hlsc.side"
    sym_name = prop_def(StringAttr)
    nests = prop_def(ArrayAttr[DenseArrayBase[I64]])
    body = region_def("single_block")
    traits = traits_def(SymbolOpInterface(), NoTerminator(), HasParent(ProcessOp))

    def __init__(self, name: str, nests: Sequence[Sequence[int]], body: Region | None = None):
        """With an empty body over the counters, or with a ready `Region`."""
        counters = sum(1 + len(nest) for nest in nests)
        super().__init__(
            properties={
                "sym_name": StringAttr(name),
                "nests": ArrayAttr([DenseArrayBase.from_list(i64, list(nest)) for nest in nests]),
            },
            regions=[body or Region(Block(arg_types=[INDEX] * counters))],
        )

    @property
    def bounds(self) -> list[tuple[int, ...]]:
        """The counter bounds of each nest."""
        return [tuple(int(n) for n in nest.get_values()) for nest in self.nests]

    @property
    def counters(self) -> list[tuple[BlockArgument, ...]]:
        """For each nest its frame count, then its counters."""
        args, result = iter(self.body.block.args), list[tuple[BlockArgument, ...]]()
        for bounds in self.bounds:
            result.append(tuple(next(args) for _ in range(1 + len(bounds))))
        return result

    def iterations_per_frame(self) -> int:
        """The size of the first nest."""
        return prod(self.bounds[0])

    def control(self) -> tuple[list[Term], dict[SSAValue, int], dict[int, int]]:
        """
        The static control as plain data: terms, the term of each static value, the predicate term of each later nest.

        `qnn_ir.analysis.schedule.evaluate(side.bounds, *...)` turns it into vectors.
        """
        terms: list[Term] = []
        slots: dict[SSAValue, int] = {}
        for nest, counters in enumerate(self.counters):
            for place, counter in enumerate(counters):
                slots[counter] = len(terms)
                terms.append(("counter", nest, place))
        advances: dict[int, int] = {}
        for op in self.body.block.ops:
            if isinstance(op, ControlOp):
                slots[op.results[0]] = len(terms)
                terms.append(op.term(slots.__getitem__))
            elif isinstance(op, AdvanceOp):
                advances[op.nest.value.data] = slots[op.when]
        return terms, slots, advances

    def verify_(self) -> None:
        if not self.nests.data or any(n < 1 for bounds in self.bounds for n in bounds):
            raise VerifyException("a side has at least one nest, with bounds of at least 1")
        counters = sum(1 + len(bounds) for bounds in self.bounds)
        if [arg.type for arg in self.body.block.args] != [INDEX] * counters:
            raise VerifyException(f"expected {counters} block arguments of type index")
        self._verify_nests()
        self._verify_awaits()
        self._verify_frames()

    def _verify_nests(self) -> None:
        """Each later nest has one `advance`; there is one position at most."""
        advances = sorted(op.nest.value.data for op in self._ops(AdvanceOp))
        if advances != list(range(1, len(self.bounds))):
            raise VerifyException("every nest after the first has exactly one hlsc.advance")
        if sum(1 for _ in self._ops(PositionOp)) > 1:
            raise VerifyException("a side has one position")

    def _verify_awaits(self) -> None:
        """An await names another side of the process, which has a position."""
        process = self.parent_op()
        sides = {s.sym_name.data: s for s in process.sides} if isinstance(process, ProcessOp) else {}
        for op in self._ops(AwaitOp):
            other = sides.get(op.side.string_value())
            if other is None or other is self:
                raise VerifyException(f"await needs another side of the process, not @{op.side.string_value()}")
            if not any(other._ops(PositionOp)):
                raise VerifyException(f"awaited side @{op.side.string_value()} has no position")

    def _verify_frames(self) -> None:
        """All frames are alike: the frame count reaches addresses, positions and awaits only, by affine forms."""
        tainted: set[SSAValue] = {nest[0] for nest in self.counters}
        for op in self.body.block.ops:
            if not (used := [i for i, v in enumerate(op.operands) if v in tainted]):
                continue
            if isinstance(op, AffineOp):
                tainted.add(op.result)
            elif not isinstance(op, AwaitOp | PositionOp | LoadOp | StoreOp | LookupOp):
                raise VerifyException(f"{op.name} depends on the frame: operand {used[0]}; all frames are alike")

    def _ops(self, kind: type[OpT]) -> Iterator[OpT]:
        return (op for op in self.body.block.ops if isinstance(op, kind))

    @classmethod
    def parse(cls, parser: Parser) -> "SideOp":
        name = parser.parse_symbol_name()
        args, nests = list[Parser.Argument](), list[list[int]]()
        while not nests or parser.parse_optional_punctuation("("):
            if not nests:
                parser.parse_punctuation("(")
            args.append(parser.parse_argument(expect_type=False).resolve(INDEX))
            bounds: list[int] = []
            while parser.parse_optional_punctuation(","):
                args.append(parser.parse_argument(expect_type=False).resolve(INDEX))
                parser.parse_punctuation("<")
                bounds.append(parser.parse_integer())
            parser.parse_punctuation(")")
            nests.append(bounds)
        attributes = parser.parse_optional_attr_dict_with_keyword()
        op = cls(name.data, nests, parser.parse_region(args))
        op.attributes |= attributes.data if attributes else {}
        return op

    def print(self, printer: Printer) -> None:
        printer.print_string(" ")
        printer.print_symbol_name(self.sym_name.data)
        for (frame, *counters), bounds in zip(self.counters, self.bounds, strict=True):
            printer.print_string(" (")
            printer.print_ssa_value(frame)
            for counter, bound in zip(counters, bounds, strict=True):
                printer.print_string(", ")
                printer.print_ssa_value(counter)
                printer.print_string(f" < {bound}")
            printer.print_string(")")
        printer.print_op_attributes(self.attributes, print_keyword=True)
        printer.print_string(" ")
        printer.print_region(self.body, print_entry_block_args=False)
