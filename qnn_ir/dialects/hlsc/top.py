"""The top: channels between processes, and the calls that connect them."""

from collections.abc import Mapping, Sequence
from typing import cast

from xdsl.dialects.builtin import (
    ArrayAttr,
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
    lazy_traits_def,
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

from qnn_ir.dialects.hlsc.base import HlscOp
from qnn_ir.dialects.hlsc.memory import verify_fits
from qnn_ir.dialects.hlsc.structure import ProcessOp, parse_port
from qnn_ir.dialects.hlsc.types import ChanType, InType, MemType, OutType, bits_of, check_value_type, shape_of


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
    traits = lazy_traits_def(lambda: (HasParent(TopOp),))
    assembly_format = "$callee `(` $channels `)` attr-dict `:` type($channels)"

    def __init__(self, callee: str, channels: Sequence[SSAValue]):
        super().__init__(operands=[channels], properties={"callee": SymbolRefAttr(callee)})

    def process(self) -> ProcessOp:
        """The process that is called, found by a walk through the symbols; `TopOp.called` finds those of all calls."""
        process = SymbolTable.lookup_symbol(self, self.callee) if _symbol_table(self) else None
        if not isinstance(process, ProcessOp):
            raise VerifyException(f"@{self.callee.string_value()} is no process")
        return process

    def verify_ports(self, process: ProcessOp) -> None:
        """Fail unless the channels fit the ports of `process`, which is called."""
        ports = process.ports
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


def _symbol_table(op: Operation) -> Operation | None:
    """The nearest operation around `op` that holds symbols: a piece of IR on its own has none."""
    table = op.parent_op()
    while table is not None and not table.has_trait(SymbolTable):
        table = table.parent_op()
    return table


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

    def called(self) -> dict[CallOp, ProcessOp]:
        """The process of each call in order, all of them found in one walk through the symbols."""
        table = _symbol_table(self)
        symbols = table.regions[0].block.ops if table else ()
        processes = {o.sym_name.data: o for o in symbols if isinstance(o, ProcessOp)}
        result: dict[CallOp, ProcessOp] = {}
        for call in self.calls:
            if (name := call.callee.string_value()) not in processes:
                raise VerifyException(f"@{name} is no process")
            result[call] = processes[name]
        return result

    @property
    def inputs(self) -> list[BlockArgument]:
        """The arguments that processes read from."""
        called = self.called()
        return [arg for arg in self.body.block.args if isinstance(_only_port(arg, called).type, InType)]

    @property
    def outputs(self) -> list[BlockArgument]:
        """The arguments that processes write to."""
        called = self.called()
        return [arg for arg in self.body.block.args if isinstance(_only_port(arg, called).type, OutType)]

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
        if _symbol_table(self) is None:
            return
        called = self.called()
        for call, process in called.items():
            call.verify_ports(process)
        for arg in self.body.block.args:
            _only_port(arg, called)
        for channel in self.channels:
            _verify_ends(channel, called)

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
        args = parser.parse_comma_separated_list(parser.Delimiter.PAREN, lambda: parse_port(parser))
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


def connected_ports(channel: SSAValue, called: Mapping[CallOp, ProcessOp]) -> list[BlockArgument]:
    """The process ports that a channel is connected to in a top whose calls are `called`."""
    return [called[use.operation].ports[use.index] for use in channel.uses if isinstance(use.operation, CallOp)]


def _only_port(arg: BlockArgument, called: Mapping[CallOp, ProcessOp]) -> BlockArgument:
    ports = connected_ports(arg, called)
    if len(ports) != 1:
        raise VerifyException(f"port {arg.name_hint or arg.index} of the top has {len(ports)} users instead of one")
    return ports[0]


def _verify_ends(channel: ChannelOp, called: Mapping[CallOp, ProcessOp]) -> None:
    """One producer, one consumer."""
    ports = connected_ports(channel.result, called)
    producers = sum(isinstance(p.type, OutType) for p in ports)
    if (producers, len(ports) - producers) != (1, 1):
        raise VerifyException(
            f'channel "{channel.label.data}" has {producers} producers and {len(ports) - producers} consumers '
            "instead of one each"
        )
