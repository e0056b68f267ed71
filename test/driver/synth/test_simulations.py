"""`csim` and `cosim` with frames of the user: what comes out is what g++'s simulation gives, bit by bit."""

from collections.abc import Callable
from pathlib import Path

import pytest
from models import ROOT

from qnn_ir.driver.qnnc import main

EXAMPLE = ROOT / "examples" / "digits"
Synth = Callable[..., int]


@pytest.fixture(scope="module")
def digits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("digits") / "out"
    assert main(["build", str(EXAMPLE / "digits.onnx"), "-o", str(out), "--target-cycles", "512"]) == 0
    return out


def test_simulations_agree(digits: Path, synth: Synth, stages: Callable[[], list[str]]) -> None:
    frames = ["--input", EXAMPLE / "digits_test.npz"]
    assert synth(digits, "--steps", "csim,cosim", *frames) == 0
    assert (digits / "synth" / "reports" / "accelerator_csim.log").is_file()
    assert (digits / "synth" / "reports" / "accelerator_cosim.rpt").is_file()
    assert synth(digits, "--steps", "csim", *frames) == 0
    assert stages() == ["vitis_hls csim", "vitis_hls csynth", "vitis_hls cosim"]


def test_a_difference_is_an_error(
    digits: Path, synth: Synth, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setenv("QNN_STANDIN_WRONG", "1")
    frames = ["--input", EXAMPLE / "digits_test.npz", "--strategy", "area", "--cache", tmp_path / "other"]
    assert synth(digits, "--steps", "csim", *frames) == 1
    assert (
        "csim: Vitis HLS 2022.2: port out0 differs from the C++ compiled by g++, first in byte"
        in capsys.readouterr().err
    )


def test_simulations_need_frames(build: Path, synth: Synth, capsys: pytest.CaptureFixture[str]) -> None:
    assert synth(build, "--steps", "cosim") == 1
    assert "the step 'cosim' needs frames; give --input X.npy" in capsys.readouterr().err
