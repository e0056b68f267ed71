"""`qnn-run`: interprets a module of any level on NumPy files."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import ModuleOp
from xdsl.passes import PassPipeline
from xdsl.universe import Universe

from qnn_ir.driver.arrays import read_frames, write_outputs
from qnn_ir.driver.context import compiler_context, in_file, no_text, parse_module
from qnn_ir.driver.opt import guarded
from qnn_ir.errors import UserError
from qnn_ir.interp import Trace, run_module


def parser() -> argparse.ArgumentParser:
    """The command line."""
    top = argparse.ArgumentParser(prog="qnn-run", description="Interpret a module (MLIR or ONNX) on NumPy data.")
    top.add_argument("module", type=Path, metavar="MODULE.mlir|MODEL.onnx")
    top.add_argument("-p", "--passes", default="", metavar="PIPELINE", help="passes to run before")
    top.add_argument(
        "--input",
        type=Path,
        action="append",
        default=[],
        metavar="X.npy|X.npz",
        help="N frames of an input; once per input",
    )
    top.add_argument("--frames", type=int, metavar="N", help="use the first N frames only")
    top.add_argument(
        "--output",
        action="append",
        default=[],
        metavar="Y.npy|print",
        help="where an output goes; once per output (default: print)",
    )
    top.add_argument("--trace", type=Path, metavar="T.npz", help="write every value of the qnn level")
    top.add_argument("--debug", action="store_true", help="show a traceback with an error")
    return top


def load_module(path: Path) -> ModuleOp:
    """The module of an MLIR or ONNX file, verified."""
    if path.suffix == ".onnx":
        from qnn_ir.frontend.onnx import import_model

        try:
            module = import_model(path)
        except UserError as error:
            raise in_file(error, path) from error
    else:
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError as error:
            raise no_text(path) from error
        module = parse_module(text, str(path))
    module.verify()
    return module


def load_array(path: Path, frames: int | None) -> NDArray[Any]:
    """The first `frames` of a `.npy`, or of `x` of a `.npz`."""
    arrays, _ = read_frames(path)
    if len(arrays) > 1:
        raise UserError("frames of several inputs", str(path), "give one file per --input")
    return arrays[0][:frames]


def write_output(array: NDArray[Any], target: str) -> None:
    """Print `array`, or save it; reals as float32, integers as int64."""
    if target != "print":
        write_outputs(Path(target), [array.astype(np.float32) if array.dtype.kind == "f" else array])
        return
    with np.printoptions(threshold=sys.maxsize, linewidth=120):
        print(array)


def write_trace(trace: Trace, path: Path) -> None:
    """All values as `<index>_<operation>_<result>` in order of execution."""
    arrays = {
        f"{index:04}_{op.name}_{number}": array
        for index, (op, results) in enumerate(trace.values())
        for number, array in enumerate(results)
    }
    np.savez(path, **arrays)  # pyright: ignore[reportArgumentType]


def run(arguments: argparse.Namespace) -> None:
    """What the command line says."""
    if arguments.frames is not None and arguments.frames < 1:
        raise UserError(f"--frames {arguments.frames}", remedy="give a positive number")
    module = load_module(arguments.module)
    passes = Universe.get_multiverse().all_passes
    PassPipeline.parse_spec(passes, arguments.passes, lambda _before, m, _after: m.verify()).apply(
        compiler_context(), module
    )
    inputs = [load_array(path, arguments.frames) for path in arguments.input]
    trace_file: Path | None = arguments.trace
    trace = None if trace_file is None else Trace()
    outputs = run_module(module, inputs, trace)
    targets: Sequence[str] = arguments.output or ["print"] * len(outputs)
    if len(targets) != len(outputs):
        raise UserError(f"the network has {len(outputs)} outputs, {len(targets)} --output given")
    for array, target in zip(outputs, targets, strict=True):
        write_output(array, target)
    if trace is not None and trace_file is not None:
        write_trace(trace, trace_file)


def main(args: Sequence[str] | None = None) -> int:
    """Entry point; the exit code."""
    arguments = parser().parse_args(args)
    return guarded(lambda: run(arguments), arguments.debug)


if __name__ == "__main__":
    sys.exit(main())
