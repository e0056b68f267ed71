"""What may stand in the files of boards and parts; an error names file, key and what is wanted."""

import math
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from qnn_ir.errors import UserError

CLOCKS_MHZ = 1.0, 1000.0
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]*")
_PART = re.compile(r"[a-z0-9][A-Za-z0-9-]*")
_PLAIN = re.compile(r"[A-Za-z0-9_.:-]*")
_PRESET_KEY = re.compile(r"P(CW|SU)_[A-Za-z0-9_]+")
_PRESET_VALUE = re.compile(r"[A-Za-z0-9 _.:-]*")


@dataclass(frozen=True)
class Key:
    """One key: whether a value fits, and what is wanted in words."""

    fits: Callable[[Any], bool]
    wanted: str
    required: bool = False


def _text(pattern: re.Pattern[str]) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, str) and pattern.fullmatch(value) is not None


def _whole(low: int) -> Callable[[Any], bool]:
    return lambda value: type(value) is int and value >= low


def _number(value: Any, low: float, high: float) -> bool:
    return type(value) in (int, float) and math.isfinite(value) and low <= value <= high


def _one_of(*choices: str | int) -> Key:
    words = " | ".join(f'"{c}"' if isinstance(c, str) else str(c) for c in choices)
    return Key(lambda value: type(value) in (str, int) and value in choices, words)


def _preset(value: Any) -> bool:
    if not isinstance(value, dict):
        return False
    items = cast(dict[str, Any], value).items()
    return all(_PRESET_KEY.fullmatch(k) and isinstance(v, str) and _PRESET_VALUE.fullmatch(v) for k, v in items)


_CLOCK = Key(lambda value: _number(value, *CLOCKS_MHZ), "a clock of 1 to 1000 MHz", required=True)
_SOURCE = Key(lambda value: isinstance(value, str) and len(value) > 3, "where the facts come from", required=True)
RESOURCES: dict[str, Key] = {
    "luts": Key(_whole(1), "a positive count", required=True),
    "ffs": Key(_whole(1), "a positive count", required=True),
    "bram18": Key(_whole(0), "a count of 18 Kbit block RAMs", required=True),
    "dsps": Key(_whole(0), "a count", required=True),
    "urams": Key(_whole(0), "a count"),
    "slrs": Key(_whole(1), "the number of dies"),
}
BOARD: dict[str, Key] = {
    "board": Key(_text(_NAME), "a name of lower-case letters, digits, '.', '_' and '-'", required=True),
    "part": Key(_text(_PART), "a part name of Vivado such as xc7z020clg400-1", required=True),
    "clock_mhz": _CLOCK,
    "source": _SOURCE,
    "shell": _one_of("zynq7", "zynqmp", "rfsoc", "alveo", "none"),
    "board_part": Key(_text(_PLAIN), "vendor:board:part0:version of Vivado's board files"),
    "preset": Key(_preset, 'a table of PCW_… or PSU_… properties of the PS, e.g. PCW_UIPARAM_DDR_BUS_WIDTH = "16 Bit"'),
    "platform": Key(_text(_PLAIN), "the name of a Vitis platform"),
    "bank": _one_of("DDR", "HBM"),
    "banks": Key(_whole(1), "the number of memory banks"),
    "dma_bits": _one_of(32, 64, 128, 256, 512),
    "dram_mbytes": Key(_whole(0), "megabytes"),
    "dram_gbytes_per_s": Key(lambda value: _number(value, 0, 1e5), "gigabytes per second"),
    "pynq": Key(_text(_PLAIN), "the name that PYNQ gives the board"),
}
PARTS: dict[str, Key] = {
    "clock_mhz": _CLOCK,
    "source": _SOURCE,
    "devices": Key(
        lambda value: isinstance(value, dict) and value != {}, "a table: device -> resources", required=True
    ),
}
_NEEDED_BY_SHELL = {"alveo": ("platform", "bank", "banks")}


def read_board(path: Path, parts: Mapping[str, Any]) -> dict[str, Any]:
    """The checked keys of a board file; `parts` (device -> resources) says what the device holds where it does not."""
    data = _toml(path)
    given = data.keys() & RESOURCES.keys()
    if not given and isinstance(data.get("part"), str):
        known = device_name(data["part"], parts)
        if known is None:
            wanted = ", ".join(key for key, rule in RESOURCES.items() if rule.required)
            raise UserError(f"part {data['part']!r} is unknown here", str(path), f"give its resources: {wanted}")
        data |= parts[known]
    elif not given:
        return check(data, BOARD, str(path))
    check(data, BOARD | RESOURCES, str(path))
    for key in _NEEDED_BY_SHELL.get(data.get("shell", "none"), ()):
        if key not in data:
            raise UserError(f"no key {key!r}", str(path), f"shell = {data['shell']!r} needs {BOARD[key].wanted}")
    return data


def read_parts(path: Path) -> dict[str, Any]:
    """Device -> resources and `clock_mhz` and `source` of its family."""
    data = check(_toml(path), PARTS, str(path))
    shared = {key: data[key] for key in ("clock_mhz", "source")}
    for name, resources in data["devices"].items():
        if not isinstance(resources, dict):
            raise UserError(f"key {name!r}", str(path), "give a table of resources")
        check(cast(dict[str, Any], resources), RESOURCES, f"{path}: {name}")
    return {name: (dict(resources), shared) for name, resources in data["devices"].items()}


def device_name(part: str, devices: Mapping[str, Any]) -> str | None:
    """The longest name in `devices` that `part` begins with: xczu7 for xczu7ev-ffvc1156-2-e, but not for xczu75…"""
    fitting = [d for d in devices if part.startswith(d) and not part[len(d) : len(d) + 1].isdigit()]
    return max(fitting, key=len, default=None)


def check(data: dict[str, Any], keys: Mapping[str, Key], where: str) -> dict[str, Any]:
    """`data` itself; a `UserError` names the first key that is missing, unknown or unfit."""
    for name in data:
        if name not in keys:
            raise UserError(f"unknown key {name!r}", where, f"the keys are {', '.join(keys)}")
    for name, key in keys.items():
        if name not in data:
            if key.required:
                raise UserError(f"no key {name!r}", where, f"wanted is {key.wanted}")
        elif not key.fits(data[name]):
            raise UserError(f"key {name!r} is {data[name]!r}", where, f"wanted is {key.wanted}")
    return data


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise UserError("cannot read the board file", str(path), "give a TOML file") from error
    except tomllib.TOMLDecodeError as error:
        raise UserError(f"not TOML: {error}", str(path), "see docs/extending.md for an example") from error
