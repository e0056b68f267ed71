"""
Run a generated Tcl script in a real tclsh in which the vendor's commands are declared from the tables beside this.

    python tcl_check.py SCRIPT.tcl... [--tool vivado|vitis_hls|vivado_hls] [--cwd DIR] [--release 2022.1]

One session runs all scripts, one after the other. What a real tool would make is made, in `QNN_SYNTH` or where the
script says. The exit code is 0, or 1 with one line on stderr that names script, line and what is wrong.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TextIO

sys.path.insert(0, str(Path(__file__).parent))

from vendor_session import Session
from vendor_table import Argument, VendorError

HARNESS = Path(__file__).parent / "harness.tcl"
TOOLS = ("vivado", "vitis_hls", "vivado_hls")


def run_script(script: Path, session: Session, cwd: Path, env: Mapping[str, str] | None = None) -> str:
    """Run `script`; "" or the line that says what is wrong."""
    environment = {**os.environ, "QNN_TOOL": session.tool, **(env or {})}
    with tempfile.TemporaryDirectory() as folder:
        up, down = Path(folder) / "up", Path(folder) / "down"
        os.mkfifo(up)
        os.mkfifo(down)
        command = ["tclsh", str(HARNESS), str(script.resolve()), str(up), str(down), *session.rules]
        process = subprocess.Popen(command, cwd=cwd, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        here = Path.cwd()
        try:
            with up.open(encoding="ascii") as calls, down.open("w", encoding="ascii") as answers:
                _serve(calls, answers, session, process.pid)
        finally:
            os.chdir(here)
            _, errors = process.communicate()
    if process.returncode == 0:
        return ""
    return " ".join(errors.decode(errors="replace").split()) or f"{script}: tclsh ended with {process.returncode}"


def _serve(calls: TextIO, answers: TextIO, session: Session, pid: int) -> None:
    """Answer the calls of the harness; relative paths are those of the script's own folder."""
    for line in calls:
        name, *words = line.split()
        os.chdir(f"/proc/{pid}/cwd")
        try:
            status, text = "ok", session.call(name, [_argument(word) for word in words])
        except VendorError as error:
            status, text = "error", str(error)
        answers.write(f"{status} {text.encode().hex()}\n")
        answers.flush()


def _argument(word: str) -> Argument:
    text, _, items = word.partition(":")
    elements = tuple(bytes.fromhex(item).decode() for item in items.split(",")) if items or text else ()
    return Argument(bytes.fromhex(text).decode(), elements)


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point."""
    parser = argparse.ArgumentParser(description="Check generated Tcl scripts without the vendor's tools.")
    parser.add_argument("scripts", nargs="+", type=Path)
    parser.add_argument("--tool", choices=TOOLS, default="vivado")
    parser.add_argument("--cwd", type=Path, default=Path())
    parser.add_argument("--release", default="2022.1", help="of Vivado (default: %(default)s)")
    parser.add_argument("--board-files", action="store_true", help="Vivado has the files of every board")
    arguments = parser.parse_args(argv)
    session = Session(arguments.tool, arguments.release, arguments.board_files)
    for script in arguments.scripts:
        if not script.is_file():
            print(f"{script}: no such file", file=sys.stderr)
            return 1
        if problem := run_script(script, session, arguments.cwd):
            print(problem, file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
