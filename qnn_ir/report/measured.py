"""What the tools have measured, put beside the estimates: the report of a build with all columns that are known."""

from collections.abc import Iterable, Mapping
from typing import Any

from qnn_ir.report.resources import amounts, figures
from qnn_ir.report.vivado import Instance


def with_measured(report: Mapping[str, Any], measured: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """
    `report` with the stages `synthesised` and `placed` of `measured`, whole and per layer.

    A stage of `measured` holds figures of the whole design and, under `processes`, figures by the name of a process,
    which is that of its layer.
    """
    result = dict(report)
    rows = [dict(row) for row in report["layers"]]
    for stage, found in measured.items():
        processes: Mapping[str, Mapping[str, Any]] = found.get("processes", {})
        result[stage] = {key: value for key, value in found.items() if key != "processes"}
        for row in rows:
            if row["name"] in processes:
                row[stage] = _with_cycles(row, processes[row["name"]])
    return result | {"layers": rows}


def _with_cycles(row: Mapping[str, Any], found: Mapping[str, Any]) -> dict[str, Any]:
    """Cycles per frame follow from the initiation interval that the tool has reached; we plan with one."""
    figures = dict(found)
    if "ii" in found:
        figures["cycles"] = found["ii"] * row["cycles"]
    return figures


def instances_of(rows: Iterable[Instance], kernel: str, processes: Iterable[str]) -> dict[str, dict[str, int]]:
    """
    The resources of every process in a hierarchical report of Vivado.

    HLS calls the instance of a process `<process>_U0` and its module `<kernel>_<process>`, both with what makes names
    unique around it; of several instances of one process (it may be found inside another one) the outermost counts.
    """
    found: dict[str, dict[str, int]] = {}
    names = sorted(processes, key=len, reverse=True)
    for row in rows:
        process = next((name for name in names if _is_instance(row, kernel, name)), None)
        if process is not None:
            found.setdefault(process, row.amounts)
    return found


def _is_instance(row: Instance, kernel: str, process: str) -> bool:
    if row.name == f"{process}_U0":
        return True
    return row.module == f"{kernel}_{process}" or row.module.endswith(f"_{kernel}_{process}")


def kernel_of(rows: list[Instance], kernel: str) -> dict[str, int]:
    """The resources of the accelerator alone: the outermost instance of that name or module, else the whole design."""
    for row in rows:
        if row.name == kernel or row.module == kernel or row.module.endswith(f"_{kernel}"):
            return row.amounts
    return rows[0].amounts if rows else {}


def calibration(report: Mapping[str, Any]) -> list[dict[str, Any]]:
    """
    One line per layer for fitting a cost model: its parameters, the device, and its resources at every known stage.

        {"model", "part", "clock_mhz", "tools": {stage: tool}, "layer": {"name", "actor", "pe", …},
         "estimated": {"lut", …}, "synthesised": {…, "ii", "clock_ns"}, "placed": {…}}
    """
    stages = [stage for stage in ("synthesised", "placed") if stage in report]
    tools = {stage: report[stage]["tool"] for stage in stages}
    about = {key: report[key] for key in ("version", "model", "part", "clock_mhz") if key in report}
    lines: list[dict[str, Any]] = []
    for row in report["layers"]:
        known = {stage: row[stage] for stage in ("estimated", *stages) if amounts(figures(row, stage))}
        layer = {key: value for key, value in row.items() if key not in ("estimated", *stages, "node")}
        lines.append({**about, "tools": tools, "layer": layer, **known})
    return lines
