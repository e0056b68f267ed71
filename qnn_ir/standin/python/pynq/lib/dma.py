"""AXI DMA engines in simple mode, by their registers (PG021)."""

from typing import Any

from pynq.interrupt import Interrupt
from pynq.mmio import MMIO

_STATUS, _ADDRESS, _ADDRESS_HIGH, _LENGTH = 0x04, 0x18, 0x1C, 0x28
_ERRORS = {
    0x10: "DMA Internal Error (transfer length 0?)",
    0x20: "DMA Slave Error (cannot access memory map interface)",
    0x40: "DMA Decode Error (invalid address)",
}


class Channel:
    """One direction of an engine, its registers from `offset` on."""

    def __init__(self, mmio: MMIO, offset: int, sends: bool, max_size: int, pin: str | None) -> None:
        self._mmio, self._offset, self._sends, self._max_size = mmio, offset, sends, max_size
        self._interrupt = None if pin is None else Interrupt(pin)
        self._buffer: Any = None
        self._first = True
        self.transferred = 0
        self.start()

    @property
    def running(self) -> bool:
        """Whether the channel is not halted."""
        return self._status() & 1 == 0

    @property
    def idle(self) -> bool:
        """Whether the last transfer has ended."""
        return self._status() & 2 == 2

    @property
    def error(self) -> bool:
        """Whether an error bit is set."""
        return self._status() & 0x70 != 0

    def start(self) -> None:
        """Let the channel run."""
        self._mmio.write(self._offset, 0x1001 if self._interrupt else 0x0001)
        while not self.running:
            pass
        self._first = True

    def stop(self) -> None:
        """Abort the transfer."""
        self._mmio.write(self._offset, 0)
        while self.running:
            pass

    def transfer(self, array: Any, start: int = 0, nbytes: int = 0) -> None:
        """Move bytes of a buffer; `wait` for the end."""
        if array.ndim == 0:
            raise RuntimeError("0-dimensional arrays cannot be transferred")
        size = nbytes or array.nbytes - start
        if size > self._max_size:
            text = f"Transfer size is {size} bytes, which exceeds the maximum DMA buffer size {self._max_size}."
            raise ValueError(text)
        if not self.running:
            raise RuntimeError("DMA channel not started")
        if not self.idle and not self._first:
            raise RuntimeError("DMA channel not idle")
        if self._sends:
            array.flush()
        address = array.physical_address + start
        self._mmio.write(self._offset + _ADDRESS, address & 0xFFFFFFFF)
        self._mmio.write(self._offset + _ADDRESS_HIGH, address >> 32)
        self._buffer, self._first = array, False
        self._mmio.write(self._offset + _LENGTH, size)

    def wait(self) -> None:
        """Until the transfer has ended."""
        if not self.running:
            raise RuntimeError("DMA channel not started")
        while True:
            self._raise_errors()
            if self.idle:
                break
        self._ended()

    async def wait_async(self) -> None:
        """Until the interrupt tells of the end."""
        if not self.running:
            raise RuntimeError("DMA channel not started")
        if self._interrupt is None:
            raise RuntimeError("the interrupt of this channel is not connected")
        while not self.idle:
            await self._interrupt.wait()
            self._raise_errors()
        self._mmio.write(self._offset + _STATUS, 0x1000)
        self._ended()

    def _status(self) -> int:
        return self._mmio.read(self._offset + _STATUS)

    def _raise_errors(self) -> None:
        status = self._status()
        for bit, text in _ERRORS.items():
            if status & bit:
                raise RuntimeError(text)

    def _ended(self) -> None:
        if not self._sends:
            self._buffer.invalidate()
        self.transferred = self._mmio.read(self._offset + _LENGTH)


class DMA:
    """An engine with `sendchannel`, `recvchannel` or both."""

    def __init__(self, description: dict[str, Any]) -> None:
        self.description = description
        self.mmio = MMIO(description["phys_addr"], description["addr_range"])
        parameters, pins = description["parameters"], description["interrupts"]
        limit = (1 << int(parameters["C_SG_LENGTH_WIDTH"])) - 1
        for name, offset, sends, include, pin in (
            ("sendchannel", 0x00, True, "C_INCLUDE_MM2S", "mm2s_introut"),
            ("recvchannel", 0x30, False, "C_INCLUDE_S2MM", "s2mm_introut"),
        ):
            if parameters[include] == "1":
                path = pins[pin]["fullpath"] if pin in pins else None
                setattr(self, name, Channel(self.mmio, offset, sends, limit, path))

    def read(self, offset: int = 0) -> int:
        """A register."""
        return self.mmio.read(offset)

    def write(self, offset: int, value: int) -> None:
        """A register."""
        self.mmio.write(offset, value)
