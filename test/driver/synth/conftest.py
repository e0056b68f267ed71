"""Every test has the stand-ins on PATH, a cache of its own, and a file that counts their stages."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from synth_builds import counted, make_build, standins_first

from qnn_ir.driver.qnnc import main


@pytest.fixture(autouse=True)
def standins(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    if shutil.which("tclsh") is None:
        pytest.skip("no tclsh (Debian: apt install tcl)")
    monkeypatch.setenv("PATH", standins_first("/usr/bin:/bin"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("QNN_STANDIN_COUNT", str(tmp_path / "count"))
    for name in ("VERSION", "SLOW", "HANG", "FAIL", "ONLY", "WRONG"):
        monkeypatch.delenv(f"QNN_STANDIN_{name}", raising=False)


@pytest.fixture
def stages(tmp_path: Path) -> Callable[[], list[str]]:
    """What the stand-ins have run, `program stage`, in order."""
    return lambda: [" ".join(line.split()[:2]) for line in counted(tmp_path / "count")]


@pytest.fixture
def build(tmp_path: Path) -> Path:
    return make_build(tmp_path / "out")


@pytest.fixture
def synth() -> Callable[..., int]:
    """`qnnc synth` in this process; its exit code."""
    return lambda *arguments: main(["synth", *map(str, arguments)])
