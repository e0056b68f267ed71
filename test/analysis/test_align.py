"""Joins of unequal scales: multipliers that keep the order of all sums, and maps that read them."""

from fractions import Fraction
from itertools import product

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from qnn_ir.analysis.align import Operand, PairBase, exact_multipliers, pair_steps
from qnn_ir.analysis.exact import exact_value
from qnn_ir.analysis.expr import REAL, affine, quant
from qnn_ir.analysis.rational import Coef, scalar, simplest_between, sqrt_dyadic
from qnn_ir.analysis.rounding import Mode

scales = st.one_of(st.fractions(Fraction(1, 100), 10), st.integers(2, 50).map(lambda n: sqrt_dyadic(Fraction(n))[0]))


@settings(max_examples=200, deadline=None)
@given(scales, st.integers(1, 30), st.integers(1, 30))
def test_the_order_of_all_pairs_is_kept(ratio: Fraction, n1: int, n2: int) -> None:
    p, q = simplest_between(ratio, n2, n1)
    for d1, d2 in product(range(-n1, n1 + 1), range(-n2, n2 + 1)):
        real, code = ratio * d1 + d2, p * d1 + q * d2
        assert (real > 0) - (real < 0) == (code > 0) - (code < 0)


@settings(max_examples=80, deadline=None)
@given(scales, scales, st.booleans(), st.booleans(), st.sampled_from(list(Mode)), st.integers(-9, 9))
def test_maps_of_sums(s1: Fraction, s2: Fraction, n1: bool, n2: bool, mode: Mode, bias: int) -> None:
    s1, s2 = (-s1 if n1 else s1), (-s2 if n2 else s2)
    a = Operand(np.array([-5]), np.array([7]), Coef((s1,)))
    b = Operand(np.array([0]), np.array([15]), Coef((s2,)))
    base = PairBase((1,), np.zeros(1, np.int64), a, b)
    root = quant(mode, scalar(-7), scalar(7), affine(scalar(Fraction(1, 3)), scalar(bias), REAL))
    steps = pair_steps(root, base, np.array([0]))
    for q1, q2 in product(range(-5, 8), range(16)):
        code = int(base.p[0]) * q1 + int(base.q[0]) * q2
        expected = exact_value(root, 0, s1 * q1 + s2 * q2)
        assert steps(np.array([[code]]))[0, 0] == expected
        assert base.lo[0] <= code <= base.hi[0]


wide = st.integers(2000, 90000)


@settings(max_examples=60, deadline=None)
@given(scales, scales, st.booleans(), st.booleans(), wide, wide, st.sampled_from(list(Mode)), st.integers(0, 2**32 - 1))
def test_maps_of_sums_of_wide_operands(
    s1: Fraction, s2: Fraction, n1: bool, n2: bool, r1: int, r2: int, mode: Mode, seed: int
) -> None:
    s1, s2 = (-s1 if n1 else s1), (-s2 if n2 else s2)
    a = Operand(np.array([-r1]), np.array([r1 // 2]), Coef((s1,)))
    b = Operand(np.array([-r2 // 3]), np.array([r2]), Coef((s2,)))
    base = PairBase((1,), np.zeros(1, np.int64), a, b)
    scale = abs(s1) * r1 + abs(s2) * r2
    root = quant(mode, scalar(-100), scalar(100), affine(scalar(200 / scale), scalar(Fraction(1, 3)), REAL))
    steps = pair_steps(root, base, np.array([0]))
    rng = np.random.default_rng(seed)
    pairs = np.stack([rng.integers(o.lo[0], o.hi[0] + 1, 40) for o in (a, b)], axis=1).tolist()
    # and pairs next to every step
    for code in steps.positions[0].tolist()[::8]:
        near = [(q1, (code - int(base.p[0]) * q1) // int(base.q[0])) for q1 in rng.integers(-r1, r1 // 2, 4).tolist()]
        pairs += [(q1, q2 + d) for q1, q2 in near for d in (0, 1) if b.lo[0] <= q2 + d <= b.hi[0]]
    for q1, q2 in pairs:
        code = int(base.p[0]) * q1 + int(base.q[0]) * q2
        assert steps(np.array([[code]]))[0, 0] == exact_value(root, 0, s1 * q1 + s2 * q2)
        assert base.lo[0] <= code <= base.hi[0]


def test_ties_of_wide_operands() -> None:
    """A boundary on the sum of a pair, and one just beside it: of an incommensurable ratio, and of a whole one."""
    for ratio in (sqrt_dyadic(Fraction(7))[0], Fraction(8)):
        a = Operand(np.array([-5000]), np.array([5000]), Coef((ratio,)))
        b = Operand(np.array([-4000]), np.array([4000]), Coef((Fraction(1),)))
        base = PairBase((1,), np.zeros(1, np.int64), a, b)
        for q1, q2 in ((1234, -777), (-4999, 3), (0, 0), (5000, -4000)):
            code = np.array([[int(base.p[0]) * q1 + int(base.q[0]) * q2]])
            for beside in (0, 1, -1):
                bias = -(ratio * q1 + q2) + Fraction(beside, 1 << 40)
                root = quant(Mode.FLOOR, scalar(-1), scalar(0), affine(scalar(1), scalar(bias), REAL))
                assert pair_steps(root, base, np.array([0]))(code)[0, 0] == (0 if beside >= 0 else -1)


def test_small_ratios_are_exact() -> None:
    one = np.array([0, 0]), np.array([7, 7])
    found = exact_multipliers(Operand(*one, scalar(0.75)), Operand(*one, scalar(0.5)), 8)
    assert found is not None
    assert (found[0].tolist(), found[1].tolist(), found[2]) == ([3, 3], [2, 2], (Fraction(1, 4),))
    assert exact_multipliers(Operand(*one, scalar(0.1)), Operand(*one, scalar(0.3)), 8) is None
