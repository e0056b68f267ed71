"""A block design around a Zynq PS: cells and wires first, then clocks, resets, buses, interrupts, addresses."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from qnn_ir.emit.scripts.kernel import power_of_two
from qnn_ir.emit.scripts.ps import MemoryPort, create_ps, processor
from qnn_ir.emit.scripts.text import properties
from qnn_ir.emit.text import tcl_word
from qnn_ir.errors import UserError
from qnn_ir.targets import Board

_WINDOW = 64 * 1024
"""Bytes of the smallest window that Vivado gives a slave on Zynq."""

_SPACE = 256 * 1024 * 1024


@dataclass(frozen=True)
class Slave:
    """An AXI-Lite slave: its pin, its segment below the cell, and its bytes."""

    pin: str
    segment: str
    size: int = _WINDOW


@dataclass
class BlockDesign:
    """Cells and their wiring, in the order in which they were asked for."""

    board: Board
    lines: list[str] = field(default_factory=list[str])
    clocked: list[str] = field(default_factory=list[str])
    reset: list[str] = field(default_factory=list[str])
    slaves: list[Slave] = field(default_factory=list[Slave])
    masters: list[str] = field(default_factory=list[str])
    interrupts: list[str] = field(default_factory=list[str])

    def cell(self, name: str, ip: str, config: Mapping[str, object] | None = None) -> None:
        """An instance of `ip` (name of AMD's IP, or a whole VLNV)."""
        vlnv = tcl_word(ip) if ":" in ip else f"[newest {ip}]"
        self.lines.append(f"create_bd_cell -type ip -vlnv {vlnv} {name}")
        if config:
            self.lines.append(f"set_property -dict {properties(config.items())} [get_bd_cells {name}]")

    def bus(self, source: str, target: str) -> None:
        """Connect two interfaces."""
        self.lines.append(f"connect_bd_intf_net [get_bd_intf_pins {source}] [get_bd_intf_pins {target}]")

    def outer_bus(self, pin: str, port: str) -> None:
        """Connect an interface to a port of the design."""
        self.lines.append(f"connect_bd_intf_net [get_bd_intf_pins {pin}] [get_bd_intf_ports {port}]")

    def outer_net(self, pin: str, port: str) -> None:
        """Connect a pin to a port of the design."""
        self.lines.append(f"connect_bd_net [get_bd_pins {pin}] [get_bd_ports {port}]")

    def net(self, source: str, targets: Sequence[str]) -> None:
        """Connect one pin to others."""
        pins = [f"[get_bd_pins {pin}]" for pin in (source, *targets)]
        glue = " " if len(pins) == 2 else " \\\n  "
        self.lines.append(f"connect_bd_net {glue.join(pins)}")

    def say(self, text: str) -> None:
        """A comment before what follows."""
        self.lines += ["", f"# {text}"]

    def addresses(self) -> dict[str, tuple[int, int]]:
        """Pin of every slave -> base and bytes of its window, one after the other, each at a multiple of its size."""
        at, windows = processor(self.board).base, dict[str, tuple[int, int]]()
        end = at + _SPACE
        for slave in self.slaves:
            size = max(_WINDOW, power_of_two(slave.size))
            at = -(-at // size) * size
            windows[slave.pin] = (at, size)
            at += size
        if at > end:
            raise UserError(
                f"the registers of the accelerator need more than {_SPACE >> 20} MB of addresses",
                remedy="let the weights of a layer be external instead of writable",
            )
        return windows

    def text(self) -> str:
        """The whole design as Tcl."""
        groups = _shared(self.masters, processor(self.board).memory)
        body, self.lines = self.lines, []
        self._system()
        self._memory(groups)
        self._interrupts()
        self.say("One clock, one reset.")
        self.net(f"ps/{processor(self.board).clock}", self.clocked)
        self.net("reset/peripheral_aresetn", self.reset)
        self._map()
        shell, self.lines = self.lines, body
        return create_ps(self.board, list(groups)) + "\n".join([*body, *shell]) + "\n"

    def _system(self) -> None:
        """Reset and the bus of registers."""
        ps = processor(self.board)
        self.say("Reset, and the bus of the registers.")
        self.cell("reset", "proc_sys_reset")
        self.net(f"ps/{ps.reset}", ["reset/ext_reset_in"])
        self.clocked += ["reset/slowest_sync_clk", f"ps/{ps.control_clock}"]
        self.cell("registers", "axi_interconnect", {"NUM_SI": 1, "NUM_MI": len(self.slaves)})
        self.bus(f"ps/{ps.control}", "registers/S00_AXI")
        self._sync("registers/ACLK", "registers/ARESETN")
        self._sync("registers/S00_ACLK", "registers/S00_ARESETN")
        for place, slave in enumerate(self.slaves):
            self.bus(f"registers/M{place:02d}_AXI", slave.pin)
            self._sync(f"registers/M{place:02d}_ACLK", f"registers/M{place:02d}_ARESETN")

    def _memory(self, groups: Mapping[MemoryPort, Sequence[str]]) -> None:
        """The masters share the ports of the PS to memory."""
        if groups:
            self.say("Memory.")
        for place, (port, masters) in enumerate(groups.items()):
            name = f"memory{place}"
            self.cell(name, "smartconnect", {"NUM_SI": len(masters), "NUM_MI": 1})
            for number, master in enumerate(masters):
                self.bus(master, f"{name}/S{number:02d}_AXI")
            self.bus(f"{name}/M00_AXI", f"ps/{port.interface}")
            self._sync(f"{name}/aclk", f"{name}/aresetn")
            self.clocked.append(f"ps/{port.clock}")

    def _interrupts(self) -> None:
        self.say("Interrupts, the first in bit 0.")
        self.lines += [
            "set concat [newest {xlconcat ilconcat}]",
            "set kind [expr {[string match *:inline_hdl:* $concat] ? {inline_hdl} : {ip}}]",
            "create_bd_cell -type $kind -vlnv $concat interrupts",
            f"set_property CONFIG.NUM_PORTS {len(self.interrupts)} [get_bd_cells interrupts]",
        ]
        for place, pin in enumerate(self.interrupts):
            self.net(pin, [f"interrupts/In{place}"])
        self.net("interrupts/dout", [f"ps/{processor(self.board).interrupt}"])

    def _map(self) -> None:
        self.say("Addresses: registers where the host driver expects them, memory wherever the PS has it.")
        space = "[get_bd_addr_spaces ps/Data]"
        for slave in self.slaves:
            base, size = self.addresses()[slave.pin]
            segment = f"[get_bd_addr_segs {slave.segment}]"
            name = "SEG_" + slave.pin.split("/")[0]
            self.lines.append(f"create_bd_addr_seg -range {size:#x} -offset {base:#x} {space} {segment} {name}")
        if self.masters:
            self.lines.append("assign_bd_address")

    def _sync(self, clock: str, reset: str) -> None:
        self.clocked.append(clock)
        self.reset.append(reset)


def _shared(masters: Sequence[str], ports: Sequence[MemoryPort]) -> dict[MemoryPort, list[str]]:
    """The masters dealt to as few ports as give each one its own, then round again."""
    groups: dict[MemoryPort, list[str]] = {}
    for place, master in enumerate(masters):
        groups.setdefault(ports[place % len(ports)], []).append(master)
    return groups
