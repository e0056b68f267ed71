"""Exact coefficients: dyadic integers, roots, common divisors, constants with several functions."""

from fractions import Fraction
from itertools import chain
from math import gcd

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from qnn_ir.analysis.expr import VAR, affine, quant
from qnn_ir.analysis.rational import (
    Coef,
    batch_norm_slope,
    common_divisor,
    dyadic_integers,
    from_floats,
    scalar,
    sqrt_dyadic,
)
from qnn_ir.analysis.rounding import Mode, round_exact
from qnn_ir.analysis.value import Piece, constant, constant_integers, constant_numbers, refine


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.integers(-500, 500), min_size=1, max_size=8),
    st.floats(2.0**-60, 2.0**60, width=32),
    st.integers(-40, 40),
)
def test_dyadic_integers(numbers: list[int], scale: float, shift: int) -> None:
    array = np.array(numbers, np.float64) * np.float64(np.float32(scale)) * 2.0**shift
    found = dyadic_integers(array, 24)
    assert found is not None
    q, s = found
    assert [Fraction(v) for v in array.tolist()] == [s * int(v) for v in q.tolist()]
    assert np.gcd.reduce(np.abs(q)) in (0, 1)


def test_numbers_of_too_many_bits_are_no_integers() -> None:
    assert dyadic_integers(np.array([1.0, 2.0**-24]), 24) is None
    assert dyadic_integers(np.array([1.0, 2.0**-23]), 24) is not None
    assert dyadic_integers(np.array([1e30, 1e-30]), 60) is None


@given(st.fractions(Fraction(1, 10**12), 10**12))
def test_square_roots(value: Fraction) -> None:
    root, exact = sqrt_dyadic(value)
    error = abs(root * root - value) / value
    assert error == 0 if exact else 0 < error < Fraction(1, 2**299)
    assert sqrt_dyadic(value * value) == (value, True)


def test_batch_norm_slope_marks_what_is_irrational() -> None:
    exact = batch_norm_slope(scalar(3), from_floats(np.array([3.75, 8.75])), Fraction(1, 4))
    assert (exact.values, exact.approximate) == ((Fraction(3, 2), Fraction(1)), False)
    assert batch_norm_slope(scalar(0), scalar(2), Fraction(0)).values == (0,)
    rough = batch_norm_slope(scalar(3), scalar(2), Fraction(0))
    assert rough.approximate
    assert abs(rough[0] ** 2 - Fraction(9, 2)) < Fraction(1, 2**295)


@given(st.lists(st.fractions(-10, 10, max_denominator=10**6), min_size=1, max_size=6))
def test_common_divisor(values: list[Fraction]) -> None:
    unit = common_divisor(values)
    multiples = [v / unit for v in values]
    assert all(m.denominator == 1 for m in multiples)
    assert gcd(*(m.numerator for m in multiples)) in (0, 1)


@given(st.fractions(-9, 9, max_denominator=4))
def test_rounding_modes(x: Fraction) -> None:
    results = {mode: round_exact(mode, x) for mode in Mode}
    assert results[Mode.FLOOR] <= x <= results[Mode.CEIL]
    assert abs(results[Mode.DOWN]) <= abs(x) <= abs(results[Mode.UP])
    nearest = [results[m] for m in Mode if m.to_nearest]
    assert all(abs(n - x) <= Fraction(1, 2) for n in nearest)
    if x.denominator == 2:
        assert abs(results[Mode.HALF_UP]) - abs(results[Mode.HALF_DOWN]) == 1
        assert results[Mode.HALF_EVEN] % 2 == 0


def test_constants_with_several_functions() -> None:
    data = np.arange(12).reshape(3, 4)
    value, chosen = refine(constant(data), np.arange(3).reshape(3, 1), 3)
    first, second = np.flatnonzero(chosen == 1), np.flatnonzero(chosen != 1)
    half = Coef((Fraction(1, 2),))
    pieces = [
        Piece(first, quant(Mode.FLOOR, None, None, affine(half, scalar(0), VAR))),
        Piece(second, affine(scalar(-1), Coef((Fraction(100), Fraction(200))), VAR)),
    ]
    value = value.with_pieces(pieces)
    expected = [[100, 99, 98, 97], [2, 2, 3, 3], [192, 191, 190, 189]]
    assert constant_integers(value, [p.expr for p in pieces]).tolist() == expected
    assert [int(v) for v in constant_numbers(value).values] == list(chain(*expected))
