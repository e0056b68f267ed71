"""The folding solver against exhaustive search."""

from collections.abc import Sequence
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qnn_ir.analysis import cost
from qnn_ir.analysis.cost import Cost, MapShape, MvtuShape
from qnn_ir.analysis.folding import (
    Budget,
    Choice,
    Edge,
    Layer,
    Problem,
    Unreachable,
    divisors,
    lane_counts,
    paddings,
    solve,
)

FREE = Cost()


def scalar(c: Cost) -> float:
    return c.lut


def problem(layers: Sequence[Sequence[tuple[int, int]]]) -> Problem:
    """Layers given as (cycles, LUTs) pairs, without edges."""
    made = [
        Layer(f"l{i}", (), lambda _, pairs=pairs: [Choice(t, Cost(c), t, 1, 1, 1) for t, c in pairs])
        for i, pairs in enumerate(layers)
    ]
    return Problem(made, [], [], lambda *_: FREE, scalar)


PAIRS = st.lists(st.tuples(st.integers(1, 12), st.integers(1, 30)), min_size=1, max_size=5)


@settings(max_examples=300, deadline=None)
@given(st.lists(PAIRS, min_size=1, max_size=3), st.integers(1, 12))
def test_target_is_met_at_least_cost(layers: list[list[tuple[int, int]]], target: int) -> None:
    best = min(
        (sum(c for _, c in pick) for pick in product(*layers) if max(t for t, _ in pick) <= target), default=None
    )
    if best is None:
        with pytest.raises(Unreachable) as failure:
            solve(problem(layers), target, None)
        assert failure.value.best.cycles == max(min(t for t, _ in pairs) for pairs in layers)
        return
    solution = solve(problem(layers), target, None)
    assert max(choice.cycles for choice in solution.choices) <= target
    assert solution.cost.lut == best


@settings(max_examples=300, deadline=None)
@given(st.lists(PAIRS, min_size=1, max_size=3), st.integers(1, 60))
def test_budget_gives_the_highest_throughput(layers: list[list[tuple[int, int]]], luts: int) -> None:
    budget = Budget(luts, 0, 0)
    best = min((max(t for t, _ in p) for p in product(*layers) if sum(c for _, c in p) <= luts), default=None)
    if best is None:
        with pytest.raises(Unreachable):
            solve(problem(layers), None, budget)
        return
    solution = solve(problem(layers), None, budget)
    assert solution.cycles == best
    assert budget.holds(solution.cost)


def test_converters_decide_between_equals() -> None:
    def lanes(*options: tuple[int, int]) -> list[Choice]:
        return [Choice(4, Cost(10), a, b, a, b) for a, b in options]

    layers = [
        Layer("a", (), lambda _: lanes((1, 2), (1, 4))),
        Layer("b", (), lambda _: lanes((4, 1), (8, 1))),
    ]
    solved = solve(Problem(layers, [Edge(0, 1, 3)], [], cost.width, scalar), 4, None)
    assert [choice.pe for choice in solved.choices] == [1, 4]
    assert solved.choices[0].lanes_out == solved.choices[1].lanes_in == 4


def test_padding_is_used_where_it_helps() -> None:
    def choices(sizes: tuple[int, ...]) -> list[Choice]:
        return [Choice(sizes[0] // d, Cost(10.0 * d), d, 1, d, d) for d in divisors(sizes[0])]

    layer = Layer("a", (0,), choices)
    padded = solve(Problem([layer], [], [paddings(97)], lambda *_: FREE, scalar), None, Budget(500, 0, 0))
    assert padded.sizes[0] > 97
    assert padded.cycles <= 3
    plain = solve(Problem([layer], [], [[97]], lambda *_: FREE, scalar), None, Budget(500, 0, 0))
    assert plain.cycles == 97


def test_paddings() -> None:
    assert paddings(784) == [784]
    assert paddings(64) == [64]
    assert paddings(97)[0] == 97
    assert 108 in paddings(97)
    assert paddings(10, 4) == [12]
    assert paddings(1) == [1]


def test_lane_counts() -> None:
    assert lane_counts(12, 1) == [1, 2, 3, 4, 6, 12]
    assert lane_counts(12, 1, 5) == [4]
    assert lane_counts(10000, 8)[-1] * 8 <= 2048
    assert lane_counts(7, 10000) == [1]


@pytest.mark.parametrize("number", [1, 2, 36, 97, 784])
def test_divisors(number: int) -> None:
    assert divisors(number) == [d for d in range(1, number + 1) if number % d == 0]


def thresholds(entries: int, bits: int) -> MapShape:
    return MapShape("thresholds", entries, 64, bits, bits, 4)


@pytest.mark.parametrize(
    ("estimate", "synthesised"),
    [
        (cost.mvtu(MvtuShape(1, 1, 7, True, thresholds(1, 7)), 64, 64, 16, 64), 1909),
        (cost.mvtu(MvtuShape(1, 1, 7, True, thresholds(1, 7)), 64, 64, 8, 8), 333),
        (cost.mvtu(MvtuShape(4, 4, 12, False, thresholds(15, 12)), 64, 64, 8, 8), 3791),
        (cost.width(3, 8, 4), 38),
        (cost.width(8, 3, 4), 33),
        (cost.label_select(8, 4, 1, 1), 22),
    ],
)
def test_estimates_are_near_synthesis(estimate: Cost, synthesised: int) -> None:
    assert 0.75 * synthesised <= estimate.lut <= 1.25 * synthesised


def test_large_memories_are_block_rams() -> None:
    assert cost.rom(64, 1024).bram18 == 0
    assert cost.rom(4096, 36).bram18 == 8
    assert cost.rom(1, 10_000) == FREE
