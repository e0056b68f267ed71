"""
Resources in reports: their names, the stages at which they are known, sums, shares of the device.

    stages      estimated: by our model, synthesised: by HLS, placed: by Vivado
    resources   LUTs, flip-flops, block RAMs of 18 Kbit, DSP slices, UltraRAMs
"""

from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

Amounts: TypeAlias = dict[str, float]
"""Resource -> how many; what is not known is missing."""

RESOURCES = ("lut", "ff", "bram18", "dsp", "uram")
STAGES = ("estimated", "synthesised", "placed")
TITLES = {"lut": "LUT", "ff": "FF", "bram18": "BRAM18", "dsp": "DSP", "uram": "URAM"}


def amounts(values: Mapping[str, Any]) -> Amounts:
    """The resources among `values` that are numbers."""
    return {name: values[name] for name in RESOURCES if isinstance(values.get(name), int | float)}


def figures(place: Mapping[str, Any], stage: str) -> dict[str, Any]:
    """What a layer, or the whole report, holds of a stage (or of the device); nothing where it is not known."""
    found: dict[str, Any] = place.get(stage) or {}
    return found


def total(rows: Iterable[Mapping[str, Any]]) -> Amounts:
    """The sum; a resource counts where every row knows it."""
    known = [amounts(row) for row in rows]
    return {name: sum(row[name] for row in known) for name in RESOURCES if known and all(name in row for row in known)}


def shares(used: Mapping[str, float], device: Mapping[str, float]) -> Amounts:
    """Percent of the device; of a resource that it does not have, nothing is 0 % and anything more than 100 %."""
    return {name: _share(used[name], device[name]) for name in RESOURCES if name in used and name in device}


def _share(used: float, available: float) -> float:
    if available:
        return round(100 * used / available, 1)
    return 0.0 if not used else float("inf")


def latest(report: Mapping[str, Any]) -> str:
    """The most trustworthy stage that has figures for the whole design."""
    return next((stage for stage in reversed(STAGES) if amounts(figures(report, stage))), STAGES[0])


def warnings(report: Mapping[str, Any]) -> list[str]:
    """A line for every resource of which the design takes more than the device has, and for a missed clock."""
    device = amounts(figures(report, "device"))
    lines: list[str] = []
    for stage in STAGES:
        used = amounts(figures(report, stage))
        for name, share in shares(used, device).items():
            if share > 100:
                lines.append(
                    f"{TITLES[name]}: {stage} {used[name]:,.0f} of {device[name]:,.0f} on {report['board']}: "
                    "it does not fit"
                )
    slack = figures(report, "placed").get("wns_ns")
    if isinstance(slack, int | float) and slack < 0:
        lines.append(f"timing is missed by {-slack:.3f} ns at {report['clock_mhz']:g} MHz")
    return lines
