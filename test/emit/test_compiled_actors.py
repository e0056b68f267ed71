"""The compiled C++ of random actors against the interpreter of the level above."""

import tempfile
from pathlib import Path

import numpy as np
from actors import Case, actor_graphs, label_select_graphs, map_graphs, mvtu_graphs, width_graphs
from emitted import lowered, simulate
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qnn_ir.dialects.stream import GraphOp
from qnn_ir.interp.stream import run_graph

few = settings(
    max_examples=6,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)


def check(case: Case, pack_bits: bool, interface: str = "axis", bounded: bool = False) -> None:
    module, streams = case.module, case.streams
    graph = next(op for op in module.walk() if isinstance(op, GraphOp))
    expected = run_graph(graph, streams)
    lowered(module, pack_bits=pack_bits, interface=interface)
    with tempfile.TemporaryDirectory() as folder:
        actual = simulate(module, streams, Path(folder), bounded=bounded)
    for a, e in zip(actual, expected, strict=True):
        np.testing.assert_array_equal(a, e)


@few
@given(actor_graphs, st.booleans(), st.sampled_from(["axis", "memory"]))
def test_any_actor(case: Case, bounded: bool, interface: str) -> None:
    check(case, True, interface, bounded)


@few
@given(mvtu_graphs(), st.booleans())
def test_mvtu(case: Case, pack_bits: bool) -> None:
    check(case, pack_bits)


@few
@given(map_graphs())
def test_map(case: Case) -> None:
    check(case, True)


@few
@given(width_graphs())
def test_width(case: Case) -> None:
    check(case, True)


@few
@given(label_select_graphs())
def test_label_select(case: Case) -> None:
    check(case, True)
