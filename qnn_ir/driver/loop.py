"""`qnnc loop`: the driver of a deployment folder, as it is, on the model of a board."""

import argparse
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import qnn_ir
from qnn_ir.driver.manifest import read_manifest
from qnn_ir.errors import UserError
from qnn_ir.standin.library import PYTHON, driver_program, kernel_library


def loop_command(arguments: argparse.Namespace) -> tuple[dict[str, Any], str]:
    """`qnnc loop DEPLOY --input X.npz`."""
    run = run_cpp if arguments.cpp else run_python
    text = run(arguments.deploy, arguments.options)
    return {"exit": 0, "text": text}, text


def run_python(deploy: Path, options: Sequence[str]) -> str:
    """What `driver.py` of the folder prints."""
    if not (deploy / "dfx.json").is_file():
        read_manifest(deploy)
    if not (deploy / "driver.py").is_file():
        raise UserError("no driver in this folder", str(deploy), "give a folder of `qnnc deploy`")
    places = [str(PYTHON), str(Path(qnn_ir.__file__).parent.parent), os.environ.get("PYTHONPATH", "")]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(place for place in places if place)}
    return _run([sys.executable, str(deploy / "driver.py"), *options], environment)


def run_cpp(deploy: Path, options: Sequence[str]) -> str:
    """What the example program of the folder prints."""
    read_manifest(deploy)
    environment = os.environ | {"QNN_STANDIN_KERNEL": str(kernel_library(deploy))}
    return _run([str(driver_program(deploy)), "--folder", str(deploy), *options], environment)


def _run(command: Sequence[str], environment: dict[str, str]) -> str:
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or [f"the driver ended with exit code {done.returncode}"])[-1]
        raise UserError(last.partition("error: ")[2] or last)
    sys.stderr.write(done.stderr)
    return done.stdout.rstrip("\n")
