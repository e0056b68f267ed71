"""What steps make, what is repeated and what is not, failures, parallel runs."""

import json
import multiprocessing
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from synth_builds import LAYERS, PROCESSES, counted, make_build, tree

from qnn_ir.driver.qnnc import main
from qnn_ir.driver.synth.store import record_of

fork = multiprocessing.get_context("fork")
Synth = Callable[..., int]
Stages = Callable[[], list[str]]
WAY = ["vitis_hls csynth", "vitis_hls export", "vivado synth", "vivado impl"]


def test_the_way_to_the_board(build: Path, synth: Synth, stages: Stages, capsys: pytest.CaptureFixture[str]) -> None:
    assert synth(build, "--json") == 0
    assert stages() == WAY
    names = {"ip/accelerator.zip", "bitstream/accelerator.bit", "bitstream/accelerator.hwh", "reports/timing.rpt"}
    assert names <= tree(build / "synth").keys()
    result = json.loads(capsys.readouterr().out)
    assert [(step["step"], step["how"]) for step in result["steps"]] == [
        ("csynth", "run"),
        ("export", "run"),
        ("bitstream", "run"),
    ]


def test_alveo(tmp_path: Path, synth: Synth, stages: Stages) -> None:
    build = make_build(tmp_path / "card", "u250")
    assert synth(build) == 0
    assert list(dict.fromkeys(stages())) == ["vitis_hls csynth", "vitis_hls export", "v++ link"]
    assert (build / "synth" / "alveo" / "accelerator.xclbin").read_bytes().startswith(b"xclbin2")


def test_layers_and_the_kernel_alone(build: Path, synth: Synth) -> None:
    assert synth(build, "--steps", "layers,ooc", "--jobs", 2) == 0
    made = tree(build / "synth")
    assert all(f"reports/layers/{name}/{name}_csynth.xml" in made for name in PROCESSES)
    assert "reports/ooc_power.rpt" in made


def test_configuration_files(
    build: Path, synth: Synth, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert synth(build, "--flow", "config", "--steps", "csynth") == 1
    assert "has no flow of configuration files; use 2024.2" in capsys.readouterr().err
    monkeypatch.setenv("QNN_STANDIN_VERSION", "2025.1")
    assert synth(build, "--flow", "config", "--steps", "export") == 0
    assert {"ip/accelerator.zip", "reports/csynth.xml"} <= tree(build / "synth").keys()


def test_finished_steps_are_not_repeated(build: Path, synth: Synth, stages: Stages) -> None:
    assert synth(build, "--steps", "csynth") == 0
    before = tree(build / "synth")
    assert synth(build) == 0
    assert synth(build) == 0
    assert stages() == WAY
    assert before.items() <= tree(build / "synth").items()


def test_comments_change_nothing_but_code_does(tmp_path: Path, synth: Synth, stages: Stages) -> None:
    one = make_build(tmp_path / "one", model="a.onnx")
    two = make_build(tmp_path / "two", model="b\" */ [exec id]; $(id) '`.onnx")
    three = make_build(tmp_path / "three", work={"fc1": "out0.write(in0.read() + 1);"})
    assert synth(one) == 0
    first = tree(one / "synth")
    assert synth(two) == 0
    assert stages() == WAY  # the second came from the cache
    assert tree(two / "synth") == first
    assert synth(three, "--steps", "layers,csynth") == 0
    assert synth(one, "--steps", "layers") == 0
    assert (
        stages()[len(WAY) :] == ["vitis_hls csynth"] * 5
    )  # three layers and the whole, then only the one that differs


def test_tool_and_strategy_belong_to_the_key(
    build: Path, synth: Synth, stages: Stages, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert synth(build, "--steps", "csynth") == 0
    assert synth(build, "--steps", "csynth", "--strategy", "area") == 0
    monkeypatch.setenv("QNN_STANDIN_VERSION", "2023.1")
    assert synth(build, "--steps", "csynth") == 0
    assert len(stages()) == 3


def test_damaged_results_are_made_anew(build: Path, synth: Synth, stages: Stages, tmp_path: Path) -> None:
    assert synth(build, "--steps", "csynth") == 0
    report = "products/reports/csynth.xml"
    (build / "synth" / "steps" / "csynth" / report).write_text("?")
    assert synth(build, "--steps", "csynth") == 0
    assert len(stages()) == 1  # from the cache
    for entry in (tmp_path / "cache").rglob(report):
        entry.write_text("?")
    shutil.rmtree(build / "synth")
    assert synth(build, "--steps", "csynth") == 0
    assert len(stages()) == 2


def test_a_cache_that_cannot_be_written(
    build: Path, synth: Synth, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    assert synth(build, "--steps", "csynth", "--cache", tmp_path / "file") == 0
    assert "the cache cannot be written" in capsys.readouterr().err


def test_users_at_the_same_time(tmp_path: Path) -> None:
    """They share a cache; whoever is second to finish a step keeps the entry of the first."""
    builds = [make_build(tmp_path / f"user{number}") for number in range(3)]
    runs = [fork.Process(target=main, args=(["synth", str(build), "--steps", "layers,ooc"],)) for build in builds]
    for run in runs:
        run.start()
    for run in runs:
        run.join()
    assert [run.exitcode for run in runs] == [0, 0, 0]
    made = [tree(build / "synth") for build in builds]
    assert made[0] == made[1] == made[2]
    entries = sorted((tmp_path / "cache" / "qnn-ir" / "synth").glob("*/*"))
    assert len(entries) == 6
    assert all(record_of(entry, entry.name) is not None for entry in entries)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("error", "ERROR: [HLS 214-157] Top function not found"),
        ("source", "accelerator.cpp:11:3: error: unknown type name 'oops'"),
        ("licence", "A valid license was not found"),
        ("disk", "No space left on device; free space"),
        ("memory", "std::bad_alloc"),
        ("crash", "Abnormal program termination"),
        ("silent", "analysing"),
    ],
)
def test_failures_show_the_line_that_matters(
    kind: str,
    expected: str,
    build: Path,
    synth: Synth,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("QNN_STANDIN_FAIL", f"csynth:{kind}")
    assert synth(build) == 1
    line = capsys.readouterr().err.strip().splitlines()[-1]
    assert line.startswith("qnnc: error: csynth")
    assert (expected if kind != "silent" else "Vitis HLS 2022.2 failed: ") in line
    assert line.endswith(f"see {build}/synth/logs/csynth.log")
    if kind == "source":
        assert f"layer fc0_width (ONNX node {PROCESSES['fc0_width']})" in line


@pytest.mark.parametrize("stage", ["export", "synth", "impl"])
def test_a_failure_keeps_what_was_finished(
    stage: str, build: Path, synth: Synth, stages: Stages, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QNN_STANDIN_FAIL", stage)
    assert synth(build) == 1
    assert not (build / "synth" / "bitstream").exists()
    monkeypatch.delenv("QNN_STANDIN_FAIL")
    assert synth(build) == 0
    assert stages().count("vitis_hls csynth") == 1


def test_an_error_of_a_layer_names_its_node(
    build: Path, synth: Synth, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("QNN_STANDIN_FAIL", "csynth")
    monkeypatch.setenv("QNN_STANDIN_ONLY", "fc0")
    assert synth(build, "--steps", "layers") == 1
    assert "layers/fc0, layer fc0 (ONNX node /fc0/MatMul): " in capsys.readouterr().err


@pytest.mark.parametrize(("jobs", "overlap"), [(3, True), (1, False)])
def test_layers_run_in_parallel(
    jobs: int,
    overlap: bool,
    build: Path,
    synth: Synth,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("QNN_STANDIN_SLOW", "1")
    assert synth(build, "--steps", "layers", "--jobs", jobs) == 0
    ends = [line for line in capsys.readouterr().err.splitlines() if line.endswith("2022.2") or "finished" in line]
    assert len(ends) == 2 * len(LAYERS)
    assert all("finished" not in line for line in ends[:3]) == overlap


def test_progress_names_phases(
    build: Path, synth: Synth, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("QNN_STANDIN_SLOW", "2")
    assert synth(build, "--steps", "csynth") == 0
    error = capsys.readouterr().err
    assert "csynth: Vitis HLS 2022.2\n" in error
    assert "csynth: 0:00 analysing accelerator.cpp" in error
    assert "csynth: 0:01 scheduling fc1" in error
    assert "csynth: finished in 0:0" in error


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--steps", "csinth"], "unknown step 'csinth'; choose of csim, csynth, cosim, export, layers, ooc, bitstream"),
        (["--steps", "xclbin"], "no scripts for the step 'xclbin'"),
        (["--jobs", "0"], "--jobs 0"),
        (["--timeout", "-1"], "--timeout -1"),
        (["--tool-version", "new"], "--tool-version 'new'"),
    ],
)
def test_wrong_options(
    options: list[str], message: str, build: Path, synth: Synth, capsys: pytest.CaptureFixture[str]
) -> None:
    assert synth(build, *options) == 1
    line = capsys.readouterr().err.strip()
    assert message in line
    assert len(line.splitlines()) == 1
    assert not (build / "synth").exists()


@pytest.mark.parametrize("name", ["with blanks", "it's", 'a"b', "$(id)", "semi;colon", "-dash", "new\nline"])
def test_folders_of_any_name(name: str, tmp_path: Path, synth: Synth, stages: Stages) -> None:
    build = make_build(tmp_path / name)
    assert synth(build, "--steps", "csynth,ooc", "--cache", tmp_path / f"cache {name}") == 0
    assert len(stages()) == 5
    assert counted(tmp_path / "count")
