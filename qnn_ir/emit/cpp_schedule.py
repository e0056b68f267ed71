"""
What a body looks like in C++, decided before anything is printed.

The body of a side is straight-line SSA on vectors. Three decisions make it a readable C++ body:

* *Forms.* A vector is kept as the bits of one word, as an array of lanes, or both, as its uses need.
* *Order.* What only feeds an effect under `when p` moves into that effect's `if (p)`. Stores move behind the last use
  of what they overwrite, since loads see the state before the iteration; so loads need no copy.
* *Loops.* Neighbouring lanewise operations of one shape share a loop over their lanes.
"""

from dataclasses import dataclass

from xdsl.ir import Operation, SSAValue

from qnn_ir.dialects import hlsc
from qnn_ir.emit.cpp_forms import (
    CONTROL,
    LANES,
    POINTWISE,
    WHOLE_WORD,
    Forms,
    is_state,
    is_view,
    live,
    read_whole,
    selects_words,
)


@dataclass(frozen=True)
class Step:
    """
    A statement: an operation and the predicate of the block that it stands in.

    A `select p, new, old` that merges has `inner`, the steps that make `new` and run only where `p` holds, and
    `stores`, those of `new` under `p`.
    """

    op: Operation
    guard: SSAValue | None = None
    inner: tuple["Step", ...] = ()
    stores: tuple["Step", ...] = ()


def merged_select(op: Operation) -> list[Operation]:
    """
    What runs only where the condition of the select `op` holds: a read under that condition and what follows it.

    Empty where `op` does not become `if (p) { x = new; } else { x = old; }`. The new value may also be stored `when p`.
    """
    if not isinstance(op, hlsc.SelectOp) or op.lhs is op.rhs or not selects_words(op):
        return []
    inner: set[Operation] = {op}
    for candidate in reversed(_operations_before(op)):
        users = {use.operation for result in candidate.results for use in result.uses}
        if candidate is op.lhs.owner:
            users -= {u for u in users if isinstance(u, hlsc.StoreOp) and u.when is op.condition}
        if candidate is op.rhs.owner:
            continue  # what the other choice needs
        if users and users <= inner and _runs_under(candidate, op.condition):
            inner.add(candidate)
    found = [o for o in _operations_before(op) if o in inner]
    return found if op.lhs.owner in inner and any(isinstance(o, hlsc.ReadOp) for o in found) else []


def _runs_under(op: Operation, condition: SSAValue) -> bool:
    """Whether `op` may be left out where `condition` does not hold."""
    if isinstance(op, hlsc.ReadOp):
        return op.when is condition
    return isinstance(op, (*POINTWISE, *WHOLE_WORD))


def _operations_before(op: Operation) -> list[Operation]:
    block = op.parent_block()
    assert block is not None
    operations = list(block.ops)
    return operations[: operations.index(op)]


class _Order:
    """Orders the operations of one side."""

    def __init__(self, side: hlsc.SideOp, forms: Forms):
        body = live(side)
        self.views = {op for op in body if is_view(op, forms)}
        self.ops = [op for op in body if op not in self.views and not isinstance(op, CONTROL)]
        self.inner = {op: inner for op in body if (inner := merged_select(op))}
        self.select_of = {o: select for select, inner in self.inner.items() for o in inner}
        self.stores = {select: self._stores_with(select, forms) for select in self.inner}
        self.guards = self._sink()
        self.done: set[Operation] = set()
        self.steps: list[Step] = []

    def _stores_with(self, select: Operation, forms: Forms) -> list[hlsc.StoreOp]:
        """
        The stores of what a merging select chooses anew that can stand beside the choice.

        There it is plain that what is kept is never stored again: else synthesis sees a loop from load to store.
        """
        assert isinstance(select, hlsc.SelectOp)
        stores = [use.operation for use in select.lhs.uses if isinstance(use.operation, hlsc.StoreOp)]
        return [
            op
            for op in stores
            if op.value is select.lhs
            and op.when is select.condition
            and (forms.of_memory[op.memory] != LANES or forms.of_value.get(select.result) == {LANES})
            and self._users_of_loads(op) <= {select}
        ]

    def _sink(self) -> dict[Operation, SSAValue]:
        """Operations that move into the guarded block of all their users."""
        guards: dict[Operation, SSAValue] = {}
        for op in reversed(self.ops):
            if isinstance(op, hlsc.WriteOp | hlsc.StoreOp):
                if op.when is not None:
                    guards[op] = op.when
            elif (
                not isinstance(op, hlsc.ReadOp)
                and not is_state(op)
                and op not in self.inner
                and op not in self.select_of
            ):
                wanted = {guards.get(use.operation) for result in op.results for use in result.uses}
                if len(wanted) == 1 and (guard := wanted.pop()) is not None:
                    guards[op] = guard
        return guards

    def run(self) -> list[Step]:
        beside = {store for stores in self.stores.values() for store in stores}
        stores = [op for op in self.ops if isinstance(op, hlsc.StoreOp) and op not in beside]
        for op in self.ops:
            if op in self.guards and not isinstance(op, hlsc.WriteOp):
                continue
            if isinstance(op, hlsc.StoreOp) or op in self.select_of:
                continue
            self._emit(op)
            for store in stores:
                if store not in self.done and self._ready(store):
                    self._emit(store)
        for store in stores:
            if store not in self.done:
                self._emit(store)
        return self.steps

    def _emit(self, op: Operation) -> None:
        """`op` after whatever was sunk into its block."""
        for needed in self._missing(op):
            self._append(needed)
        self._append(op)

    def _append(self, op: Operation) -> None:
        inner, stores = self.inner.get(op, []), self.stores.get(op, [])
        self.done |= {op, *inner, *stores}
        self.steps.append(Step(op, self.guards.get(op), tuple(map(Step, inner)), tuple(map(Step, stores))))

    def _missing(self, op: Operation) -> list[Operation]:
        """The sunk operations that `op` needs and that are not yet there, in order."""
        found: set[Operation] = set()
        pending = list(op.operands)
        while pending:
            owner = pending.pop().owner
            if isinstance(owner, Operation) and owner not in found and owner not in self.done and owner in self.guards:
                found.add(owner)
                pending += owner.operands
        return [o for o in self.ops if o in found]

    def _ready(self, store: hlsc.StoreOp) -> bool:
        """Whether its value exists and nobody will look at the old contents any more."""
        mine = {store, *self._missing(store)}
        value = self._statement_of(store.value)
        if value is not None and value not in self.done and value not in mine:
            return False
        return self._users_of_loads(store) <= self.done | mine

    def _users_of_loads(self, store: hlsc.StoreOp) -> set[Operation]:
        """Who looks at what the memory of `store` held before."""
        loads = [use.operation for use in store.memory.uses if isinstance(use.operation, hlsc.LoadOp)]
        return {
            use.operation if load in self.views else load
            for load in loads
            if load.parent is store.parent
            for use in load.result.uses
        }

    def _statement_of(self, value: SSAValue) -> Operation | None:
        owner = value.owner
        if not isinstance(owner, Operation) or owner in self.views:
            return None
        return self.select_of.get(owner, owner)


def ordered(side: hlsc.SideOp, forms: Forms) -> list[Step]:
    """The statements of a side in the order in which they are printed."""
    return _Order(side, forms).run()


@dataclass(frozen=True)
class LaneLoop:
    """Lanewise operations that share a loop over `shape`; stores come last."""

    shape: tuple[int, ...]
    ops: list[Operation]


@dataclass(frozen=True)
class Group:
    """A single statement or a loop, in the block of `guard`."""

    content: Operation | LaneLoop
    guard: SSAValue | None
    inner: tuple["Group", ...] = ()
    stores: tuple["Group", ...] = ()


def grouped(steps: list[Step], forms: Forms) -> list[Group]:
    """Join neighbouring lanewise operations into loops."""
    groups: list[Group] = []
    for step in steps:
        shape = lane_shape(step.op, forms)
        last = groups[-1] if groups else None
        if shape and last and last.guard is step.guard and _joins(last.content, step.op, shape):
            assert isinstance(last.content, LaneLoop)
            last.content.ops.append(step.op)
        else:
            inner, stores = (tuple(grouped(list(steps), forms)) for steps in (step.inner, step.stores))
            groups.append(Group(LaneLoop(shape, [step.op]) if shape else step.op, step.guard, inner, stores))
    return groups


def lane_shape(op: Operation, forms: Forms) -> tuple[int, ...]:
    """The lanes that `op` runs over; empty where it is a single statement."""
    if isinstance(op, POINTWISE):
        return hlsc.shape_of(op.results[0].type)
    if isinstance(op, hlsc.SelectOp) and not merged_select(op):
        by_lane = not selects_words(op) or forms.of_value.get(op.result) == {LANES}
        return hlsc.shape_of(op.result.type) if by_lane else ()
    if isinstance(op, hlsc.StoreOp) and forms.of_memory[op.memory] == LANES:
        return hlsc.shape_of(op.value.type)
    return ()


def _joins(content: Operation | LaneLoop, op: Operation, shape: tuple[int, ...]) -> bool:
    if not isinstance(content, LaneLoop) or content.shape != shape:
        return False
    if isinstance(content.ops[-1], hlsc.StoreOp) and not isinstance(op, hlsc.StoreOp):
        return False
    inside = set(content.ops)
    return not any(_sources(value) & inside for value in read_whole(op))


def _sources(value: SSAValue) -> set[Operation]:
    return {value.owner} if isinstance(value.owner, Operation) else set()
