"""`qnn-opt` and `qnn-run`: files in, text or arrays out, errors in one line."""

import io
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from models import ROOT
from onnx import TensorProto, helper, save

from qnn_ir.driver import opt, run
from qnn_ir.passes.pipelines import default_pipeline

MODULE = """
func.func @main(%x: tensor<1x4xf32> {qnn.name = "in"}) -> tensor<1x4xf32> {
  %c = qnn.constant dense<2.0> : tensor<f32> as tensor<f32>
  %y = qnn.mul %x, %c : (tensor<1x4xf32>, tensor<f32>) -> tensor<1x4xf32>
  %z = qnn.relu %y : (tensor<1x4xf32>) -> tensor<1x4xf32>
  func.return %z : tensor<1x4xf32>
}
"""


@pytest.fixture
def module(tmp_path: Path) -> Path:
    path = tmp_path / "net.mlir"
    path.write_text(MODULE)
    return path


@pytest.fixture
def frames(tmp_path: Path) -> Path:
    path = tmp_path / "x.npy"
    np.save(path, np.array([[-1, 0, 1, 2], [3, 4, 5, -6]], np.float32))
    return path


def test_run_writes_arrays(module: Path, frames: Path, tmp_path: Path) -> None:
    out = tmp_path / "y.npy"
    assert run.main([str(module), "--input", str(frames), "--output", str(out)]) == 0
    y = np.load(out)
    assert y.dtype == np.float32
    assert y.tolist() == [[0, 0, 2, 4], [6, 8, 10, 0]]


def test_run_prints_after_passes(module: Path, frames: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run.main([str(module), "-p", "canonicalize,cse", "--input", str(frames), "--frames", "1"]) == 0
    assert capsys.readouterr().out.split() == ["[[0.", "0.", "2.", "4.]]"]


def test_run_traces_every_value(module: Path, frames: Path, tmp_path: Path) -> None:
    trace = tmp_path / "t.npz"
    assert run.main([str(module), "--input", str(frames), "--trace", str(trace), "--output", str(tmp_path / "y")]) == 0
    with np.load(trace) as values:
        assert sorted(values) == ["0000_qnn.constant_0", "0001_qnn.mul_0", "0002_qnn.relu_0", "0003_func.return"][:3]
        assert values["0001_qnn.mul_0"].tolist() == [[[-2, 0, 2, 4]], [[6, 8, 10, -12]]]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "error: the network has 1 inputs, got 0"),
        (["--input", "{frames}", "--output", "a", "--output", "b"], "1 outputs, 2 --output given"),
        (["--input", "missing.npy"], "error: missing.npy: cannot read the array: No such file or directory"),
        (["--input", "{module}"], "net.mlir: this is no array of numbers"),
        (["--input", "{frames}", "--frames", "-1"], "give a positive number"),
        (["--input", "{frames}", "--output", "missing/y.npy"], "missing/y.npy: cannot write the output"),
        (["-p", "no-such-pass"], "no-such-pass"),
    ],
)
def test_run_tells_errors_in_one_line(
    arguments: list[str], message: str, module: Path, frames: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    filled = [a.format(frames=frames, module=module) for a in arguments]
    assert run.main([str(module), *filled]) == 1
    error = capsys.readouterr().err
    assert message in error
    assert error.startswith("error: ")
    assert error.count("\n") == 1


def test_opt_reads_onnx(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    x, y = (helper.make_tensor_value_info(n, TensorProto.FLOAT, [1, 4]) for n in "xy")
    graph = helper.make_graph([helper.make_node("Relu", ["x"], ["y"], name="act")], "g", [x], [y])
    save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)]), tmp_path / "net.onnx")
    assert opt.main([str(tmp_path / "net.onnx"), "--print-debuginfo"]) == 0
    text = capsys.readouterr().out
    assert 'qnn.relu %0 : (tensor<1x4xf32>) -> tensor<1x4xf32> loc("act")' in text


def test_the_whole_compiler_is_shown_pass_by_pass(capsys: pytest.CaptureFixture[str]) -> None:
    example = str(ROOT / "examples" / "digits" / "digits.onnx")
    assert opt.main([example, "-p", "qnn-compile", "--print-between-passes"]) == 0
    shown = re.findall(r"^IR after (\S+):$", capsys.readouterr().out, re.MULTILINE)
    assert shown == [p.name for p in default_pipeline()]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("qnn.relu %x : nonsense", "bad.mlir:1:15: "),
        ("%c = qnn.constant dense<1> : tensor<2xi8> as tensor<3xsi2>", "error: qnn.constant: value of shape 2 as 3"),
    ],
)
def test_opt_tells_errors_in_one_line(
    text: str, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "bad.mlir"
    path.write_text(text)
    assert opt.main([str(path)]) == 1
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    with pytest.raises(Exception, match=r"."):
        opt.main([str(path), "--debug"])


@pytest.mark.parametrize("name", ["model.onnx", "model.mlir"])
def test_errors_name_the_file(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / name
    path.write_bytes(b"\xff\xfe")
    assert opt.main([str(path)]) == 1
    assert str(path) in capsys.readouterr().err
    assert run.main([str(path)]) == 1
    assert str(path) in capsys.readouterr().err


def test_opt_keeps_an_older_output_when_it_fails(module: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.mlir"
    assert opt.main([str(module), "-o", str(out)]) == 0
    before = out.read_text()
    assert "qnn.relu" in before
    assert opt.main([str(module), "-p", "convert-qnn-to-stream", "-o", str(out)]) == 1
    assert out.read_text() == before
    assert opt.main([str(out), "-p", "canonicalize", "-o", str(out)]) == 0  # in place
    assert "qnn.relu" in out.read_text()


def test_dash_is_stdin_and_stdout(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(MODULE.encode())))
    assert opt.main(["-", "-o", "-"]) == 0
    assert "qnn.relu" in capsys.readouterr().out


@pytest.mark.parametrize("tool", [opt.main, run.main])
def test_an_interrupt_is_one_line(
    tool: Callable[[list[str]], int],
    module: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def interrupt(*_: object, **_options: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("xdsl.passes.PassPipeline.apply", interrupt)
    assert tool([str(module)]) == 130
    assert capsys.readouterr().err == "interrupted\n"
