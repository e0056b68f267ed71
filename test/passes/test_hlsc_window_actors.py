"""Actors on images as processes: the same integers, the rules that simulation cannot see, no bubble between frames."""

import numpy as np
import pytest
from actors import FRAMES, Case
from hypothesis import HealthCheck, given, settings
from image_actors import kinds

from qnn_ir.dialects.hlsc import ProcessOp
from qnn_ir.dialects.stream import Actor, GraphOp, channel
from qnn_ir.interp.hlsc import run_process
from qnn_ir.interp.stream import run_graph
from qnn_ir.passes.actors import LOWERINGS
from qnn_ir.passes.hlsc_verify_processes import process_violations

thorough = settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def only_actor(case: Case) -> tuple[GraphOp, Actor]:
    """The graph of a case and its one actor."""
    graph = next(op for op in case.module.body.block.ops if isinstance(op, GraphOp))
    (actor,) = graph.actors()
    return graph, actor


def lowered(actor: Actor) -> ProcessOp:
    """The verified process of an actor."""
    process = LOWERINGS[type(actor)](actor, "process")
    process.verify()
    return process


def run(process: ProcessOp, actor: Actor, streams: list[np.ndarray], **options: object) -> np.ndarray:
    """The output stream of the process for the input streams."""
    beats = [
        stream.reshape(FRAMES, -1, channel(value).lanes.data)
        for stream, value in zip(streams, actor.operands, strict=True)
    ]
    (output,) = run_process(process, beats, **options)  # pyright: ignore[reportArgumentType]
    return output.reshape(FRAMES, -1)


@pytest.mark.parametrize("kind", sorted(kinds))
def test_process_computes_what_the_actor_says(kind: str):
    """All frames at once, and frame after frame in three interleavings."""

    @thorough
    @given(kinds[kind])
    def check(case: Case):
        graph, actor = only_actor(case)
        (expected,) = run_graph(graph, case.streams)
        process = lowered(actor)
        np.testing.assert_array_equal(run(process, actor, case.streams, mode="batched"), expected)
        for order in ("greedy", "round_robin", "random"):
            actual = run(process, actor, case.streams, mode="sequential", order=order)
            np.testing.assert_array_equal(actual, expected, order)

    check()


@pytest.mark.parametrize("kind", sorted(kinds))
def test_process_keeps_the_rules(kind: str):
    """No race, no stuck tail, no running ahead, bounded gaps, for all parameters."""

    @thorough
    @given(kinds[kind])
    def check(case: Case):
        _, actor = only_actor(case)
        assert list(process_violations(lowered(actor))) == []

    check()


@pytest.mark.parametrize("kind", sorted(kinds))
def test_cycles_are_those_of_the_process(kind: str):
    """The cycles per frame of a process are what the actor says."""

    @settings(max_examples=20, deadline=None)
    @given(kinds[kind])
    def check(case: Case):
        _, actor = only_actor(case)
        assert lowered(actor).iterations_per_frame() == actor.cycles()

    check()
