"""Emit, compile and run: what the tests of generated C++ share."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import cast

import numpy as np
from numpy.typing import NDArray
from xdsl.context import Context
from xdsl.dialects.builtin import Builtin, ModuleOp, Signedness
from xdsl.dialects.dlti import DLTI
from xdsl.parser import Parser
from xdsl.passes import ModulePass

from qnn_ir.constants import to_numpy
from qnn_ir.dialects.hlsc import Hlsc, MemType, TopOp, bits_of, element_of
from qnn_ir.dialects.qnn import Qnn
from qnn_ir.dialects.stream import ChannelType, Stream
from qnn_ir.driver import csim
from qnn_ir.driver.packing import WordFormat, pack, unpack
from qnn_ir.emit.pragma_check import Finding, check
from qnn_ir.emit.project import emit_project
from qnn_ir.passes.convert_stream_to_hlsc import ConvertStreamToHlscPass
from qnn_ir.passes.hlsc_legalize_names import HlscLegalizeNamesPass
from qnn_ir.passes.hlsc_pack_bits import HlscPackBitsPass

__all__ = ["findings", "lowered", "parse", "simulate", "write"]

QUICK = ("-std=c++14", "-O0", "-Wall", "-Wextra", "-Werror", "-Wno-unknown-pragmas")
"""Compiles a small design in about a second."""


def parse(text: str) -> ModuleOp:
    """A verified module of any level."""
    context = Context()
    for dialect in (Builtin, DLTI, Qnn, Stream, Hlsc):
        context.load_dialect(dialect)
    module = Parser(context, text).parse_module()
    module.verify()
    return module


def lowered(module: ModuleOp, *, pack_bits: bool = True, interface: str = "axis") -> ModuleOp:
    """The `stream` module as it is emitted; changed in place."""
    passes: list[ModulePass] = [ConvertStreamToHlscPass(interface=interface)]
    passes += [HlscPackBitsPass()] if pack_bits else []
    for pass_ in (*passes, HlscLegalizeNamesPass()):
        pass_.apply(Context(), module)
    module.verify()
    return module


def formats(module: ModuleOp) -> tuple[list[WordFormat], list[WordFormat]]:
    """What the ports of the top carry."""
    (top,) = (op for op in module.walk() if isinstance(op, TopOp))
    return tuple([_format(cast(ChannelType, t)) for t in types or ()] for types in (top.input_types, top.output_types))  # pyright: ignore


def _format(type_: ChannelType) -> WordFormat:
    signed = type_.element.signedness.data == Signedness.SIGNED
    return WordFormat(type_.element.width.data, signed, type_.lanes.data, type_.beats.data)


def write(module: ModuleOp, folder: Path) -> Path:
    """The files of the accelerator in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in emit_project(module).items():
        (folder / name).write_text(text)
    return folder


def findings(folder: Path, top: str = "accelerator") -> list[Finding]:
    """What is wrong with the pragmas of the C++ in `folder`, its own headers included."""
    text = (folder / f"{top}.cpp").read_text()
    return check(re.sub(r'#include "(\w+\.h)"', lambda match: (folder / match[1]).read_text(), text))


def write_memories(module: ModuleOp, folder: Path) -> list[Path]:
    """A file for each memory of the accelerator with the words that the module gives it."""
    (top,) = (op for op in module.walk() if isinstance(op, TopOp))
    paths: list[Path] = []
    for arg, data, tile in zip(top.memories, top.memory_data or (), top.memory_types or (), strict=True):
        element, word = element_of(tile), bits_of(cast(MemType, arg.type).value) // 8
        signed = element.signedness.data == Signedness.SIGNED
        tiles = to_numpy(data).reshape(data.get_shape()[0], -1)
        packed = pack(tiles, WordFormat(element.width.data, signed, tiles.shape[1], 1))[:, 0]
        paths.append(folder / f"{arg.name_hint}.bin")
        np.pad(packed, ((0, 0), (0, word - packed.shape[1]))).tofile(paths[-1])
    return paths


def simulate(
    module: ModuleOp,
    streams: Sequence[NDArray[np.int64]],
    folder: Path,
    *,
    cxx: str = "g++",
    flags: Sequence[str] = QUICK,
    bounded: bool = False,
    include: Path | None = None,
) -> list[NDArray[np.int64]]:
    """The output elements of the compiled C++, `(N, elements)` per output."""
    exe = csim.compile(write(module, folder), cxx=cxx, flags=flags, bounded=bounded, include=include)
    inputs, outputs = formats(module)
    words = [pack(values, form) for values, form in zip(streams, inputs, strict=True)]
    results = csim.run(exe, words, len(outputs), chunk=2, memories=write_memories(module, folder))
    return [unpack(raw, form) for raw, form in zip(results, outputs, strict=True)]
