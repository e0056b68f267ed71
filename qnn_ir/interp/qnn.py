"""Executable semantics of the `qnn` level: functions of tensors, all frames at once."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from xdsl.dialects.builtin import ModuleOp
from xdsl.dialects.func import FuncOp
from xdsl.interpreter import Interpreter, PythonValues
from xdsl.interpreters.func import FuncFunctions
from xdsl.ir import Operation, SSAValue

from qnn_ir.dialects.qnn import shape_of
from qnn_ir.interp.frames import Array
from qnn_ir.interp.qnn_elementwise import ElementwiseFunctions
from qnn_ir.interp.qnn_linear import LinearFunctions
from qnn_ir.interp.qnn_quantisers import QuantiserFunctions
from qnn_ir.interp.qnn_tensors import HostFunctions, IntegerFunctions, MovementFunctions

_ELEMENTS_AT_ONCE = 1 << 21
"""Frames are cut into chunks so that no tensor of a chunk has more elements: all of them are alive together."""


@dataclass
class Trace(Interpreter.Listener):
    """Records the results of every operation of the `qnn` level that is interpreted."""

    chunks: dict[Operation, list[PythonValues]] = field(default_factory=dict[Operation, list[PythonValues]])

    def did_interpret_op(self, op: Operation, results: PythonValues) -> None:
        """Called by the interpreter."""
        self.chunks.setdefault(op, []).append(results)

    def values(self) -> list[tuple[Operation, list[Array]]]:
        """Every operation with its results `(F, *shape)`, in order of execution; F = 1: the same for all frames."""
        return [(op, [_joined(parts) for parts in zip(*chunks, strict=True)]) for op, chunks in self.chunks.items()]


def run_function(
    module: ModuleOp, function: FuncOp, arguments: Sequence[Array], trace: Trace | None = None
) -> list[Array]:
    """The results `(F, *shape)` of a function of `module` for arguments `(F, *shape)`."""
    interpreter = Interpreter(module, listeners=() if trace is None else (trace,))
    for functions in (
        FuncFunctions,
        MovementFunctions,
        QuantiserFunctions,
        LinearFunctions,
        ElementwiseFunctions,
        IntegerFunctions,
        HostFunctions,
    ):
        interpreter.register_implementations(functions())
    frames = max((a.shape[0] for a in arguments), default=1)
    step = frames_at_once(function)
    parts = [
        interpreter.call_op(function, tuple(a[start : start + step] for a in arguments))
        for start in range(0, frames, step)
    ]
    return [_joined(results) for results in zip(*parts, strict=True)]


def frames_at_once(function: FuncOp) -> int:
    """How many frames of the largest tensor fit the limit; what depends on no input exists only once."""
    dependent: set[SSAValue] = set(function.body.block.args)
    largest = 1
    for op in function.body.block.ops:
        if dependent.isdisjoint(op.operands):
            continue
        dependent.update(op.results)
        largest = max((largest, *(int(np.prod(shape_of(result))) for result in op.results)))
    return max(1, _ELEMENTS_AT_ONCE // largest)


def _joined(parts: Sequence[Array]) -> Array:
    """The frames of all chunks."""
    return parts[0] if len(parts) == 1 else np.concatenate(parts)
