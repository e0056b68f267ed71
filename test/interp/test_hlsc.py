"""`hlsc` processes compute the same in every interleaving, batched or not, and what NumPy says."""

import hlsc_examples as examples
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from qnn_ir.dialects import hlsc
from qnn_ir.interp.hlsc import HlscError, run_process, run_top
from qnn_ir.interp.hlsc_values import from_bits, recast, to_bits

N = 5
RNG = np.random.default_rng(0)
Ints = NDArray[np.int64]


def check(text: str, inputs: list[Ints], expected: list[Ints]) -> None:
    """The process of `text` gives `expected` in both modes and all orders."""
    process = examples.process(text)
    runs = [run_process(process, inputs, mode="batched")]
    for order in ("greedy", "round_robin", "random"):
        runs.append(run_process(process, inputs, mode="sequential", order=order, seed=7))
    for outputs in runs:
        for output, wanted in zip(outputs, expected, strict=True):
            np.testing.assert_array_equal(output, wanted)


@pytest.mark.parametrize(("pe", "simd"), [(4, 8), (1, 32), (16, 1), (16, 32)])
def test_mvtu(pe: int, simd: int):
    weights, thresholds = RNG.integers(-8, 8, (16, 32)), np.sort(RNG.integers(-300, 300, (16, 15)), axis=1)
    x = RNG.integers(0, 16, (N, 32))
    y = np.count_nonzero((x @ weights.T)[..., None] >= thresholds, axis=-1)
    text = examples.mvtu(weights, thresholds, "ui4", "si4", pe, simd)
    check(text, [x.reshape(N, -1, simd)], [y.reshape(N, -1, pe)])


@pytest.mark.parametrize("simd", [8, 62, 63, 64, 128])
def test_binary_mvu(simd: int):
    """Words below and above the width of machine integers."""
    weights, x = RNG.integers(0, 2, (8, 2 * simd)), RNG.integers(0, 2, (N, 2 * simd))
    y = np.count_nonzero(x[:, None] == weights, axis=-1)
    check(examples.binary_mvu(weights, 4, simd), [x.reshape(N, 2, simd)], [y.reshape(N, 2, 4)])


@pytest.mark.parametrize(
    ("n", "m"), [(3, 8), (8, 3), (4, 16), (16, 4), (5, 7), (7, 5), (1, 6), (6, 1), (2, 3), (49, 16)]
)
def test_width(n: int, m: int):
    x = RNG.integers(0, 4, (N, 2 * np.lcm(n, m)))
    check(examples.width(n, m, x.shape[1]), [x.reshape(N, -1, n)], [x.reshape(N, -1, m)])


def test_argmax():
    x = RNG.integers(-3, 4, (50, 10))
    check(examples.argmax(10), [x], [x.argmax(axis=1)[:, None]])


def test_maxpool():
    x = RNG.integers(0, 4, (N, 8, 8, 3))
    y = x.reshape(N, 4, 2, 4, 2, 3).max(axis=(2, 4))
    check(examples.maxpool(8, 8, "vector<3xui2>"), [x.reshape(N, 64, 3)], [y.reshape(N, 16, 3)])


def test_join_and_fork():
    a, b = RNG.integers(0, 16, (2, N, 6, 4))
    check(examples.join(6, 4), [a, b], [3 * a + b])
    check(examples.fork(6, "vector<4xui4>"), [a], [a, a])


def test_depthwise():
    weights, x = RNG.integers(-8, 8, (9, 8)), RNG.integers(0, 16, (N, 6, 9, 8))
    y = (x * weights).sum(axis=2)
    check(examples.depthwise(weights, 6, 4), [x.reshape(N, -1, 4)], [y.reshape(N, -1, 4)])


@pytest.mark.parametrize(
    ("size", "kernel", "stride", "pad"),
    [(8, 3, 1, 1), (8, 3, 2, 1), (8, 3, 1, 0), (7, 3, 2, 0), (6, 5, 1, 2), (8, 2, 2, 0), (6, 1, 1, 0)],
)
def test_window(size: int, kernel: int, stride: int, pad: int):
    """Two sides around a line buffer, frames overlapping."""
    x = RNG.integers(0, 4, (N, size, size, 2, 3))
    padded = np.pad(x, ((0, 0), (pad, pad), (pad, pad), (0, 0), (0, 0)))
    views = np.lib.stride_tricks.sliding_window_view(padded, (kernel, kernel), axis=(1, 2))[:, ::stride, ::stride]
    y = views.transpose(0, 1, 2, 5, 6, 3, 4)
    text = examples.window(size, kernel, stride, pad, 2, "vector<3xui2>", slack=1)
    check(text, [x.reshape(N, -1, 3)], [y.reshape(N, -1, 3)])


def test_later_nest():
    """Read and write run one apart; the nest of the writes steps only when one happens."""
    text = """
hlsc.process @skewed(%in: !hlsc.in<ui4>, %out: !hlsc.out<ui7>) {
  %held = hlsc.reg !hlsc.mem<1 x ui4>
  hlsc.side @main (%frame, %t < 7) (%f, %y < 2, %x < 3) {
    %zero = hlsc.static_constant 0
    %end = hlsc.static_constant 6
    %loads = hlsc.cmp lt %t, %end
    %emits = hlsc.cmp gt %t, %zero
    hlsc.advance 1 when %emits
    %new = hlsc.read %in when %loads : !hlsc.in<ui4> -> ui4
    hlsc.store %held, %new when %loads : !hlsc.mem<1 x ui4>, ui4
    %old = hlsc.load %held when %emits : !hlsc.mem<1 x ui4> -> ui4
    %place = hlsc.affine %y * 32 + %x * 16
    %base = hlsc.from_index %place : ui7
    %sum = hlsc.add %base, %old : ui7, ui4 -> ui8
    %fits = hlsc.narrow %sum : ui8 -> ui7
    hlsc.write %out, %fits when %emits : !hlsc.out<ui7>, ui7
  }
}"""
    x = RNG.integers(0, 16, (N, 6))
    check(text, [x], [x + np.array([0, 16, 32, 32, 48, 64])])


LANES = """
hlsc.process @lanes(%in: !hlsc.in<vector<4xsi5>>, %out: !hlsc.out<TYPE>) {
  %steps = hlsc.rom dense<STEPS> : tensor<4x3xi8> as !hlsc.mem<1 x vector<4x3xsi5>>
  %deltas = hlsc.rom dense<DELTAS> : tensor<4x3xi8> as !hlsc.mem<1 x vector<4x3xsi3>>
  %shared = hlsc.rom dense<TABLE> : tensor<32xi8> as !hlsc.mem<1 x vector<32xui3>>
  %tables = hlsc.rom dense<TABLES> : tensor<4x32xi8> as !hlsc.mem<1 x vector<4x32xui3>>
  hlsc.side @main (%frame, %i < 4) {
    %x = hlsc.read %in : !hlsc.in<vector<4xsi5>> -> vector<4xsi5>
    BODY
    hlsc.write %out, %y : !hlsc.out<TYPE>, TYPE
  }
}"""
TABLE = RNG.integers(0, 8, 32)
TABLES = RNG.integers(0, 8, (4, 32))
STEPS = np.array([[-3, 0, 5], [-8, 1, 2], [0, 3, 9], [-1, 0, 1]])
DELTAS = np.array([[1, -2, 2], [1, 1, 1], [-2, -1, 2], [2, 1, -2]])
V = "vector<4xsi5>"


def half_even(x: Ints, shift: int) -> Ints:
    return np.rint(x / 2**shift).astype(np.int64)


def at_least(x: Ints) -> Ints:
    return x >= -2


CASES = {
    "extend": (f"%y = hlsc.extend %x : {V} -> vector<4xsi9>", lambda x: x),
    "sub": (f"%y = hlsc.sub %x, %x : {V}, {V} -> vector<4xsi6>", lambda x: x - x),
    "mul": (f"%y = hlsc.mul %x, %x : {V}, {V} -> vector<4xsi10>", lambda x: x * x),
    "min": (f"%z = hlsc.constant 3 : si5\n%y = hlsc.min %x, %z : {V}, si5 -> {V}", lambda x: np.minimum(x, 3)),
    "shl": (f"%y = hlsc.shl %x by 3 : {V} -> vector<4xsi8>", lambda x: x * 8),
    "ge": (
        f"%z = hlsc.constant -2 : si5\n%y = hlsc.greater_equal %x, %z : {V}, si5 -> vector<4xui1>",
        lambda x: x >= -2,
    ),
    "sum": (f"%y = hlsc.reduce_add %x : {V} -> si7", lambda x: x.sum(-1)),
    "top": (f"%y = hlsc.reduce_max %x : {V} -> si5", lambda x: x.max(-1)),
    "mux": (
        f"%z = hlsc.constant 0 : {V}\n%g = hlsc.greater %x, %z : {V}, {V} -> vector<4xui1>\n"
        f"%y = hlsc.mux %g, %x, %z : vector<4xui1>, {V}, {V} -> {V}",
        lambda x: np.maximum(x, 0),
    ),
    "plane": (f"%y = hlsc.plane %x bit 4 : {V} -> ui4", lambda x: ((x < 0) << np.arange(4)).sum(-1)),
    "popcount": (
        f"%w = hlsc.bitcast %x : {V} -> vector<4xui5>\n%y = hlsc.popcount %w : vector<4xui5> -> vector<4xui3>",
        lambda x: np.bitwise_count(x & 31),
    ),
    "wide popcount": (
        f"%a = hlsc.concat %x, %x, %x, %x : {V}, {V}, {V}, {V} -> vector<16xsi5>\n"
        "%w = hlsc.bitcast %a : vector<16xsi5> -> ui80\n%y = hlsc.popcount %w : ui80 -> ui7",
        lambda x: 4 * np.bitwise_count(x & 31).sum(-1),
    ),
    "and": (
        f"%p = hlsc.plane %x bit 0 : {V} -> ui4\n%q = hlsc.plane %x bit 1 : {V} -> ui4\n"
        "%w = hlsc.bitcast %q : ui4 -> vector<1xui4>\n"
        "%y = hlsc.and_popcount %p, %w : ui4, vector<1xui4> -> vector<1xui3>",
        lambda x: ((x & 3) == 3).sum(-1)[..., None],
    ),
    "slice": (f"%y = hlsc.slice %x from 1 size 2 : {V} -> vector<2xsi5>", lambda x: x[..., 1:3]),
    "count": (
        "%t = hlsc.load %steps : !hlsc.mem<1 x vector<4x3xsi5>> -> vector<4x3xsi5>\n"
        f"%y = hlsc.count_ge %x, %t : {V}, vector<4x3xsi5> -> vector<4xui2>",
        lambda x: (x[..., None] >= STEPS).sum(-1),
    ),
    "steps": (
        "%t = hlsc.load %steps : !hlsc.mem<1 x vector<4x3xsi5>> -> vector<4x3xsi5>\n"
        "%d = hlsc.load %deltas : !hlsc.mem<1 x vector<4x3xsi3>> -> vector<4x3xsi3>\n"
        f"%y = hlsc.step_sum %x, %t, %d : {V}, vector<4x3xsi5>, vector<4x3xsi3> -> vector<4xsi5>",
        lambda x: ((x[..., None] >= STEPS) * DELTAS).sum(-1),
    ),
    "floor": (
        "%m = hlsc.constant 5 : ui3\n%c = hlsc.constant -3 : si3\n"
        f"%y = hlsc.requant %x, %m, %c shift 2 floor clamp -7 to 9 : {V}, ui3, si3 -> vector<4xsi5>",
        lambda x: np.clip((5 * x - 3) // 4, -7, 9),
    ),
    "half_even": (
        "%m = hlsc.constant 5 : ui3\n%c = hlsc.constant -2 : si3\n"
        f"%y = hlsc.requant %x, %m, %c shift 2 half_even clamp -30 to 30 : {V}, ui3, si3 -> vector<4xsi6>",
        lambda x: np.clip(half_even(5 * x - 2, 2), -30, 30),
    ),
    "beyond 64 bits": (
        "%w = hlsc.constant 1099511627776 : ui41\n%m = hlsc.constant 4294967296 : ui33\n%c = hlsc.constant 3 : ui2\n"
        f"%xw = hlsc.mul %x, %w : {V}, ui41 -> vector<4xsi46>\n"
        "%y = hlsc.requant %xw, %m, %c shift 72 floor clamp -7 to 9 : vector<4xsi46>, ui33, ui2 -> vector<4xsi5>",
        lambda x: np.clip(x, -7, 9),
    ),
    "shared table": (
        f"%y = hlsc.lookup %shared, %x lo -16 : !hlsc.mem<1 x vector<32xui3>>, {V} -> vector<4xui3>",
        lambda x: TABLE[x + 16],
    ),
    "tables": (
        f"%y = hlsc.lookup %tables, %x lo -16 : !hlsc.mem<1 x vector<4x32xui3>>, {V} -> vector<4xui3>",
        lambda x: TABLES[np.arange(4), x + 16],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_operation(case: str):
    """Every operation on lanes against its equation."""
    body, expected = CASES[case]
    type_ = body.rsplit("->", 1)[1].strip()
    text = LANES.replace("BODY", body).replace("TYPE", type_)
    for name, data in {"TABLES": TABLES, "TABLE": TABLE, "STEPS": STEPS, "DELTAS": DELTAS}.items():
        text = text.replace(name, str(data.tolist()))
    x = RNG.integers(-16, 16, (N, 4, 4))
    check(text, [x], [expected(x).astype(np.int64)])


@given(st.integers(1, 70), st.booleans(), st.lists(st.integers(1, 4), max_size=2), st.data())
@settings(max_examples=80, deadline=None)
def test_bits(width: int, signed: bool, shape: list[int], data: st.DataObject):
    """Bits of every type there and back; lane 0 is lowest."""
    signed = signed and width <= 62
    lo, hi = (-(1 << width - 1), (1 << width - 1) - 1) if signed else (0, (1 << width) - 1)
    prefix = "si" if signed else "ui"
    element = hlsc.element_of(examples.value(f"{prefix}{width}"))
    type_ = hlsc.value_type(shape, element)
    numbers = [data.draw(st.integers(lo, hi)) for _ in range(hlsc.lanes_of(type_))]
    total = sum((n & (1 << width) - 1) << (i * width) for i, n in enumerate(numbers))
    bits = np.array([[total >> i & 1 for i in range(hlsc.bits_of(type_))]], np.uint8)
    value = from_bits(bits, type_)
    if width <= 62:
        assert value.reshape(-1).tolist() == numbers
    np.testing.assert_array_equal(to_bits(value, type_), bits)
    word = examples.value(f"ui{hlsc.bits_of(type_)}")
    np.testing.assert_array_equal(recast(recast(value, type_, word), word, type_), value)


COUNT = """
hlsc.process @count(%in: !hlsc.in<ui4>, %out: !hlsc.out<ui8>) {
  %held = hlsc.reg !hlsc.mem<1 x ui8> init 3
  hlsc.side @main (%frame, %i < 2) {
    %x = hlsc.read %in : !hlsc.in<ui4> -> ui4
    %old = hlsc.load %held : !hlsc.mem<1 x ui8> -> ui8
    %sum = hlsc.add %old, %x : ui8, ui4 -> ui9
    %now = hlsc.narrow %sum : ui9 -> ui8
    hlsc.store %held, %now : !hlsc.mem<1 x ui8>, ui8
    hlsc.write %out, %now : !hlsc.out<ui8>, ui8
  }
}"""


def test_state_across_frames():
    """A process that depends on earlier frames is noticed by the batched mode and computed by the sequential one."""
    process, x = examples.process(COUNT), RNG.integers(0, 16, (N, 2))
    with pytest.raises(HlscError, match="process @count: side @main writes an undefined value to %out in iteration 0"):
        run_process(process, [x], mode="batched")
    (y,) = run_process(process, [x])
    np.testing.assert_array_equal(y, 3 + np.cumsum(x).reshape(N, 2))


def test_narrow_is_checked():
    with pytest.raises(HlscError, match=r"hlsc.narrow of %sum: \[.*\] does not fit ui8"):
        run_process(examples.process(COUNT), [np.full((20, 2), 15)])


def test_deadlock_names_the_place():
    with pytest.raises(
        HlscError, match="@join_add: deadlock: side @main waits in iteration 3 of frame 0 for token 3 of port %b"
    ):
        run_process(examples.process(examples.join(6, 4)), [np.zeros((N, 6, 4), int), np.zeros((N, 3, 4), int)])
    text = examples.window(8, 3, 1, 0, 1, "ui2", depth=18)
    with pytest.raises(HlscError, match=r"deadlock: side @fill waits .* side @emit to come past"):
        run_process(examples.process(text), [np.zeros((1, 64), int)])


def test_leftover_tokens():
    with pytest.raises(HlscError, match="@copy: 2 of 6 tokens left over at port %in"):
        run_process(examples.process(examples.fork(4, "ui4")), [np.zeros((N, 6), int)])


def test_undefined_read():
    """A disabled read that reaches an output is an error in both modes."""
    text = """
hlsc.process @hole(%in: !hlsc.in<ui4>, %out: !hlsc.out<ui4>) {
  hlsc.side @main (%frame, %i < 2) {
    %zero = hlsc.static_constant 0
    %first = hlsc.cmp eq %i, %zero
    %x = hlsc.read %in when %first : !hlsc.in<ui4> -> ui4
    hlsc.write %out, %x : !hlsc.out<ui4>, ui4
  }
}"""
    for mode in ("batched", "sequential", "auto"):
        with pytest.raises(HlscError, match="writes an undefined value to %out in iteration 1"):
            run_process(examples.process(text), [np.zeros((N, 1), int)], mode=mode)


TOP = """
{first}
{second}
hlsc.top @net(%x: !hlsc.chan<ui8>, %y: !hlsc.chan<vector<4xui2>>) attributes {{
    interfaces = ["axis", "axis"],
    input_types = [!stream.chan<ui2 x 3, 8>], output_types = [!stream.chan<ui2 x 4, 6>]}} {{
  %c = hlsc.channel "between" depth 2 : !hlsc.chan<ui16>
  hlsc.call @back(%c, %y) : !hlsc.chan<ui16>, !hlsc.chan<vector<4xui2>>
  hlsc.call @width(%x, %c) : !hlsc.chan<ui8>, !hlsc.chan<ui16>
}}
"""


def padded_width() -> str:
    """Three lanes in words of eight bits to beats of eight lanes."""
    text = examples.width(3, 8, 24).replace("%in: !hlsc.in<vector<3xui2>>", "%in: !hlsc.in<ui8>")
    return text.replace(
        "%x = hlsc.read %in : !hlsc.in<vector<3xui2>> -> vector<3xui2>",
        "%word = hlsc.read %in : !hlsc.in<ui8> -> vector<4xui2>\n"
        "%x = hlsc.slice %word from 0 size 3 : vector<4xui2> -> vector<3xui2>",
    )


def test_top():
    """Padded words in, calls in any order, ports and channels of other types with the same bits."""
    second = examples.width(8, 4, 24).replace("@width", "@back")
    module = examples.parse(TOP.format(first=padded_width(), second=second))
    (top,) = [op for op in module.walk() if isinstance(op, hlsc.TopOp)]
    x = RNG.integers(0, 4, (N, 24))
    for mode in ("auto", "sequential"):
        (y,) = run_top(module, top, [x], mode)
        np.testing.assert_array_equal(y, x)
    with pytest.raises(HlscError, match=r"input \[4, 4\] does not fit vector<3xui2>"):
        run_top(module, top, [np.full((N, 24), 4)])
    with pytest.raises(HlscError, match="process @width: deadlock"):
        run_top(module, top, [x[:, :21]])
