"""What all stand-ins share: version, messages, misbehaviour on request."""

import os
import re
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path


class Failed(Exception):
    """The tool ends with an error; the message has been printed."""


def say(line: str) -> None:
    print(line, flush=True)


def version_of(program: str) -> str:
    """The version asked for, else the one in the path of the installation."""
    if version := os.environ.get("QNN_STANDIN_VERSION"):
        return version
    found = re.findall(r"20\d\d\.\d(?:\.\d)?", os.path.abspath(program))
    return found[-1] if found else "2022.2"


def banner(title: str, version: str) -> None:
    say(f"\n****** {title} v{version} (64-bit)")
    say("  **** SW Build 3670227 on Oct 13 2022\n  **** IP Build 3669848 on Fri Oct 14 08:30:02 MDT 2022")
    say("    ** Copyright 1986-2022 Xilinx, Inc. All Rights Reserved.\n")


_FAILURES = {
    "error": ["ERROR: [HLS 214-157] Top function not found: there is no function named 'nothing'"],
    "licence": ["ERROR: [Common 17-345] A valid license was not found for feature 'Synthesis' and/or device 'xc7z'."],
    "disk": ["write: No space left on device"],
    "memory": ["terminate called after throwing an instance of 'std::bad_alloc'"],
    "crash": ["Abnormal program termination (11)", "Please check 'hs_err_pid1.log' for details"],
    "silent": [],
}
_AFTER = [
    "ERROR: [HLS 200-70] Pre-synthesis failed.",
    "command 'ap_source' returned error code",
    "INFO: [Common 17-206] Exiting",
]


class Session:
    """One run of a tool on a design; `stage` is called at the start of everything that takes time."""

    def __init__(self, program: str):
        self.program = Path(program).name
        self.kernel = ""
        self.source_line = "accelerator.cpp:1:1"

    def stage(self, name: str, parts: int = 1) -> None:
        """Begin `name`: count it, hang or fail if that is asked for, take the first of `parts` shares of its time."""
        if count := os.environ.get("QNN_STANDIN_COUNT"):
            with open(count, "a", encoding="utf-8") as file:
                file.write(f"{self.program} {name} {self.kernel}\n")
        only = os.environ.get("QNN_STANDIN_ONLY")
        if only is None or only == self.kernel:
            self._hang(name)
            self._fail(name)
        self.pause(parts)

    def pause(self, parts: int = 1) -> None:
        """A share of the time that a stage takes."""
        time.sleep(float(os.environ.get("QNN_STANDIN_SLOW", "0")) / parts)

    def _hang(self, name: str) -> None:
        wanted = os.environ.get("QNN_STANDIN_HANG", "")
        if wanted.rstrip("!") != name:
            return
        if wanted.endswith("!"):
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
        if os.fork() == 0:  # real tools start others; these have to end as well
            time.sleep(600)
            os._exit(0)
        while True:
            time.sleep(600)

    def _fail(self, name: str) -> None:
        stage, _, kind = os.environ.get("QNN_STANDIN_FAIL", "").partition(":")
        if stage != name:
            return
        lines = _FAILURES.get(kind or "error", [f"ERROR: [HLS 207-3801] unknown type name 'oops' ({self.source_line})"])
        if kind == "source":
            lines = [f"{self.source_line}: error: unknown type name 'oops'"]
        for line in lines + ([] if kind in ("silent", "crash") else _AFTER):
            say(line)
        if kind == "crash":
            os.kill(os.getpid(), signal.SIGSEGV)
        raise Failed


def ended(session_main: Callable[[], None]) -> int:
    """Run `session_main()`; the exit code of the tool."""
    try:
        session_main()
    except Failed:
        return 1
    except OSError as error:
        print(f"ERROR: [Common 17-49] {error}", file=sys.stderr)
        return 1
    return 0
