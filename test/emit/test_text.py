"""Names from a model are harmless wherever they are printed."""

import shutil
import subprocess

import pytest

from qnn_ir.device import Device
from qnn_ir.driver.vitis import synth, synth_command
from qnn_ir.emit.text import identifier, quoted, tcl_word
from qnn_ir.emit.vitis_tcl import vitis_script
from qnn_ir.errors import UserError

HOSTILE = ["a*/ b", "/* x", "tail\\", "??/", "line\nbreak", "größe", "x" * 500, '"; exit', "a\r#include <x>", "*/*/*/"]


@pytest.mark.parametrize("name", HOSTILE)
def test_quoted_is_one_harmless_line(name: str) -> None:
    text = quoted(name)
    assert text.isascii()
    assert text.isprintable()
    assert text[0] == text[-1] == '"'
    assert len(text) < 200
    assert not any(bad in text for bad in ("*/", "/*", "??"))


@pytest.mark.parametrize("name", ["", "1x", "a b", "a-b", "größe", "a__b", "x;"])
def test_identifiers_are_asserted(name: str) -> None:
    with pytest.raises(ValueError, match="identifier"):
        identifier(name)


tclsh = pytest.mark.skipif(shutil.which("tclsh") is None, reason="needs tclsh")


@tclsh
@pytest.mark.parametrize(
    "text", ["plain", "a b", "$x", "[exit 3]", "{", "}", 'q"q', "back\\slash", "größe", "a;b", "#c", "\n"]
)
def test_tcl_words_survive(text: str) -> None:
    script = f"fconfigure stdout -encoding utf-8\nputs -nonewline {tcl_word(text)}\n"
    done = subprocess.run(["tclsh"], input=script, capture_output=True, text=True, check=True, encoding="utf-8")
    assert done.stdout == text


STUBS = """
proc known {command options arguments} {
  for {set i 0} {$i < [llength $arguments]} {incr i} {
    set a [lindex $arguments $i]
    if {[string match -* $a]} {
      if {![dict exists $options $a]} { error "$command: unknown option $a" }
      if {[dict get $options $a]} { incr i }
    }
  }
  puts "$command $arguments"
}
proc open_project args { known open_project {-reset 0} $args }
proc set_top args { known set_top {} $args }
proc add_files args { known add_files {-tb 0 -cflags 1} $args }
proc open_solution args { known open_solution {-reset 0 -flow_target 1} $args }
proc set_part args { known set_part {} $args }
proc create_clock args { known create_clock {-period 1 -name 1} $args }
proc csim_design args { known csim_design {-argv 1 -clean 0} $args }
proc csynth_design args { known csynth_design {} $args }
proc export_design args { known export_design {-format 1 -display_name 1 -output 1} $args }
"""


@tclsh
def test_vitis_script_runs_to_its_end() -> None:
    device = Device("pynq-z1", "xc7z020clg400-1", 10.0, 53200, 106400, 280, 220)
    script = vitis_script("net", ["net.cpp"], ["x", "y"], device, "# banner\n", "0.1.0")
    done = subprocess.run(
        ["tclsh"], input=STUBS + script, capture_output=True, text=True, check=True, env={"QNN_FRAMES": "3"}
    )
    assert done.stderr == ""
    lines = [line.strip() for line in done.stdout.splitlines()]
    assert lines[0] == "open_project -reset net_hls"
    assert "set_part xc7z020clg400-1" in lines
    assert "create_clock -period 10 -name default" in lines
    assert any(line.startswith("csim_design -argv {3 ") for line in lines)
    assert lines[-2] == "csynth_design"
    assert lines[-1].startswith("export_design -format ip_catalog")


def test_synth_says_what_is_missing(tmp_path) -> None:
    with pytest.raises(UserError, match="no Vitis HLS found"):
        synth_command(lambda tool: None)
    with pytest.raises(UserError, match=r"no run_hls\.tcl"):
        synth(tmp_path)


def test_synth_prefers_the_newest_tool() -> None:
    have = {"vitis_hls": "/x/vitis_hls", "vivado_hls": "/x/vivado_hls"}
    assert synth_command(have.get) == ["/x/vitis_hls", "-f", "run_hls.tcl"]
    have["vitis-run"] = "/x/vitis-run"
    assert synth_command(have.get) == ["/x/vitis-run", "--mode", "hls", "--tcl", "run_hls.tcl"]
