"""Zynq boards under PYNQ: the accelerator behind AXI DMA engines, or reading and writing memory by itself."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np

from .errors import DriverError
from .network import Network
from .overlay import check_registers, find_dma, find_kernel, interrupt_of, load_overlay, longest_transfer
from .shell import Buffers, Shell
from .slots import Slot

CONTROL, GLOBAL_INTERRUPTS, INTERRUPTS, INTERRUPT_STATUS = 0x00, 0x04, 0x08, 0x0C
START, DONE, IDLE = 1, 2, 4

_ERRORS = (
    (0x10, "internal error: the length is 0, or more bytes came than the buffer holds"),
    (0x20, "slave error: memory refused the access"),
    (0x40, "decode error: there is no memory at the address"),
)
"""Bits of a DMA engine's status register (PG021)."""
_ALIGNMENT = 128
"""Pieces of a transfer are whole words of any stream."""


class PynqShell(Shell):
    """
    The accelerator's control registers, buffers, and weights.

    `overlay` is one that is loaded, or the path of its bitstream; `slot` is where in it the accelerator is, for those
    that can be exchanged.
    """

    def __init__(self, network: Network, overlay: Any, slot: Slot | None = None) -> None:
        self.is_shared = not isinstance(overlay, Path)
        self.overlay = overlay if self.is_shared else load_overlay(overlay)
        self.memories: dict[str, Any] = {}
        self.attach(network, slot)

    def attach(self, network: Network, slot: Slot | None) -> None:
        """Use the accelerator that is in the overlay now."""
        self.network, self.slot = network, slot
        self.cell: dict[str, Any] = {}
        if slot is not None:
            self.kernel = slot.registers()
            return
        path, self.kernel = find_kernel(self.overlay, network)
        self.cell = self.overlay.ip_dict[path]
        for line in check_registers(self.cell, network):
            print("qnn-runtime: warning: " + line, file=sys.stderr)

    def allocate(self, input_bytes: list[int], output_bytes: list[int]) -> Buffers:
        return Buffers(*([_allocate(size) for size in sizes] for sizes in (input_bytes, output_bytes)))

    def release(self, slot: Buffers) -> None:
        for data in (*slot.inputs, *slot.outputs):
            data.freebuffer()

    def close(self) -> None:
        for data in self.memories.values():
            data.freebuffer()
        self.memories = {}
        if not self.is_shared:
            self.overlay.free()

    def write_weights(self, entry: dict[str, Any], words: bytes) -> None:
        offset = self.network.register(entry["port"])
        if entry["interface"] != "external":
            self.kernel.write(offset, words + bytes(-len(words) % 4))
            return
        data = self.memories.get(entry["port"])
        if data is None:
            data = self.memories[entry["port"]] = _allocate(len(words))
        data[:] = np.frombuffer(words, np.uint8)
        data.flush()
        self.write_address(offset, data)

    def write_address(self, offset: int, data: Any) -> None:
        """A pointer of 64 bits."""
        address = int(data.device_address)
        self.kernel.write(offset, address & 0xFFFFFFFF)
        self.kernel.write(offset + 4, address >> 32)

    def run_kernel(self, frames: int) -> None:
        """Start the accelerator."""
        self.kernel.write(self.network.register("frames"), frames)
        self.kernel.write(CONTROL, START)

    def kernel_is_done(self) -> bool:
        """Done may have been read before, which clears it; idle stays."""
        control = int(self.kernel.read(CONTROL))
        return not control & START and bool(control & (DONE | IDLE))

    def stuck(self, call: Any) -> str:
        return f"its control register is {int(self.kernel.read(CONTROL)):#x}"


class MemoryShell(PynqShell):
    """The accelerator reads and writes the buffers itself."""

    def attach(self, network: Network, slot: Slot | None) -> None:
        super().attach(network, slot)
        pin = interrupt_of(self.cell)
        self._interrupt: Any = None
        if pin is not None:
            import pynq

            self._interrupt = pynq.Interrupt(pin)
            self.kernel.write(GLOBAL_INTERRUPTS, 1)
            self.kernel.write(INTERRUPTS, 1)

    def start(self, slot: Buffers, frames: int) -> Any:
        for name, data in zip(self.network.input_names, slot.inputs):
            data.flush()
            self.write_address(self.network.register(name), data)
        for name, data in zip(self.network.output_names, slot.outputs):
            self.write_address(self.network.register(name), data)
        self.run_kernel(frames)
        return slot

    def done(self, call: Any) -> bool:
        if not self.kernel_is_done():
            return False
        for data in call.outputs:
            data.invalidate()
        if self._interrupt is not None:
            self.kernel.write(INTERRUPT_STATUS, int(self.kernel.read(INTERRUPT_STATUS)))  # toggles what is set
        return True

    async def interrupt(self, call: Any) -> bool:
        if self._interrupt is None:
            return False
        await self._interrupt.wait()
        return True


class _Stream:
    """One port and its DMA channel. `offset` is that of the channel's registers (PG021)."""

    def __init__(self, overlay: Any, port: str, sends: bool, slot: Slot | None) -> None:
        path, self.engine = find_dma(overlay, port, sends) if slot is None else slot.engine(overlay, port)
        cell = overlay.ip_dict[path]
        self.port, self.sends = port, sends
        self.channel = self.engine.sendchannel if sends else self.engine.recvchannel
        self.offset = 0x00 if sends else 0x30
        self.limit = longest_transfer(cell)
        self.has_interrupt = ("mm2s_introut" if sends else "s2mm_introut") in (cell.get("interrupts") or {})
        self._data: Any = None
        self._sent = self._bytes = 0
        if not self.channel.running:
            self.channel.start()

    def start(self, data: Any, size: int) -> None:
        """Move `size` bytes, in pieces where the length register is too narrow."""
        self._data, self._bytes, self._sent = data, size, 0
        self._next()

    def _next(self) -> None:
        piece = self._bytes - self._sent
        if piece > self.limit:
            piece = self.limit // _ALIGNMENT * _ALIGNMENT
        self._begin, self._sent = self._sent, self._sent + piece
        self.channel.transfer(self._data, start=self._begin, nbytes=piece)

    def done(self) -> bool:
        """Whether all bytes are moved; a `DriverError` where the engine reports an error."""
        status = self.status()
        for bit, text in _ERRORS:
            if status & bit:
                raise DriverError(f"DMA of port {self.port}: {text} (status {status:#x})", "call reset()")
        if not self.channel.idle:
            return False
        if self._sent < self._bytes:
            self._next()
            return False
        self.channel.wait()  # returns at once; makes what came visible to the processor
        arrived = self._bytes if self.sends else int(self.engine.read(self.offset + 0x28))
        if arrived != self._bytes:
            what = f"DMA of port {self.port}: {arrived} of {self._bytes} bytes came"
            raise DriverError(what, "use the bitstream that was made from this network")
        return True

    def status(self) -> int:
        """The status register of the channel."""
        return int(self.engine.read(self.offset + 4))


class DmaShell(PynqShell):
    """AXI DMA engines feed the accelerator's streams."""

    def attach(self, network: Network, slot: Slot | None) -> None:
        super().attach(network, slot)
        self._inputs = [_Stream(self.overlay, name, True, slot) for name in network.input_names]
        self._outputs = [_Stream(self.overlay, name, False, slot) for name in network.output_names]
        self.max_output_bytes = min(stream.limit for stream in self._outputs)

    def start(self, slot: Buffers, frames: int) -> Any:
        try:
            for stream, data, size in zip(self._outputs, slot.outputs, self.network.output_bytes):
                stream.start(data, frames * size)
            self.run_kernel(frames)
            for stream, data, size in zip(self._inputs, slot.inputs, self.network.input_bytes):
                stream.start(data, frames * size)
        except (RuntimeError, ValueError) as error:
            raise DriverError(f"DMA: {error}", "call reset()") from error
        return [*self._inputs, *self._outputs]

    def done(self, call: Any) -> bool:
        ended = [stream.done() for stream in call]
        call[:] = [stream for stream, end in zip(call, ended) if not end]
        return not call and self.kernel_is_done()

    def stuck(self, call: Any) -> str:
        states = [f"DMA of {stream.port} is at {stream.status():#x}" for stream in call]
        return ", ".join([super().stuck(call), *states])

    async def interrupt(self, call: Any) -> bool:
        last: _Stream | None = self._outputs[-1] if self._outputs[-1].has_interrupt else None
        if last is None or last not in call:
            return False
        await last.channel.wait_async()
        return True


def _allocate(size: int) -> Any:
    import pynq

    try:
        return pynq.allocate((size,), np.uint8)
    except (MemoryError, RuntimeError, OSError) as error:
        raise DriverError(f"no memory for a buffer of {size} bytes", "choose a smaller batch") from error
