"""Build folders for the tests of scripts, and the checks of files that are no Tcl."""

import configparser
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tcl_check import run_script
from vendor_session import Session
from vendor_table import table
from xdsl.dialects.builtin import ModuleOp

from qnn_ir.emit.project import banner_of, emit_layers, emit_project, module_kernel
from qnn_ir.emit.scripts import board_scripts
from qnn_ir.targets import Board

EXAMPLE = Path(__file__).parents[2] / "examples" / "digits" / "digits.onnx"


def write_scripts(module: ModuleOp, board: Board, out: Path) -> Path:
    """What `qnnc build` writes into `hls/`, `vivado/` and `alveo/`; `out`."""
    hls = emit_project(module, board.shell == "alveo") | emit_layers(module)
    files = {f"hls/{name}": text for name, text in hls.items()}
    files |= board_scripts(module_kernel(module), board, banner_of(module, "#"))
    for name, text in files.items():
        path = out / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return out


def check_all(out: Path, release: str = "2022.1", hls: str = "vitis_hls", board_files: bool = False) -> dict[str, str]:
    """Every Tcl script of a build in the order of use: script -> "" or what is wrong."""
    found: dict[str, str] = {}

    def run(script: Path, session: Session, env: Mapping[str, str] | None = None) -> None:
        found[str(script.relative_to(out))] = run_script(script, session, out, env)

    run(out / "hls" / "run_hls.tcl", Session(hls))
    for script in sorted((out / "hls" / "layers").glob("*/run_hls.tcl")):
        run(script, Session(hls))
    for name in ("ooc.tcl", "bitstream.tcl"):
        if (out / "vivado" / name).is_file():
            run(out / "vivado" / name, Session("vivado", release, board_files))
    return found


def check_config(path: Path, section: str) -> list[str]:
    """The keys of a configuration file of v++ that the table does not have."""
    parser = configparser.ConfigParser(delimiters=("=",), strict=False, default_section="none")
    text = re.sub(r"(?m)^(sp|nk|slr|kernel_frequency|part)=(.*)$", r"\1 = \2", path.read_text(encoding="utf-8"))
    parser.optionxform = str  # type: ignore[assignment]
    head, _, rest = text.partition("[")
    parser.read_string(f"[ ]\n{head}[{rest}")
    known = table()[section]
    return [f"{s}.{key}" for s in parser.sections() for key in parser[s] if key not in known.get(s.strip(), [])]


def run_link(out: Path, folder: Path, target: str) -> list[str]:
    """The command line that `alveo/link.sh` gives v++, taken down by stand-ins of v++ and emconfigutil."""
    tools = folder / "tools"
    tools.mkdir(exist_ok=True)
    for name in ("v++", "emconfigutil"):
        (tools / name).write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" > "{folder}/{name}.txt"\n', encoding="utf-8")
        (tools / name).chmod(0o755)
    env = {"PATH": f"{tools}:/usr/bin:/bin", "QNN_SYNTH": str(folder / "synth dir")}
    subprocess.run(["sh", str(out / "alveo" / "link.sh"), target], env=env, check=True)
    return (folder / "v++.txt").read_text(encoding="utf-8").splitlines()


def check_link(words: list[str]) -> list[str]:
    """What is wrong with a command line of v++."""
    rules: dict[str, Any] = table()["v++"]
    wrong: list[str] = []
    rest = iter(words)
    for word in rest:
        if word in rules["values"]:
            value = next(rest, "")
            if not value or value.startswith("--"):
                wrong.append(f"{word} has no value")
            if word == "--target" and value not in rules["targets"]:
                wrong.append(f"no target {value}")
        elif word.startswith("-") and word not in rules["flags"]:
            wrong.append(f"unknown option {word}")
    return wrong


def copied(source: Path, target: Path) -> Path:
    """A copy of a build folder for a test that changes it."""
    shutil.copytree(source, target)
    return target
