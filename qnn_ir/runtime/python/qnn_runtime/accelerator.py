"""`Accelerator`: frames in, outputs out."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Callable, Generator, Iterator

import numpy as np

from . import measure
from .calls import Calls
from .errors import DriverError
from .network import Array, Network
from .shell import Shell
from .slots import Slot, find_slot
from .weights import entry_of, own_words, words_of


class Job:
    """Frames on their way. `wait()`, or `await` it, for the result."""

    def __init__(self, calls: Calls, pieces: Iterator[Any], count: int, result: Callable[[], Any]) -> None:
        self._calls, self._pieces, self._result = calls, pieces, result
        self._missing = count
        self._next = next(pieces, None)
        self._feed()

    def wait(self) -> Any:
        """The result, as soon as it is there."""
        while self._missing:
            self._feed()
            if self._missing:
                self._calls.advance()
        return self._result()

    def done(self) -> bool:
        """Whether `wait` would return at once."""
        return not self._missing

    async def wait_async(self) -> Any:
        """As `wait`, other tasks run meanwhile; woken by the interrupt of the hardware where it is connected."""
        while self._missing:
            self._feed()
            if self._missing:
                await self._calls.advance_async()
        return self._result()

    def __await__(self) -> Generator[Any, Any, Any]:
        return self.wait_async().__await__()

    def _feed(self) -> None:
        """Pack and start as many batches as there are buffers free."""
        while self._next is not None and self._calls.has_free_slot:
            (frames, fill, collect), self._next = self._next, next(self._pieces, None)
            self._calls.submit(frames, fill, self._counted(collect))

    def _counted(self, collect: Callable[[list[Any]], None]) -> Callable[[list[Any]], None]:
        def collected(outputs: list[Any]) -> None:
            collect(outputs)
            self._missing -= 1

        return collected


class Accelerator:
    """
    The accelerator of a deployment folder, on the board that this runs on.

    `folder` holds `manifest.json` (default: the folder of the driver). `bitstream` (`.bit`, `.xclbin`) is that of the
    folder where not given. `batch` is how many frames one call of the hardware takes, `timeout` how many seconds it
    may take, `device` the number of an Alveo card. In a folder with reconfigurable slots (`dfx.json`) the accelerator
    is what is in `slot`, the first one where not given; `beside` is an accelerator in another slot of the same board.
    Raises `DriverError`, one line, whatever is wrong.
    """

    def __init__(
        self,
        folder: str | Path | None = None,
        *,
        bitstream: str | Path | None = None,
        batch: int | None = None,
        timeout: float = 10.0,
        device: int = 0,
        slot: str | None = None,
        beside: Accelerator | None = None,
    ) -> None:
        self.folder = Path(folder) if folder is not None else Path(__file__).resolve().parent.parent
        self.slot = find_slot(self.folder, slot)
        self.network = Network(self.folder if self.slot is None else self.slot.folder)
        self.batch, self.timeout = batch, timeout
        self._bitstream = Path(bitstream) if bitstream is not None else self._own_bitstream()
        self._device, self._beside = device, beside
        self._own: dict[str, bytes] = {}
        self._jobs: list[Job] = []
        self._open()

    def predict(self, *inputs: Any) -> Any:
        """
        The ONNX output for N frames of each ONNX input, `(N, ...)`; a list where the network has several.

        Inputs are what the ONNX model takes; N may be anything.
        """
        return self.start(*inputs).wait()

    def classify(self, *inputs: Any) -> Array:
        """The class of each frame: the place of the largest output, or the output itself where it is one number."""
        return measure.classes(self.predict(*inputs))

    def start(self, *inputs: Any) -> Job:
        """As `predict`, but returns at once: the job is under way, `wait()` or `await` it."""
        arrays, count = self.network.frames_of(inputs)
        results: list[list[Array]] = []

        def piece(first: int) -> Any:
            frames = min(self._calls.batch, count - first)
            passing: list[Array] = []

            def fill(buffers: list[Any]) -> None:
                words, passed = self.network.encode([array[first : first + frames] for array in arrays])
                passing.extend(passed)
                _copy(words, buffers)

            def collect(outputs: list[Any]) -> None:
                results.append(self.network.decode([np.array(data) for data in outputs], passing))

            return frames, fill, collect

        return self._job(piece, count, lambda: _joined(results))

    def run(self, words: list[Any]) -> list[Array]:
        """
        The words of every output port for those of every input port, uint8 `(N, bytes per frame)`.

        For data that is packed already (`host.pack_inputs`).
        """
        arrays, count = self.network.words_of(words)
        results: list[list[Array]] = []

        def piece(first: int) -> Any:
            frames = min(self._calls.batch, count - first)
            parts = [array[first : first + frames] for array in arrays]

            def fill(buffers: list[Any]) -> None:
                _copy(parts, buffers)

            def collect(outputs: list[Any]) -> None:
                results.append([np.array(data) for data in outputs])

            return frames, fill, collect

        done: list[Array] = self._job(piece, count, lambda: [np.concatenate(part) for part in zip(*results)]).wait()
        return done

    def throughput(self, seconds: float = 2.0) -> dict[str, float]:
        """How fast it is; see `measure.throughput`."""
        self._finish_jobs()
        return measure.throughput(self.network, self._calls, seconds)

    def validate(self, inputs: list[Any], labels: Any) -> float:
        """The share of frames whose class is the label."""
        return measure.accuracy(self.classify(*inputs), labels)

    def load_weights(self, layer: str, matrix: Any) -> None:
        """Other weights (integers) for a layer that takes them at run time; jobs under way end with the old ones."""
        entry = entry_of(self.network, layer)
        words = words_of(self.network, entry, matrix)
        self._finish_jobs()
        self._shell.write_weights(entry, words)
        self._own[layer] = words

    @property
    def overlay(self) -> Any:
        """The overlay of PYNQ that is loaded."""
        return getattr(self._shell, "overlay", None)

    def swap(self, module: str) -> None:
        """
        Load another network into the reconfigurable slot; it is computed from then on.

        The accelerator finishes its jobs first. The rest of the board goes on meanwhile.
        """
        if self.slot is None:
            raise DriverError(f"{self.folder} has no reconfigurable slot", "make one with `qnnc dfx`")
        partial = self.slot.partial(module)
        self._finish_jobs()
        self.slot.exchange(partial, self.timeout)
        self.slot.module = module
        self._calls.release()
        self.network, self._own = Network(self.slot.folder), {}
        self._shell.attach(self.network, self.slot)
        self._prepare()

    def reset(self) -> None:
        """
        Load the bitstream again, after a failure; weights given at run time are given again.

        A reconfigurable slot holds its first network then.
        """
        self.close()
        self._open()

    def close(self) -> None:
        """Give buffers and hardware back; jobs that were started and not waited for are lost."""
        self._jobs = []
        self._calls.release()
        self._shell.close()

    def __enter__(self) -> Accelerator:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def _open(self) -> None:
        place: Any = self._bitstream
        if self._beside is not None:
            place = self._beside.overlay
        elif self.slot is not None:
            self.slot.module = self.slot.first  # what the full bitstream holds
            self.network = Network(self.slot.folder)
        self._shell = _open_shell(self.network, place, self._device, self.slot)
        self._prepare()

    def _prepare(self) -> None:
        """Weights and buffers of the network that is loaded."""
        for entry in self.network.weights:
            words = self._own.get(entry["layer"]) or own_words(self.network, entry)
            self._shell.write_weights(entry, words)
        sizes = self.network.input_bytes, self.network.output_bytes
        self._calls = Calls(self._shell, *sizes, self.batch, self.timeout)

    def _own_bitstream(self) -> Path:
        """What the folder's manifest names."""
        name = self.network.manifest.get("bitstream") if self.slot is None else self.slot.bitstream
        if not name:
            raise DriverError(f"{self.folder} has no bitstream", "run `qnnc synth OUT`, then `qnnc deploy` again")
        return self.folder / name

    def _job(self, piece: Callable[[int], Any], count: int, result: Callable[[], Any]) -> Job:
        starts = range(0, count, self._calls.batch)
        job = Job(self._calls, map(piece, starts), len(starts), result)
        self._jobs = [*(other for other in self._jobs if not other.done()), job]
        return job

    def _finish_jobs(self) -> None:
        """What was started is computed as it was meant."""
        for job in self._jobs:
            job.wait()
        self._calls.drain()


def _open_shell(network: Network, place: Any, device: int, slot: Slot | None) -> Shell:
    """The shell that fits the bitstream (or overlay) `place` and the network's interface."""
    if isinstance(place, Path) and place.suffix == ".xclbin":
        from .xrt_shell import XrtShell

        return XrtShell(network, place, device)
    from .pynq_shell import DmaShell, MemoryShell

    return (DmaShell if network.interface == "axis" else MemoryShell)(network, place, slot)


def _copy(words: list[Array], buffers: list[Any]) -> None:
    for data, buffer in zip(words, buffers):
        buffer[:] = data.reshape(-1)


def _joined(results: list[list[Array]]) -> Any:
    outputs = [np.concatenate(parts) for parts in zip(*results)]
    return outputs[0] if len(outputs) == 1 else outputs
