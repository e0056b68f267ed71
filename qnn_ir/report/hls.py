"""
Reports of Vivado HLS and Vitis HLS: `csynth.xml`, `<function>_csynth.xml` and `<top>_cosim.rpt`.

The elements are those that 2018.3 to 2025.2 write (UG902 and UG1399, synthesis report); DSP slices are `DSP48E` up to
2020.1. What is not fixed at synthesis (`undef`, `-`, `?`) is missing from the results.
"""

import re
from typing import Any
from xml.etree import ElementTree

from qnn_ir.errors import UserError

_RESOURCES = {"lut": ("LUT",), "ff": ("FF",), "bram18": ("BRAM_18K",), "dsp": ("DSP", "DSP48E"), "uram": ("URAM",)}
_LATENCY = "PerformanceEstimates/SummaryOfOverallLatency"


def csynth(text: str, file: str) -> dict[str, Any]:
    """
    One report of a function: `name`, resources, `target_ns` and `clock_ns` (what it asks for and would take), `latency`
    and `interval` in cycles where they are fixed, and `ii`, the largest initiation interval of its pipelines.

    Raises `UserError` for a `file` that is none.
    """
    try:
        root = ElementTree.fromstring(text)
    except ElementTree.ParseError as error:
        raise UserError(f"no report of a synthesis: {error}", file) from error
    name, resources = root.findtext("UserAssignments/TopModelName"), root.find("AreaEstimates/Resources")
    if root.tag != "profile" or not name or resources is None:
        raise UserError("no report of a synthesis", file)
    found: dict[str, Any] = {"name": name.strip()}
    for key, tags in _RESOURCES.items():
        found[key] = next((n for tag in tags if (n := _number(resources.findtext(tag))) is not None), None)
    found["target_ns"] = _number(root.findtext("UserAssignments/TargetClockPeriod"))
    found["clock_ns"] = _number(root.findtext("PerformanceEstimates/SummaryOfTimingAnalysis/EstimatedClockPeriod"))
    found["latency"] = _number(root.findtext(f"{_LATENCY}/Worst-caseLatency"))
    found["interval"] = _number(root.findtext(f"{_LATENCY}/Interval-max"))
    intervals = [_number(element.text) for element in root.iter("PipelineII")]
    found["ii"] = max((n for n in intervals if n is not None), default=None)
    return {key: value for key, value in found.items() if value is not None}


def _number(text: str | None) -> float | None:
    """A count, or a time; whole numbers as `int`."""
    if text is None or not re.fullmatch(r"\s*\d+(\.\d+)?\s*", text):
        return None
    value = float(text)
    return int(value) if value.is_integer() and "." not in text else value


def cosim(text: str, file: str) -> dict[str, Any]:
    """
    The report of a co-simulation: `passed`, and `latency` (largest, cycles), `interval` and `cycles` of the whole run.

    Raises `UserError` for a `file` that is none.
    """
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if cells[0] == "Verilog" and len(cells) > 4 and cells[1] != "NA":
            numbers = [_number(cell) for cell in cells[2:]]
            found = {"latency": numbers[2], "interval": numbers[5] if len(numbers) > 5 else None}
            found["cycles"] = numbers[6] if len(numbers) > 6 else None
            return {"passed": cells[1].lower() == "pass"} | {k: v for k, v in found.items() if v is not None}
    raise UserError("no report of a co-simulation of Verilog", file)
