"""Our text in other people's tools: stock `mlir-opt` keeps it, stock `xdsl-opt` runs our passes."""

import os
import shutil
import subprocess
import sys
from io import StringIO
from pathlib import Path

import pytest
from models import MODELS, ROOT, needs_models
from xdsl.dialects.builtin import ModuleOp
from xdsl.printer import Printer

from qnn_ir.driver.context import compiler_context, parse_module
from qnn_ir.frontend.onnx import import_model
from qnn_ir.passes.pipelines import dataflow_passes, integer_passes, process_passes

MLIR_OPT = os.environ.get("QNN_MLIR_OPT") or shutil.which("mlir-opt-22")
XDSL_OPT = Path(sys.executable).with_name("xdsl-opt")
DIGITS = ROOT / "examples" / "digits" / "digits.onnx"
LEVELS = ("imported", "integer", "stream", "hlsc")


def at_level(model: Path, level: str) -> ModuleOp:
    """`model` lowered to `level`."""
    module, ctx = import_model(model), compiler_context()
    stages = (integer_passes(), dataflow_passes(), process_passes())
    for passes in stages[: LEVELS.index(level)]:
        for p in passes:
            p.apply(ctx, module)
    return module


def generic(module: ModuleOp) -> str:
    out = StringIO()
    Printer(out, print_generic_format=True).print_op(module)
    return out.getvalue()


def through_mlir(text: str) -> str:
    assert MLIR_OPT is not None
    options = ["--allow-unregistered-dialect", "--mlir-print-op-generic", "--mlir-print-local-scope"]
    done = subprocess.run([MLIR_OPT, *options], input=text, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[:2000]
    return done.stdout


def check_round_trip(model: Path, level: str) -> None:
    module = at_level(model, level)
    back = parse_module(through_mlir(generic(module)), "mlir-opt")
    back.verify()
    assert back.is_structurally_equivalent(module)


@pytest.mark.skipif(MLIR_OPT is None, reason="no mlir-opt-22 on PATH (Debian: mlir-22-tools) and no QNN_MLIR_OPT")
@pytest.mark.parametrize("level", LEVELS)
def test_mlir_opt_keeps_every_level(level: str) -> None:
    check_round_trip(DIGITS, level)


@needs_models
@pytest.mark.skipif(MLIR_OPT is None, reason="no mlir-opt-22 on PATH (Debian: mlir-22-tools) and no QNN_MLIR_OPT")
@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("name", ["zoo_tfc_1w1a", "mlp_w4a4_mnist_qcdq", "finn_tfc_w1a1_multithreshold"])
def test_mlir_opt_keeps_real_networks(name: str, level: str) -> None:
    check_round_trip(MODELS / "onnx" / f"{name}.onnx", level)


def test_stock_xdsl_opt_runs_our_passes(tmp_path: Path) -> None:
    path = tmp_path / "net.mlir"
    path.write_text(str(at_level(DIGITS, "imported")))
    command = [str(XDSL_OPT), str(path), "-p", "qnn-compile", "-t", "hls-cpp"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[:2000]
    assert "#pragma HLS DATAFLOW" in done.stdout
