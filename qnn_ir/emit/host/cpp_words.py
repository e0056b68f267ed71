"""Tensors to the words of the accelerator's ports and back, in C++."""

from qnn_ir.emit.host.cpp_interface import Interface, Tensor, pack_signature, unpack_signature
from qnn_ir.emit.host.cpp_loops import Lines, Nest, View, row_major
from qnn_ir.emit.host.cpp_values import CppValues, literal
from qnn_ir.emit.host.ports import Port

_INT64 = (-(1 << 63), (1 << 63) - 1)


def definition(signature: str, lines: Lines) -> str:
    """A function with its body."""
    return f"{signature} {{\n" + "".join(f"  {line}\n" for line in lines) + "}\n"


def word_functions(interface: Interface, values: CppValues) -> list[str]:
    """`pack_..` and `unpack_..` of every port, `encode` and `decode`; nothing where the ports are not known."""
    if not interface.input_ports:
        return []
    return [
        *(_pack(port, tensor, values) for port, tensor in interface.input_ports),
        *(_unpack(port, tensor, values) for port, tensor in interface.output_ports),
        _encode(interface),
        _decode(interface),
    ]


def _pack(port: Port, tensor: Tensor, values: CppValues) -> str:
    nest, element, position = _stream_order(port, tensor.name, values)
    lo, hi = (literal(max(_INT64[0], min(bound, _INT64[1]))) for bound in port.bounds)
    value = f"{values.helper('checked')}({element}, {lo}, {hi})"
    written = f"{values.helper('write_bits')}(words, {position}, {port.bits}, {value});"
    body = [f"std::fill_n(words, {port.frame_bytes}, std::uint8_t(0));", *nest.print([written])]
    return definition(pack_signature(port, tensor), body)


def _unpack(port: Port, tensor: Tensor, values: CppValues) -> str:
    nest, element, position = _stream_order(port, tensor.name, values)
    signed = "true" if port.signed else "false"
    read = f"{element} = {values.helper('read_bits')}(words, {position}, {port.bits}, {signed});"
    return definition(unpack_signature(port, tensor), nest.print([read]))


def _stream_order(port: Port, tensor: str, values: CppValues) -> tuple[Nest, str, str]:
    """A nest over the elements of a port in stream order, an element of the tensor and its bit position."""
    strides = row_major(port.shape)
    shape = tuple(port.shape[p] for p in port.perm)
    order = row_major((*shape[:-1], port.channels))
    nest = Nest(shape)
    element = nest.element(View(tensor, tuple(strides[p] for p in port.perm)))
    word = 8 * port.word_bytes
    if word == port.bits * port.lanes or port.lanes == 1:
        return nest, element, nest.position(tuple(stride * word // port.lanes for stride in order))
    number = nest.position(order)
    return nest, element, f"{values.helper('bit_of')}({number}, {port.lanes}, {word}, {port.bits})"


def _encode(interface: Interface) -> str:
    tensors = interface.to_accelerator
    arguments = [*(t.name for t in interface.inputs), *(f"&{t.name}[0]" for t in tensors)]
    arguments += [t.name for t in interface.bypassing]
    ports = interface.input_ports
    lines = [
        *(f"std::vector<std::int64_t> {t.name}({t.size});" for t in tensors),
        f"prologue({', '.join(arguments)});",
        *(f"pack_{port.name}(&{tensor.name}[0], {port.name}_words);" for port, tensor in ports),
    ]
    return definition(interface.encode, lines)


def _decode(interface: Interface) -> str:
    tensors, ports = interface.from_accelerator, interface.output_ports
    arguments = [f"&{t.name}[0]" for t in tensors]
    arguments += [t.name for t in (*interface.bypassed, *interface.outputs)]
    lines = [
        *(f"std::vector<std::int64_t> {t.name}({t.size});" for t in tensors),
        *(f"unpack_{port.name}({port.name}_words, &{tensor.name}[0]);" for port, tensor in ports),
        f"epilogue({', '.join(arguments)});",
    ]
    return definition(interface.decode, lines)
