"""
What the operator families share: values during import, access to a node's operands, and the registry of operators.

A family registers a function per operator with `imports`; the function emits `qnn` ops through its `NodeImporter` and
returns one value per ONNX output. Importing is mechanical: whatever changes arithmetic is left to passes.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import prod
from typing import TypeAlias

import numpy as np
from xdsl.dialects.builtin import IntegerType, NameLoc, Signedness
from xdsl.ir import Block, Operation, SSAValue
from xdsl.utils.exceptions import VerifyException

from qnn_ir.constants import name_location
from qnn_ir.dialects import qnn
from qnn_ir.dialects.qnn import is_float, shape_of
from qnn_ir.errors import UserError
from qnn_ir.frontend.onnx_attributes import NodeReader
from qnn_ir.frontend.onnx_datatypes import check_annotation
from qnn_ir.frontend.onnx_graph import STANDARD, Graph, Node
from qnn_ir.frontend.onnx_tensors import (
    FLOAT,
    INTEGER_TYPES,
    Array,
    Constant,
    read_tensor,
    shown,
)


@dataclass(frozen=True, slots=True)
class Tensor:
    """A value of the program: an SSA value and the ONNX element type it stands for."""

    value: SSAValue
    type: int = FLOAT

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape per frame."""
        return shape_of(self.value)


Value: TypeAlias = Constant | Tensor
Results: TypeAlias = Value | Sequence[Value | None]
Import: TypeAlias = "Callable[[NodeImporter], Results]"

LARGEST = 1 << 31
"""Elements of the largest tensor per frame that is imported."""

REGISTRY: dict[tuple[str, str], Import] = {}


def imports(*op_types: str, domain: str = STANDARD) -> Callable[[Import], Import]:
    """Register a function for operators of a domain."""

    def register(function: Import) -> Import:
        REGISTRY.update(((domain, op_type), function) for op_type in op_types)
        return function

    return register


def onnx_integer_type(type_: int) -> IntegerType:
    """The IR type of an ONNX integer type: `siN` or `uiN`."""
    bits, signed = INTEGER_TYPES[type_]
    return IntegerType(bits, Signedness.SIGNED if signed else Signedness.UNSIGNED)


@dataclass
class Program:
    """The function under construction and everything already known by name."""

    graph: Graph
    block: Block
    values: dict[str, Value] = field(default_factory=dict[str, Value])
    fixed: set[SSAValue] = field(default_factory=set[SSAValue])
    """Values that depend on constants alone (quantised weights): the same for every frame."""
    _emitted: dict[int, tuple[Constant, SSAValue]] = field(default_factory=dict[int, tuple[Constant, SSAValue]])
    _shared: dict[object, SSAValue] = field(default_factory=dict[object, SSAValue])

    def lookup(self, name: str) -> Value:
        """The value of a tensor; initialisers are read when they are first used."""
        if name not in self.values:
            constant = read_tensor(self.graph.initializers[name], self.graph.base_dir)
            check_annotation(constant, self.graph.annotations.get(name))
            self.values[name] = constant
        return self.values[name]

    def emit(self, op: Operation, location: NameLoc) -> Operation:
        """Append `op`."""
        op.location = location
        self.block.add_op(op)
        if all(operand in self.fixed for operand in op.operands):
            self.fixed.update(op.results)
        return op

    def materialise(self, constant: Constant) -> SSAValue:
        """The `qnn.constant` of `constant`, one for all its uses."""
        known = self._emitted.get(id(constant))
        if known is None:
            known = constant, self.constant(constant.array, constant.type, name_location(constant.name))
            self._emitted[id(constant)] = known
        return known[1]

    def constant(self, array: Array, type_: int, location: NameLoc) -> SSAValue:
        """A `qnn.constant` of ONNX element type `type_`; small ones of equal value are shared."""
        integer = type_ in INTEGER_TYPES
        array = array if integer else _shortest(array)
        key = (type_ if integer else FLOAT, array.shape, array.dtype.str, array.tobytes()) if array.size <= 64 else None
        if key in self._shared:
            return self._shared[key]
        op = qnn.ConstantOp(array, onnx_integer_type(type_) if integer else None)
        value = self.emit(op, location).results[0]
        if key is not None:
            self._shared[key] = value
        return value


def _shortest(array: Array) -> Array:
    """float64 as float32 where that loses nothing."""
    if array.dtype != np.float64:
        return array.astype(np.float32)
    with np.errstate(over="ignore"):
        single = array.astype(np.float32)
    return single if np.array_equal(single.astype(np.float64), array, equal_nan=True) else array


class NodeImporter(NodeReader):
    """One node during import: its operands, and the place where its ops go."""

    def __init__(self, node: Node, program: Program):
        super().__init__(node)
        self.program = program
        self.opset = program.graph.opset
        self.inputs = [program.lookup(name) if name else None for name in node.inputs]
        self._location = name_location(node.name)

    # operands

    def given(self, index: int) -> bool:
        """Whether operand `index` is there: trailing and empty ones are optional."""
        return index < len(self.inputs) and self.inputs[index] is not None

    def input(self, index: int) -> Value:
        """Operand `index`, which must be there."""
        value = self.inputs[index] if index < len(self.inputs) else None
        return self.fail(f"input {index} is missing", "export the model again") if value is None else value

    def value(self, index: int) -> SSAValue:
        """Operand `index` as it is: real numbers, or integers that the graph reads or computes."""
        return self.ssa(self.input(index))

    def real(self, index: int, infinite: bool = False) -> SSAValue:
        """Operand `index` as a tensor of real numbers; a constant must be free of NaN, and of infinities as said."""
        value = self.input(index)
        if isinstance(value, Constant):
            self.check_numbers(value, infinite)
        return self.real_of(value)

    def real_of(self, value: Value) -> SSAValue:
        """`value` as a tensor of real numbers, integers as the numbers that they are."""
        if isinstance(value, Constant):
            number = value.array if value.array.dtype.kind == "f" else value.array.astype(np.float64)
            return self.ssa(value if number is value.array else Constant(value.name, number, FLOAT))
        if is_float(value.value.type):
            return value.value
        zero = self.int_constant(np.zeros((), np.int64), value.type)
        return self.emit(qnn.DequantizeLinearOp(value.value, self.float_constant(np.ones(())), zero, axis=0))

    def ssa(self, value: Value) -> SSAValue:
        """`value` as an SSA value."""
        return self.program.materialise(value) if isinstance(value, Constant) else value.value

    def constant(self, index: int, what: str) -> Array:
        """Operand `index`, which must be known at compile time."""
        value = self.input(index)
        if not isinstance(value, Constant):
            self.fail(f"its {what} is computed at run time", f"make the {what} a constant of the model")
        if value.array.dtype.kind == "f" and np.isnan(value.array).any():
            self.fail(f"its {what} {shown(value.name)} is NaN{_position(np.isnan(value.array))}", "export again")
        return value.array

    def single(self, index: int, what: str) -> float:
        """Operand `index`, which must be one number known at compile time."""
        array = self.constant(index, what)
        return float(array.ravel()[0]) if array.size == 1 else self.fail(f"its {what} is not one number")

    def check_numbers(self, constant: Constant, infinite: bool) -> None:
        """Refuse NaN, and infinities unless they are allowed."""
        if constant.array.dtype.kind != "f":
            return
        wrong = np.isnan(constant.array) if infinite else ~np.isfinite(constant.array)
        if wrong.any():
            number = constant.array[wrong][0]
            self.fail(f"tensor {shown(constant.name)} holds {number}{_position(wrong)}", "train or export again")

    def ints_input(self, index: int, attribute: str, what: str) -> list[int] | None:
        """Integers that are an attribute in old operator sets and an input in new ones; None where absent."""
        if self.has(attribute):
            return list(self.integers(attribute))
        return self.whole_numbers(index, what) if self.given(index) else None

    def whole_numbers(self, index: int, what: str) -> list[int]:
        """Operand `index` as a list of integers known at compile time."""
        array = self.constant(index, what)
        if array.dtype.kind not in "iu":
            self.fail(f"its {what} {shown(self.node.inputs[index])} holds no integers", "export the model again")
        return [int(i) for i in array.ravel()]

    def is_fixed(self, value: Value) -> bool:
        """Whether `value` depends on constants alone."""
        return isinstance(value, Constant) or value.value in self.program.fixed

    # results

    def emit(self, op: Operation) -> SSAValue:
        """Append `op`, located at this node; its first result."""
        return self.program.emit(op, self._location).results[0]

    def float_constant(self, array: Array) -> SSAValue:
        """A new constant of real numbers."""
        return self.program.constant(np.asarray(array, np.float64), FLOAT, self._location)

    def int_constant(self, array: Array, type_: int) -> SSAValue:
        """A new constant of ONNX integer type `type_`."""
        return self.program.constant(np.asarray(array), type_, self._location)

    def reshape(self, value: SSAValue, shape: Sequence[int]) -> SSAValue:
        """`value` in another shape."""
        return value if shape_of(value) == tuple(shape) else self.emit(qnn.ReshapeOp(value, tuple(shape)))

    def transpose(self, value: SSAValue, perm: Sequence[int]) -> SSAValue:
        """`value` with its axes in another order."""
        return value if list(perm) == sorted(perm) else self.emit(qnn.TransposeOp(value, tuple(perm)))

    def axis(self, axis: int, rank: int, value: SSAValue) -> int:
        """`axis` counted from the front; not the batch, where there is one."""
        if not -rank <= axis < rank:
            self.fail(f"axis {axis} of a tensor with {rank} axes", "export the model again")
        if axis % rank == 0 and self.batched(value):
            self.fail("works along the batch axis", "export with batch size 1")
        return axis % rank

    def batched(self, value: SSAValue) -> bool:
        """Whether the leading axis of `value` stands for more than one frame."""
        return self.program.graph.batched and value not in self.program.fixed

    def run(self) -> list[Value | None]:
        """Import the node: one value per output."""
        try:
            results = REGISTRY[self.node.domain, self.node.op_type](self)
        except VerifyException as error:
            raise UserError(str(error), self.node.place, "export the model again") from error
        values: list[Value | None] = [results] if isinstance(results, Constant | Tensor) else list(results)
        for value in values:
            if isinstance(value, Tensor) and prod(value.shape) > LARGEST:
                self.fail(f"result of shape {list(value.shape)} is too large", "use sensible sizes")
            if isinstance(value, Tensor) and self.batched(value.value) and value.shape[:1] != (1,):
                self.fail(f"mixes the frames of a batch: result of shape {list(value.shape)}", "export with batch 1")
        return values


def _position(wrong: Array) -> str:
    """Where the first one is: ` at [2, 2]`."""
    return f" at {np.argwhere(wrong)[0].tolist()}" if wrong.ndim else ""


__all__ = ["FLOAT", "NodeImporter", "Program", "Results", "Tensor", "Value", "imports", "shape_of"]
