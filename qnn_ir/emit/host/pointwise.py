"""Prologues that treat every element alike: for inputs of few values the host may look their results up."""

from typing import Any, cast

from xdsl.dialects.builtin import DenseIntOrFPElementsAttr
from xdsl.ir import Operation, SSAValue

from qnn_ir.dialects import qnn
from qnn_ir.emit.host.network import HostFunction, constant_array, uniform

_POINTWISE = (
    qnn.QuantOp,
    qnn.BipolarQuantOp,
    qnn.QuantizeLinearOp,
    qnn.DequantizeLinearOp,
    qnn.AddOp,
    qnn.SubOp,
    qnn.MulOp,
    qnn.DivOp,
    qnn.ReluOp,
    qnn.ClipOp,
    qnn.UnaryOp,
    qnn.ToIntegerOp,
    qnn.ReshapeOp,
)
"""Operations whose results depend on the element at the same place and on their constant operands, nothing else."""


def is_pointwise(function: HostFunction) -> bool:
    """
    Whether the one result holds, in the order of the one argument's elements, one function of each of them.

    Sufficient, not necessary: constants are the same for all elements, and nothing moves.
    """
    if len(function.arguments) != 1 or len(function.results) != 1:
        return False
    varying: set[SSAValue] = {function.arguments[0]}
    for op in function.operations:
        if isinstance(op, qnn.ConstantOp):
            continue
        if not isinstance(op, _POINTWISE) or not _is_alike(op, varying):
            return False
        varying.update(op.results)
    return function.results[0] in varying


def _is_alike(op: Operation, varying: set[SSAValue]) -> bool:
    """Whether all operands vary with the argument, or are one number, as are all arrays in its properties."""
    for data in op.properties.values():
        if isinstance(data, DenseIntOrFPElementsAttr):
            array = cast("DenseIntOrFPElementsAttr[Any]", data)
            if len(set(array.iter_values())) > 1:
                return False
    return all(value in varying or uniform(constant_array(value)) is not None for value in op.operands)
