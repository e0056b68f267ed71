"""What the user sees of running steps: one line per phase, read from the logs that grow on disk."""

import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self, TextIO

from qnn_ir.driver.synth.messages import phase_of

_PERIOD = 0.2
_QUIET = 60.0
"""Seconds of silence after which a line says that the step still runs."""


def elapsed(seconds: float) -> str:
    """Minutes and seconds, hours where there are some."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


@dataclass
class _Follower:
    log: Path
    start: float
    position: int = 0
    rest: bytes = b""
    phase: str = ""
    said: float = field(default_factory=time.monotonic)

    def new_phase(self) -> str | None:
        """The phase that the lines since the last call end in; None where it is the same."""
        try:
            with self.log.open("rb") as file:
                file.seek(self.position)
                data = file.read()
        except OSError:
            return None
        self.position += len(data)
        *lines, self.rest = (self.rest + data).split(b"\n")
        phases = [phase for line in lines if (phase := phase_of(line.decode(errors="replace")))]
        if not phases or phases[-1] == self.phase:
            return None
        self.phase = phases[-1]
        return self.phase


class Watch:
    """Follows the logs of running steps in a thread of its own and prints to `stream`."""

    def __init__(self, stream: TextIO, quiet: bool = False):
        self.stream, self.quiet = stream, quiet
        self._followers: dict[str, _Follower] = {}
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._loop, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._over.set()
        self._thread.join()

    def started(self, step: str, log: Path, what: str) -> None:
        self.say(f"{step}: {what}")
        with self._lock:
            self._followers[step] = _Follower(log, time.monotonic())

    def ended(self, step: str) -> None:
        with self._lock:
            follower = self._followers.pop(step, None)
        if follower is not None:
            self._follow(step, follower)

    def say(self, line: str) -> None:
        if not self.quiet:
            print(line, file=self.stream, flush=True)

    def _loop(self) -> None:
        while not self._over.wait(_PERIOD):
            with self._lock:
                for step, follower in self._followers.items():
                    self._follow(step, follower)

    def _follow(self, step: str, follower: _Follower) -> None:
        now = time.monotonic()
        phase = follower.new_phase()
        if phase is None and now - follower.said < _QUIET:
            return
        follower.said = now
        still = f"still {follower.phase or 'running'}"
        self.say(f"{step}: {elapsed(now - follower.start)} {phase or still}")
