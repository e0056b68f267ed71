"""`--verify-each`: after every pass the module verifies and computes the same integers as before it."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import ModuleOp
from xdsl.utils.exceptions import VerifyException

from qnn_ir.errors import UserError
from qnn_ir.interp import run_module

FLOAT64_NOISE = 1e-11
"""
Relative to full scale: how far the float64 evaluation of the *imported* graph may lie from the exact value.

Only the first comparison (imported graph against integers) needs it: it is far below one step of any accumulator that
fits the graph's own float32. From then on outputs are compared bit by bit.
"""


class Verifier:
    """Interprets a module on `inputs` (one array of N frames per input) and compares with what it computed before."""

    def __init__(self, module: ModuleOp, inputs: Sequence[NDArray[np.float32]]):
        self.inputs = inputs
        self.last = run_module(module, inputs)
        self.exact = False

    def check(self, module: ModuleOp, name: str) -> None:
        """
        `module` after the pass `name` is valid and its outputs are unchanged.

        Raises `UserError` that names the pass and the first differing element.
        """
        try:
            module.verify()
        except VerifyException as error:
            raise UserError(f"invalid IR: {error}", f"after {name}", "this is a defect of the pass") from error
        outputs = run_module(module, self.inputs)
        for index, (before, after) in enumerate(zip(self.last, outputs, strict=True)):
            _compare(name, index, before, after, self.exact)
        self.exact, self.last = True, outputs


def _compare(name: str, output: int, before: NDArray[np.float64], after: NDArray[np.float64], exact: bool) -> None:
    if before.shape != after.shape:
        raise UserError(f"output {output} has the shape {after.shape}, before it had {before.shape}", f"after {name}")
    noise = 0.0 if exact else FLOAT64_NOISE * float(np.abs(before).max(initial=0))
    wrong = ~(np.abs(before - after) <= noise)
    if not wrong.any():
        return
    place = tuple(int(i) for i in np.argwhere(wrong)[0])
    raise UserError(
        f"{int(wrong.sum())} of {wrong.size} elements of output {output} differ, the first at {list(place)}: "
        f"{before[place]!r} became {after[place]!r}",
        f"after {name}",
        "this is a defect of the pass: please report it with the model",
    )
