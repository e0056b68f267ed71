"""Folding and width converters: legal, unchanged integers, what was asked for."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stream_graphs import graph_of, mlp, outputs, parse
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp, UnrealizedConversionCastOp

from qnn_ir.device import set_device
from qnn_ir.dialects.stream import Actor, MvtuOp, Stream, WidthOp
from qnn_ir.errors import UserError
from qnn_ir.passes.folding.choices import LAYERS
from qnn_ir.passes.stream_fold import KNOBS, StreamFoldPass, folding_of
from qnn_ir.passes.stream_insert_width_converters import StreamInsertWidthConvertersPass
from qnn_ir.targets import load_board


def folded(module: ModuleOp, options: StreamFoldPass) -> ModuleOp:
    """Fold and convert widths; outputs are compared after each pass."""
    expected = outputs(module)
    for item in (options, StreamInsertWidthConvertersPass()):
        item.apply(Context(), module)
        module.verify()
        for want, got in zip(expected, outputs(module), strict=True):
            np.testing.assert_array_equal(got, want)
    assert not [op for op in module.walk() if isinstance(op, UnrealizedConversionCastOp)]
    return module


def cycles(module: ModuleOp) -> int:
    return max(actor.cycles() for actor in graph_of(module).actors())


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(1, 40), min_size=2, max_size=5),
    st.booleans(),
    st.booleans(),
    st.one_of(
        st.builds(StreamFoldPass, pe=st.integers(1, 50), simd=st.integers(1, 50)),
        st.builds(StreamFoldPass, target_cycles=st.integers(100, 2000)),
        st.builds(StreamFoldPass, luts=st.integers(20_000, 50_000)),
        st.just(StreamFoldPass()),
    ),
)
def test_random_networks_stay_what_they_are(
    sizes: list[int], binary: bool, label: bool, options: StreamFoldPass
) -> None:
    module = folded(mlp(sizes, binary=binary, label=label), options)
    if options.target_cycles:
        assert cycles(module) <= options.target_cycles
    for actor in graph_of(module).actors():
        if binary and isinstance(actor, MvtuOp):
            assert set(np.unique(np.array(actor.weights.get_values()))) <= {-1, 1}


def test_refolding_starts_over() -> None:
    module = folded(mlp([24, 12, 10]), StreamFoldPass(pe=4, simd=3))
    again = folded(module, StreamFoldPass(pe=1, simd=1))
    assert not [op for op in graph_of(again).actors() if isinstance(op, WidthOp)]
    assert cycles(again) == 24 * 12


def test_primes_are_padded_for_a_target() -> None:
    module = folded(mlp([617, 97, 10]), StreamFoldPass(target_cycles=1000))
    assert graph_of(module).inputs.data[0].channels.data > 617
    assert cycles(module) <= 1000


def test_explicit_values_pad() -> None:
    module = folded(mlp([30, 10, 7]), StreamFoldPass(pe=4, simd=4))
    graph = graph_of(module)
    assert folding_of(graph) == {"fc0": {"pe": 4, "simd": 4}, "fc1": {"pe": 4, "simd": 4}}
    assert [layout.channels.data for layout in (*graph.inputs, *graph.outputs)] == [32, 8]
    assert cycles(module) == 3 * 8


def test_a_faster_target_costs_more_lanes() -> None:
    lanes = [
        sum(f["pe"] * f["simd"] for f in folding_of(graph_of(folded(mlp([64, 32, 10]), options))).values())
        for options in (StreamFoldPass(target_cycles=2048), StreamFoldPass(target_cycles=64))
    ]
    assert lanes[0] < lanes[1]


def test_the_device_sets_the_budget() -> None:
    small, large = mlp([784, 64, 64, 10]), mlp([784, 64, 64, 10])
    set_device(large, load_board("u250"))
    assert cycles(folded(large, StreamFoldPass())) < cycles(folded(small, StreamFoldPass()))


def test_folding_file_round_trip(tmp_path: Path) -> None:
    first = graph_of(folded(mlp([48, 24, 10]), StreamFoldPass(target_cycles=50)))
    file = tmp_path / "folding.json"
    file.write_text(json.dumps(folding_of(first)))
    second = graph_of(folded(mlp([48, 24, 10]), StreamFoldPass(folding_file=str(file))))
    assert folding_of(second) == folding_of(first)
    assert str(second) == str(first)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "the folding file is no JSON"),
        ("[]", "is no object"),
        ('{"fc9": {}}', "unknown layer 'fc9'; the layers are fc0, fc1"),
        ('{"fc0": 3}', "layer 'fc0' has no object"),
        ('{"fc0": {"lanes": 3}}', "layer 'fc0' has no 'lanes'; it has pe, simd"),
        ('{"fc0": {"pe": 0}}', "pe of layer 'fc0' is 0; give a positive integer"),
        ('{"fc0": {"pe": true}}', "pe of layer 'fc0' is True"),
        ('{"fc0": {"pe": 7}, "fc1": {"simd": 11}}', "is not legal beside its neighbours; the nearest legal value is"),
    ],
)
def test_bad_folding_files(content: str, message: str, tmp_path: Path) -> None:
    file = tmp_path / "folding.json"
    file.write_text(content)
    with pytest.raises(UserError) as error:
        StreamFoldPass(folding_file=str(file)).apply(Context(), mlp([48, 24, 10]))
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_missing_folding_file(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot read the folding file: No such file"):
        StreamFoldPass(folding_file=str(tmp_path / "none.json")).apply(Context(), mlp([4, 4]))


def test_unreachable_requests() -> None:
    with pytest.raises(UserError, match="target-cycles is 0"):
        StreamFoldPass(target_cycles=0).apply(Context(), mlp([4, 4]))
    with pytest.raises(UserError, match="no folding fits 1 LUT; the smallest needs about"):
        StreamFoldPass(luts=1).apply(Context(), mlp([48, 24, 10]))
    wide = mlp([9000, 2])
    with pytest.raises(UserError, match=r"cannot be reached; the best possible target is \d+"):
        StreamFoldPass(target_cycles=1).apply(Context(), wide)


def test_padding_follows_its_value_through_maps() -> None:
    """Row 0 of the map gives 5 for the padding, which the channel does not hold: row 1 is used."""
    module = parse("""
    stream.graph @accelerator (%x : !stream.chan<ui2 x 1, 3>) -> (!stream.chan<si7 x 1, 2>)
        inputs([#stream.layout<shape = [1, 3], perm = [0, 1], channels = 3>])
        outputs([#stream.layout<shape = [1, 2], perm = [0, 1], channels = 2>]) {
      %a = stream.mvtu "a" %x weights(dense<[[1, 0, 1], [1, 2, 0], [0, 1, 1]]> : tensor<3x3xi8> as ui2)
        accumulator(ui5) map(#qnn.steps<base = dense<[5, 0]> : tensor<2xi8>, positions = dense<0> : tensor<2x1xi8>,
        deltas = dense<[[-2], [1]]> : tensor<2x1xi8>> groups dense<[0, 1, 0]> : tensor<3xi8>)
        : !stream.chan<ui2 x 1, 3> -> !stream.chan<ui2 x 1, 3>
      %m = stream.map "m" %a map(#qnn.table<dense<[[0, 1, 2, 3], [3, 2, 1, 0]]> : tensor<2x4xi8>, lo = 0>
        groups dense<[1, 0, 1]> : tensor<3xi8>) : !stream.chan<ui2 x 1, 3> -> !stream.chan<ui2 x 1, 3>
      %b = stream.mvtu "b" %m weights(dense<[[1, -3, 1], [2, 2, 0]]> : tensor<2x3xi8> as si3) accumulator(si7)
        : !stream.chan<ui2 x 1, 3> -> !stream.chan<si7 x 1, 2>
      stream.output %b : !stream.chan<si7 x 1, 2>
    }""")
    folded(module, StreamFoldPass(pe=2, simd=2))
    assert folding_of(graph_of(module)) == {"a": {"pe": 2, "simd": 2}, "m": {"pe": 2}, "b": {"pe": 2, "simd": 2}}


def test_every_actor_has_choices() -> None:
    actors = {op for op in Stream.operations if issubclass(op, Actor)} - {WidthOp}
    assert actors == set(LAYERS) == set(KNOBS)
