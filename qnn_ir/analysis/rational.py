"""
Exact coefficients: one rational number per row (group) of a batch of expressions.

float32 and float64 constants are dyadic rationals, so products, quotients and sums of them are exact. The one
irrational coefficient, `gamma / sqrt(variance + epsilon)`, is replaced by a dyadic one with relative error 2^-300 and
marked `approximate`.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from math import frexp, gcd, isqrt, lcm
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Rows: TypeAlias = NDArray[np.int64]
ROOT_BITS = 300


@dataclass(frozen=True, eq=False)
class Coef:
    """One rational per row, or a single one that holds for all rows."""

    values: tuple[Fraction, ...]
    approximate: bool = False

    def __len__(self) -> int:
        return len(self.values)

    def __getitem__(self, row: int) -> Fraction:
        return self.values[row if len(self.values) > 1 else 0]

    def _zip(self, other: "Coef", combine: Callable[[Fraction, Fraction], Fraction]) -> "Coef":
        count = max(len(self), len(other))
        mine = self.values if len(self) == count else self.values * count
        theirs = other.values if len(other) == count else other.values * count
        approximate = self.approximate or other.approximate
        return coef((combine(a, b) for a, b in zip(mine, theirs, strict=True)), approximate)

    def __add__(self, other: "Coef") -> "Coef":
        return self._zip(other, Fraction.__add__)

    def __sub__(self, other: "Coef") -> "Coef":
        return self._zip(other, Fraction.__sub__)

    def __mul__(self, other: "Coef") -> "Coef":
        return self._zip(other, Fraction.__mul__)

    def __truediv__(self, other: "Coef") -> "Coef":
        return self._zip(other, Fraction.__truediv__)

    def __neg__(self) -> "Coef":
        return Coef(tuple(-v for v in self.values), self.approximate)

    def __abs__(self) -> "Coef":
        return Coef(tuple(abs(v) for v in self.values), self.approximate)

    def take(self, rows: Rows) -> "Coef":
        """The coefficients of `rows`, in that order."""
        if len(self) == 1:
            return self
        chosen: list[int] = rows.tolist()
        return coef((self.values[r] for r in chosen), self.approximate)

    def expand(self, count: int) -> tuple[Fraction, ...]:
        """Exactly `count` values."""
        return self.values if len(self) == count else self.values * count

    @cached_property
    def floats(self) -> NDArray[np.float64]:
        """The nearest float64 of each value, shape `(rows or 1, 1)`."""
        return np.array([_nearest_float(v) for v in self.values], np.float64)[:, None]

    @cached_property
    def exact(self) -> bool:
        """Whether `floats` are the values themselves."""
        return all(
            v.denominator & (v.denominator - 1) == 0 and np.isfinite(f) and Fraction(f) == v
            for v, f in zip(self.values, self.floats[:, 0].tolist(), strict=True)
        )

    @cached_property
    def unit(self) -> int:
        """The largest `u` such that all values are multiples of 2^u; only for dyadic values."""
        return min((_unit(v) for v in self.values if v), default=0)

    @cached_property
    def signs(self) -> NDArray[np.int64]:
        """-1, 0 or 1 per value, shape `(rows or 1,)`."""
        return np.array([(v > 0) - (v < 0) for v in self.values], np.int64)

    @cached_property
    def integral(self) -> NDArray[np.bool_]:
        """Whether each value is an integer, shape `(rows or 1,)`."""
        return np.array([v.denominator == 1 for v in self.values])

    def is_constant(self, value: int) -> bool:
        """Whether all values are `value`."""
        return all(v == value for v in self.values)


def coef(values: Iterable[Fraction], approximate: bool = False) -> Coef:
    """A coefficient per row; a single one when all are equal."""
    items = tuple(values)
    first = items[0]
    return Coef((first,) if all(v == first for v in items) else items, approximate)


def scalar(value: float | Fraction) -> Coef:
    """The same exact value for all rows."""
    return Coef((Fraction(value),))


def from_floats(array: NDArray[Any]) -> Coef:
    """The exact values of a float or integer array, flattened."""
    flat = np.asarray(array).ravel()
    first = flat[0]
    if flat.size == 1 or bool((flat == first).all()):
        return Coef((Fraction(first.item()),))
    return Coef(tuple(map(Fraction, flat.tolist())))


def _nearest_float(value: Fraction) -> float:
    try:
        return float(value)
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")


def _unit(value: Fraction) -> int:
    numerator = value.numerator
    return ((numerator & -numerator).bit_length() - 1) - (value.denominator.bit_length() - 1)


def sqrt_dyadic(value: Fraction) -> tuple[Fraction, bool]:
    """`(root, exact)`: the square root, or a dyadic number with relative error below 2^-ROOT_BITS."""
    numerator, denominator = value.numerator, value.denominator
    root = Fraction(isqrt(numerator), isqrt(denominator))
    if root * root == value:
        return root, True
    # scale by 4^k so that the integer root has enough bits, whatever the size of the value
    shift = ROOT_BITS + 8 + max(0, denominator.bit_length() - numerator.bit_length())
    return Fraction(isqrt((numerator << 2 * shift) // denominator), 1 << shift), False


def batch_norm_slope(gamma: Coef, variance: Coef, epsilon: Fraction) -> Coef:
    """`gamma / sqrt(variance + epsilon)`: exact where the root is rational, else dyadic to 2^-ROOT_BITS."""
    count = max(len(gamma), len(variance))
    pairs = zip(gamma.expand(count), variance.expand(count), strict=True)
    approximate, slopes = False, list[Fraction]()
    for g, v in pairs:
        root, exact = sqrt_dyadic(v + epsilon)
        approximate |= not exact
        slopes.append(g / root if exact else _round_dyadic(g / root))
    return coef(slopes, approximate)


def _round_dyadic(value: Fraction) -> Fraction:
    """`value` to ROOT_BITS significant bits and a power of two as denominator: cheaper to compute with."""
    if not value:
        return value
    shift = ROOT_BITS + value.denominator.bit_length() - value.numerator.bit_length() + 2
    if shift < 0:
        return value
    return Fraction((value.numerator << shift) // value.denominator, 1 << shift)


def common_divisor(values: Iterable[Fraction]) -> Fraction:
    """The largest rational of which all non-zero `values` are integer multiples; 1 when there are none."""
    items = [abs(v) for v in values if v]
    if not items:
        return Fraction(1)
    denominator = lcm(*{v.denominator for v in items})
    return Fraction(gcd(*{v.numerator * (denominator // v.denominator) for v in items}), denominator)


def dyadic_integers(array: NDArray[np.float64], bits: int) -> tuple[NDArray[np.int64], Fraction] | None:
    """
    `(q, s)` with `array == s * q` exactly, `s` the greatest common divisor; `None` if a `q` needs more than `bits`.

    Every finite float is a dyadic rational, so the question is only how large the integers are.
    """
    nonzero = array[array != 0]
    if not nonzero.size:
        return np.zeros(array.shape, np.int64), Fraction(1)
    mantissa, exponent = np.frexp(np.abs(nonzero))
    whole = np.ldexp(mantissa, 53).astype(np.int64)
    trailing = np.frexp((whole & -whole).astype(np.float64))[1] - 1
    low = int((exponent.astype(np.int64) - 53 + trailing).min())
    if frexp(float(np.abs(nonzero).max()))[1] - low > 62:
        return None
    integers = np.ldexp(array, -low).astype(np.int64)
    divisor = int(np.gcd.reduce(np.abs(integers), axis=None))
    integers //= divisor
    if int(np.abs(integers).max()).bit_length() > bits:
        return None
    return integers, divisor * (Fraction(2) ** low)


def simplest_between(ratio: Fraction, bound_p: int, bound_q: int) -> tuple[int, int]:
    """
    The simplest `p/q` that orders `p*a + q*b` like `ratio*a + b` for all |a| <= bound_q, |b| <= bound_p.

    Two pairs compare by the sign of `ratio*da + db`, hence by which side of `ratio` the fraction `-db/da` lies on.
    The walk down the Stern-Brocot tree to `ratio > 0` ends when the next mediant leaves the bounds `p <= bound_p`,
    `q <= bound_q`: no attainable fraction lies between the mediant and `ratio`, nor at either.
    """
    low, high = (0, 1), (1, 0)
    while True:
        p, q = low[0] + high[0], low[1] + high[1]
        if Fraction(p, q) == ratio or p > bound_p or q > bound_q:
            return p, q
        if Fraction(p, q) < ratio:
            low = _descend(low, high, ratio, (bound_p, bound_q))
        else:
            high = _descend(high, low, ratio, (bound_p, bound_q))


def _descend(
    moving: tuple[int, int], fixed: tuple[int, int], ratio: Fraction, bounds: Sequence[int]
) -> tuple[int, int]:
    """Add `fixed` to `moving` as long as it stays on its side of `ratio` and inside the bounds (one run of turns)."""
    (p, q), (fp, fq) = moving, fixed
    # (p + k*fp) / (q + k*fq) reaches the ratio at k = distance / slope; both are of one sign
    distance, slope = ratio * q - p, fp - ratio * fq
    steps = distance / slope if slope else Fraction(1 << 62)
    whole = steps.numerator // steps.denominator
    if whole * slope == distance:
        whole -= 1  # the mediant that equals the ratio ends the walk
    limits = [(bound - start) // step for start, step, bound in zip(moving, fixed, bounds, strict=True) if step]
    count = max(1, min(whole, *limits))
    return p + count * fp, q + count * fq
