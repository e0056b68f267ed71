"""`stream-insert-width-converters`: hardware for the casts that folding left behind."""

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp, UnrealizedConversionCastOp
from xdsl.ir import SSAValue
from xdsl.passes import ModulePass
from xdsl.rewriter import InsertPoint, Rewriter

from qnn_ir.analysis.identifiers import Names
from qnn_ir.dialects.stream import Actor, ChannelType, GraphOp, WidthOp, channel
from qnn_ir.passes.actors.port_widths import PORT_BITS, fit_ports


@dataclass(frozen=True)
class StreamInsertWidthConvertersPass(ModulePass):
    """
    Replace every `unrealized_conversion_cast` between channels by a `stream.width`.

    Any two numbers of lanes convert (by way of their least common multiple), because both sides carry the same
    elements per frame. A cast between equal types disappears; a converter is named after the actor that reads it.

    A channel at the boundary of the graph gets a converter of its own where a beat is more than `port_bits`, the
    widest word of the bus outside.
    """

    name = "stream-insert-width-converters"

    port_bits: int = PORT_BITS["axis"]

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for graph in [graph for graph in op.walk() if isinstance(graph, GraphOp)]:
            names = Names()
            for actor in graph.actors():
                names.take(actor.layer.data)
            casts = [cast for cast in graph.body.block.ops if isinstance(cast, UnrealizedConversionCastOp)]
            for cast in casts:
                _replace(cast, names)
            fit_ports(graph, self.port_bits, names)


def _replace(cast: UnrealizedConversionCastOp, names: Names) -> None:
    source, target = cast.operands[0], cast.results[0]
    wanted = target.type
    if not isinstance(wanted, ChannelType) or source.type == wanted:
        target.replace_all_uses_with(source)
        Rewriter.erase_op(cast)
        return
    converter = WidthOp(names.take(f"{_reader(target)}_width"), source, wanted)
    converter.location = cast.location
    converter.result.name_hint = target.name_hint
    assert channel(source).elements == wanted.elements
    Rewriter.insert_op(converter, InsertPoint.before(cast))
    target.replace_all_uses_with(converter.result)
    Rewriter.erase_op(cast)


def _reader(value: SSAValue) -> str:
    """The layer that reads `value`; the graph's output where none does."""
    use = value.get_user_of_unique_use()
    return use.layer.data if isinstance(use, Actor) else "output"
