"""The meaning of every actor, and that every actor has one."""

from itertools import pairwise

import numpy as np
import pytest
from stream_graphs import graph_of, mlp, parse

from qnn_ir.dialects import stream
from qnn_ir.dialects.stream import Actor
from qnn_ir.interp.stream import SEMANTICS, run_graph, run_tensors


def run(body: str, given: str, result: str, values: list[list[int]]) -> list[list[int]]:
    """The output stream of a graph with one actor."""
    sizes = [int(t.split("x")[1].split(",")[0]) * int(t.split(",")[1].rstrip(">")) for t in (given, result)]
    layouts = [f"[#stream.layout<shape = [{n}], perm = [0], channels = {n}>]" for n in sizes]
    module = parse(f"""
    stream.graph @accelerator (%x : {given}) -> ({result}) inputs({layouts[0]}) outputs({layouts[1]}) {{
      {body} : {given} -> {result}
      stream.output %y : {result}
    }}""")
    return run_graph(graph_of(module), [np.array(values)])[0].tolist()


def test_every_actor_has_semantics() -> None:
    actors = {op for op in stream.Stream.operations if issubclass(op, Actor)}
    assert actors == set(SEMANTICS)


def test_mvtu_of_two_vectors() -> None:
    body = (
        '%y = stream.mvtu "m" %x weights(dense<[[1, -1, 2], [0, 3, 1]]> : tensor<2x3xi8> as si3) accumulator(si6)'
        " {vectors = 2 : i64}"
    )
    result = run(body, "!stream.chan<ui2 x 1, 6>", "!stream.chan<si6 x 1, 4>", [[1, 2, 3, 0, 1, 0]])
    assert result == [[5, 9, -1, 3]]


def test_mvtu_with_a_map_per_channel() -> None:
    body = (
        '%y = stream.mvtu "m" %x weights(dense<[[1, 0], [0, 1]]> : tensor<2x2xi8> as ui1) accumulator(ui3)'
        " map(#qnn.thresholds<dense<[[1, 2], [3, 4]]> : tensor<2x2xi8>, base = -1> groups dense<[1, 0]> : tensor<2xi8>)"
    )
    assert run(body, "!stream.chan<ui3 x 1, 2>", "!stream.chan<si2 x 1, 2>", [[4, 4], [3, 1]]) == [[1, 1], [0, 0]]


def test_map_repeats_its_groups() -> None:
    body = '%y = stream.map "m" %x map(#qnn.table<dense<[[0, 1], [1, 0]]> : tensor<2x2xi8>, lo = 0> groups '
    body += "dense<[0, 1]> : tensor<2xi8>)"
    assert run(body, "!stream.chan<ui1 x 1, 4>", "!stream.chan<ui1 x 1, 4>", [[1, 1, 0, 0]]) == [[1, 0, 0, 1]]


@pytest.mark.parametrize(("largest", "expected"), [("true", [[1, 2, 0], [0, 1, 2]]), ("false", [[3, 0, 1], [0, 1, 2]])])
def test_label_select_breaks_ties_downwards(largest: str, expected: list[list[int]]) -> None:
    body = f'%y = stream.label_select "l" %x {{k = 3 : i64, channels = 4 : i64, largest = {largest}, simd = 2 : i64}}'
    values = [[5, 7, 7, -2, 100, 100], [3, 3, 3, 3, -100, 100]]
    assert run(body, "!stream.chan<si8 x 2, 3>", "!stream.chan<ui2 x 1, 3>", values) == expected


def test_width_keeps_the_order() -> None:
    values = [list(range(6))]
    assert run('%y = stream.width "w" %x', "!stream.chan<ui3 x 2, 3>", "!stream.chan<ui3 x 3, 2>", values) == values


def test_values_outside_a_channel_are_refused() -> None:
    with pytest.raises(ValueError, match=r"input: \[0, 9\] does not fit ui3"):
        run('%y = stream.width "w" %x', "!stream.chan<ui3 x 2, 1>", "!stream.chan<ui3 x 1, 2>", [[0, 9]])
    with pytest.raises(ValueError, match=r"expected \(N, 2\), got \(1, 3\)"):
        run('%y = stream.width "w" %x', "!stream.chan<ui3 x 2, 1>", "!stream.chan<ui3 x 1, 2>", [[0, 0, 0]])


def test_an_mlp_is_its_matrices() -> None:
    module = mlp([7, 5, 3])
    graph = graph_of(module)
    x = np.random.default_rng(1).integers(0, 4, (5, 7))
    value = x
    for first, last in pairwise([*graph.actors(), None]):
        assert isinstance(first, stream.MvtuOp)
        value = value @ np.array(first.weights.get_values()).reshape(first.rows, first.columns).T
        if last is not None:
            assert first.map is not None
            value = first.map.map().apply(value, np.arange(first.rows))
    np.testing.assert_array_equal(run_tensors(graph, [x])[0][:, 0], value)


def test_large_products_are_exact() -> None:
    body = '%y = stream.mvtu "m" %x weights(dense<[[1073741825, 1]]> : tensor<1x2xi32> as si32) accumulator(si63)'
    result = run(body, "!stream.chan<si31 x 1, 2>", "!stream.chan<si63 x 1, 1>", [[1073741823, 1]])
    assert result == [[1073741825 * 1073741823 + 1]]
