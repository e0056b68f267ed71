#!/usr/bin/env python3
"""
Runs the accelerator of this folder on the board.

    python3 driver.py --input images_x.npy --labels images_y.npy
    python3 driver.py --input x.npy --output y.npy --throughput

In a program of your own: `from driver import Accelerator`.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from qnn_runtime import Accelerator, DriverError
from qnn_runtime.measure import accuracy, classes

__all__ = ["Accelerator", "DriverError"]


def arguments(argv: list[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description="Run the accelerator of this folder on the board.")
    parser.add_argument("--input", metavar="X", help="N frames: .npy, or .npz with x (x0, x1, ...) and labels y")
    parser.add_argument("--labels", metavar="Y", help="the class of each frame: print the accuracy")
    parser.add_argument("--output", metavar="Y.npy", help="where to write the output of each frame")
    parser.add_argument("--throughput", action="store_true", help="measure the speed of the accelerator")
    parser.add_argument("--weights", action="append", default=[], metavar="LAYER=W.npy", help="other weights")
    parser.add_argument("--module", metavar="NAME", help="the network to load into the reconfigurable slot first")
    parser.add_argument("--slot", metavar="NAME", help="the reconfigurable slot (default: the first)")
    parser.add_argument("--bitstream", metavar="FILE", help="another .bit or .xclbin than that of this folder")
    parser.add_argument("--folder", default=str(Path(__file__).resolve().parent), help="default: that of this file")
    parser.add_argument("--batch", type=int, metavar="N", help="frames per call of the hardware")
    parser.add_argument("--timeout", type=float, default=10.0, metavar="S", help="seconds that a call may take")
    parser.add_argument("--device", type=int, default=0, metavar="N", help="the number of the Alveo card")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    return parser.parse_args(argv)


def load(path: str, name: str) -> dict[str, Any]:
    """The arrays of a .npz by their names, or that of a .npy as `name`."""
    try:
        data = np.load(path, allow_pickle=False)
        if isinstance(data, np.ndarray):
            return {name: data}
        with data:
            return {key: data[key] for key in data.files}
    except (OSError, ValueError, EOFError, BadZipFile) as error:
        raise DriverError(f"{path}: cannot read the array: {error}", "give a .npy or .npz file") from error


def frames(path: str) -> tuple[list[Any], Any | None]:
    """The inputs of a file, and its labels where it has some."""
    arrays = load(path, "x")
    inputs = [arrays["x"]] if "x" in arrays else []
    while f"x{len(inputs)}" in arrays:
        inputs.append(arrays[f"x{len(inputs)}"])
    if not inputs:
        raise DriverError(f"{path}: no frames in this file", "name them x, or x0, x1, ...")
    return inputs, arrays.get("y")


def prepare(accelerator: Accelerator, options: argparse.Namespace) -> None:
    """Another network, other weights."""
    if options.module:
        accelerator.swap(options.module)
    for text in options.weights:
        layer, equals, path = text.partition("=")
        if not equals or not path:
            raise DriverError(f"--weights {text}", "write --weights LAYER=W.npy")
        accelerator.load_weights(layer, load(path, "w").get("w"))


def classify(accelerator: Accelerator, options: argparse.Namespace) -> dict[str, Any]:
    """The frames of `--input` through prologue, accelerator and epilogue."""
    inputs, labels = frames(options.input)
    if options.labels:
        labels = load(options.labels, "y").get("y")
    start = time.perf_counter()
    output = accelerator.predict(*inputs)
    spent = time.perf_counter() - start
    result: dict[str, Any] = {"frames": len(inputs[0]), "frames_per_s_with_host": len(inputs[0]) / spent}
    if options.output:
        write(options.output, output)
    found = classes(output)
    if labels is not None:
        result["accuracy"] = accuracy(found, labels)
    result["classes"] = [int(label) for label in found[:10]]
    return result


def write(path: str, output: Any) -> None:
    """The output as .npy; several as y0, y1, ... of a .npz."""
    try:
        if hasattr(output, "reshape"):
            np.save(path, output)
        else:
            np.savez(path, **{f"y{index}": data for index, data in enumerate(output)})
    except OSError as error:
        raise DriverError(f"{path}: cannot write the output: {error}") from error


def lines(result: dict[str, Any]) -> list[str]:
    """The result for people."""
    text: list[str] = []
    if "frames" in result:
        text.append("{frames} frames, {frames_per_s_with_host:,.0f} frames/s with host code".format(**result))
        text.append("classes {}{}".format(result["classes"], " ..." if result["frames"] > 10 else ""))
    if "accuracy" in result:
        text.append("accuracy {:.2%}".format(result["accuracy"]))
    if "latency_ms" in result:
        text.append(
            "accelerator alone: {frames_per_s:,.0f} frames/s in batches of {batch}, {mbytes_per_s:,.1f} MB/s, "
            "latency {latency_ms:.3f} ms".format(**result)
        )
    return text


def run(options: argparse.Namespace) -> dict[str, Any]:
    """What the options ask for."""
    where = {"bitstream": options.bitstream, "batch": options.batch, "timeout": options.timeout}
    where["slot"] = options.slot
    with Accelerator(options.folder, device=options.device, **where) as accelerator:
        prepare(accelerator, options)
        result = classify(accelerator, options) if options.input else {}
        return {**result, **accelerator.throughput()} if options.throughput else result


def main(argv: list[str] | None = None) -> int:
    """The exit code: 0, or 1 after an error in one line."""
    options = arguments(argv)
    try:
        result = run(options)
    except DriverError as error:
        print(f"driver: error: {error}", file=sys.stderr)
        return 1
    print(json.dumps(result, indent=1) if options.json else "\n".join(lines(result) or ["the accelerator is ready"]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
