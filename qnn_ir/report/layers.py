"""The report of a folded graph: what every layer takes in cycles, bits and resources."""

import math
from collections.abc import Mapping
from typing import Any

from qnn_ir.analysis.cost import Cost
from qnn_ir.constants import location_name, to_numpy
from qnn_ir.device import Device
from qnn_ir.dialects.stream import Actor, DepthwiseOp, GraphOp, Memory, MvtuOp
from qnn_ir.report.resources import Amounts, total

_URAM = 4096, 72
"""Words and bits of an UltraRAM (UG573)."""


def layer_report(graph: GraphOp, device: Device, model: str, costs: Mapping[str, Cost]) -> dict[str, Any]:
    """
    One row per actor and the totals; `costs` holds the estimate of every layer by name.

    `cycles_per_frame` is the interval between two frames in the steady state: the slowest actor sets it. `weight_bits`
    counts what is stored, padding of lanes included.
    """
    actors = [op for op in graph.body.block.ops if isinstance(op, Actor)]
    rows: list[dict[str, Any]] = [_row(op) | {"estimated": _estimated(op, costs[op.layer.data])} for op in actors]
    cycles = max((row["cycles"] for row in rows), default=0)
    return {
        "model": model,
        "board": device.board,
        "part": device.part,
        "clock_mhz": round(1000 / device.clock_ns, 3),
        "cycles_per_frame": cycles,
        "frames_per_second": round(1e9 / device.clock_ns / cycles, 1) if cycles else None,
        "weight_bits": sum(row["weight_bits"] for row in rows),
        "device": {
            "lut": device.luts,
            "ff": device.ffs,
            "bram18": device.bram18,
            "dsp": device.dsps,
            "uram": device.urams,
        },
        "estimated": total(row["estimated"] for row in rows),
        "layers": rows,
    }


def _estimated(op: Actor, cost: Cost) -> Amounts:
    return {"lut": round(cost.lut), "bram18": cost.bram18, "dsp": cost.dsp, "uram": _urams(op)}


def _urams(op: Actor) -> int:
    """UltraRAMs of the weights, where they live there; the cost of a layer does not count them."""
    if not isinstance(op, MvtuOp | DepthwiseOp) or op.memory.data != Memory.URAM:
        return 0
    lanes = op.pe.value.data * (op.simd.value.data if isinstance(op, MvtuOp) else 1)
    words, bits = to_numpy(op.weights).size // lanes, lanes * op.stored_element.width.data
    return math.ceil(words / _URAM[0]) * math.ceil(bits / _URAM[1])


def _row(op: Actor) -> dict[str, Any]:
    row: dict[str, Any] = {
        "name": op.layer.data,
        "node": location_name(op),
        "actor": op.name.removeprefix("stream."),
        "cycles": op.cycles(),
        "weight_bits": 0,
    }
    for lanes in ("pe", "simd", "taps"):
        if (value := getattr(op, lanes, None)) is not None and not isinstance(value, int):
            row[lanes] = value.value.data
    if isinstance(op, MvtuOp | DepthwiseOp):
        row["weight_bits"] = int(to_numpy(op.weights).size) * op.weight_type.width.data
        row["weight_type"] = str(op.weight_type)
        row["memory"] = str(op.memory.data)
        row["accumulator"] = str(op.accumulator)
    if isinstance(op, MvtuOp):
        row["shape"] = f"{op.columns}->{op.rows}"
    return row
