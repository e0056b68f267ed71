"""Alveo cards under XRT (`pyxrt`): the accelerator reads and writes memory of the card."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from .errors import DriverError
from .network import Network
from .shell import Buffers, Shell


class XrtShell(Shell):
    """
    The kernel of an `.xclbin`; XRT queues the calls.

    `arguments` of the manifest are those of the kernel, in order.
    """

    depth = 2

    def __init__(self, network: Network, xclbin: Path, device: int) -> None:
        try:
            import pyxrt
        except ImportError as error:
            remedy = "source /opt/xilinx/xrt/setup.sh on the machine of the card"
            raise DriverError("the package `pyxrt` is not installed here", remedy) from error
        self._xrt: Any = pyxrt
        self.network = network
        try:
            self._device = pyxrt.device(device)
            uuid = self._device.load_xclbin(str(xclbin))
            self._kernel = pyxrt.kernel(self._device, uuid, network.kernel, pyxrt.kernel.cu_access_mode.exclusive)
        except (RuntimeError, OSError) as error:
            what = f"cannot load {xclbin}: {error}"
            raise DriverError(what, "make it with `qnnc synth OUT`, then `qnnc deploy` again") from error
        self._weights: dict[str, Any] = {}

    def allocate(self, input_bytes: list[int], output_bytes: list[int]) -> Buffers:
        names, sizes = [*self.network.input_names, *self.network.output_names], [*input_bytes, *output_bytes]
        buffers = [self._buffer(name, size) for name, size in zip(names, sizes)]
        return _XrtBuffers(buffers, len(input_bytes))

    def write_weights(self, entry: dict[str, Any], words: bytes) -> None:
        if entry["interface"] != "external":
            what = "layer {!r} has {} weights, which XRT cannot reach".format(entry["layer"], entry["interface"])
            raise DriverError(what, 'build with {"memory": "external"} in the folding file')
        buffer = self._weights.get(entry["port"])
        if buffer is None:
            buffer = self._weights[entry["port"]] = self._buffer(entry["port"], len(words))
        buffer.data[:] = np.frombuffer(words, np.uint8)
        buffer.to_device(len(words))

    def start(self, slot: Buffers, frames: int) -> Any:
        assert isinstance(slot, _XrtBuffers)
        buffers = slot.buffers
        for buffer, size in zip(buffers, self.network.input_bytes):
            buffer.to_device(frames * size)
        names = [*self.network.input_names, *self.network.output_names]
        given: dict[str, Any] = {name: buffer.bo for name, buffer in [*zip(names, buffers), *self._weights.items()]}
        given["frames"] = frames
        try:
            run = self._kernel(*(given[name] for name in self.network.manifest["arguments"]))
        except RuntimeError as error:
            raise DriverError(f"XRT: {error}", "call reset()") from error
        return run, buffers[len(self.network.input_bytes) :], frames

    def done(self, call: Any) -> bool:
        run, outputs, frames = call
        states = self._xrt.ert_cmd_state
        state = run.state()
        if state in (states.ERT_CMD_STATE_ERROR, states.ERT_CMD_STATE_ABORT, states.ERT_CMD_STATE_TIMEOUT):
            raise DriverError(f"XRT: the call ended as {state}", "call reset()")
        if state != states.ERT_CMD_STATE_COMPLETED:
            return False
        for buffer, size in zip(outputs, self.network.output_bytes):
            buffer.from_device(frames * size)
        return True

    def stuck(self, call: Any) -> str:
        return f"XRT says {call[0].state()}"

    def _buffer(self, argument: str, size: int) -> _Buffer:
        """Memory of the bank that an argument of the kernel is connected to."""
        place = self.network.manifest["arguments"].index(argument)
        return _Buffer(self._xrt, self._device, size, self._kernel.group_id(place))

    def release(self, slot: Buffers) -> None:
        """XRT frees a buffer with its last reference."""

    def close(self) -> None:
        self._weights = {}
        del self._kernel, self._device


class _Buffer:
    """A buffer object of XRT and its bytes on the host."""

    def __init__(self, xrt: Any, device: Any, size: int, group: Any) -> None:
        self._xrt = xrt
        try:
            self.bo = xrt.bo(device, size, xrt.bo.normal, group)
        except RuntimeError as error:
            raise DriverError(f"no memory for a buffer of {size} bytes", "choose a smaller batch") from error
        self.data = np.frombuffer(self.bo.map(), np.uint8)

    def to_device(self, size: int) -> None:
        self.bo.sync(self._xrt.xclBOSyncDirection.XCL_BO_SYNC_BO_TO_DEVICE, size, 0)

    def from_device(self, size: int) -> None:
        self.bo.sync(self._xrt.xclBOSyncDirection.XCL_BO_SYNC_BO_FROM_DEVICE, size, 0)


class _XrtBuffers(Buffers):
    """The buffers of one call, inputs first."""

    def __init__(self, buffers: list[_Buffer], inputs: int) -> None:
        super().__init__([b.data for b in buffers[:inputs]], [b.data for b in buffers[inputs:]])
        self.buffers = buffers
