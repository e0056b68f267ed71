"""Bit packing where matrix-vector units alone do not lead: other processes, wide words, determinism."""

import numpy as np
import pytest
from actors import Case, graph_of, mvtu_graphs
from hypothesis import given, settings
from hypothesis import strategies as st
from xdsl.context import Context
from xdsl.dialects.builtin import Builtin, ModuleOp
from xdsl.ir import SSAValue
from xdsl.parser import Parser

from qnn_ir import maps
from qnn_ir.constants import dense_int, int_type
from qnn_ir.dialects.hlsc import DotOp, Hlsc, ProcessOp, RomOp, XnorPopcountOp
from qnn_ir.dialects.qnn import MapAttr
from qnn_ir.dialects.stream import ChannelType, MvtuOp
from qnn_ir.interp.hlsc import run_process, run_top
from qnn_ir.interp.stream import run_graph
from qnn_ir.passes.convert_stream_to_hlsc import ConvertStreamToHlscPass
from qnn_ir.passes.hlsc_pack_bits import HlscPackBitsPass
from qnn_ir.passes.packing.planes import plane_factors, weight_planes

BARE = """
hlsc.process @p(%in: !hlsc.in<vector<3xui2>>, %out: !hlsc.out<vector<2xsi4>>) {
  %w = hlsc.rom dense<[[[1, -1, 1], [-1, -1, -1]], [[1, 1, 1], [1, -1, -1]]]> : tensor<2x2x3xi8>
    as !hlsc.mem<2 x vector<2x3xsi2>>
  hlsc.side @body (%frame, %i < 2) {
    %x = hlsc.read %in : !hlsc.in<vector<3xui2>> -> vector<3xui2>
    %t = hlsc.load %w[%i] : !hlsc.mem<2 x vector<2x3xsi2>> -> vector<2x3xsi2>
    %d = hlsc.dot %x, %t : vector<3xui2>, vector<2x3xsi2> -> vector<2xsi6>
    %n = hlsc.constant 2 : ui2
    %m = hlsc.max %d, %n : vector<2xsi6>, ui2 -> vector<2xsi6>
    %l = hlsc.constant 7 : ui3
    %k = hlsc.min %m, %l : vector<2xsi6>, ui3 -> vector<2xsi6>
    %y = hlsc.narrow %k : vector<2xsi6> -> vector<2xsi4>
    hlsc.write %out, %y : !hlsc.out<vector<2xsi4>>, vector<2xsi4>
  }
}
"""


def parse(text: str) -> ModuleOp:
    """A verified module."""
    ctx = Context()
    for dialect in (Builtin, Hlsc):
        ctx.load_dialect(dialect)
    module = Parser(ctx, text).parse_module()
    module.verify()
    return module


def test_a_dot_product_of_another_form_is_corrected_in_place():
    """Without the nest of a matrix-vector unit the missing constant is added right behind the count."""
    module = parse(BARE)
    process = next(op for op in module.walk() if isinstance(op, ProcessOp))
    x = np.random.default_rng(0).integers(0, 4, (50, 2, 3))
    expected = run_process(process, [x])
    HlscPackBitsPass().apply(Context(), module)
    module.verify()
    np.testing.assert_array_equal(run_process(process, [x])[0], expected[0])
    assert any(isinstance(op, XnorPopcountOp) for op in module.walk())
    assert not any(isinstance(op, DotOp) for op in module.walk())


@pytest.mark.parametrize("simd", [62, 63, 64, 65, 130])
@pytest.mark.parametrize("bits", [1, 2])
def test_words_of_any_width(simd: int, bits: int):
    """Words wider than any machine integer."""
    rng = np.random.default_rng(simd)
    weights = rng.choice((-1, 1), (4, 2 * simd))
    thresholds = np.sort(rng.integers(-simd, simd, (4, 3)), axis=1)
    top = (1 << bits) - 1
    accumulator = int_type(-2 * simd * top, 2 * simd * top)
    source = ChannelType(int_type(0, top), simd, 2)
    map_, groups = MapAttr.from_map(maps.Thresholds(thresholds, 0)), dense_int(np.arange(4))

    def make(x: SSAValue) -> MvtuOp:
        weight_type, result = int_type(-1, 1), int_type(0, 3)
        return MvtuOp("fc", x, dense_int(weights), weight_type, accumulator, result, map_, groups, 1, 2, simd)

    module = graph_of([source], make)
    stream = rng.integers(0, top + 1, (5, 2 * simd))
    expected = run_graph(next(iter(module.body.block.ops)), [stream])
    ConvertStreamToHlscPass().apply(Context(), module)
    HlscPackBitsPass().apply(Context(), module)
    module.verify()
    tops = [op for op in module.body.block.ops if op.name == "hlsc.top"]
    np.testing.assert_array_equal(run_top(module, tops[0], [stream])[0], expected[0])


@settings(max_examples=20, deadline=None)
@given(mvtu_graphs())
def test_deterministic_and_idempotent(case: Case):
    """Equal input gives equal text; a second run changes nothing."""
    texts: list[str] = []
    for _ in range(2):
        module = case.module.clone()
        ConvertStreamToHlscPass().apply(Context(), module)
        HlscPackBitsPass().apply(Context(), module)
        texts.append(str(module))
        HlscPackBitsPass().apply(Context(), module)
        assert str(module) == texts[-1]
    assert texts[0] == texts[1]


@given(st.lists(st.integers(-8, 7), min_size=1, max_size=20))
def test_planes_rebuild_the_integers(values: list[int]):
    """`w = sum_j factors[j] * bits[j]`, or `2 * bits - 1`."""
    matrix = np.array(values, np.int64).reshape(1, 1, -1)
    planes = weight_planes(matrix)
    total = sum(f * planes.bits[:, j] for j, f in enumerate(planes.factors))
    np.testing.assert_array_equal(2 * total - 1 if planes.bipolar else total, matrix)
    assert planes.bipolar == (np.abs(matrix) == 1).all()


def test_factors():
    """Two's complement: the highest bit of a signed integer counts negatively."""
    assert plane_factors(3, signed=True) == (1, 2, -4)
    assert plane_factors(3, signed=False) == (1, 2, 4)
    assert plane_factors(1, signed=True) == (-1,)


def test_memories_shrink():
    """Weights of -1 and +1 take one bit each, and equal words one place."""
    module = parse(BARE.replace("[[1, 1, 1], [1, -1, -1]]", "[[1, -1, 1], [-1, -1, -1]]"))
    HlscPackBitsPass().apply(Context(), module)
    roms = {op.label.data if op.label else "": op for op in module.walk() if isinstance(op, RomOp)}
    assert str(roms["weights"].result.type) == "!hlsc.mem<1 x vector<2x3xui1>>"
