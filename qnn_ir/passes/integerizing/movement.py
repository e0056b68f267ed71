"""Rules of operators that move elements: the same function on data, groups and stored integers."""

from typing import Any

from numpy.typing import NDArray
from xdsl.ir import Operation, SSAValue

from qnn_ir.analysis.align import PairBase
from qnn_ir.analysis.value import Base, Value, move, moved_base
from qnn_ir.dialects import qnn
from qnn_ir.errors import UserError
from qnn_ir.passes.integerizing.tables import lookup
from qnn_ir.passes.integerizing.walk import Walk


def movement(walk: Walk, op: qnn.MovementOp) -> Value:
    """Transpose, reshape, slice, depth to space, resize."""
    return _moved(walk, op, op.operands[0], op.move, (op.operands[0], op.name, str(op.properties), op.result.type))


def gather(walk: Walk, op: qnn.GatherOp) -> Value:
    """Selected positions; or rows of a constant table at positions that the network reads."""
    indices = qnn.constant_value(op.indices)
    if indices is None:
        return lookup(walk, op)
    key = (op.x, op.name, op.indices, op.axis)
    positions = indices

    def select(array: NDArray[Any]) -> NDArray[Any]:
        return op.move(array, positions)

    return _moved(walk, op, op.x, select, key)


def _moved(walk: Walk, op: Operation, operand: SSAValue, function: Any, key: Any) -> Value:
    value = walk.materialize(operand)
    shape = qnn.shape_of(op.results[0])

    def moved(array: NDArray[Any]) -> NDArray[Any]:
        return function(array)

    if value.is_constant:
        return move(value, moved_base(value.base, shape, moved), moved)
    if isinstance(value.base, PairBase):
        value, _ = walk.affine(operand)
    # two functions of one tensor that move alike stay functions of one tensor
    key = (value.base, *key[1:])
    base = walk.moved.get(key)
    if base is None:
        base = walk.moved[key] = moved_base(value.base, shape, moved, _emit(walk, op, value.base))
    return move(value, base, moved)


def _emit(walk: Walk, op: Operation, base: Base) -> SSAValue:
    """The movement of the stored integers."""
    stored = walk.handle(base)
    match op:
        case qnn.ReshapeOp():
            return walk.emit(qnn.ReshapeOp(stored, qnn.shape_of(op.result)))
        case qnn.GatherOp():
            found = qnn.constant_value(op.indices)
            assert found is not None
            indices = walk.emit(qnn.ConstantOp(found))
            return walk.emit(qnn.GatherOp(stored, indices, op.axis.value.data))
        case qnn.TransposeOp():
            return walk.emit(qnn.TransposeOp(stored, op.perm.get_values()))
        case qnn.SliceOp():
            parts = (a.get_values() for a in (op.starts, op.ends, op.steps, op.axes))
            return walk.emit(qnn.SliceOp(stored, *parts))
        case qnn.DepthToSpaceOp():
            return walk.emit(qnn.DepthToSpaceOp(stored, op.block.value.data, op.mode.data))
        case qnn.ResizeOp():
            return walk.emit(qnn.ResizeOp(stored, op.scales.get_values()))
        case _:
            raise UserError(f"{op.name} moves no integers")
