"""
A process as its rules see it: what each side does when, and what its awaits guarantee. Pure NumPy, no IR.

Each side fires its iterations in order, frame after frame; how sides interleave depends on stalls. An await
`other.position > x` is all that orders them: it guarantees that every iteration of the other side whose position is
at most `x` has fired.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import SupportsInt

import numpy as np

from qnn_ir.analysis.schedule import Schedule, Vector


@dataclass(frozen=True)
class Access:
    """An access to memory or port `name` in the iterations where the term `when` holds, at the term `index`."""

    name: str
    when: int | None = None
    index: int | None = None


@dataclass(frozen=True)
class Await:
    """The side `side` has to come past the term `threshold` where the term `when` holds."""

    side: int
    threshold: int
    when: int | None = None


@dataclass(frozen=True)
class Bound:
    """The term `index` lies in `[lo, hi)`; `what` names it."""

    what: str
    index: int
    lo: int
    hi: int
    when: int | None = None


@dataclass(frozen=True)
class SideFacts:
    """What one side does; terms are numbers in its schedule."""

    name: str
    schedule: Schedule
    position: int | None = None
    awaits: list[Await] = field(default_factory=list[Await])
    reads: list[Access] = field(default_factory=list[Access])
    writes: list[Access] = field(default_factory=list[Access])
    loads: list[Access] = field(default_factory=list[Access])
    stores: list[Access] = field(default_factory=list[Access])
    bounds: list[Bound] = field(default_factory=list[Bound])

    def enabled(self, when: int | None) -> Vector:
        """In which iterations of a frame the term holds; in all where there is none."""
        return np.ones(self.schedule.iterations, bool) if when is None else self.schedule.at(when)

    def any_of(self, accesses: list[Access]) -> Vector:
        """In which iterations of a frame any of the accesses happens."""
        return np.any([self.enabled(a.when) for a in accesses] or [np.zeros(self.schedule.iterations, bool)], axis=0)


@dataclass(frozen=True)
class ProcessFacts:
    """A process: its sides, and the depth of each memory that is written (`state`) or constant (`roms`)."""

    sides: list[SideFacts]
    state: Mapping[str, int] = field(default_factory=dict[str, int])
    roms: Mapping[str, int] = field(default_factory=dict[str, int])
    has_inputs: bool = True


class Timeline:
    """
    A few frames of every side, with what the awaits guarantee.

    Iterations are numbered through all frames. Two frames show everything of a single side; of several, enough frames
    are unrolled for a ring that holds more than one.
    """

    def __init__(self, process: ProcessFacts):
        self.process = process
        self.sides = process.sides
        held = max((self._frames_held(name) for name in process.state), default=0)
        self.frames = 2 if len(process.sides) == 1 else 3 + held
        self.positions = [self._positions(side) for side in self.sides]
        self._required: dict[tuple[int, int], Vector] = {}
        self._thresholds: dict[tuple[int, int], Vector] = {}

    def _frames_held(self, memory: str) -> int:
        """How many frames the memory can hold at most."""
        stored = [int(s.enabled(a.when).sum()) for s in self.sides for a in s.stores if a.name == memory]
        return -(-self.process.state[memory] // max(sum(stored), 1))

    def _positions(self, side: SideFacts) -> Vector:
        """The position at each iteration; a side without one guarantees nothing."""
        if side.position is None:
            return np.full(self.frames * side.schedule.iterations, np.iinfo(np.int64).max)
        return side.schedule.over(side.position, self.frames)

    def iterations(self, side: SideFacts) -> int:
        """How many iterations the side has in all frames."""
        return self.frames * side.schedule.iterations

    def enabled(self, side: SideFacts, when: int | None) -> Vector:
        """Predicate `when` in all iterations of all frames."""
        return np.tile(side.enabled(when), self.frames)

    def frame_of(self, side: SideFacts, iterations: Vector) -> Vector:
        """The frame of each iteration."""
        return iterations // side.schedule.iterations

    def thresholds(self, side: int, other: int) -> Vector:
        """The largest position of `other` awaited in each iteration of `side` or before."""
        facts = self.sides[side]
        if (side, other) not in self._thresholds:
            schedule = facts.schedule
            result = np.full((self.frames, *schedule.axes), np.iinfo(np.int64).min)
            for wait in facts.awaits:
                if wait.side == other:
                    enabled = True if wait.when is None else schedule.grid(wait.when)
                    for frame, grid in enumerate(result):
                        np.maximum(grid, schedule.grid(wait.threshold, frame), out=grid, where=enabled)
            self._thresholds[side, other] = np.maximum.accumulate(result.ravel(), out=result.ravel())
        return self._thresholds[side, other]

    def fired(self, side: int, other: int) -> Vector:
        """How many iterations of `other` have fired for certain when each iteration of `side` fires."""
        if (side, other) not in self._required:
            if side == other:
                self._required[side, other] = np.arange(self.iterations(self.sides[side]))
            else:
                self._required[side, other] = _count_up_to(self.positions[other], self.thresholds(side, other))
        return self._required[side, other]

    def place(self, side: int, iteration: SupportsInt) -> str:
        """An iteration in words."""
        frame, index = divmod(int(iteration), self.sides[side].schedule.iterations)
        return f"iteration {index} of frame {frame} of side {self.sides[side].name}"


def _count_up_to(positions: Vector, thresholds: Vector) -> Vector:
    """For each threshold how many of the increasing `positions` are at most that."""
    if (np.diff(positions) == 1).all():
        lowest = positions[0] - 1  # position number k is lowest + 1 + k
        return np.clip(thresholds, lowest, positions[-1]) - lowest
    return np.searchsorted(positions, thresholds, "right")
