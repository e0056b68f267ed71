"""A board: its device, and what a design needs to reach processor and memory on it."""

from dataclasses import dataclass, fields
from typing import Literal, TypeAlias

from qnn_ir.device import Device

Shell: TypeAlias = Literal["zynq7", "zynqmp", "rfsoc", "alveo", "none"]
"""How the accelerator meets the outside: the PS of a Zynq, a platform of Vitis, or not at all (IP alone)."""


@dataclass(frozen=True)
class Board(Device):
    """
    A device and its surroundings.

    `shell` says which scripts are written. `board_part` is the part of Vivado's board files, "" without any; then
    `preset` configures the PS: properties and values of its IP. `platform`, `bank` (DDR | HBM) and `banks` are those
    of an Alveo card. `dma_bits` is the width of a port to memory, `dram_mbytes` and `dram_gbytes_per_s` what lies
    behind. `pynq` is the name that PYNQ gives the board, "" where it has no image. `slrs` counts the dies.
    """

    shell: Shell = "none"
    board_part: str = ""
    preset: tuple[tuple[str, str], ...] = ()
    platform: str = ""
    bank: str = ""
    banks: int = 0
    dma_bits: int = 64
    dram_mbytes: int = 0
    dram_gbytes_per_s: float = 0.0
    pynq: str = ""
    slrs: int = 1
    source: str = ""

    @property
    def clock_mhz(self) -> float:
        """The clock that designs run at."""
        return 1000.0 / self.clock_ns

    @property
    def is_zynq(self) -> bool:
        """Whether a processor beside the logic drives the accelerator."""
        return self.shell in ("zynq7", "zynqmp", "rfsoc")

    @property
    def interface(self) -> str:
        """How designs on the board get their frames: `memory` where the kernel reads DRAM itself, else `axis`."""
        return "memory" if self.shell == "alveo" else "axis"

    @property
    def is_ultrascale(self) -> bool:
        """Whether the logic is UltraScale or newer: sites and reconfiguration differ from the 7 series."""
        return not self.part.startswith("xc7")

    def device(self) -> Device:
        """What passes need to know."""
        return Device(**{field.name: getattr(self, field.name) for field in fields(Device)})
