"""The processors of Zynq parts: names of pins, properties of the IP, address maps (UG585, UG1085; PG082, PG201)."""

from collections.abc import Sequence
from dataclasses import dataclass

from qnn_ir.emit.scripts.text import fill, properties
from qnn_ir.targets import Board


@dataclass(frozen=True)
class MemoryPort:
    """A port of the PS to DRAM: interface, clock, the property that opens it and the one of its width."""

    interface: str
    clock: str
    enable: str
    width: str


@dataclass(frozen=True)
class Processor:
    """One kind of PS. `base` is where the window of its first master to the logic begins."""

    ip: str
    rule: str
    clock: str
    clock_property: str
    reset: str
    control: str
    control_clock: str
    interrupt: str
    interrupt_property: str
    settings: tuple[tuple[str, str], ...]
    memory: tuple[MemoryPort, ...]
    automation: str
    base: int
    address_bits: int


ZYNQ7 = Processor(
    ip="processing_system7",
    rule="xilinx.com:bd_rule:processing_system7",
    clock="FCLK_CLK0",
    clock_property="PCW_FPGA0_PERIPHERAL_FREQMHZ",
    reset="FCLK_RESET0_N",
    control="M_AXI_GP0",
    control_clock="M_AXI_GP0_ACLK",
    interrupt="IRQ_F2P",
    interrupt_property="PCW_IRQ_F2P_INTR",
    settings=(("PCW_EN_CLK0_PORT", "1"), ("PCW_USE_M_AXI_GP0", "1"), ("PCW_USE_FABRIC_INTERRUPT", "1")),
    memory=tuple(
        MemoryPort(f"S_AXI_HP{n}", f"S_AXI_HP{n}_ACLK", f"PCW_USE_S_AXI_HP{n}", f"PCW_S_AXI_HP{n}_DATA_WIDTH")
        for n in range(4)
    ),
    automation='make_external "FIXED_IO, DDR" Master "Disable" Slave "Disable"',
    base=0x4000_0000,
    address_bits=32,
)

ZYNQMP = Processor(
    ip="zynq_ultra_ps_e",
    rule="xilinx.com:bd_rule:zynq_ultra_ps_e",
    clock="pl_clk0",
    clock_property="PSU__CRL_APB__PL0_REF_CTRL__FREQMHZ",
    reset="pl_resetn0",
    control="M_AXI_HPM0_FPD",
    control_clock="maxihpm0_fpd_aclk",
    interrupt="pl_ps_irq0",
    interrupt_property="PSU__USE__IRQ0",
    settings=(
        ("PSU__FPGA_PL0_ENABLE", "1"),
        ("PSU__USE__M_AXI_GP0", "1"),
        ("PSU__USE__M_AXI_GP1", "0"),
        ("PSU__USE__M_AXI_GP2", "0"),
    ),
    memory=tuple(
        MemoryPort(
            f"S_AXI_HP{n}_FPD", f"saxihp{n}_fpd_aclk", f"PSU__USE__S_AXI_GP{n + 2}", f"PSU__SAXIGP{n + 2}__DATA_WIDTH"
        )
        for n in range(4)
    ),
    automation="",
    base=0xA000_0000,
    address_bits=40,
)

_CREATE = """
# The processor: configured by the files of the board where Vivado has them, else by the properties of the board's own
# file. Those suffice for a bitstream that a running Linux loads; a boot image needs the files of the board.
set ps [create_bd_cell -type ip -vlnv [newest @ip@] ps]
if {$board_part ne ""} {
  apply_bd_automation -rule @rule@ -config {@automation@ apply_board_preset "1"} $ps
} else {
  apply_bd_automation -rule @rule@ -config {@automation@ apply_board_preset "0"} $ps
  set_property -dict @preset@ $ps
}
set_property -dict @settings@ $ps
"""


def processor(board: Board) -> Processor:
    """The PS of a Zynq board."""
    assert board.is_zynq
    return ZYNQ7 if board.shell == "zynq7" else ZYNQMP


def create_ps(board: Board, memory_ports: Sequence[MemoryPort]) -> str:
    """Tcl that makes the PS with its clock, its interrupts and the given ports to memory."""
    ps = processor(board)
    settings = [*ps.settings, (ps.interrupt_property, "1"), (ps.clock_property, f"{board.clock_mhz:g}")]
    for port in memory_ports:
        settings += [(port.enable, "1"), (port.width, str(min(board.dma_bits, 64 if ps is ZYNQ7 else 128)))]
    return fill(
        _CREATE,
        ip=ps.ip,
        rule=ps.rule,
        automation=ps.automation,
        preset=properties(board.preset),
        settings=properties(settings),
    )
