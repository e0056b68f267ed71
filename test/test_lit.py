"""
Every textual test under `test/lit` as a pytest of its own.

One lit session runs all selected files: starting lit costs more than most of them. With pytest-xdist one worker runs
all files at once, the others wait for its results.
"""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parent / "lit"
TIMEOUT = 1800
"""Seconds for the whole session."""
FILES = sorted(
    str(path.relative_to(ROOT)) for path in ROOT.rglob("*.mlir") if not {"Inputs", "Output"} & set(path.parts)
)


def run_lit(files: list[str], results: Path) -> None:
    """Run `files` and write lit's JSON report."""
    lit = Path(sys.executable).with_name("lit")
    jobs = min(2, os.cpu_count() or 1)
    partial = results.with_suffix(".partial")
    command = [lit, "-q", "-a", f"-j{jobs}", "--output", partial, *(ROOT / file for file in files)]
    subprocess.run([str(c) for c in command], capture_output=True, check=False, timeout=TIMEOUT)
    partial.replace(results)


@pytest.fixture(scope="session")
def reports(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, str]]:
    """lit's report of every selected file."""
    selected = sorted(
        {item.callspec.params["file"] for item in request.session.items if item.name.startswith("test_lit[")}
    )
    under_xdist = "PYTEST_XDIST_WORKER" in os.environ
    folder = tmp_path_factory.getbasetemp()
    results = (folder.parent if under_xdist else folder) / "lit.json"
    try:
        results.with_suffix(".started").touch(exist_ok=False)
        run_lit(selected, results)
    except FileExistsError:  # another worker runs them
        deadline = time.monotonic() + TIMEOUT
        while not results.exists() and time.monotonic() < deadline:
            time.sleep(0.2)
    tests = json.loads(results.read_text(encoding="utf-8"))["tests"]
    return {test["name"].removeprefix("qnn-ir :: "): test for test in tests}


@pytest.mark.parametrize("file", FILES)
def test_lit(file: str, reports: dict[str, dict[str, str]]) -> None:
    report = reports[file]
    if report["code"] == "UNSUPPORTED":
        pytest.skip(report["output"] or "a tool that the test needs is missing")
    assert report["code"] == "PASS", report["output"]
