"""Emit, compile and run: what the tests of generated C++ share."""

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

from qnn_ir.dialects.hlsc import Hlsc, TopOp
from qnn_ir.dialects.qnn import Qnn
from qnn_ir.dialects.stream import ChannelType, Stream
from qnn_ir.driver import csim
from qnn_ir.driver.packing import WordFormat, pack, unpack
from qnn_ir.emit.project import emit_project
from qnn_ir.passes.convert_stream_to_hlsc import ConvertStreamToHlscPass
from qnn_ir.passes.hlsc_legalize_names import HlscLegalizeNamesPass
from qnn_ir.passes.hlsc_pack_bits import HlscPackBitsPass

__all__ = ["lowered", "parse", "simulate", "write"]

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
    results = csim.run(exe, words, len(outputs), chunk=2)
    return [unpack(raw, form) for raw, form in zip(results, outputs, strict=True)]
