"""`qnnc` as a newcomer uses it, on the network that ships with the project."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from models import ROOT

from qnn_ir.driver.qnnc import main

DIGITS = ROOT / "examples" / "digits" / "digits.onnx"
DATA = ROOT / "examples" / "digits" / "digits_test.npz"


def qnnc(*arguments: object) -> int:
    return main([str(argument) for argument in arguments])


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example, built once with the defaults."""
    out = tmp_path_factory.mktemp("digits") / "out"
    assert qnnc("build", DIGITS, "-o", out) == 0
    return out


def tree(folder: Path) -> dict[str, bytes]:
    files = [p for p in folder.rglob("*") if p.is_file() and "build" not in p.relative_to(folder).parts]
    return {str(p.relative_to(folder)): p.read_bytes() for p in files}


def test_build_is_complete_and_deterministic(built: Path, tmp_path: Path) -> None:
    assert qnnc("build", DIGITS, "-o", tmp_path / "again") == 0
    again = tree(tmp_path / "again")
    assert tree(built) == again
    wanted = {"manifest.json", "report.json", "folding.json", "hls/accelerator.cpp", "hls/tb.cpp", "hls/run_hls.tcl"}
    assert wanted <= again.keys()
    assert {"ir/qnn.mlir", "ir/stream.mlir", "ir/hlsc.mlir", "ir/host.mlir"} <= again.keys()


def test_sim_gives_the_accuracy_of_the_network(built: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert qnnc("sim", built, "--input", DATA, "--json") == 0
    result = json.loads(capsys.readouterr().out)
    assert result["frames"] == 540
    assert result["accuracy"] == pytest.approx(532 / 540)  # what Brevitas says of the trained network


def test_sim_writes_and_compares(built: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    y = tmp_path / "y.npy"
    assert qnnc("sim", built, "--input", DATA, "--output", y) == 0
    assert qnnc("sim", built, "--input", DATA, "--expect", y, "--bounded") == 0
    assert "bit by bit" in capsys.readouterr().out
    wrong = np.load(y)
    wrong[17, 3] = np.nextafter(wrong[17, 3], np.float32(np.inf))
    np.save(tmp_path / "wrong.npy", wrong)
    assert qnnc("sim", built, "--input", DATA, "--expect", tmp_path / "wrong.npy") == 1
    assert "1 of 540 frames differ, the first is 17" in capsys.readouterr().out


def test_memory_interface_computes_the_same(built: Path, tmp_path: Path) -> None:
    assert qnnc("build", DIGITS, "-o", tmp_path / "out", "--interface", "memory") == 0
    assert "m_axi" in (tmp_path / "out" / "hls" / "accelerator.cpp").read_text()
    assert qnnc("sim", built, "--input", DATA, "--output", tmp_path / "y.npy") == 0
    assert qnnc("sim", tmp_path / "out", "--input", DATA, "--expect", tmp_path / "y.npy") == 0


def test_report_names_every_layer(built: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert qnnc("report", built) == 0
    text = capsys.readouterr().out
    assert "cycles per frame" in text
    assert qnnc("report", built, "--json") == 0
    report = json.loads(capsys.readouterr().out)
    assert report["cycles_per_frame"] == max(layer["cycles"] for layer in report["layers"])
    assert sum(layer["actor"] == "mvtu" for layer in report["layers"]) == 3


def test_folding_file_is_read_back(built: Path, tmp_path: Path) -> None:
    folding = built / "folding.json"
    assert qnnc("build", DIGITS, "-o", tmp_path / "out", "--folding", folding) == 0
    assert (tmp_path / "out" / "folding.json").read_text() == folding.read_text()
    assert (tmp_path / "out" / "hls" / "accelerator.cpp").exists()


@pytest.mark.parametrize(("option", "value"), [("--target-cycles", 64), ("--target-fps", 1e5)])
def test_speed_targets_are_met(option: str, value: float, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert qnnc("build", DIGITS, "-o", tmp_path / "out", option, value, "--json") == 0
    report = json.loads(capsys.readouterr().out)
    limit = value if option == "--target-cycles" else report["clock_mhz"] * 1e6 / value
    assert report["cycles_per_frame"] <= limit


def test_verify_each_interprets_after_every_pass(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.load(DATA)["x"][:16])
    assert qnnc("build", DIGITS, "-o", tmp_path / "out", "--verify-each", tmp_path / "x.npy") == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["build", "missing.onnx", "-o", "{out}"], "missing.onnx"),
        (["build", DIGITS, "-o", "{out}", "--board", "pynq-z9"], "unknown board"),
        (["build", DIGITS, "-o", "{out}", "--clock-mhz", "0"], "clock"),
        (["build", DIGITS, "-o", "{out}", "--target-fps", "1e12"], "less than one cycle"),
        (["build", DIGITS, "-o", "{out}", "--target-cycles", "0"], "positive"),
        (["build", DIGITS, "-o", "{out}", "--input", "uint99"], "input"),
        (["build", DIGITS, "-o", "{out}", "--folding", "missing.json"], "missing.json"),
        (["build", DIGITS, "-o", "{out}", "--verify-each", "missing.npy"], "missing.npy"),
        (["build", DATA, "-o", "{out}"], "ONNX"),
        (["sim", "{out}", "--input", DATA], "qnnc build"),
        (["report", "{out}"], "qnnc build"),
        (["synth", "{out}"], "qnnc build"),
    ],
)
def test_errors_are_one_line(
    arguments: list[object], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert qnnc(*(out if a == "{out}" else a for a in arguments)) == 1
    error = capsys.readouterr().err
    assert message in error
    assert len(error.strip().splitlines()) == 1
    assert "Traceback" not in error
    assert not out.exists()


def test_a_folder_of_someone_else_is_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "thesis.tex").write_text("years of work")
    assert qnnc("build", DIGITS, "-o", tmp_path) == 1
    assert [p.name for p in tmp_path.iterdir()] == ["thesis.tex"]


def test_a_failed_build_keeps_the_old_output(built: Path, tmp_path: Path) -> None:
    before = tree(built)
    bad = tmp_path / "bad.onnx"
    bad.write_bytes(DIGITS.read_bytes()[:1000])
    assert qnnc("build", bad, "-o", built) == 1
    assert tree(built) == before


def test_sim_refuses_wrong_shapes(built: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    np.save(tmp_path / "x.npy", np.zeros((4, 63), np.float32))
    assert qnnc("sim", built, "--input", tmp_path / "x.npy") == 1
    assert "Nx64" in capsys.readouterr().err


def test_sim_names_a_missing_compiler(built: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert qnnc("sim", built, "--input", DATA, "--cxx", "no-such-compiler") == 1
    assert "no-such-compiler" in capsys.readouterr().err


def test_synth_without_vitis_says_so(built: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert qnnc("synth", built) == 1
    assert "no Vitis HLS found" in capsys.readouterr().err


def test_an_interrupt_that_an_import_hides_is_one_line(
    built: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted_import(*_: object) -> None:
        try:
            raise KeyboardInterrupt
        except KeyboardInterrupt as interrupt:
            raise ImportError("cannot import numpy") from interrupt

    monkeypatch.setattr("qnn_ir.driver.qnnc.run", interrupted_import)
    assert main(["report", str(built)]) == 130
    assert capsys.readouterr().err == "qnnc: interrupted\n"


def test_wrong_usage_exits_with_two() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "qnn_ir.driver.qnnc", "bild"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2


@pytest.mark.parametrize(
    ("options", "place"),
    [
        (["--board", "none"], "unknown board"),
        (["--folding", "missing.json"], "missing.json: "),
        (["--verify-each", "missing.npy"], "missing.npy: "),
        (["-o", DIGITS], f"{DIGITS}: the output exists"),
        (["--input", "uint99"], f"{DIGITS}: "),
    ],
)
def test_errors_name_the_file_that_is_wrong(
    options: list[object], place: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert qnnc("build", DIGITS, "-o", tmp_path / "out", *options, "--json") == 1
    output, error = capsys.readouterr()
    assert error.startswith(f"qnnc: error: {place}")
    assert json.loads(output)["error"]["what"] in error


@pytest.mark.parametrize(
    ("file", "content", "command"),
    [
        ("manifest.json", "{}", "sim"),
        ("manifest.json", "[]", "report"),
        ("ir/host.mlir", "junk", "sim"),
        ("report.json", "{}", "report"),
        ("hls/accelerator.cpp", "", "sim"),
    ],
)
def test_damaged_builds_are_errors_of_one_line(
    file: str, content: str, command: str, built: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    shutil.copytree(built, out, ignore=shutil.ignore_patterns("build"))
    (out / file).write_text(content)
    assert qnnc(command, out, *(["--input", DATA] if command == "sim" else [])) == 1
    lines = [line for line in capsys.readouterr().err.splitlines() if not line.startswith("g++ ")]
    assert len(lines) == 1
    assert lines[0].startswith("qnnc: error: ")


def test_labels_and_expected_outputs_are_checked_before_anything_runs(
    built: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    np.save(tmp_path / "five.npy", np.arange(5))
    for option in ("--labels", "--expect"):
        wrong = [option, tmp_path / "five.npy", "--output", tmp_path / "y.npy"]
        assert qnnc("sim", built, "--input", DATA, *wrong) == 1
        assert "five.npy: " in capsys.readouterr().err
    assert not (tmp_path / "y.npy").exists()
