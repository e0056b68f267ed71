"""`qnnc synth OUT`: hand the generated script to the vendor's tool where it is installed."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import TextIO

from qnn_ir.errors import UserError

SCRIPT = "run_hls.tcl"
_TOOLS: dict[str, Callable[[str], list[str]]] = {
    "vitis-run": lambda script: ["--mode", "hls", "--tcl", script],
    "vitis_hls": lambda script: ["-f", script],
}


def synth_command(which: Callable[[str], str | None] = shutil.which) -> list[str]:
    """The command that runs the script with the newest tool on PATH; a `UserError` where there is none."""
    for tool, arguments in _TOOLS.items():
        if path := which(tool):
            return [path, *arguments(SCRIPT)]
    wanted = ", ".join(_TOOLS)
    raise UserError(f"no Vitis HLS found: none of {wanted} is on PATH", remedy="source the settings64.sh of Vitis")


def synth(folder: Path, log: TextIO | None = None) -> int:
    """Run the Vitis script of `folder` (which holds `run_hls.tcl`), its messages to `log`; the tool's exit code."""
    if not (folder / SCRIPT).is_file():
        raise UserError(f"no {SCRIPT} in this folder", str(folder), "give a folder that `qnnc build` made")
    return subprocess.run(synth_command(), cwd=folder, stdout=log, check=False).returncode
