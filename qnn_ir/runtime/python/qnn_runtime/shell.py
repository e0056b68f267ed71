"""What surrounds the accelerator on a board, as the rest of the driver sees it."""

from __future__ import annotations

import asyncio
import time
from abc import ABC, abstractmethod
from typing import Any

from .errors import DriverError

Array = Any

_SPIN_SECONDS = 1e-3
"""A call that may end at once is polled without sleeping."""
_SLEEP_SECONDS = 1e-4


class Buffers:
    """The buffers of one call: one array of bytes per port, in memory that the accelerator reaches."""

    def __init__(self, inputs: list[Any], outputs: list[Any]) -> None:
        self.inputs = inputs
        self.outputs = outputs


class Shell(ABC):
    """
    The accelerator with its buffers. A call of N frames is started on a slot and ends by itself; `depth` calls can be
    under way, further ones wait in the driver.
    """

    depth = 1
    max_output_bytes = 0
    """The longest transfer of an output, 0 where there is no limit."""

    @abstractmethod
    def allocate(self, input_bytes: list[int], output_bytes: list[int]) -> Buffers:
        """Buffers of that many bytes for each port."""

    @abstractmethod
    def start(self, slot: Buffers, frames: int) -> Any:
        """Start a call on the frames in `slot`; a handle to ask for its end."""

    @abstractmethod
    def done(self, call: Any) -> bool:
        """Whether the call has ended and its outputs are in the slot. A `DriverError` where it has failed."""

    @abstractmethod
    def stuck(self, call: Any) -> str:
        """What the registers say of a call that does not end."""

    async def interrupt(self, call: Any) -> bool:
        """Wait for an interrupt that tells of an end; False at once where there is none."""
        return False

    @abstractmethod
    def write_weights(self, entry: dict[str, Any], words: bytes) -> None:
        """Give a layer its weights."""

    def attach(self, network: Any, slot: Any) -> None:
        """Use the accelerator that has come into the slot. A `DriverError` where the board has none."""
        raise DriverError("no reconfigurable slot on this board", "make one with `qnnc dfx` for a Zynq board")

    @abstractmethod
    def release(self, slot: Buffers) -> None:
        """Give the buffers back."""

    @abstractmethod
    def close(self) -> None:
        """Give everything back."""

    def wait(self, call: Any, timeout: float) -> None:
        """Until the call has ended; a `DriverError` after `timeout` seconds."""
        start = time.monotonic()
        while not self.done(call):
            waited = time.monotonic() - start
            self._check_time(call, waited, timeout)
            if waited > _SPIN_SECONDS:
                time.sleep(_SLEEP_SECONDS)

    async def wait_async(self, call: Any, timeout: float) -> None:
        """As `wait`, other tasks run meanwhile."""
        start = time.monotonic()
        while not self.done(call):
            waited = time.monotonic() - start
            self._check_time(call, waited, timeout)
            try:
                if not await asyncio.wait_for(self.interrupt(call), timeout - waited):
                    await asyncio.sleep(_SLEEP_SECONDS)
            except asyncio.TimeoutError:
                continue  # the registers decide

    def _check_time(self, call: Any, waited: float, timeout: float) -> None:
        if waited > timeout:
            what = f"the accelerator did not finish within {timeout:g} s: {self.stuck(call)}"
            raise DriverError(what, "call reset() to load the bitstream again")
