"""
A side as a program: its static control is evaluated once, what is left is a list of steps for each iteration.

An operation runs only in iterations where an enabled write or store needs its result (control is static, so this is
known), which also decides exactly where an undefined value would be observed.
"""

from collections.abc import Sequence

import numpy as np
from xdsl.ir import SSAValue

from qnn_ir.analysis.schedule import Schedule
from qnn_ir.dialects import hlsc
from qnn_ir.interp.hlsc_steps import Mask, Step, Value, entries, port_name
from qnn_ir.interp.hlsc_values import Array


class Queue:
    """The tokens of a port, in order; a reader takes from `taken` on."""

    def __init__(self, tokens: Sequence[Array] = ()):
        self.tokens = list(tokens)
        self.taken = 0

    def __len__(self) -> int:
        return len(self.tokens) - self.taken

    def pop(self) -> Array:
        """The next token."""
        self.taken += 1
        return self.tokens[self.taken - 1]


class SideProgram:
    """The compiled form of one side; shared by all runs."""

    def __init__(self, side: hlsc.SideOp, check: bool = False):
        self.name = side.sym_name.data
        self.check = check
        terms, self.slots, advances = side.control()
        self.schedule = Schedule(side.bounds, terms, advances)
        self.schedule.check()
        self.iterations = self.schedule.iterations
        self.ops = list(side.body.block.ops)
        self.position = next((self.slots[op.index] for op in self.ops if isinstance(op, hlsc.PositionOp)), None)
        self.awaits = [
            (op.side.string_value(), self.slots[op.index], self.enabled(op.when).tolist())
            for op in self.ops
            if isinstance(op, hlsc.AwaitOp)
        ]
        self.reads = [(op.port, self.enabled(op.when).tolist()) for op in self.ops if isinstance(op, hlsc.ReadOp)]
        self.indices: set[int] = {slot for _, slot, _ in self.awaits} | ({self.position} - {None})  # pyright: ignore
        self._number: dict[SSAValue, int] = {}
        self._needed: dict[SSAValue, Mask] = {}
        self._find_needed()
        self.plan = self._plan()
        self.values = len(self._number)

    def enabled(self, when: SSAValue | None) -> Mask:
        """In which iterations a predicate holds."""
        return np.ones(self.iterations, bool) if when is None else self.schedule.at(self.slots[when])

    def index(self, value: SSAValue) -> int:
        """The slot of a static integer that steps look up."""
        self.indices.add(self.slots[value])
        return self.slots[value]

    def number(self, value: SSAValue) -> int:
        """The place of a data value in the environment."""
        return self._number.setdefault(value, len(self._number))

    def needed(self, value: SSAValue) -> Mask:
        """In which iterations the value is observed."""
        return self._needed.get(value, np.zeros(self.iterations, bool))

    def _need(self, value: SSAValue, where: Mask) -> None:
        if value not in self.slots:
            self._needed[value] = self.needed(value) | where

    def _find_needed(self) -> None:
        for op in reversed(self.ops):
            if isinstance(op, hlsc.WriteOp | hlsc.StoreOp):
                self._need(op.value, self.enabled(op.when))
            elif isinstance(op, hlsc.SelectOp):
                where, condition = self.needed(op.result), self.enabled(op.condition)
                self._need(op.lhs, where & condition)
                self._need(op.rhs, where & ~condition)
            elif op.results and op.results[0] not in self.slots:
                for operand in op.operands:
                    self._need(operand, self.needed(op.results[0]))

    def _plan(self) -> list[list[Step]]:
        """The steps of each iteration; stores last, since loads see the state before the iteration."""
        stores = [op for op in self.ops if isinstance(op, hlsc.StoreOp)]
        others = [op for op in self.ops if not isinstance(op, hlsc.StoreOp)]
        found = [entry for op in (*others, *stores) for entry in entries(self, op)]
        if not found:
            return [[] for _ in range(self.iterations)]
        masks = np.packbits(np.array([mask for mask, _ in found]), axis=0)
        patterns, which = np.unique(masks, axis=1, return_inverse=True)
        active = np.unpackbits(patterns, axis=0, count=len(found)).astype(bool)
        steps = [[step for on, (_, step) in zip(column, found, strict=True) if on] for column in active.T]
        return [steps[i] for i in which.reshape(-1).tolist()]


class SideState:
    """One run of a side: its place in time and its environment."""

    def __init__(
        self, program: SideProgram, memories: dict[SSAValue, list[Value]], queues: dict[SSAValue, Queue], frames: int
    ):
        self.program, self.memories, self.queues, self.frames = program, memories, queues, frames
        self.env: list[Value] = [None] * program.values
        self.frame = self.k = 0
        self.fixed = {i: program.schedule.at(i).tolist() for i in program.indices if not self._moves(i)}
        self._enter(0)

    def _moves(self, slot: int) -> bool:
        return self.program.schedule.depends_on_frame(slot)

    def _enter(self, frame: int) -> None:
        schedule = self.program.schedule.fresh() if frame > 2 else self.program.schedule
        moving = {i: schedule.at(i, frame).tolist() for i in self.program.indices if self._moves(i)}
        self.lists = self.fixed | moving

    @property
    def done(self) -> bool:
        """Whether all frames have passed."""
        return self.frame == self.frames

    @property
    def position(self) -> int:
        """The position at the current, not yet fired iteration."""
        slot = self.program.position
        assert slot is not None, "the verifier demands a position of every awaited side"
        return self.lists[slot][self.k]

    def blocked(self, sides: dict[str, "SideState"]) -> str | None:
        """What the current iteration waits for, if anything."""
        k = self.k
        for name, slot, when in self.program.awaits:
            if when[k] and sides[name].position <= self.lists[slot][k]:
                return f"side @{name} to come past {self.lists[slot][k]}, it is at {sides[name].position}"
        for port, when in self.program.reads:
            if when[k] and not self.queues[port]:
                return f"token {self.queues[port].taken} of port {port_name(port)}"
        return None

    def fire(self) -> None:
        """Run the current iteration."""
        k = self.k
        for step in self.program.plan[k]:
            step(self, k)
        self.k += 1
        if self.k == self.program.iterations:
            self.k, self.frame = 0, self.frame + 1
            self._enter(self.frame)
