"""The line buffer: no bubble between frames, no wait for room; figures of known layers."""

import numpy as np
import pytest
from actors import Case
from hypothesis import HealthCheck, assume, given, settings
from image_actors import window_graphs

from qnn_ir.analysis.line_buffer import WindowShape, line_buffer
from qnn_ir.analysis.process_rules import ProcessFacts
from qnn_ir.dialects.stream import Actor, WindowOp, channel
from qnn_ir.passes.actors.selection import is_selection
from qnn_ir.passes.actors.window import lower_window
from qnn_ir.passes.hlsc_verify_processes import process_facts

FRAMES = 4


def fire_times(facts: ProcessFacts, arrivals: np.ndarray) -> list[np.ndarray]:
    """The clock in which each iteration of each side fires, when beat k is there from clock `arrivals[k]` on."""
    positions = [side.schedule.over(side.position or 0, FRAMES) for side in facts.sides]
    awaits = [
        [(w.side, side.schedule.over(w.threshold, FRAMES), np.tile(side.enabled(w.when), FRAMES)) for w in side.awaits]
        for side in facts.sides
    ]
    place, times, clock = [0, 0], [np.zeros(len(p), np.int64) for p in positions], 0
    while any(k < len(p) for k, p in zip(place, positions, strict=True)):
        before, clock = list(place), clock + 1
        assert clock < 10**6
        for side, k in enumerate(before):
            if k == len(positions[side]) or (facts.sides[side].reads and clock < arrivals[k]):
                continue
            other = before[1 - side]
            here = positions[1 - side][other] if other < len(positions[1 - side]) else 1 << 60
            if all(here > threshold[k] for _, threshold, when in awaits[side] if when[k]):
                times[side][k] = clock
                place[side] += 1
    return times


def only_window(case: Case) -> WindowOp:
    actor = next(op for op in case.module.walk() if isinstance(op, Actor))
    assert isinstance(actor, WindowOp)
    return actor


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(window_graphs())
def test_frames_follow_without_a_bubble(case: Case) -> None:
    """With evenly spaced input a frame takes its interval and no more, and a beat waits for room a clock or two."""
    actor = only_window(case)
    assume(not is_selection(actor))
    pixels, interval = channel(actor.input).beats.data, actor.cycles()
    arrivals = np.ceil(np.arange(1, FRAMES * pixels + 1) * interval / pixels).astype(np.int64)
    facts = process_facts(lower_window(actor, "window"))
    fill, emit = fire_times(facts, arrivals)
    assert (fill - arrivals).max() <= 2
    ends = emit.reshape(FRAMES, -1)[:, -1]
    assert ends[-1] - ends[0] <= (FRAMES - 1) * interval + 1


@pytest.mark.parametrize(
    ("shape", "rows"),
    [
        (WindowShape(30, 30, (3, 3), (1, 1), (1, 1), (0, 0, 0, 0), (28, 28), 9), 5),
        (WindowShape(32, 32, (3, 3), (1, 1), (1, 1), (1, 1, 1, 1), (32, 32), 9), 4),
        (WindowShape(32, 32, (3, 3), (2, 2), (1, 1), (1, 1, 1, 1), (16, 16), 9), 4),
        (WindowShape(32, 32, (2, 2), (2, 2), (1, 1), (0, 0, 0, 0), (16, 16), 4), 3),
        (WindowShape(224, 224, (7, 7), (2, 2), (1, 1), (3, 3, 3, 3), (112, 112), 49), 9),
    ],
)
def test_known_layers_need_few_rows(shape: WindowShape, rows: int) -> None:
    buffer = line_buffer(shape)
    assert not buffer.clamped
    assert buffer.depth <= rows * shape.columns
