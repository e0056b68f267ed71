"""`host.h`: what callers of the C++ host code see."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from xdsl.ir import SSAValue

from qnn_ir.dialects.qnn import is_float, shape_of
from qnn_ir.dialects.qnn.shapes import text as shape_text
from qnn_ir.emit.cpp_names import Names
from qnn_ir.emit.host.network import HostNetwork, legal
from qnn_ir.emit.host.ports import Port
from qnn_ir.emit.text import quoted

_LONGEST_LINE = 116


@dataclass(frozen=True)
class Tensor:
    """A parameter of the interface: one tensor of one frame."""

    name: str
    onnx: str
    value: SSAValue
    fed: bool = False
    """An ONNX input: reals come as float."""

    @property
    def element(self) -> str:
        """The C++ type of an element."""
        if not is_float(self.value.type):
            return "std::int64_t"
        return "float" if self.fed else "double"

    @property
    def size(self) -> int:
        """Elements per frame."""
        return math.prod(shape_of(self.value))

    @property
    def read(self) -> str:
        """The parameter of a function that reads it."""
        return f"const {self.element} *{self.name}"

    @property
    def written(self) -> str:
        """The parameter of a function that writes it."""
        return f"{self.element} *{self.name}"


def signature(name: str, parameters: Sequence[str]) -> str:
    """The declaration of a function without its semicolon or body."""
    one_line = f"void {name}({', '.join(parameters)})"
    if len(one_line) <= _LONGEST_LINE:
        return one_line
    pad = " " * len(f"void {name}(")
    return f"void {name}(" + f",\n{pad}".join(parameters) + ")"


class Interface:
    """The tensors at the four ends of prologue and epilogue, by the names that C++ gives them."""

    def __init__(self, network: HostNetwork, names: Names):
        self.network = network
        self.space = f"{network.top}_host"
        """Not the name of the top alone: that is a function of the accelerator's own header."""
        for port in (*network.inputs, *network.outputs):
            for taken in (f"{port.name}_words", f"{port.name}_bytes", f"pack_{port.name}", f"unpack_{port.name}"):
                names.fresh(taken)
        prologue, epilogue = network.prologue, network.epilogue
        self.inputs = _tensors(prologue.argument_names, prologue.arguments, names, fed=True)
        results = _tensors(prologue.result_names, prologue.results, names)
        self.to_accelerator = results[: len(results) - network.bypassing]
        self.bypassing = results[len(self.to_accelerator) :]
        count = len(epilogue.arguments) - network.bypassing
        self.from_accelerator = _tensors(epilogue.argument_names[:count], epilogue.arguments[:count], names)
        bypassed = zip(self.bypassing, epilogue.arguments[count:], strict=True)
        self.bypassed = [Tensor(tensor.name, tensor.onnx, value) for tensor, value in bypassed]
        self.outputs = _tensors(epilogue.result_names, epilogue.results, names)

    @property
    def input_ports(self) -> list[tuple[Port, Tensor]]:
        """The ports that the host writes; none where they are not known."""
        return list(zip(self.network.inputs, self.to_accelerator, strict=False))

    @property
    def output_ports(self) -> list[tuple[Port, Tensor]]:
        """The ports that the host reads; none where they are not known."""
        return list(zip(self.network.outputs, self.from_accelerator, strict=False))

    @property
    def prologue(self) -> str:
        """The signature of `prologue`."""
        written = [*self.to_accelerator, *self.bypassing]
        return signature("prologue", [*(t.read for t in self.inputs), *(t.written for t in written)])

    @property
    def epilogue(self) -> str:
        """The signature of `epilogue`."""
        read = [*self.from_accelerator, *self.bypassed]
        return signature("epilogue", [*(t.read for t in read), *(t.written for t in self.outputs)])

    @property
    def encode(self) -> str:
        """The signature of `encode`."""
        words = [f"std::uint8_t *{port.name}_words" for port in self.network.inputs]
        return signature("encode", [*(t.read for t in self.inputs), *words, *(t.written for t in self.bypassing)])

    @property
    def decode(self) -> str:
        """The signature of `decode`."""
        words = [f"const std::uint8_t *{port.name}_words" for port in self.network.outputs]
        return signature("decode", [*words, *(t.read for t in self.bypassed), *(t.written for t in self.outputs)])


def pack_signature(port: Port, tensor: Tensor) -> str:
    """The signature of the function that makes the words of a port."""
    return signature(f"pack_{port.name}", [tensor.read, "std::uint8_t *words"])


def unpack_signature(port: Port, tensor: Tensor) -> str:
    """The signature of the function that takes the words of a port apart."""
    return signature(f"unpack_{port.name}", ["const std::uint8_t *words", tensor.written])


def header_text(interface: Interface) -> str:
    """`host.h` below its banner."""
    guard = f"{interface.space.upper()}_H"
    ports = [port for port, _ in (*interface.input_ports, *interface.output_ports)]
    lines = [f"static const std::size_t {port.name}_bytes = {port.frame_bytes};\n" for port in ports]
    words = f"\n// Bytes of the words of a port per frame.\n{''.join(lines)}" if lines else ""
    tensors = (
        *interface.inputs,
        *interface.to_accelerator,
        *interface.bypassing,
        *interface.from_accelerator,
        *interface.outputs,
    )
    declared = "".join(f"\n// {comment}\n{text};\n" for comment, text in _functions(interface))
    return (
        f"#ifndef {guard}\n#define {guard}\n\n#include <cstddef>\n#include <cstdint>\n\n"
        "// The host side of the accelerator, one frame at a time.\n"
        "// A number off the declared input grid, or outside its port, is a std::invalid_argument.\n"
        f"namespace {interface.space} {{\n\n// Elements of a tensor per frame.\n{''.join(map(_size, tensors))}"
        f"{words}{declared}\n}}  // namespace {interface.space}\n\n#endif\n"
    )


def _functions(interface: Interface) -> list[tuple[str, str]]:
    """Comment and signature of every function."""
    functions = [
        ("From the ONNX inputs to what the accelerator reads.", interface.prologue),
        ("From what the accelerator writes to the ONNX outputs.", interface.epilogue),
        *((_described(port), pack_signature(port, tensor)) for port, tensor in interface.input_ports),
        *((_described(port), unpack_signature(port, tensor)) for port, tensor in interface.output_ports),
    ]
    if interface.input_ports:
        functions.append(("`prologue`, then the words of every input port.", interface.encode))
        functions.append(("The words of every output port, then `epilogue`.", interface.decode))
    return functions


def _tensors(onnx: Sequence[str], tensors: Sequence[SSAValue], names: Names, *, fed: bool = False) -> list[Tensor]:
    pairs = zip(onnx, tensors, strict=True)
    return [Tensor(names.fresh(legal(name), "tensor"), name, value, fed) for name, value in pairs]


def _size(tensor: Tensor) -> str:
    shape = shape_text(shape_of(tensor.value))
    return f"static const std::size_t {tensor.name}_elements = {tensor.size};  // {quoted(tensor.onnx)}: {shape}\n"


def _described(port: Port) -> str:
    elements = f"{port.lanes} element{'s' * (port.lanes != 1)} of {port.bits} bit{'s' * (port.bits != 1)}"
    words = f"{port.beats} word{'s' * (port.beats != 1)} of {port.word_bytes} byte{'s' * (port.word_bytes != 1)}"
    return f"Port {quoted(port.name)}: {words}, each {elements}, the first in the lowest bits."
