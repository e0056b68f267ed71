"""Synthesis of modules and implementation of every configuration: the flow without a project of UG909."""

from collections.abc import Mapping, Sequence

from qnn_ir.emit.scripts.floorplan import FLOORPLAN, Need, site_needs, static_need
from qnn_ir.emit.scripts.kernel import Kernel
from qnn_ir.emit.scripts.shell import project_text
from qnn_ir.emit.scripts.slot import MODULE, Boundary, matched
from qnn_ir.emit.scripts.text import fill, locations
from qnn_ir.emit.text import tcl_word
from qnn_ir.targets import Board

_MODULE = """@banner@#
# vivado -mode batch -source module_@name@.tcl       after modules/@name@/hls/run_hls.tcl
# The network @name@ as a module of the slots: synth/dfx/module_@name@.dcp.
@locations@
set archive [file normalize [file join $here .. modules @name@ synth ip @archive@]]
if {![file exists $archive]} { error "no $archive: run modules/@name@/hls/run_hls.tcl first" }
@project@update_ip_catalog -rebuild
update_ip_catalog -add_ip $archive -repo_path $repository

create_ip -vlnv @vlnv@ -module_name kernel_ip
@converters@foreach ip {@ips@} {
  set_property generate_synth_checkpoint false [get_files $ip.xci]
  generate_target all [get_ips $ip]
}
add_files -norecurse [list [file join $here module_@name@.v]]
set_property top @module@ [current_fileset]
update_compile_order -fileset sources_1
synth_design -mode out_of_context -top @module@ -part @part@
set work [file join $synth dfx]
set reports [file join $synth reports]
file mkdir $work $reports
write_checkpoint -force [file join $work module_@name@.dcp]
report_utilization -hierarchical -file [file join $reports dfx_module_@name@_utilization.rpt]
close_project
"""

_CONVERTER = """create_ip -vlnv [newest axis_dwidth_converter] -module_name width_@port@
set_property -dict [list CONFIG.S_TDATA_NUM_BYTES @source@ CONFIG.M_TDATA_NUM_BYTES @target@ \\
  CONFIG.HAS_TLAST 1 CONFIG.HAS_TKEEP 1] [get_ips width_@port@]
"""

_IMPLEMENT = """@banner@#
# vivado -mode batch -source implement.tcl       after static.tcl and every module_<name>.tcl
# Every configuration on one and the same static part; full and partial bitstreams in synth/bitstream/.
@locations@
set work [file join $synth dfx]
set reports [file join $synth reports]
set products [file join $synth bitstream]
file mkdir $reports $products
foreach part {static @modules@} {
  if {![file exists [file join $work $part.dcp]]} { error "no $part.dcp: run $part.tcl first" }
}
set slots {@slots@}
# One line a configuration: the module in each slot, in the order of the slots.
set configurations {
@configurations@}
@floorplan@
proc implement {} {
  opt_design
  place_design
  route_design
}

# The first configuration places and routes the static part, which the others keep.
set routed [file join $work static_routed.dcp]
set number 0
foreach modules $configurations {
  if {$number == 0} { open_checkpoint [file join $work static.dcp] } else { open_checkpoint $routed }
  foreach slot $slots module $modules {
    if {$number == 0} { set_property HD.RECONFIGURABLE true [get_cells $slot] }
    read_checkpoint -cell [get_cells $slot] [file join $work module_$module.dcp]
  }
  if {$number == 0} { floorplan $slots {@need@} @static@ @series@ }
  implement
  write_checkpoint -force [file join $work configuration$number.dcp]
  report_utilization -hierarchical -file [file join $reports dfx_configuration${number}_utilization.rpt]
  report_timing_summary -file [file join $reports dfx_configuration${number}_timing.rpt]
  if {$number == 0} {
    foreach slot $slots { update_design -cell [get_cells $slot] -black_box }
    lock_design -level routing
    write_checkpoint -force $routed
  }
  close_project
  incr number
}

if {$number > 1} {
  set others {}
  for {set k 1} {$k < $number} {incr k} { lappend others [file join $work configuration$k.dcp] }
  pr_verify -initial [file join $work configuration0.dcp] -additional $others -file [file join $reports dfx_verify.rpt]
}

set number 0
foreach modules $configurations {
  open_checkpoint [file join $work configuration$number.dcp]
  if {$number == 0} { write_bitstream -force -no_partial_bitfile [file join $products shell.bit] }
  foreach slot $slots module $modules {
    write_bitstream -force -cell [get_cells $slot] [file join $products ${slot}_$module.bit]
  }
  close_project
  incr number
}
"""


def module_script(name: str, kernel: Kernel, board: Board, boundary: Boundary, banner: str) -> str:
    """`vivado/module_<name>.tcl`."""
    converters = {outer: s for outer, s in matched(kernel).items() if s.bits != boundary.bits}
    texts: list[str] = []
    for outer, stream in converters.items():
        widths = (boundary.bits, stream.bits) if stream.is_input else (stream.bits, boundary.bits)
        texts.append(fill(_CONVERTER, port=outer, source=str(widths[0] // 8), target=str(widths[1] // 8)))
    return fill(
        _MODULE,
        banner=banner,
        locations=locations(),
        name=name,
        archive=tcl_word(f"{kernel.name}.zip"),
        project=project_text(board, f"dfx_module_{name}"),
        vlnv=tcl_word(kernel.vlnv),
        converters="".join(texts),
        ips=" ".join(["kernel_ip", *(f"width_{outer}" for outer in converters)]),
        module=MODULE,
        part=tcl_word(board.part),
    )


def configurations(modules: Sequence[str], slots: Sequence[str]) -> list[list[str]]:
    """As few configurations as put every module into every slot once: each slot takes them in turn, one step apart."""
    count = len(modules)
    return [[modules[(turn + place) % count] for place in range(len(slots))] for turn in range(count)]


def implement_script(
    modules: Sequence[str], slots: Sequence[str], board: Board, boundary: Boundary, need: Need, banner: str
) -> str:
    """`vivado/implement.tcl`; `need` is what a slot must hold."""
    lines = "".join(f"  {{{' '.join(line)}}}\n" for line in configurations(modules, slots))
    static = static_need(len(slots) * len(boundary.streams))
    return fill(
        _IMPLEMENT,
        banner=banner,
        locations=locations(),
        modules=" ".join(f"module_{name}" for name in modules),
        slots=" ".join(slots),
        configurations=lines,
        floorplan=FLOORPLAN,
        need=_pairs(site_needs(board, need)),
        static=str(site_needs(board, static)["SLICE"]),
        series="0" if board.is_ultrascale else "1",
    )


def _pairs(values: Mapping[str, int]) -> str:
    return " ".join(f"{key} {value}" for key, value in values.items())
