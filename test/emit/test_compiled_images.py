"""The compiled C++ of random actors on images against the interpreter of the level above."""

import shutil
import tempfile
from pathlib import Path

import numpy as np
import pytest
from actors import Case
from emitted import QUICK, findings, lowered, simulate
from hypothesis import HealthCheck, Phase, given, settings
from image_actors import kinds

from qnn_ir.dialects.stream import GraphOp
from qnn_ir.interp.stream import run_graph

few = settings(
    max_examples=2,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


COMPILERS = {
    "bounded": ("g++", QUICK),
    "clang": ("clang++", QUICK),
    "synthesis": ("g++", (*QUICK, "-D__SYNTHESIS__")),
    "sanitised": ("g++", (*QUICK, "-fsanitize=address,undefined", "-fno-sanitize-recover=all")),
}


@pytest.mark.parametrize("compiler", COMPILERS)
@pytest.mark.parametrize("kind", kinds)
def test_actor(kind: str, compiler: str) -> None:
    """`bounded` has channels of the depths that the design has."""
    cxx, flags = COMPILERS[compiler]
    if shutil.which(cxx) is None:
        pytest.skip(f"needs {cxx}")

    @settings(few, max_examples=2 if compiler == "bounded" else 1)
    @given(kinds[kind])
    def check(case: Case) -> None:
        graph = next(op for op in case.module.walk() if isinstance(op, GraphOp))
        (expected,) = run_graph(graph, case.streams)
        lowered(case.module)
        with tempfile.TemporaryDirectory() as name:
            folder, bounded = Path(name), compiler == "bounded"
            (actual,) = simulate(case.module, case.streams, folder, cxx=cxx, flags=flags, bounded=bounded)
            assert findings(folder) == []
        np.testing.assert_array_equal(actual, expected)

    check()
