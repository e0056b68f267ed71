"""Buffers in memory that the logic reaches: the caches of the processor lie between."""

import ctypes
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from pynq.board import board


class PynqBuffer(np.ndarray[Any, Any]):
    """
    What the processor sees of a buffer. The logic sees other bytes until `flush` (to it) or `invalidate` (from it): a
    driver that forgets one of them computes nonsense here as it does on a board.
    """

    device_address: int = 0

    def __array_finalize__(self, obj: NDArray[Any] | None) -> None:
        self.device_address = getattr(obj, "device_address", 0)

    @property
    def physical_address(self) -> int:
        """The address on the bus."""
        return self.device_address

    def flush(self) -> None:
        """What the processor wrote goes to memory."""
        ctypes.memmove(self._memory(), self.ctypes.data, self.nbytes)

    def invalidate(self) -> None:
        """What lies in memory is seen by the processor."""
        ctypes.memmove(self.ctypes.data, self._memory(), self.nbytes)

    sync_to_device = flush
    sync_from_device = invalidate

    def freebuffer(self) -> None:
        """Give the memory back."""
        board().qnn_board_free(self.device_address)

    def _memory(self) -> int:
        pointer = board().qnn_board_pointer(self.device_address, self.nbytes)
        if not pointer:
            raise RuntimeError("the buffer was freed")
        return int(pointer)


def allocate(shape: int | tuple[int, ...], dtype: DTypeLike = "u4", target: object = None, **_others: Any) -> Any:
    """A contiguous buffer, its contents undefined."""
    data = np.full(shape, 0xA5, np.dtype(dtype)).view(PynqBuffer)
    address = int(board().qnn_board_allocate(max(1, data.nbytes)))
    if not address:
        raise MemoryError("no contiguous memory left")
    data.device_address = address
    return data
