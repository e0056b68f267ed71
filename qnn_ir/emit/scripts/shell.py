"""The design of one accelerator on a Zynq board: DMA engines for its streams, ports of the PS for its masters."""

import json
from typing import Any

from qnn_ir.emit.scripts.design import BlockDesign, Slave
from qnn_ir.emit.scripts.kernel import CONTROL, Kernel, Stream
from qnn_ir.emit.scripts.ps import processor
from qnn_ir.emit.scripts.text import fill, locations
from qnn_ir.emit.text import tcl_word
from qnn_ir.targets import Board

DESIGN = "system"
"""The name of the block design; its wrapper is the top module."""

_LENGTH_BITS = 26  # of a transfer; what the DMA engine has at most (PG021)

_PREAMBLE = """@banner@#
# Makes the project of the whole system: processor, DMA, accelerator. bitstream.tcl sources this file.
@locations@
set archive [file join $synth ip @archive@]
if {![file exists $archive]} { error "no $archive: run hls/run_hls.tcl first" }
"""

PROJECT = """
# The newest version of the first of the IPs `names` that this Vivado has.
proc newest {names} {
  foreach name $names {
    foreach library {ip inline_hdl} {
      set filter "VLNV =~ xilinx.com:$library:$name:* && DESIGN_TOOL_CONTEXTS =~ *IPI*"
      set found [lsort -dictionary [get_ipdefs -quiet -all -filter $filter]]
      if {[llength $found]} { return [lindex $found end] }
    }
  }
  error "this Vivado has no IP [join $names { or }]"
}

set project [file join $synth @folder@]
file mkdir $project
create_project -force @design@ $project -part @part@
set board_part [lindex [get_board_parts -quiet -latest_file_version @board_part@] 0]
if {$board_part ne ""} { set_property board_part $board_part [current_project] }
set repository [file join $project repository]
file mkdir $repository
set_property ip_repo_paths [list $repository] [current_project]
"""

_FINISH = """
validate_bd_design
save_bd_design
"""


def board_pattern(board: Board) -> str:
    """The board part with any version: files of a board are renewed."""
    return board.board_part.rpartition(":")[0] + ":*" if board.board_part else "none"


def project_text(board: Board, folder: str) -> str:
    """Tcl that opens a project for the board and defines `newest`."""
    return fill(
        PROJECT, folder=folder, design=DESIGN, part=tcl_word(board.part), board_part=tcl_word(board_pattern(board))
    )


def block_design(kernel: Kernel, board: Board, banner: str) -> str:
    """`vivado/block_design.tcl`."""
    head = fill(_PREAMBLE, banner=banner, locations=locations(), archive=tcl_word(f"{kernel.name}.zip"))
    catalog = "update_ip_catalog -rebuild\nupdate_ip_catalog -add_ip $archive -repo_path $repository\n"
    create = f"\ncreate_bd_design {DESIGN}\n"
    return head + project_text(board, "project") + catalog + create + system(kernel, board).text() + _FINISH


def system(kernel: Kernel, board: Board) -> BlockDesign:
    """The design: `dma_<port>` and `width_<port>` for every stream, the accelerator under its own name."""
    design = BlockDesign(board)
    design.say("The accelerator.")
    add_kernel(design, kernel)
    design.slaves.append(Slave(f"{kernel.name}/{CONTROL}", f"{kernel.name}/{CONTROL}/Reg", kernel.control_bytes))
    design.interrupts.append(f"{kernel.name}/interrupt")
    design.masters += [f"{kernel.name}/{master.pin}" for master in kernel.masters]
    for stream in kernel.streams:
        add_dma(design, stream.name, stream.is_input)
        connect(design, stream, kernel.name, f"dma_{stream.name}")
    return design


def add_kernel(design: BlockDesign, kernel: Kernel) -> None:
    """The cell of the accelerator with clock and reset."""
    design.cell(kernel.name, kernel.vlnv)
    design.clocked.append(f"{kernel.name}/ap_clk")
    design.reset.append(f"{kernel.name}/ap_rst_n")


def add_dma(design: BlockDesign, name: str, to_stream: bool) -> None:
    """A DMA engine in simple mode, one direction (PG021)."""
    cell, side = f"dma_{name}", "mm2s" if to_stream else "s2mm"
    bits = design.board.dma_bits
    axis = f"c_m_axis_{side}_tdata_width" if to_stream else f"c_s_axis_{side}_tdata_width"
    design.say(f"DMA of {name}.")
    config: dict[str, object] = {
        "c_include_sg": 0,
        "c_sg_include_stscntrl_strm": 0,
        "c_include_mm2s": int(to_stream),
        "c_include_s2mm": int(not to_stream),
        "c_sg_length_width": _LENGTH_BITS,
        "c_addr_width": processor(design.board).address_bits,
        f"c_m_axi_{side}_data_width": bits,
        axis: bits,
        f"c_include_{side}_dre": 0,
        f"c_{side}_burst_size": 16,
    }
    design.cell(cell, "axi_dma", config)
    design.clocked += [f"{cell}/s_axi_lite_aclk", f"{cell}/m_axi_{side}_aclk"]
    design.reset.append(f"{cell}/axi_resetn")
    design.slaves.append(Slave(f"{cell}/S_AXI_LITE", f"{cell}/S_AXI_LITE/Reg"))
    design.masters.append(f"{cell}/M_AXI_{side.upper()}")
    design.interrupts.append(f"{cell}/{side}_introut")


def connect(design: BlockDesign, stream: Stream, kernel: str, dma: str) -> None:
    """Wire a stream of the accelerator to its DMA engine, through a width converter where they differ."""
    port, bits = f"{kernel}/{stream.name}", design.board.dma_bits
    engine = f"{dma}/M_AXIS_MM2S" if stream.is_input else f"{dma}/S_AXIS_S2MM"
    if stream.bits != bits:
        outer = add_width(design, stream, bits)
        design.bus(*((outer + "/M_AXIS", port) if stream.is_input else (port, outer + "/S_AXIS")))
        port = outer + ("/S_AXIS" if stream.is_input else "/M_AXIS")
    design.bus(*((engine, port) if stream.is_input else (port, engine)))


def add_width(design: BlockDesign, stream: Stream, bits: int) -> str:
    """A width converter between words of the stream and words of `bits`; its name (PG085)."""
    cell = f"width_{stream.name}"
    source, target = (bits, stream.bits) if stream.is_input else (stream.bits, bits)
    config = {"S_TDATA_NUM_BYTES": source // 8, "M_TDATA_NUM_BYTES": target // 8, "HAS_TLAST": 1, "HAS_TKEEP": 1}
    design.cell(cell, "axis_dwidth_converter", config)
    design.clocked.append(f"{cell}/aclk")
    design.reset.append(f"{cell}/aresetn")
    return cell


def shell_facts(kernel: Kernel, board: Board) -> str:
    """
    `vivado/shell.json`, for drivers that have no .hwh: cells, addresses and interrupts of the design.

        {"board", "part", "clock_mhz", "address_bits",
         "kernel": {"cell", "base", "bytes", "interrupt", "streams": [{"name", "bits", "input"}], "masters": [pin]},
         "dma": {"<port>": {"cell", "base", "bytes", "interrupt", "direction": "mm2s" | "s2mm", "bits"}}}

    `interrupt` is the bit of IRQ_F2P (Zynq-7000) or pl_ps_irq0 (Zynq UltraScale+).
    """
    design = system(kernel, board)
    windows = design.addresses()

    def at(cell: str, pin: str, interrupt: str) -> dict[str, Any]:
        base, size = windows[f"{cell}/{pin}"]
        place = design.interrupts.index(f"{cell}/{interrupt}")
        return {"cell": cell, "base": base, "bytes": size, "interrupt": place}

    engines: dict[str, Any] = {}
    for stream in kernel.streams:
        side = "mm2s" if stream.is_input else "s2mm"
        found = at(f"dma_{stream.name}", "S_AXI_LITE", f"{side}_introut")
        engines[stream.name] = found | {"direction": side, "bits": board.dma_bits}
    streams = [{"name": s.name, "bits": s.bits, "input": s.is_input} for s in kernel.streams]
    ports = {"streams": streams, "masters": [master.pin for master in kernel.masters]}
    facts = {
        "board": board.board,
        "part": board.part,
        "clock_mhz": round(board.clock_mhz, 6),
        "address_bits": processor(board).address_bits,
        "kernel": at(kernel.name, CONTROL, "interrupt") | ports,
        "dma": engines,
    }
    return json.dumps(facts, indent=1) + "\n"
