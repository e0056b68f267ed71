"""What the user sees while something takes its time."""

import sys
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from typing import TextIO


class Progress:
    """
    Announces every stage that takes longer than a second, on stderr, and remembers how long all of them took.

    `seconds` maps the name of each finished stage to its wall time.
    """

    def __init__(self, stream: TextIO | None = None, quiet: bool = False):
        self.stream = stream or sys.stderr
        self.quiet = quiet
        self.seconds: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str) -> Generator[None]:
        """Run the body as the stage `name`."""
        timer = threading.Timer(1.0, self._say, (f"{name} ...",))
        timer.daemon = True
        start = time.perf_counter()
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            self.seconds[name] = time.perf_counter() - start
        if self.seconds[name] >= 1:
            self._say(f"{name} {self.seconds[name]:.1f} s")

    def _say(self, text: str) -> None:
        if not self.quiet:
            print(text, file=self.stream, flush=True)
