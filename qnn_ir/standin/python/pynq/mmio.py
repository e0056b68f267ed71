"""Registers."""

from pynq.board import board


class MMIO:
    """Registers of 32 bits from `base_addr` on."""

    def __init__(self, base_addr: int, length: int = 4, device: object = None) -> None:
        if base_addr < 0 or length < 0:
            raise ValueError("Base address or length cannot be negative.")
        self.base_addr, self.length = base_addr, length

    def read(self, offset: int = 0, length: int = 4, word_order: str = "little") -> int:
        """The register at `offset`."""
        self._check(offset)
        return int(board().qnn_board_read(self.base_addr + offset))

    def write(self, offset: int, data: int | bytes) -> None:
        """A register, or several in a row."""
        if isinstance(data, bytes):
            if len(data) % 4:
                raise MemoryError("Unaligned write: data length must be multiple of 4.")
            for place in range(0, len(data), 4):
                self.write(offset + place, int.from_bytes(data[place : place + 4], "little"))
            return
        self._check(offset)
        if type(data) is not int:
            raise ValueError("Data type must be int or bytes.")
        board().qnn_board_write(self.base_addr + offset, data & 0xFFFFFFFF)

    def _check(self, offset: int) -> None:
        if offset < 0:
            raise ValueError("Offset cannot be negative.")
        if offset % 4:
            raise MemoryError("Unaligned read or write: offset must be multiple of 4.")
        if offset >= self.length:
            raise IndexError(f"offset {offset:#x} is outside of the {self.length:#x} bytes that are mapped")
