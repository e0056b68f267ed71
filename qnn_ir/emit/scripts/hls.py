"""Scripts of HLS: simulation, synthesis, cosimulation, export, for Vivado HLS 2019.2 to Vitis 2025."""

from dataclasses import dataclass

from qnn_ir.device import Device
from qnn_ir.emit.scripts.kernel import LIBRARY, VENDOR, VERSION, Kernel
from qnn_ir.emit.scripts.text import fill, locations
from qnn_ir.emit.text import tcl_word

_HEAD = """#
# Vivado HLS 2019.2 to 2020.1:  vivado_hls -f run_hls.tcl
# Vitis HLS 2020.2 to 2024.1:   vitis_hls -f run_hls.tcl
# Vitis 2024.2 and later:       vitis-run --mode hls --tcl run_hls.tcl
# QNN_STEPS chooses among @steps@; QNN_STRATEGY is default, area, performance or quick.
"""

_PROJECT = """
set steps {@default@}
if {[info exists ::env(QNN_STEPS)]} { set steps [split [string map {, " "} $::env(QNN_STEPS)]] }
# The old front end knows C++ up to 2011 under its draft's name.
set tool [file tail [info nameofexecutable]]
if {[info exists ::env(QNN_TOOL)]} { set tool $::env(QNN_TOOL) }
set old [string match "vivado_hls*" $tool]
set standard [expr {$old ? "-std=c++0x" : "-std=c++14"}]

# A copy of a source in `folder`, headers beside it, with the pragmas that Vivado HLS names otherwise (UG902, UG1391).
proc in_old_words {source folder} {
  foreach header [glob -nocomplain -directory [file dirname $source] *.h] { file copy -force $header $folder }
  set file [open $source]
  set text [string map {style=flp enable_flush} [read $file]]
  close $file
  foreach {type core} {rom_1p ROM_1P ram_s2p RAM_S2P} {
    foreach place {bram lutram} {
      set new "BIND_STORAGE (variable=\\\\S+) type=$type impl=$place\\\\M"
      regsub -all $new $text "RESOURCE \\\\1 core=${core}_[string toupper $place]" text
    }
  }
  set file [open [file join $folder [file tail $source]] w]
  puts -nonewline $file $text
  close $file
  return [file join $folder [file tail $source]]
}

set work [file join $synth @work@]
set reports [file join $synth reports]
file mkdir $work $reports
cd $work

set source [file join $here @source@]
if {$old} { set source [in_old_words $source $work] }

# Steps after synthesis go on with what an earlier run left.
set reset [expr {"csynth" in $steps ? "-reset" : ""}]
open_project {*}$reset @project@
set_top @top@
add_files -cflags $standard $source
@testbench@if {!$old} { lappend reset -flow_target @flow@ }
open_solution {*}$reset solution1
set_part @part@
create_clock -period @period@ -name default
# The share of the period that is left to routing.
set_clock_uncertainty [dict get {default 12.5% area 8% performance 27% quick 12.5%} $strategy]
@addresses@set solution [file join $work @project@ solution1]
proc keep_reports {step pattern} {
  set found [glob -nocomplain -directory [file join $::solution $step report] $pattern]
  if {[llength $found]} { file copy -force {*}$found $::reports }
}
"""

_RUN = """
# Simulation reads the words of QNN_FRAMES frames from csim_<port>.bin in QNN_DATA (see tb.cpp for the format).
set data $here
if {[info exists ::env(QNN_DATA)]} { set data [file normalize $::env(QNN_DATA)] }
set arguments ""
if {[info exists ::env(QNN_FRAMES)]} {
  set arguments $::env(QNN_FRAMES)
  foreach port {@ports@} { append arguments " [file join $data csim_$port.bin]" }
}

if {"csim" in $steps && $arguments ne ""} { csim_design -argv $arguments }
"""

_CSYNTH = """
if {"csynth" in $steps} {
  csynth_design
  keep_reports syn *.xml
}
"""

_FINISH = """
if {"cosim" in $steps && $arguments ne ""} {
  cosim_design -rtl verilog -argv $arguments
  keep_reports sim *.rpt
}
"""

_EXPORT = """
if {"export" in $steps} {
@kernel@  export_design -format ip_catalog -rtl verilog -vendor @vendor@ -library @library@ -version @version@ \\
    -ipname @top@ -display_name @display@
  file mkdir [file join $synth ip]
  set archives [glob -directory [file join $solution impl ip] *.zip]
  file copy -force [lindex $archives 0] [file join $synth ip @archive@]
}
exit
"""

_EXPORT_KERNEL = """\
  if {$old} { error "Vivado HLS makes no kernel for a platform: use Vitis HLS 2020.2 or later" }
  file mkdir [file join $synth alveo]
  export_design -format xo -output [file join $synth alveo @archive@]
"""


@dataclass(frozen=True)
class HlsJob:
    """One run of HLS: the top function `name`, its file, the device; a kernel (.xo) for a Vitis platform, or an IP."""

    name: str
    source: str
    device: Device
    is_kernel: bool = False
    has_masters: bool = False


def kernel_script(kernel: Kernel, job: HlsJob, banner: str, version: str) -> str:
    """`hls/run_hls.tcl`: the whole accelerator."""
    run = fill(_RUN, ports=" ".join(kernel.data)) + _CSYNTH + _FINISH
    head = fill(_HEAD, steps="csim, csynth, cosim and export")
    project = _project(job, "hls", "csim csynth export", "add_files -tb -cflags $standard [file join $here tb.cpp]\n")
    return banner + head + locations() + project + run + _export(job, version)


def layer_script(job: HlsJob) -> str:
    """`hls/layers/<name>/run_hls.tcl`: one process alone, synthesised only."""
    head = "# One process by itself, for its own report.\n" + fill(_HEAD, steps="csynth")
    work = f"hls/layers/{job.name}"
    return head + locations("../../..") + _project(job, work, "csynth", "") + _CSYNTH + "exit\n"


def hls_config(job: HlsJob) -> str:
    """`hls/hls_config.cfg` for `v++ -c --mode hls --config hls_config.cfg --work_dir DIR` (Vitis 2023.2 and later)."""
    lines = [
        f"part={job.device.part}",
        "[hls]",
        f"flow_target={'vitis' if job.is_kernel else 'vivado'}",
        f"clock={job.device.clock_ns:g}ns",
        "clock_uncertainty=12.5%",
        f"syn.file={job.source}",
        "syn.cflags=-std=c++14",
        f"syn.top={job.name}",
        "tb.file=tb.cpp",
        "tb.cflags=-std=c++14",
        *(["syn.interface.m_axi_addr64=1"] if job.has_masters else []),
        f"package.output.format={'xo' if job.is_kernel else 'ip_catalog'}",
        f"package.output.file={job.name}.{'xo' if job.is_kernel else 'zip'}",
        "package.output.syn=1",
        f"package.ip.vendor={VENDOR}",
        f"package.ip.library={LIBRARY}",
        f"package.ip.version={VERSION}",
    ]
    return "\n".join(lines) + "\n"


def _project(job: HlsJob, work: str, default: str, testbench: str) -> str:
    return fill(
        _PROJECT,
        default=default,
        work=work,
        project=tcl_word(f"{job.name}_hls"),
        top=tcl_word(job.name),
        source=tcl_word(job.source),
        testbench=testbench,
        flow="vitis" if job.is_kernel else "vivado",
        part=tcl_word(job.device.part),
        period=f"{job.device.clock_ns:g}",
        addresses="config_interface -m_axi_addr64\n" if job.has_masters else "",
    )


def _export(job: HlsJob, version: str) -> str:
    kernel = fill(_EXPORT_KERNEL, archive=tcl_word(f"{job.name}.xo")) if job.is_kernel else ""
    return fill(
        _EXPORT,
        kernel=kernel,
        vendor=VENDOR,
        library=LIBRARY,
        version=VERSION,
        top=tcl_word(job.name),
        display=tcl_word(f"{job.name} (qnn-ir {version})"),
        archive=tcl_word(f"{job.name}.zip"),
    )
