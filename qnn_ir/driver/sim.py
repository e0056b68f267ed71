"""`qnnc sim`: frames through host prologue, compiled C++ and host epilogue."""

import argparse
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qnn_ir.driver import csim, packing
from qnn_ir.driver.host import read_host
from qnn_ir.driver.manifest import HostPort, read_manifest
from qnn_ir.driver.progress import Progress
from qnn_ir.errors import UserError
from qnn_ir.interp import Accelerator, run_module


def simulate(
    out: Path, frames: NDArray[np.float32], progress: Progress, *, bounded: bool = False, cxx: str = "g++"
) -> tuple[NDArray[Any], float]:
    """
    The ONNX output of each of the N `frames` (float32, the layout of the ONNX input, first axis N), computed by the
    C++ in the build folder `out`, and the frames per second of the accelerator's call alone.
    """
    manifest, host = read_manifest(out), read_host(out)
    with progress.stage(f"{cxx}"):
        exe = csim.compile(out / "hls", cxx=cxx, bounded=bounded)
    inputs = [HostPort.from_json(port) for port in manifest["inputs"]]
    outputs = [HostPort.from_json(port) for port in manifest["outputs"]]
    speeds: list[float] = []

    def run(tensors: list[NDArray[Any]]) -> list[NDArray[Any]]:
        packed = [_pack(port, tensor) for port, tensor in zip(inputs, tensors, strict=True)]
        words, speed = csim.run_timed(exe, packed, len(outputs))
        speeds.append(speed)
        return [p.layout.unpack(packing.unpack(raw, p.words)) for p, raw in zip(outputs, words, strict=True)]

    with progress.stage("simulate"):
        (result,) = run_module(host, [frames], accelerator=Accelerator(len(inputs), len(outputs), run))
    return result.astype(manifest["output_dtype"]), speeds[0]


def _pack(port: HostPort, tensor: NDArray[Any]) -> NDArray[np.uint8]:
    return packing.pack(port.layout.pack(tensor.astype(np.int64)), port.words)


def sim_command(arguments: argparse.Namespace) -> tuple[dict[str, Any], str]:
    """`qnnc sim OUT --input X [--output Y] [--expect Y] [--labels Y]`."""
    frames, labels = _read_frames(arguments.input)
    if arguments.labels:
        labels, _ = _read(arguments.labels, "y")
    expected = _read(arguments.expect, "y")[0] if arguments.expect else None
    progress = Progress(quiet=arguments.json)
    output, speed = simulate(arguments.out, frames, progress, bounded=arguments.bounded, cxx=arguments.cxx)
    if arguments.output:
        _write(arguments.output, output)
    result: dict[str, Any] = {
        "frames": len(frames),
        "inferences_per_second": speed,
        "compile_seconds": progress.seconds[arguments.cxx],
    }
    lines = [f"{len(frames)} frames through the compiled C++, {speed:,.0f} frames/s"]
    if labels is not None:
        result["accuracy"] = _accuracy(output, labels)
        lines.append(f"accuracy {result['accuracy']:.2%} over {len(labels)} frames")
    if expected is not None:
        result["wrong_frames"], line = _compare(output, expected)
        result["exit"] = int(result["wrong_frames"] > 0)
        lines.append(line)
    return result, "\n".join(lines)


def _read_frames(path: Path) -> tuple[NDArray[np.float32], NDArray[Any] | None]:
    frames, labels = _read(path, "x")
    if frames.ndim < 2 or frames.dtype.kind not in "fiub":
        raise UserError(
            f"an array of shape {frames.shape} and type {frames.dtype}", str(path), "give N frames of numbers"
        )
    return frames.astype(np.float32), labels


def _read(path: Path, key: str) -> tuple[NDArray[Any], NDArray[Any] | None]:
    """The array of a `.npy`, or `key` of a `.npz` and its `y`."""
    try:
        data = np.load(path, allow_pickle=False)
        if isinstance(data, np.ndarray):
            return data, None
        return data[key], data["y"] if key == "x" and "y" in data else None
    except (OSError, ValueError, KeyError, EOFError) as error:
        raise UserError(
            f"cannot read the array: {error}", str(path), "give a .npy, or an .npz with x (and y)"
        ) from error


def _write(path: Path, output: NDArray[Any]) -> None:
    """Write the array in one step: a reader never sees half of it."""
    partial = path.with_name(f".{path.name}.partial.npy")
    try:
        np.save(partial, output)
        partial.replace(path)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise UserError(f"cannot write the output: {error.strerror}", str(path)) from error


def _accuracy(output: NDArray[Any], labels: NDArray[Any]) -> float:
    """The share of frames whose largest output, or whose single output, is the label."""
    flat = output.reshape(len(output), -1)
    if len(labels) != len(flat):
        raise UserError(f"{len(labels)} labels for {len(flat)} frames")
    classes = flat[:, 0] if flat.shape[1] == 1 else flat.argmax(axis=1)
    return float((classes == labels.reshape(-1)).mean())


def _compare(output: NDArray[Any], expected: NDArray[Any]) -> tuple[int, str]:
    if output.size != expected.size:
        raise UserError(f"outputs of shape {output.shape}, expected {expected.shape}")
    wrong = (output.reshape(len(output), -1) != expected.reshape(len(output), -1)).any(axis=1)
    if not wrong.any():
        return 0, "all outputs as expected, bit by bit"
    return int(wrong.sum()), f"{wrong.sum()} of {len(wrong)} frames differ, the first is {wrong.argmax()}"
