"""Beats at the boundary of a graph that are wider than the words of a bus outside: fewer lanes per word."""

from collections.abc import Callable

from xdsl.ir import SSAValue
from xdsl.rewriter import InsertPoint, Rewriter

from qnn_ir.analysis.identifiers import Names
from qnn_ir.dialects.stream import ChannelType, GraphOp, WidthOp, channel
from qnn_ir.errors import UserError

PORT_BITS = {"axis": 1024, "memory": 512}
"""The widest word of each interface: AXI4-Stream with the vendor's DMA engines, memory controllers."""


def fit_ports(graph: GraphOp, limit: int, names: Names) -> None:
    """A converter at each input and output of `graph` whose beats are wider than `limit` bits."""
    interval = max((actor.cycles() for actor in graph.actors()), default=1)
    for index, value in enumerate(tuple(graph.body.block.args)):
        if channel(value).bits > limit:
            _fit_input(graph, value, names, lambda type_, i=index: port_type(type_, limit, interval, f"input {i}"))
    for index, value in enumerate(graph.output.channels):
        if channel(value).bits > limit:
            _fit_output(graph, index, names, lambda type_, i=index: port_type(type_, limit, interval, f"output {i}"))


def port_type(type_: ChannelType, limit: int, interval: int, where: str) -> ChannelType:
    """
    The channel of the words that carry `type_` in words of at most `limit` bits, `type_` itself where its beats fit.

    Words of as many lanes as fit and divide those of a beat: cutting a beat is a multiplexer, anything else a shifter.
    Only where a frame of them took longer than `interval` cycles, what the slowest actor takes, any lanes that divide
    the frame do.
    """
    if type_.bits <= limit:
        return type_
    element = type_.element.width.data
    if element > limit:
        raise UserError(
            f"elements of {element} bits do not fit in words of {limit} bits", where, "quantise to fewer bits"
        )
    widths = [n for n in range(1, limit // element + 1) if type_.elements % n == 0]
    lanes = min(widths, key=lambda n: (max(type_.elements // n, interval), type_.lanes.data % n != 0, -n))
    return type_.folded(lanes)


def _fit_input(graph: GraphOp, value: SSAValue, names: Names, port: Callable[[ChannelType], ChannelType]) -> None:
    """A converter that reads the input takes the words itself."""
    (use,) = value.uses
    reader = use.operation
    wanted = channel(reader.result if isinstance(reader, WidthOp) else value)
    words = Rewriter.replace_value_with_new_type(value, port(wanted))
    if not isinstance(reader, WidthOp):
        converter = WidthOp(names.take("input_width"), words, wanted)
        Rewriter.insert_op(converter, InsertPoint.at_start(graph.body.block))
        reader.operands[use.index] = converter.result
    elif words.type == wanted:
        reader.result.replace_all_uses_with(words)
        Rewriter.erase_op(reader)


def _fit_output(graph: GraphOp, index: int, names: Names, port: Callable[[ChannelType], ChannelType]) -> None:
    """A converter that writes the output makes the words itself."""
    value = graph.output.channels[index]
    writer = value.owner
    source = writer.input if isinstance(writer, WidthOp) else value
    words, result = port(channel(source)), source
    if words != channel(source):
        layer = writer.layer if isinstance(writer, WidthOp) else names.take("output_width")
        converter = WidthOp(layer, source, words)
        Rewriter.insert_op(converter, InsertPoint.before(graph.output))
        result = converter.result
    graph.output.operands[index] = result
    if isinstance(writer, WidthOp):
        Rewriter.erase_op(writer)
