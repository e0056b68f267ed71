"""
`manifest.json` of a build: what host software must know to feed the accelerator and to read it.

    {"version", "model", "top", "kernel", "board", "part", "clock_mhz", "interface": "axis" or "memory",
     "arguments": ["frames", ...], "registers": {"frames": {"offset", "bits"}, ...},
     "inputs": [{"name", "shape", "dtype"}], "outputs": [...],
     "input_ports": [{"name", "bits", "signed", "lanes", "beats", "word_bits", "words", "shape", "perm", "channels"}],
     "output_ports": [...], "weights": [...]}

`kernel` is the C++ function, `arguments` are its parameters in order, `registers` those that the host writes by
AXI-Lite: scalars and pointers with their `bits`, arrays with their `bytes`, at byte `offset` (`qnn_ir.emit.registers`).

`inputs` and `outputs` are those of the ONNX graph. Of a port, `name` is its parameter; `shape`, `perm` and `channels`
say how a tensor becomes elements in stream order (`#stream.layout`). Element k of a frame lies in word k // lanes from
bit k % lanes * bits on, the other bits of a word of `word_bits` are zero; a frame has `words` words, alias `beats`
(`qnn_ir.driver.packing`). `weights` are the memories that the host fills (`qnn_ir.driver.weights`).
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from xdsl.dialects.builtin import ArrayAttr, DictionaryAttr, IntegerType, ModuleOp, StringAttr, TensorType
from xdsl.ir import Attribute

from qnn_ir import __version__
from qnn_ir.constants import type_range
from qnn_ir.device import device_of
from qnn_ir.dialects.hlsc import TopOp
from qnn_ir.dialects.stream import ChannelType, LayoutAttr
from qnn_ir.driver.atomic import MARKER
from qnn_ir.driver.host import function
from qnn_ir.driver.packing import WordFormat
from qnn_ir.emit.cpp_top import TopPrinter
from qnn_ir.emit.interface import Port
from qnn_ir.errors import UserError


@dataclass(frozen=True)
class HostPort:
    """One port of the accelerator as the host sees it."""

    layout: LayoutAttr
    words: WordFormat

    def as_json(self) -> dict[str, Any]:
        words = {key: getattr(self.words, key) for key in ("bits", "signed", "lanes", "beats", "word_bits")}
        return words | {
            "words": self.words.beats,
            "shape": list(self.layout.dims),
            "perm": list(self.layout.order),
            "channels": self.layout.channels.data,
        }

    @staticmethod
    def from_json(data: dict[str, Any]) -> "HostPort":
        words = WordFormat(data["bits"], data["signed"], data["lanes"], data["beats"])
        return HostPort(LayoutAttr(data["shape"], data["perm"], data["channels"]), words)


def manifest_of(module: ModuleOp, model: str) -> dict[str, Any]:
    """The manifest of a module at the `hlsc` level that knows its device; `weights` are not in it yet."""
    top, device = top_of(module), device_of(module)
    assert device is not None, "set_device was first"
    outside = TopPrinter(top).interface
    prologue, epilogue = function(module, "prologue"), function(module, "epilogue")
    return {
        "version": __version__,
        "model": model,
        "top": top.sym_name.data,
        "kernel": outside.top,
        "board": device.board,
        "part": device.part,
        "clock_mhz": round(1000 / device.clock_ns, 3),
        "interface": "memory" if any(port.in_memory for port in outside.ports) else "axis",
        "arguments": outside.arguments,
        "registers": {name: register.as_json() for name, register in outside.registers().items()},
        "inputs": _tensors(prologue.function_type.inputs, prologue.arg_attrs),
        "outputs": _tensors(epilogue.function_type.outputs, epilogue.res_attrs),
        "input_ports": _ports(top.input_types, top.input_layouts, outside.inputs),
        "output_ports": _ports(top.output_types, top.output_layouts, outside.outputs),
    }


def top_of(module: ModuleOp) -> TopOp:
    """The accelerator of a module at the `hlsc` level."""
    return next(op for op in module.ops if isinstance(op, TopOp))


def read_manifest(out: Path) -> dict[str, Any]:
    """The manifest of the build folder `out`; a `UserError` where it is none."""
    remedy = "run `qnnc build MODEL.onnx -o OUT`"
    try:
        manifest = json.loads((out / MARKER).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UserError("not a folder that `qnnc build` made", str(out), remedy) from error
    if not (isinstance(manifest, dict) and manifest.keys() >= {"inputs", "outputs", "input_ports", "output_ports"}):
        raise UserError("not the manifest of a build", str(out / MARKER), remedy)
    return cast(dict[str, Any], manifest)


def _ports(
    types: ArrayAttr[Attribute] | None, layouts: ArrayAttr[Attribute] | None, ports: Sequence[Port]
) -> list[dict[str, Any]]:
    assert types is not None and layouts is not None
    return [
        {"name": port.name} | _port(type_, layout).as_json()
        for port, type_, layout in zip(ports, types, layouts, strict=True)
    ]


def _port(type_: Attribute, layout: Attribute) -> HostPort:
    assert isinstance(type_, ChannelType) and isinstance(layout, LayoutAttr)
    element = type_.element
    words = WordFormat(element.width.data, type_range(element)[0] < 0, type_.lanes.data, type_.beats.data)
    return HostPort(layout, words)


def _tensors(types: ArrayAttr[Attribute], names: ArrayAttr[DictionaryAttr] | None) -> list[dict[str, Any]]:
    """ONNX name, shape and NumPy type of the arguments or results of a host function."""
    attributes = names.data if names is not None else [DictionaryAttr({})] * len(types)
    return [_tensor(type_, data) for type_, data in zip(types, attributes, strict=True)]


def _tensor(type_: Attribute, attributes: DictionaryAttr) -> dict[str, Any]:
    assert isinstance(type_, TensorType)
    name = attributes.data.get("qnn.name")
    return {
        "name": name.data if isinstance(name, StringAttr) else "",
        "shape": list(type_.get_shape()),
        "dtype": "int64" if isinstance(type_.element_type, IntegerType) else "float32",
    }
