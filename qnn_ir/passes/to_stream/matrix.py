"""Matrix-vector units."""

import numpy as np
from xdsl.dialects.builtin import IntegerType
from xdsl.ir import Operation, SSAValue

from qnn_ir.constants import IntArray, dense_int, int_type
from qnn_ir.dialects import qnn
from qnn_ir.dialects.qnn import constant_value, shape_of
from qnn_ir.dialects.stream import MvtuOp
from qnn_ir.passes.to_stream.arrange import vectors_of
from qnn_ir.passes.to_stream.state import Conversion, Unsupported
from qnn_ir.passes.to_stream.types import accumulator_type, integer_of


def matmul(op: qnn.MatMulOp, conversion: Conversion) -> None:
    """A matrix-vector unit on all vectors of the operand that is not constant."""
    a, b = constant_value(op.a), constant_value(op.b)
    if (a is None) == (b is None):
        raise Unsupported("a product of two computed tensors is not supported")
    # weights behind the data see its rows, weights in front of it see its columns
    weights, x, axis = (b, op.a, -1) if b is not None else (a, op.b, -2)
    assert weights is not None
    if weights.ndim > 2 and weights.size != weights.shape[-1] * weights.shape[-2]:
        raise Unsupported("a stack of weight matrices is not supported")
    if len(shape_of(x)) == 1:
        axis = -1
    matrix: IntArray = weights.reshape(weights.shape[-2:]) if weights.ndim > 1 else weights.reshape(1, -1)
    matrix = matrix.T if b is not None and weights.ndim > 1 else matrix
    wire, vectors = vectors_of(op, x, axis, conversion)
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
