"""`network.cpp`: what a driver in C++ must know of a network, from its manifest and its host functions."""

from collections.abc import Mapping, Sequence
from typing import Any

from qnn_ir.emit.host.cpp_interface import Interface, Tensor
from qnn_ir.emit.host.cpp_values import CppValues
from qnn_ir.emit.host.network import HostNetwork

Entry = Mapping[str, Any]


def network_text(network: HostNetwork, manifest: Entry, shell: Entry | None) -> str:
    """
    The file that defines `qnn::network()` (`network.h` of the driver).

    `shell` holds the addresses of the block design (`shell.json`), where there is one.
    """
    interface = Interface(network, CppValues().names)
    registers, engines = manifest["registers"], (shell or {}).get("dma", {})
    kernel: Entry = (shell or {}).get("kernel", {})
    in_memory = manifest["interface"] == "memory"
    fields = [
        (_string(manifest["kernel"]), "kernel"),
        (_string(manifest["bitstream"]), "bitstream"),
        (_bool(in_memory), "in_memory"),
        (hex(kernel.get("base", 0)), "address"),
        (hex(kernel.get("bytes", 0)), "address_bytes"),
        (str(registers["frames"]["offset"]), "frames_offset"),
        (_list(map(_string, manifest["arguments"])), "arguments"),
        (_list(map(_tensor, manifest["inputs"])), "inputs"),
        (_list(map(_tensor, manifest["outputs"])), "outputs"),
        (_list(_port(port, registers, engines) for port in manifest["input_ports"]), "input_ports"),
        (_list(_port(port, registers, engines) for port in manifest["output_ports"]), "output_ports"),
        (_list(str(8 * tensor.size) for tensor in interface.bypassing), "passing_bytes"),
        (_list(_weights(entry, registers) for entry in manifest.get("weights", [])), "weights"),
        ("encode_frame", "encode"),
        ("decode_frame", "decode"),
    ]
    values = ",\n".join(f"      /* {name} */ {text}" for text, name in fields)
    return _FILE.format(space=interface.space, encode=_encode(interface), decode=_decode(interface), values=values)


def _encode(interface: Interface) -> str:
    arguments = [
        *(f"static_cast<const {t.element} *>(inputs[{i}])" for i, t in enumerate(interface.inputs)),
        *(f"words[{i}]" for i in range(len(interface.network.inputs))),
        *(f"static_cast<{t.element} *>(passing[{i}])" for i, t in enumerate(interface.bypassing)),
    ]
    return _call("encode", arguments, "passing", interface.bypassing)


def _decode(interface: Interface) -> str:
    arguments = [
        *(f"words[{i}]" for i in range(len(interface.network.outputs))),
        *(f"static_cast<const {t.element} *>(passing[{i}])" for i, t in enumerate(interface.bypassed)),
        *(f"static_cast<{t.element} *>(outputs[{i}])" for i, t in enumerate(interface.outputs)),
    ]
    return _call("decode", arguments, "passing", interface.bypassed)


def _call(name: str, arguments: Sequence[str], parameter: str, used: Sequence[Tensor]) -> str:
    unused = "" if used else f"  static_cast<void>({parameter});\n"
    return f"{unused}  {name}({(',' + chr(10) + ' ' * (len(name) + 3)).join(arguments)});\n"


def _tensor(tensor: Entry) -> str:
    kind = "qnn::int64" if tensor["dtype"] == "int64" else "qnn::float32"
    return f"{{{_string(tensor['name'])}, {kind}, {_list(map(str, tensor['shape']))}}}"


def _port(port: Entry, registers: Entry, engines: Entry) -> str:
    offset = registers.get(port["name"], {}).get("offset", 0)
    dma = engines.get(port["name"], {}).get("base", 0)
    return f"{{{_string(port['name'])}, {port['word_bits'] // 8 * port['words']}, {offset}, {dma:#x}}}"


def _weights(entry: Entry, registers: Entry) -> str:
    word_bytes = entry["word_bits"] // 8
    values = [
        _string(entry["layer"]),
        _string(entry["port"]),
        _string(entry["file"]),
        word_bytes * entry["words"],
        word_bytes,
        registers[entry["port"]]["offset"],
        _bool(entry["interface"] == "external"),
        _bool(entry["bipolar"]),
        *entry["values"],
        entry["bits"],
        *entry["shape"],
        *entry["tile"],
        _list(map(str, entry["rows_from"])),
        _list(map(str, entry["columns_from"])),
    ]
    return f"{{{', '.join(map(str, values))}}}"


def _list(items: Any) -> str:
    """Braces around items, one line each where they are long."""
    texts = list(items)
    one_line = f"{{{', '.join(texts)}}}"
    if len(one_line) <= 90:
        return one_line
    lines: list[str] = [""]
    for text in texts:
        if len(lines[-1]) + len(text) > 100:
            lines.append("")
        lines[-1] += f"{text}, "
    return "{\n" + "\n".join(f"          {line.rstrip()}" for line in lines) + "}"


def _string(text: str) -> str:
    """A string of C++: whatever is no plain character as the octal numbers of its bytes."""
    plain = set(range(0x20, 0x7F)) - set(b'"\\?')
    return '"' + "".join(chr(byte) if byte in plain else f"\\{byte:03o}" for byte in text.encode()) + '"'


def _bool(value: bool) -> str:
    return "true" if value else "false"


_FILE = """// What the driver must know of this network.
#include "network.h"

#include "host.h"

namespace {{

void encode_frame(const void *const *inputs, std::uint8_t *const *words, void *const *passing) {{
  using namespace {space};
{encode}}}

void decode_frame(const std::uint8_t *const *words, const void *const *passing, void *const *outputs) {{
  using namespace {space};
{decode}}}

}}  // namespace

const qnn::Network &qnn::network() {{
  static const Network all = {{
{values}}};
  return all;
}}
"""
