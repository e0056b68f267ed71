"""One run of a vendor program: its messages into a file, an end in time. Knows nothing of steps; runs on any host."""

import os
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from qnn_ir.driver.synth.launch import GRACE

End = Literal["done", "timeout", "stopped", "unstartable"]

STOP = ".stop"
"""A run ends when this file appears in its folder, or the folder disappears: how other hosts learn of an interrupt."""

_POLL = 0.05


@dataclass(frozen=True)
class Run:
    """What to start (of `Launcher.command`), its work folder, the file of its messages, and its limit in seconds."""

    command: tuple[str, ...]
    folder: str
    log: str
    timeout: float | None = None


@dataclass(frozen=True)
class Outcome:
    """How a run ended, the exit code of the program, and the wall time."""

    end: End
    code: int
    seconds: float
    reason: str = ""


def execute(run: Run) -> Outcome:
    """Run to the end. A run that takes too long, or is stopped, ends with everything that it started."""
    start = time.monotonic()
    folder = Path(run.folder)
    with open(run.log, "wb") as log:
        try:
            process = subprocess.Popen(
                run.command, stdin=subprocess.PIPE, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
            )
        except OSError as error:
            return Outcome("unstartable", -1, 0.0, f"{run.command[0]}: {error.strerror}")
        try:
            end = _wait(process, folder, None if run.timeout is None else start + run.timeout)
        except BaseException:
            _end(process)
            raise
        if end != "done":
            _end(process)
        assert process.stdin is not None
        process.stdin.close()
    return Outcome(end, process.returncode, time.monotonic() - start)


def _wait(process: subprocess.Popen[bytes], folder: Path, limit: float | None) -> End:
    while process.poll() is None:
        if limit is not None and time.monotonic() > limit:
            return "timeout"
        if (folder / STOP).exists() or not folder.is_dir():
            return "stopped"
        time.sleep(_POLL)
    return "done"


def _end(process: subprocess.Popen[bytes]) -> None:
    """Close the pipe that keeps the program alive; where that does not help, end our side of it."""
    assert process.stdin is not None
    process.stdin.close()
    try:
        process.wait(2 * GRACE)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
