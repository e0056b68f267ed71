"""From the block design to a bitstream: synthesis and implementation runs, reports, fixed names."""

from qnn_ir.emit.scripts.kernel import Kernel
from qnn_ir.emit.scripts.shell import DESIGN
from qnn_ir.emit.scripts.text import fill, locations
from qnn_ir.emit.text import tcl_word

_SCRIPT = """@banner@#
# vivado -mode batch -source bitstream.tcl       after hls/run_hls.tcl
# Makes synth/bitstream/@kernel@.bit, .hwh and .xsa. QNN_JOBS: runs at a time; QNN_STRATEGY: default, area, ...
@locations@
set jobs 2
if {[info exists ::env(QNN_JOBS)]} { set jobs $::env(QNN_JOBS) }
source [file join $here block_design.tcl]

set design [get_files @design@.bd]
set_property synth_checkpoint_mode Hierarchical $design
add_files -norecurse [list [make_wrapper -files $design -top]]
set_property top @design@_wrapper [current_fileset]
update_compile_order -fileset sources_1

lassign [dict get {
  default {{Vivado Synthesis Defaults} {Vivado Implementation Defaults}}
  area {Flow_AreaOptimized_high Area_Explore}
  performance {Flow_PerfOptimized_high Performance_ExplorePostRoutePhysOpt}
  quick {Flow_RuntimeOptimized Flow_RuntimeOptimized}
} $strategy] of_synthesis of_implementation
set_property strategy $of_synthesis [get_runs synth_1]
set_property strategy $of_implementation [get_runs impl_1]

proc finish {run} {
  wait_on_run $run
  if {[get_property PROGRESS [get_runs $run]] ne "100%"} {
    error "run $run ended with: [get_property STATUS [get_runs $run]]"
  }
}
launch_runs synth_1 -jobs $jobs
finish synth_1
launch_runs impl_1 -to_step write_bitstream -jobs $jobs
finish impl_1

open_run impl_1
set reports [file join $synth reports]
file mkdir $reports
report_utilization -hierarchical -file [file join $reports utilization.rpt]
report_timing_summary -file [file join $reports timing.rpt]
report_power -file [file join $reports power.rpt]
set slack [get_property SLACK [get_timing_paths -max_paths 1 -delay_type max]]
if {$slack ne "" && $slack < 0} { puts "WARNING: timing is missed by [expr {-$slack}] ns" }

# Fixed names for whoever deploys; the handoff file lies in .srcs up to Vivado 2020.1 and in .gen after it.
set products [file join $synth bitstream]
file mkdir $products
file copy -force [file join [get_property DIRECTORY [get_runs impl_1]] @design@_wrapper.bit] \\
  [file join $products @bit@]
set handoff [glob -directory $project *.{gen,srcs}/sources_1/bd/@design@/hw_handoff/@design@.hwh]
file copy -force [lindex $handoff 0] [file join $products @hwh@]
write_hw_platform -fixed -include_bit -force -file [file join $products @xsa@]
close_project
"""


def bitstream_script(kernel: Kernel, banner: str) -> str:
    """`vivado/bitstream.tcl`."""
    names = {kind: tcl_word(f"{kernel.name}.{kind}") for kind in ("bit", "hwh", "xsa")}
    return fill(_SCRIPT, banner=banner, locations=locations(), kernel=kernel.name, design=DESIGN, **names)
