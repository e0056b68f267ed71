"""
One process: all frames at once where frames are independent, else frame after frame with interleaved sides.

*Batched*: the iterations of one frame run once, every value carrying all frames along its first axis. State is
undefined when the frame begins, so a process that would look at an earlier frame is noticed (`UndefinedError`), not
computed wrongly. *Sequential*: the semantics as defined, one frame after the other; `order` is how sides take turns
(`greedy`, `round_robin`, `random`), which results never depend on.
"""

import random
from collections.abc import Callable, Mapping, Sequence
from typing import Literal, TypeAlias

import numpy as np
from xdsl.ir import SSAValue

from qnn_ir.analysis.schedule import ControlError
from qnn_ir.constants import to_numpy
from qnn_ir.dialects import hlsc
from qnn_ir.interp.hlsc_side import Queue, SideProgram, SideState
from qnn_ir.interp.hlsc_steps import UndefinedError, Value, port_name
from qnn_ir.interp.hlsc_values import Array, HlscError, splat

Tokens: TypeAlias = list[Array]
"""The tokens of one frame at a port, in order; each carries all frames along its first axis."""

Order: TypeAlias = Literal["greedy", "round_robin", "random"]
Mode: TypeAlias = Literal["auto", "batched", "sequential"]


class ProcessProgram:
    """A compiled process; runs any number of times. `memories` has the words of each memory port."""

    def __init__(
        self, process: hlsc.ProcessOp, check: bool = False, memories: Mapping[SSAValue, Sequence[Array]] | None = None
    ):
        self.process = process
        self.where = f"process @{process.sym_name.data}"
        try:
            self.sides = [SideProgram(side, check) for side in process.sides]
        except ControlError as error:
            raise HlscError(f"{self.where}: {error}") from error
        self._roms: dict[SSAValue, list[Value]] = {
            m.result: _rom_words(m) for m in process.memories if isinstance(m, hlsc.RomOp)
        }
        self._roms |= {port: list(words) for port, words in (memories or {}).items()}
        if missing := [port for port in process.memory_ports if port not in self._roms]:
            raise HlscError(f"{self.where}: nothing is known of the words of {port_name(missing[0])}")

    def run(
        self, inputs: Sequence[Tokens], frames: int, mode: Mode = "auto", order: Order = "greedy", seed: int = 0
    ) -> list[Tokens]:
        """
        The tokens of each output port for the tokens of each input port, all per frame.

        Raises `HlscError` on a deadlock, a leftover token or a value outside its type.
        """
        try:
            if mode == "sequential":
                return self._sequential(inputs, frames, order, seed)
            return self._run(inputs, 1, order, seed, self._no_state())
        except UndefinedError as error:
            if mode != "auto":
                raise HlscError(f"{self.where}: {error}") from error
        except HlscError as error:
            raise HlscError(f"{self.where}: {error}") from error
        return self.run(inputs, frames, "sequential", order, seed)

    def _sequential(self, inputs: Sequence[Tokens], frames: int, order: Order, seed: int) -> list[Tokens]:
        """Every frame on its own along time, put together again at the outputs."""
        split = [[t[n if len(t) > 1 else 0][None] for n in range(frames) for t in tokens] for tokens in inputs]
        result: list[Tokens] = []
        for tokens, port in zip(
            self._run(split, frames, order, seed, self._reset()), self.process.outputs, strict=True
        ):
            if len(tokens) % frames:
                raise HlscError(f"{len(tokens)} tokens in {frames} frames at {port_name(port)}")
            count = len(tokens) // frames
            result.append([np.concatenate(tokens[j::count]) for j in range(count)])
        return result

    def _no_state(self) -> dict[SSAValue, list[Value]]:
        """Roms only: whatever is written is undefined."""
        result = dict(self._roms)
        for memory in self.process.memories:
            if memory.result not in result:
                result[memory.result] = [None] * memory.type.depth.data
        return result

    def _reset(self) -> dict[SSAValue, list[Value]]:
        """Roms and the initial values of registers."""
        result = self._no_state()
        for memory in self.process.memories:
            if isinstance(memory, hlsc.RegOp):
                result[memory.result] = [splat(memory.init.value.data, memory.type.value)]
        return result

    def _run(
        self, inputs: Sequence[Tokens], frames: int, order: Order, seed: int, memories: dict[SSAValue, list[Value]]
    ) -> list[Tokens]:
        queues: dict[SSAValue, Queue] = {port: Queue() for port in self.process.outputs}
        queues |= {port: Queue(tokens) for port, tokens in zip(self.process.inputs, inputs, strict=True)}
        sides = {p.name: SideState(p, memories, queues, frames) for p in self.sides}
        _TURNS[order](sides, random.Random(seed))
        for port in self.process.inputs:
            if left := len(queues[port]):
                raise HlscError(f"{left} of {len(queues[port].tokens)} tokens left over at port {port_name(port)}")
        return [queues[port].tokens for port in self.process.outputs]


def _rom_words(rom: hlsc.RomOp) -> list[Value]:
    data = to_numpy(rom.data).astype(np.int64)
    return list(data.reshape(rom.type.depth.data, 1, *hlsc.shape_of(rom.type.value)))


def _stuck(sides: dict[str, SideState]) -> HlscError:
    """What every side that is not done waits for."""
    waits = [
        f"side @{name} waits in iteration {s.k} of frame {s.frame} for {s.blocked(sides)}"
        for name, s in sides.items()
        if not s.done
    ]
    return HlscError("deadlock: " + "; ".join(waits))


def _greedy(sides: dict[str, SideState], rng: random.Random) -> None:
    """Each side runs as far as it can."""
    del rng
    while not all(s.done for s in sides.values()):
        fired = 0
        for side in sides.values():
            while not side.done and side.blocked(sides) is None:
                side.fire()
                fired += 1
        if not fired:
            raise _stuck(sides)


def _round_robin(sides: dict[str, SideState], rng: random.Random) -> None:
    """One iteration of each side in turn."""
    del rng
    while not all(s.done for s in sides.values()):
        ready = [s for s in sides.values() if not s.done and s.blocked(sides) is None]
        if not ready:
            raise _stuck(sides)
        for side in ready:
            if side.blocked(sides) is None:
                side.fire()


def _random(sides: dict[str, SideState], rng: random.Random) -> None:
    """One iteration of any side that can."""
    while not all(s.done for s in sides.values()):
        ready = [s for s in sides.values() if not s.done and s.blocked(sides) is None]
        if not ready:
            raise _stuck(sides)
        rng.choice(ready).fire()


_TURNS: dict[str, Callable[[dict[str, SideState], random.Random], None]] = {
    "greedy": _greedy,
    "round_robin": _round_robin,
    "random": _random,
}
