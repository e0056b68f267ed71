"""
Random convolutional networks through the whole compiler: the exact result after every pass and from the compiled C++.

The reference is exact arithmetic (`exact_reference`). Floats are compared with it too, in float64 by our interpreter
before the first pass and in float32 by the QONNX executor: everywhere where both are exact, elsewhere on the frames
that have no decision within the noise of float32.

`pytest test/test_random_cnns.py --cnn-seeds 1000:1200 -n 2` runs other seeds, each through the compiled C++ with three
foldings.
"""

import shutil
from pathlib import Path

import numpy as np
import pytest
from bounded import run_bounded
from cnn_networks import Cnn, cnns, random_cnn
from compiled_networks import compiled, top_of
from emitted import QUICK
from exact_reference import evaluate_exactly, evaluate_qonnx
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp

from qnn_ir.errors import UserError
from qnn_ir.frontend.onnx import import_model
from qnn_ir.interp import run_module
from qnn_ir.passes.pipelines import default_pipeline, integer_passes
from qnn_ir.passes.stream_fold import StreamFoldPass

FRAMES = 3
SANITIZED = (*QUICK, "-fsanitize=address,undefined", "-fno-sanitize-recover=all")

FOLDINGS = st.one_of(
    st.just(StreamFoldPass()),
    st.builds(StreamFoldPass, pe=st.integers(1, 6), simd=st.integers(1, 6)),
    st.builds(StreamFoldPass, target_cycles=st.integers(1000, 9000)),
)


def foldings(seed: int) -> tuple[StreamFoldPass, ...]:
    """Unlike foldings: the fastest for the default board, one that divides little, a slow one."""
    return StreamFoldPass(), StreamFoldPass(pe=seed % 5 + 1, simd=seed % 4 + 1), StreamFoldPass(target_cycles=3000)


def agree(actual: np.ndarray, expected: np.ndarray, noise: float, what: str) -> None:
    """Equal up to `noise` of full scale; a step of any quantiser here is larger by orders of magnitude."""
    limit = noise * max(1.0, float(np.abs(expected).max(initial=0)))
    np.testing.assert_allclose(actual.reshape(expected.shape), expected, rtol=0, atol=limit, err_msg=what)


class Checked:
    """A network, its frames and its exact outputs; `module` is what the passes made of it so far."""

    def __init__(self, network: Cnn):
        self.network, self.frames = network, network.frames(FRAMES)
        self.inputs = [self.frames[:, 0]]
        self.expected, self.stable = evaluate_exactly(network.model, self.frames)

    def floats(self) -> None:
        """Before any pass: our float64 interpreter, and the executor."""
        sure = np.ones(FRAMES, bool) if self.network.dyadic else self.stable
        floats = run_module(import_model(self.network.model.SerializeToString()), self.inputs)[0]
        agree(floats.reshape(self.expected.shape)[sure], self.expected[sure], 1e-9, "float64")
        executed = evaluate_qonnx(self.network.model, self.frames)
        agree(executed.reshape(self.expected.shape)[sure], self.expected[sure], 1e-5, "executor")

    def passes(self, folding: StreamFoldPass, *, interpret: bool = True) -> ModuleOp:
        """The module ready to print; where `interpret`, exact after every pass."""
        module = import_model(self.network.model.SerializeToString())
        for pass_ in default_pipeline(folding=folding):
            pass_.apply(Context(), module)
            module.verify()
            if interpret:
                agree(run_module(module, self.inputs)[0], self.expected, 1e-9, f"after {pass_.name}")
        return module

    def compiled(self, module: ModuleOp, folder: Path, cxx: str = "g++", flags: tuple[str, ...] = QUICK) -> None:
        """The C++ of `module`, which runs with the depths of its channels too."""
        assert run_bounded(top_of(module), FRAMES) == []
        outputs = run_module(module, self.inputs, accelerator=compiled(module, folder, cxx=cxx, flags=flags))
        agree(outputs[0], self.expected, 1e-9, "C++")


@pytest.mark.parametrize("seed", range(60))
def test_seeded(seed: int) -> None:
    """A fixed set with unlike foldings, the same on every machine; none of these is refused."""
    checked = Checked(random_cnn(seed))
    checked.floats()
    checked.passes(foldings(seed)[seed % 3])


def _refused(network: Cnn) -> bool:
    """Whether the integer passes refuse what has been drawn, with the error that this has to have."""
    module = import_model(network.model.SerializeToString())
    try:
        for pass_ in integer_passes():
            pass_.apply(Context(), module)
    except UserError as error:
        if not any(reason in str(error) for reason in network.refusals):
            raise
        return True
    return False


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(cnns, FOLDINGS)
def test_drawn(network: Cnn, folding: StreamFoldPass) -> None:
    """Whatever hypothesis finds; it shrinks what fails."""
    if _refused(network):
        return
    checked = Checked(network)
    checked.floats()
    checked.passes(folding)


@pytest.mark.parametrize("seed", range(100, 115))
def test_compiled(seed: int, tmp_path: Path) -> None:
    """The compiled C++ between the host functions."""
    checked = Checked(random_cnn(seed))
    checked.compiled(checked.passes(foldings(seed)[1], interpret=False), tmp_path)


@pytest.mark.parametrize(("seed", "cxx", "flags"), [(115, "g++", SANITIZED), (116, "clang++", QUICK)])
def test_compilers(seed: int, cxx: str, flags: tuple[str, ...], tmp_path: Path) -> None:
    """Sanitizers and a second compiler."""
    if shutil.which(cxx) is None:
        pytest.skip(f"needs {cxx}")
    checked = Checked(random_cnn(seed))
    checked.compiled(checked.passes(foldings(seed)[1], interpret=False), tmp_path, cxx, flags)


def test_more_seeds(cnn_seed: int, tmp_path: Path) -> None:
    """The seeds of `--cnn-seeds`: every pass, every folding, compilers in turn."""
    if _refused(random_cnn(cnn_seed)):
        pytest.skip("refused, as it has to be")
    checked = Checked(random_cnn(cnn_seed))
    checked.floats()
    compilers = [("g++", QUICK), ("clang++", QUICK), ("g++", SANITIZED)]
    for number, folding in enumerate(foldings(cnn_seed)):
        module = checked.passes(folding, interpret=number == cnn_seed % 3)
        checked.compiled(module, tmp_path / str(number), *compilers[number if cnn_seed % 5 == 0 else 0])
