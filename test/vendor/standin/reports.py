"""Report files as the tools write them; figures follow from a digest of the code."""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

DEVICE = {"BRAM_18K": 280, "DSP": 220, "FF": 106400, "LUT": 53200, "URAM": 0}
_COMMENT = re.compile(r"//[^\n]*")


@dataclass(frozen=True)
class Figures:
    """What a function takes."""

    lut: int
    ff: int
    bram: int
    dsp: int
    ii: int
    trips: int


def figures(code: str) -> Figures:
    """Of the text of a function, its comments left out."""
    digest = hashlib.sha256(_COMMENT.sub("", code).encode()).digest()
    lut = 100 + int.from_bytes(digest[:2], "little") % 4000
    return Figures(lut, lut + digest[2], digest[3] % 7, digest[4] % 5, 1, 4 + digest[5])


def total(parts: list[Figures]) -> Figures:
    """Of a design made of `parts`."""
    sums = {name: sum(getattr(part, name) for part in parts) for name in ("lut", "ff", "bram", "dsp")}
    return Figures(sums["lut"] + 150, sums["ff"] + 200, sums["bram"], sums["dsp"], 1, max(p.trips for p in parts))


def csynth_xml(name: str, figures: Figures, version: str, part: str, period: float, modules: str = "") -> str:
    """`<name>_csynth.xml`, and `csynth.xml` with `modules`; DSP slices are called DSP48E up to 2020.1."""
    dsp = "DSP48E" if version < "2020.2" else "DSP"
    uram = "" if version < "2019.1" else "\n<URAM>{}</URAM>"
    latency = figures.ii * (figures.trips - 1) + 6
    return f"""<profile>

<ReportVersion>
<Version>{version}</Version>
</ReportVersion>

<UserAssignments>
<unit>ns</unit>
<ProductFamily>zynq</ProductFamily>
<Part>{part}</Part>
<TopModelName>{name}</TopModelName>
<TargetClockPeriod>{period:.2f}</TargetClockPeriod>
<ClockUncertainty>{period * 0.27:.2f}</ClockUncertainty>
<FlowTarget>vivado</FlowTarget>
</UserAssignments>

<PerformanceEstimates>
<PipelineType>{"dataflow" if modules else "no"}</PipelineType>
<SummaryOfTimingAnalysis>
<unit>ns</unit>
<EstimatedClockPeriod>{period * 0.73 - figures.lut % 100 / 100:.3f}</EstimatedClockPeriod>
</SummaryOfTimingAnalysis>
<SummaryOfOverallLatency>
<unit>clock cycles</unit>
<Best-caseLatency>{latency}</Best-caseLatency>
<Average-caseLatency>undef</Average-caseLatency>
<Worst-caseLatency>undef</Worst-caseLatency>
<Interval-min>{latency + 1}</Interval-min>
<Interval-max>undef</Interval-max>
</SummaryOfOverallLatency>
{"" if modules else _loop(figures)}</PerformanceEstimates>

<AreaEstimates>
<Resources>
<BRAM_18K>{figures.bram}</BRAM_18K>
<{dsp}>{figures.dsp}</{dsp}>
<FF>{figures.ff}</FF>
<LUT>{figures.lut}</LUT>{uram.format(0)}
</Resources>
<AvailableResources>
<BRAM_18K>{DEVICE["BRAM_18K"]}</BRAM_18K>
<{dsp}>{DEVICE["DSP"]}</{dsp}>
<FF>{DEVICE["FF"]}</FF>
<LUT>{DEVICE["LUT"]}</LUT>{uram.format(DEVICE["URAM"])}
</AvailableResources>
</AreaEstimates>
{modules}
</profile>
"""


def _loop(figures: Figures) -> str:
    return f"""<SummaryOfLoopLatency>
<each_frame_i_loop>
<Slack>7.30</Slack>
<TripCount>undef</TripCount>
<Latency>undef</Latency>
<AbsoluteTimeLatency>undef</AbsoluteTimeLatency>
<PipelineII>{figures.ii}</PipelineII>
<PipelineDepth>5</PipelineDepth>
<InstanceList>
</InstanceList>
</each_frame_i_loop>
</SummaryOfLoopLatency>
"""


def cosim_rpt(cycles: int, passed: bool = True) -> str:
    """`<top>_cosim.rpt`."""
    rule = f"+----------+----------+{'-' * 47}+{'-' * 47}+{'-' * 22}+"
    na = f"|{'VHDL':>10}|{'NA':>10}|" + f"{'NA':>15}|" * 6 + f"{'NA':>22}|"
    thrice = "|".join(f"{name:^15}" for name in ("min", "avg", "max"))
    end = "Pass" if passed else "Fail"
    row = f"|{'Verilog':>10}|{end:>10}|" + f"{cycles:>15}|" * 3 + f"{cycles + 1:>15}|" * 3 + f"{cycles:>22}|"
    return f"""Report time       : Tue Oct 21 20:20:40     2025.
Solution          : solution1.
Simulation tool   : xsim.

{rule}
|          |          |{"Latency(Clock Cycles)":^47}|{"Interval(Clock Cycles)":^47}| Total Execution Time |
+   RTL    +  Status  +{"-" * 47}+{"-" * 47}+    (Clock Cycles)    +
|          |          |{thrice}|{thrice}|{" " * 22}|
{rule}
{na}
{row}
{rule}
"""


def utilization_rpt(top: str, rows: list[tuple[int, str, str, Figures]], version: str) -> str:
    """`report_utilization -hierarchical`: rows of depth, instance, module, figures."""
    dsp = "DSP48 Blocks" if version < "2020.1" else "DSP Blocks"
    head = ("Instance", "Module", "Total LUTs", "Logic LUTs", "LUTRAMs", "SRLs", "FFs", "RAMB36", "RAMB18", dsp)
    table = [head]
    for depth, instance, module, f in rows:
        cells = (f.lut, f.lut - 7, 4, 3, f.ff, f.bram // 2, f.bram % 2, f.dsp)
        table.append(("  " * depth + instance, module, *map(str, cells)))
    widths = [max(len(row[column]) for row in table) for column in range(len(head))]
    rule = "+" + "+".join("-" * (width + 2) for width in widths) + "+"
    lines = ["| " + " | ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)) + " |" for row in table]
    return f"""Copyright 1986-2022 Xilinx, Inc. All Rights Reserved.
----------------------------------------------------------------------------------------
| Tool Version : Vivado v.{version} (lin64) Build 3671981 Fri Oct 14 04:59:54 MDT 2022
| Command      : report_utilization -hierarchical -file utilization.rpt
| Design       : {top}
| Device       : xc7z020clg400-1
| Design State : Routed
----------------------------------------------------------------------------------------

Utilization Design Information

Table of Contents
-----------------
1. Utilization by Hierarchy

1. Utilization by Hierarchy
---------------------------

{rule}
{lines[0]}
{rule}
{chr(10).join(lines[1:])}
{rule}
* Note: The sum of lower-level cells may be larger than their parent cells total, due to cross-hierarchy LUT combining
"""


def timing_rpt(period: float, slack: float) -> str:
    """`report_timing_summary`."""
    rule = "-" * 96
    columns: list[str] = []
    values: list[str] = []
    for kind, worst in (("N", slack), ("H", 0.057), ("PW", 2.225)):
        columns += [f"W{kind}S(ns)", f"T{kind}S(ns)", f"T{kind}S Failing Endpoints", f"T{kind}S Total Endpoints"]
        values += [f"{worst:.3f}", f"{min(0.0, worst):.3f}", str(0 if worst >= 0 else 3), "1696"]
    table = [columns, ["-" * len(name) for name in columns], values]
    lines = [
        "    " + "  ".join(cell.rjust(len(name)) for cell, name in zip(row, columns, strict=True)) for row in table
    ]
    clock = f"ap_clk  {{0.000 {period / 2:.3f}}}        {period:.3f}           {1000 / period:.3f}"
    return f"""Timing Summary Report

{rule}
| Design Timing Summary
| ---------------------
{rule}

{chr(10).join(lines)}


{rule}
| Clock Summary
| -------------
{rule}

Clock   Waveform(ns)         Period(ns)      Frequency(MHz)
-----   ------------         ----------      --------------
{clock}

"""


POWER_RPT = """Power Report

1. Summary
----------

+--------------------------+--------------+
| Total On-Chip Power (W)  | 1.725        |
| Design Power Budget (W)  | Unspecified* |
| Power Budget Margin (W)  | NA           |
| Dynamic (W)              | 1.584        |
| Device Static (W)        | 0.141        |
| Effective TJA (C/W)      | 11.5         |
| Max Ambient (C)          | 65.1         |
| Junction Temperature (C) | 44.9         |
| Confidence Level         | Medium       |
+--------------------------+--------------+
"""


def functions(source: str) -> dict[str, str]:
    """Name -> text of the functions of a source, the comment above each one included."""
    starts = list(re.finditer(r"^(?:static )?void (\w+)\(", source, re.MULTILINE))
    ends = [*(match.start() for match in starts[1:]), len(source)]
    return {match.group(1): source[match.start() : end] for match, end in zip(starts, ends, strict=True)}


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
