"""The compiled C++ of random actors on images against the interpreter of the level above."""

import tempfile
from pathlib import Path

import numpy as np
import pytest
from actors import Case
from emitted import lowered, simulate
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


@pytest.mark.parametrize("kind", kinds)
def test_actor(kind: str) -> None:
    """With channels of the depths that the design has."""

    @few
    @given(kinds[kind])
    def check(case: Case) -> None:
        graph = next(op for op in case.module.walk() if isinstance(op, GraphOp))
        (expected,) = run_graph(graph, case.streams)
        lowered(case.module)
        with tempfile.TemporaryDirectory() as folder:
            (actual,) = simulate(case.module, case.streams, Path(folder), bounded=True)
        np.testing.assert_array_equal(actual, expected)

    check()
