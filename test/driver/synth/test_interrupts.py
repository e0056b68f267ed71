"""Time-outs, interrupts and kills: everything that was started ends, and the next run goes on where it was."""

import multiprocessing
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from synth_builds import make_build, tree

from qnn_ir.driver.qnnc import main

fork = multiprocessing.get_context("fork")
Synth = Callable[..., int]
Stages = Callable[[], list[str]]


def processes_of(folder: Path) -> list[str]:
    """Processes that work below `folder`."""
    found: list[str] = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if os.readlink(process / "cwd").startswith(str(folder)):
                found.append((process / "cmdline").read_bytes().decode().replace("\0", " "))
        except OSError:
            continue
    return found


def gone(folder: Path, seconds: float = 20) -> bool:
    end = time.monotonic() + seconds
    while processes_of(folder) and time.monotonic() < end:
        time.sleep(0.05)
    return not processes_of(folder)


@pytest.mark.parametrize("stage", ["csynth", "csynth!"])
def test_time_outs_end_everything_that_was_started(
    stage: str, build: Path, synth: Synth, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("QNN_STANDIN_HANG", stage)
    monkeypatch.setattr("qnn_ir.driver.synth.launch.GRACE", 1)
    assert synth(build, "--timeout", 0.02) == 1
    assert "Vitis HLS 2022.2 took longer than 0:01; raise --timeout" in capsys.readouterr().err
    assert gone(build)
    monkeypatch.delenv("QNN_STANDIN_HANG")
    assert synth(build, "--timeout", 1) == 0


def start(build: Path, *arguments: object) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "qnn_ir.driver.qnnc", "synth", str(build), *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def waited(condition: Callable[[], bool], seconds: float = 30) -> bool:
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.02)
    return condition()


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_interrupts_end_everything_that_was_started(
    sign: int, build: Path, stages: Stages, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QNN_STANDIN_HANG", "csynth")
    run = start(build)
    assert waited(lambda: len(stages()) == 1)
    run.send_signal(sign)
    _, error = run.communicate(timeout=30)
    assert run.returncode == (130 if sign == signal.SIGINT else -sign)
    assert gone(build)
    if sign == signal.SIGINT:
        assert error.decode().strip().endswith("qnnc: interrupted")


def test_one_build_at_a_time(
    build: Path, synth: Synth, stages: Stages, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("QNN_STANDIN_HANG", "csynth")
    run = start(build)
    assert waited(lambda: len(stages()) == 1)
    assert synth(build) == 1
    assert "another `qnnc synth` works in this folder" in capsys.readouterr().err
    run.kill()
    run.communicate()


def test_killed_at_any_moment_it_ends_in_the_same(build: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Kills come at random moments from the start to the end of a run; a finished step is never run again."""
    monkeypatch.setenv("QNN_STANDIN_SLOW", "0.1")
    steps = ["--steps", "layers,bitstream,ooc", "--jobs", "2"]
    reference = make_build(tmp_path / "reference")
    begin = time.monotonic()
    assert main(["synth", str(reference), *steps, "--cache", str(tmp_path / "other cache")]) == 0
    whole, expected = time.monotonic() - begin, tree(reference / "synth")
    moments, finished = random.Random(1), dict[Path, int]()
    kills = ends = 0
    while kills < 24:
        run = fork.Process(target=main, args=(["synth", str(build), *steps],))
        run.start()
        run.join(moments.uniform(0, 0.6 * whole))
        kills += run.is_alive()
        run.kill()
        run.join()
        for record in (build / "synth" / "steps").rglob("step.json"):
            assert finished.setdefault(record, record.stat().st_mtime_ns) == record.stat().st_mtime_ns, "run again"
        if run.exitcode == 0:
            ends += 1
            assert tree(build / "synth") == expected
            shutil.rmtree(build / "synth")
            shutil.rmtree(tmp_path / "cache")
            finished.clear()
        assert ends < 24, "nearly all runs ended before their kill"
    assert main(["synth", str(build), *steps]) == 0
    assert tree(build / "synth") == expected
    assert not list((build / "synth").rglob(".new-*"))
    assert gone(build)
