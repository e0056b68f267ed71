"""The outside of an accelerator: what its header, testbench and scripts have to know."""

from dataclasses import dataclass
from typing import cast

from xdsl.dialects.builtin import ArrayAttr, StringAttr
from xdsl.ir import Operation

PORT_NAMES = "port_names"
"""The attribute of processes and tops in which `hlsc-legalize-names` leaves the names of their ports."""


def port_names(op: Operation) -> list[str] | None:
    """The names of the ports in order, or None where they were not legalised."""
    names = op.attributes.get(PORT_NAMES)
    if names is None:
        return None
    return [name.data for name in cast("ArrayAttr[StringAttr]", names).data]


@dataclass(frozen=True)
class Port:
    """One port of the top function: words of `bits` bits (whole bytes), `beats` per frame."""

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
    def parameter(self) -> str:
        """The parameter of the top function."""
        if not self.in_memory:
            return f"hls::stream<{self.word} > &{self.name}"
        return f"{'const ' if self.is_input else ''}{self.word} *{self.name}"


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
            return [
                f"#pragma HLS INTERFACE m_axi port={self.name} offset=slave bundle={bundle} depth={self.words}",
                f"#pragma HLS INTERFACE s_axilite port={self.name}",
            ]
        storage = " storage_impl=uram" if self.kind == "registers_uram" else ""
        return [f"#pragma HLS INTERFACE s_axilite port={self.name}{storage}"]


@dataclass(frozen=True)
class Interface:
    """The top function and its ports, inputs and outputs in the order of its parameters, then memories."""

    top: str
    ports: tuple[Port, ...]
    memories: tuple[MemoryPort, ...] = ()

    @property
    def inputs(self) -> list[Port]:
        return [port for port in self.ports if port.is_input]

    @property
    def outputs(self) -> list[Port]:
        return [port for port in self.ports if not port.is_input]

    def signature(self, indent: str = "") -> str:
        """The declaration of the top function without its semicolon or body."""
        parameters = [port.parameter for port in (*self.ports, *self.memories)] + ["const unsigned frames"]
        one_line = f"void {self.top}({', '.join(parameters)})"
        if len(indent) + len(one_line) <= 118:
            return indent + one_line
        pad = indent + " " * len(f"void {self.top}(")
        return f"{indent}void {self.top}(" + f",\n{pad}".join(parameters) + ")"
