"""A network of a deployment folder: its manifest, and its host functions (`host.py`)."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

import numpy as np

from .errors import DriverError

Array = Any
"""A NumPy array; boards have NumPy versions without types for it."""

_KEYS = ("kernel", "interface", "registers", "inputs", "outputs", "input_ports", "output_ports")


class Network:
    """What is known of the network in `folder`: ports, registers, weights, and the functions before and behind it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.manifest: dict[str, Any] = _read_manifest(folder)
        self.kernel: str = self.manifest["kernel"]
        self.interface: str = self.manifest["interface"]
        self.registers: dict[str, dict[str, int]] = self.manifest["registers"]
        self.weights: list[dict[str, Any]] = self.manifest.get("weights", [])
        self.host = _load_host(folder)
        self._table: tuple[Array, Array] | None = None
        self.input_names = [port["name"] for port in self.manifest["input_ports"]]
        self.output_names = [port["name"] for port in self.manifest["output_ports"]]
        self.input_bytes = [_frame_bytes(port) for port in self.manifest["input_ports"]]
        self.output_bytes = [_frame_bytes(port) for port in self.manifest["output_ports"]]

    def register(self, name: str) -> int:
        """The byte offset of a register or of a memory behind the control port."""
        return self.registers[name]["offset"]

    def frames_of(self, inputs: tuple[Any, ...]) -> tuple[list[Array], int]:
        """The inputs as arrays of numbers, and how many frames they hold."""
        wanted = self.manifest["inputs"]
        if len(inputs) != len(wanted):
            raise DriverError(f"the network has {len(wanted)} inputs, {len(inputs)} are given")
        arrays = [np.asarray(data) for data in inputs]
        for array, tensor in zip(arrays, wanted):
            shape = tuple(tensor["shape"])
            fits = (shape, shape[1:]) if shape[:1] == (1,) else (shape,)
            if array.dtype.kind not in "fiub" or array.ndim == 0 or array.shape[1:] not in fits:
                what = "input {!r}: an array of shape {} and type {}".format(tensor["name"], array.shape, array.dtype)
                raise DriverError(what, f"give N frames of numbers, shape (N, {_list(fits[-1])})")
        if len({len(array) for array in arrays}) > 1:
            raise DriverError(f"inputs with different numbers of frames: {[len(array) for array in arrays]}")
        if not len(arrays[0]):
            raise DriverError("no frames are given")
        return arrays, len(arrays[0])

    def encode(self, inputs: list[Array]) -> tuple[list[Array], list[Array]]:
        """The words of every input port, `(N, bytes)`, and the integers that pass by the accelerator."""
        try:
            integers = self._integers(inputs)
            words = self.host.pack_inputs(integers)
        except ValueError as error:
            raise DriverError(str(error)) from error
        return [data.reshape(len(data), -1) for data in words], integers[len(words) :]

    def _integers(self, inputs: list[Array]) -> list[Array]:
        """
        What the accelerator reads. Bytes are looked up where the prologue is one function of every element: that is
        several times as fast.
        """
        if self.manifest.get("pointwise") and len(inputs) == 1 and inputs[0].dtype == np.uint8:
            if self._table is None:
                self._table = self._results_of_bytes()
            table, legal = self._table
            if legal.all() or legal[inputs[0]].all():
                shape = self.manifest["inputs"][0]["shape"]
                return [table[inputs[0]].reshape(-1, *shape)]
        integers: list[Array] = self.host.prologue(*inputs)
        return integers

    def _results_of_bytes(self) -> tuple[Array, Array]:
        """What the prologue makes of 0 to 255, in a narrow type, and which of them it takes at all."""
        shape = self.manifest["inputs"][0]["shape"]
        results, legal = np.zeros(256, np.int64), np.ones(256, bool)
        for value in range(256):
            try:
                results[value] = self.host.prologue(np.full((1, *shape), value, np.uint8))[0].flat[0]
            except ValueError:
                legal[value] = False
        port = self.manifest["input_ports"][0]
        kinds = ("i1", "i2", "i4") if port["signed"] else ("u1", "u2", "u4")
        fits = [kind for kind in kinds if port["bits"] <= 8 * int(kind[1])]
        return results.astype(fits[0] if fits else np.int64), legal

    def decode(self, words: list[Array], passing: list[Array]) -> list[Array]:
        """The ONNX outputs for the words of every output port, N frames of bytes in any shape."""
        outputs = self.host.epilogue(*self.host.unpack_outputs(words), *passing)
        return [data.astype(tensor["dtype"]) for data, tensor in zip(outputs, self.manifest["outputs"])]

    def words_of(self, inputs: list[Any]) -> tuple[list[Array], int]:
        """Packed words of a caller as `(N, bytes)` per input port, and N."""
        if len(inputs) != len(self.input_bytes):
            count = len(self.input_bytes)
            raise DriverError(f"the accelerator has {count} input ports, words of {len(inputs)} are given")
        arrays = [np.ascontiguousarray(data) for data in inputs]
        for name, array, size in zip(self.input_names, arrays, self.input_bytes):
            if array.dtype != np.uint8 or array.ndim == 0 or not len(array) or array.size != len(array) * size:
                what = f"port {name}: words of shape {array.shape} and type {array.dtype}"
                raise DriverError(what, f"give uint8 with {size} bytes per frame, frames along the first axis")
        if len({len(array) for array in arrays}) > 1:
            raise DriverError(f"ports with different numbers of frames: {[len(array) for array in arrays]}")
        return [array.reshape(len(array), -1) for array in arrays], len(arrays[0])


def _read_manifest(folder: Path) -> dict[str, Any]:
    path = folder / "manifest.json"
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DriverError(f"{path}: no manifest of a network", "give a folder of `qnnc deploy`") from error
    missing = [key for key in _KEYS if key not in manifest]
    if missing:
        what = "{}: the manifest lacks {}".format(path, ", ".join(missing))
        raise DriverError(what, "make the folder again with `qnnc deploy`")
    return manifest


def _load_host(folder: Path) -> Any:
    """The module `host.py`; every network has its own."""
    path = folder / "host.py"
    spec = importlib.util.spec_from_file_location(f"qnn_host_{abs(hash(str(path.resolve()))):x}", str(path))
    if not path.is_file() or spec is None or spec.loader is None:
        raise DriverError(f"{path} is missing", "make the folder again with `qnnc deploy`")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _frame_bytes(port: dict[str, Any]) -> int:
    return port["word_bits"] // 8 * port["words"]


def _list(shape: tuple[int, ...]) -> str:
    return ", ".join(map(str, shape))
