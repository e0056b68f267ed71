"""The key of a step: a digest of everything that its result depends on, and of nothing else."""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from qnn_ir.driver.synth.steps import Step
from qnn_ir.driver.synth.store import files_below
from qnn_ir.driver.synth.tools import Tool

_FORMAT = 1
"""Of keys and of stored steps; a change makes all older ones unknown."""

_CPP = {".cpp", ".h", ".cc", ".hpp"}
_HASHED = {".tcl", ".cfg", ".xdc"}
_CPP_COMMENT = re.compile(r'"(?:\\.|[^"\\\n])*"|//[^\n]*')
_HASH_COMMENT = re.compile(r"^[ \t]*#[^\n]*$", re.MULTILINE)


def step_key(step: Step, out: Path, tool: Tool, command: Sequence[str], needs: Mapping[str, str]) -> str:
    """
    The key of `step` of the build `out` with `tool`.

    It covers the contents of the inputs but for comments (they name the model, which changes no hardware), the command
    line, the tool's version, and the keys of the steps that it needs. Part and clock stand in the scripts.
    """
    parts = {
        "format": _FORMAT,
        "tool": [tool.kind.name, tool.version],
        "command": list(command),
        "environment": dict(step.environment),
        "products": list(step.products),
        "inputs": _inputs(step, out),
        "needs": dict(sorted(needs.items())),
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _inputs(step: Step, out: Path) -> dict[str, str]:
    digests: dict[str, str] = {}
    for path in input_files(step, out):
        digests[path.relative_to(step.base).as_posix()] = hashlib.sha256(contents(out / path)).hexdigest()
    return digests


def input_files(step: Step, out: Path) -> list[Path]:
    """The files of the build that the step reads, relative to `out`."""
    files: list[Path] = []
    for name in step.inputs:
        place = out / name
        found = [Path(name)] if place.is_file() else [Path(name) / p for p in files_below(place)]
        files += [path for path in found if _is_source(path, step)]
    return files


def _is_source(path: Path, step: Step) -> bool:
    """Not what `qnnc sim`, or a tool started by hand, has made there; sources of layers belong to their own steps."""
    if path.suffix in (".log", ".jou") or (
        not step.layer and path.relative_to(step.base).parts[:2] == ("hls", "layers")
    ):
        return False
    return not any(part in ("build", ".Xil") or part.endswith("_hls") for part in path.parts[:-1])


def contents(path: Path) -> bytes:
    """The file as far as a tool sees it: without comments and empty lines where it is source."""
    data = path.read_bytes()
    if path.suffix not in _CPP | _HASHED:
        return data
    text = data.decode(errors="surrogateescape")
    if path.suffix in _CPP:
        text = _CPP_COMMENT.sub(lambda found: found.group() if found.group()[0] == '"' else "", text)
    else:
        text = _HASH_COMMENT.sub("", text)
    return "\n".join(line.rstrip() for line in text.splitlines() if line.strip()).encode(errors="surrogateescape")
