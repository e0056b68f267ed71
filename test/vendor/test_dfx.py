"""`qnnc dfx`: a static part with slots, modules that fit them, and what the host must know."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from scripts import EXAMPLE, copied
from tcl_check import run_script
from vendor_session import Session

from qnn_ir.driver.build import BuildOptions, build
from qnn_ir.driver.dfx import dfx, module_names
from qnn_ir.driver.progress import Progress
from qnn_ir.errors import UserError


@pytest.fixture(scope="session")
def builds(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Small builds of the example for several boards, clocks and interfaces."""
    folder = tmp_path_factory.mktemp("builds")
    options: dict[str, dict[str, Any]] = {
        "slow": {"target_fps": 20_000.0},
        "fast": {"target_fps": 200_000.0},
        "kv": {"board": "kv260", "target_fps": 20_000.0},
        "kv_fast": {"board": "kv260", "target_fps": 200_000.0},
        "clock": {"clock_mhz": 125.0},
        "memory": {"interface": "memory"},
        "full": {},
    }
    for name, given in options.items():
        build(EXAMPLE, folder / name, BuildOptions(**given), Progress(quiet=True))
    return {name: folder / name for name in options}


def check_scripts(folder: Path, release: str = "2022.1") -> dict[str, str]:
    """Every script in the order of use: script -> "" or what is wrong."""
    found: dict[str, str] = {}
    modules = sorted((folder / "modules").iterdir())
    for module in modules:
        script = module / "hls" / "run_hls.tcl"
        found[f"hls {module.name}"] = run_script(script, Session("vitis_hls"), folder)
    for name in ("static", *(f"module_{module.name}" for module in modules), "implement"):
        found[name] = run_script(folder / "vivado" / f"{name}.tcl", Session("vivado", release), folder)
    return found


@pytest.mark.parametrize("slots", [1, 2])
@pytest.mark.parametrize("release", ["2019.2", "2024.1"])
@pytest.mark.parametrize("names", [("slow", "fast"), ("kv", "kv_fast")])
def test_scripts(builds: dict[str, Path], names: tuple[str, str], slots: int, release: str, tmp_path: Path) -> None:
    facts = dfx([builds[name] for name in names], tmp_path / "dfx", None, slots)
    assert {name: problem for name, problem in check_scripts(tmp_path / "dfx", release).items() if problem} == {}
    products = tmp_path / "dfx" / "synth" / "bitstream"
    assert (products / facts["full"]["hwh"]).is_file()
    assert json.loads((products / facts["full"]["bitstream"]).read_text())["full"]
    for module in facts["modules"]:
        assert set(module["partials"]) == {slot["name"] for slot in facts["slots"]}
        for slot, name in module["partials"].items():
            assert json.loads((products / name).read_text())["cells"] == {slot: f"module_{module['name']}"}


def test_what_the_host_must_know(builds: dict[str, Path], tmp_path: Path) -> None:
    facts = dfx([builds["slow"], builds["fast"]], tmp_path / "dfx", "pynq-z1", 2)
    assert facts == json.loads((tmp_path / "dfx" / "dfx.json").read_text())
    static = (tmp_path / "dfx" / "vivado" / "static.tcl").read_text().replace("\\\n ", "")
    assert facts["full"]["modules"] == {"slot0": "slow", "slot1": "fast"}
    for slot in facts["slots"]:
        cells = [slot["switch"], *slot["dma"].values()]
        for cell in cells:
            assert f"-range {cell['bytes']:#x} -offset {cell['base']:#x} " in static
            assert f"get_bd_addr_segs {cell['cell']}/S_AXI" in static
        assert (
            f"-offset {slot['base']:#x} [get_bd_addr_spaces ps/Data] [get_bd_addr_segs {slot['name']}_control/Reg]"
            in static
        )
        assert {name: dma["direction"] for name, dma in slot["dma"].items()} == {"in0": "mm2s", "out0": "s2mm"}
    for module in facts["modules"]:
        folder = tmp_path / "dfx" / module["folder"]
        manifest = json.loads((folder / "manifest.json").read_text())
        assert set(module["streams"]) == {"in0", "out0"}
        assert manifest["top"] == module["kernel"]
        assert (folder / "hls" / "accelerator.cpp").is_file()


def test_a_folder_of_ours_is_replaced(builds: dict[str, Path], tmp_path: Path) -> None:
    for slots in (1, 2):
        assert len(dfx([builds["slow"]], tmp_path / "dfx", None, slots)["slots"]) == slots
    (tmp_path / "else").mkdir()
    (tmp_path / "else" / "dfx.json").write_text("{}")
    with pytest.raises(UserError, match="holds files of someone else"):
        dfx([builds["slow"]], tmp_path / "else", None, 1)


@pytest.mark.parametrize(
    ("names", "board", "slots", "message"),
    [
        (["slow"], None, 0, "--slots 0; give a positive number"),
        (["slow", "kv"], None, 1, "kv: built for board kv260, not pynq-z1; build it with --board pynq-z1"),
        (["slow"], "kv260", 1, "slow: built for board pynq-z1, not kv260"),
        (["slow", "clock"], None, 1, "clock: built for 125 MHz, but .*slow for 100 MHz"),
        (["memory"], None, 1, "memory: the module reads memory itself, a slot carries streams only; build it with"),
        (
            ["slow", "full"],
            None,
            2,
            "full: the module needs room for about [0-9]+ LUT, each of 2 slots has [0-9]+; build",
        ),
        (["slow"], None, 9, "slow: the module needs room for about"),
    ],
)
def test_refusals(
    builds: dict[str, Path], names: list[str], board: str | None, slots: int, message: str, tmp_path: Path
) -> None:
    with pytest.raises(UserError, match=message):
        dfx([builds[name] for name in names], tmp_path / "dfx", board, slots)
    assert not (tmp_path / "dfx").exists()


def test_names_of_modules() -> None:
    folders = ["/a/CNV W1", "/b/cnv-w1", "/c/größe; exit", "/d/...", "/e/" + "x" * 99]
    assert module_names([Path(f) for f in folders]) == ["cnv_w1", "cnv_w1_2", "gr_e_exit", "module", "x" * 32]


def test_command_line(builds: dict[str, Path], tmp_path: Path) -> None:
    command = [sys.executable, "-m", "qnn_ir.driver.qnnc", "dfx", str(builds["slow"]), str(builds["fast"])]
    done = subprocess.run([*command, "-o", str(tmp_path / "dfx")], capture_output=True, text=True, check=True)
    assert done.stdout == f"1 slot(s) for modules slow, fast: {tmp_path / 'dfx' / 'vivado'}\n"


MUTANTS = [
    (
        "static",
        "qnn_slot.v",
        "output wire control_awready",
        "output wire control_awready2",
        "has no port control_awready",
    ),
    ("static", "shell_top.v", "    .resetn(slot0_resetn),\n", "", "input resetn is open"),
    (
        "static",
        "static.tcl",
        "[get_bd_pins slot0_decoupler/decouple]",
        "[get_bd_pins slot0_switch/gpio2_io_i]",
        "is open",
    ),
    ("static", "static.tcl", "CONFIG.TDATA_NUM_BYTES 8", "CONFIG.TDATA_BYTES 8", "no property CONFIG.TDATA_BYTES"),
    ("static", "static.tcl", "MODE slave", "MODE master", "are both master"),
    ("static", "static.tcl", "[get_bd_intf_pins slot0_shutdown/M_AXI]", "[get_bd_intf_pins ps/M_AXI_GP0]", "connected"),
    ("module_slow", "module_slow.v", "in0_words_tdata;", "in0_words_data;", "no net in0_words_tdata"),
    (
        "module_slow",
        "module_slow.tcl",
        "M_TDATA_NUM_BYTES",
        "T_TDATA_NUM_BYTES",
        "no property CONFIG.T_TDATA_NUM_BYTES",
    ),
    ("module_slow", "module_slow.tcl", "-mode out_of_context -top qnn_slot", "-top qnn", "synth_design: no qnn"),
    ("implement", "implement.tcl", "set_property RESET_", "set_property RESETS_", "has no property RESETS_AFTER"),
    (
        "implement",
        "implement.tcl",
        "  if {$number == 0} { floorplan",
        "  if {$number == 9} { floorplan",
        "has no pblock",
    ),
    ("implement", "implement.tcl", "-black_box }", "}", "option -black_box is missing"),
    ("implement", "implement.tcl", "    lock_design -level routing\n", "", "has another static part"),
    ("implement", "implement.tcl", "  opt_design\n  place_design", "  place_design\n  opt_design", "no optimised yet"),
    ("implement", "implement.tcl", "  implement\n", "  opt_design\n", "lock_design: no routed yet"),
    (
        "implement",
        "implement.tcl",
        "HD.RECONFIGURABLE true",
        "HD.RECONFIGURE true",
        "a cell has no property HD.RECONFIGURE",
    ),
    ("implement", "implement.tcl", "SLICE ", "SLICE 99", "no clock regions hold slot0"),
    ("implement", "implement.tcl", '} { error "the slots', '|| 1} { error "the slots', "the static part needs"),
    (
        "implement",
        "implement.tcl",
        "set_property HD.RECONFIGURABLE true [get_cells $slot]",
        "",
        "is not reconfigurable",
    ),
]


@pytest.fixture(scope="session")
def complete(builds: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder whose scripts have all run."""
    folder = tmp_path_factory.mktemp("complete") / "dfx"
    dfx([builds["slow"], builds["fast"]], folder, None, 1)
    assert not any(check_scripts(folder).values())
    return folder


@pytest.mark.parametrize(("script", "file", "old", "new", "message"), MUTANTS)
def test_mutants_are_caught(
    complete: Path, script: str, file: str, old: str, new: str, message: str, tmp_path: Path
) -> None:
    folder = copied(complete, tmp_path / "dfx")
    path = folder / "vivado" / file
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    assert message in run_script(folder / "vivado" / f"{script}.tcl", Session("vivado"), folder)
