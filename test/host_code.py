"""Runs generated host code: `host.py` as it is imported, `host.cpp` compiled into a shared library."""

import ctypes
import importlib.util
import subprocess
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import ModuleOp
from xdsl.dialects.func import FuncOp
from xdsl.ir import SSAValue

from qnn_ir.constants import type_range
from qnn_ir.dialects.qnn import integer_type, is_float, shape_of
from qnn_ir.interp.qnn import run_function

Array = NDArray[Any]

QUICK = ("-std=c++14", "-O0", "-Wall", "-Wextra", "-Werror")
STRICT = ("-std=c++14", "-O2", "-Wall", "-Wextra", "-Werror")
"""More warnings: some need the optimiser."""


def function(module: ModuleOp, name: str) -> FuncOp:
    """The function `@name`."""
    return next(op for op in module.ops if isinstance(op, FuncOp) and op.sym_name.data == name)


def element_range(value: SSAValue) -> tuple[int, int]:
    """The integers that an argument can hold."""
    element = integer_type(value.type)
    assert element is not None
    return type_range(element)


def write(files: dict[str, str | bytes], folder: Path) -> Path:
    """The files of `emit_host` in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)
    return folder


def imported(folder: Path) -> ModuleType:
    """`host.py` of the folder."""
    spec = importlib.util.spec_from_file_location(f"host_{abs(hash(str(folder)))}", folder / "host.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def interpreted(module: ModuleOp, name: str, arguments: Sequence[Array]) -> list[Array]:
    """What the interpreter computes, `(N, *shape)` per result."""
    op, frames = function(module, name), len(arguments[0])
    shaped = [a.reshape(frames, *shape_of(value)) for a, value in zip(arguments, op.body.block.args, strict=True)]
    results = run_function(module, op, [a.astype(np.float64) if a.dtype.kind == "f" else a for a in shaped])
    return [np.broadcast_to(result, (frames, *result.shape[1:])) for result in results]


PORTS = """
extern "C" int call_pack_in0(const std::int64_t *tensor, std::uint8_t *words, char *error) {
  try { SPACE::pack_in0(tensor, words); return 0; }
  catch (const std::exception &e) { std::strncpy(error, e.what(), 999); return 1; }
}
extern "C" int call_unpack_out0(const std::uint8_t *words, std::int64_t *tensor, char *) {
  SPACE::unpack_out0(words, tensor);
  return 0;
}
"""


class Compiled:
    """The functions of `host.cpp`, frame by frame. An exception of the C++ is a `ValueError`."""

    def __init__(
        self, folder: Path, module: ModuleOp, *, cxx: str = "g++", flags: Sequence[str] = QUICK, ports: bool = False
    ):
        self.module = module
        calls = [self._wrapper(name) for name in ("prologue", "epilogue")]
        calls += [PORTS] if ports else []
        space = next(line.split()[1] for line in (folder / "host.h").read_text().splitlines() if "namespace " in line)
        text = "\n".join(calls).replace("SPACE", space)
        (folder / "library.cpp").write_text(f'#include "host.h"\n#include <cstring>\n#include <exception>\n{text}')
        library = folder / f"library_{cxx}.so"
        sources = [str(folder / name) for name in ("host.cpp", "library.cpp")]
        done = subprocess.run(
            [cxx, *flags, "-shared", "-fPIC", *sources, "-o", str(library)], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        self.library = ctypes.CDLL(str(library))

    def _wrapper(self, name: str) -> str:
        op = function(self.module, name)
        last = op.body.block.last_op
        assert last is not None
        real = "float" if name == "prologue" else "double"
        reads = [f"const {real if is_float(v.type) else 'std::int64_t'} *" for v in op.body.block.args]
        writes = [f"{'double' if is_float(v.type) else 'std::int64_t'} *" for v in last.operands]
        types = [*reads, *writes]
        parameters = ", ".join(f"{type_}p{i}" for i, type_ in enumerate(types))
        arguments = ", ".join(f"p{i}" for i in range(len(types)))
        return (
            f'extern "C" int call_{name}({parameters}, char *error) {{\n'
            f"  try {{ SPACE::{name}({arguments}); return 0; }}\n"
            f"  catch (const std::exception &e) {{ std::strncpy(error, e.what(), 999); return 1; }}\n}}\n"
        )

    def run(self, name: str, arguments: Sequence[Array]) -> list[Array]:
        """The results `(N, *shape)` for arguments `(N, ...)`."""
        op, frames = function(self.module, name), len(arguments[0])
        last = op.body.block.last_op
        assert last is not None
        real = np.float32 if name == "prologue" else np.float64
        inputs = [
            np.ascontiguousarray(a, real if is_float(v.type) else np.int64)
            for a, v in zip(arguments, op.body.block.args, strict=True)
        ]
        kinds = [np.float64 if is_float(v.type) else np.int64 for v in last.operands]
        results = [np.zeros((frames, *shape_of(v)), k) for v, k in zip(last.operands, kinds, strict=True)]
        self._call(name, [*inputs, *results])
        return results

    def pack(self, port: str, tensor: Array, size: int) -> Array:
        """Words, `size` bytes per frame."""
        words = np.full((len(tensor), size), 0xAA, np.uint8)
        self._call(f"pack_{port}", [np.ascontiguousarray(tensor, np.int64), words])
        return words

    def unpack(self, port: str, words: Array, shape: tuple[int, ...]) -> Array:
        """The tensors `(N, *shape)` in words."""
        tensor = np.zeros((len(words), *shape), np.int64)
        self._call(f"unpack_{port}", [np.ascontiguousarray(words), tensor])
        return tensor

    def _call(self, name: str, arrays: Sequence[Array]) -> None:
        """One call per frame, with the frames of all arrays."""
        error = ctypes.create_string_buffer(1000)
        for frame in range(len(arrays[0])):
            pointers = [ctypes.c_void_p(a[frame : frame + 1].ctypes.data) for a in arrays]
            if getattr(self.library, f"call_{name}")(*pointers, error):
                raise ValueError(error.value.decode())
