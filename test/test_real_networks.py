"""Real trained networks: the golden integers at every level, after every pass, and from the compiled C++."""

from pathlib import Path

import numpy as np
import pytest
from compiled_networks import compiled
from models import CONVOLUTIONAL, MODELS, assert_golden, golden, needs_models
from xdsl.dialects.builtin import ModuleOp
from xdsl.passes import ModulePass, PassPipeline

from qnn_ir.driver.context import compiler_context
from qnn_ir.driver.qnnc import main
from qnn_ir.frontend.onnx import import_model
from qnn_ir.interp import run_module
from qnn_ir.passes.pipelines import default_pipeline

NETWORKS = [
    "finn_tfc_w1a1_multithreshold",
    "mlp_w4a4_mnist_qcdq",
    "mlp_w4a4_mnist_qonnx",
    "zoo_kwsmlp_w3a3",
    "zoo_qkeras_jettagging_w6a6",
    "zoo_tfc_1w1a",
    "zoo_tfc_2w2a",
]
LARGEST = {"qonnx_espcn_subpixel_w4a4"}
"""Images of 65,536 pixels: in C++ only, one of them."""
OPTIMISED = ("-std=c++14", "-O1", "-Wall", "-Wextra", "-Werror", "-Wno-unknown-pragmas")
"""Compiles and runs a few images in the least time."""


def _interpreted(name: str) -> int | None:
    """How many frames are interpreted after each pass: all of an MLP, one where a frame takes half a second or more."""
    if name in NETWORKS:
        return None
    return 1 if name.startswith(("cnv", "resnet", "unet")) else 2


@needs_models
@pytest.mark.parametrize("name", [*NETWORKS, *(name for name in CONVOLUTIONAL if name not in LARGEST)])
def test_every_pass_keeps_the_golden_integers(name: str) -> None:
    data = {key: frames[: _interpreted(name)] for key, frames in golden(name).items()}
    module = import_model(MODELS / "onnx" / f"{name}.onnx")

    def check(done: ModulePass | None, module: ModuleOp, _next: ModulePass | None) -> None:
        module.verify()
        assert_golden(run_module(module, [data["x"]])[0], data["y64"])

    PassPipeline(default_pipeline(), check).apply(compiler_context(), module)


@needs_models
@pytest.mark.parametrize("name", NETWORKS)
def test_compiled_cpp_gives_the_golden_integers(name: str, tmp_path: Path) -> None:
    data = golden(name)
    np.save(tmp_path / "x.npy", data["x"])
    assert main(["build", str(MODELS / "onnx" / f"{name}.onnx"), "-o", str(tmp_path / "out")]) == 0
    sim = ["sim", str(tmp_path / "out"), "--input", str(tmp_path / "x.npy"), "--output", str(tmp_path / "y.npy")]
    assert main(sim) == 0
    assert_golden(np.load(tmp_path / "y.npy").astype(np.float64), data["y64"])


@needs_models
@pytest.mark.parametrize("name", CONVOLUTIONAL)
def test_compiled_images_give_the_golden_integers(name: str, tmp_path: Path) -> None:
    data = {key: frames[: 1 if name in LARGEST else 8] for key, frames in golden(name).items()}
    module, context = import_model(MODELS / "onnx" / f"{name}.onnx"), compiler_context()
    for pass_ in default_pipeline():
        pass_.apply(context, module)
    outputs = run_module(module, [data["x"]], accelerator=compiled(module, tmp_path, flags=OPTIMISED))
    assert_golden(outputs[0], data["y64"])
