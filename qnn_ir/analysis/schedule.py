"""
Static control as vectors: what every control value of a side is in every iteration of a frame. Pure NumPy, no IR.

A side of a process counts through *nests*; the first steps in every iteration, a later one where its advance
predicate holds. A control program is a list of *terms*, each a tuple that refers to earlier terms by number:

    ("counter", nest, place)               place 0 is the frame count of the nest, place i its i-th counter
    ("constant", value)
    ("affine", args, strides, const, mod)  (const + sum stride * arg), modulo `mod` unless that is 0
    ("cmp", "eq|ne|lt|le|gt|ge", a, b)   ("and", a, b)   ("or", a, b)   ("not", a)
    ("select", condition, a, b)            ("rom", values, index)
"""

from collections.abc import Callable, Mapping, Sequence
from math import prod
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Vector: TypeAlias = NDArray[Any]
Term: TypeAlias = tuple[Any, ...]

_COMPARE: dict[str, Callable[[Vector, Vector], Vector]] = {
    "eq": np.equal,
    "ne": np.not_equal,
    "lt": np.less,
    "le": np.less_equal,
    "gt": np.greater,
    "ge": np.greater_equal,
}


class ControlError(Exception):
    """Static control that is not well formed, with the reason."""


class Schedule:
    """
    The control of one side; its vectors have one entry per iteration of a frame.

    They are kept as grids, whose axes are the counters of the first nest: a term that depends on few counters has few
    values, however large the image.
    """

    def __init__(self, bounds: Sequence[Sequence[int]], terms: Sequence[Term], advances: Mapping[int, int]):
        self.bounds = [tuple(b) for b in bounds]
        self.iterations = prod(self.bounds[0])
        self.axes = self.bounds[0] or (1,)
        self._terms = terms
        self._advances = advances
        self._by_frame = _depend_on_frame(terms)
        self._memo: dict[tuple[int, int], Vector] = {}
        self._steps: dict[int, Vector] = {}
        self._open: set[int] = set()

    def at(self, slot: int, frame: int = 0) -> Vector:
        """The value of term `slot` in every iteration of `frame`: int64 or bool, shape (iterations,), read only."""
        return np.broadcast_to(self.grid(slot, frame), self.axes).reshape(-1)

    def grid(self, slot: int, frame: int = 0) -> Vector:
        """The same with one axis for each counter of the first nest, of length 1 where the term does not change."""
        key = slot, frame if self._by_frame[slot] else 0
        if key not in self._memo:
            self._memo[key] = self._evaluate(self._terms[slot], frame)
        return self._memo[key]

    def count(self, slot: int) -> int:
        """In how many iterations of a frame the predicate `slot` holds."""
        grid = self.grid(slot)
        return int(grid.sum()) * (self.iterations // grid.size)

    def fresh(self) -> "Schedule":
        """The same control with nothing kept: for a single look at one of many frames."""
        return Schedule(self.bounds, self._terms, self._advances)

    def depends_on_frame(self, slot: int) -> bool:
        """Whether the value of a term differs from frame to frame."""
        return self._by_frame[slot]

    def over(self, slot: int, frames: int) -> Vector:
        """The values of term `slot` in the frames `0 .. frames`, one after the other."""
        return np.concatenate([self.at(slot, frame) for frame in range(frames)])

    def check(self) -> None:
        """Fail unless every later nest wraps exactly once per frame, so that all frames are alike."""
        for nest in range(1, len(self.bounds)):
            count, size = self.count(self._advances[nest]), prod(self.bounds[nest])
            if count != size:
                raise ControlError(f"nest {nest} has {size} iterations and advances {count} times per frame")

    def _evaluate(self, term: Term, frame: int) -> Vector:
        kind, *rest = term
        if kind == "counter":
            return self._counter(rest[0], rest[1], frame)
        if kind == "constant":
            return self._scalar(rest[0])
        if kind == "affine":
            args, strides, const, mod = rest
            return self._affine(args, strides, const, mod, frame)
        if kind == "rom":
            return self._rom(rest[0], self.grid(rest[1], frame))
        if kind == "cmp":
            return _COMPARE[rest[0]](self.grid(rest[1], frame), self.grid(rest[2], frame))
        values = [self.grid(slot, frame) for slot in rest]
        if kind == "not":
            return ~values[0]
        if kind == "select":
            return np.where(*values)
        return values[0] & values[1] if kind == "and" else values[0] | values[1]

    def _counter(self, nest: int, place: int, frame: int) -> Vector:
        """A counter is an axis of the grid, or a mixed-radix digit of the number of steps so far."""
        if nest == 0:
            if place == 0:
                return self._scalar(frame)
            behind = (1,) * (len(self.axes) - place)
            return np.arange(self.axes[place - 1], dtype=np.int64).reshape(-1, *behind)
        steps, bounds = self._nest_steps(nest), self.bounds[nest]
        if place == 0:
            return frame + steps // prod(bounds)
        return steps // prod(bounds[place:]) % bounds[place - 1]

    def _nest_steps(self, nest: int) -> Vector:
        """How often a nest after the first has advanced before each iteration of a frame."""
        if nest not in self._steps:
            if nest in self._open:
                raise ControlError(f"the advance of nest {nest} depends on its own counters")
            self._open.add(nest)
            taken = self.at(self._advances[nest]).astype(np.int64)
            self._steps[nest] = (np.cumsum(taken) - taken).reshape(self.axes)
        return self._steps[nest]

    def _affine(self, args: Sequence[int], strides: Sequence[int], const: int, mod: int, frame: int) -> Vector:
        total = self._scalar(const)
        for slot, stride in sorted(zip(args, strides, strict=True), key=lambda term: self.grid(term[0], frame).size):
            total = total + stride * self.grid(slot, frame)
        return total % mod if mod else total

    def _scalar(self, value: int) -> Vector:
        """A grid that does not change."""
        return np.full((1,) * len(self.axes), value, np.int64)

    def _rom(self, values: Vector, index: Vector) -> Vector:
        if index.min() < 0 or index.max() >= len(values):
            raise ControlError(f"index [{index.min()}, {index.max()}] of a static table of {len(values)} values")
        return values[index].astype(np.int64)


def _depend_on_frame(terms: Sequence[Term]) -> list[bool]:
    """Which terms depend on a frame count."""
    result: list[bool] = []
    for term in terms:
        kind, rest = term[0], term[1:]
        if kind == "counter":
            result.append(rest[1] == 0)
            continue
        operands: dict[str, Sequence[int]] = {"constant": (), "affine": rest[0], "cmp": rest[1:], "rom": rest[1:]}
        result.append(any(result[slot] for slot in operands.get(kind, rest)))
    return result
