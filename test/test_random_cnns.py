"""
Random convolutional networks through the whole compiler: the same integers after every pass.

The first reference is the float64 interpretation of the imported graph, which is exact where all scales are powers of
two; the QONNX executor (ONNX Runtime for what is standard) has to agree with it there. Where scales are odd, ties may
fall either way in floats: then the passes behind the first one are compared alone.
"""

from pathlib import Path

import numpy as np
import pytest
from cnn_networks import Cnn, cnns, random_cnn
from exact_reference import evaluate_qonnx
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from xdsl.context import Context

from qnn_ir.driver.build import BuildOptions, build
from qnn_ir.driver.progress import Progress
from qnn_ir.driver.sim import simulate
from qnn_ir.errors import UserError
from qnn_ir.frontend.onnx import import_model
from qnn_ir.interp import run_module
from qnn_ir.passes.pipelines import dataflow_passes, integer_passes, process_passes
from qnn_ir.passes.stream_fold import StreamFoldPass

FRAMES = 3
SMOOTH = {"Sigmoid", "Tanh"}
"""Functions that executors compute in float32; even in float64 they reach limits that the exact ones do not."""

FOLDINGS = st.one_of(
    st.just(StreamFoldPass()),
    st.builds(StreamFoldPass, pe=st.integers(1, 6), simd=st.integers(1, 6)),
    st.builds(StreamFoldPass, target_cycles=st.integers(1000, 9000)),
)


def _agree(actual: np.ndarray, expected: np.ndarray, noise: float, what: str) -> None:
    """Equal up to `noise` of full scale; a step of any quantiser here is larger by orders of magnitude."""
    limit = noise * max(1.0, float(np.abs(expected).max()))
    np.testing.assert_allclose(actual.reshape(expected.shape), expected, rtol=0, atol=limit, err_msg=what)


def check(network: Cnn, folding: StreamFoldPass) -> None:
    """Float64, executor and every pass; a network that the integer analysis refuses by name is none of ours."""
    frames = network.frames(FRAMES)
    inputs = [frames[:, 0]]
    module = import_model(network.model.SerializeToString())
    expected = run_module(module, inputs)[0]
    operators = {node.op_type for node in network.model.graph.node}
    exact = not network.odd and not operators & SMOOTH
    if exact:
        _agree(evaluate_qonnx(network.model, frames), expected, 1e-5, "executor")
    try:
        for pass_ in integer_passes():
            pass_.apply(Context(), module)
            module.verify()
    except UserError:
        return
    integers = run_module(module, inputs)[0]
    if exact:
        _agree(integers, expected, 1e-9, "integers")
    for pass_ in (*dataflow_passes(folding), *process_passes()):
        pass_.apply(Context(), module)
        module.verify()
        np.testing.assert_array_equal(run_module(module, inputs)[0], integers, err_msg=pass_.name)


@pytest.mark.parametrize("seed", range(60))
def test_seeded(seed: int) -> None:
    """A fixed set with unlike foldings, the same on every machine."""
    foldings = StreamFoldPass(), StreamFoldPass(pe=seed % 5 + 1, simd=seed % 4 + 1), StreamFoldPass(target_cycles=3000)
    check(random_cnn(seed), foldings[seed % 3])


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(cnns, FOLDINGS)
def test_drawn(network: Cnn, folding: StreamFoldPass) -> None:
    """Whatever hypothesis finds; it shrinks what fails."""
    check(network, folding)


@pytest.mark.parametrize("seed", range(15))
def test_compiled(seed: int, tmp_path: Path) -> None:
    """The compiled C++ with host prologue and epilogue; its real outputs are float32."""
    network = random_cnn(seed)
    inputs = [network.frames(8)[:, 0]]
    (tmp_path / "cnn.onnx").write_bytes(network.model.SerializeToString())
    module = import_model(tmp_path / "cnn.onnx")
    for pass_ in integer_passes():
        pass_.apply(Context(), module)
    expected = run_module(module, inputs)[0]
    options = BuildOptions(pe=seed % 4 + 1, simd=seed % 3 + 1)
    build(tmp_path / "cnn.onnx", tmp_path / "out", options, Progress(quiet=True))
    _agree(simulate(tmp_path / "out", inputs, Progress(quiet=True)).outputs[0], expected, 1e-6, "C++")
