"""The report as text: one line per layer, the totals and the shares of the device below."""

from collections.abc import Mapping
from typing import Any

from qnn_ir.report.resources import RESOURCES, STAGES, TITLES, Amounts, amounts, figures, shares, warnings
from qnn_ir.report.transfers import bound

_FIRST = ("name", "actor", "shape", "pe", "simd", "cycles", "weight_bits", "accumulator")
_SHORT = {"estimated": "est", "synthesised": "syn", "placed": "placed"}


def layer_table(report: Mapping[str, Any]) -> str:
    """Every column that is known: what the build chose, and resources as estimated, synthesised and placed."""
    stages = [(stage, name) for stage in STAGES for name in _known(report, stage)]
    head = [*_FIRST, *(_title(stage, name, stages) for stage, name in stages)]
    rows = [_cells(row, stages) for row in report["layers"]]
    whole = {stage: amounts(figures(report, stage)) for stage in STAGES}
    if stages:
        rows.append(_last("total", stages, whole))
    if stages and (device := amounts(figures(report, "device"))):
        used = {stage: shares(whole[stage], device) for stage in STAGES}
        rows.append(_last(f"% of {report['board']}", stages, used))
    widths = [max(len(cell) for cell in cells) for cells in zip(head, *rows, strict=True)]
    text = ["  ".join(_aligned(i, c, w) for i, (c, w) in enumerate(zip(r, widths, strict=True))) for r in (head, *rows)]
    return "\n".join([*(line.rstrip() for line in text), *_speed(report), *_warnings(report)])


def _known(report: Mapping[str, Any], stage: str) -> list[str]:
    """Resources that some layer, or the whole, takes at this stage."""
    places = [figures(report, stage), *(figures(row, stage) for row in report["layers"])]
    return [name for name in RESOURCES if any(amounts(place).get(name) for place in places)]


def _title(stage: str, name: str, stages: list[tuple[str, str]]) -> str:
    """The stage is named where there are several."""
    return TITLES[name] if len({s for s, _ in stages}) == 1 else f"{TITLES[name]} {_SHORT[stage]}"


def _cells(row: Mapping[str, Any], stages: list[tuple[str, str]]) -> list[str]:
    first = [str(row.get(column, "")) for column in _FIRST]
    return first + [_number(figures(row, stage).get(name)) for stage, name in stages]


def _last(title: str, stages: list[tuple[str, str]], values: Mapping[str, Amounts]) -> list[str]:
    return [title, *[""] * (len(_FIRST) - 1), *(_number(values[stage].get(name)) for stage, name in stages)]


def _number(value: float | None) -> str:
    if value is None:
        return ""
    return str(value) if isinstance(value, int) else f"{value:g}"


def _aligned(column: int, cell: str, width: int) -> str:
    return cell.ljust(width) if column < len(_FIRST) else cell.rjust(width)


def _speed(report: Mapping[str, Any]) -> list[str]:
    fps, clock = report["frames_per_second"], report["clock_mhz"]
    lines = [
        f"{report['cycles_per_frame']} cycles per frame: {fps:,.0f} frames/s at {clock:g} MHz" if fps else "no layers"
    ]
    if slower := bound(report):
        lines.append(slower)
    measured = [_measured(figures(report, stage), stage) for stage in STAGES[1:]]
    return lines + [line for line in measured if line]


def _measured(whole: Mapping[str, Any], stage: str) -> str:
    """Clock, slack and power of a stage, as far as they are known."""
    parts: list[str] = []
    if "clock_ns" in whole:
        parts.append(f"{whole['clock_ns']:g} ns per cycle of {whole['target_ns']:g} ns")
    if "wns_ns" in whole:
        parts.append(f"slack {whole['wns_ns']:g} ns")
    if "fmax_mhz" in whole:
        parts.append(f"up to {whole['fmax_mhz']:g} MHz")
    if "power_w" in whole:
        parts.append(f"{whole['power_w']:g} W")
    if "cosim" in whole:
        parts.append(f"co-simulation {'passed' if whole['cosim']['passed'] else 'FAILED'}")
    return f"{stage} by {whole['tool']}: {', '.join(parts)}" if parts else ""


def _warnings(report: Mapping[str, Any]) -> list[str]:
    return [f"warning: {line}" for line in warnings(report)]
