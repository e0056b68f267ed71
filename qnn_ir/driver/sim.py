"""`qnnc sim`: frames through host prologue, compiled C++ and host epilogue."""

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qnn_ir.driver import csim, packing
from qnn_ir.driver.arrays import as_labels, read_expected, read_frames, read_labels, write_outputs
from qnn_ir.driver.host import read_host
from qnn_ir.driver.manifest import HostPort, read_manifest
from qnn_ir.driver.progress import Progress
from qnn_ir.driver.weights import replacements
from qnn_ir.errors import UserError
from qnn_ir.interp import Accelerator, run_module


@dataclass(frozen=True)
class Simulation:
    """The ONNX outputs of all frames, the accelerator's own frames per second, the seconds that the compiler took."""

    outputs: list[NDArray[Any]]
    frames_per_second: float
    compile_seconds: float


def simulate(
    out: Path,
    inputs: list[NDArray[Any]],
    progress: Progress,
    *,
    bounded: bool = False,
    cxx: str = "g++",
    weights: Sequence[str] = (),
) -> Simulation:
    """
    Compute the ONNX outputs for `inputs` (one array of N frames per ONNX input, first axis N) by the C++ in the build
    folder `out`, its host prologue and its host epilogue. `weights` replaces those of layers that are loaded at run
    time: `LAYER=FILE.npy`.
    """
    manifest, host = read_manifest(out), read_host(out)
    entries: list[dict[str, Any]] = manifest.get("weights", [])
    replaced = replacements(entries, out, weights)
    with progress.stage(cxx):
        exe = csim.compile(out / "hls", cxx=cxx, bounded=bounded)
    feeds, drains = ([HostPort.from_json(port) for port in manifest[f"{end}_ports"]] for end in ("input", "output"))
    speeds: list[float] = []

    def run(tensors: list[NDArray[Any]]) -> list[NDArray[Any]]:
        packed = [_pack(port, tensor) for port, tensor in zip(feeds, tensors, strict=True)]
        with TemporaryDirectory(prefix="qnn-weights.") as folder:
            memories = [_memory(out, entry, replaced, Path(folder)) for entry in entries]
            words, speed = csim.run_timed(exe, packed, len(drains), memories=memories)
        speeds.append(speed)
        return [_unpack(port, raw) for port, raw in zip(drains, words, strict=True)]

    with progress.stage("simulate"):
        results = run_module(host, inputs, accelerator=Accelerator(len(feeds), len(drains), run))
    outputs = [r.astype(tensor["dtype"]) for r, tensor in zip(results, manifest["outputs"], strict=True)]
    return Simulation(outputs, speeds[0], progress.seconds[cxx])


def _memory(out: Path, entry: dict[str, Any], replaced: Mapping[str, NDArray[np.uint8]], folder: Path) -> Path:
    """The file with the words of a memory: that of the build, or a new one in `folder`."""
    if entry["layer"] not in replaced:
        return out / entry["file"]
    path = folder / f"{entry['layer']}.bin"
    replaced[entry["layer"]].tofile(path)
    return path


def _unpack(port: HostPort, words: NDArray[np.uint8]) -> NDArray[np.int64]:
    return port.layout.unpack(packing.unpack(words, port.words).astype(np.int64))


def _pack(port: HostPort, tensor: NDArray[Any]) -> NDArray[np.uint8]:
    return packing.pack(port.layout.pack(tensor.astype(np.int64)), port.words)


def sim_command(arguments: argparse.Namespace) -> tuple[dict[str, Any], str]:
    """`qnnc sim OUT --input X [--output Y] [--expect Y] [--labels Y]`."""
    inputs, labels = read_frames(arguments.input)
    frames = len(inputs[0])
    if arguments.labels:
        labels = read_labels(arguments.labels, frames)
    elif labels is not None:
        labels = as_labels(labels, frames, arguments.input)
    expected = read_expected(arguments.expect, frames) if arguments.expect else None
    done = simulate(
        arguments.out,
        inputs,
        Progress(quiet=arguments.json),
        bounded=arguments.bounded,
        cxx=arguments.cxx,
        weights=arguments.weights,
    )
    if arguments.output:
        write_outputs(arguments.output, done.outputs)
    result: dict[str, Any] = {
        "frames": frames,
        "inferences_per_second": done.frames_per_second,
        "compile_seconds": done.compile_seconds,
    }
    lines = [f"{frames} frames through the compiled C++, {done.frames_per_second:,.0f} frames/s"]
    if labels is not None:
        result["accuracy"] = _accuracy(done.outputs[0], labels)
        lines.append(f"accuracy {result['accuracy']:.2%} over {frames} frames")
    if expected is not None:
        result["wrong_frames"], line = _compare(done.outputs[0], expected, arguments.expect)
        result["exit"] = int(result["wrong_frames"] > 0)
        lines.append(line)
    return result, "\n".join(lines)


def _accuracy(output: NDArray[Any], labels: NDArray[Any]) -> float:
    """The share of frames whose largest output, or whose single output, is the label."""
    flat = output.reshape(len(output), -1)
    classes = flat[:, 0] if flat.shape[1] == 1 else flat.argmax(axis=1)
    return float((classes == labels).mean())


def _compare(output: NDArray[Any], expected: NDArray[Any], path: Path) -> tuple[int, str]:
    if output.size != expected.size:
        raise UserError(
            f"outputs of shape {list(expected.shape)}, those of the network: {list(output.shape)}", str(path)
        )
    wrong = (output.reshape(len(output), -1) != expected.reshape(len(output), -1)).any(axis=1)
    if not wrong.any():
        return 0, "all outputs as expected, bit by bit"
    return int(wrong.sum()), f"{wrong.sum()} of {len(wrong)} frames differ, the first is {wrong.argmax()}"
