"""All open networks on four boards: complete script sets that pass; names of a model reach comments only."""

import json
import re
import shutil
from pathlib import Path

import onnx
import pytest
from models import MODELS, needs_models
from scripts import check_all, check_config, check_link, run_link

from qnn_ir.driver.build import BuildOptions, build
from qnn_ir.driver.progress import Progress
from qnn_ir.emit.scripts import board_scripts
from qnn_ir.emit.scripts.hls import HlsJob, hls_config, kernel_script
from qnn_ir.emit.scripts.kernel import Kernel, Stream
from qnn_ir.targets import find_board

pytestmark = needs_models

NETWORKS = sorted(p.stem for p in (MODELS / "onnx").glob("*.onnx") if not p.stem.startswith("float_"))
HOSTILE = ["hostile_names", "hostile_tensor_names"]
ZYNQ = {"vivado/ooc.tcl", "vivado/ooc.xdc", "vivado/block_design.tcl", "vivado/bitstream.tcl", "vivado/shell.json"}
ALVEO = {"vivado/ooc.tcl", "vivado/ooc.xdc", "alveo/link.cfg", "alveo/link.sh"}
HLS = {"hls/run_hls.tcl", "hls/hls_config.cfg", "hls/accelerator.cpp", "hls/accelerator.h", "hls/tb.cpp"}


def built(model: Path, out: Path, **options: object) -> Path:
    """A build folder."""
    build(model, out, BuildOptions(**options), Progress(quiet=True))  # type: ignore[arg-type]
    return out


def other_board(source: Path, name: str, out: Path) -> Path:
    """The build of a Zynq board with the scripts of another one: the C++ is the same."""
    shutil.copytree(source / "hls", out / "hls", ignore=shutil.ignore_patterns("layers"))
    board, facts = find_board(name), json.loads((source / "vivado" / "shell.json").read_text())["kernel"]
    streams = tuple(Stream(s["name"], s["bits"], s["input"]) for s in facts["streams"])
    kernel = Kernel(facts["cell"], streams, (), facts["bytes"], tuple(s.name for s in streams))
    job = HlsJob(kernel.name, f"{kernel.name}.cpp", board)
    files = {"hls/run_hls.tcl": kernel_script(kernel, job, "", "0"), "hls/hls_config.cfg": hls_config(job)}
    for path, text in (files | board_scripts(kernel, board, "")).items():
        (out / path).parent.mkdir(exist_ok=True)
        (out / path).write_text(text)
    return out


def check(out: Path, wanted: set[str]) -> None:
    """Every file is there, and every script passes."""
    found = {path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()}
    assert found >= HLS | wanted
    assert {script: problem for script, problem in check_all(out).items() if problem} == {}
    assert check_config(out / "hls" / "hls_config.cfg", "hls_config") == []


@pytest.mark.parametrize("name", NETWORKS)
def test_every_network_on_four_boards(name: str, tmp_path: Path) -> None:
    model = MODELS / "onnx" / f"{name}.onnx"
    first = built(model, tmp_path / "pynq-z1")
    check(first, ZYNQ)
    for board in ("zcu104", "kv260"):
        check(other_board(first, board, tmp_path / board), ZYNQ)
    card = built(model, tmp_path / "u250", board="u250", interface="memory", folding=first / "folding.json")
    shutil.rmtree(card / "hls" / "layers")  # those of the first build
    check(card, ALVEO)
    assert check_config(card / "alveo" / "link.cfg", "link") == []
    assert check_link(run_link(card, tmp_path, "hw")) == []


def without_comments(path: Path) -> str:
    text = path.read_text(encoding="utf-8")
    return re.sub(r"(?m)^\s*(#|//).*\n", "", text)


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("board", ["pynq-z1", "u250"])
def test_hostile_names_change_nothing_but_comments(name: str, board: str, tmp_path: Path) -> None:
    """The same model with plain names gives the same scripts; layers are named after nodes, in plain letters."""
    hostile = MODELS / "bad" / f"{name}.onnx"
    plain = onnx.load(hostile)
    names = {v: f"t{n}" for n, v in enumerate(dict.fromkeys(_values(plain.graph)))}
    for number, node in enumerate(plain.graph.node):
        node.name = f"n{number}"
        node.input[:] = [names.get(v, v) for v in node.input]
        node.output[:] = [names.get(v, v) for v in node.output]
    for value in (*plain.graph.input, *plain.graph.output, *plain.graph.value_info, *plain.graph.initializer):
        value.name = names.get(value.name, value.name)
    onnx.save(plain, tmp_path / "plain.onnx")
    interface = find_board(board).interface
    outs = [
        built(model, tmp_path / folder, board=board, interface=interface)
        for folder, model in (("hostile", hostile), ("plain", tmp_path / "plain.onnx"))
    ]
    check(outs[0], ALVEO if board == "u250" else ZYNQ)
    for path in sorted({*HLS, *(ALVEO if board == "u250" else ZYNQ)} - {"hls/accelerator.cpp", "hls/tb.cpp"}):
        assert without_comments(outs[0] / path) == without_comments(outs[1] / path), path
    for path in outs[0].rglob("*"):
        assert re.fullmatch(r"[\w./-]+", path.relative_to(outs[0]).as_posix(), re.ASCII)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["hostile", "plain", "plain.onnx"]


def _values(graph: onnx.GraphProto) -> list[str]:
    """The names of all tensors."""
    return [v for node in graph.node for v in (*node.input, *node.output) if v] + [v.name for v in graph.input]
