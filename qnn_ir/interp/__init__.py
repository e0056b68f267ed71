"""
Executable semantics of every level, in NumPy: what the IR means, and the reference of every pass.

`run_module` runs a whole module, wherever its accelerator is on the way down.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import DictionaryAttr, ModuleOp, StringAttr
from xdsl.dialects.func import FuncOp

from qnn_ir.dialects.qnn import integer_type, shape_of
from qnn_ir.errors import UserError
from qnn_ir.interp.accelerator import find_accelerator, port_counts, run_accelerator
from qnn_ir.interp.qnn import Trace, run_function

__all__ = ["Accelerator", "Trace", "run_module"]

Array = NDArray[Any]


@dataclass(frozen=True)
class Accelerator:
    """Something that computes: integer tensors `(N, *shape)` in, `(N, *any shape of the result)` out."""

    inputs: int
    outputs: int
    run: Callable[[list[Array]], list[Array]]


def run_module(
    module: ModuleOp, inputs: Sequence[Array], trace: Trace | None = None, accelerator: Accelerator | None = None
) -> list[Array]:
    """
    The outputs of `@main`, or of prologue, accelerator and epilogue, for N frames.

    `inputs`: one array `(N, *shape)` per input, or `(N, *shape[1:])` where the batch axis of `shape` is 1. Outputs are
    float64 or int64, `(N, *shape[1:])` where the batch axis is 1. `trace` records all values of the `qnn` level.
    `accelerator` stands in for the accelerator of a module that has host functions alone (compiled C++, a board).
    Raises `UserError` when the inputs do not fit.
    """
    functions = {op.sym_name.data: op for op in module.body.ops if isinstance(op, FuncOp)}
    first = functions.get("main") or functions.get("prologue")
    if first is None:
        raise UserError("nothing to run: the module has neither @main nor @prologue")
    arguments = _arguments(first, inputs)
    frames = arguments[0].shape[0] if arguments else 1
    values = run_function(module, first, arguments, trace)
    if first.sym_name.data == "main":
        return [_output(value, frames) for value in values]
    last = functions.get("epilogue")
    if last is None:
        raise UserError("nothing to run: the module has @prologue, but no @epilogue")
    values = [np.broadcast_to(v, (frames, *v.shape[1:])) for v in values]
    middle = accelerator or _accelerator(module, functions.get("accelerator"), trace)
    types = last.body.block.args[: middle.outputs]
    results = middle.run(values[: middle.inputs])
    shaped = [r.reshape(len(r), *shape_of(arg)) for r, arg in zip(results, types, strict=True)]
    values = [*shaped, *values[middle.inputs :]]  # what bypasses the accelerator comes last
    return [_output(value, frames) for value in run_function(module, last, values, trace)]


def _accelerator(module: ModuleOp, function: FuncOp | None, trace: Trace | None) -> Accelerator:
    """The accelerator of the module at the level that it has reached."""
    if function is not None:
        inputs, outputs = (len(types) for types in (function.function_type.inputs, function.function_type.outputs))
        return Accelerator(inputs, outputs, lambda tensors: run_function(module, function, tensors, trace))
    op = find_accelerator(module)
    if op is None:
        raise UserError("nothing to run: the module has no accelerator")
    return Accelerator(*port_counts(op), lambda tensors: run_accelerator(module, op, tensors))


def _arguments(function: FuncOp, inputs: Sequence[Array]) -> list[Array]:
    """The inputs of `function` with a frame axis; `UserError` where number, shape or frames do not fit."""
    if len(inputs) != len(function.body.block.args):
        raise UserError(f"the network has {len(function.body.block.args)} inputs, got {len(inputs)}")
    arguments: list[Array] = []
    for index, (arg, array) in enumerate(zip(function.body.block.args, inputs, strict=True)):
        shape, name = shape_of(arg), _argument_name(function, index)
        accepted = [shape, shape[1:]] if shape[:1] == (1,) else [shape]
        if array.ndim == 0 or array.shape[1:] not in accepted:
            wanted = " or ".join("x".join(map(str, ("N", *s))) for s in accepted)
            raise UserError(f"expected an array of shape {wanted}, got {list(array.shape)}", name)
        kind = np.int64 if integer_type(arg.type) is not None else np.float64
        arguments.append(array.reshape(array.shape[0], *shape).astype(kind))
    if len({array.shape[0] for array in arguments}) > 1:
        raise UserError(f"inputs with different numbers of frames: {[a.shape[0] for a in arguments]}")
    return arguments


def _argument_name(function: FuncOp, index: int) -> str:
    """The ONNX name of an input."""
    attributes = function.arg_attrs.data[index] if function.arg_attrs is not None else DictionaryAttr({})
    name = attributes.data.get("qnn.name")
    return name.data if isinstance(name, StringAttr) else f"input {index}"


def _output(value: Array, frames: int) -> Array:
    """A result for all frames, without a batch axis of 1."""
    value = np.broadcast_to(value, (frames, *value.shape[1:]))
    return value[:, 0] if value.ndim > 1 and value.shape[1] == 1 else value
