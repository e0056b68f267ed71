"""
Functions that are integers times a unit although no quantiser says so.

ReLU of `s * q + b` takes only multiples of `s / r` where `b / s = p / r`; a leaky slope `p / r`, clips to multiples of
the unit, sums and products stay such functions. With small numbers they are exact integer maps.
"""

from collections.abc import Iterable
from fractions import Fraction
from math import lcm

from qnn_ir.analysis.expr import VAR, ZERO, Affine, Clip, Leaky, Node, Pair, affine, clip, pair, peel, topological
from qnn_ir.analysis.rational import Coef, coef, common_divisor, scalar

FACTOR_BITS = 16
Scaled = tuple[Coef, Node] | None  # (unit, integer): unit * integer


def scaled_integer(root: Node) -> tuple[Coef, Coef, Node] | None:
    """`(s, b, integer)` with `root = s * integer + b`, all factors of at most `FACTOR_BITS`; None otherwise."""
    s, b, inner = peel(root)
    known = dict[int, Scaled]()
    for node in topological(inner):
        below = [known[id(i)] for i in node.inputs]
        found = [x for x in below if x is not None]
        known[id(node)] = _step(node, found) if len(found) == len(below) else None
    result = known[id(inner)]
    return None if result is None else (s * result[0], b, result[1])


def _step(node: Node, below: list[tuple[Coef, Node]]) -> Scaled:
    if node is VAR or node.integral:
        return scalar(1), node
    match node:
        case Affine():
            return _affine(node.s * below[0][0], node.b, below[0][1])
        case Clip():
            return _clip(node, *below[0])
        case Leaky():
            return _leaky(node.slope, *below[0])
        case Pair():
            return _product(*below) if node.product else _sum(*below)
        case _:
            return None


def _small(numbers: Iterable[Fraction]) -> bool:
    return all(v.denominator == 1 and v.numerator.bit_length() <= FACTOR_BITS for v in numbers)


def _affine(s: Coef, b: Coef, x: Node) -> Scaled:
    """`s * x + b` with integers `x`: unit `|s| / r` where `b / s = p / r`."""
    if (s.approximate or b.approximate) and not b.is_constant(0):
        return None
    count = max(len(s), len(b))
    units, factors, offsets = list[Fraction](), list[Fraction](), list[Fraction]()
    for slope, offset in zip(s.expand(count), b.expand(count), strict=True):
        unit = abs(slope) / (offset / slope).denominator if slope else abs(offset) or Fraction(1)
        units.append(unit)
        factors.append(slope / unit)
        offsets.append(offset / unit)
    if not _small((*factors, *offsets)):
        return None
    return coef(units, s.approximate), affine(coef(factors), coef(offsets), x)


def _refined(unit: Coef, ratios: list[Coef]) -> tuple[Coef, Coef] | None:
    """`(unit / r, r)` with the smallest integers r that make `r * ratios` integers; None where r is large."""
    count = max(len(unit), *(len(c) for c in ratios))
    rows = zip(*(c.expand(count) for c in ratios), strict=True)
    r = coef(Fraction(lcm(*(v.denominator for v in row))) for row in rows)
    return (unit / r, r) if _small(r.values) else None


def _clip(node: Clip, unit: Coef, x: Node) -> Scaled:
    bounds = [None if bound is None else bound / unit for bound in (node.lo, node.hi)]
    given = [bound for bound in bounds if bound is not None]
    if any(bound.approximate and not bound.is_constant(0) for bound in given):
        return None
    if (found := _refined(unit, given)) is None:
        return None
    unit, r = found
    lo, hi = (None if bound is None else bound * r for bound in bounds)
    return unit, clip(lo, hi, affine(r, ZERO, x))


def _leaky(slope: Coef, unit: Coef, x: Node) -> Scaled:
    if slope.approximate or (found := _refined(unit, [slope])) is None:
        return None
    unit, r = found
    if not _small((slope * r).values):
        return None
    return unit, pair(affine(r, ZERO, clip(ZERO, None, x)), affine(slope * r, ZERO, clip(None, ZERO, x)), False)


def _sum(a: tuple[Coef, Node], b: tuple[Coef, Node]) -> Scaled:
    (s, x), (t, y) = a, b
    count = max(len(s), len(t))
    pairs = list(zip(s.expand(count), t.expand(count), strict=True))
    if (s.approximate or t.approximate) and any(p != q for p, q in pairs):
        return None
    unit = coef((common_divisor(p) for p in pairs), s.approximate or t.approximate)
    factors = [coef(v / u for v, u in zip(c.expand(count), unit.expand(count), strict=True)) for c in (s, t)]
    if not all(_small(c.values) for c in factors):
        return None
    return unit, pair(affine(factors[0], ZERO, x), affine(factors[1], ZERO, y), False)


def _product(a: tuple[Coef, Node], b: tuple[Coef, Node]) -> Scaled:
    return a[0] * b[0], pair(a[1], b[1], True)
