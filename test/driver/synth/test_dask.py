"""Steps on a Dask cluster."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from synth_builds import tree

Synth = Callable[..., int]


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    distributed = pytest.importorskip("distributed", reason="the package distributed is not installed")
    with distributed.LocalCluster(n_workers=1, threads_per_worker=2, processes=False, dashboard_address=None) as found:
        yield found


def test_layers_on_a_cluster(cluster: Any, build: Path, synth: Synth, stages: Callable[[], list[str]]) -> None:
    assert synth(build, "--steps", "layers,ooc", "--dask", cluster.scheduler_address, "--jobs", 4) == 0
    assert len(stages()) == 8
    assert "reports/ooc_utilization.rpt" in tree(build / "synth")


def test_errors_come_back(
    cluster: Any, build: Path, synth: Synth, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("QNN_STANDIN_FAIL", "csynth")
    assert synth(build, "--steps", "csynth", "--dask", cluster.scheduler_address) == 1
    assert "Top function not found" in capsys.readouterr().err


def test_nobody_answers(cluster: Any, build: Path, synth: Synth, capsys: pytest.CaptureFixture[str]) -> None:
    assert synth(build, "--dask", "tcp://127.0.0.1:1") == 1
    assert "no Dask scheduler answers" in capsys.readouterr().err


def test_without_the_package(
    build: Path, synth: Synth, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "distributed", None)
    assert synth(build, "--dask", "tcp://127.0.0.1:1") == 1
    assert "--dask needs the package distributed; pip install 'qnn-ir[dask]'" in capsys.readouterr().err
