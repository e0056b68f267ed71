"""The outside of an accelerator: what its header, testbench and scripts have to know."""

from dataclasses import dataclass
from typing import cast

from xdsl.dialects.builtin import ArrayAttr, StringAttr
from xdsl.ir import Operation

from qnn_ir.emit.registers import POINTER_BITS, Array, Register, Scalar, register_map

FRAMES = "frames"
"""The parameter of the top function that says how many frames a call computes."""

PORT_NAMES = "port_names"
"""The attribute of processes and tops in which `hlsc-legalize-names` leaves the names of their ports."""


def port_names(op: Operation) -> list[str] | None:
    """The names of the ports in order, or None where they were not legalised."""
    names = op.attributes.get(PORT_NAMES)
    if names is None:
        return None
    return [name.data for name in cast("ArrayAttr[StringAttr]", names).data]


CONTROL = "control"
"""The AXI-Lite bus of all registers."""

COSIM_FRAMES = 2
"""The frames of a call that memory ports have room for in cosimulation, and the least that the testbench allocates."""


@dataclass(frozen=True)
class Port:
    """One port of the top function: words of `bits` bits, `beats` per frame."""

    name: str
    bits: int
    beats: int
    is_input: bool
    in_memory: bool = False

    @property
    def description(self) -> str:
        """One line for people."""
        words = f"{self.beats} word{'s' * (self.beats != 1)} of {self.bits} bits"
        return f"{self.name}: {'input' if self.is_input else 'output'}, {words} per frame"

    @property
    def word(self) -> str:
        return f"ap_uint<{self.bits}>"

    @property
    def beats_constant(self) -> str:
        """The name of the constant that says how many words a frame takes."""
        return f"{self.name}_words_per_frame"

    @property
    def has_last(self) -> bool:
        """Whether the words of a call are a packet, whose last word says so."""
        return not self.is_input and not self.in_memory

    @property
    def stream_word(self) -> str:
        """What a stream outside carries."""
        return f"ap_axiu<{self.bits}, 1, 1, 1>" if self.has_last else self.word

    @property
    def parameter(self) -> str:
        """The parameter of the top function."""
        if not self.in_memory:
            return f"hls::stream<{self.stream_word} > &{self.name}"
        return f"{'const ' if self.is_input else ''}{self.word} *{self.name}"

    def pragmas(self, bundle: str) -> list[str]:
        """How the parameter becomes a bus."""
        if not self.in_memory:
            return [f"#pragma HLS INTERFACE axis port={self.name}"]
        return _pointer_pragmas(self.name, bundle, COSIM_FRAMES * self.beats)


@dataclass(frozen=True)
class MemoryPort:
    """A constant memory that the host fills before a run: `words` words of `bits` bits; `kind` as in `hlsc.top`."""

    name: str
    bits: int
    words: int
    kind: str

    @property
    def description(self) -> str:
        """One line for people."""
        words = f"{self.words} word{'s' * (self.words != 1)} of {self.bits} bits"
        return f"{self.name}: memory, {words}, the same for all frames"

    @property
    def word(self) -> str:
        return f"ap_uint<{self.bits}>"

    @property
    def parameter(self) -> str:
        """The parameter of the top function."""
        return f"const {self.word} {self.name}[{self.words}]"

    def pragmas(self, bundle: str) -> list[str]:
        """How the array becomes a bus."""
        if self.kind == "memory":
            return _pointer_pragmas(self.name, bundle, self.words)
        return [on_control_bus(self.name) + (" storage_impl=uram" if self.kind == "registers_uram" else "")]


def on_control_bus(name: str) -> str:
    """The pragma of a parameter that is registers."""
    return f"#pragma HLS INTERFACE s_axilite port={name} bundle={CONTROL}"


def _pointer_pragmas(name: str, bundle: str, depth: int) -> list[str]:
    """A bus for the memory and registers for its address; cosimulation copies `depth` words."""
    bus = f"#pragma HLS INTERFACE m_axi port={name} offset=slave bundle={bundle} depth={depth}"
    return [bus, on_control_bus(name)]


@dataclass(frozen=True)
class Interface:
    """The top function and its ports: inputs and outputs in the order of its parameters, memories in any order."""

    top: str
    ports: tuple[Port, ...]
    memories: tuple[MemoryPort, ...] = ()

    @property
    def inputs(self) -> list[Port]:
        return [port for port in self.ports if port.is_input]

    @property
    def outputs(self) -> list[Port]:
        return [port for port in self.ports if not port.is_input]

    @property
    def arguments(self) -> list[str]:
        """The names of the parameters of the top function, in order."""
        return [FRAMES, *(port.name for port in self._after_frames)]

    @property
    def _after_frames(self) -> list[Port | MemoryPort]:
        """
        `frames` is first, so that its register is the same in every accelerator. Pointers come before arrays, arrays
        ascend in size: then their registers are the same in all versions of the vendor's tool (see `registers`).
        """
        memories = sorted(self.memories, key=lambda memory: (memory.kind != "memory", memory.bits * memory.words))
        return [*self.ports, *memories]

    def registers(self) -> dict[str, Register]:
        """The registers of all arguments that the host writes, by the names of the parameters."""
        arguments: dict[str, Scalar | Array] = {FRAMES: Scalar(32)}
        for port in self._after_frames:
            if isinstance(port, MemoryPort) and port.kind != "memory":
                arguments[port.name] = Array(port.bits, port.words)
            elif isinstance(port, MemoryPort) or port.in_memory:
                arguments[port.name] = Scalar(POINTER_BITS)
        return register_map(arguments)

    def declaration(self) -> str:
        """The declaration of the top function without its semicolon: under the name that kernels of Vitis need."""
        return self._function('extern "C" void ', self.top)

    def signature(self, name: str | None = None) -> str:
        """The head of the definition of the top function, or of one like it with another name."""
        return self._function("void ", name or self.top)

    def _function(self, words: str, name: str) -> str:
        parameters = [f"const unsigned {FRAMES}", *(port.parameter for port in self._after_frames)]
        one_line = f"{words}{name}({', '.join(parameters)})"
        if len(one_line) <= 118:
            return one_line
        pad = " " * len(f"{words}{name}(")
        return f"{words}{name}(" + f",\n{pad}".join(parameters) + ")"
