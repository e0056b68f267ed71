"""`qnn-split-host`: `@main` as three functions, of which the middle one becomes hardware."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum, auto

import numpy as np
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.dialects.func import FuncOp, ReturnOp
from xdsl.ir import Block, BlockArgument, Operation, Region, SSAValue
from xdsl.passes import ModulePass
from xdsl.rewriter import InsertPoint, Rewriter

from qnn_ir import maps
from qnn_ir.constants import location_name, type_range
from qnn_ir.dialects import qnn
from qnn_ir.dialects.qnn import integer_type
from qnn_ir.errors import UserError


class Place(Enum):
    """Where a value is computed."""

    CONSTANT = auto()
    """Depends on no input: copied to wherever it is used."""
    HOST = auto()
    """Before the accelerator, real."""
    ENTRY = auto()
    """Before the accelerator, but already an integer that it may read."""
    INSIDE = auto()
    """By the accelerator."""
    AFTER = auto()
    """Behind the accelerator."""


@dataclass(frozen=True)
class QnnSplitHostPass(ModulePass):
    """
    Outline `@main` into `@prologue` (real to integer), `@accelerator` (integer to integer) and `@epilogue` (integer to
    real); one follows the other.

    The prologue ends with `qnn.to_integer`, the epilogue begins with `qnn.to_real`. Results of the prologue: what the
    accelerator reads, then integers and outputs that bypass it. Arguments of the epilogue: what the accelerator
    computes, then what bypasses it.

    ```mlir
    func.func @main(%x: f32) -> f32 {        func.func @prologue(%x: f32) -> ui8 { to_integer }
      to_integer ; map ; to_real        ->   func.func @accelerator(%q: ui8) -> ui4 { map }
    }                                        func.func @epilogue(%q: ui4) -> f32 { to_real }
    ```
    """

    name = "qnn-split-host"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for function in [f for f in op.body.block.ops if isinstance(f, FuncOp) and f.sym_name.data == "main"]:
            for part in split(function):
                Rewriter.insert_op(part, InsertPoint.before(function))
            Rewriter.erase_op(function)


def split(function: FuncOp) -> tuple[FuncOp, FuncOp, FuncOp]:
    """
    Prologue, accelerator and epilogue. `UserError` where real numbers pass by, or come back.

    The accelerator of a network that only quantises carries its integers.
    """
    block = function.body.block
    places = place_values(block)
    if not _ops(block, places, Place.INSIDE):
        _carry(block)
        places = place_values(block)
    terminator = block.last_op
    assert isinstance(terminator, ReturnOp)
    inside = _ops(block, places, Place.INSIDE)
    after = _ops(block, places, Place.AFTER)
    if not inside:
        raise UserError(
            "nothing is left for the accelerator: no integer operator, map or join",
            "qnn-split-host",
            "run qnn-integerize first, on a network that computes more than one scale and bias",
        )
    read = _crossing(inside, places, (Place.HOST, Place.ENTRY))
    computed = _crossing((*after, terminator), places, (Place.INSIDE,))
    bypassing = _crossing((*after, terminator), places, (Place.HOST, Place.ENTRY))
    _check_residuals(after, places)
    before = [op for op in block.ops if op.results and places[op.results[0]] in (Place.HOST, Place.ENTRY)]
    prologue = _outline("prologue", block.args, before, [*read, *bypassing], function)
    accelerator = _outline("accelerator", read, inside, computed, function)
    epilogue = _outline("epilogue", [*computed, *bypassing], after, terminator.operands, function)
    prologue.arg_attrs, epilogue.res_attrs = function.arg_attrs, function.res_attrs
    return prologue, accelerator, epilogue


def _carry(block: Block) -> None:
    """An identity behind every integer that comes from the host."""
    for op in [op for op in block.ops if isinstance(op, qnn.ToIntegerOp)]:
        element = integer_type(op.result.type)
        assert element is not None
        one, zero = np.ones(1, np.int64), np.zeros(1, np.int64)
        same = qnn.MapAttr.from_map(maps.Requant(one, zero, 0, "floor", *type_range(element)))
        identity = qnn.MapOp(op.result, same, zero.reshape((1,) * len(qnn.shape_of(op.result))), element=element)
        identity.location = op.location
        op.result.replace_uses_with_if(identity.result, lambda use, to=identity: use.operation is not to)
        Rewriter.insert_op(identity, InsertPoint.after(op))


def place_values(block: Block) -> dict[SSAValue, Place]:
    """Where every value of a function is computed."""
    places: dict[SSAValue, Place] = {
        arg: Place.HOST if integer_type(arg.type) is None else Place.ENTRY for arg in block.args
    }
    for op in block.ops:
        place = _place(op, {places[operand] for operand in op.operands})
        places.update(dict.fromkeys(op.results, place))
    return places


def _place(op: Operation, operands: set[Place]) -> Place:
    if not operands - {Place.CONSTANT}:
        return Place.CONSTANT
    if Place.AFTER in operands:
        if isinstance(op, qnn.ToIntegerOp):
            raise UserError(
                "the network leaves the integers and enters them again",
                location_name(op),
                "quantise what is between, or cut the network here",
            )
        return Place.AFTER
    if operands & {Place.ENTRY, Place.INSIDE} and _is_integer(op):
        return Place.INSIDE
    if Place.INSIDE in operands:
        return Place.AFTER
    return Place.ENTRY if isinstance(op, qnn.ToIntegerOp) else Place.HOST


def _is_integer(op: Operation) -> bool:
    """Whether hardware computes `op`: integers in, integers out, and only the positions of the largest elements."""
    if isinstance(op, qnn.TopKOp) and op.values.uses:
        return False
    if isinstance(op, qnn.ArgMaxOp) and op.last_index.value.data:
        return False
    return all(integer_type(value.type) is not None for value in (*op.operands, *op.results))


def _check_residuals(after: Sequence[Operation], places: dict[SSAValue, Place]) -> None:
    """Nothing behind the accelerator mixes its results with real numbers from before it."""
    for op in after:
        for operand in op.operands:
            if places[operand] == Place.HOST:
                source = operand.owner
                name = location_name(source) if isinstance(source, Operation) else "the input"
                raise UserError(
                    f"real numbers from {name} pass by the accelerator",
                    location_name(op),
                    "quantise this path as well",
                )


def _ops(block: Block, places: dict[SSAValue, Place], place: Place) -> list[Operation]:
    return [op for op in block.ops if op.results and places[op.results[0]] == place]


def _crossing(users: Iterable[Operation], places: dict[SSAValue, Place], sources: tuple[Place, ...]) -> list[SSAValue]:
    """The values from `sources` that `users` read, in order of first use."""
    return list(dict.fromkeys(v for op in users for v in op.operands if places[v] in sources))


def _outline(
    name: str, arguments: Sequence[SSAValue], ops: Sequence[Operation], results: Sequence[SSAValue], origin: FuncOp
) -> FuncOp:
    """A function `name` of copies of `ops`; constants are copied where they are used first."""
    block = Block(arg_types=[value.type for value in arguments])
    values: dict[SSAValue, SSAValue] = {}
    for value, arg in zip(arguments, block.args, strict=True):
        values[value] = arg
        arg.name_hint = value.name_hint
        arg.location = value.location if isinstance(value, BlockArgument) else _operation(value).location
    for op in ops:
        _copy(op, block, values)
    for value in results:
        if value not in values:
            _copy(_operation(value), block, values)
    block.add_op(ReturnOp(*(values[value] for value in results)))
    types = [value.type for value in arguments], [value.type for value in results]
    function = FuncOp(name, types, Region(block))
    function.location = origin.location
    return function


def _operation(value: SSAValue) -> Operation:
    """The operation that computes `value`."""
    assert isinstance(value.owner, Operation)
    return value.owner


def _copy(op: Operation, block: Block, values: dict[SSAValue, SSAValue]) -> None:
    """Append a copy of `op` and, before it, of the constants it needs. Iterative: chains may be long."""
    pending = [op]
    while pending:
        current = pending[-1]
        missing = [v.owner for v in current.operands if v not in values and isinstance(v.owner, Operation)]
        if missing:
            pending.extend(missing)
            continue
        pending.pop()
        if current.results and current.results[0] in values:
            continue
        copied = current.clone(values)
        block.add_op(copied)
        values.update(zip(current.results, copied.results, strict=True))
