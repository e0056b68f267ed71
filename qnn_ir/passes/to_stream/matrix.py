"""Matrix-vector units."""

import math

import numpy as np
from xdsl.dialects.builtin import IntegerType
from xdsl.ir import Operation, SSAValue

from qnn_ir.constants import IntArray, dense_int, int_type
from qnn_ir.dialects import qnn
from qnn_ir.dialects.qnn import constant_value, shape_of
from qnn_ir.dialects.stream import ConcatOp, MvtuOp, channel
from qnn_ir.passes.to_stream.arrange import arranged, vectors_of
from qnn_ir.passes.to_stream.movement import cropped
from qnn_ir.passes.to_stream.nests import natural_nest
from qnn_ir.passes.to_stream.order import Vectors
from qnn_ir.passes.to_stream.state import Conversion, Unsupported, Wire
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
        return _stacked(op, x, weights if b is not None else np.swapaxes(weights, -1, -2), axis, conversion)
    if len(shape_of(x)) == 1:
        axis = -1
    matrix: IntArray = weights.reshape(weights.shape[-2:]) if weights.ndim > 1 else weights.reshape(1, -1)
    matrix = matrix.T if b is not None and weights.ndim > 1 else matrix
    wire, vectors = vectors_of(op, x, axis, conversion)
    actor = add_matrix_unit(
        op, wire.channel, matrix[:, vectors.columns], integer_of(x), vectors.vectors.size, conversion
    )
    return conversion.define(op.result, actor.result, vectors.result_order(matrix.shape[0]))


def _stacked(op: qnn.MatMulOp, x: SSAValue, weights: IntArray, axis: int, conversion: Conversion) -> None:
    """
    Matrices (columns, rows) along leading axes: a unit per matrix of the data, with all matrices that this one meets.

    Units whose data come one after the other write one after the other.
    """
    result, source = shape_of(op.result), shape_of(x)
    leading, stack = result[:-2], math.prod(source[:-2])
    matrices = np.broadcast_to(weights, (*leading, *weights.shape[-2:])).reshape(-1, *weights.shape[-2:])
    readers = np.broadcast_to(np.arange(stack).reshape(source[:-2] or (1,)), leading or (1,)).ravel()
    numbers = np.arange(math.prod(result)).reshape(-1, *result[-2:])  # (matrix, vector, row) of the result
    numbers = numbers if axis == -1 else np.swapaxes(numbers, 1, 2)
    wire, vectors = _matrix_by_matrix(op, x, axis, stack, conversion)
    channels, orders = list[SSAValue](), list[IntArray]()
    sequence = vectors.vectors.reshape(stack, -1) % numbers.shape[1]
    for index, place in enumerate(sequence):
        meets = np.flatnonzero(readers == index)
        matrix = np.moveaxis(matrices[meets], 2, 1)[:, :, vectors.columns].reshape(-1, vectors.columns.size)
        part = _part_of(op, wire.channel, index, stack, conversion)
        channels.append(add_matrix_unit(op, part, matrix, integer_of(x), place.size, conversion).result)
        orders.append(np.moveaxis(numbers[meets][:, place], 0, 1).ravel())
    joined = channels[0]
    if stack > 1:
        name, lengths = conversion.names.take(f"{conversion.stem(op)}_concat"), [order.size for order in orders]
        actor = ConcatOp(name, channels, lengths, integer_of(op.result))
        conversion.emit(op, actor)
        joined = actor.result
    conversion.define(op.result, joined, np.concatenate(orders))


def _matrix_by_matrix(
    op: Operation, x: SSAValue, axis: int, stack: int, conversion: Conversion
) -> tuple[Wire, Vectors]:
    """The `stack` matrices of `x` one after the other, as vectors along `axis`."""
    wire, vectors = vectors_of(op, x, axis, conversion)
    wanted = np.arange(stack)[:, None]
    # the number of a vector counts the other axes row-major, so that its matrix comes first
    if (vectors.vectors.reshape(stack, -1) * stack // vectors.vectors.size != wanted).any():
        rank = len(shape_of(x))
        axes = (*range(rank - 2), rank - 2, rank - 1) if axis == -1 else (*range(rank - 2), rank - 1, rank - 2)
        target = natural_nest(shape_of(x), axes).order()
        wire = arranged(op, wire, shape_of(x), target, conversion)
        vectors = Vectors(target, shape_of(x), axis)
    return wire, vectors


def _part_of(op: Operation, source: SSAValue, index: int, count: int, conversion: Conversion) -> SSAValue:
    """Part `index` of `count` equal parts of a frame."""
    if count == 1:
        return source
    size = channel(source).elements // count
    name = conversion.names.take(f"{conversion.stem(op)}_part")
    return cropped(op, source, (count, size), [(index, 1, 1), (0, size, 1)], name, conversion)


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
