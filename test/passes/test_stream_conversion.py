"""`convert-qnn-to-stream`: the same integers, whatever the order in which elements travel."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stream_graphs import graph_of, parse
from xdsl.context import Context
from xdsl.dialects.func import FuncOp

from qnn_ir.dialects.qnn import shape_of
from qnn_ir.dialects.stream import ForkOp, JoinAddOp, MapOp, MvtuOp
from qnn_ir.errors import UserError
from qnn_ir.interp.qnn import run_function
from qnn_ir.interp.stream import run_tensors
from qnn_ir.passes.convert_qnn_to_stream import ConvertQnnToStreamPass
from qnn_ir.passes.stream_fold import StreamFoldPass
from qnn_ir.passes.stream_insert_width_converters import StreamInsertWidthConvertersPass
from qnn_ir.passes.to_stream.order import Vectors, layout_of, period


def check(text: str, *folding: StreamFoldPass) -> list[type]:
    """Convert, fold, insert converters; the outputs stay the same after each. Returns the actors after conversion."""
    module = parse(text)
    function = next(op for op in module.walk() if isinstance(op, FuncOp))
    random = np.random.default_rng(0)
    inputs = [random.integers(0, 4, (3, *shape_of(arg))) for arg in function.body.block.args]
    expected = [np.broadcast_to(v, (3, *v.shape[1:])) for v in run_function(module, function, inputs)]
    passes = [ConvertQnnToStreamPass(), *folding, StreamInsertWidthConvertersPass()]
    kinds: list[type] = []
    for item in passes:
        item.apply(Context(), module)
        module.verify()
        kinds = kinds or [type(actor) for actor in graph_of(module).actors()]
        for want, got in zip(expected, run_tensors(graph_of(module), inputs), strict=True):
            np.testing.assert_array_equal(got.reshape(want.shape), want, err_msg=item.name)
    return kinds


FOLDINGS = [StreamFoldPass(), StreamFoldPass(pe=2, simd=3), StreamFoldPass(target_cycles=100), StreamFoldPass(luts=500)]

MAP = (
    "{map = #qnn.thresholds<dense<[[-2, 0, 3], [-1, 1, 2]]> : tensor<2x3xi8>, base = 0>, "
    "groups = dense<[[0, 1, 1, 0]]> : tensor<1x4xi8>}"
)
W = "%w = qnn.constant dense<[[1, -1, 0, 1], [0, 1, 1, 1], [-1, 0, 1, 0]]> : tensor<3x4xi8> as tensor<3x4xsi2>"


@pytest.mark.parametrize("folding", FOLDINGS, ids=str)
def test_matmul_and_map_fuse(folding: StreamFoldPass) -> None:
    text = f"""
    func.func @accelerator(%x: tensor<1x3xui2>) -> tensor<1x4xui2> {{
      {W}
      %a = qnn.matmul %x, %w : (tensor<1x3xui2>, tensor<3x4xsi2>) -> tensor<1x4xsi4>
      %y = qnn.map %a {MAP} : (tensor<1x4xsi4>) -> tensor<1x4xui2>
      func.return %y : tensor<1x4xui2>
    }}"""
    assert check(text, folding) == [MvtuOp]


def test_a_map_with_another_reader_in_front_stays_alone() -> None:
    text = f"""
    func.func @accelerator(%x: tensor<1x3xui2>) -> (tensor<1x4xui2>, tensor<1x4xsi4>) {{
      {W}
      %a = qnn.matmul %x, %w : (tensor<1x3xui2>, tensor<3x4xsi2>) -> tensor<1x4xsi4>
      %y = qnn.map %a {MAP} : (tensor<1x4xsi4>) -> tensor<1x4xui2>
      func.return %y, %a : tensor<1x4xui2>, tensor<1x4xsi4>
    }}"""
    assert check(text, StreamFoldPass(pe=2, simd=3)) == [MvtuOp, ForkOp, MapOp]


@pytest.mark.parametrize("folding", FOLDINGS, ids=str)
def test_join_of_two_branches(folding: StreamFoldPass) -> None:
    text = f"""
    func.func @accelerator(%x: tensor<1x3xui2>) -> tensor<1x4xsi6> {{
      {W}
      %v = qnn.constant dense<[[1, 2, 3, 1], [0, 1, 0, 1], [1, 0, 1, 0]]> : tensor<3x4xi8> as tensor<3x4xui2>
      %a = qnn.matmul %x, %w : (tensor<1x3xui2>, tensor<3x4xsi2>) -> tensor<1x4xsi4>
      %b = qnn.matmul %x, %v : (tensor<1x3xui2>, tensor<3x4xui2>) -> tensor<1x4xui4>
      %y = qnn.scaled_add %a, %b {{ma = 2 : i64, mb = -1 : i64}} : (tensor<1x4xsi4>, tensor<1x4xui4>) -> tensor<1x4xsi6>
      func.return %y : tensor<1x4xsi6>
    }}"""
    assert check(text, folding) == [ForkOp, MvtuOp, MvtuOp, JoinAddOp]


def test_the_same_value_twice() -> None:
    text = """
    func.func @accelerator(%x: tensor<1x3xui2>) -> (tensor<1x3xui3>, tensor<1x3xui2>) {
      %y = qnn.add %x, %x : (tensor<1x3xui2>, tensor<1x3xui2>) -> tensor<1x3xui3>
      func.return %y, %x : tensor<1x3xui3>, tensor<1x3xui2>
    }"""
    assert check(text, StreamFoldPass()) == [ForkOp, JoinAddOp]


def test_identity() -> None:
    text = "func.func @accelerator(%x: tensor<1x3xui2>) -> tensor<1x3xui2> { func.return %x : tensor<1x3xui2> }"
    assert check(text, StreamFoldPass(pe=3, simd=3)) == []


@pytest.mark.parametrize("folding", FOLDINGS, ids=str)
def test_weights_in_front_of_a_transposed_input(folding: StreamFoldPass) -> None:
    text = """
    func.func @accelerator(%x: tensor<1x2x5x3xui2>) -> tensor<2x2x5xsi5> {
      %w = qnn.constant dense<[[1, -1, 0], [-1, 1, 1]]> : tensor<2x3xi8> as tensor<2x3xsi2>
      %r = qnn.reshape %x : (tensor<1x2x5x3xui2>) -> tensor<2x5x3xui2>
      %t = qnn.transpose %r {perm = array<i64: 0, 2, 1>} : (tensor<2x5x3xui2>) -> tensor<2x3x5xui2>
      %y = qnn.matmul %w, %t : (tensor<2x3xsi2>, tensor<2x3x5xui2>) -> tensor<2x2x5xsi5>
      func.return %y : tensor<2x2x5xsi5>
    }"""
    assert check(text, folding) == [MvtuOp]


@pytest.mark.parametrize("folding", FOLDINGS, ids=str)
def test_flatten_behind_vectors_permutes_the_next_weights(folding: StreamFoldPass) -> None:
    random = np.random.default_rng(3)
    first, second = (random.integers(-1, 2, shape).tolist() for shape in ((6, 4), (20, 3)))
    text = f"""
    func.func @accelerator(%x: tensor<1x5x6xui2>) -> tensor<1x1xui2> {{
      %w = qnn.constant dense<{first}> : tensor<6x4xi8> as tensor<6x4xsi2>
      %v = qnn.constant dense<{second}> : tensor<20x3xi8> as tensor<20x3xsi2>
      %a = qnn.matmul %x, %w : (tensor<1x5x6xui2>, tensor<6x4xsi2>) -> tensor<1x5x4xsi6>
      %q = qnn.map %a {{map = #qnn.requant<m = dense<[3, 2]> : tensor<2xi8>, c = dense<[1, 4]> : tensor<2xi8>,
        shift = 2, rounding = half_even, lo = -4, hi = 3>, groups = dense<[0, 1, 0, 0]> : tensor<4xi8>}}
        : (tensor<1x5x4xsi6>) -> tensor<1x5x4xsi3>
      %t = qnn.transpose %q {{perm = array<i64: 0, 2, 1>}} : (tensor<1x5x4xsi3>) -> tensor<1x4x5xsi3>
      %f = qnn.reshape %t : (tensor<1x4x5xsi3>) -> tensor<1x20xsi3>
      %b = qnn.matmul %f, %v : (tensor<1x20xsi3>, tensor<20x3xsi2>) -> tensor<1x3xsi8>
      %i = qnn.arg_max %b {{axis = 1 : i64, keepdims = true, last_index = false}} : (tensor<1x3xsi8>) -> tensor<1x1xui2>
      func.return %i : tensor<1x1xui2>
    }}"""
    assert check(text, folding)[:2] == [MvtuOp, MvtuOp]


def test_map_over_channels_behind_a_transposed_product() -> None:
    text = """
    func.func @accelerator(%x: tensor<1x3x4xui2>) -> tensor<1x2x4xui2> {
      %w = qnn.constant dense<[[1, -1, 0], [-1, 1, 1]]> : tensor<2x3xi8> as tensor<2x3xsi2>
      %a = qnn.matmul %w, %x : (tensor<2x3xsi2>, tensor<1x3x4xui2>) -> tensor<1x2x4xsi5>
      %y = qnn.map %a {map = #qnn.steps<base = dense<[0, 1]> : tensor<2xi8>,
        positions = dense<[[0, 3], [1, 2]]> : tensor<2x2xi8>, deltas = dense<[[2, -1], [1, 1]]> : tensor<2x2xi8>>,
        groups = dense<[[0], [1]]> : tensor<2x1xi8>} : (tensor<1x2x4xsi5>) -> tensor<1x2x4xui2>
      func.return %y : tensor<1x2x4xui2>
    }"""
    assert check(text, StreamFoldPass(pe=2, simd=3)) == [MvtuOp]


def test_all_failures_are_reported_with_their_nodes() -> None:
    text = """
    func.func @accelerator(%x: tensor<1x3x4x4xui2>) -> (tensor<1x4x3x4xui2>, tensor<1x3x4x4xui4>) {
      %t = qnn.transpose %x {perm = array<i64: 0, 2, 1, 3>} : (tensor<1x3x4x4xui2>) -> tensor<1x4x3x4xui2>
      %m = qnn.matmul %x, %x : (tensor<1x3x4x4xui2>, tensor<1x3x4x4xui2>) -> tensor<1x3x4x4xui4> loc("/mul\\n1")
      %b = qnn.constant dense<1> : tensor<3xui8> as tensor<3xui1>
      %w = qnn.constant dense<1> : tensor<3x3x1x1xui8> as tensor<3x3x1x1xui1>
      %c = qnn.conv %x, %w, %b {strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>}
        : (tensor<1x3x4x4xui2>, tensor<3x3x1x1xui1>, tensor<3xui1>) -> tensor<1x3x4x4xui4> loc("conv")
      %s = qnn.add %m, %c : (tensor<1x3x4x4xui4>, tensor<1x3x4x4xui4>) -> tensor<1x3x4x4xui4>
      func.return %t, %s : tensor<1x4x3x4xui2>, tensor<1x3x4x4xui4>
    }"""
    with pytest.raises(UserError, match=r"2 operators cannot .*: /mul\\n1 \(a product .*\), conv \(a bias"):
        ConvertQnnToStreamPass().apply(Context(), parse(text))


def test_hostile_names_become_identifiers() -> None:
    names = ["join", "join", "JOIN", "9 lives; exit", "a" * 99, "", "\\22}]"]
    text = "func.func @accelerator(%x0: tensor<1x3xui2>) -> tensor<1x3xui9> {"
    for index, name in enumerate(names):
        text += f"%x{index + 1} = qnn.add %x{index}, %x{index} : (tensor<1x3xui{index + 2}>, tensor<1x3xui{index + 2}>)"
        text += f' -> tensor<1x3xui{index + 3}> loc("{name}")\n'
    module = parse(text + f"func.return %x{len(names)} : tensor<1x3xui9> }}")
    ConvertQnnToStreamPass().apply(Context(), module)
    module.verify()
    layers = [actor.layer.data for actor in graph_of(module).actors()]
    assert len({name.lower() for name in layers}) == len(layers)
    assert all(re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", name) and name not in ("join", "JOIN") for name in layers)
    assert max(len(actor) for actor in layers if not actor.endswith("fork")) <= 48


def test_no_accelerator() -> None:
    with pytest.raises(UserError, match="run qnn-split-host first"):
        ConvertQnnToStreamPass().apply(Context(), parse("builtin.module {}"))


@settings(max_examples=200, deadline=None)
@given(st.lists(st.integers(1, 5), min_size=1, max_size=4), st.data())
def test_every_transposition_has_a_layout(shape: list[int], data: st.DataObject) -> None:
    perm = data.draw(st.permutations(range(len(shape))))
    numbers = np.arange(int(np.prod(shape)))
    order = numbers.reshape(shape).transpose(perm).ravel()
    layout = layout_of(order, tuple(shape))
    assert layout is not None
    np.testing.assert_array_equal(layout.pack(numbers[None])[0], order)
    np.testing.assert_array_equal(layout.unpack(layout.pack(numbers[None])).ravel(), numbers)


def test_no_layout_for_a_shuffle() -> None:
    assert layout_of(np.array([0, 2, 1, 3, 5, 4]), (6,)) is None


def test_interleaved_vectors_are_refused() -> None:
    with pytest.raises(ValueError, match="interleaved"):
        Vectors(np.arange(6), (2, 3), 0)
    vectors = Vectors(np.array([1, 0, 2, 4, 3, 5]), (2, 3), 1)
    assert vectors.columns.tolist() == [1, 0, 2]
    assert vectors.result_order(2).tolist() == [0, 1, 2, 3]


def test_period() -> None:
    assert period(np.array([0, 1, 0, 1, 0, 1])).tolist() == [0, 1]
    assert period(np.array([0, 1, 0, 1]), 4).tolist() == [0, 1, 0, 1]
    assert period(np.array([0, 1, 1])).tolist() == [0, 1, 1]
