"""The Vitis HLS script: C simulation, synthesis, IP export."""

from collections.abc import Sequence

from qnn_ir.device import Device
from qnn_ir.emit.text import tcl_word

_HEADER = """#
# Run in this folder:  vitis_hls -f run_hls.tcl       (or: vitis-run --mode hls --tcl run_hls.tcl)
# The steps are csim, csynth and export; choose with the environment variable QNN_STEPS, e.g. QNN_STEPS="csynth".
# csim runs when the words of QNN_FRAMES frames lie in csim_<port>.bin beside this file (see tb.cpp for the format).
"""

_STEPS = """
set steps {{csim csynth export}}
if {{[info exists ::env(QNN_STEPS)]}} {{ set steps $::env(QNN_STEPS) }}

if {{"csim" in $steps && [info exists ::env(QNN_FRAMES)]}} {{
  csim_design -argv "$::env(QNN_FRAMES) {files}"
}}
if {{"csynth" in $steps}} {{ csynth_design }}
if {{"export" in $steps}} {{ export_design -format ip_catalog -display_name {display} -output {archive} }}
exit
"""


def vitis_script(
    top: str, sources: Sequence[str], ports: Sequence[str], device: Device, banner: str, version: str
) -> str:
    """The text of `run_hls.tcl`; `ports` in the order of the testbench's arguments."""
    files = " ".join(f"../../../../csim_{port}.bin" for port in ports)
    lines = [
        f"open_project -reset {tcl_word(f'{top}_hls')}",
        f"set_top {tcl_word(top)}",
        *(f"add_files {tcl_word(source)}" for source in sources),
        "add_files -tb tb.cpp",
        "open_solution -reset solution1",
        f"set_part {tcl_word(device.part)}",
        f"create_clock -period {device.clock_ns:g} -name default",
    ]
    display = tcl_word(f"{top} (qnn-ir {version})")
    return (
        banner
        + _HEADER
        + "\n"
        + "\n".join(lines)
        + "\n"
        + _STEPS.format(files=files, display=display, archive=tcl_word(f"{top}_ip.zip"))
    )
