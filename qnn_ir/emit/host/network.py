"""What the printers of host code see of a module: two functions, their names, their constants."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import ArrayAttr, DictionaryAttr, ModuleOp, StringAttr
from xdsl.dialects.func import FuncOp, ReturnOp
from xdsl.ir import Operation, SSAValue
from xdsl.irdl import IRDLOperation

from qnn_ir.constants import location_name
from qnn_ir.dialects.qnn import constant_value, is_float, shape_of
from qnn_ir.dialects.qnn.shapes import text
from qnn_ir.emit.host.ports import Port
from qnn_ir.emit.text import quoted
from qnn_ir.errors import UserError

_NAMES = {"to_integer": "integers", "to_real": "reals", "softmax": "probabilities", "arg_max": "position"}


@dataclass(frozen=True)
class HostFunction:
    """`@prologue` or `@epilogue`: its arguments and results by ONNX name, its operations in order."""

    op: FuncOp
    argument_names: tuple[str, ...]
    result_names: tuple[str, ...]

    @property
    def arguments(self) -> Sequence[SSAValue]:
        """The arguments, one tensor each."""
        return self.op.body.block.args

    @property
    def operations(self) -> list[Operation]:
        """All operations but the last one."""
        return [op for op in self.op.body.block.ops if not isinstance(op, ReturnOp)]

    @property
    def results(self) -> Sequence[SSAValue]:
        """What the function returns."""
        return _returned(self.op)


@dataclass(frozen=True)
class HostNetwork:
    """Both functions and the ports between which the accelerator sits; `inputs` and `outputs` may be empty."""

    top: str
    prologue: HostFunction
    epilogue: HostFunction
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    bypassing: int
    """How many of the prologue's results go to the epilogue, not to the accelerator: the last ones."""


def host_network(module: ModuleOp, top: str, inputs: Sequence[Port], outputs: Sequence[Port]) -> HostNetwork:
    """The host side of a module that went through `qnn-split-host`."""
    functions = {op.sym_name.data: op for op in module.body.ops if isinstance(op, FuncOp)}
    if not {"prologue", "epilogue"} <= functions.keys():
        raise UserError("the module has no @prologue and @epilogue", remedy="run qnn-split-host first")
    prologue, epilogue = functions["prologue"], functions["epilogue"]
    middle = functions.get("accelerator")
    fed = len(inputs) if middle is None else len(middle.body.block.args)
    bypassing = len(_returned(prologue)) - fed
    computed = len(epilogue.body.block.args) - bypassing
    passed = [f"bypass{i}" for i in range(bypassing)]
    read = [port.name for port in inputs] or [f"in{i}" for i in range(fed)]
    written = [port.name for port in outputs] or [f"out{i}" for i in range(computed)]
    return HostNetwork(
        top,
        HostFunction(prologue, _onnx_names(prologue.arg_attrs, len(prologue.body.block.args), "x"), (*read, *passed)),
        HostFunction(epilogue, (*written, *passed), _onnx_names(epilogue.res_attrs, len(_returned(epilogue)), "y")),
        tuple(inputs),
        tuple(outputs),
        bypassing,
    )


def _returned(function: FuncOp) -> Sequence[SSAValue]:
    last = function.body.block.last_op
    assert isinstance(last, ReturnOp)
    return last.operands


def _onnx_names(attributes: ArrayAttr[Any] | None, count: int, otherwise: str) -> tuple[str, ...]:
    if attributes is None:
        return tuple(f"{otherwise}{i}" for i in range(count))
    names: list[str] = []
    for index, entry in enumerate(cast("ArrayAttr[DictionaryAttr]", attributes).data):
        name = entry.data.get("qnn.name")
        names.append(name.data if isinstance(name, StringAttr) else f"{otherwise}{index}")
    return tuple(names)


def legal(name: str) -> str:
    """`name` as an identifier, which may be a keyword still: `Names.fresh` decides."""
    stem = re.sub(r"[^A-Za-z0-9]+", "_", name).strip("_")[:48].rstrip("_")
    return f"x_{stem}" if not stem or stem[0].isdigit() else stem


def result_name(op: Operation) -> str:
    """What the result of `op` is called: after its operator."""
    operator = op.name.removeprefix("qnn.")
    if operator == "unary":
        return cast(Any, op).fn.data.value
    return _NAMES.get(operator, operator)


def describe(op: Operation) -> str:
    """One line for people: operator, ONNX node, shape of the result."""
    shapes = ", ".join(text(shape_of(result)) for result in op.results)
    node = location_name(op)
    return f"{op.name.removeprefix('qnn.')}{'' if node == op.name else ' ' + quoted(node)}: {shapes}"


def kind(value: SSAValue) -> type[np.float64] | type[np.int64]:
    """What holds an element of `value` on the host."""
    return np.float64 if is_float(value.type) else np.int64


def constant_name(value: SSAValue) -> str:
    """What a constant is called: after the operand that it is of its first user."""
    use = value.first_use
    if use is None or not isinstance(use.operation, IRDLOperation):
        return "constant"
    operands = [name for name, _ in type(use.operation).get_irdl_definition().operands]
    name = operands[min(use.index, len(operands) - 1)] if operands else ""
    return {"w": "weights", "": "constant"}.get(name, name if len(name) > 1 else "constant")


def uniform(array: NDArray[Any] | None) -> float | int | None:
    """The one value that all elements of `array` have, if there is one."""
    if array is None or not array.size or not (array == array.flat[0]).all():
        return None
    return array.flat[0].item()


def constant_array(value: SSAValue) -> NDArray[Any] | None:
    """The elements of a `qnn.constant` as float64 or int64."""
    array = constant_value(value)
    return None if array is None else array.astype(kind(value))
