"""What `qnnc report` and the file for calibration say after a synthesis."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from qnn_ir.driver.qnnc import main

Synth = Callable[..., int]


def test_a_report_before_and_after(build: Path, synth: Synth, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", str(build)]) == 0
    before = capsys.readouterr().out
    assert "synthesised" not in before
    assert synth(build, "--steps", "csynth,ooc,layers") == 0
    after = capsys.readouterr().out
    assert "synthesised by Vitis HLS 2022.2" in after
    assert "placed by Vivado 2022.2: slack 0.521 ns, up to 105.5 MHz, 1.725 W" in after
    assert main(["report", str(build), "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert all(row["synthesised"]["ii"] == 1 and row["placed"]["lut"] > 0 for row in report["layers"])
    assert report["placed"]["of"] == "ooc"
    lines = (build / "synth" / "calibration.jsonl").read_text().splitlines()
    assert [json.loads(line)["layer"]["name"] for line in lines] == ["fc0", "fc0_width", "fc1"]


def test_a_bitstream_counts_more_than_the_kernel_alone(
    build: Path, synth: Synth, capsys: pytest.CaptureFixture[str]
) -> None:
    assert synth(build, "--steps", "ooc,bitstream", "--json") == 0
    assert json.loads(capsys.readouterr().out)["report"]["placed"]["of"] == "bitstream"


def test_layers_alone_have_their_columns(build: Path, synth: Synth, capsys: pytest.CaptureFixture[str]) -> None:
    assert synth(build, "--steps", "layers", "--json") == 0
    report = json.loads(capsys.readouterr().out)["report"]
    assert all(row["synthesised"]["lut"] > 0 for row in report["layers"])
    assert "lut" not in report["synthesised"]


def test_damaged_reports_are_errors_of_one_line(build: Path, synth: Synth, capsys: pytest.CaptureFixture[str]) -> None:
    assert synth(build, "--steps", "csynth") == 0
    path = build / "synth" / "steps" / "csynth" / "products" / "reports" / "fc0_csynth.xml"
    path.write_text("<profile>")
    capsys.readouterr()
    assert main(["report", str(build)]) == 1
    line = capsys.readouterr().err.strip()
    assert f"{path}: no report of a synthesis" in line
    assert len(line.splitlines()) == 1
