"""
Depths of channels that are safe by construction. Pure Python.

Where the branches of a fork meet again, one of them may hold back much of a frame (a window holds rows) while the other
holds nothing; the join then waits for the first branch, which waits for the fork, which waits for room in the second.
So the last channel of each branch must hold what the other branches can hold back at most.

All amounts are parts of a frame, because a frame passes everywhere while the number of beats changes. An actor with the
lead `(lo, hi)` has always read between `lo` and `hi` more than it has written; along a path leads add up. At a join,
the branch with lead `(lo_i, hi_i)` needs room for `max of all other hi - lo_i`. Leads count from the nearest actor
through which everything on the way to the join passes (its immediate dominator), so that depths do not grow with the
network.
"""

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple, TypeAlias

Lead: TypeAlias = tuple[float, float]

DEPTH = 2
"""Tokens of an ordinary channel: enough for one beat per clock in a pipeline without reconvergence."""

SPARE = 16
"""Tokens more in a channel that balances branches, for what is on its way through pipelines."""

ROOT = -1
"""The surroundings, where all inputs of the graph come from."""


class Node(NamedTuple):
    """An actor: the node that feeds each input (`ROOT` for an input of the graph), beats per frame there, its lead."""

    sources: Sequence[int]
    beats: Sequence[int]
    lead: Lead


def depths(nodes: Sequence[Node]) -> list[list[int]]:
    """
    The depth of the channel in front of each input of each node; `nodes` in topological order.

    Inputs of the graph are independent of each other, whatever reads them.
    """
    dominators = immediate_dominators(nodes)
    result: list[list[int]] = []
    for index, node in enumerate(nodes):
        origin = dominators[index]
        if len(node.sources) < 2 or origin == ROOT:
            result.append([DEPTH] * len(node.sources))
            continue
        leads = _leads(nodes, origin, index)
        result.append(_balanced(node, [_behind(leads[s], n) for s, n in zip(node.sources, node.beats, strict=True)]))
    return result


def immediate_dominators(nodes: Sequence[Node]) -> list[int]:
    """The last node that every path from the surroundings to each node passes before it."""
    result: list[int] = []
    levels: list[int] = []
    for node in nodes:
        common = node.sources[0] if node.sources else ROOT
        for other in node.sources[1:]:
            common = _common(common, other, result, levels)
        result.append(common)
        levels.append(0 if common == ROOT else levels[common] + 1)
    return result


def _common(a: int, b: int, dominators: Sequence[int], levels: Sequence[int]) -> int:
    """The nearest node that dominates (or is) both."""
    while a != b:
        if ROOT in (a, b):
            return ROOT
        if levels[a] >= levels[b]:
            a = dominators[a]
        else:
            b = dominators[b]
    return a


def _leads(nodes: Sequence[Node], origin: int, join: int) -> Mapping[int, Lead]:
    """How far `origin` is ahead of each node between it and `join`."""
    leads: dict[int, Lead] = {origin: (0.0, 0.0)}
    for index in range(origin + 1, join):
        node = nodes[index]
        if node.sources and all(source in leads for source in node.sources):
            inputs = [_behind(leads[s], n) for s, n in zip(node.sources, node.beats, strict=True)]
            low, high = max(lo for lo, _ in inputs), max(hi for _, hi in inputs)
            leads[index] = low + node.lead[0], high + node.lead[1]
    return leads


def _behind(lead: Lead, beats: int) -> Lead:
    """The lead at the far end of an ordinary channel."""
    return lead[0], lead[1] + DEPTH / beats


def _balanced(node: Node, leads: Sequence[Lead]) -> list[int]:
    """Room in front of each input for what the other inputs hold back."""
    spread = node.lead[1] - node.lead[0]
    result: list[int] = []
    for index, (beats, (low, _)) in enumerate(zip(node.beats, leads, strict=True)):
        others = max(high for other, (_, high) in enumerate(leads) if other != index)
        result.append(max(DEPTH, math.ceil((others + spread - low) * beats) + SPARE))
    return result
