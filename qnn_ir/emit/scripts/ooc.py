"""Out-of-context synthesis, placement and routing of the accelerator alone: what it takes and how fast it gets."""

from qnn_ir.device import Device
from qnn_ir.emit.scripts.kernel import Kernel
from qnn_ir.emit.scripts.text import fill, locations
from qnn_ir.emit.text import tcl_word

_SCRIPT = """@banner@#
# vivado -mode batch -source ooc.tcl       after hls/run_hls.tcl; QNN_STEPS: synth, or synth place (default)
@locations@
set steps {synth place}
if {[info exists ::env(QNN_STEPS)]} { set steps [split [string map {, " "} $::env(QNN_STEPS)]] }
set archive [file join $synth ip @archive@]
if {![file exists $archive]} { error "no $archive: run hls/run_hls.tcl first" }
set reports [file join $synth reports]
set work [file join $synth ooc]
file mkdir $reports $work

create_project -in_memory -part @part@
set repository [file join $work repository]
file mkdir $repository
set_property ip_repo_paths [list $repository] [current_project]
update_ip_catalog -rebuild
update_ip_catalog -add_ip $archive -repo_path $repository
file delete -force [file join $work kernel_ooc]
create_ip -vlnv @vlnv@ -module_name kernel_ooc -dir $work
set_property generate_synth_checkpoint false [get_files kernel_ooc.xci]
generate_target all [get_ips kernel_ooc]
read_xdc -mode out_of_context [file join $here ooc.xdc]

# Directives of synthesis, optimisation, placement and routing.
lassign [dict get {
  default {Default Default Default Default}
  area {AreaOptimized_high ExploreArea Default Default}
  performance {PerformanceOptimized Explore Explore Explore}
  quick {RuntimeOptimized RuntimeOptimized RuntimeOptimized RuntimeOptimized}
} $strategy] of_synthesis of_optimisation of_placement of_routing

synth_design -mode out_of_context -top kernel_ooc -part @part@ -directive $of_synthesis
write_checkpoint -force [file join $work synth.dcp]
report_utilization -hierarchical -file [file join $reports ooc_synth_utilization.rpt]
report_timing_summary -file [file join $reports ooc_synth_timing.rpt]

if {"place" in $steps} {
  opt_design -directive $of_optimisation
  place_design -directive $of_placement
  phys_opt_design
  route_design -directive $of_routing
  write_checkpoint -force [file join $work route.dcp]
  report_utilization -hierarchical -file [file join $reports ooc_utilization.rpt]
  report_timing_summary -file [file join $reports ooc_timing.rpt]
  report_power -file [file join $reports ooc_power.rpt]
}
close_project
"""


def ooc_script(kernel: Kernel, device: Device, banner: str) -> str:
    """`vivado/ooc.tcl`."""
    return fill(
        _SCRIPT,
        banner=banner,
        locations=locations(),
        archive=tcl_word(f"{kernel.name}.zip"),
        part=tcl_word(device.part),
        vlnv=tcl_word(kernel.vlnv),
    )


def ooc_constraints(device: Device) -> str:
    """`vivado/ooc.xdc`: the clock that the shell will give."""
    return f"create_clock -name ap_clk -period {device.clock_ns:g} [get_ports ap_clk]\n"
