"""
What simulation of a process can miss, proven on vectors. Pure NumPy, no IR.

The rules hold for every interleaving that the awaits allow:

* positions never decrease;
* every index lies within its memory;
* a port moves one token per iteration at most;
* no race: of a load and a store of one word in two sides, one is guaranteed to come first;
* frames are isolated: every enabled load of state sees a store of its own frame;
* no stuck tail: nothing of frame n waits for input of frame n + 1;
* no running ahead: no frame leaves before input of that frame has come;
* gaps are bounded: an awaited position and its threshold never differ by more than the memory they guard, so that
  hardware may compare them modulo a power of two;
* sides do not wait for each other for ever.
"""

from collections.abc import Callable, Iterator

import numpy as np

from qnn_ir.analysis.process_stores import Stores
from qnn_ir.analysis.process_timeline import Access, ProcessFacts, SideFacts, Timeline
from qnn_ir.analysis.schedule import Vector

FAR_FRAME = 1 << 20
"""A frame so late that an address that grows from frame to frame has left every memory."""

UNBOUNDED = 1 << 62
"""A position that nothing holds back."""


def violations(process: ProcessFacts) -> Iterator[str]:
    """One line for each rule that the process breaks, with the first place where it does."""
    for side in process.sides:
        side.schedule.check()
    yield from _index_bounds(process)
    yield from _one_token(process)
    timeline = Timeline(process)
    broken = list(_monotone(timeline))
    yield from broken
    if broken:
        return
    yield from _state(timeline)
    yield from _stuck_tails(timeline)
    yield from _running_ahead(timeline)
    yield from _gaps(timeline)
    yield from _mutual_waits(timeline)


def _index_bounds(process: ProcessFacts) -> Iterator[str]:
    """Addresses and other bounded indices, in early frames and in a far one."""
    depths = {**process.state, **process.roms}
    for side in process.sides:
        accesses = [(a.name, a.index, 0, depths[a.name], a.when) for a in (*side.loads, *side.stores)]
        bounds = [(b.what, b.index, b.lo, b.hi, b.when) for b in side.bounds]
        for what, index, lo, hi, when in accesses + bounds:
            if index is None:
                continue
            for frame in (0, 1, FAR_FRAME):
                values = side.schedule.grid(index, frame)
                if when is not None:
                    values, enabled = np.broadcast_arrays(values, side.schedule.grid(when))
                    values = values[enabled]
                if values.size and (values.min() < lo or values.max() >= hi):
                    yield f"{what}: index [{values.min()}, {values.max()}] is not in [{lo}, {hi})"
                    break


def _one_token(process: ProcessFacts) -> Iterator[str]:
    for side in process.sides:
        for verb, accesses in (("reads", side.reads), ("writes", side.writes)):
            for port in dict.fromkeys(a.name for a in accesses):
                count = np.sum([side.enabled(a.when) for a in accesses if a.name == port], axis=0)
                if count.max() > 1:
                    yield f"iteration {np.argmax(count > 1)} of side {side.name} {verb} port {port} twice"


def _monotone(t: Timeline) -> Iterator[str]:
    for i, positions in enumerate(t.positions):
        if (falls := np.flatnonzero(np.diff(positions) < 0)).size:
            yield f"the position decreases after {t.place(i, falls[0])}"


def _accesses(t: Timeline, memory: str, of: Callable[[SideFacts], list[Access]]) -> list[tuple[int, Access]]:
    """Each access to `memory` with the number of its side."""
    return [(i, access) for i, side in enumerate(t.sides) for access in of(side) if access.name == memory]


def _by_frame(t: Timeline, side: SideFacts, access: Access) -> Iterator[tuple[Vector, Vector]]:
    """The iterations in which the access happens, and its addresses, frame by frame: vectors stay short."""
    enabled = side.enabled(access.when)
    iterations = np.flatnonzero(enabled)
    for frame in range(t.frames):
        if access.index is None:
            addresses = np.zeros_like(iterations)
        else:
            addresses = side.schedule.at(access.index, frame)
            addresses = addresses if access.when is None else addresses[enabled]
        yield iterations + frame * side.schedule.iterations, addresses


def _state(t: Timeline) -> Iterator[str]:
    """Races, and loads that do not see their own frame."""
    for memory in t.process.state:
        stores = _accesses(t, memory, lambda side: side.stores)
        loads = _accesses(t, memory, lambda side: side.loads)
        if not stores:
            if any(t.sides[i].enabled(access.when).any() for i, access in loads):
                yield f"{memory} is loaded and never stored"
            continue
        writer = stores[0][0]
        side = t.sides[writer]
        written = Stores([vectors for _, a in stores for vectors in _by_frame(t, side, a)], t.iterations(side))
        if (twice := written.twice()) is not None:
            yield f"{t.place(writer, twice)} stores one word of {memory} twice"
        for reader, access in loads:
            yield from _load(t, (writer, written), reader, access)


def _load(t: Timeline, store: tuple[int, Stores], reader: int, load: Access) -> Iterator[str]:
    """Check one load: the last store that certainly came before is of its frame, the next certainly comes after."""
    writer, stores = store
    stored_after = np.append(t.fired(writer, reader), UNBOUNDED)
    foreign: list[tuple[int, int]] = []
    for frame, (iterations, addresses) in enumerate(_by_frame(t, t.sides[reader], load)):
        last_store, next_store = stores.around(addresses, t.fired(reader, writer)[iterations])
        raced = stored_after[next_store] <= iterations
        if reader != writer and raced.any():
            at = int(np.argmax(raced))
            yield f"race on {load.name}[{addresses[at]}]: {t.place(reader, iterations[at])} loads while " + (
                f"{t.place(writer, next_store[at])} may store"
            )
            return
        seen = t.frame_of(t.sides[writer], last_store)  # -1 where nothing was stored before
        wrong = np.flatnonzero(seen != frame)
        late = wrong[seen[wrong] >= 0]  # more telling than the very first frame, before which there is nothing
        foreign += [(int(iterations[at]), int(seen[at])) for at in (*late[:1], *wrong[:1])]
    if foreign:
        iteration, seen_frame = next((f for f in foreign if f[1] >= 0), foreign[0])
        yield _foreign_frame(t, load.name, reader, iteration, seen_frame)


def _foreign_frame(t: Timeline, memory: str, reader: int, iteration: int, seen: int) -> str:
    """Why a load that sees frame `seen` is wrong: a tail that waits for the next frame, or state that survives."""
    side, place = t.sides[reader], t.place(reader, iteration)
    offset = iteration % side.schedule.iterations
    if seen >= 0 and side.any_of(side.reads)[: offset + 1].any():
        return f"stuck tail: {place} needs {memory} of frame {seen} after it has read a later frame"
    return f"{place} loads {memory}, which is not stored in that frame before"


def _stuck_tails(t: Timeline) -> Iterator[str]:
    """A write of frame n must not await an iteration that follows a read of frame n + 1."""
    for i, side in enumerate(t.sides):
        writes = np.flatnonzero(side.any_of(side.writes))
        for j, other in enumerate(t.sides):
            reads = np.flatnonzero(other.any_of(other.reads))
            if i == j or not reads.size or not writes.size:
                continue
            for frame in range(t.frames - 1):
                of_frame = writes + frame * side.schedule.iterations
                next_read = reads[0] + (frame + 1) * other.schedule.iterations
                stuck = t.fired(i, j)[of_frame] > next_read
                if stuck.any():
                    place = t.place(i, of_frame[np.argmax(stuck)])
                    yield f"stuck tail: the write in {place} awaits input of the next frame"
                    break


def _running_ahead(t: Timeline) -> Iterator[str]:
    """The first write of a frame follows a read of that frame."""
    for i, side in enumerate(t.sides if t.process.has_inputs else []):
        writes = np.flatnonzero(side.any_of(side.writes))
        if not writes.size:
            continue
        first = writes[0] + side.schedule.iterations * np.arange(t.frames - 1)
        begun = np.zeros(t.frames - 1, bool)
        for j, other in enumerate(t.sides):
            reads = np.flatnonzero(other.any_of(other.reads))
            if reads.size:
                read = reads[0] + other.schedule.iterations * np.arange(t.frames - 1)
                begun |= (read <= first) if i == j else (t.fired(i, j)[first] > read)
        if not begun.all():
            yield f"{t.place(i, first[np.argmin(begun)])} writes before any input of that frame has come"


def _gaps(t: Timeline) -> Iterator[str]:
    """How far an awaited position can be from its threshold while the guard is looked at."""
    for i, side in enumerate(t.sides):
        for wait in side.awaits:
            looked = np.flatnonzero(t.enabled(side, wait.when))
            looked = looked[looked < 2 * side.schedule.iterations]
            if not looked.size:
                continue
            threshold = side.schedule.over(wait.threshold, t.frames)[looked]
            low, high = _reach(t, i, wait.side, looked)
            limit = _shared_words(t, i, wait.side)
            wrong = (high - threshold > limit) | (low - threshold < -limit)
            if wrong.any():
                at = int(np.argmax(wrong))
                reached = f"[{low[at]}, {high[at] if high[at] < UNBOUNDED else 'infinity'}]"
                yield (
                    f"unbounded gap: in {t.place(i, looked[at])} the position of side {t.sides[wait.side].name} is in "
                    f"{reached}, the threshold is {threshold[at]} and the memory has {limit} words"
                )


def _reach(t: Timeline, side: int, other: int, looked: Vector) -> tuple[Vector, Vector]:
    """The lowest and the highest position that `other` can have while `side` stands at the iterations `looked`."""
    positions = np.append(t.positions[other], UNBOUNDED)
    before = np.append(0, t.fired(side, other))[looked]
    held = np.searchsorted(t.thresholds(other, side), t.positions[side][looked], "left")
    return positions[before], positions[held]


def _shared_words(t: Timeline, side: int, other: int) -> int:
    """The words of all memories that both sides use."""
    used = [{a.name for a in (*s.loads, *s.stores)} for s in (t.sides[side], t.sides[other])]
    return sum(t.process.state.get(name, 0) for name in used[0] & used[1])


def _mutual_waits(t: Timeline) -> Iterator[str]:
    """Side i needs iteration k of side j, which needs iteration l of side i: l must come before."""
    for i in range(len(t.sides)):
        for j in range(i):
            needed = t.fired(i, j)
            back = np.append(0, t.fired(j, i))[needed]
            ahead = (back > np.arange(len(needed))) & (needed < len(t.positions[j]))
            if ahead.any():
                yield f"deadlock: {t.place(i, np.argmax(ahead))} and side {t.sides[j].name} wait for each other"
