"""Deployment folders for tests, and what their accelerators must compute."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from models import ROOT
from numpy.typing import NDArray

from qnn_ir.driver.build import BuildOptions, build
from qnn_ir.driver.progress import Progress
from qnn_ir.driver.qnnc import main
from qnn_ir.driver.sim import simulate
from qnn_ir.standin.library import PYTHON

DIGITS = ROOT / "examples" / "digits" / "digits.onnx"
DATA = ROOT / "examples" / "digits" / "digits_test.npz"

for place in (PYTHON, ROOT / "qnn_ir" / "runtime" / "python"):
    if str(place) not in sys.path:
        sys.path.insert(0, str(place))  # as on a board: `pynq` is installed, the driver lies beside the program


def qnnc(*arguments: object) -> int:
    """The exit code of a command."""
    return main([str(argument) for argument in arguments])


def deployed(
    folder: Path,
    model: Path = DIGITS,
    *,
    folding: dict[str, Any] | None = None,
    images: Path | None = DATA,
    **options: Any,
) -> Path:
    """
    `folder`/deploy for a model, built in `folder`/out with the contents of a folding file and options of a build.
    """
    if folding is not None:
        file = folder / "folding.json"
        file.write_text(json.dumps(folding))
        options["folding"] = file
    build(model, folder / "out", BuildOptions(**options), Progress(quiet=True))
    extra: Sequence[object] = [] if images is None else ["--images", images]
    assert qnnc("deploy", folder / "out", "-o", folder / "deploy", "--without-bitstream", *extra) == 0
    return folder / "deploy"


def images() -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """The digits and their classes."""
    with np.load(DATA) as data:
        return data["x"].astype(np.float32), data["y"]


def simulated(deploy: Path, inputs: list[NDArray[Any]], weights: Sequence[str] = ()) -> NDArray[Any]:
    """The first output by C simulation of the build."""
    return simulate(deploy.parent / "out", inputs, Progress(quiet=True), weights=weights).outputs[0]
