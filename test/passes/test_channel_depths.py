"""Forks and joins never block each other, whatever the branches hold back."""

from collections.abc import Iterator
from fractions import Fraction

import numpy as np
import pytest
from actors import FRAMES, Case
from bounded import Fifo, Side, run_bounded, run_on, sides_of
from hypothesis import HealthCheck, assume, given, settings
from image_actors import kinds
from image_networks import image_networks
from stream_graphs import parse
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import SSAValue

from qnn_ir.analysis.channel_depths import DEPTH
from qnn_ir.dialects.hlsc import ProcessOp, TopOp
from qnn_ir.dialects.stream import Actor, GraphOp, channel
from qnn_ir.interp.hlsc import run_top
from qnn_ir.interp.stream import SEMANTICS, run_graph
from qnn_ir.passes.actors import LOWERINGS
from qnn_ir.passes.actors.leads import LEADS, lead
from qnn_ir.passes.convert_stream_to_hlsc import ConvertStreamToHlscPass
from qnn_ir.passes.hlsc_pack_bits import HlscPackBitsPass
from qnn_ir.passes.hlsc_verify_processes import HlscVerifyProcessesPass, process_facts

slow = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


def top_of(module: ModuleOp) -> TopOp:
    return next(op for op in module.walk() if isinstance(op, TopOp))


def test_every_actor_has_a_process_and_a_lead() -> None:
    assert set(SEMANTICS) == set(LOWERINGS) == set(LEADS)


@slow
@given(image_networks())
def test_networks_run_in_the_depths_that_they_get(module: ModuleOp) -> None:
    """No deadlock over several frames, the rules of all processes and channels, and the integers of the graph."""
    graph = next(op for op in module.walk() if isinstance(op, GraphOp))
    size = graph.body.block.args[0].type.elements  # pyright: ignore[reportAttributeAccessIssue]
    inputs = [np.random.default_rng(0).integers(0, 4, (2, size))]
    expected = run_graph(graph, inputs)
    for pass_ in (ConvertStreamToHlscPass(), HlscPackBitsPass(), HlscVerifyProcessesPass()):
        pass_.apply(Context(), module)
        module.verify()
    assert run_bounded(top_of(module), FRAMES) == []
    np.testing.assert_array_equal(run_top(module, top_of(module), inputs), expected)


def lowered(actor: Actor) -> ProcessOp:
    return LOWERINGS[type(actor)](actor, "process")


def measured(process: ProcessOp) -> tuple[Fraction, Fraction]:
    """The lowest and the highest part of a frame that a process with one side has read and not written."""
    (side,) = process_facts(process).sides
    low, high = Fraction(10**9), Fraction(-(10**9))
    writes = side.enabled(side.writes[0].when)
    for access in side.reads:
        reads = side.enabled(access.when)
        before = [Fraction(int(n), int(reads.sum())) for n in np.cumsum(reads)]
        after = [Fraction(int(n), int(writes.sum())) for n in np.cumsum(writes)]
        low = min(low, *(r - w for r, w in zip(before, after, strict=True)))
        high = max(high, *(r - w for r, w in zip(before, [Fraction(0), *after], strict=False)))
    return low, high


@pytest.mark.parametrize("kind", sorted(set(kinds) - {"window", "reorder"}))
def test_leads_are_those_of_the_process(kind: str) -> None:
    """What an actor says about itself bounds what its process does."""

    @settings(max_examples=60, deadline=None)
    @given(kinds[kind])
    def check(case: Case) -> None:
        actor = next(op for op in case.module.walk() if isinstance(op, Actor))
        (low, high), (found_low, found_high) = lead(actor), measured(lowered(actor))
        assert low - 1e-9 <= found_low
        assert found_high <= high + 1e-9

    check()


@pytest.mark.parametrize("kind", ["window", "reorder"])
def test_leads_of_two_sides(kind: str) -> None:
    """As above: what a fill holds back that runs as far as it can, and what an emit has written that does."""

    @settings(max_examples=60, deadline=None)
    @given(kinds[kind])
    def check(case: Case) -> None:
        actor = next(op for op in case.module.walk() if isinstance(op, Actor))
        (low, high), process = lead(actor), lowered(actor)
        assume(len(process.sides) == 2)
        assert low - 1e-9 <= min(held(process, actor, late="fill"))
        assert max(held(process, actor, late="emit")) <= high + 1e-9

    check()


def held(process: ProcessOp, actor: Actor, late: str) -> Iterator[Fraction]:
    """The parts of a frame read and not written, while the side `late` only moves when the other one cannot."""
    frames, ports = 3, process.ports
    source, target = (channel(value).beats.data for value in (*actor.operands, *actor.results))
    fifos = {ports[0]: Fifo(float("inf"), pushed=frames * source), ports[1]: Fifo(float("inf"))}
    sides: dict[SSAValue | str, Side] = {s.where.split("@")[1]: s for s in sides_of(process, dict(fifos), frames)}
    slow = sides.pop(late)
    (quick,) = sides.values()
    moved = 1
    while moved:
        moved = run_on(quick)
        yield Fraction(fifos[ports[0]].popped, source) - Fraction(fifos[ports[1]].pushed, target)
        moved += slow.step()


RESIDUAL = """
stream.graph @accelerator (%x: !stream.chan<ui2 x 1, 64>) -> (!stream.chan<si8 x 1, 64>)
    inputs([#stream.layout<shape = [64], perm = [0], channels = 64>])
    outputs([#stream.layout<shape = [64], perm = [0], channels = 64>]) {
  %a, %b = stream.fork "copy" %x : !stream.chan<ui2 x 1, 64> -> !stream.chan<ui2 x 1, 64>, !stream.chan<ui2 x 1, 64>
  %w = stream.window "window" %a {shape = array<i64: 8, 8, 1>, kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>,
    dilations = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>}
    : !stream.chan<ui2 x 1, 64> -> !stream.chan<ui2 x 1, 576>
  %d = stream.depthwise "unit" %w weights(dense<1> : tensor<9x1xi8> as ui1) accumulator(ui5) {positions = 64 : i64}
    : !stream.chan<ui2 x 1, 576> -> !stream.chan<ui5 x 1, 64>
  %y = stream.join_add "join" %d, %b : !stream.chan<ui5 x 1, 64>, !stream.chan<ui2 x 1, 64> -> !stream.chan<si8 x 1, 64>
  stream.output %y : !stream.chan<si8 x 1, 64>
}
"""


def test_a_shallow_bypass_deadlocks() -> None:
    """What the window holds back at least is a row and two pixels; the bypass gets more, but far less than a frame."""
    module = parse(RESIDUAL)
    ConvertStreamToHlscPass().apply(Context(), module)
    top = top_of(module)
    found = {c.label.data: c.depth.value.data for c in top.channels}
    bypass = next(name for name in found if name == "copy_1_out")
    assert all(depth == DEPTH for name, depth in found.items() if name not in (bypass, "unit_out"))
    assert 10 < found[bypass] < 64
    assert run_bounded(top, 3) == []
    assert run_bounded(top, 3, {bypass: 10}) == []
    assert run_bounded(top, 3, {bypass: 9}) != []
