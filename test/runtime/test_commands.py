"""`qnnc deploy`, `qnnc loop` and the command lines of both drivers, as a user calls them."""

import ast
import json
import shutil
import stat
import subprocess
from pathlib import Path

import numpy as np
import pytest
from deployments import DATA, DIGITS, deployed, images, qnnc, simulated
from models import ROOT

from qnn_ir.driver.build import BuildOptions, build
from qnn_ir.driver.deploy import runtime_files
from qnn_ir.driver.progress import Progress

RUNTIME = ROOT / "qnn_ir" / "runtime"


@pytest.fixture(scope="module")
def deploy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return deployed(tmp_path_factory.mktemp("digits"))


@pytest.fixture(scope="module")
def alveo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return deployed(tmp_path_factory.mktemp("alveo"), board="u250")


def test_what_a_folder_holds(deploy: Path) -> None:
    names = {path.relative_to(deploy).as_posix() for path in deploy.rglob("*") if path.is_file()}
    assert names >= {
        "README.md", "driver.py", "example.py", "host.py", "images_x.npy", "images_y.npy", "manifest.json",
        "notebook.ipynb", "shell.json", "qnn_runtime/accelerator.py", "hls/accelerator.cpp", "hls/tb.cpp",
        "cpp/Makefile", "cpp/CMakeLists.txt", "cpp/driver.h", "cpp/network.cpp", "cpp/host.cpp",
    }  # fmt: skip
    assert not any("ruff" in name or "__pycache__" in name for name in runtime_files())
    assert json.loads((deploy / "manifest.json").read_text())["bitstream"] == "accelerator.bit"
    assert str(ROOT) not in (deploy / "README.md").read_text()


def test_python_of_old_boards(deploy: Path) -> None:
    """Everything that runs on the board parses as Python 3.8, whatever annotations say (they are not evaluated)."""
    for path in (*deploy.glob("*.py"), *deploy.glob("qnn_runtime/*.py")):
        text = path.read_text(encoding="utf-8")
        tree = ast.parse(text, feature_version=(3, 8))
        if path.name != "example.py":
            assert "from __future__ import annotations" in text or "qnn_runtime/__init__" in str(path), path
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "zip":
                assert not node.keywords, f"{path}: zip(strict=...) came with Python 3.10"
            if isinstance(node, ast.ImportFrom):
                assert node.module not in ("numpy.typing", "typing_extensions"), f"{path}: too new for NumPy 1.17"


def test_notebook(deploy: Path) -> None:
    book = json.loads((deploy / "notebook.ipynb").read_text(encoding="utf-8"))
    assert (book["nbformat"], book["nbformat_minor"]) == (4, 5)
    assert len({cell["id"] for cell in book["cells"]}) == len(book["cells"])
    for cell in book["cells"]:
        if cell["cell_type"] == "code":
            compile("".join(cell["source"]), cell["id"], "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    nbformat = pytest.importorskip("nbformat")
    nbformat.validate(book)


def test_notebook_runs(deploy: Path, tmp_path: Path) -> None:
    """Its code cells, in order, with the folder as the working directory."""
    cells = json.loads((deploy / "notebook.ipynb").read_text(encoding="utf-8"))["cells"]
    code = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    body = "\n".join(code).replace("\n", "\n    ")
    program = tmp_path / "driver_test.py"
    program.write_text(
        f"import os, sys, asyncio\nos.chdir({str(deploy)!r})\nsys.path.insert(0, '.')\n"
        f"async def cells():\n    {body}\n    print(outputs.shape, classes[:5])\nasyncio.run(cells())\n"
    )
    done = _on_the_standin(["python3", str(program)])
    assert done.stdout.strip() == "(540, 10) [2 8 2 6 6]"


def test_example_runs(deploy: Path) -> None:
    done = _on_the_standin(["python3", "example.py"], deploy)
    assert done.stdout.startswith("[2 8 2 6 6 7 1 9 8 5")


def test_loop(deploy: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    y = tmp_path / "y.npy"
    assert qnnc("loop", deploy, "--input", DATA, "--output", y, "--batch", 100) == 0
    assert "accuracy 98.52%" in capsys.readouterr().out
    np.testing.assert_array_equal(np.load(y), simulated(deploy, [images()[0]]))
    assert qnnc("loop", deploy, "--input", DATA, "--throughput", "--json") == 0
    result = json.loads(capsys.readouterr().out)
    assert result["frames"] == 540
    assert result["accuracy"] > 0.98
    assert result["frames_per_s"] > 0


@pytest.mark.parametrize("kind", ["deploy", "alveo"])
def test_loop_in_cpp(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = request.getfixturevalue(kind)
    y, options = tmp_path / "y.npy", ["--input", folder / "images_x.npy", "--labels", folder / "images_y.npy"]
    for batch in (0, 1, 33):
        assert qnnc("loop", "--cpp", folder, *options, "--output", y, "--batch", batch) == 0
        assert "accuracy 98.52%" in capsys.readouterr().out
        np.testing.assert_array_equal(np.load(y), simulated(folder, [images()[0]]))
    assert qnnc("loop", "--cpp", folder, "--throughput") == 0
    assert "frames/s in batches of" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ("in0:slave", "DMA of port in0: slave error: memory refused the access (status 0x4021)"),
        ("in0:decode", "DMA of port in0: decode error: there is no memory at the address (status 0x4041)"),
        ("out0:internal", "DMA of port out0: internal error"),
        ("out0:short", "DMA of port out0: 4320 of 8640 bytes came"),
        ("kernel:hang", "the accelerator did not finish in time: its control register is 0x1"),
    ],
)
@pytest.mark.parametrize("driver", [[], ["--cpp"]])
def test_faults(
    driver: list[str],
    fault: str,
    message: str,
    deploy: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("QNN_STANDIN_FAULT", fault)
    assert qnnc("loop", *driver, deploy, "--input", deploy / "images_x.npy", "--timeout", "0.2") == 1
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert (message if driver else message.replace("in time", "within 0.2 s")) in error


def test_narrow_length_registers_in_cpp(
    deploy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("QNN_STANDIN_LENGTH_BITS", "9")
    y, x = tmp_path / "y.npy", deploy / "images_x.npy"
    assert qnnc("loop", "--cpp", deploy, "--input", x, "--output", y, "--length-bits", 9) == 0
    np.testing.assert_array_equal(np.load(y), simulated(deploy, [images()[0]]))


def test_weights_on_the_command_line(tmp_path: Path) -> None:
    folding = {
        "layer_1_MatMul": {"pe": 8, "simd": 16, "memory": "writable"},
        "layer_4_MatMul": {"pe": 4, "simd": 24, "memory": "external"},
    }
    deploy = deployed(tmp_path, folding=folding)
    rng = np.random.default_rng(5)
    entries = json.loads((deploy / "manifest.json").read_text())["weights"]
    given: list[str] = []
    for entry in entries:
        path = tmp_path / f"{entry['layer']}.npy"
        np.save(path, rng.integers(-3, 4, entry["shape"]))
        given.append(f"{entry['layer']}={path}")
    expected = simulated(deploy, [images()[0]], given)
    options = [option for text in given for option in ("--weights", text)]
    for driver in ([], ["--cpp"]):
        y = tmp_path / "y.npy"
        assert qnnc("loop", *driver, deploy, "--input", deploy / "images_x.npy", "--output", y, *options) == 0
        np.testing.assert_array_equal(np.load(y), expected)


@pytest.mark.parametrize("compiler", ["g++", "clang++"])
def test_cpp_without_warnings(compiler: str, deploy: Path, tmp_path: Path) -> None:
    """The Makefile of the folder, as on the board; there is no board, which the program says in one line."""
    if shutil.which(compiler) is None:
        pytest.skip(f"{compiler} is not installed")
    shutil.copytree(deploy / "cpp", tmp_path / "cpp", ignore=shutil.ignore_patterns("build"))
    subprocess.run(["make", f"CXX={compiler}", "CXXFLAGS=-O0"], cwd=tmp_path / "cpp", check=True, capture_output=True)
    done = subprocess.run(["./run"], cwd=tmp_path / "cpp", capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("run: error: there is no u-dma-buf")
    assert done.stderr.count("\n") == 1
    done = subprocess.run(["./run", "--what"], cwd=tmp_path / "cpp", capture_output=True, text=True, check=False)
    assert done.stderr.startswith("run: error: unknown or incomplete option --what\nusage: run")


def test_hostile_names(tmp_path: Path) -> None:
    """Names of tensors in C++, Markdown and notebooks are text."""
    import onnx

    model = onnx.load(DIGITS)
    name = '"); } int x; /* \\ é ??/ `rm -rf`\n# title'
    old = model.graph.input[0].name
    model.graph.input[0].name = name
    for node in model.graph.node:
        for i, value in enumerate(node.input):
            if value == old:
                node.input[i] = name
    onnx.save(model, tmp_path / "hostile.onnx")
    deploy = deployed(tmp_path, tmp_path / "hostile.onnx")
    assert qnnc("loop", deploy, "--input", DATA) == 0
    assert qnnc("loop", "--cpp", deploy, "--input", deploy / "images_x.npy") == 0
    assert "rm -rf" not in (deploy / "README.md").read_text() + (deploy / "notebook.ipynb").read_text()


def test_a_real_bitstream_is_taken_along(tmp_path: Path) -> None:
    out = tmp_path / "out"
    build(DIGITS, out, BuildOptions(), Progress(quiet=True))
    (out / "synth" / "bitstream").mkdir(parents=True)
    for kind in ("bit", "hwh"):
        (out / "synth" / "bitstream" / f"accelerator.{kind}").write_bytes(kind.encode())
    assert qnnc("deploy", out, "-o", tmp_path / "deploy") == 0
    assert (tmp_path / "deploy" / "accelerator.bit").read_bytes() == b"bit"
    assert (tmp_path / "deploy" / "accelerator.hwh").read_bytes() == b"hwh"
    text = (tmp_path / "deploy" / "notebook.ipynb").read_text()
    assert "np.zeros((16, 64), np.float32)" in text


def test_errors(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    build(DIGITS, out, BuildOptions(), Progress(quiet=True))
    target = tmp_path / "deploy"
    np.save(tmp_path / "two.npy", np.zeros((2, 64), np.float32))
    classes = tmp_path / "classes.txt"
    classes.write_bytes(b"\xff\xfe")
    for arguments, message in (
        ([out, "-o", target], "accelerator.bit: this product of the vendor's tools is missing; run `qnnc synth OUT`"),
        ([tmp_path, "-o", target], "not a folder that `qnnc build` made"),
        ([out, "-o", target, "--without-bitstream", "--images", tmp_path / "no.npz"], "cannot read the array"),
        ([out, "-o", target, "--without-bitstream", "--images", tmp_path / "two.npy", "--labels", DATA], "540"),
        ([out, "-o", target, "--without-bitstream", "--classes", classes], "cannot read the names of the classes"),
        ([out, "-o", target, "--without-bitstream", "--to=-oProxy:x"], "write --to USER@HOST:PATH"),
    ):
        assert qnnc("deploy", *arguments) == 1
        assert message in capsys.readouterr().err
        assert not target.exists()
    for folder, message in ((tmp_path, "not a folder that `qnnc build` made"), (out, "no driver in this folder")):
        assert qnnc("loop", folder) == 1
        assert message in capsys.readouterr().err


def test_copy_to_the_board(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out, log = tmp_path / "out", tmp_path / "log"
    build(DIGITS, out, BuildOptions(), Progress(quiet=True))
    scp = tmp_path / "scp"
    scp.write_text(f'#!/bin/sh\necho "$@" > {log}\n[ "$5" != "x@y:bad" ] || {{ echo lost connection >&2; exit 3; }}\n')
    scp.chmod(scp.stat().st_mode | stat.S_IEXEC)
    command = ["deploy", out, "-o", tmp_path / "d", "--without-bitstream", "--scp", f"{scp} -P 22"]
    assert qnnc(*command, "--to", "x@y:net") == 0
    assert log.read_text() == f"-P 22 -r {tmp_path}/d/. x@y:net\n"
    assert qnnc(*command, "--to", "x@y:bad") == 1
    assert "the copy failed: lost connection" in capsys.readouterr().err


def _on_the_standin(command: list[str], folder: Path | None = None) -> "subprocess.CompletedProcess[str]":
    import os
    import sys

    from qnn_ir.standin.library import PYTHON

    environment = os.environ | {"PYTHONPATH": f"{PYTHON}{os.pathsep}{ROOT}"}
    command = [sys.executable, *command[1:]]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=True)
