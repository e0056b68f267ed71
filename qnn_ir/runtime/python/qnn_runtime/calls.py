"""The queue of calls: while the accelerator computes one batch the host packs the next and unpacks the last."""

from __future__ import annotations

from collections import deque
from typing import Any, Callable

from .errors import DriverError
from .shell import Buffers, Shell

_BUFFER_BYTES = 1 << 20
"""Of the largest port, where the caller does not say how many frames a call takes."""
_MOST_FRAMES = 4096


class Call:
    """One batch: its buffers, and what is done with its outputs."""

    def __init__(self, slot: Buffers, frames: int, collect: Callable[[list[Any]], None]) -> None:
        self.slot = slot
        self.frames = frames
        self.collect = collect
        self.handle: Any = None


class Calls:
    """
    Batches through a shell, in order.

    There is one slot more than calls can be under way, so one batch is packed while the others run.
    """

    def __init__(self, shell: Shell, inputs: list[int], outputs: list[int], batch: int | None, timeout: float) -> None:
        self._shell, self._timeout = shell, timeout
        self._inputs, self._outputs = inputs, outputs
        self.batch = _batch(max(inputs), max(outputs), shell.max_output_bytes, batch)
        sizes = [[self.batch * size for size in ends] for ends in (inputs, outputs)]
        self._slots = [shell.allocate(*sizes) for _ in range(shell.depth + 1)]
        self._free = list(self._slots)
        self._packed: deque[Call] = deque()
        self._running: deque[Call] = deque()
        self._failure = ""

    @property
    def has_free_slot(self) -> bool:
        """Whether a batch can be packed without waiting."""
        return bool(self._free)

    @property
    def busy(self) -> bool:
        """Whether calls are under way."""
        return bool(self._running)

    def submit(self, frames: int, fill: Callable[[list[Any]], None], collect: Callable[[list[Any]], None]) -> None:
        """
        Pack a batch of at most `batch` frames and start it as soon as the accelerator is free.

        `fill` writes the words into the buffers of the input ports, `collect` takes those of the output ports.
        """
        self._check()
        while not self._free:
            self.advance()
        slot = self._free.pop()
        try:
            fill([_part(data, frames * size) for data, size in zip(slot.inputs, self._inputs)])
        except BaseException:
            self._free.append(slot)
            raise
        self._packed.append(Call(slot, frames, collect))
        self._start()

    def advance(self) -> None:
        """Wait for the oldest call, start the next, hand over the results."""
        self._check()
        try:
            self._shell.wait(self._running[0].handle, self._timeout)
        except DriverError as error:
            self._fail(error)
            raise
        self._finish()

    async def advance_async(self) -> None:
        """As `advance`, other tasks run meanwhile."""
        self._check()
        call = self._running[0]
        try:
            await self._shell.wait_async(call.handle, self._timeout)
        except DriverError as error:
            self._fail(error)
            raise
        if self._running and self._running[0] is call:  # another task may have been faster
            self._finish()

    def drain(self) -> None:
        """Finish all calls."""
        while self._running:
            self.advance()

    def release(self) -> None:
        """Give the buffers back."""
        for slot in self._slots:
            self._shell.release(slot)
        self._slots = []
        self._failure = self._failure or "it was closed"

    def _start(self) -> None:
        while self._packed and len(self._running) < self._shell.depth:
            call = self._packed.popleft()
            try:
                call.handle = self._shell.start(call.slot, call.frames)
            except DriverError as error:
                self._fail(error)
                raise
            self._running.append(call)

    def _finish(self) -> None:
        call = self._running.popleft()
        self._start()
        outputs = [_part(data, call.frames * size) for data, size in zip(call.slot.outputs, self._outputs)]
        call.collect([data.reshape(call.frames, -1) for data in outputs])
        self._free.append(call.slot)

    def _fail(self, error: DriverError) -> None:
        """Nothing is known about the calls that are under way: they are lost."""
        self._failure = str(error)
        self._running.clear()
        self._packed.clear()

    def _check(self) -> None:
        if self._failure:
            raise DriverError(f"the accelerator failed or was closed before ({self._failure})", "call reset()")


def _part(data: Any, size: int) -> Any:
    return data[:size]


def _batch(inputs: int, outputs: int, limit: int, wanted: int | None) -> int:
    """How many frames a call takes."""
    if limit and outputs > limit:
        what = f"one frame has {outputs} bytes of output, the DMA engine transfers at most {limit}"
        raise DriverError(what, "generate the block design with a wider length register")
    if wanted is not None and wanted < 1:
        raise DriverError(f"a batch of {wanted} frames", "give a positive number")
    frames = wanted or min(_MOST_FRAMES, max(1, _BUFFER_BYTES // max(inputs, outputs)))
    return min(frames, limit // outputs) if limit else frames
