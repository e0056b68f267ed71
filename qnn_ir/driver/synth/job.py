"""One step from its inputs to a finished folder: the copy of the build that it runs in, and what is taken from it."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from filecmp import cmp
from pathlib import Path
from typing import TypeAlias

from qnn_ir.driver.synth.keys import input_files
from qnn_ir.driver.synth.steps import Step
from qnn_ir.driver.synth.store import PRODUCTS, STATE, files_below
from qnn_ir.driver.synth.tools import Tool


@dataclass(frozen=True)
class Plan:
    """A step, the tool and the command line that it runs with (program first), and its key."""

    step: Step
    tool: Tool
    command: tuple[str, ...]
    key: str


Before: TypeAlias = Sequence[tuple[Step, Path]]
"""The steps that one needs, directly or not, the nearest last, and the folders of what they have made."""


def lay_out(step: Step, out: Path, work: Path, before: Before) -> None:
    """Make `work` the copy of the build `out` in which `step` runs."""
    for path in input_files(step, out):
        _copy(out / path, work / path)
    for need, folder in before:
        for part in (STATE, PRODUCTS):
            for path in files_below(folder / part):
                _copy(folder / part / path, work / need.base / "synth" / path)


def collect(step: Step, work: Path, target: Path, before: Before) -> str | None:
    """
    Copy what `step` has made below the `synth/` of `work` to the step's folder `target`: products that the steps
    before it did not have, and its state.

    Returns the pattern of a product that is missing, None where all are there.
    """
    synth = work / step.base / "synth"
    alike = [folder / PRODUCTS for need, folder in before if need.base == step.base]
    known = {path: folder / path for folder in alike for path in files_below(folder)}
    found = {pattern: [path for path in sorted(synth.glob(pattern)) if path.is_file()] for pattern in step.products}
    if not found[step.products[0]]:
        return step.products[0]
    for path in dict.fromkeys(path for paths in found.values() for path in paths):
        name = Path(step.published(path.relative_to(synth).as_posix()))
        if name not in known or not cmp(known[name], path, shallow=False):
            _copy(path, target / PRODUCTS / name)
    for name in step.state:
        for path in files_below(synth / name):
            _copy(synth / name / path, target / STATE / name / path)
    return None


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy2(source, target)
