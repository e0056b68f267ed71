"""An overlay of PYNQ: the parts of the block design that the driver talks to."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from .errors import DriverError
from .network import Network

DMA_TYPE = ":axi_dma:"
_DEFAULT_LENGTH_BITS = 14  # of the length register of an AXI DMA (PG021)


def load_overlay(bitstream: Path) -> Any:
    """Load the bitstream; a `DriverError` where `pynq` or a file is missing."""
    try:
        import pynq
    except ImportError as error:
        raise DriverError("the package `pynq` is not installed here", "run this on the board") from error
    try:
        return pynq.Overlay(str(bitstream))
    except (OSError, ValueError, RuntimeError) as error:
        what = f"cannot load {bitstream}: {error}"
        raise DriverError(what, "make .bit and .hwh with `qnnc synth OUT`, then `qnnc deploy` again") from error


def part(overlay: Any, path: str) -> Any:
    """The object of PYNQ for a cell of the block design, `hierarchy/cell`."""
    found = overlay
    for name in path.split("/"):
        found = getattr(found, name)
    return found


def find_kernel(overlay: Any, network: Network) -> tuple[str, Any]:
    """Path and object of the accelerator."""
    cells: dict[str, dict[str, Any]] = overlay.ip_dict
    of_type = [path for path, cell in cells.items() if f":{network.kernel}:" in str(cell.get("type", ""))]
    named = [path for path in cells if path.split("/")[-1] == network.kernel]
    for path in (*of_type, *named):
        return path, part(overlay, path)
    what = "the overlay has no accelerator {!r}, only {}".format(network.kernel, ", ".join(sorted(cells)) or "nothing")
    raise DriverError(what, "use the bitstream that was made from this network")


def find_dma(overlay: Any, port: str, sends: bool) -> tuple[str, Any]:
    """Path and object of the DMA engine of a port: the one named after it, or the only one that can be."""
    cells: dict[str, dict[str, Any]] = overlay.ip_dict
    include = "C_INCLUDE_MM2S" if sends else "C_INCLUDE_S2MM"
    engines = [
        path
        for path, cell in cells.items()
        if DMA_TYPE in str(cell.get("type", "")) and parameter(cell, include, "1") != "0"
    ]
    named = [path for path in engines if port in path.split("/")[-1].split("_")]
    for path in named or (engines if len(engines) == 1 else []):
        return path, part(overlay, path)
    what = "the overlay has no DMA engine for port {}: it has {}".format(port, ", ".join(engines) or "none")
    raise DriverError(what, f"name it dma_{port}, or use the block design of this build")


def parameter(cell: dict[str, Any], name: str, default: str) -> str:
    """A parameter of a cell; PYNQ spells names in lower or in upper case."""
    parameters: dict[str, Any] = cell.get("parameters") or {}
    return {key.upper(): str(value) for key, value in parameters.items()}.get(name, default)


def longest_transfer(cell: dict[str, Any]) -> int:
    """How many bytes the length register of a DMA engine can say."""
    return (1 << int(parameter(cell, "C_SG_LENGTH_WIDTH", str(_DEFAULT_LENGTH_BITS)))) - 1


def interrupt_of(cell: dict[str, Any]) -> str | None:
    """The pin of the first interrupt that is connected."""
    pins: dict[str, dict[str, Any]] = cell.get("interrupts") or {}
    return next((str(pin["fullpath"]) for pin in pins.values()), None)


def check_registers(cell: dict[str, Any], network: Network) -> list[str]:
    """
    Offsets where the overlay (`.hwh`) and the manifest differ, one line each. Those of the overlay hold from then on.
    """
    lines: list[str] = []
    for name, entry in network.registers.items():
        offset = _offset(cell, name)
        if offset is not None and offset != entry["offset"]:
            text = "register {} is at {:#x} in the overlay, at {:#x} in the manifest: the overlay's is used"
            lines.append(text.format(name, offset, entry["offset"]))
            entry["offset"] = offset
    return lines


def _offset(cell: dict[str, Any], name: str) -> int | None:
    """Where the overlay has a register or a memory; HLS names it like the argument, pointers in two halves."""
    known: dict[str, dict[str, Any]] = cell.get("registers") or {}
    for spelling in (name, name + "_r", name + "_1", name + "_r_1", "Memory_" + name):
        if spelling in known and "address_offset" in known[spelling]:
            return int(known[spelling]["address_offset"])
    return None
