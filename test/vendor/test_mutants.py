"""Mutants of correct scripts: the checker must catch every one, with one line that says why."""

import re
from pathlib import Path

import pytest
from scripts import check_all, copied, write_scripts
from tcl_check import run_script
from vendor_session import Session
from vendor_table import table
from xdsl.dialects.builtin import ModuleOp

from qnn_ir.targets import find_board

SCRIPTS = {"hls/run_hls.tcl": "vitis_hls", "vivado/ooc.tcl": "vivado", "vivado/bitstream.tcl": "vivado"}


@pytest.fixture(scope="session")
def complete(streams: ModuleOp, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A build whose scripts have all run."""
    out = write_scripts(streams, find_board("pynq-z1"), tmp_path_factory.mktemp("mutants"))
    assert not any(check_all(out).values())
    return out


def problem_of(
    complete: Path, folder: Path, script: str, text: str, run: str | None = None, board_files: bool = False
) -> str:
    """What the checker says when `script` has this text and `run` (default: it) is executed."""
    out = copied(complete, folder / "out")
    (out / script).write_text(text, encoding="utf-8")
    start = run or script
    return run_script(out / start, Session(SCRIPTS[start], board_files=board_files), out)


def statements(text: str) -> list[str]:
    """Whole commands, continued lines included, that change a block design."""
    found = re.findall(r"(?m)^(?:(?:connect|create|validate|assign)_bd_\w+|set_property)(?:.*\\\n)*.*$", text)
    return [s for s in found if not s.startswith("create_bd_design")]


def test_no_statement_of_a_block_design_can_go(complete: Path, tmp_path: Path) -> None:
    """Each connection, cell, address and setting of the design is needed by something that the checker looks at."""
    script = "vivado/block_design.tcl"
    text = (complete / script).read_text()
    kept: list[str] = []
    for number, statement in enumerate(statements(text)):
        problem = problem_of(
            complete, tmp_path / str(number), script, text.replace(statement, "", 1), "vivado/bitstream.tcl"
        )
        if not problem:
            kept.append(statement)
    # What may go says what is so without it: a SmartConnect has one master; a catalogue is found by its path.
    assert [s for s in kept if "ip_repo_paths" not in s and "[get_bd_cells memory" not in s] == []
    assert len(statements(text)) > 40


def test_no_wire_can_go_elsewhere(complete: Path, tmp_path: Path) -> None:
    script = "vivado/block_design.tcl"
    text = (complete / script).read_text()
    pins = sorted(set(re.findall(r"\[get_bd(?:_intf)?_pins (\w+/\w+)\]", text)))
    assert len(pins) > 40
    for number, pin in enumerate(pins):
        mutant = text.replace(f" {pin}]", f" {pin}x]", 1)
        problem = problem_of(complete, tmp_path / str(number), script, mutant, "vivado/bitstream.tcl")
        assert re.search(rf"has no (pin|interface) {pin.split('/')[1]}x$", problem), pin


@pytest.mark.parametrize("script", [*SCRIPTS, "vivado/block_design.tcl"])
def test_wrong_commands_and_options(complete: Path, tmp_path: Path, script: str) -> None:
    """Every command of the vendor in a script, misspelt, and with an option that it does not have."""
    text = (complete / script).read_text()
    run = script if script in SCRIPTS else "vivado/bitstream.tcl"
    commands = table()["hls" if "hls" in script else "vivado"]
    used = [c for c in commands if re.search(rf"(?m)(^|[\[{{;])\s*{c}\b", text)]
    assert len(used) >= 10
    for number, command in enumerate(used):
        pattern = rf"(?m)((?:^|[\[{{;])\s*){command}\b"
        if command in ("csim_design", "cosim_design"):
            continue
        wrong = re.sub(pattern, rf"\1{command}s", text, count=1)
        problem = problem_of(complete, tmp_path / f"name{number}", script, wrong, run, board_files=True)
        assert f'invalid command name "{command}s"' in problem, command
        wrong = re.sub(pattern, rf"\1{command} -nonsense 1", text, count=1)
        problem = problem_of(complete, tmp_path / f"option{number}", script, wrong, run, board_files=True)
        assert f"{command}: unknown option -nonsense" in problem, command


MUTANTS = [
    ("hls/run_hls.tcl", 'set_top "accelerator"', "", "csynth_design: no top yet"),
    ("hls/run_hls.tcl", 'set_top "accelerator"', 'set_top "other"', "no function other"),
    ("hls/run_hls.tcl", '"accelerator.cpp"', '"missing.cpp"', "add_files: no file"),
    ("hls/run_hls.tcl", "set_part", "#", "csynth_design: no part yet"),
    ("hls/run_hls.tcl", '"xc7z020clg400-1"', '"z020"', "'z020' is no part"),
    ("hls/run_hls.tcl", "-period 10", "-period", "option -period has no value"),
    ("hls/run_hls.tcl", "-period 10", "-period ten", "'ten' is no number"),
    ("hls/run_hls.tcl", "-format ip_catalog", "-format zip", "'zip' is none of ip_catalog|xo"),
    ("hls/run_hls.tcl", "  csynth_design\n", "", "export_design: no synthesis yet"),
    ("hls/run_hls.tcl", "open_solution {*}$reset solution1\n", "", "set_part: no solution yet"),
    (
        "hls/run_hls.tcl",
        "file mkdir [file join $synth ip]",
        "file delete -force [file join $synth ip]",
        "error copying",
    ),
    ("vivado/ooc.tcl", "  opt_design -directive $of_optimisation\n", "", "place_design: no optimised yet"),
    ("vivado/ooc.tcl", "  place_design -directive $of_placement\n", "", "phys_opt_design: no placed yet"),
    ("vivado/ooc.tcl", "synth_design -mode", "#", "write_checkpoint: no synthesised yet"),
    ("vivado/ooc.tcl", "-top kernel_ooc", "-top accelerator", "synth_design: no accelerator"),
    ("vivado/ooc.tcl", "-add_ip $archive", "-add_ip $archive.7z", "update_ip_catalog: no file"),
    ("vivado/ooc.tcl", "update_ip_catalog -add_ip", "#", "create_ip: no IP qnn_ir:hls:accelerator:1.0"),
    ("vivado/ooc.tcl", "ooc.xdc", "ooc2.xdc", "read_xdc: no file"),
    ("vivado/ooc.tcl", "file mkdir $reports $work", "file delete -force $reports; file mkdir $work", "no such folder"),
    ("vivado/ooc.tcl", "default {Default Default", "default {Fast Default", "'Fast' is none of Default|"),
    ("vivado/bitstream.tcl", "launch_runs synth_1 -jobs $jobs\nfinish synth_1", "", "impl_1 before synth_1 has ended"),
    ("vivado/bitstream.tcl", "  wait_on_run $run\n", "", "impl_1 before synth_1 has ended"),
    ("vivado/bitstream.tcl", "open_run impl_1", "open_run impl_2", "'impl_2' is none of synth_1|impl_1"),
    ("vivado/bitstream.tcl", "open_run impl_1\n", "", "report_utilization: no synthesised yet"),
    ("vivado/bitstream.tcl", "-to_step write_bitstream", "", "error copying"),
    ("vivado/bitstream.tcl", "system_wrapper [current", "system_top [current", "no module system_top in the project"),
    ("vivado/bitstream.tcl", "{Vivado Synthesis Defaults}", "Defaults", "no strategy 'Defaults' of synth_1"),
    (
        "vivado/bitstream.tcl",
        "set design [get_files system.bd]",
        "set design [get_files top.bd]",
        "get_files: no top.bd",
    ),
    ("vivado/bitstream.tcl", "synth_checkpoint_mode", "checkpoint_mode", "a file has no property checkpoint_mode"),
    ("vivado/block_design.tcl", "validate_bd_design\n", "", "save_bd_design: no validated yet"),
    ("vivado/block_design.tcl", "create_bd_design system", "", "create_bd_cell: no bd yet"),
    ("vivado/block_design.tcl", "[newest axi_dma]", "[newest axi_dmas]", "this Vivado has no IP axi_dmas"),
    ("vivado/block_design.tcl", 'NUM_MI "3"', 'NUM_MI "2"', "axi_interconnect registers has no interface M02_AXI"),
    ("vivado/block_design.tcl", 'NUM_MI "3"', 'NUM_MI "4"', "interface registers/M03_AXI is open"),
    ("vivado/block_design.tcl", "NUM_PORTS 3", "NUM_PORTS 4", "pin interrupts/In3 is open"),
    ("vivado/block_design.tcl", "CONFIG.c_include_sg", "CONFIG.c_include_gather", "axi_dma has no property"),
    ("vivado/block_design.tcl", 'c_include_sg "0"', 'c_include_sg "1"', "dma_in0/M_AXI_SG is open"),
    ("vivado/block_design.tcl", 'S_TDATA_NUM_BYTES "8"', 'S_TDATA_NUM_BYTES "4"', "bits"),
    ("vivado/block_design.tcl", 'PCW_USE_S_AXI_HP0 "1"', 'PCW_USE_S_AXI_HP0 "0"', "has no interface S_AXI_HP0"),
    ("vivado/block_design.tcl", "-offset 0x40010000", "-offset 0x40000000", "overlaps accelerator/s_axi_control/Reg"),
    ("vivado/block_design.tcl", "-offset 0x40010000", "-offset 0x40018000", "is unaligned or outside"),
    ("vivado/block_design.tcl", "-offset 0x40010000", "-offset 0x90010000", "is unaligned or outside"),
    ("vivado/block_design.tcl", "assign_bd_address\n", "", "has no memory assigned"),
    (
        "vivado/block_design.tcl",
        "connect_bd_net [get_bd_pins ps/FCLK_CLK0]",
        "connect_bd_net [get_bd_pins dma_in0/axi_resetn]",
        "",
    ),
]


@pytest.mark.parametrize(("script", "old", "new", "message"), MUTANTS)
def test_mutant(complete: Path, tmp_path: Path, script: str, old: str, new: str, message: str) -> None:
    text = (complete / script).read_text()
    assert old in text
    run = script if script in SCRIPTS else "vivado/bitstream.tcl"
    problem = problem_of(complete, tmp_path, script, text.replace(old, new, 1), run)
    assert problem
    assert message in problem
    assert "\n" not in problem
    assert re.match(r"\S+\.tcl:\d+: ", problem)
