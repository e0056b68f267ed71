"""Orders that run through the axes of a tensor one inside the other. Pure NumPy."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from qnn_ir.constants import IntArray


class Nest(NamedTuple):
    """
    A loop nest over a tensor of `shape`: `axes` outermost first, and for each axis (by its number) the sequence of its
    indices. Movements change axes and sequences one by one, where a flat order would say nothing about them.
    """

    shape: tuple[int, ...]
    axes: tuple[int, ...]
    sequences: tuple[IntArray, ...]

    @property
    def dims(self) -> tuple[int, ...]:
        """Sizes of the axes, outermost first."""
        return tuple(self.shape[axis] for axis in self.axes)

    def order(self) -> IntArray:
        """The row-major index of every element in turn."""
        numbers = np.arange(math.prod(self.shape), dtype=np.int64).reshape(self.shape)
        return numbers[np.ix_(*self.sequences)].transpose(self.axes).ravel()

    def inside(self, axis: int) -> int:
        """Elements that pass before the index of `axis` changes."""
        return math.prod(self.dims[self.axes.index(axis) + 1 :])

    def outside(self, axis: int) -> int:
        """How often the indices of `axis` are run through."""
        return math.prod(self.dims[: self.axes.index(axis)])

    def is_natural(self, axis: int) -> bool:
        """Whether the indices of `axis` pass in ascending order."""
        return bool((self.sequences[axis] == np.arange(self.shape[axis])).all())

    def with_axis(self, axis: int, sequence: IntArray) -> "Nest":
        """The nest after `axis` has been resized to the indices `sequence`."""
        shape, sequences = list(self.shape), list(self.sequences)
        shape[axis], sequences[axis] = sequence.size, sequence
        return Nest(tuple(shape), self.axes, tuple(sequences))

    def natural(self, axis: int) -> "Nest":
        """The nest with ascending indices of `axis`."""
        return self.with_axis(axis, np.arange(self.shape[axis]))

    def innermost(self, axis: int) -> "Nest":
        """The nest with `axis` inside all others."""
        return Nest(self.shape, (*(a for a in self.axes if a != axis), axis), self.sequences)


def nest_of(order: IntArray, shape: tuple[int, ...], axes: Sequence[int] | None = None) -> Nest | None:
    """The nest (over `axes`, where given) whose order is `order`; None where there is none."""
    coordinates = np.unravel_index(order, shape)
    if axes is None:
        axes = sorted(range(len(shape)), key=lambda axis: -_first_change(coordinates[axis]))
    sequences = list(coordinates)
    stride = 1
    for axis in reversed(axes):
        sequences[axis] = coordinates[axis][: stride * shape[axis] : stride]
        stride *= shape[axis]
    if any(np.unique(sequence).size != size for sequence, size in zip(sequences, shape, strict=True)):
        return None
    nest = Nest(shape, tuple(axes), tuple(np.asarray(sequence, np.int64) for sequence in sequences))
    return nest if np.array_equal(nest.order(), order) else None


def natural_nest(shape: tuple[int, ...], axes: Sequence[int]) -> Nest:
    """The nest over `axes` with ascending indices."""
    return Nest(shape, tuple(axes), tuple(np.arange(size) for size in shape))


def pixel_axes(rank: int) -> tuple[int, ...]:
    """The axes of an image [N, C, *spatial], the channels innermost."""
    return (0, *range(2, rank), 1)


def _first_change(values: IntArray) -> int:
    changes = values != values[0]
    return int(changes.argmax()) if changes.any() else values.size + 1
