"""
Processes with their sides, and the top that connects processes by channels.

A process never ends: every side repeats its iterations frame after frame, one iteration per clock at most.
"""

from collections.abc import Iterator, Sequence
from math import prod
from typing import TypeVar, cast

from xdsl.dialects.builtin import (
    I64,
    ArrayAttr,
    DenseArrayBase,
    DenseIntOrFPElementsAttr,
    FlatSymbolRefAttr,
    IntegerAttr,
    StringAttr,
    SymbolRefAttr,
    i64,
)
from xdsl.ir import Attribute, Block, BlockArgument, Operation, Region, SSAValue
from xdsl.irdl import (
    AtLeast,
    BaseAttr,
    irdl_op_definition,
    opt_prop_def,
    prop_def,
    region_def,
    result_def,
    traits_def,
    var_operand_def,
)
from xdsl.parser import Parser
from xdsl.printer import Printer
from xdsl.traits import HasParent, IsolatedFromAbove, NoTerminator, SymbolOpInterface, SymbolTable
from xdsl.utils.exceptions import VerifyException

from qnn_ir.dialects.hlsc.base import INDEX, HlscOp
from qnn_ir.dialects.hlsc.control import AdvanceOp, AffineOp, AwaitOp, ControlOp, PositionOp, Term
from qnn_ir.dialects.hlsc.memory import LoadOp, LookupOp, MemoryOp, StoreOp, verify_fits
from qnn_ir.dialects.hlsc.types import ChanType, InType, MemType, OutType, bits_of, check_value_type, shape_of

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
        args = parser.parse_comma_separated_list(parser.Delimiter.PAREN, lambda: _parse_port(parser))
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


def _parse_port(parser: Parser) -> Parser.Argument:
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


@irdl_op_definition
class ChannelOp(HlscOp):
    """
    A first-in first-out channel of `depth` tokens between one producer and one consumer.

    ```mlir
    %c = hlsc.channel "fc0_out" depth 2 : !hlsc.chan<vector<16xui2>>
    ```
    """

    name = "hlsc.channel"
    label = prop_def(StringAttr, prop_name="name")
    depth = prop_def(IntegerAttr.constr(type=i64, value=AtLeast(1)))
    result = result_def(BaseAttr(ChanType))
    assembly_format = "$name `depth` $depth attr-dict `:` type($result)"

    def __init__(self, label: str, depth: int, type: ChanType | Attribute):
        super().__init__(
            properties={"name": StringAttr(label), "depth": IntegerAttr(depth, i64)},
            result_types=[type if isinstance(type, ChanType) else ChanType(type)],
        )


@irdl_op_definition
class CallOp(HlscOp):
    """
    An instance of a process, its ports connected to channels (and memories outside) in order.

    ```mlir
    hlsc.call @fc0(%in, %c) : !hlsc.chan<vector<49xui2>>, !hlsc.chan<vector<16xui2>>
    ```
    """

    name = "hlsc.call"
    callee = prop_def(FlatSymbolRefAttr)
    channels = var_operand_def(BaseAttr(ChanType) | BaseAttr(MemType))
    assembly_format = "$callee `(` $channels `)` attr-dict `:` type($channels)"

    def __init__(self, callee: str, channels: Sequence[SSAValue]):
        super().__init__(operands=[channels], properties={"callee": SymbolRefAttr(callee)})

    def process(self) -> ProcessOp:
        """The process that is called."""
        process = SymbolTable.lookup_symbol(self, self.callee) if _in_symbol_table(self) else None
        if not isinstance(process, ProcessOp):
            raise VerifyException(f"@{self.callee.string_value()} is no process")
        return process

    def verify_(self) -> None:
        if not _in_symbol_table(self):
            return
        ports = self.process().ports
        if len(ports) != len(self.channels):
            raise VerifyException(f"@{self.callee.string_value()} has {len(ports)} ports, not {len(self.channels)}")
        for port, channel in zip(ports, self.channels, strict=True):
            if isinstance(port.type, MemType) or isinstance(channel.type, MemType):
                if port.type != channel.type:
                    raise VerifyException(f"port {port.type} and {channel.type} differ")
                continue
            beat, token = cast(InType | OutType, port.type).value, cast(ChanType, channel.type).value
            if beat != token and bits_of(beat) != bits_of(token):
                raise VerifyException(f"port {port.type} and channel {channel.type} differ in bits")


def _in_symbol_table(op: Operation) -> bool:
    """Whether symbols can be looked up: a piece of IR on its own has none."""
    top = op.get_toplevel_object()
    return isinstance(top, Operation) and top is not op and top.has_trait(SymbolTable)


@irdl_op_definition
class TopOp(HlscOp):
    """
    The accelerator: channels and calls only. Arguments are its ports; what processes write to is an output.

    `interfaces` has `"axis"` or `"memory"` for each channel. `input_types`, `output_types` (channel types before byte
    padding) and `input_layouts`, `output_layouts` say how tensors become beats. Arguments of type `!hlsc.mem` are
    memories that the host fills before a run: `"memory"` outside, `"registers"` in block RAM or `"registers_uram"` in
    UltraRAM behind the register interface. `memory_data` has what they hold unless the host says otherwise, a tile per
    word, in lanes of `memory_types`; the bits of a word above its tile are not used.

    ```mlir
    hlsc.process @copy(%in: !hlsc.in<ui8>, %out: !hlsc.out<ui8>) {
      hlsc.side @main (%frame, %i < 8) {
        %x = hlsc.read %in : !hlsc.in<ui8> -> ui8
        hlsc.write %out, %x : !hlsc.out<ui8>, ui8
      }
    }
    hlsc.top @net(%x: !hlsc.chan<ui8>, %y: !hlsc.chan<ui8>) attributes {interfaces = ["axis", "axis"]} {
      hlsc.call @copy(%x, %y) : !hlsc.chan<ui8>, !hlsc.chan<ui8>
    }
    ```
    """

    name = "hlsc.top"
    sym_name = prop_def(StringAttr)
    interfaces = opt_prop_def(ArrayAttr[StringAttr])
    input_types = opt_prop_def(ArrayAttr)
    output_types = opt_prop_def(ArrayAttr)
    input_layouts = opt_prop_def(ArrayAttr)
    output_layouts = opt_prop_def(ArrayAttr)
    memory_data = opt_prop_def(ArrayAttr[DenseIntOrFPElementsAttr])
    memory_types = opt_prop_def(ArrayAttr)
    body = region_def("single_block")
    traits = traits_def(SymbolOpInterface(), IsolatedFromAbove(), NoTerminator())

    def __init__(self, name: str, ports: Sequence[Attribute] | Region, properties: dict[str, Attribute] | None = None):
        """With an empty body over the channel types, or with a ready `Region`."""
        super().__init__(
            properties={"sym_name": StringAttr(name), **(properties or {})},
            regions=[ports if isinstance(ports, Region) else Region(Block(arg_types=ports))],
        )

    @property
    def calls(self) -> list[CallOp]:
        """The process instances in order."""
        return [op for op in self.body.block.ops if isinstance(op, CallOp)]

    @property
    def channels(self) -> list[ChannelOp]:
        """The inner channels in order."""
        return [op for op in self.body.block.ops if isinstance(op, ChannelOp)]

    @property
    def inputs(self) -> list[BlockArgument]:
        """The arguments that processes read from."""
        return [arg for arg in self.body.block.args if isinstance(_only_port(arg).type, InType)]

    @property
    def outputs(self) -> list[BlockArgument]:
        """The arguments that processes write to."""
        return [arg for arg in self.body.block.args if isinstance(_only_port(arg).type, OutType)]

    @property
    def memories(self) -> list[BlockArgument]:
        """The arguments that are memories."""
        return [arg for arg in self.body.block.args if isinstance(arg.type, MemType)]

    def verify_(self) -> None:
        for op in self.body.block.ops:
            if not isinstance(op, ChannelOp | CallOp):
                raise VerifyException(f"the top holds channels and calls, not {op.name}")
        for arg in self.body.block.args:
            if not isinstance(arg.type, ChanType | MemType):
                raise VerifyException(f"a port of the top is !hlsc.chan or !hlsc.mem, not {arg.type}")
        if self.interfaces is not None:
            self._verify_interfaces(self.interfaces)
        self._verify_memories()
        if not _in_symbol_table(self):
            return
        for arg in self.body.block.args:
            _only_port(arg)
        for channel in self.channels:
            _verify_ends(channel)

    def _verify_interfaces(self, interfaces: ArrayAttr[StringAttr]) -> None:
        if len(interfaces) != len(self.body.block.args):
            raise VerifyException("expected one interface per port")
        for arg, interface in zip(self.body.block.args, interfaces, strict=True):
            kinds = MEMORY_INTERFACES if isinstance(arg.type, MemType) else CHANNEL_INTERFACES
            if interface.data not in kinds:
                listed = " or ".join(f'"{kind}"' for kind in kinds)
                raise VerifyException(f'an interface is {listed}, not "{interface.data}"')

    def _verify_memories(self) -> None:
        """Each memory has contents that fit."""
        data, types = self.memory_data or ArrayAttr([]), self.memory_types or ArrayAttr([])
        if not len(data) == len(types) == len(self.memories):
            raise VerifyException(f"expected data and a type for each of {len(self.memories)} memories")
        for arg, contents, type_ in zip(self.memories, data, types, strict=True):
            memory, tile = cast(MemType, arg.type), check_value_type(type_, "a tile")
            if bits_of(tile) > bits_of(memory.value):
                raise VerifyException(f"a word of {memory} does not hold {tile}")
            if contents.get_shape() != (memory.depth.data, *shape_of(tile)):
                raise VerifyException(f"data {contents.get_shape()} does not fill {memory} with {tile}")
            verify_fits(contents, memory, tile)

    @classmethod
    def parse(cls, parser: Parser) -> "TopOp":
        name = parser.parse_symbol_name()
        args = parser.parse_comma_separated_list(parser.Delimiter.PAREN, lambda: _parse_port(parser))
        attributes = parser.parse_optional_attr_dict_with_keyword()
        values = dict(attributes.data) if attributes else {}
        known = {key: values.pop(key) for key in _TOP_PROPERTIES if key in values}
        op = cls(name.data, parser.parse_region(args), known)
        op.attributes |= values
        return op

    def print(self, printer: Printer) -> None:
        printer.print_string(" ")
        printer.print_symbol_name(self.sym_name.data)
        with printer.in_parens():
            printer.print_list(self.body.block.args, printer.print_block_argument)
        known = {key: self.properties[key] for key in _TOP_PROPERTIES if key in self.properties}
        printer.print_op_attributes(known | self.attributes, print_keyword=True)
        printer.print_string(" ")
        printer.print_region(self.body, print_entry_block_args=False)


CHANNEL_INTERFACES = ("axis", "memory")
MEMORY_INTERFACES = ("memory", "registers", "registers_uram")

_TOP_PROPERTIES = (
    "interfaces",
    "input_types",
    "output_types",
    "input_layouts",
    "output_layouts",
    "memory_data",
    "memory_types",
)


def connected_ports(channel: SSAValue) -> list[BlockArgument]:
    """The process ports that a channel of a top is connected to."""
    return [use.operation.process().ports[use.index] for use in channel.uses if isinstance(use.operation, CallOp)]


def _only_port(arg: BlockArgument) -> BlockArgument:
    ports = connected_ports(arg)
    if len(ports) != 1:
        raise VerifyException(f"port {arg.name_hint or arg.index} of the top has {len(ports)} users instead of one")
    return ports[0]


def _verify_ends(channel: ChannelOp) -> None:
    """One producer, one consumer."""
    ports = connected_ports(channel.result)
    producers = sum(isinstance(p.type, OutType) for p in ports)
    if (producers, len(ports) - producers) != (1, 1):
        raise VerifyException(
            f'channel "{channel.label.data}" has {producers} producers and {len(ports) - producers} consumers '
            "instead of one each"
        )
