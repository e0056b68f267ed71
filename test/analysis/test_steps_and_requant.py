"""Steps against brute force, requantisation against steps, expressions against rationals."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qnn_ir.analysis.evaluate import IntPoints, RealPoints, evaluate
from qnn_ir.analysis.exact import exact_value
from qnn_ir.analysis.expr import REAL, VAR, ZERO, Fn, Node, affine, clip, count, leaky, pair, quant, topological
from qnn_ir.analysis.expr_rules import row_count, take
from qnn_ir.analysis.rational import Coef, from_floats, scalar
from qnn_ir.analysis.requant import find_requant
from qnn_ir.analysis.rounding import Mode
from qnn_ir.analysis.steps import Steps, canonical, compose, find_steps
from qnn_ir.errors import UserError

ROWS = 3
small = st.integers(-64, 64).map(lambda v: Fraction(v, 16))
odd = st.fractions(-3, 3, max_denominator=1000)
numbers = st.one_of(small, odd)
modes = st.sampled_from(list(Mode))


@st.composite
def coefs(draw: st.DrawFn) -> Coef:
    return Coef(tuple(draw(st.lists(numbers, min_size=ROWS, max_size=ROWS))))


@st.composite
def expressions(draw: st.DrawFn) -> Node:
    """An integer-valued chain of random operators."""
    node: Node = VAR
    for kind in draw(
        st.lists(st.sampled_from(["affine", "clip", "leaky", "quant", "count", "add", "mul"]), max_size=5)
    ):
        match kind:
            case "affine":
                node = affine(draw(coefs()), draw(coefs()), node)
            case "clip":
                node = clip(draw(coefs()), None, node)
            case "leaky":
                node = leaky(draw(coefs()), node)
            case "quant":
                node = quant(draw(modes), scalar(draw(numbers) - 8), scalar(draw(numbers) + 8), node)
            case "count":
                node = count(np.sort(np.array([draw(coefs()).floats[:, 0] for _ in range(3)]).T, axis=1), node)
            case _:
                node = pair(node, affine(draw(coefs()), ZERO, VAR), kind == "mul")
    return quant(draw(modes), scalar(-20), scalar(20), node)


@settings(max_examples=150, deadline=None)
@given(expressions())
def test_float_evaluation_equals_rationals(root: Node) -> None:
    x = np.tile(np.arange(-40, 41), (ROWS, 1))
    expected = [[exact_value(root, row, Fraction(int(v))) for v in x[row]] for row in range(ROWS)]
    assert evaluate(root, IntPoints(x)).tolist() == [[int(v) for v in row] for row in expected]


@pytest.mark.parametrize("x", [3, 100, 5000])
def test_saturation_just_below_a_tie_is_no_tie(x: int) -> None:
    """1.5 * tanh(x) stays below 1.5, which half-even would round to 2; at 5000 it is closer than 2^-14000."""
    saturated = affine(scalar(1.5), ZERO, Fn(VAR, "tanh", ()))
    assert exact_value(quant(Mode.HALF_EVEN, scalar(-9), scalar(9), saturated), 0, Fraction(x)) == 1


@settings(max_examples=150, deadline=None)
@given(expressions())
def test_steps_equal_brute_force(root: Node) -> None:
    lo, hi = np.array([-40, -7, 3]), np.array([40, 20, 3])
    steps = find_steps(root, lo, hi)
    for row in range(ROWS):
        x = np.arange(lo[row], hi[row] + 1)
        one = take(root, np.array([row]))
        assert steps.take(np.array([row]))(x[None]).tolist() == evaluate(one, IntPoints(x[None])).tolist()
        used = steps.deltas[row] != 0
        assert (np.diff(steps.positions[row, used]) > 0).all()


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.integers(-200, 200), min_size=0, max_size=20),
    st.lists(st.integers(-200, 200), min_size=0, max_size=20),
    st.booleans(),
)
def test_requant_equals_steps(first: list[int], second: list[int], falls: bool) -> None:
    rows = [np.sort(np.array(v, np.int64)) for v in (first, second)]
    width = max(len(r) for r in rows)
    positions = np.zeros((2, width), np.int64)
    deltas = np.zeros((2, width), np.int64)
    for i, row in enumerate(rows):
        positions[i, : len(row)], deltas[i, : len(row)] = row, -1 if falls else 1
    steps = canonical(np.array([0, -2]), positions, deltas)
    lo, hi = np.array([-200, -200]), np.array([200, 200])
    if (steps.positions.min(initial=0)) < -199:
        return
    x = np.tile(np.arange(-200, 201), (2, 1))
    if found := find_requant(steps, lo, hi):
        assert found.apply(x, np.arange(2)[:, None]).tolist() == steps(x).tolist()


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.fractions(Fraction(1, 500), Fraction(1, 2)), min_size=3, max_size=3),
    st.lists(st.fractions(-20, 20), min_size=3, max_size=3),
    st.sampled_from([Mode.FLOOR, Mode.HALF_EVEN, Mode.CEIL]),
    st.integers(2, 7),
)
def test_every_affine_quantiser_is_a_requant(s: list[Fraction], b: list[Fraction], mode: Mode, bits: int) -> None:
    root = quant(mode, scalar(0), scalar(2**bits - 1), affine(Coef(tuple(s)), Coef(tuple(b)), VAR))
    lo, hi = np.full(3, -500), np.full(3, 500)
    steps = find_steps(root, lo, hi)
    requant = find_requant(steps, lo, hi)
    assert requant is not None
    x = np.tile(np.arange(-500, 501), (3, 1))
    assert (
        requant.apply(x, np.arange(3)[:, None]).tolist() == steps(x).tolist() == evaluate(root, IntPoints(x)).tolist()
    )


@pytest.mark.parametrize("span", [1 << 20, 1 << 26])
def test_sixteen_bits_of_a_wide_sum_are_a_requant(span: int) -> None:
    rng = np.random.default_rng(span)
    rows = 8
    s = Coef(tuple(Fraction(float(v)) * (1 << 16) / span for v in np.float32(rng.uniform(1, 3, rows))))
    b = Coef(tuple(Fraction(float(v)) for v in np.float32(rng.normal(0, 5000, rows))))
    root = quant(Mode.HALF_EVEN, scalar(0), scalar(65535), affine(s, b, VAR))
    lo, hi = np.full(rows, -span), np.full(rows, span)
    requant = find_requant(find_steps(root, lo, hi), lo, hi)
    assert requant is not None
    x = rng.integers(-span, span, (rows, 2000))
    assert requant.apply(x, np.arange(rows)[:, None]).tolist() == evaluate(root, IntPoints(x)).tolist()


def test_real_ties_need_half_even() -> None:
    root = quant(Mode.HALF_EVEN, scalar(-128), scalar(127), affine(scalar(Fraction(1, 8)), ZERO, VAR))
    lo, hi = np.array([-1000]), np.array([1000])
    requant = find_requant(find_steps(root, lo, hi), lo, hi)
    assert requant is not None
    assert (requant.rounding, requant.shift, requant.m.tolist()) == ("half_even", 3, [1])


def test_silu_is_enumerated_and_too_wide_is_an_error() -> None:
    x = affine(scalar(0.01), ZERO, VAR)
    silu = quant(Mode.HALF_EVEN, scalar(-8), scalar(7), affine(scalar(8), ZERO, pair(x, Fn(x, "sigmoid", ()), True)))
    steps = find_steps(silu, np.array([-2000]), np.array([2000]))
    points = np.arange(-2000, 2001)[None]
    assert steps(points).tolist() == evaluate(silu, IntPoints(points)).tolist()
    assert steps.deltas.min() < 0 < steps.deltas.max()
    with pytest.raises(UserError, match="not monotone"):
        find_steps(silu, np.array([-(2**22)]), np.array([2**22]))


def test_range_width_costs_nothing_for_monotone_rows() -> None:
    root = quant(Mode.FLOOR, scalar(-8), scalar(7), affine(from_floats(np.array([1e-11, 3e-11])), scalar(0.5), VAR))
    steps = find_steps(root, np.full(2, -(2**40)), np.full(2, 2**40))
    for row in range(2):
        for t in steps.positions[row].tolist():
            one = take(root, np.array([row]))
            before, after = evaluate(one, IntPoints(np.array([[t - 1, t]])))[0]
            assert after == before + 1


def test_saturated_sigmoid_under_floor() -> None:
    """sigmoid(100) is 1 in float64 yet below 1: floor(255 * sigmoid) must be 254."""
    root = quant(Mode.FLOOR, scalar(0), scalar(255), affine(scalar(255), ZERO, Fn(VAR, "sigmoid", ())))
    assert evaluate(root, IntPoints(np.array([[100, 400, 0]]))).tolist() == [[254, 254, 127]]


def test_real_points_are_exact() -> None:
    """0.3 as float32, divided by 0.1 as float32, is just above 3: ceil gives 4."""
    x = np.array([[np.float32(0.3), np.float32(0.2)]], np.float64)
    root = quant(Mode.CEIL, None, None, affine(scalar(1) / from_floats(np.array([0.1], np.float32)), ZERO, REAL))
    exact = [-(-Fraction(v) // Fraction(float(np.float32(0.1)))) for v in x[0].tolist()]
    assert evaluate(root, RealPoints(x)).tolist() == [exact]


def test_long_chains_collapse_and_never_recurse() -> None:
    node: Node = VAR
    for _ in range(3000):
        node = clip(ZERO, None, node)
    assert len(topological(node)) == 2
    for _ in range(3000):
        node = leaky(scalar(0.5), affine(scalar(1), scalar(-1), node))
    assert row_count(quant(Mode.FLOOR, None, None, node)) == 1
    assert evaluate(quant(Mode.FLOOR, None, None, node), IntPoints(np.array([[5000]]))).tolist() == [[2000]]


@settings(max_examples=50, deadline=None)
@given(st.data())
def test_composition(data: st.DataObject) -> None:
    def draw(lo: int, hi: int) -> Steps:
        root = quant(Mode.HALF_EVEN, scalar(lo), scalar(hi), affine(data.draw(coefs()), data.draw(coefs()), VAR))
        return find_steps(root, np.full(ROWS, -50), np.full(ROWS, 50))

    inner, outer = draw(-10, 10), draw(-4, 4)
    x = np.tile(np.arange(-50, 51), (ROWS, 1))
    assert compose(outer, inner)(x).tolist() == outer(inner(x)).tolist()
    flip = np.array([True, False, True])
    assert inner.mirrored(flip)(np.where(flip[:, None], -x, x)).tolist() == inner(x).tolist()
