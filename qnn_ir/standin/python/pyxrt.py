"""
A stand-in for `pyxrt`: the compiled C++ of the accelerator, found beside the `.xclbin`'s name in `hls/`.

The file itself is not read. Calls are queued and run in the order of their starts (xilinx.github.io/XRT).
"""

import ctypes
import enum
from collections import deque
from pathlib import Path
from typing import Any

from pynq.board import board, load, power_on, read_json

_ADDRESS = 0xA0000000
_DONE = 2


class ert_cmd_state(enum.Enum):
    """How far a call is."""

    ERT_CMD_STATE_NEW = 1
    ERT_CMD_STATE_QUEUED = 2
    ERT_CMD_STATE_RUNNING = 3
    ERT_CMD_STATE_COMPLETED = 4
    ERT_CMD_STATE_ERROR = 5
    ERT_CMD_STATE_ABORT = 6
    ERT_CMD_STATE_SUBMITTED = 7
    ERT_CMD_STATE_TIMEOUT = 8
    ERT_CMD_STATE_NORESPONSE = 9


class xclBOSyncDirection(enum.Enum):
    """To the card, or from it."""

    XCL_BO_SYNC_BO_TO_DEVICE = 0
    XCL_BO_SYNC_BO_FROM_DEVICE = 1


class device:
    """The card, and the manifest of what is on it."""

    def __init__(self, index: int = 0) -> None:
        if index != 0:
            raise RuntimeError(f"Could not open device with index '{index}'")
        self.manifest: dict[str, Any] = {}

    def load_xclbin(self, path: str) -> str:
        """Put the accelerator of the folder on the card; its id."""
        folder = Path(path).parent
        if not (folder / "manifest.json").is_file():
            raise RuntimeError(f"Failed to open file '{path}' for reading")
        self.manifest = read_json(folder / "manifest.json")
        power_on()
        load(folder, self.manifest, {"kernel": {"base": _ADDRESS}, "dma": {}})
        return path


class bo:
    """What the processor sees of a buffer; the card sees other bytes until `sync`."""

    normal, cacheable, device_only, host_only = 0, 1 << 24, 1 << 28, 1 << 29

    def __init__(self, of: device, size: int, flags: int, group: int) -> None:
        self._host = bytearray(b"\xa5" * size)
        self._address = int(board().qnn_board_allocate(max(1, size)))
        if not self._address:
            raise RuntimeError("std::bad_alloc")

    def __del__(self) -> None:
        board().qnn_board_free(self._address)

    def map(self) -> memoryview:
        """The bytes on the host."""
        return memoryview(self._host)

    def size(self) -> int:
        """Bytes."""
        return len(self._host)

    def address(self) -> int:
        """Where the card finds the buffer."""
        return self._address

    def sync(self, direction: xclBOSyncDirection, size: int | None = None, offset: int = 0) -> None:
        """Copy between host and card."""
        count = len(self._host) if size is None else size
        if offset + count > len(self._host):
            raise RuntimeError("sync beyond the end of the buffer")
        card = board().qnn_board_pointer(self._address + offset, count)
        host = ctypes.addressof(ctypes.c_char.from_buffer(self._host, offset))
        to_card = direction is xclBOSyncDirection.XCL_BO_SYNC_BO_TO_DEVICE
        ctypes.memmove(*((card, host) if to_card else (host, card)), count)


class kernel:
    """The accelerator; its arguments are numbered as in its C++."""

    class cu_access_mode(enum.Enum):
        """Who else may use it."""

        exclusive = 0
        shared = 1
        none = 2

    def __init__(self, of: device, uuid: str, name: str, mode: cu_access_mode = cu_access_mode.shared) -> None:
        if of.manifest.get("kernel") != name:
            raise RuntimeError(f"No such kernel '{name}'")
        registers: dict[str, dict[str, int]] = of.manifest["registers"]
        self.offsets = [registers[argument]["offset"] for argument in of.manifest["arguments"]]
        self.bits = [registers[argument].get("bits", 0) for argument in of.manifest["arguments"]]
        self.queue: deque[run] = deque()

    def group_id(self, argument: int) -> int:
        """The memory bank of an argument."""
        if self.bits[argument] != 64:
            raise RuntimeError(f"argument {argument} is no pointer")
        return 0

    def __call__(self, *arguments: bo | int) -> "run":
        """Start a call."""
        call = run(self)
        for place, value in enumerate(arguments):
            call.set_arg(place, value)
        call.start()
        return call

    def advance(self) -> None:
        """Finish the call that runs, start the next."""
        while self.queue:
            first = self.queue[0]
            if first.now is ert_cmd_state.ERT_CMD_STATE_QUEUED:
                first.write()
            if not int(board().qnn_board_read(_ADDRESS)) & _DONE:
                return
            first.now = ert_cmd_state.ERT_CMD_STATE_COMPLETED
            self.queue.popleft()


class run:
    """One call."""

    def __init__(self, of: kernel) -> None:
        self._kernel = of
        self._values: dict[int, bo | int] = {}
        self.now = ert_cmd_state.ERT_CMD_STATE_NEW

    def set_arg(self, argument: int, value: bo | int) -> None:
        """An argument of the call."""
        if (self._kernel.bits[argument] == 64) != isinstance(value, bo):
            raise TypeError(f"argument {argument}: incompatible type")
        self._values[argument] = value

    def start(self) -> None:
        """Queue the call."""
        self.now = ert_cmd_state.ERT_CMD_STATE_QUEUED
        self._kernel.queue.append(self)
        self._kernel.advance()

    def state(self) -> ert_cmd_state:
        """How far it is."""
        self._kernel.advance()
        return self.now

    def write(self) -> None:
        """Write the registers."""
        for place, value in self._values.items():
            number = value.address() if isinstance(value, bo) else value
            for part in range(self._kernel.bits[place] // 32):
                offset = self._kernel.offsets[place] + 4 * part
                board().qnn_board_write(_ADDRESS + offset, number >> 32 * part & 0xFFFFFFFF)
        board().qnn_board_write(_ADDRESS, 1)
        self.now = ert_cmd_state.ERT_CMD_STATE_RUNNING
