"""Memory modes of weights: unchanged integers at every level, room for all other weights, what is refused."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from emitted import lowered, simulate
from hypothesis import given, settings
from hypothesis import strategies as st
from image_networks import image_networks
from stream_graphs import graph_of, mlp, outputs
from xdsl.context import Context
from xdsl.dialects.builtin import IntegerType, ModuleOp

from qnn_ir import maps
from qnn_ir.constants import dense_int, int_type, type_range
from qnn_ir.device import set_device
from qnn_ir.dialects.hlsc import TopOp
from qnn_ir.dialects.qnn import MapAttr
from qnn_ir.dialects.stream import LabelSelectOp, Memory, MvtuOp, Weighted, channel
from qnn_ir.emit.pragma_check import check
from qnn_ir.errors import UserError
from qnn_ir.interp.hlsc import run_top
from qnn_ir.passes.hlsc_verify_processes import HlscVerifyProcessesPass
from qnn_ir.passes.stream_fold import StreamFoldPass, folding_of
from qnn_ir.passes.stream_insert_width_converters import StreamInsertWidthConvertersPass
from qnn_ir.targets import load_board

MODES = st.sampled_from(list(Memory))
SIZES = st.lists(st.integers(1, 20), min_size=2, max_size=4)


def weighted(module: ModuleOp) -> list[Weighted]:
    return [actor for actor in graph_of(module).actors() if isinstance(actor, Weighted)]


def folded(module: ModuleOp, folding: dict[str, dict[str, Any]], folder: Path, board: str = "zcu104") -> ModuleOp:
    """`module` with this folding file, on a device with UltraRAM."""
    set_device(module, load_board(board))
    file = folder / "folding.json"
    file.write_text(json.dumps(folding))
    for item in (StreamFoldPass(folding_file=str(file)), StreamInsertWidthConvertersPass()):
        item.apply(Context(), module)
        module.verify()
    return module


def inputs_of(module: ModuleOp, frames: int = 5) -> list[Any]:
    """What `outputs` feeds, in stream order."""
    random = np.random.default_rng(1)
    return [layout.pack(random.integers(0, 4, (frames, *layout.dims))) for layout in graph_of(module).inputs]


def processed(module: ModuleOp, pack_bits: bool = True) -> list[Any]:
    """What the processes of `module` compute for the inputs of `outputs`; the module is lowered."""
    inputs, layouts = inputs_of(module), list(graph_of(module).outputs)
    lowered(module, pack_bits=pack_bits)
    HlscVerifyProcessesPass().apply(Context(), module)
    top = next(op for op in module.ops if isinstance(op, TopOp))
    results = run_top(module, top, inputs)
    return [layout.unpack(result) for layout, result in zip(layouts, results, strict=True)]


def assert_equal(got: list[Any], want: list[Any]) -> None:
    for a, b in zip(got, want, strict=True):
        np.testing.assert_array_equal(a, b)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_random_modes_do_not_change_integers(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    draw = data.draw
    images = draw(st.booleans())
    module = (
        draw(image_networks()) if images else mlp(draw(SIZES), binary=draw(st.booleans()), label=draw(st.booleans()))
    )
    want = outputs(module)
    folding = {actor.layer.data: {"memory": str(draw(MODES))} for actor in weighted(module)}
    folded(module, folding, tmp_path_factory.mktemp("folding"))
    assert_equal(outputs(module), want)
    written = {layer: entry.get("memory", "auto") for layer, entry in folding_of(graph_of(module)).items()}
    assert {layer: written[layer] for layer in folding} == {layer: entry["memory"] for layer, entry in folding.items()}
    assert_equal(processed(module, draw(st.booleans())), want)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("bounded", [False, True])
def test_compiled(seed: int, bounded: bool, tmp_path: Path) -> None:
    random = np.random.default_rng(seed)
    module = mlp([6, 8, 12, 5], seed=seed, binary=seed % 2 == 1)
    want = outputs(module)
    modes = random.permutation(["external", "writable", "uram"])
    folding = {f"fc{i}": {"memory": mode, "pe": 2, "simd": 2} for i, mode in enumerate(modes)}
    folded(module, folding | {"fc2": folding["fc2"] | {"pe": 1}}, tmp_path)
    inputs, layout = inputs_of(module), graph_of(module).outputs.data[0]
    (got,) = simulate(lowered(module), inputs, tmp_path / "hls", bounded=bounded)
    assert_equal([layout.unpack(got)], want)
    text = (tmp_path / "hls" / "accelerator.cpp").read_text()
    assert not check(text)
    assert text.count("m_axi") == 1
    assert text.count("storage_impl=uram") == 1


@settings(max_examples=40, deadline=None)
@given(SIZES, st.integers(0, 1000), st.booleans(), st.sampled_from(["random", "lowest", "highest"]))
def test_all_other_weights_fit(
    tmp_path_factory: pytest.TempPathFactory, sizes: list[int], seed: int, binary: bool, kind: str
) -> None:
    """Interpreters check every value against its type, so what overflows is an error."""
    module = mlp(sizes, seed=seed, binary=binary)
    folding = {actor.layer.data: {"memory": "writable"} for actor in weighted(module)}
    folded(module, folding, tmp_path_factory.mktemp("folding"))
    random = np.random.default_rng(seed)
    for actor in weighted(module):
        shape, (lo, hi) = actor.weights.get_shape(), type_range(actor.weight_type)
        values = np.array([-1, 1]) if actor.is_bipolar else np.arange(lo, hi + 1)
        new = {"random": random.choice(values, shape), "lowest": np.full(shape, values[0])}
        actor.weights = dense_int(new.get(kind, np.full(shape, values[-1])))
    module.verify()
    want = outputs(module)
    assert_equal(processed(module), want)


def test_bipolar_weights_are_bits() -> None:
    module = mlp([8, 4], binary=True)
    (actor,) = weighted(module)
    assert actor.stored_element == int_type(0, 1)
    assert actor.stored_tiles().max() == 1


def test_tables_are_extended(tmp_path: Path) -> None:
    module = mlp([3, 2, 2])
    actor = weighted(module)[0]
    lo, hi = type_range(actor.accumulator)
    table = np.tile(np.abs(np.arange(lo, hi + 1)) % 4, (1, 1))
    actor.map = MapAttr.from_map(maps.Table(table, lo))
    actor.groups = dense_int(np.zeros(2, np.int64))
    actor.weights = dense_int(np.array([[1, 0, 0], [0, 1, 0]]))
    actor.accumulator = int_type(lo, hi)
    want = outputs(module)
    folded(module, {"fc0": {"memory": "external"}}, tmp_path)
    low, high = type_range(actor.accumulator)
    assert low <= -3 * 3 * 4
    assert high >= 3 * 3 * 3
    function = actor.map.map()
    assert isinstance(function, maps.Table)
    assert function.lo <= low
    assert_equal(outputs(module), want)
    assert_equal(processed(module), want)


def test_wider_sums_reach_what_reads_them(tmp_path: Path) -> None:
    module = mlp([4, 3], label=True)
    (actor,) = weighted(module)
    before = actor.accumulator.width.data
    folded(module, {"fc0": {"memory": "writable"}}, tmp_path)
    label = next(op for op in graph_of(module).actors() if isinstance(op, LabelSelectOp))
    assert channel(label.input).element.width.data == actor.accumulator.width.data >= before


def test_padding_is_remembered(tmp_path: Path) -> None:
    module = mlp([6, 10, 7])
    folded(module, {"fc1": {"memory": "writable", "pe": 4, "simd": 4}}, tmp_path)
    actor = weighted(module)[1]
    rows, columns = actor.sources()
    assert rows.tolist() == [0, 1, 2, 3, 4, 5, 6, -1]
    assert columns.tolist() == [*range(10), -1, -1]
    again = folded(module, {"fc1": {"pe": 8, "simd": 4}}, tmp_path)
    assert weighted(again)[1].sources()[0].tolist() == rows.tolist()
    assert weighted(again)[1].memory.data == Memory.WRITABLE


@pytest.mark.parametrize(
    ("folding", "board", "message"),
    [
        ({"fc0": {"memory": "flash"}}, "zcu104", "memory of layer 'fc0' is 'flash'"),
        ({"label": {"memory": "bram"}}, "zcu104", "layer 'label' has no 'memory'"),
        ({"fc0": {"memory": "uram"}}, "pynq-z1", "asks for UltraRAM, xc7z020clg400-1 has none"),
        ({"fc0": {"memory": "external", "pe": 32, "simd": 64}}, "zcu104", "need more than 1024 bits per cycle"),
    ],
)
def test_what_is_refused(folding: dict[str, Any], board: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=message):
        folded(mlp([64, 32], label=True), folding, tmp_path, board)


def test_long_tables_are_refused(tmp_path: Path) -> None:
    module = mlp([2, 2])
    actor = next(a for a in weighted(module) if isinstance(a, MvtuOp))
    actor.weights, actor.weight_type = (
        dense_int(np.array([[1, 0], [0, 1]])),
        IntegerType(24, actor.weight_type.signedness),
    )
    lo, hi = type_range(actor.accumulator)
    actor.map = MapAttr.from_map(maps.Table(np.zeros((1, hi - lo + 1), np.int64), lo))
    actor.groups = dense_int(np.zeros(2, np.int64))
    with pytest.raises(UserError, match="needs more than 65536 entries"):
        folded(module, {"fc0": {"memory": "external"}}, tmp_path)
