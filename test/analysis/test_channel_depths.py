"""Dominators and depths on graphs small enough to see."""

from qnn_ir.analysis.channel_depths import DEPTH, ROOT, SPARE, Node, depths, immediate_dominators


def node(*sources: int, lead: tuple[float, float] = (0.0, 0.0), beats: int = 100) -> Node:
    return Node(sources, [beats] * len(sources), lead)


def test_dominators_of_nested_branches() -> None:
    nodes = [node(ROOT), node(0), node(1), node(1), node(2, 3), node(4), node(0, 5), node(6, ROOT)]
    assert immediate_dominators(nodes) == [ROOT, 0, 1, 1, 1, 4, 0, ROOT]


def test_the_other_branch_decides() -> None:
    """The short branch holds what the long one holds back, the long one only what is on its way."""
    nodes = [node(ROOT), node(0, lead=(0.0, 0.3)), node(0, 1)]
    short, long = depths(nodes)[2]
    ordinary = DEPTH + DEPTH + SPARE
    assert 30 + ordinary <= short <= 31 + ordinary
    assert long <= 1 + ordinary


def test_what_runs_ahead_needs_room() -> None:
    """A branch that writes before it has read needs as much more."""
    nodes = [node(ROOT), node(0, lead=(-0.5, 0.0)), node(0, 1)]
    assert depths(nodes)[2][1] >= 50


def test_depths_do_not_grow_with_the_network() -> None:
    """Only what lies between fork and join counts, in time that grows with the length."""
    nodes = [node(ROOT)]
    for _ in range(2000):
        fork = len(nodes)
        nodes += [node(fork - 1), node(fork, lead=(0.0, 0.1)), node(fork, fork + 1)]
    found = depths(nodes)
    assert found[3] == found[-1]


def test_inputs_of_the_graph_are_independent() -> None:
    assert depths([node(ROOT, lead=(0.0, 9.0)), node(ROOT, 0)])[1] == [DEPTH, DEPTH]
