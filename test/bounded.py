"""Tokens without data: does a top run with channels of finite depth? Control is static, so counting is enough."""

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from xdsl.ir import SSAValue

from qnn_ir.analysis.process_timeline import SideFacts
from qnn_ir.dialects.hlsc import CallOp, ProcessOp, ReadOp, SideOp, TopOp, WriteOp
from qnn_ir.passes.hlsc_verify_processes import process_facts


@dataclass
class Fifo:
    """How many tokens a channel has seen come and go, and how many it can hold."""

    depth: float
    pushed: int = 0
    popped: int = 0
    most: int = 0


@dataclass
class Side:
    """One side: for each iteration of all frames its position, what it awaits, reads and writes."""

    where: str
    positions: list[int]
    awaits: list[tuple["Side", list[int], list[bool]]] = field(default_factory=list)
    reads: list[tuple[Fifo, list[bool]]] = field(default_factory=list)
    writes: list[tuple[Fifo, list[bool]]] = field(default_factory=list)
    done: int = 0

    def step(self) -> bool:
        """Run the next iteration if nothing is missing."""
        k = self.done
        if k == len(self.positions):
            return False
        for side, threshold, when in self.awaits:
            if when[k] and side.done < len(side.positions) and side.positions[side.done] <= threshold[k]:
                return False
        if any(when[k] and f.pushed == f.popped for f, when in self.reads):
            return False
        if any(when[k] and f.pushed - f.popped >= f.depth for f, when in self.writes):
            return False
        for fifo, when in self.reads:
            fifo.popped += when[k]
        for fifo, when in self.writes:
            fifo.pushed += when[k]
            fifo.most = max(fifo.most, fifo.pushed - fifo.popped)
        self.done += 1
        return True


def run_bounded(top: TopOp, frames: int, depths: dict[str, int] | None = None) -> list[str]:
    """Run `frames` frames with the depths of the top (or those given by channel name); the sides that got stuck."""
    fifos: dict[SSAValue, Fifo] = {
        c.result: Fifo((depths or {}).get(c.label.data, c.depth.value.data)) for c in top.channels
    }
    for port in top.body.block.args:
        fifos[port] = Fifo(float("inf"), pushed=1 << 60 if port in top.inputs else 0)
    sides = [side for call in top.calls for side in sides_of(call.process(), dict(_connected(call, fifos)), frames)]
    while sum(run_on(side) for side in sides):
        pass
    return [side.where for side in sides if side.done < len(side.positions)]


def run_on(side: Side) -> int:
    """Run as far as possible; how many iterations that were."""
    count = 0
    while side.step():
        count += 1
    return count


def _connected(call: CallOp, fifos: dict[SSAValue, Fifo]) -> Iterable[tuple[SSAValue, Fifo]]:
    return zip(call.process().ports, (fifos[c] for c in call.channels), strict=True)


def sides_of(process: ProcessOp, fifos: dict[SSAValue, Fifo], frames: int) -> list[Side]:
    """The sides of a process whose ports are connected to `fifos`."""
    facts = process_facts(process)
    sides: list[Side] = []
    for fact in facts.sides:
        count = fact.schedule.iterations * frames
        positions = np.zeros(count, np.int64) if fact.position is None else fact.schedule.over(fact.position, frames)
        sides.append(Side(f"{process.sym_name.data}{fact.name}", positions.tolist()))
    for side, fact, op in zip(sides, facts.sides, process.sides, strict=True):
        for wait in fact.awaits:
            when = np.tile(fact.enabled(wait.when), frames).tolist()
            side.awaits.append((sides[wait.side], fact.schedule.over(wait.threshold, frames).tolist(), when))
        side.reads, side.writes = (_accesses(op, kind, fact, fifos, frames) for kind in (ReadOp, WriteOp))
    return sides


def _accesses(
    op: SideOp, kind: type[ReadOp | WriteOp], fact: SideFacts, fifos: dict[SSAValue, Fifo], frames: int
) -> list[tuple[Fifo, list[bool]]]:
    _, slots, _ = op.control()
    found = [o for o in op.body.block.ops if isinstance(o, kind)]
    return [
        (fifos[o.port], np.tile(fact.enabled(None if o.when is None else slots[o.when]), frames).tolist())
        for o in found
    ]
