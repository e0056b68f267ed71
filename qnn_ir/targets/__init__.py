"""Boards and parts as data: one TOML file a board, one table of devices a family."""

import math
from functools import cache
from pathlib import Path
from typing import Any

from qnn_ir.device import Device
from qnn_ir.errors import UserError
from qnn_ir.targets.board import Board
from qnn_ir.targets.schema import CLOCKS_MHZ, device_name, read_board, read_parts

__all__ = ["DEFAULT_BOARD", "Board", "boards", "find_board", "load_board"]

DEFAULT_BOARD = "pynq-z1"

_FOLDER = Path(__file__).parent


def boards() -> tuple[str, ...]:
    """The names of all boards that we know."""
    return tuple(sorted(path.stem for path in _FOLDER.glob("*.toml")))


def load_board(name: str, clock_mhz: float | None = None) -> Device:
    """The device alone of `find_board`."""
    return find_board(name, clock_mhz).device()


def find_board(name: str, clock_mhz: float | None = None) -> Board:
    """
    The board `name`, or that of a TOML file of the user (a path that ends in .toml), or the first board with the part
    `name`, or a bare part of a known device; at `clock_mhz` (default: what the file says).

    Raises `UserError` for an unknown board, a bad file, or a clock outside 1 to 1000 MHz.
    """
    data = _data(name)
    clock = float(data.pop("clock_mhz")) if clock_mhz is None else clock_mhz
    data.pop("clock_mhz", None)
    low, high = CLOCKS_MHZ
    if not (math.isfinite(clock) and low <= clock <= high):
        raise UserError(f"a clock of {clock:g} MHz", remedy=f"choose {low:g} to {high:g} MHz")
    preset = tuple(data.pop("preset", {}).items())
    return Board(clock_ns=1000.0 / clock, preset=preset, **data)


def _data(name: str) -> dict[str, Any]:
    """The keys of the board that `name` means."""
    devices = {device: resources for device, (resources, _) in _devices().items()}
    if name.endswith(".toml"):
        return read_board(Path(name), devices)
    known = boards()
    if name in known:
        return read_board(_FOLDER / f"{name}.toml", devices)
    for board in known:
        data = read_board(_FOLDER / f"{board}.toml", devices)
        if data["part"] == name:
            return data
    if (device := device_name(name, devices)) is not None and name != device:
        return {"board": name, "part": name} | devices[device] | _devices()[device][1]
    families = ", ".join(sorted({d.rstrip("0123456789") for d in devices if not d[-1].isalpha()}))
    remedy = f"one of {', '.join(known)}, a part of Vivado ({families}…), or the path of a .toml file"
    raise UserError(f"unknown board or part {name!r}", remedy=remedy)


@cache
def _devices() -> dict[str, Any]:
    """Device -> its resources, and clock and source of its family."""
    return {
        name: value for path in sorted((_FOLDER / "parts").glob("*.toml")) for name, value in read_parts(path).items()
    }
