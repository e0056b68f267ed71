"""Random quantised MLPs through the whole compiler: exact arithmetic at every level, after every pass."""

from pathlib import Path

import numpy as np
import pytest
from exact_reference import evaluate_exactly, evaluate_qonnx
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from networks import Network, build, networks, random_network
from xdsl.context import Context

from qnn_ir.driver.build import BuildOptions
from qnn_ir.driver.build import build as build_folder
from qnn_ir.driver.progress import Progress
from qnn_ir.driver.sim import simulate
from qnn_ir.frontend.onnx import import_model
from qnn_ir.interp import run_module
from qnn_ir.passes.pipelines import default_pipeline
from qnn_ir.passes.stream_fold import StreamFoldPass

FRAMES = 4
NOISE = 1e-9
"""Of full scale: the last affine in float64. A step of any quantiser here is larger by orders of magnitude."""

foldings = st.one_of(
    st.builds(StreamFoldPass, pe=st.integers(1, 6), simd=st.integers(1, 6)),
    st.builds(StreamFoldPass, target_cycles=st.integers(40, 400)),
    st.just(StreamFoldPass()),
)


def agreeing(actual: np.ndarray, expected: np.ndarray, noise: float = NOISE) -> np.ndarray:
    """Which frames agree; full scale is the largest value there is."""
    scale = max(1.0, float(np.abs(expected).max()))
    actual = actual.reshape(expected.shape)
    return (np.abs(actual - expected) <= noise * scale).reshape(len(expected), -1).all(axis=1)


def check(network: Network, folding: StreamFoldPass) -> None:
    """
    The exact result after every pass.

    Before the first one the graph is evaluated in float64, and by the QONNX executor in float32: both may decide
    otherwise where a value lies on a boundary, unless all constants are dyadic.
    """
    model, frames = build(network), network.frames(FRAMES)
    exact, stable = evaluate_exactly(model, frames)
    sure = np.ones(FRAMES, bool) if network.dyadic else stable
    inputs = [frames[:, 0]]
    module = import_model(model.SerializeToString())
    assert agreeing(run_module(module, inputs)[0], exact)[sure].all(), "float64"
    assert agreeing(evaluate_qonnx(model, frames), exact, 1e-5)[sure].all(), "QONNX executor"
    for pass_ in default_pipeline(folding=folding):
        pass_.apply(Context(), module)
        module.verify()
        assert agreeing(run_module(module, inputs)[0], exact).all(), f"after {pass_.name}"


@pytest.mark.parametrize("seed", range(30))
def test_seeded(seed: int):
    """A fixed set with unlike foldings, the same on every machine."""
    foldings = (StreamFoldPass(), StreamFoldPass(pe=seed % 5 + 1, simd=seed % 4 + 1), StreamFoldPass(target_cycles=60))
    check(random_network(seed), foldings[seed % 3])


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(networks, foldings)
def test_drawn(network: Network, folding: StreamFoldPass):
    """Whatever hypothesis finds; it shrinks what fails."""
    check(network, folding)


@pytest.mark.parametrize("seed", range(200, 204))
def test_compiled(seed: int, tmp_path: Path):
    """The compiled C++ with host prologue and epilogue; its real outputs are float32."""
    network = random_network(seed)
    model, frames = build(network), network.frames(16)
    exact, _ = evaluate_exactly(model, frames)
    (tmp_path / "mlp.onnx").write_bytes(model.SerializeToString())
    options = BuildOptions(pe=seed % 4 + 1, simd=seed % 3 + 1)
    build_folder(tmp_path / "mlp.onnx", tmp_path / "out", options, Progress(quiet=True))
    output = simulate(tmp_path / "out", [frames[:, 0]], Progress(quiet=True)).outputs[0]
    assert agreeing(output, exact, 1e-6).all()
