"""
Frames on their way between memory and the accelerator: how many cycles each port needs.

    "transfers": [{"port": "in0", "bytes": 128, "cycles": 16}, ...]

of a frame, through the board's `dma_bits` bits per clock. Every port has a DMA engine, or a bus, of its own.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from qnn_ir.targets import Board


def transfers(ports: Iterable[Mapping[str, Any]], board: Board) -> list[dict[str, Any]]:
    """One row per port of the manifest; none where nothing is known about the surroundings of the accelerator."""
    if board.shell == "none":
        return []
    rows: list[dict[str, Any]] = []
    for port in ports:
        bits = port["words"] * port["word_bits"]
        cycles = max(port["words"], -(-bits // board.dma_bits))
        rows.append({"port": port["name"], "bytes": bits // 8, "cycles": cycles})
    return rows


def bound(report: Mapping[str, Any]) -> str:
    """One line where a port, not a layer, sets the speed on the board; else nothing."""
    slowest = max(report.get("transfers", ()), key=lambda row: row["cycles"], default=None)
    if slowest is None or slowest["cycles"] <= report["cycles_per_frame"]:
        return ""
    cycles, fps = slowest["cycles"], report["clock_mhz"] * 1e6 / slowest["cycles"]
    return f"memory of {report['board']}: {slowest['port']} takes {cycles} cycles per frame: {fps:,.0f} frames/s"
