"""The scripts of a build pass the checker for every board and release, and end in products of fixed names."""

import json
import re
import subprocess
from pathlib import Path

import pytest
from scripts import EXAMPLE, check_all, check_config, check_link, run_link, write_scripts
from tcl_check import main, run_script
from vendor_session import Session
from vendor_table import table
from xdsl.dialects.builtin import ModuleOp

from qnn_ir.driver.build import BuildOptions, build
from qnn_ir.driver.progress import Progress
from qnn_ir.errors import UserError
from qnn_ir.targets import boards, find_board

EMITTED = Path(__file__).parents[2] / "qnn_ir" / "emit" / "scripts"
INCLUDE = Path(__file__).parents[2] / "qnn_ir" / "include"
ZYNQ = [name for name in boards() if find_board(name).is_zynq]
ALVEO = [name for name in boards() if find_board(name).shell == "alveo"]


@pytest.mark.parametrize("name", ZYNQ)
@pytest.mark.parametrize("interface", ["streams", "memory"])
def test_zynq_boards(name: str, interface: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    out = write_scripts(request.getfixturevalue(interface), find_board(name), tmp_path)
    assert {script: problem for script, problem in check_all(out).items() if problem} == {}
    for product in ("ip/accelerator.zip", *(f"bitstream/accelerator.{kind}" for kind in ("bit", "hwh", "xsa"))):
        assert (out / "synth" / product).is_file(), product
    reports = {path.name for path in (out / "synth" / "reports").iterdir()}
    assert reports >= {
        "accelerator_csynth.xml",
        "layer_7_Gemm_csynth.xml",
        "utilization.rpt",
        "timing.rpt",
        "power.rpt",
    }
    assert reports >= {"ooc_utilization.rpt", "ooc_timing.rpt", "ooc_power.rpt"}


@pytest.mark.parametrize("name", ALVEO)
def test_alveo_boards(name: str, memory: ModuleOp, tmp_path: Path) -> None:
    board = find_board(name)
    out = write_scripts(memory, board, tmp_path)
    assert {script: problem for script, problem in check_all(out).items() if problem} == {}
    assert (out / "synth/alveo/accelerator.xo").is_file()
    assert check_config(out / "alveo/link.cfg", "link") == []
    for target, product in (("hw", "accelerator.xclbin"), ("hw_emu", "accelerator.hw_emu.xclbin")):
        words = run_link(out, tmp_path, target)
        assert check_link(words) == []
        assert words[words.index("--output") + 1] == product
        assert words[words.index("--platform") + 1] == board.platform
    links = re.findall(rf"^sp=accelerator_1\.(\w+):{board.bank}\[(\d+)\]$", (out / "alveo/link.cfg").read_text(), re.M)
    assert [argument for argument, _ in links] == ["in0", "out0"]
    assert len({bank for _, bank in links}) == 2


def test_the_checks_of_v_plus_plus_find_mistakes(memory: ModuleOp, tmp_path: Path) -> None:
    out = write_scripts(memory, find_board("u280"), tmp_path)
    link = out / "alveo/link.cfg"
    link.write_text(link.read_text().replace("[connectivity]", "[connection]").replace("kernel_freq", "freq"))
    assert check_config(link, "link") == [" .frequency", "connection.nk", "connection.sp", "connection.slr"]
    assert check_link(["--link", "--target", "fpga", "--platforms", "x", "--config"]) == [
        "no target fpga",
        "unknown option --platforms",
        "--config has no value",
    ]
    with pytest.raises(subprocess.CalledProcessError):
        run_link(out, tmp_path, "sw")


@pytest.mark.parametrize("release", ["2019.2", "2020.1", "2022.1", "2025.1"])
@pytest.mark.parametrize("board_files", [False, True])
def test_releases(streams: ModuleOp, release: str, board_files: bool, tmp_path: Path) -> None:
    out = write_scripts(streams, find_board("zcu104"), tmp_path)
    hls = "vivado_hls" if release < "2020.2" else "vitis_hls"
    assert {s: p for s, p in check_all(out, release, hls, board_files).items() if p} == {}


def test_vivado_hls_reads_the_pragmas_that_it_knows(streams: ModuleOp, tmp_path: Path) -> None:
    out = write_scripts(streams, find_board("pynq-z1"), tmp_path)
    source = out / "hls/accelerator.cpp"
    own = source.read_text() + "#pragma HLS BIND_STORAGE variable=w type=rom_1p impl=lutram\n"
    source.write_text(own)
    assert run_script(out / "hls/run_hls.tcl", Session("vivado_hls"), out) == ""
    read = (out / "synth/hls/accelerator.cpp").read_text()
    assert "#pragma HLS RESOURCE variable=w core=ROM_1P_LUTRAM\n" in read
    assert not re.search("style=flp|BIND_STORAGE", read)
    assert read.count("\n") == own.count("\n")
    assert (out / "synth/hls/accelerator.h").is_file()


@pytest.mark.parametrize("strategy", ["area", "performance", "quick"])
def test_strategies(streams: ModuleOp, strategy: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QNN_STRATEGY", strategy)
    out = write_scripts(streams, find_board("pynq-z1"), tmp_path)
    assert {s: p for s, p in check_all(out).items() if p} == {}


def test_unknown_strategy(streams: ModuleOp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QNN_STRATEGY", "fast")
    out = write_scripts(streams, find_board("pynq-z1"), tmp_path)
    assert all("QNN_STRATEGY is fast: choose one of default area" in problem for problem in check_all(out).values())


def test_steps_go_on_with_what_is_there(streams: ModuleOp, tmp_path: Path) -> None:
    out = write_scripts(streams, find_board("pynq-z1"), tmp_path)
    script = out / "hls/run_hls.tcl"
    problem = run_script(script, Session("vitis_hls"), out, {"QNN_STEPS": "export"})
    assert problem.endswith("export_design: no synthesis yet")
    for step in ("csynth", "export"):
        assert run_script(script, Session("vitis_hls"), out, {"QNN_STEPS": step}) == ""


def test_cosimulation_takes_the_words(streams: ModuleOp, tmp_path: Path) -> None:
    out = write_scripts(streams, find_board("pynq-z1"), tmp_path)
    data = tmp_path / "data"
    env = {"QNN_FRAMES": "3", "QNN_DATA": str(data), "QNN_STEPS": "csim,csynth,cosim"}
    problem = run_script(out / "hls/run_hls.tcl", Session("vitis_hls"), out, env)
    assert problem.endswith(f"csim_design: no file {data}/csim_in0.bin")
    data.mkdir()
    (data / "csim_in0.bin").touch()
    session = Session("vitis_hls")
    assert run_script(out / "hls/run_hls.tcl", session, out, env) == ""
    assert session.calls[-3:] == ["csim_design", "csynth_design", "cosim_design"]


def test_scripts_say_what_must_run_before(streams: ModuleOp, tmp_path: Path) -> None:
    out = write_scripts(streams, find_board("pynq-z1"), tmp_path)
    for name in ("ooc", "bitstream", "block_design"):
        problem = run_script(out / f"vivado/{name}.tcl", Session("vivado"), out)
        assert problem.endswith("accelerator.zip: run hls/run_hls.tcl first")


def test_layers_compile_alone_and_do_not_depend_on_the_pipeline(streams: ModuleOp, tmp_path: Path) -> None:
    out = write_scripts(streams, find_board("pynq-z1"), tmp_path)
    sources = sorted((out / "hls/layers").glob("*/*.cpp"))
    assert {path.stem for path in sources} >= {"layer_1_MatMul", "layer_7_Gemm"}
    command = ["g++", "-std=c++14", "-fsyntax-only", "-Wall", "-Wextra", "-Werror", f"-I{INCLUDE}"]
    for source in sources:
        subprocess.run([*command, "-Wno-unknown-pragmas", str(source)], check=True)
        assert f"\nvoid {source.stem}(" in source.read_text()
        assert "Pipeline" not in source.read_text() + (source.parent / "run_hls.tcl").read_text()


def test_hls_configuration(streams: ModuleOp, memory: ModuleOp, tmp_path: Path) -> None:
    for module, name in ((streams, "pynq-z1"), (memory, "u250")):
        out = write_scripts(module, find_board(name), tmp_path / name)
        assert check_config(out / "hls/hls_config.cfg", "hls_config") == []
    text = (tmp_path / "u250/hls/hls_config.cfg").read_text()
    assert "package.output.format=xo\n" in text
    assert "flow_target=vitis\n" in text


def test_shell_facts_are_those_of_the_design(streams: ModuleOp, tmp_path: Path) -> None:
    out = write_scripts(streams, find_board("kv260", 150.0), tmp_path)
    facts = json.loads((out / "vivado/shell.json").read_text())
    text = (out / "vivado/block_design.tcl").read_text()
    assert facts["clock_mhz"] == 150
    assert 'CONFIG.PSU__CRL_APB__PL0_REF_CTRL__FREQMHZ "150"' in text
    assert {name: engine["direction"] for name, engine in facts["dma"].items()} == {"in0": "mm2s", "out0": "s2mm"}
    for cell in (facts["kernel"], *facts["dma"].values()):
        assert re.search(
            rf"-range {cell['bytes']:#x} -offset {cell['base']:#x} .* {cell['cell']}/", text.replace("[", "")
        )
        assert re.search(rf"get_bd_pins {cell['cell']}/\w+\] \[get_bd_pins interrupts/In{cell['interrupt']}\]", text)


def test_streams_do_not_fit_an_alveo_card(streams: ModuleOp, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="streams cannot reach the memory of board u50; build with --interface memory"):
        write_scripts(streams, find_board("u50"), tmp_path)


def test_folders_with_spaces(streams: ModuleOp, tmp_path: Path) -> None:
    out = write_scripts(streams, find_board("zcu104"), tmp_path / "a build; $x [y]")
    assert {s: p for s, p in check_all(out).items() if p} == {}
    assert (out / "synth/bitstream/accelerator.bit").is_file()


@pytest.mark.parametrize("mode", ["external", "writable"])
def test_weights_outside(mode: str, tmp_path: Path) -> None:
    """External weights are masters of their own; writable ones make the window of registers as large as they are."""
    folding = tmp_path / "folding.json"
    folding.write_text(json.dumps({name: {"memory": mode} for name in ("layer_1_MatMul", "layer_4_MatMul")}))
    out = tmp_path / "out"
    build(EXAMPLE, out, BuildOptions(folding=folding), Progress(quiet=True))
    assert {script: problem for script, problem in check_all(out).items() if problem} == {}
    kernel = json.loads((out / "vivado/shell.json").read_text())["kernel"]
    registers = json.loads((out / "manifest.json").read_text())["registers"].values()
    assert len(kernel["masters"]) == (2 if mode == "external" else 0)
    assert all(register["offset"] + register.get("bytes", 8) <= kernel["bytes"] for register in registers)
    assert kernel["base"] % kernel["bytes"] == 0


def test_scripts_are_the_same_every_time(streams: ModuleOp, tmp_path: Path) -> None:
    one, two = (write_scripts(streams, find_board("kv260"), tmp_path / name) for name in ("a", "b"))
    for path in (path for path in one.rglob("*") if path.is_file()):
        assert path.read_bytes() == (two / path.relative_to(one)).read_bytes()


def test_the_table_holds_what_scripts_use() -> None:
    texts = "".join(path.read_text() for path in sorted(EMITTED.glob("*.py")))
    for tool in ("hls", "vivado"):
        unused = [command for command in table()[tool] if not re.search(rf"(\b|\\n){command}\b", texts)]
        assert unused == []


def test_command_line(streams: ModuleOp, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = write_scripts(streams, find_board("pynq-z1"), tmp_path)
    assert main([str(out / "hls/run_hls.tcl"), "--tool", "vitis_hls", "--cwd", str(out)]) == 0
    assert main([str(out / "vivado/bitstream.tcl"), "--release", "2019.2", "--board-files"]) == 0
    assert main([str(out / "vivado/ooc.tcl"), "--tool", "vitis_hls"]) == 1
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert re.search(r'ooc\.tcl:\d+: invalid command name "create_project"', error)
