"""Real trained networks: the golden integers at every level, after every pass, and from the compiled C++."""

from pathlib import Path

import numpy as np
import pytest
from models import MODELS, assert_golden, golden, needs_models
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


@needs_models
@pytest.mark.parametrize("name", NETWORKS)
def test_every_pass_keeps_the_golden_integers(name: str) -> None:
    data = golden(name)
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
