"""Processes against the actors they come from: the same integers for random actors, foldings and maps."""

import numpy as np
import pytest
from actors import Case, actor_graphs, label_select_graphs, map_graphs, mvtu_graphs, width_graphs
from hypothesis import HealthCheck, given, settings
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.passes import ModulePass

from qnn_ir.dialects.hlsc import AndPopcountOp, DotOp, TopOp, XnorPopcountOp
from qnn_ir.dialects.stream import GraphOp
from qnn_ir.interp.hlsc import run_top
from qnn_ir.interp.stream import run_graph
from qnn_ir.passes.convert_stream_to_hlsc import ConvertStreamToHlscPass
from qnn_ir.passes.hlsc_legalize_names import HlscLegalizeNamesPass
from qnn_ir.passes.hlsc_pack_bits import HlscPackBitsPass
from qnn_ir.passes.hlsc_verify_processes import HlscVerifyProcessesPass

quick = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def top_of(module: ModuleOp) -> TopOp:
    """The only top."""
    (top,) = (op for op in module.body.block.ops if isinstance(op, TopOp))
    return top


def check(case: Case, *passes: ModulePass) -> ModuleOp:
    """Run `passes` and compare the integers before and after each; the final module."""
    module, streams = case.module, case.streams
    graph = next(op for op in module.body.block.ops if isinstance(op, GraphOp))
    expected = run_graph(graph, streams)
    for pass_ in passes:
        pass_.apply(Context(), module)
        module.verify()
        actual = run_top(module, top_of(module), streams)
        for a, e in zip(actual, expected, strict=True):
            np.testing.assert_array_equal(a, e, f"after {pass_.name}")
    return module


@quick
@given(actor_graphs)
def test_any_actor(case: Case):
    """Every actor survives every pass of the level."""
    check(case, ConvertStreamToHlscPass(), HlscPackBitsPass(), HlscVerifyProcessesPass(), HlscLegalizeNamesPass())


@quick
@given(mvtu_graphs())
def test_packed_without_limit(case: Case):
    """Packing is exact for all widths, also where it would never pay; no dot product is left."""
    module = check(case, ConvertStreamToHlscPass(), HlscPackBitsPass(max_planes=99))
    assert not any(isinstance(op, DotOp) for op in module.walk())


@quick
@given(mvtu_graphs())
def test_packing_can_be_switched_off(case: Case):
    """`max-planes=0` changes nothing."""
    module = check(case, ConvertStreamToHlscPass())
    before = str(module)
    HlscPackBitsPass(max_planes=0).apply(Context(), module)
    assert str(module) == before
    assert not any(isinstance(op, XnorPopcountOp | AndPopcountOp) for op in module.walk())


@pytest.mark.parametrize("strategy", [mvtu_graphs(), map_graphs(), width_graphs(), label_select_graphs()])
def test_iterations_are_those_of_the_nest(strategy):
    """The cycles per frame of a process are what the actor says."""

    @settings(max_examples=10, deadline=None)
    @given(strategy)
    def run(case: Case):
        module = case.module
        graph = next(op for op in module.body.block.ops if isinstance(op, GraphOp))
        (actor,) = graph.actors()
        name, cycles = actor.layer.data, actor.cycles()
        ConvertStreamToHlscPass().apply(Context(), module)
        (process,) = (call.process() for call in top_of(module).calls if call.callee.string_value() == name)
        assert process.iterations_per_frame() == cycles

    run()
