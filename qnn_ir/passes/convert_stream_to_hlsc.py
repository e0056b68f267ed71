"""Every actor becomes a process, every channel a channel of the top."""

from collections.abc import Sequence
from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ArrayAttr, ModuleOp, StringAttr
from xdsl.ir import Operation, SSAValue
from xdsl.passes import ModulePass
from xdsl.rewriter import InsertPoint, Rewriter

from qnn_ir.analysis.channel_depths import DEPTH
from qnn_ir.constants import dense_int
from qnn_ir.dialects.hlsc import CallOp, ChannelOp, ChanType, ProcessOp, TopOp
from qnn_ir.dialects.stream import Actor, ChannelType, GraphOp, Weighted, channel
from qnn_ir.errors import UserError
from qnn_ir.passes.actors import LOWERINGS
from qnn_ir.passes.actors.boundary import input_process, output_process, word_type
from qnn_ir.passes.actors.builder import beat_type
from qnn_ir.passes.actors.leads import channel_depths
from qnn_ir.passes.actors.port_widths import PORT_BITS
from qnn_ir.passes.actors.weights import INTERFACES, tile_type, weight_process, word_memory

WEIGHTS_DEPTH = 16
"""Tiles of weights that wait for their unit: what a burst from memory outside runs ahead."""


@dataclass(frozen=True)
class ConvertStreamToHlscPass(ModulePass):
    """
    `stream.graph` to `hlsc.process` per actor and one `hlsc.top`.

    The ports of the top carry words of 8, 16, 32, ... bits, packed and unpacked by a process each. `top` names the
    accelerator; `interface` is how all its ports are made: `axis` or `memory`. The weights of a layer that is loaded
    come from a process of their own, which reads them from a memory argument of the top.
    """

    name = "convert-stream-to-hlsc"

    top: str = "accelerator"
    interface: str = "axis"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        if self.interface not in PORT_BITS:
            raise UserError(f"unknown interface {self.interface!r}", self.name, "use axis or memory")
        for graph in [o for o in op.body.block.ops if isinstance(o, GraphOp)]:
            _Conversion(graph, self.top, self.interface).run()


def _check_widths(types: Sequence[ChannelType], interface: str) -> None:
    limit = PORT_BITS[interface]
    if (widest := max((type_.bits for type_ in types), default=0)) > limit:
        raise UserError(
            f"a port of {widest} bits, and {interface} ports have at most {limit}",
            ConvertStreamToHlscPass.name,
            f"run stream-insert-width-converters{{port_bits={limit}}} before",
        )


class _Conversion:
    """One graph: its processes are inserted before it, then the top takes its place."""

    def __init__(self, graph: GraphOp, top: str, interface: str):
        self.graph, self.interface = graph, interface
        self.used = {top}
        inputs, outputs = list(graph.body.block.args), list(graph.output.channels)
        types = [channel(value) for value in (*inputs, *outputs)]
        _check_widths(types, interface)
        loaded = [a for a in graph.actors() if isinstance(a, Weighted) and a.memory.data.is_loaded]
        interfaces = [interface] * len(types) + [INTERFACES[a.memory.data] for a in loaded]
        self.top = TopOp(
            top,
            [*(ChanType(word_type(t)) for t in types), *(word_memory(a) for a in loaded)],
            {
                "interfaces": ArrayAttr([StringAttr(i) for i in interfaces]),
                "input_types": ArrayAttr([v.type for v in inputs]),
                "output_types": ArrayAttr([v.type for v in outputs]),
                "input_layouts": graph.inputs,
                "output_layouts": graph.outputs,
            },
        )
        if loaded:
            self.top.memory_data = ArrayAttr([dense_int(a.stored_tiles()) for a in loaded])
            self.top.memory_types = ArrayAttr([tile_type(a) for a in loaded])
        self.top.location = graph.location
        self.words: dict[Actor, SSAValue] = dict(zip(loaded, self.top.memories, strict=True))
        self.channels: dict[SSAValue, SSAValue] = {}
        self.depths = channel_depths(graph)

    def run(self) -> None:
        for actor in self.graph.actors():
            self.used.add(actor.layer.data)
        self._declare_channels()
        block, ports = self.graph.body.block, self.top.body.block.args
        for index, arg in enumerate(block.args):
            process = input_process(channel(arg), self._fresh("unpack_input", index, len(block.args)), self.graph)
            self._call(process, [ports[index], self.channels[arg]])
        for actor in self.graph.actors():
            process = LOWERINGS[type(actor)](actor, actor.layer.data)
            operands = [*(self.channels[v] for v in actor.operands), *self._weights(actor)]
            self._call(process, [*operands, *(self.channels[v] for v in actor.results)])
        results = self.graph.output.channels
        for index, value in enumerate(results):
            process = output_process(channel(value), self._fresh("pack_output", index, len(results)), self.graph)
            self._call(process, [self.channels[value], ports[len(block.args) + index]])
        Rewriter.replace_op(self.graph, self.top, new_results=[])

    def _weights(self, actor: Actor) -> list[SSAValue]:
        """The channel of the weights of `actor` and the process behind it, where they are loaded."""
        if not isinstance(actor, Weighted) or actor not in self.words:
            return []
        words, name = self.words[actor], f"{actor.layer.data}_weights"
        words.name_hint = name
        beats = ChannelOp(f"{name}_out", WEIGHTS_DEPTH, tile_type(actor))
        self.top.body.block.add_op(beats)
        process = weight_process(actor, self._fresh(f"{actor.layer.data}_load", 0, 1))
        self._call(process, [beats.result, words])
        return [beats.result]

    def _declare_channels(self) -> None:
        """One channel per value of the graph, named after its producer."""
        block = self.graph.body.block
        for index, arg in enumerate(block.args):
            self._declare(arg, "input" if len(block.args) == 1 else f"input_{index}")
        for actor in self.graph.actors():
            for index, value in enumerate(actor.results):
                self._declare(value, actor.layer.data + (f"_{index}" if len(actor.results) > 1 else ""))

    def _declare(self, value: SSAValue, producer: str) -> None:
        op = ChannelOp(f"{producer}_out", self.depths.get(value, DEPTH), beat_type(channel(value)))
        self.top.body.block.add_op(op)
        self.channels[value] = op.result

    def _fresh(self, word: str, index: int, count: int) -> str:
        """A name for a boundary process that no layer has."""
        name = word if count == 1 else f"{word}_{index}"
        while name in self.used:
            name += "_port"
        self.used.add(name)
        return name

    def _call(self, process: ProcessOp, channels: list[SSAValue]) -> None:
        Rewriter.insert_op(process, InsertPoint.before(self.graph))
        call: Operation = CallOp(process.sym_name.data, channels)
        call.location = process.location
        self.top.body.block.add_op(call)
