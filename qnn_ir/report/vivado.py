"""
Reports of Vivado 2019.2 to 2025.2: `report_utilization` (flat and hierarchical), `report_timing_summary`,
`report_power`. The layout is that of UG906; columns are found by their titles, which differ from version to version.
"""

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from qnn_ir.errors import UserError

_FLAT = {
    "lut": ("CLB LUTs", "Slice LUTs", "CLB LUTs*", "Slice LUTs*"),
    "ff": ("CLB Registers", "Slice Registers", "Register as Flip Flop"),
    "dsp": ("DSPs", "DSP Slices"),
    "uram": ("URAM",),
}
_TILE = "Block RAM Tile"  # two block RAMs of 18 Kbit
_HIERARCHY = {"lut": ("Total LUTs",), "ff": ("FFs",), "dsp": ("DSP Blocks", "DSP48 Blocks", "DSPs"), "uram": ("URAM",)}


@dataclass(frozen=True)
class Instance:
    """A row of a hierarchical report: how deep it lies, its name, its module, its resources."""

    depth: int
    name: str
    module: str
    amounts: dict[str, int]


def utilization(text: str, file: str) -> dict[str, float]:
    """The resources of the whole design. Raises `UserError` where the report has none."""
    if rows := hierarchy(text):
        return dict(rows[0].amounts)
    found: dict[str, float] = {}
    for cells in _tables(text):
        name, used = cells[0].strip(), _number(cells[1]) if len(cells) > 1 else None
        if used is None:
            continue
        if name == _TILE:
            found.setdefault("bram18", 2 * used)
        for key, names in _FLAT.items():
            if name in names:
                found.setdefault(key, used)
    if "lut" not in found:
        raise UserError("no report of a utilisation", file)
    return found


def hierarchy(text: str) -> list[Instance]:
    """The instances of a hierarchical report, parents before their parts; none in a flat one."""
    titles: list[str] = []
    found: list[Instance] = []
    for cells in _tables(text):
        if cells[0].strip() == "Instance":
            titles = [cell.strip() for cell in cells]
        elif titles and len(cells) == len(titles):
            found.append(_instance(titles, cells))
    return found


def _instance(titles: list[str], cells: list[str]) -> Instance:
    row = dict(zip(titles, (cell.strip() for cell in cells), strict=True))
    indent = len(cells[0]) - len(cells[0].lstrip())
    used: dict[str, int] = {}
    for key, names in _HIERARCHY.items():
        value = next((_number(row[name]) for name in names if name in row), None)
        if value is not None:
            used[key] = int(value)
    blocks = [_number(row.get(name, "")) for name in ("RAMB36", "RAMB18")]
    if None not in blocks:
        used["bram18"] = int(2 * (blocks[0] or 0) + (blocks[1] or 0))
    return Instance((indent - 1) // 2, row["Instance"], row.get("Module", ""), used)


def _tables(text: str) -> list[list[str]]:
    """The rows of all tables, as cells with their blanks."""
    return [
        line.rstrip()[1:-1].split("|") for line in text.splitlines() if line.startswith("|") and line.count("|") > 2
    ]


def _number(text: str) -> float | None:
    """The number of a cell; percentages in brackets beside it (`-hierarchical_percentages`) do not count."""
    found = re.match(r"\s*(\d+(?:\.\d+)?)\s*(?:\(.*\))?\s*$", text)
    return float(found.group(1)) if found else None


def timing(text: str, file: str) -> dict[str, float]:
    """
    Worst slacks in ns of setup and hold (`wns_ns`, `whs_ns`), the period of the fastest clock, and `fmax_mhz`, the
    frequency at which the setup slack would be zero. Raises `UserError` where the report has no summary.
    """
    values = _summary(text)
    if values is None:
        raise UserError("no summary of a timing", file)
    found = {key: values[title] for key, title in (("wns_ns", "WNS(ns)"), ("whs_ns", "WHS(ns)")) if title in values}
    period = _period(text)
    if period is not None:
        found["period_ns"] = period
        if "wns_ns" in found and period > found["wns_ns"]:
            found["fmax_mhz"] = round(1000 / (period - found["wns_ns"]), 2)
    return found


def _summary(text: str) -> dict[str, float] | None:
    lines = text.splitlines()
    for head, rest in pairwise(range(len(lines))):
        if lines[head].split()[:2] == ["WNS(ns)", "TNS(ns)"]:
            titles = re.split(r"\s{2,}", lines[head].strip())
            cells = lines[rest + 1].split() if rest + 1 < len(lines) else []
            if len(cells) == len(titles):
                return {title: float(cell) for title, cell in zip(titles, cells, strict=True) if _is_number(cell)}
    return None


def _period(text: str) -> float | None:
    """Of the fastest clock in the table of clocks: `name  {rise fall}  period  frequency`."""
    rows = re.findall(r"^\S.*\{[\d. ]+\}\s+(\d+\.\d+)\s+\d+\.\d+\s*$", text, re.MULTILINE)
    return min(map(float, rows), default=None)


def _is_number(text: str) -> bool:
    return re.fullmatch(r"-?\d+(\.\d+)?", text) is not None


def power(text: str, file: str) -> dict[str, Any]:
    """Watts in all, dynamic, static, and how far Vivado trusts itself. Raises `UserError` without any."""
    titles = {"power_w": "Total On-Chip Power (W)", "dynamic_w": "Dynamic (W)", "static_w": "Device Static (W)"}
    rows = {cells[0].strip(): cells[1].strip() for cells in _tables(text) if len(cells) == 2}
    found: dict[str, Any] = {key: float(rows[t]) for key, t in titles.items() if _is_number(rows.get(t, ""))}
    if "power_w" not in found:
        raise UserError("no report of a power", file)
    if "Confidence Level" in rows:
        found["confidence"] = rows["Confidence Level"]
    return found
