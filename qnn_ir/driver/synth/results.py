"""Reads the reports of finished steps: what HLS and Vivado say of the design and of each of its processes."""

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

from qnn_ir.driver.synth.store import PRODUCTS, RECORD
from qnn_ir.errors import UserError
from qnn_ir.report import hls, vivado
from qnn_ir.report.measured import calibration, instances_of, kernel_of

STEPS = "steps"
"""Of OUT/synth: one folder per finished step."""

CALIBRATION = "calibration.jsonl"
"""Of OUT/synth: one line per layer with its parameters and figures."""

_ValueT = TypeVar("_ValueT")


def measured(out: Path, kernel: str, layers: Iterable[str]) -> dict[str, dict[str, Any]]:
    """
    The stages that the tools have been through, for `with_measured`: `synthesised` by HLS, `placed` by Vivado (in the
    whole system where there is a bitstream, else out of context).
    """
    steps = out / "synth" / STEPS
    found: dict[str, dict[str, Any]] = {}
    if synthesised := _synthesised(steps, kernel):
        found["synthesised"] = synthesised
    for step, prefix in (("bitstream", ""), ("ooc", "ooc_")):
        if "placed" not in found and (placed := _placed(steps / step, prefix, kernel, list(layers))):
            found["placed"] = placed | {"of": step}
    return found


def _synthesised(steps: Path, kernel: str) -> dict[str, Any]:
    """Figures of the synthesis of the whole; processes that were only synthesised alone have those."""
    result: dict[str, Any] = {}
    processes: dict[str, Any] = {}
    for folder in sorted((steps / "layers").glob("*")):
        if (tool := _tool(folder)) is not None:
            result.setdefault("tool", tool)
            processes |= {
                r["name"]: r for r in _reports(folder, "*_csynth.xml", hls.csynth) if r["name"] == folder.name
            }
    if (tool := _tool(steps / "csynth")) is not None:
        result["tool"] = tool
        for report in _reports(steps / "csynth", "*_csynth.xml", hls.csynth):
            if report["name"] == kernel:
                result |= {key: value for key, value in report.items() if key != "name"}
            processes[report["name"]] = report
    if _tool(steps / "cosim") is not None:
        result["cosim"] = _reports(steps / "cosim", "*_cosim.rpt", hls.cosim)[0]
    if result:
        result["processes"] = {n: {k: v for k, v in r.items() if k != "name"} for n, r in processes.items()}
    return result


def _placed(folder: Path, prefix: str, kernel: str, layers: list[str]) -> dict[str, Any]:
    tool = _tool(folder)
    if tool is None:
        return {}
    result: dict[str, Any] = {"tool": tool}
    for text in _reports(folder, f"{prefix}utilization.rpt", lambda text, _: text):
        rows = vivado.hierarchy(text)
        result |= kernel_of(rows, kernel) or vivado.utilization(text, f"{folder}")
        result["design"] = vivado.utilization(text, str(folder))
        result["processes"] = instances_of(rows, kernel, layers)
    for report in _reports(folder, f"{prefix}timing.rpt", vivado.timing):
        result |= report
    for report in _reports(folder, f"{prefix}power.rpt", vivado.power):
        result |= report
    return result


def _tool(folder: Path) -> str | None:
    """What made the finished step in `folder`; None where there is none."""
    try:
        return str(json.loads((folder / RECORD).read_text(encoding="utf-8"))["tool"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _reports(folder: Path, pattern: str, read: Callable[[str, str], _ValueT]) -> list[_ValueT]:
    paths = sorted((folder / PRODUCTS / "reports").rglob(pattern))
    try:
        return [read(path.read_text(encoding="utf-8", errors="replace"), str(path)) for path in paths]
    except OSError as error:
        raise UserError(f"cannot be read: {error.strerror}", str(folder)) from error


def calibration_text(report: dict[str, Any]) -> str:
    """The lines of `calibration.jsonl`."""
    return "".join(json.dumps(line) + "\n" for line in calibration(report))
