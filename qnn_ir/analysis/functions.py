"""
Transcendental and rational functions of the expressions: float64 for speed, mpmath where float64 cannot decide.

Each is monotone on its domain (or on each side of zero), which is what the error bound of `evaluate` relies on;
functions with a minimum (SiLU, GELU) are products of these.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qnn_ir.errors import UserError

Floats = NDArray[np.float64]
Params = tuple[Fraction, ...]


@dataclass(frozen=True)
class Function:
    """`direction`: 1 if rising everywhere, else 0. `exact` gives rational values where there are any."""

    direction: int
    floats: Callable[[Floats, Params], Floats]
    precise: Callable[[Any, Any, tuple[Any, ...]], Any]  # of the module mpmath, the argument and the parameters
    exact: Callable[[Fraction, Params], Fraction | None]


def _at(point: int, value: Fraction) -> Callable[[Fraction, Params], Fraction | None]:
    return lambda x, _: value if x == point else None


def _sigmoid(x: Floats, _: Params) -> Floats:
    small = np.exp(-np.abs(x))
    return np.where(x >= 0, 1 / (1 + small), small / (1 + small))


def _erf(x: Floats, _: Params) -> Floats:
    return np.array([math.erf(v) for v in x.ravel()], np.float64).reshape(x.shape)


def _log(x: Fraction, _: Params) -> Fraction | None:
    if x <= 0:
        raise UserError("logarithm of a number that is not positive", remedy="clip the tensor in front of it")
    return Fraction(0) if x == 1 else None


def _root(x: Fraction, _: Params) -> Fraction | None:
    if x < 0:
        raise UserError("square root of a negative number", remedy="clip the tensor in front of it")
    value = Fraction(math.isqrt(x.numerator), math.isqrt(x.denominator))
    return value if value * value == x else None


def _reciprocal(x: Fraction, _: Params) -> Fraction:
    if not x:
        raise UserError("division by zero", remedy="add a constant to the divisor")
    return 1 / x


def _elu(x: Floats, p: Params) -> Floats:
    return np.where(x >= 0, x, float(p[0]) * np.expm1(np.minimum(x, 0)))


def _selu(x: Floats, p: Params) -> Floats:
    return float(p[1]) * _elu(x, p)


def _precise_sigmoid(mp: Any, x: Any, _: tuple[Any, ...]) -> Any:
    return 1 / (1 + mp.exp(-x))


def _precise_softplus(mp: Any, x: Any, _: tuple[Any, ...]) -> Any:
    return mp.log1p(mp.exp(x))


def _precise_elu(mp: Any, x: Any, p: tuple[Any, ...]) -> Any:
    return p[0] * mp.expm1(x)


def _precise_selu(mp: Any, x: Any, p: tuple[Any, ...]) -> Any:
    return p[1] * p[0] * mp.expm1(x)


def _library(name: str) -> Callable[[Any, Any, tuple[Any, ...]], Any]:
    def call(mp: Any, x: Any, _: tuple[Any, ...]) -> Any:
        return getattr(mp, name)(x)

    return call


FUNCTIONS: dict[str, Function] = {
    "sigmoid": Function(1, _sigmoid, _precise_sigmoid, _at(0, Fraction(1, 2))),
    "tanh": Function(1, lambda x, _: np.tanh(x), _library("tanh"), _at(0, Fraction(0))),
    "erf": Function(1, _erf, _library("erf"), _at(0, Fraction(0))),
    "exp": Function(1, lambda x, _: np.exp(x), _library("exp"), _at(0, Fraction(1))),
    "log": Function(1, lambda x, _: np.log(x), _library("log"), _log),
    "sqrt": Function(1, lambda x, _: np.sqrt(x), _library("sqrt"), _root),
    "softplus": Function(1, lambda x, _: np.logaddexp(0, x), _precise_softplus, lambda x, _: None),
    "elu": Function(1, _elu, _precise_elu, lambda x, _: x if x >= 0 else None),
    "selu": Function(1, _selu, _precise_selu, lambda x, p: p[1] * x if x >= 0 else None),
    "reciprocal": Function(0, lambda x, _: 1 / x, _library("reciprocal"), _reciprocal),
}


def precise(name: str, params: Params, x: Fraction, bits: int) -> tuple[Fraction, bool]:
    """`(value, exact)`: the rational value, or one that is right to about `bits` bits."""
    function = FUNCTIONS[name]
    if (value := function.exact(x, params)) is not None:
        return value, True
    mp: Any = import_module("mpmath")  # slow to import and hardly ever needed
    with mp.workprec(bits + 64):
        numbers = [mp.mpf(v.numerator) / v.denominator for v in (x, *params)]
        sign, mantissa, exponent, _ = function.precise(mp, numbers[0], tuple(numbers[1:]))._mpf_
        return (-1 if sign else 1) * Fraction(int(mantissa)) * Fraction(2) ** int(exponent), False
