"""The report of a folded graph: what every layer takes in cycles and bits."""

from typing import Any

from qnn_ir.constants import location_name, to_numpy
from qnn_ir.device import Device
from qnn_ir.dialects.stream import Actor, GraphOp, MvtuOp


def layer_report(graph: GraphOp, device: Device, model: str) -> dict[str, Any]:
    """
    One row per actor and the totals.

    `cycles_per_frame` is the interval between two frames in the steady state: the slowest actor sets it.
    """
    rows = [_row(op) for op in graph.body.block.ops if isinstance(op, Actor)]
    cycles = max((row["cycles"] for row in rows), default=0)
    return {
        "model": model,
        "board": device.board,
        "part": device.part,
        "clock_mhz": round(1000 / device.clock_ns, 3),
        "cycles_per_frame": cycles,
        "frames_per_second": round(1e9 / device.clock_ns / cycles, 1) if cycles else None,
        "weight_bits": sum(row["weight_bits"] for row in rows),
        "layers": rows,
    }


def _row(op: Actor) -> dict[str, Any]:
    row: dict[str, Any] = {
        "name": op.layer.data,
        "node": location_name(op),
        "actor": op.name.removeprefix("stream."),
        "cycles": op.cycles(),
        "weight_bits": 0,
    }
    for lanes in ("pe", "simd"):
        if (value := getattr(op, lanes, None)) is not None:
            row[lanes] = value.value.data
    if isinstance(op, MvtuOp):
        row["shape"] = f"{op.columns}->{op.rows}"
        row["weight_bits"] = int(to_numpy(op.weights).size) * op.weight_type.width.data
        row["accumulator"] = str(op.accumulator)
    return row


def layer_table(report: dict[str, Any]) -> str:
    """The report as text: one line per layer, the totals below."""
    columns = ("name", "actor", "shape", "pe", "simd", "cycles", "weight_bits", "accumulator")
    rows = [[str(row.get(column, "")) for column in columns] for row in report["layers"]]
    widths = [max(len(cell) for cell in cells) for cells in zip(columns, *rows, strict=True)]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in (columns, *rows)
    ]
    fps = report["frames_per_second"]
    lines.append(
        f"{report['cycles_per_frame']} cycles per frame: {fps:,.0f} frames/s at {report['clock_mhz']:g} MHz"
        if fps
        else "no layers"
    )
    return "\n".join(lines)
