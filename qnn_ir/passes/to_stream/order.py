"""
Orders: in which sequence the elements of a tensor travel. Pure NumPy, and layouts.

An order is an array with the row-major index of the k-th element at position k. A reshape leaves it as it is; any
other movement renames the indices; a matrix takes it up in the order of its columns.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from qnn_ir.constants import IntArray
from qnn_ir.dialects.stream import LayoutAttr


class Vectors:
    """
    A stream as vectors along one axis of `shape`: what a matrix or a selection along that axis sees.

    `columns` is the common order inside the vectors, `vectors` the sequence of vectors (numbered row-major over the
    other axes).
    """

    def __init__(self, order: IntArray, shape: tuple[int, ...], axis: int):
        """Raises `ValueError` where a vector does not arrive in one piece, or each in another order."""
        axis %= len(shape)
        self.others = (*shape[:axis], *shape[axis + 1 :])
        self.axis = axis
        numbers = np.arange(order.size, dtype=np.int64).reshape(shape)
        vector = np.empty(order.size, np.int64)
        column = np.empty(order.size, np.int64)
        in_vectors = np.moveaxis(numbers, axis, -1).reshape(-1, shape[axis])
        vector[in_vectors] = np.arange(in_vectors.shape[0])[:, None]
        column[in_vectors] = np.arange(shape[axis])
        sequence, positions = vector[order].reshape(in_vectors.shape), column[order].reshape(in_vectors.shape)
        if (sequence != sequence[:, :1]).any():
            raise ValueError("its vectors arrive interleaved")
        if (positions != positions[:1]).any():
            raise ValueError("its vectors arrive in different orders")
        self.vectors, self.columns = sequence[:, 0], positions[0]

    def result_order(self, length: int) -> IntArray:
        """The order of a result with `length` elements on the axis, vector after vector."""
        count = self.vectors.size
        shape = (*self.others[: self.axis], length, *self.others[self.axis :])
        numbers = np.arange(count * length, dtype=np.int64).reshape(shape)
        return np.moveaxis(numbers, self.axis, -1).reshape(count, length)[self.vectors].ravel()


def moved(order: IntArray, shape: tuple[int, ...], move: Callable[[IntArray], IntArray]) -> IntArray | None:
    """The order after `move`, or None where that drops, repeats or adds elements."""
    source = move(np.arange(order.size, dtype=np.int64).reshape(shape)).ravel()
    if source.size != order.size or not np.array_equal(np.sort(source), np.arange(order.size)):
        return None
    place = np.empty(order.size, np.int64)
    place[source] = np.arange(order.size)
    return place[order]


def period(values: NDArray[np.int64], multiple: int = 1) -> IntArray:
    """The shortest beginning of `values`, a multiple of `multiple` long, that repeats to give all of it."""
    for length in range(multiple, values.size, multiple):
        if values.size % length == 0 and (values.reshape(-1, length) == values[:length]).all():
            return values[:length]
    return values


def layout_of(order: IntArray, shape: tuple[int, ...]) -> LayoutAttr | None:
    """The layout that describes `order` of a tensor of `shape`, None where no transposition of a view does."""
    if np.array_equal(order, np.arange(order.size)):
        return LayoutAttr(shape or (1,))
    axes: list[tuple[int, int]] = []  # (stride, size), innermost first
    block = 1
    while block < order.size:
        stride, count = int(order[block] - order[0]), 1
        while np.array_equal(order[count * block : (count + 1) * block], order[:block] + count * stride):
            count += 1
            if (count + 1) * block > order.size:
                break
        if count == 1 or stride <= 0:
            return None
        axes.append((stride, count))
        block *= count
    if block != order.size:
        return None
    outermost_first = list(reversed(axes))
    by_stride = sorted(outermost_first, reverse=True)
    layout = LayoutAttr([size for _, size in by_stride], [by_stride.index(axis) for axis in outermost_first])
    numbers = np.arange(order.size).reshape(1, *layout.dims)
    return layout if np.array_equal(layout.pack(numbers)[0], order) else None
