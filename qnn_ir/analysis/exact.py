"""One value of an expression in exact arithmetic: rationals, and mpmath for transcendental functions."""

from enum import IntEnum
from fractions import Fraction
from math import isfinite

from qnn_ir.analysis.expr import Affine, Clip, Coef, Count, Fn, Leaky, Node, Pair, Quant, topological
from qnn_ir.analysis.functions import precise
from qnn_ir.analysis.rounding import round_exact
from qnn_ir.errors import UserError

PRECISIONS = (330, 1320, 5280, 21120)
GUARD_BITS = 80
HALF = Fraction(1, 2)


class Trust(IntEnum):
    """How a number came about: exactly, with a root known to 2^-300, or through a transcendental function."""

    EXACT = 0
    ROOT = 1
    TRANSCENDENTAL = 2


class _TooCloseError(Exception):
    """A decision that the present precision cannot make."""


def exact_value(root: Node, row: int, x: Fraction) -> Fraction:
    """
    `root` of one row at the point `x`.

    Raises UserError if a rounding or comparison is closer than 2^-250 to its boundary without being on it and
    more digits do not help: such a decision is reported, never guessed.
    """
    for precision in PRECISIONS:
        try:
            return _evaluate(root, row, x, precision)
        except _TooCloseError:
            continue
    raise UserError(
        "a rounding cannot be decided: its argument is irrational and within 2^-250 of the boundary",
        remedy="change the scale of the quantiser behind it",
    )


def _evaluate(root: Node, row: int, x: Fraction, precision: int) -> Fraction:
    known = dict[int, tuple[Fraction, Trust]]()
    for node in topological(root):
        below = [known[id(i)] for i in node.inputs] or [(x, Trust.EXACT)]
        known[id(node)] = _step(node, row, below, precision)
    return known[id(root)][0]


def _step(node: Node, row: int, below: list[tuple[Fraction, Trust]], precision: int) -> tuple[Fraction, Trust]:
    value, trust = below[0]
    match node:
        case Affine():
            product = value and node.s[row] * value
            root = (node.s.approximate and value != 0) or node.b.approximate
            return product + node.b[row], max(trust, Trust.ROOT) if root else trust
        case Clip():
            return _clip(value, row, node.lo, node.hi), trust
        case Leaky():
            return (value if value >= 0 else node.slope[row] * value), trust
        case Quant():
            return _quant(node, row, value, trust, precision)
        case Count():
            limits = node.thresholds[row if node.thresholds.shape[0] > 1 else 0].tolist()
            return Fraction(sum(_reaches(value, t, trust, precision) for t in limits)), Trust.EXACT
        case Fn():
            result, exact = precise(node.name, node.params, value, precision)
            return result, (trust if exact else Trust.TRANSCENDENTAL)
        case Pair():
            other, trusts = below[1][0], max(trust, below[1][1])
            return (value * other if node.product else value + other), trusts
        case _:
            return value, trust


def _clip(value: Fraction, row: int, lo: Coef | None, hi: Coef | None) -> Fraction:
    value = value if lo is None else max(value, lo[row])
    return value if hi is None else min(value, hi[row])


def _quant(node: Quant, row: int, value: Fraction, trust: Trust, precision: int) -> tuple[Fraction, Trust]:
    clipped = _clip(value, row, node.lo, node.hi)
    if clipped == value:
        fraction = value - value.numerator // value.denominator
        _check(abs(fraction - HALF) if node.mode.to_nearest else min(fraction, 1 - fraction), value, trust, precision)
    return Fraction(round_exact(node.mode, clipped)), Trust.EXACT


def _reaches(value: Fraction, threshold: float, trust: Trust, precision: int) -> bool:
    if not isfinite(threshold):
        return threshold < 0
    distance = value - Fraction(threshold)
    _check(abs(distance), value, trust, precision)
    return distance >= 0


def _check(distance: Fraction, value: Fraction, trust: Trust, precision: int) -> None:
    if trust == Trust.EXACT or (not distance and trust == Trust.ROOT):
        return
    if distance < max(1, abs(value)) * Fraction(1, 1 << (precision - GUARD_BITS)):
        raise _TooCloseError
