"""Matrix-vector units, and the types that they need."""

import numpy as np
from xdsl.dialects.builtin import IntegerType
from xdsl.ir import Operation, SSAValue

from qnn_ir.constants import IntArray, dense_int, int_type, type_range
from qnn_ir.dialects import qnn
from qnn_ir.dialects.qnn import constant_value, integer_type, shape_of
from qnn_ir.dialects.stream import MvtuOp
from qnn_ir.passes.to_stream.order import Vectors
from qnn_ir.passes.to_stream.state import Conversion, Unsupported, Wire


def matmul(op: qnn.MatMulOp, conversion: Conversion) -> None:
    """A matrix-vector unit on all vectors of the operand that is not constant."""
    a, b = constant_value(op.a), constant_value(op.b)
    if (a is None) == (b is None):
        raise Unsupported("a product of two computed tensors is not supported yet")
    # weights behind the data see its rows, weights in front of it see its columns
    weights, x, axis = (b, op.a, -1) if b is not None else (a, op.b, -2)
    assert weights is not None
    if len(weights.shape) < 2:
        raise Unsupported("a weight vector is not supported yet")
    if weights.size != weights.shape[-1] * weights.shape[-2]:
        raise Unsupported("a stack of weight matrices is not supported yet")
    if len(shape_of(x)) == 1:
        axis = -1
    matrix: IntArray = weights.reshape(weights.shape[-2], weights.shape[-1])
    matrix = matrix.T if b is not None else matrix
    wire = conversion.wire(x)
    vectors = vectors_of(wire, x, axis)
    actor = add_matrix_unit(
        op, wire.channel, matrix[:, vectors.columns], integer_of(x), vectors.vectors.size, conversion
    )
    conversion.define(op.result, actor.result, vectors.result_order(matrix.shape[0]))


def add_matrix_unit(
    op: Operation, source: SSAValue, matrix: IntArray, element: IntegerType, vectors: int, conversion: Conversion
) -> MvtuOp:
    """Append an actor for `matrix` (rows, columns) on `vectors` vectors of `source`; it stands for `op`."""
    weights = np.ascontiguousarray(matrix)
    actor = MvtuOp(
        conversion.layer(op),
        source,
        dense_int(weights),
        int_type(int(weights.min()), int(weights.max())),
        accumulator_type(weights, element),
        integer_of(op.results[0]),
        vectors=vectors,
    )
    conversion.emit(op, actor)
    return actor


def accumulator_type(weights: IntArray, element: IntegerType) -> IntegerType:
    """A type for every partial sum of `weights` (rows, columns) times elements of type `element`, in any sequence."""
    lo, hi = type_range(element)
    lows, highs = np.minimum(weights * lo, weights * hi), np.maximum(weights * lo, weights * hi)
    return int_type(int(np.minimum(lows, 0).sum(axis=1).min()), int(np.maximum(highs, 0).sum(axis=1).max()))


def integer_of(value: SSAValue) -> IntegerType:
    """The element type of a tensor of integers; `Unsupported` for floats."""
    element = integer_type(value.type)
    if element is None:
        raise Unsupported("it is not in integer form")
    return element


def vectors_of(wire: Wire, value: SSAValue, axis: int) -> Vectors:
    """`value` as vectors along `axis`; `Unsupported` where they do not arrive one after the other."""
    try:
        return Vectors(wire.order, shape_of(value) or (1,), axis)
    except ValueError as error:
        raise Unsupported(f"its input would have to be reordered in memory ({error})") from error
