"""The top function: streams, calls and interface pragmas in the canonical form of a dataflow region."""

from typing import cast

from xdsl.dialects.builtin import ArrayAttr, IntAttr
from xdsl.ir import Attribute, ParametrizedAttribute, SSAValue

from qnn_ir.dialects import hlsc
from qnn_ir.emit.cpp_names import Names
from qnn_ir.emit.cpp_types import stream
from qnn_ir.emit.interface import FRAMES, Interface, MemoryPort, Port, on_control_bus, port_names
from qnn_ir.emit.testbench import Wiring
from qnn_ir.emit.text import identifier
from qnn_ir.errors import UserError
from qnn_ir.int_types import word_bits

_READ_WORDS = """
// The words of all frames, from memory to a stream.
template <int N>
static void read_words(const ap_uint<N> *from, hls::stream<ap_uint<N> > &to, const unsigned words_per_frame,
                       const unsigned frames) {
#pragma HLS FUNCTION_INSTANTIATE variable=words_per_frame
  const unsigned words = words_per_frame * frames;
each_word:
  for (unsigned i = 0; i < words; ++i) {
#pragma HLS PIPELINE II=1
    to.write(from[i]);
  }
}
"""
_WRITE_WORDS = """
// The words of all frames, from a stream to memory.
template <int N>
static void write_words(hls::stream<ap_uint<N> > &from, ap_uint<N> *to, const unsigned words_per_frame,
                        const unsigned frames) {
#pragma HLS FUNCTION_INSTANTIATE variable=words_per_frame
  const unsigned words = words_per_frame * frames;
each_word:
  for (unsigned i = 0; i < words; ++i) {
#pragma HLS PIPELINE II=1
    to[i] = from.read();
  }
}
"""
_SEND_WORDS = """
// The words of all frames as a packet: a DMA engine ends its transfer at the last one.
template <int N, typename WORD>
static void send_words(hls::stream<ap_uint<N> > &from, hls::stream<WORD> &to, const unsigned words_per_frame,
                       const unsigned frames) {
#pragma HLS FUNCTION_INSTANTIATE variable=words_per_frame
  const unsigned words = words_per_frame * frames;
each_word:
  for (unsigned i = 0; i < words; ++i) {
#pragma HLS PIPELINE II=1
    WORD word;
    word.data = from.read();
    word.keep = -1;
    word.strb = -1;
    word.user = 0;
    word.last = i + 1 == words;
    word.id = 0;
    word.dest = 0;
    to.write(word);
  }
}
"""

_PORT_DEPTH = 2  # of the streams between a port and the first or last process


class TopPrinter:
    """Names and prints one `hlsc.top`."""

    def __init__(self, top: hlsc.TopOp):
        self._top = top
        self._called = top.called()
        self.name = identifier(top.sym_name.data)
        self._names = Names()
        for taken in (self.name, *(identifier(process.sym_name.data) for process in self._called.values())):
            self._names.fresh(taken)
        self._streams: dict[SSAValue, str] = {}
        self._args = [arg for arg in top.body.block.args if isinstance(arg.type, hlsc.ChanType)]
        ports = tuple(self._port(arg.index) for arg in self._args)
        self.interface = Interface(self.name, ports, tuple(self._memory(arg.index) for arg in top.memories))
        for channel in top.channels:
            self._streams[channel.result] = self._names.fresh(identifier(channel.label.data))

    def _port(self, place: int) -> Port:
        arg = self._top.body.block.args[place]
        is_input = arg in self._top.inputs
        peers = self._top.inputs if is_input else self._top.outputs
        default = f"{'in' if is_input else 'out'}{peers.index(arg)}"
        given = port_names(self._top)
        name = self._names.fresh(given[place] if given else arg.name_hint, default)
        in_memory = self._top.interfaces is not None and self._top.interfaces.data[place].data == "memory"
        has_process = in_memory or not is_input
        self._streams[arg] = self._names.fresh(f"{name}_words") if has_process else name
        types = self._top.input_types if is_input else self._top.output_types
        bits = hlsc.bits_of(cast(hlsc.ChanType, arg.type).value)
        if bits != word_bits(bits):
            raise UserError(f"port {name} has words of {bits} bits", self.name, "8, 16, 32, ... bits are needed")
        return Port(name, bits, _beats(types, peers.index(arg), self.name), is_input, in_memory)

    def _memory(self, place: int) -> MemoryPort:
        arg = self._top.body.block.args[place]
        memory, given = cast(hlsc.MemType, arg.type), port_names(self._top)
        name = self._streams[arg] = self._names.fresh(given[place] if given else arg.name_hint, "words")
        kind = "memory" if self._top.interfaces is None else self._top.interfaces.data[place].data
        return MemoryPort(name, hlsc.bits_of(memory.value), memory.depth.data, kind)

    @property
    def helpers(self) -> str:
        """The templates that the ports need."""
        used = {_process(port) for port in self.interface.ports}
        return "".join(text for name, text in _HELPERS.items() if name in used)

    def function(self) -> str:
        """The definition of the top function."""
        lines = [*self._interface_pragmas(), "#pragma HLS DATAFLOW", *self._declarations(depths=False)]
        lines += [f"  {call};" for call in self._calls()]
        return f"\n{self.interface.signature()} {{\n" + "\n".join(lines) + "\n}\n"

    def wiring(self) -> Wiring:
        """The same streams and calls for the testbench's threads."""
        return Wiring("".join(f"{line}\n" for line in self._declarations(depths=True)), self._calls())

    def _interface_pragmas(self) -> list[str]:
        lines: list[str] = []
        for number, port in enumerate(self.interface.ports):
            lines += port.pragmas(f"gmem{number}")
        for number, memory in enumerate(self.interface.memories, len(self.interface.ports)):
            lines += memory.pragmas(f"gmem{number}")
        return [*lines, on_control_bus(FRAMES), on_control_bus("return")]

    def _declarations(self, depths: bool) -> list[str]:
        lines: list[str] = []
        for value, name, depth in self._inner_streams():
            type_ = stream(cast(hlsc.ChanType, value.type).value)
            lines.append(f'  {type_} {name}("{name}");')
            lines.append(
                f"  {name}.set_depth({depth});" if depths else f"#pragma HLS STREAM variable={name} depth={depth}"
            )
        return lines

    def _inner_streams(self) -> list[tuple[SSAValue, str, int]]:
        ports = zip(self._args, self.interface.ports, strict=True)
        result: list[tuple[SSAValue, str, int]] = []
        result += [(arg, self._streams[arg], _PORT_DEPTH) for arg, port in ports if _process(port)]
        result += [(c.result, self._streams[c.result], c.depth.value.data) for c in self._top.channels]
        return result

    def _calls(self) -> list[str]:
        first: list[str] = []
        last: list[str] = []
        for arg, port in zip(self._args, self.interface.ports, strict=True):
            process, inner = _process(port), self._streams[arg]
            if process is not None and port.is_input:
                first.append(f"{process}({port.name}, {inner}, {port.beats_constant}, {FRAMES})")
            elif process is not None:
                last.append(f"{process}({inner}, {port.name}, {port.beats_constant}, {FRAMES})")
        calls = [
            f"{identifier(process.sym_name.data)}({', '.join(self._streams[c] for c in call.channels)}, frames)"
            for call, process in self._called.items()
        ]
        return first + calls + last


_HELPERS = {"read_words": _READ_WORDS, "write_words": _WRITE_WORDS, "send_words": _SEND_WORDS}


def _process(port: Port) -> str | None:
    """The helper between a port and the stream inside; none where the port is that stream."""
    if port.is_input:
        return "read_words" if port.in_memory else None
    return "write_words" if port.in_memory else "send_words"


def _beats(types: ArrayAttr[Attribute] | None, place: int, top: str) -> int:
    """The beats per frame of a port: the last parameter of its channel type, which this level stores unread."""
    if types is None or len(types.data) <= place:
        raise UserError("hlsc.top does not say what its ports carry", top, "give it input_types and output_types")
    channel = types.data[place]
    assert isinstance(channel, ParametrizedAttribute)
    return cast(IntAttr[int], channel.parameters[-1]).data
