"""The model of a board, through its C interface (`board.h`)."""

import ctypes
import json
import os
from functools import cache
from pathlib import Path
from typing import Any

from qnn_ir.errors import UserError
from qnn_ir.standin.library import board_library, kernel_library

_KERNEL_ADDRESS, _DMA_ADDRESS, _WINDOW = 0x43C00000, 0x40400000, 0x10000

Address = ctypes.c_uint64


@cache
def board() -> ctypes.CDLL:
    """The one board of this process."""
    model = ctypes.CDLL(str(board_library()))
    model.qnn_board_reset.argtypes = [ctypes.c_uint]
    model.qnn_board_load.argtypes = [ctypes.c_char_p, Address, ctypes.POINTER(Address), ctypes.c_size_t]
    model.qnn_board_load.restype = ctypes.c_char_p
    model.qnn_board_add_switch.argtypes = [Address, Address]
    model.qnn_board_read.argtypes = [Address]
    model.qnn_board_read.restype = ctypes.c_uint32
    model.qnn_board_write.argtypes = [Address, ctypes.c_uint32]
    model.qnn_board_interrupt.argtypes = [Address]
    model.qnn_board_allocate.argtypes = [ctypes.c_size_t]
    model.qnn_board_allocate.restype = Address
    model.qnn_board_free.argtypes = [Address]
    model.qnn_board_pointer.argtypes = [Address, ctypes.c_size_t]
    model.qnn_board_pointer.restype = ctypes.c_void_p
    return model


def length_bits() -> int:
    """The width of the length registers of all DMA engines."""
    return int(os.environ.get("QNN_STANDIN_LENGTH_BITS", "26"))


def power_on() -> None:
    """An empty board."""
    board().qnn_board_reset(length_bits())


def read_json(path: Path) -> dict[str, Any]:
    """A JSON file of a deployment folder."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise OSError(f"{path}: {error}") from error


def shell_of(folder: Path, manifest: dict[str, Any]) -> dict[str, Any]:
    """`shell.json`: cells and addresses of the block design; without that file what such a design would have."""
    if (folder / "shell.json").is_file():
        return read_json(folder / "shell.json")
    kernel = {"cell": manifest["kernel"], "base": _KERNEL_ADDRESS, "bytes": 1 << 24, "interrupt": 0}
    engines: dict[str, Any] = {}
    ends = (("input_ports", "mm2s"), ("output_ports", "s2mm")) if manifest["interface"] == "axis" else ()
    for end, direction in ends:
        for port in manifest[end]:
            base = _DMA_ADDRESS + len(engines) * _WINDOW
            cell = {"cell": f"dma_{port['name']}", "base": base, "bytes": _WINDOW, "direction": direction}
            engines[port["name"]] = cell
    return {"kernel": kernel, "dma": engines}


def load(folder: Path, manifest: dict[str, Any], shell: dict[str, Any]) -> None:
    """Put the accelerator of a deployment folder on the board, where `shell` says."""
    try:
        library = kernel_library(folder)
    except UserError as error:
        raise OSError(str(error)) from error
    ports = [*manifest["input_ports"], *manifest["output_ports"]]
    bases = [shell["dma"][port["name"]]["base"] for port in ports] if manifest["interface"] == "axis" else []
    addresses = (Address * len(bases))(*bases)
    problem = board().qnn_board_load(str(library).encode(), shell["kernel"]["base"], addresses, len(bases))
    if problem is not None:
        raise OSError(f"{library}: {problem.decode()}")


def load_module(root: Path, facts: dict[str, Any], slot: dict[str, Any], name: str) -> None:
    """Put a module of `dfx.json` into a slot."""
    module = next(module for module in facts["modules"] if module["name"] == name)
    folder = root / module["folder"]
    engines = {port: slot["dma"][stream] for stream, port in module["streams"].items()}
    load(folder, read_json(folder / "manifest.json"), {"kernel": {"base": slot["base"]}, "dma": engines})
