"""
Folding solver: how many lanes each layer gets. Pure Python, no IR.

A layer has a list of legal choices (cycles per frame, cost, lanes of its ports). For a given number of cycles T the
cheapest choice with `cycles <= T` is independent from layer to layer, so taking it everywhere is optimal; the smallest
T whose sum fits a budget is found by search over the values that cycles can take. Edges may be padded; among several
paddings of an edge the one with the better (T, cost) wins. Width converters decide between choices of the same T.
"""

import math
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple, TypeAlias

from qnn_ir.analysis.cost import Cost

MAX_WORD_BITS = 2048
"""No port is wider: `ap_uint` ends at 4096 bits (UG1399), and a converter of widths holds up to two beats."""


class Choice(NamedTuple):
    """One legal folding of a layer. Layers without one of the knobs have 1 there."""

    cycles: int
    cost: Cost
    pe: int
    simd: int
    lanes_in: int
    lanes_out: int
    taps: int = 1


class Budget(NamedTuple):
    """What all layers together may use."""

    lut: float
    bram18: float
    dsp: float

    def holds(self, cost: Cost) -> bool:
        return cost.lut <= self.lut and cost.bram18 <= self.bram18 and cost.dsp <= self.dsp


Sizes: TypeAlias = tuple[int, ...]
"""The padded size of each edge class, indexed by class."""


@dataclass(frozen=True)
class Layer:
    """
    A layer: its name, the edge classes that its choices depend on, and the choices for given sizes of those.

    `choices` gets the sizes of `classes` in that order; an empty answer means that the sizes are not legal here.
    """

    name: str
    classes: tuple[int, ...]
    choices: Callable[[Sizes], Sequence[Choice]]


class Edge(NamedTuple):
    """A channel from layer `source` to layer `target` whose elements have `bits` bits."""

    source: int
    target: int
    bits: int


@dataclass(frozen=True)
class Problem:
    """
    Layers, channels between them, and per edge class the sizes that it may be padded to (the first is the default).

    `scalar` weighs resources against each other; `converter` is the cost of lanes that do not match.
    """

    layers: Sequence[Layer]
    edges: Sequence[Edge]
    sizes: Sequence[Sequence[int]]
    converter: Callable[[int, int, int], Cost]
    scalar: Callable[[Cost], float]
    _memo: dict[tuple[int, Sizes], "Front"] = field(default_factory=dict[tuple[int, Sizes], "Front"], init=False)

    def front(self, index: int, sizes: Sizes) -> "Front":
        """The choices of layer `index`, prepared for questions about cycles."""
        layer = self.layers[index]
        key = index, tuple(sizes[c] for c in layer.classes)
        if key not in self._memo:
            self._memo[key] = Front.of(layer.choices(key[1]), self.scalar)
        return self._memo[key]


@dataclass(frozen=True)
class Front:
    """Choices that no other one beats in both cycles and cost, ascending in cycles (and falling in cost)."""

    cycles: Sequence[int]
    best: Sequence[Choice]
    all: Sequence[Choice]

    @staticmethod
    def of(choices: Sequence[Choice], scalar: Callable[[Cost], float]) -> "Front":
        ranked = sorted(choices, key=lambda c: (c.cycles, scalar(c.cost), c.pe, c.simd))
        best: list[Choice] = []
        for choice in ranked:
            if not best or scalar(choice.cost) < scalar(best[-1].cost):
                best.append(choice)
        return Front([c.cycles for c in best], best, ranked)

    def within(self, cycles: int) -> Choice | None:
        """The cheapest choice of at most `cycles`."""
        place = bisect_right(self.cycles, cycles)
        return self.best[place - 1] if place else None


class Solution(NamedTuple):
    """One choice per layer, the padded sizes, the slowest layer's cycles and the sum of all costs."""

    choices: list[Choice]
    sizes: Sizes
    cycles: int
    cost: Cost


class Unreachable(Exception):
    """No choice satisfies the request; `best` is the nearest that exists, `layer` what stands in the way."""

    def __init__(self, best: Solution, layer: str):
        super().__init__(layer)
        self.best, self.layer = best, layer


def solve(problem: Problem, target: int | None, budget: Budget | None) -> Solution:
    """
    The cheapest solution of at most `target` cycles, or without a target the fastest one within `budget`.

    Raises `Unreachable` where there is none.
    """

    def solved(sizes: Sizes) -> Solution | None:
        return _for_sizes(problem, sizes, target, budget)

    solution = _improve(problem, solved)
    if target is not None and solution.cycles > target:
        raise Unreachable(solution, _slowest(problem, solution))
    if target is None and budget is not None and not budget.holds(solution.cost):
        raise Unreachable(solution, _slowest(problem, solution))
    return _smooth(problem, solution, max(solution.cycles, target or 0), budget if target is None else None)


def _improve(problem: Problem, solved: Callable[[Sizes], Solution | None]) -> Solution:
    """Try every padding of every class, one class after the other; keep what is better."""
    sizes = tuple(options[0] for options in problem.sizes)
    best = solved(sizes)
    for index, options in enumerate(problem.sizes):
        for option in options[1:]:
            trial = solved((*sizes[:index], option, *sizes[index + 1 :]))
            if trial is not None and (best is None or _key(problem, trial) < _key(problem, best)):
                best, sizes = trial, trial.sizes
    if best is None:
        raise ValueError("a layer has no legal folding")
    return best


def _key(problem: Problem, solution: Solution) -> tuple[int, float]:
    return solution.cycles, problem.scalar(solution.cost)


def _for_sizes(problem: Problem, sizes: Sizes, target: int | None, budget: Budget | None) -> Solution | None:
    fronts = [problem.front(index, sizes) for index in range(len(problem.layers))]
    if not all(front.best for front in fronts):
        return None
    fastest = max((front.cycles[0] for front in fronts), default=0)
    if target is not None or budget is None:
        return _at(fronts, sizes, max(fastest, target or 0), target)
    steps = sorted({cycles for front in fronts for cycles in front.cycles if cycles >= fastest} | {fastest})
    for cycles in steps:
        solution = _at(fronts, sizes, cycles, None)
        if budget.holds(solution.cost):
            return solution
    return _at(fronts, sizes, steps[-1], None)


def _at(fronts: Sequence[Front], sizes: Sizes, cycles: int, target: int | None) -> Solution:
    """The cheapest choices within `cycles` (none is slower than the fastest that exists)."""
    choices = [choice for front in fronts if (choice := front.within(cycles)) is not None]
    slowest = max((choice.cycles for choice in choices), default=0)
    if target is not None and slowest <= target:
        slowest = target  # all that reach the target are equally fast; the cost decides
    return Solution(choices, sizes, slowest, Cost().plus(*(choice.cost for choice in choices)))


def _slowest(problem: Problem, solution: Solution) -> str:
    pairs = zip(problem.layers, solution.choices, strict=True)
    return max(pairs, key=lambda pair: pair[1].cycles)[0].name


def _smooth(problem: Problem, solution: Solution, cycles: int, budget: Budget | None) -> Solution:
    """Re-choose one layer at a time, converters to its neighbours included, until nothing becomes cheaper."""
    choices = list(solution.choices)
    near = _neighbours(problem.edges, len(choices))
    for _ in range(8):
        changed = False
        for index in range(len(choices)):
            options = [c for c in problem.front(index, solution.sizes).all if c.cycles <= cycles]
            best = min(options, key=lambda c: _local(problem, choices, near[index], index, c))
            if best != choices[index]:
                choices[index], changed = best, True
        if not changed:
            break
    cost = Cost().plus(*(choice.cost for choice in choices))
    if budget is not None and budget.holds(solution.cost) and not budget.holds(cost):
        return solution
    slowest = max((choice.cycles for choice in choices), default=0)
    return Solution(choices, solution.sizes, slowest, cost)


def _neighbours(edges: Sequence[Edge], count: int) -> list[list[Edge]]:
    near: list[list[Edge]] = [[] for _ in range(count)]
    for edge in edges:
        near[edge.source].append(edge)
        if edge.target != edge.source:
            near[edge.target].append(edge)
    return near


def _local(
    problem: Problem, choices: Sequence[Choice], near: Sequence[Edge], index: int, choice: Choice
) -> tuple[float, int, int, int]:
    """Cost of `choice` for layer `index` with its converters; ties go to fewer cycles, then fewer lanes."""
    total = problem.scalar(choice.cost)
    for edge in near:
        source = choice if edge.source == index else choices[edge.source]
        target = choice if edge.target == index else choices[edge.target]
        total += problem.scalar(problem.converter(source.lanes_out, target.lanes_in, edge.bits))
    return total, choice.cycles, choice.pe, choice.simd


def divisors(number: int) -> list[int]:
    """All divisors, ascending."""
    small = [d for d in range(1, math.isqrt(number) + 1) if number % d == 0]
    return small + [number // d for d in reversed(small) if d * d != number]


def paddings(size: int, multiple: int = 1) -> list[int]:
    """
    Sizes worth padding `size` to: `size` itself (or the next multiple of `multiple`), then few larger ones.

    A larger size is listed where neighbouring divisors of `size` lie far apart (a factor over 2), wastes at most an
    eighth (or one element), and has more divisors than all smaller ones listed.
    """
    first = -(-size // multiple) * multiple
    options, richest = [first], len(divisors(first))
    gaps = divisors(first)
    if all(b <= 2 * a for a, b in pairwise(gaps)) or multiple > 1:
        return options
    for candidate in range(first + 1, first + max(1, first // 8) + 1):
        count = len(divisors(candidate))
        if count > richest:
            options.append(candidate)
            richest = count
    return options


def lane_counts(size: int, bits: int, wanted: int | None = None) -> list[int]:
    """
    Legal lane counts for vectors of `size` elements of `bits` bits: divisors whose word is not too wide.

    With `wanted`, only the largest one that does not exceed it.
    """
    legal = [d for d in divisors(size) if d == 1 or d * bits <= MAX_WORD_BITS]
    return legal if wanted is None else [max(d for d in legal if d == 1 or d <= wanted)]
