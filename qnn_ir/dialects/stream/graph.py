"""The graph: one region of actors, its inputs and its outputs."""

from collections.abc import Sequence

from xdsl.dialects.builtin import ArrayAttr, StringAttr, UnrealizedConversionCastOp
from xdsl.ir import Block, Region, SSAValue
from xdsl.irdl import (
    IRDLOperation,
    irdl_op_definition,
    lazy_traits_def,
    prop_def,
    region_def,
    traits_def,
    var_operand_def,
)
from xdsl.parser import Parser
from xdsl.printer import Printer
from xdsl.traits import HasParent, IsolatedFromAbove, IsTerminator, SymbolOpInterface
from xdsl.utils.exceptions import VerifyException
from xdsl.utils.hints import isa

from qnn_ir.dialects.stream.actor import Actor, channel
from qnn_ir.dialects.stream.types import ChannelType, LayoutAttr


@irdl_op_definition
class OutputOp(IRDLOperation):
    """
    End of a graph: the channels that leave the accelerator.

    `output_i = operand_i`

    ```mlir
    stream.graph @accelerator (%x : !stream.chan<ui2 x 1, 4>) -> (!stream.chan<ui2 x 1, 4>)
        inputs([#stream.layout<shape = [1, 4], perm = [0, 1], channels = 4>])
        outputs([#stream.layout<shape = [1, 4], perm = [0, 1], channels = 4>]) {
      stream.output %x : !stream.chan<ui2 x 1, 4>
    }
    ```
    """

    name = "stream.output"
    channels = var_operand_def(ChannelType)
    traits = lazy_traits_def(lambda: (IsTerminator(), HasParent(GraphOp)))
    assembly_format = "attr-dict ($channels^ `:` type($channels))?"

    def __init__(self, channels: Sequence[SSAValue]):
        super().__init__(operands=[channels])


@irdl_op_definition
class GraphOp(IRDLOperation):
    """
    A streaming accelerator: SSA values are channels, operations are actors that all run at the same time.

    `(y_0, ...) = body(x_0, ...)`, frame by frame. Each channel has exactly one reader (fan-out is `stream.fork`);
    `inputs` and `outputs` say how the tensors at the boundary travel. The result types repeat those of the terminator.

    ```mlir
    stream.graph @accelerator (%x : !stream.chan<ui2 x 1, 4>) -> (!stream.chan<ui2 x 1, 4>)
        inputs([#stream.layout<shape = [1, 4], perm = [0, 1], channels = 4>])
        outputs([#stream.layout<shape = [1, 4], perm = [0, 1], channels = 4>]) {
      stream.output %x : !stream.chan<ui2 x 1, 4>
    }
    ```
    """

    name = "stream.graph"
    sym_name = prop_def(StringAttr)
    inputs = prop_def(ArrayAttr[LayoutAttr])
    outputs = prop_def(ArrayAttr[LayoutAttr])
    body = region_def("single_block")
    traits = traits_def(IsolatedFromAbove(), SymbolOpInterface())

    def __init__(
        self,
        sym_name: str,
        inputs: Sequence[LayoutAttr],
        outputs: Sequence[LayoutAttr],
        body: Region | Block,
    ):
        super().__init__(
            properties={
                "sym_name": StringAttr(sym_name),
                "inputs": ArrayAttr(inputs),
                "outputs": ArrayAttr(outputs),
            },
            regions=[Region(body) if isinstance(body, Block) else body],
        )

    @property
    def output(self) -> OutputOp:
        """The terminator."""
        last = self.body.block.last_op
        assert isinstance(last, OutputOp)
        return last

    def actors(self) -> list[Actor]:
        """The actors in topological order."""
        return [op for op in self.body.block.ops if isinstance(op, Actor)]

    def verify_(self) -> None:
        block = self.body.block
        if not isinstance(block.last_op, OutputOp):
            raise VerifyException("a graph ends in stream.output")
        _verify_ports("input", self.inputs, block.args)
        _verify_ports("output", self.outputs, self.output.channels)
        for op in block.ops:
            if not isinstance(op, Actor | OutputOp | UnrealizedConversionCastOp):
                raise VerifyException(f"{op.name} is no actor")
        for value in (*block.args, *(result for op in block.ops for result in op.results)):
            if not value.has_one_use():
                raise VerifyException(f"a channel has exactly one reader, this one has {value.uses.get_length()}")
        names = [actor.layer.data for actor in self.actors()]
        if len(set(names)) != len(names):
            raise VerifyException(f"two actors are named {next(n for n in names if names.count(n) > 1)!r}")

    def print(self, printer: Printer) -> None:
        printer.print_string(" ")
        printer.print_symbol_name(self.sym_name.data)
        printer.print_string(" ")
        with printer.in_parens():
            printer.print_list(self.body.block.args, printer.print_block_argument)
        printer.print_string(" -> ")
        with printer.in_parens():
            printer.print_list(self.output.channels.types, printer.print_attribute)
        for keyword, layouts in (("inputs", self.inputs), ("outputs", self.outputs)):
            printer.print_string(f" {keyword}")
            with printer.in_parens():
                printer.print_attribute(layouts)
        printer.print_op_attributes(self.attributes, print_keyword=True)
        printer.print_string(" ")
        printer.print_region(self.body, print_entry_block_args=False)

    @classmethod
    def parse(cls, parser: Parser) -> "GraphOp":
        sym_name = parser.parse_symbol_name().data
        args = parser.parse_comma_separated_list(parser.Delimiter.PAREN, lambda: _parse_port(parser))
        parser.parse_punctuation("->")
        place = parser.pos
        types = parser.parse_comma_separated_list(parser.Delimiter.PAREN, parser.parse_type)
        inputs, outputs = (_parse_layouts(parser, keyword) for keyword in ("inputs", "outputs"))
        attributes = parser.parse_optional_attr_dict_with_keyword()
        graph = cls(sym_name, inputs, outputs, parser.parse_region(args))
        if attributes is not None:
            graph.attributes |= attributes.data
        last = graph.body.block.last_op
        if isinstance(last, OutputOp) and list(last.channels.types) != types:
            parser.raise_error("the result types of a graph are the types of its stream.output", place)
        return graph


def _verify_ports(what: str, layouts: ArrayAttr[LayoutAttr], values: Sequence[SSAValue]) -> None:
    if len(layouts) != len(values):
        raise VerifyException(f"{len(values)} {what}s but {len(layouts)} {what} layouts")
    for index, (layout, value) in enumerate(zip(layouts, values, strict=True)):
        if not isinstance(value.type, ChannelType):
            raise VerifyException(f"{what} {index} is no channel")
        if layout.elements != channel(value).elements:
            raise VerifyException(
                f"{what} {index} has {channel(value).elements} elements per frame, its layout {layout.elements}"
            )


def _parse_port(parser: Parser) -> Parser.Argument:
    """`%name: type [loc(...)]`"""
    port = parser.parse_argument()
    port.location = parser.parse_optional_location()
    return port


def _parse_layouts(parser: Parser, keyword: str) -> list[LayoutAttr]:
    parser.parse_keyword(keyword)
    with parser.in_parens():
        place = parser.pos
        layouts = parser.parse_attribute()
    if not isa(layouts, ArrayAttr[LayoutAttr]):
        parser.raise_error("expected a list of #stream.layout", place)
    return list(layouts)
