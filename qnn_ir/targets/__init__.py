"""Boards as data: one TOML file each, with the part, its resources and the clock that designs run at."""

import math
import tomllib
from pathlib import Path
from typing import Any

from qnn_ir.device import Device
from qnn_ir.errors import UserError

DEFAULT_BOARD = "pynq-z1"

_FOLDER = Path(__file__).parent
_CLOCKS_MHZ = 1.0, 1000.0


def boards() -> tuple[str, ...]:
    """The names of all boards that we know."""
    return tuple(sorted(path.stem for path in _FOLDER.glob("*.toml")))


def load_board(name: str, clock_mhz: float | None = None) -> Device:
    """
    The device on board `name`, or the first one with that part, at `clock_mhz` (default: what the board's file says).

    Raises `UserError` for an unknown board or a clock outside 1 to 1000 MHz.
    """
    known = boards()
    if name not in known:
        parts = {str(_read(board)["part"]): board for board in reversed(known)}
        if name not in parts:
            raise UserError(f"unknown board or part {name!r}", remedy=f"one of {', '.join((*known, *sorted(parts)))}")
        name = parts[name]
    data = _read(name)
    clock = float(data.pop("clock_mhz")) if clock_mhz is None else clock_mhz
    data.pop("clock_mhz", None)
    low, high = _CLOCKS_MHZ
    if not (math.isfinite(clock) and low <= clock <= high):
        raise UserError(f"a clock of {clock:g} MHz", remedy=f"choose {low:g} to {high:g} MHz")
    return Device(clock_ns=1000.0 / clock, **data)


def _read(board: str) -> dict[str, Any]:
    return tomllib.loads((_FOLDER / f"{board}.toml").read_text(encoding="utf-8"))
