"""`qnnc build`: a model file in, a complete folder out, or nothing at all."""

import argparse
import json
import math
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray
from xdsl.dialects.builtin import ModuleOp
from xdsl.passes import ModulePass

from qnn_ir import __version__
from qnn_ir.device import Device, set_device
from qnn_ir.dialects import stream
from qnn_ir.driver.arrays import read_frames
from qnn_ir.driver.atomic import atomic_folder, check_target
from qnn_ir.driver.context import compiler_context, in_file
from qnn_ir.driver.host import HOST_FILE, host_text
from qnn_ir.driver.manifest import manifest_of, top_of
from qnn_ir.driver.progress import Progress
from qnn_ir.driver.weights import loaded_layers, weight_files
from qnn_ir.emit.host import emit_host
from qnn_ir.emit.project import banner_of, emit_layers, emit_project, module_kernel
from qnn_ir.emit.scripts import board_scripts
from qnn_ir.errors import UserError
from qnn_ir.frontend.onnx import import_model
from qnn_ir.passes.folding.estimate import estimate
from qnn_ir.passes.pipelines import (
    dataflow_passes,
    default_pipeline,
    integer_passes,
    process_passes,
    record_pipeline,
)
from qnn_ir.passes.stream_fold import StreamFoldPass, folding_of
from qnn_ir.report.layers import layer_report
from qnn_ir.report.table import layer_table
from qnn_ir.report.transfers import transfers
from qnn_ir.targets import Board, find_board

if TYPE_CHECKING:
    from qnn_ir.driver.verify import Verifier


@dataclass(frozen=True)
class BuildOptions:
    """
    What a user can choose.

    `input` declares the network's input (`uint8,scale=1/255`); of `target_fps`, `target_cycles` (per frame),
    `folding` (a JSON file) and `pe`/`simd` (of every layer) at most one says how parallel the layers are; without any,
    the highest throughput that fits the board is chosen. `interface` of the accelerator's ports: `axis` streams, or
    `memory` for arrays in DRAM; None: what designs on the board have. `verify_each` is a file of input frames.
    """

    board: str = "pynq-z1"
    clock_mhz: float | None = None
    input: str | None = None
    target_fps: float | None = None
    target_cycles: int | None = None
    folding: Path | None = None
    pe: int | None = None
    simd: int | None = None
    interface: str | None = None
    verify_each: Path | None = None


def build(model: Path, out: Path, options: BuildOptions, progress: Progress) -> dict[str, Any]:
    """
    Compile `model` into the folder `out` and return its report (also written there as `report.json`).

    Raises `UserError` with nothing written; an older `out` of ours is replaced only on success.
    """
    check_target(out)
    frames = read_frames(options.verify_each)[0] if options.verify_each else None
    board = find_board(options.board, options.clock_mhz)
    folding = _folding(options, board)
    with _about(model, options.folding):
        files, report = _compile(model, options, board, folding, frames, progress)
    atomic_folder(out, files)
    return report | {"output": str(out), "seconds": progress.seconds}


def _compile(
    model: Path,
    options: BuildOptions,
    board: Board,
    folding: StreamFoldPass,
    frames: list[NDArray[Any]] | None,
    progress: Progress,
) -> tuple[dict[str, str | bytes], dict[str, Any]]:
    """All files of the build and its report."""
    interface = options.interface or board.interface
    with progress.stage("import"):
        module = import_model(model)
    set_device(module, board)
    ctx = compiler_context()
    verifier = None if frames is None else _verifier(module, frames)

    def run(passes: tuple[ModulePass, ...]) -> None:
        for p in passes:
            with progress.stage(p.name):
                p.apply(ctx, module)
                if verifier is None:
                    module.verify()
                else:
                    verifier.check(module, p.name)

    files: dict[str, str | bytes] = {}
    run(integer_passes(options.input))
    files["ir/qnn.mlir"] = str(module) + "\n"
    run(dataflow_passes(folding, interface))
    files["ir/stream.mlir"] = str(module) + "\n"
    graph = next(op for op in module.walk() if isinstance(op, stream.GraphOp))
    files["folding.json"] = json.dumps(folding_of(graph), indent=1) + "\n"
    report = {"version": __version__} | layer_report(graph, board, model.name, estimate(graph))
    loaded = loaded_layers(graph)
    run(process_passes(interface))
    record_pipeline(module, default_pipeline(options.input, folding, interface))
    files["ir/hlsc.mlir"] = str(module) + "\n"
    files[HOST_FILE] = host_text(module)
    with progress.stage("emit C++"):
        files |= _accelerator(module, board)
    manifest = manifest_of(module, model.name)
    manifest["weights"], weights = weight_files(loaded, top_of(module))
    files |= weights
    host = emit_host(module, manifest["top"], manifest["input_ports"], manifest["output_ports"])
    files |= {f"host/{name}": content for name, content in host.items()}
    report |= {"inputs": manifest["inputs"], "outputs": manifest["outputs"]}
    report["transfers"] = transfers([*manifest["input_ports"], *manifest["output_ports"]], board)
    files["report.json"] = json.dumps(report, indent=1) + "\n"
    files["manifest.json"] = json.dumps(manifest, indent=1) + "\n"
    return files, report


def _accelerator(module: ModuleOp, board: Board) -> dict[str, str]:
    """The C++ and all scripts."""
    hls = emit_project(module, board.shell == "alveo") | emit_layers(module)
    scripts = board_scripts(module_kernel(module), board, banner_of(module, "#"))
    return {f"hls/{name}": text for name, text in hls.items()} | scripts


def _verifier(module: ModuleOp, frames: list[NDArray[Any]]) -> "Verifier":
    from qnn_ir.driver.verify import Verifier  # the interpreters take a third of the start-up time

    return Verifier(module, frames)


def _folding(options: BuildOptions, device: Device) -> StreamFoldPass:
    """The folding pass that the options ask for."""
    cycles = options.target_cycles
    if options.target_fps is not None:
        if not options.target_fps > 0:
            raise UserError(f"--target-fps {options.target_fps:g}", remedy="give a positive number")
        cycles = math.floor(1e9 / device.clock_ns / options.target_fps)
        if cycles < 1:
            raise UserError(
                f"--target-fps {options.target_fps:g} is less than one cycle per frame",
                remedy=f"at {1000 / device.clock_ns:g} MHz at most {1e9 / device.clock_ns:g} can be reached",
            )
    file = None if options.folding is None else str(options.folding)
    return StreamFoldPass(target_cycles=cycles, pe=options.pe, simd=options.simd, folding_file=file)


@contextmanager
def _about(model: Path, folding: Path | None) -> Generator[None]:
    """Errors name the model's file, but for those of the folding file."""
    try:
        yield
    except UserError as error:
        if folding is not None and error.where.startswith(str(folding)):
            raise
        raise in_file(error, model) from error


def build_command(arguments: argparse.Namespace) -> tuple[dict[str, Any], str]:
    """`qnnc build MODEL.onnx -o OUT`."""
    names = BuildOptions.__dataclass_fields__
    options = BuildOptions(**{name: getattr(arguments, name) for name in names})
    progress = Progress(quiet=arguments.json)
    report = build(arguments.model, arguments.output, options, progress)
    cpp = arguments.output / "hls"
    return report, f"{layer_table(report)}\n{arguments.model} compiled in {sum(progress.seconds.values()):.1f} s: {cpp}"
