"""The static part of a reconfigurable design: PS, DMA engines, and for every slot what keeps it quiet during a swap."""

from collections.abc import Sequence
from typing import Any

from qnn_ir.emit.scripts.design import BlockDesign, Slave
from qnn_ir.emit.scripts.ps import processor
from qnn_ir.emit.scripts.shell import DESIGN, add_dma, project_text
from qnn_ir.emit.scripts.slot import Boundary
from qnn_ir.emit.scripts.text import fill, locations
from qnn_ir.targets import Board

ZYNQ7_PINS = (
    *((f"DDR_{name}", bits) for name, bits in (("addr", 15), ("ba", 3), ("cas_n", 1), ("ck_n", 1), ("ck_p", 1))),
    *((f"DDR_{name}", bits) for name, bits in (("cke", 1), ("cs_n", 1), ("dm", 4), ("dq", 32), ("dqs_n", 4))),
    *((f"DDR_{name}", bits) for name, bits in (("dqs_p", 4), ("odt", 1), ("ras_n", 1), ("reset_n", 1), ("we_n", 1))),
    *((f"FIXED_IO_{name}", bits) for name, bits in (("ddr_vrn", 1), ("ddr_vrp", 1), ("mio", 54), ("ps_clk", 1))),
    *((f"FIXED_IO_{name}", bits) for name, bits in (("ps_porb", 1), ("ps_srstb", 1))),
)
"""The pins of a Zynq-7000 PS that the wrapper of its design brings out (UG585); those of UltraScale+ are inside."""

_HEAD = """@banner@#
# vivado -mode batch -source static.tcl
# The static part with empty slots: synth/dfx/static.dcp and synth/bitstream/shell.hwh.
@locations@"""

_SYNTHESIS = """
validate_bd_design
save_bd_design
set design [get_files @design@.bd]
set_property synth_checkpoint_mode None $design
generate_target all $design
add_files -norecurse [list [make_wrapper -files $design -top]]
add_files -norecurse [list [file join $here qnn_slot.v] [file join $here shell_top.v]]
set_property top shell_top [current_fileset]
update_compile_order -fileset sources_1
synth_design -top shell_top -part @part@
set work [file join $synth dfx]
set products [file join $synth bitstream]
file mkdir $work $products
write_checkpoint -force [file join $work static.dcp]
set handoff [glob -directory $project *.{gen,srcs}/sources_1/bd/@design@/hw_handoff/@design@.hwh]
file copy -force [lindex $handoff 0] [file join $products shell.hwh]
close_project
"""


def static_script(board: Board, boundary: Boundary, slots: Sequence[str], size: int, banner: str) -> str:
    """`vivado/static.tcl`; `size` is the bytes of registers of the largest kernel."""
    design = static_design(board, boundary, slots, size)
    body = fill(_SYNTHESIS, design=DESIGN, part=f'"{board.part}"')
    project = project_text(board, "dfx_static")
    head = fill(_HEAD, banner=banner, locations=locations())
    return head + project + f"\ncreate_bd_design {DESIGN}\n" + design.text() + _clocks(boundary, slots, board) + body


def static_design(board: Board, boundary: Boundary, slots: Sequence[str], size: int) -> BlockDesign:
    """Per slot: DMA engines, decoupler, shutdown manager, a switch for the host, and a reset of its own."""
    design = BlockDesign(board)
    design.lines.append("create_bd_port -dir O -type clk clk")
    for slot in slots:
        _add_slot(design, boundary, slot, size)
    return design


def _add_slot(design: BlockDesign, boundary: Boundary, slot: str, size: int) -> None:
    _add_switch(design, slot)
    _add_control(design, slot, size)
    design.say(f"Streams of {slot}: cut off while it is reconfigured.")
    design.cell(f"{slot}_decoupler", "{dfx_decoupler pr_decoupler}", {"ALL_PARAMS": _decoupler(boundary)})
    for stream in boundary.streams:
        mode = "Master" if stream.is_input else "Slave"
        port, name = f"{slot}_{stream.name}", f"{slot}_{stream.name}"
        design.lines.append(f"create_bd_intf_port -mode {mode} -vlnv xilinx.com:interface:axis_rtl:1.0 {port}")
        if not stream.is_input:
            design.lines.append(
                f"set_property -dict [list CONFIG.TDATA_NUM_BYTES {stream.bits // 8} CONFIG.HAS_TLAST 1 "
                f"CONFIG.HAS_TKEEP 1] [get_bd_intf_ports {port}]"
            )
        add_dma(design, name, stream.is_input)
        side = f"dma_{name}/" + ("M_AXIS_MM2S" if stream.is_input else "S_AXIS_S2MM")
        design.bus(side, f"{slot}_decoupler/s_{stream.name}")
        design.outer_bus(f"{slot}_decoupler/rp_{stream.name}", port)
    design.say(f"While {slot} is shut down, its streams are cut off and it stays in reset.")
    sinks = [f"{slot}_switch/gpio2_io_i", f"{slot}_decoupler/decouple", f"{slot}_reset/aux_reset_in"]
    design.net(f"{slot}_shutdown/in_shutdown", sinks)


def _add_switch(design: BlockDesign, slot: str) -> None:
    """Two registers for the host: request of a shutdown, and whether it is one (PG144)."""
    design.say(f"The switch of {slot}.")
    config = {"C_GPIO_WIDTH": 1, "C_ALL_OUTPUTS": 1, "C_IS_DUAL": 1, "C_GPIO2_WIDTH": 1, "C_ALL_INPUTS_2": 1}
    design.cell(f"{slot}_switch", "axi_gpio", config)
    design.clocked.append(f"{slot}_switch/s_axi_aclk")
    design.reset.append(f"{slot}_switch/s_axi_aresetn")
    design.slaves.append(Slave(f"{slot}_switch/S_AXI", f"{slot}_switch/S_AXI/Reg"))
    design.cell(f"{slot}_reset", "proc_sys_reset", {"C_AUX_RESET_HIGH": 1})
    design.net(f"ps/{processor(design.board).reset}", [f"{slot}_reset/ext_reset_in"])
    design.clocked.append(f"{slot}_reset/slowest_sync_clk")
    design.lines.append(f"create_bd_port -dir O -type rst {slot}_resetn")
    design.outer_net(f"{slot}_reset/peripheral_aresetn", f"{slot}_resetn")


def _add_control(design: BlockDesign, slot: str, size: int) -> None:
    """The registers of the slot, answered with an error while it is shut down (PG377)."""
    design.say(f"Registers of {slot}.")
    config = {"DP_PROTOCOL": "AXI4LITE", "RP_IS_MASTER": "false", "CTRL_INTERFACE_TYPE": 0, "DP_AXI_RESP": 2}
    config |= {"DP_AXI_ADDR_WIDTH": 32, "DP_AXI_DATA_WIDTH": 32}
    design.cell(f"{slot}_shutdown", "{dfx_axi_shutdown_manager pr_axi_shutdown_manager}", config)
    design.clocked.append(f"{slot}_shutdown/clk")
    design.reset.append(f"{slot}_shutdown/resetn")
    port = f"{slot}_control"
    design.lines.append(f"create_bd_intf_port -mode Master -vlnv xilinx.com:interface:aximm_rtl:1.0 {port}")
    pairs = "CONFIG.PROTOCOL AXI4LITE CONFIG.ADDR_WIDTH 32 CONFIG.DATA_WIDTH 32"
    design.lines.append(f"set_property -dict [list {pairs}] [get_bd_intf_ports {port}]")
    design.outer_bus(f"{slot}_shutdown/M_AXI", port)
    design.slaves.append(Slave(f"{slot}_shutdown/S_AXI", f"{port}/Reg", size))
    design.net(f"{slot}_switch/gpio_io_o", [f"{slot}_shutdown/request_shutdown"])


def _clocks(boundary: Boundary, slots: Sequence[str], board: Board) -> str:
    """The clock leaves the design, and the ports say that it is theirs."""
    pin = f"[get_bd_pins ps/{processor(board).clock}]"
    ports = [f"{slot}_{name}" for slot in slots for name in ("control", *(s.name for s in boundary.streams))]
    resets = ":".join(f"{slot}_resetn" for slot in slots)
    lines = [
        f"connect_bd_net {pin} [get_bd_ports clk]",
        f"set_property CONFIG.ASSOCIATED_BUSIF {':'.join(ports)} [get_bd_ports clk]",
        f"set_property CONFIG.ASSOCIATED_RESET {resets} [get_bd_ports clk]",
        f"set frequency [get_property CONFIG.FREQ_HZ {pin}]",
        *(f"set_property CONFIG.FREQ_HZ $frequency [get_bd_intf_ports {port}]" for port in ports),
    ]
    return "\n# The slots run with the clock of the design.\n" + "\n".join(lines) + "\n"


def _decoupler(boundary: Boundary) -> str:
    """ALL_PARAMS of the decoupler (PG375): a pair of interfaces for every stream, driven by a signal."""
    entries: list[str] = []
    for place, stream in enumerate(boundary.streams):
        signals = (("TDATA", stream.bits), ("TKEEP", stream.bits // 8), ("TLAST", 1), ("TVALID", 1), ("TREADY", 1))
        present = " ".join(f"{name} {{PRESENT 1 WIDTH {bits}}}" for name, bits in signals)
        absent = " ".join(f"{name} {{PRESENT 0 WIDTH 0}}" for name in ("TSTRB", "TUSER", "TID", "TDEST"))
        mode = "slave" if stream.is_input else "master"
        vlnv = "xilinx.com:interface:axis_rtl:1.0"
        entries.append(f"{stream.name} {{ID {place} MODE {mode} VLNV {vlnv} SIGNALS {{{present} {absent}}}}}")
    return "HAS_AXI_LITE 0 HAS_SIGNAL_CONTROL 1 HAS_SIGNAL_STATUS 0 INTF {" + " ".join(entries) + "}"


def slot_facts(board: Board, boundary: Boundary, slots: Sequence[str], size: int) -> list[dict[str, Any]]:
    """The entry `slots` of `dfx.json`."""
    design = static_design(board, boundary, slots, size)
    windows = design.addresses()
    facts: list[dict[str, Any]] = []
    for slot in slots:
        base, length = windows[f"{slot}_shutdown/S_AXI"]
        switch, switch_length = windows[f"{slot}_switch/S_AXI"]
        engines: dict[str, Any] = {}
        for stream in boundary.streams:
            cell, side = f"dma_{slot}_{stream.name}", "mm2s" if stream.is_input else "s2mm"
            at, count = windows[f"{cell}/S_AXI_LITE"]
            place = design.interrupts.index(f"{cell}/{side}_introut")
            engines[stream.name] = {
                "cell": cell,
                "base": at,
                "bytes": count,
                "interrupt": place,
                "direction": side,
                "bits": stream.bits,
            }
        ends = {"request": {"offset": 0, "bit": 0}, "status": {"offset": 8, "bit": 0}}
        facts.append(
            {
                "name": slot,
                "base": base,
                "bytes": length,
                "switch": {"cell": f"{slot}_switch", "base": switch, "bytes": switch_length} | ends,
                "dma": engines,
            }
        )
    return facts
