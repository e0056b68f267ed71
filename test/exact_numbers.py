"""Tensors of exact rationals (`Fraction` in object arrays) and what the exact operators have in common."""

from collections.abc import Callable
from fractions import Fraction
from functools import lru_cache
from math import ceil, gcd, lcm
from typing import Any

import mpmath
import numpy as np

Exact = Any
"""An object array of `Fraction`s, of any shape."""


def fractions(array: Any) -> Exact:
    """The exact values of an array of floats or integers."""
    array = np.asarray(array)
    known = {value: Fraction(value) for value in set(array.ravel().tolist())}
    return np.array([known[value] for value in array.ravel().tolist()], object).reshape(array.shape)


def each(function: Callable[..., Any], *arrays: Exact) -> Exact:
    """`function` on every element; the result is an object array even for a single one."""
    return np.asarray(np.frompyfunc(function, len(arrays), 1)(*arrays), object)


def largest(x: Exact) -> Fraction:
    """The largest absolute value, 0 where there is none."""
    return max((abs(v) for v in x.ravel()), default=Fraction(0))


def units(x: Exact) -> tuple[Exact, Fraction]:
    """`x` as whole numbers (`int` in an object array) times a unit: sums of products are cheap in these."""
    below = lcm(*(v.denominator for v in x.ravel()))
    above = gcd(*(int(v * below) for v in x.ravel())) or 1
    return each(lambda v: v.numerator * (below // v.denominator) // above, x), Fraction(above, below)


def product(x: Exact, w: Exact) -> Exact:
    """The matrix product over the last axis of `x` and the last but one of `w`."""
    (a, unit_a), (b, unit_b) = units(x), units(w)
    unit = unit_a * unit_b
    return each(lambda v: v * unit, np.asarray(np.matmul(a, b), object))


def exactly(number: Any) -> Fraction:
    """The value of an `mpf`."""
    sign, mantissa, exponent, _ = number._mpf_
    return (-1) ** sign * int(mantissa) * Fraction(2) ** int(exponent)


def _transcendental(name: str, bits: Callable[[int], int], function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """A function of one rational, to 300 bits and those that its distance from its limit takes: `bits(|x|)`."""

    @lru_cache(maxsize=4096)
    def evaluate(x: Fraction) -> Fraction:
        with mpmath.workprec(300 + bits(ceil(abs(x)))):
            return exactly(function(mpmath.mpf(x.numerator) / mpmath.mpf(x.denominator)))

    evaluate.__name__ = name
    return evaluate


sigmoid = _transcendental("sigmoid", lambda n: 2 * n, lambda x: 1 / (1 + mpmath.exp(-x)))
tanh = _transcendental("tanh", lambda n: 4 * n, mpmath.tanh)
erf = _transcendental("erf", lambda n: 2 * n * n, mpmath.erf)


@lru_cache(maxsize=4096)
def root(x: Fraction) -> Fraction:
    """The square root, right to 400 bits."""
    with mpmath.workprec(400):
        return exactly(mpmath.sqrt(mpmath.mpf(x.numerator) / mpmath.mpf(x.denominator)))
