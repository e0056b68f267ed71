"""
Exact values of integer-valued expressions at many points.

float64 with a running error bound, rationals where that cannot decide.

Each step adds its error; a rounding or comparison closer to its boundary than the bound marks the point as undecided,
and undecided points are computed again with rationals (`exact_value`). Where all numbers are multiples of one power of
two and fit 53 bits, float64 is exact and ties are decided by it.
"""

from dataclasses import dataclass
from fractions import Fraction
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from qnn_ir.analysis.exact import exact_value
from qnn_ir.analysis.expr import Affine, Clip, Count, Fn, Leaky, Mask, Node, Pair, Quant, topological
from qnn_ir.analysis.functions import FUNCTIONS
from qnn_ir.analysis.rational import Coef
from qnn_ir.analysis.rounding import Mode, round_exact

Floats = NDArray[np.float64]
EXACT_LIMIT = 2.0**53
ULP = 2.0**-52
FUNCTION_ERROR = 2.0**-45  # of one call of libm, far above what any of them claims


@dataclass
class Approx:
    """`value`, at most `error` away from the truth; `unit`: with no error, a multiple of 2^unit (`None`: unknown)."""

    value: Floats
    error: Floats | float
    unit: int | None = None

    @property
    def is_exact(self) -> bool:
        """Whether there is no error at all."""
        return isinstance(self.error, float) and self.error == 0.0


class Points(Protocol):
    """Values of the variable, shape (rows, points)."""

    def approximate(self) -> Approx:
        """All of them in float64."""
        ...

    def exact(self, row: int, column: int) -> Fraction:
        """One of them."""
        ...


@dataclass
class IntPoints:
    """Integers, shape (rows, points)."""

    x: NDArray[np.int64]

    def approximate(self) -> Approx:
        value = self.x.astype(np.float64)
        small = not value.size or float(np.abs(value).max()) < EXACT_LIMIT
        return Approx(value, 0.0, 0) if small else Approx(value, np.abs(value) * ULP)

    def exact(self, row: int, column: int) -> Fraction:
        return Fraction(int(self.x[row, column]))


@dataclass
class RealPoints:
    """Finite float64 numbers, shape (rows, points), each exactly what it is."""

    x: Floats

    def approximate(self) -> Approx:
        return Approx(self.x, 0.0)

    def exact(self, row: int, column: int) -> Fraction:
        return Fraction(float(self.x[row, column]))


def evaluate(root: Node, points: Points) -> NDArray[np.int64]:
    """The values of an integer-valued `root`, shape (rows, points)."""
    known = dict[int, Approx]()
    start = points.approximate()
    undecided: Mask = np.zeros(start.value.shape, np.bool_)
    with np.errstate(all="ignore"):
        for node in topological(root):
            known[id(node)] = _step(node, [known[id(i)] for i in node.inputs], start, undecided)
        final = known[id(root)]
        undecided |= np.logical_not(np.abs(final.value) < EXACT_LIMIT)
        if not final.is_exact:
            undecided |= np.logical_not(final.error < 0.5)
        result = np.broadcast_to(np.rint(np.where(undecided, 0, final.value)), undecided.shape).astype(np.int64)
    for row, column in np.argwhere(undecided).tolist():
        result[row, column] = int(exact_value(root, row, points.exact(row, column)))
    return result


def _step(node: Node, below: list[Approx], start: Approx, undecided: Mask) -> Approx:
    match node:
        case Affine():
            return _affine(below[0], node.s, node.b)
        case Clip():
            return _clip(below[0], node.lo, node.hi)
        case Leaky():
            return _leaky(below[0], node.slope)
        case Quant():
            return _quant(below[0], node, undecided)
        case Count():
            return _count(below[0], node.thresholds, undecided)
        case Fn():
            return _function(below[0], node)
        case Pair():
            return _pair(below[0], below[1], node.product)
        case _:
            return start


def _settle(value: Floats, unit: int | None, error: Floats) -> Approx:
    """No error if all values are multiples of 2^unit below 53 bits, else `error`."""
    if unit is not None and -1000 < unit < 900 and (not value.size or float(np.abs(value).max()) < 2.0 ** (53 + unit)):
        return Approx(value, 0.0, unit)
    return Approx(value, error)


def _affine(x: Approx, s: Coef, b: Coef) -> Approx:
    scale, bias = s.floats, b.floats
    product = x.value * scale
    value = product + bias
    unit = None
    if x.is_exact and x.unit is not None and s.exact and b.exact:
        bias_unit = 1000 if b.is_constant(0) else b.unit
        unit = min(x.unit + s.unit, bias_unit)
        # the product must fit as well, should the bias cancel it
        unit = (
            unit if not product.size or float(np.abs(product).max()) < 2.0 ** min(1000, 53 + x.unit + s.unit) else None
        )
    error = x.error * np.abs(scale) * (1 + 4 * ULP) + 2 * ULP * (2 * np.abs(product) + np.abs(bias)) + 1e-300
    return _settle(value, unit, error)


def _clip(x: Approx, lo: Coef | None, hi: Coef | None) -> Approx:
    value, unit, error = x.value, x.unit, x.error
    for bound, limit in ((lo, np.maximum), (hi, np.minimum)):
        if bound is None:
            continue
        value = limit(value, bound.floats)
        if not bound.exact:
            unit, error = None, np.maximum(error, np.abs(bound.floats) * ULP + 1e-300)
        elif unit is not None and not bound.is_constant(0):
            unit = min(unit, bound.unit)
    return Approx(value, error, unit if isinstance(error, float) and error == 0.0 else None)


def _leaky(x: Approx, slope: Coef) -> Approx:
    product = x.value * slope.floats
    value = np.where(x.value >= 0, x.value, product)
    unit = None
    if x.is_exact and x.unit is not None and slope.exact:
        unit = min(x.unit, x.unit + slope.unit)
    error = x.error * np.maximum(1, np.abs(slope.floats)) * (1 + 4 * ULP) + 2 * ULP * np.abs(product) + 1e-300
    return _settle(value, unit, error)


def _quant(x: Approx, node: Quant, undecided: Mask) -> Approx:
    value, sure = x.value, None
    for bound, limit, side in ((node.lo, np.maximum, -1.0), (node.hi, np.minimum, 1.0)):
        if bound is None:
            continue
        value = limit(value, bound.floats)
        if not x.is_exact:
            beyond = side * (x.value - bound.floats) > x.error
            sure = beyond if sure is None else sure | beyond
    rounded = _round(node.mode, value)
    for bound, side in ((node.lo, -1.0), (node.hi, 1.0)):
        if bound is not None:  # beyond a bound the value is the rounded bound itself
            limits = np.array([round_exact(node.mode, v) for v in bound.values], np.float64)[:, None]
            rounded = np.where(side * (x.value - bound.floats) >= 0, limits, rounded)
    if not x.is_exact:
        distance = np.abs(value - np.floor(value) - 0.5) if node.mode.to_nearest else np.abs(value - np.rint(value))
        close = np.logical_not(distance > x.error)
        undecided |= close if sure is None else close & ~sure
    return Approx(rounded, 0.0, 0)


def _round(mode: Mode, x: Floats) -> Floats:
    match mode:
        case Mode.HALF_EVEN:
            return np.rint(x)
        case Mode.CEIL:
            return np.ceil(x)
        case Mode.FLOOR:
            return np.floor(x)
        case Mode.DOWN:
            return np.trunc(x)
        case Mode.UP:
            return np.copysign(np.ceil(np.abs(x)), x)
        case _:
            whole = np.floor(np.abs(x))
            rest = np.abs(x) - whole  # exact, unlike abs(x) + 0.5
            step = rest >= 0.5 if mode is Mode.HALF_UP else rest > 0.5
            return np.copysign(whole + step, x)


def _count(x: Approx, thresholds: Floats, undecided: Mask) -> Approx:
    sure = _reached(x.value if x.is_exact else x.value - x.error, thresholds)
    if not x.is_exact:
        undecided |= sure != _reached(x.value + x.error, thresholds)
        undecided |= ~np.isfinite(x.value)
    return Approx(sure.astype(np.float64), 0.0, 0)


def _reached(x: Floats, thresholds: Floats) -> NDArray[np.int64]:
    """How many thresholds of its row each `x` reaches."""
    if thresholds.shape[0] == 1:
        return np.searchsorted(thresholds[0], x, side="right")
    if thresholds.shape[1] <= 64:
        total = np.zeros(np.broadcast_shapes(x.shape, (thresholds.shape[0], 1)), np.int64)
        for n in range(thresholds.shape[1]):
            total += x >= thresholds[:, n : n + 1]
        return total
    rows = np.broadcast_to(x, (thresholds.shape[0], x.shape[1]))
    total = np.empty(rows.shape, np.int64)
    for n in range(rows.shape[0]):
        total[n] = np.searchsorted(thresholds[n], rows[n], side="right")
    return total


def _function(x: Approx, node: Fn) -> Approx:
    call = FUNCTIONS[node.name].floats
    value = call(x.value, node.params)
    error = np.abs(value) * FUNCTION_ERROR + 1e-300
    if not x.is_exact:
        spread = [np.abs(call(x.value + side * x.error, node.params) - value) for side in (-1.0, 1.0)]
        error = error + np.maximum(spread[0], spread[1]) * 1.0001
        if FUNCTIONS[node.name].direction == 0:
            error = np.where(np.abs(x.value) <= x.error, np.inf, error)
    return Approx(value, error)


def _pair(x: Approx, y: Approx, product: bool) -> Approx:
    exact = x.is_exact and y.is_exact and x.unit is not None and y.unit is not None
    if product:
        value = x.value * y.value
        unit = x.unit + y.unit if exact and x.unit is not None and y.unit is not None else None
        error = np.abs(x.value) * y.error + np.abs(y.value) * x.error + x.error * y.error
    else:
        value = x.value + y.value
        unit = min(x.unit, y.unit) if exact and x.unit is not None and y.unit is not None else None
        error = x.error + y.error
    return _settle(value, unit, error * (1 + 4 * ULP) + 2 * ULP * np.abs(value) + 1e-300)
