"""
Functions of one variable with exact coefficients, for a batch of rows (groups) of one shape.

A node stands for one function per row: its coefficients have one entry per row, or one for all rows. The
constructors `affine`, `clip`, ... keep normal forms, nothing else does: affine of affine collapses, a clip of a scaled
integer becomes a scaled clip of that integer where the bounds allow it, nested clips merge. Nothing here recurses, so a
chain of thousands of operators is as good as one.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from qnn_ir.analysis.rational import Coef, coef, scalar
from qnn_ir.analysis.rounding import Mode, round_exact

Mask: TypeAlias = NDArray[np.bool_]


@dataclass(eq=False)
class Node:
    """A function of the variable; `integral` when it maps to integers whatever the row."""

    integral: bool = field(init=False, default=False)

    @property
    def inputs(self) -> tuple["Node", ...]:
        """The functions that this one is made of."""
        return ()

    @property
    def coefs(self) -> tuple[Coef, ...]:
        """The coefficients of this node."""
        return ()


@dataclass(eq=False)
class Var(Node):
    """The variable itself."""


@dataclass(eq=False)
class Affine(Node):
    """`s * x + b`."""

    x: Node
    s: Coef
    b: Coef

    def __post_init__(self) -> None:
        self.integral = self.x.integral and bool(self.s.integral.all() and self.b.integral.all())

    @property
    def inputs(self) -> tuple[Node, ...]:
        return (self.x,)

    @property
    def coefs(self) -> tuple[Coef, ...]:
        return self.s, self.b


@dataclass(eq=False)
class Clip(Node):
    """`min(max(x, lo), hi)`; a bound may be absent."""

    x: Node
    lo: Coef | None
    hi: Coef | None

    def __post_init__(self) -> None:
        bounds = [c for c in (self.lo, self.hi) if c]
        self.integral = self.x.integral and all(bool(c.integral.all()) for c in bounds)

    @property
    def inputs(self) -> tuple[Node, ...]:
        return (self.x,)

    @property
    def coefs(self) -> tuple[Coef, ...]:
        return tuple(c for c in (self.lo, self.hi) if c)


@dataclass(eq=False)
class Leaky(Node):
    """`x` where x >= 0, else `slope * x`."""

    x: Node
    slope: Coef

    def __post_init__(self) -> None:
        self.integral = self.x.integral and bool(self.slope.integral.all())

    @property
    def inputs(self) -> tuple[Node, ...]:
        return (self.x,)

    @property
    def coefs(self) -> tuple[Coef, ...]:
        return (self.slope,)


@dataclass(eq=False)
class Quant(Node):
    """`round(min(max(x, lo), hi))`: the bounds may be fractional or absent."""

    x: Node
    mode: Mode
    lo: Coef | None
    hi: Coef | None

    def __post_init__(self) -> None:
        self.integral = True

    @property
    def inputs(self) -> tuple[Node, ...]:
        return (self.x,)

    @property
    def coefs(self) -> tuple[Coef, ...]:
        return tuple(c for c in (self.lo, self.hi) if c)


@dataclass(eq=False)
class Count(Node):
    """`#{n : x >= thresholds[row, n]}`; float64, shape (rows or 1, N), ascending, infinities allowed."""

    x: Node
    thresholds: NDArray[np.float64]

    def __post_init__(self) -> None:
        self.integral = True

    @property
    def inputs(self) -> tuple[Node, ...]:
        return (self.x,)


@dataclass(eq=False)
class Fn(Node):
    """A transcendental or rational function of `qnn_ir.analysis.functions`."""

    x: Node
    name: str
    params: tuple[Fraction, ...]

    @property
    def inputs(self) -> tuple[Node, ...]:
        return (self.x,)


@dataclass(eq=False)
class Pair(Node):
    """`x + y` or `x * y` of two functions of the same variable."""

    x: Node
    y: Node
    product: bool

    def __post_init__(self) -> None:
        self.integral = self.x.integral and self.y.integral

    @property
    def inputs(self) -> tuple[Node, ...]:
        return self.x, self.y


VAR = Var()
VAR.integral = True
REAL = Var()  # a variable that need not be an integer
ONE, ZERO = scalar(1), scalar(0)


def affine(s: Coef, b: Coef, x: Node) -> Node:
    """`s * x + b`, collapsed with an affine `x`."""
    if isinstance(x, Affine):
        s, b, x = s * x.s, s * x.b + b, x.x
    return x if s.is_constant(1) and b.is_constant(0) else Affine(x, s, b)


def peel(x: Node) -> tuple[Coef, Coef, Node]:
    """`(s, b, root)` with `x = s * root + b` and no affine in front of the root."""
    return (x.s, x.b, x.x) if isinstance(x, Affine) else (ONE, ZERO, x)


def clip_stays_integral(lo: Coef | None, hi: Coef | None, x: Node) -> Mask | None:
    """Rows where `clip(lo, hi, x)` is a scaled integer because `x` is one; `None` when there is nothing to ask."""
    if not isinstance(x, Affine) or not x.x.integral:
        return None
    scale = _magnitude(x.s)
    mask = (x.b / scale).integral & (x.s.signs != 0)
    for bound in (lo, hi):
        mask = mask if bound is None else mask & (bound / scale).integral
    return mask


def clip(lo: Coef | None, hi: Coef | None, x: Node) -> Node:
    """`min(max(x, lo), hi)`; on a scaled integer, `|s| * clip(lo/|s|, hi/|s|, integer)` if that is one in all rows."""
    mask = clip_stays_integral(lo, hi, x)
    if mask is None or not mask.all() or not isinstance(x, Affine):
        return _merge_clip(lo, hi, x)
    scale = _magnitude(x.s)
    inner = affine(x.s / scale, x.b / scale, x.x)
    bounds = [None if bound is None else bound / scale for bound in (lo, hi)]
    return affine(scale, ZERO, _merge_clip(bounds[0], bounds[1], inner))


def _magnitude(s: Coef) -> Coef:
    return coef((abs(v) if v else Fraction(1) for v in s.values), s.approximate)


def _merge_clip(lo: Coef | None, hi: Coef | None, x: Node) -> Node:
    low, high = outer_bounds(x)
    lo = None if lo and low and _all(lo, low, Fraction.__le__) else lo
    hi = None if hi and high and _all(high, hi, Fraction.__le__) else hi
    if lo is None and hi is None:
        return x
    if not isinstance(x, Clip):
        return Clip(x, lo, hi)
    # clip(clip(x, a, b), lo, hi) = clip(x, clip(a, lo, hi), clip(b, lo, hi)), absent bounds being infinite
    return Clip(x.x, _clip_bound(x.lo, lo, hi, lo), _clip_bound(x.hi, lo, hi, hi))


def _clip_bound(bound: Coef | None, lo: Coef | None, hi: Coef | None, absent: Coef | None) -> Coef | None:
    if bound is None:
        return absent
    bound = bound if lo is None else choose(bound, lo, max)
    return bound if hi is None else choose(bound, hi, min)


def outer_bounds(x: Node) -> tuple[Coef | None, Coef | None]:
    """Bounds that the outermost operator of `x` enforces."""
    if isinstance(x, Clip):
        return x.lo, x.hi
    if isinstance(x, Quant):
        return _rounded(x.mode, x.lo), _rounded(x.mode, x.hi)
    if isinstance(x, Count):
        return ZERO, scalar(x.thresholds.shape[1])
    return None, None


def choose(a: Coef, b: Coef, choose: Callable[[Fraction, Fraction], Fraction]) -> Coef:
    count = max(len(a), len(b))
    return coef(choose(p, q) for p, q in zip(a.expand(count), b.expand(count), strict=True))


def _all(a: Coef, b: Coef, holds: Callable[[Fraction, Fraction], bool]) -> bool:
    count = max(len(a), len(b))
    return all(holds(p, q) for p, q in zip(a.expand(count), b.expand(count), strict=True))


def leaky(slope: Coef, x: Node) -> Node:
    """`x` where x >= 0, else `slope * x`."""
    return clip(ZERO, None, x) if slope.is_constant(0) else Leaky(x, slope)


def quant(mode: Mode, lo: Coef | None, hi: Coef | None, x: Node) -> Node:
    """`round(clip(x))`; a clip alone when `x` is an integer already."""
    return _merge_clip(_rounded(mode, lo), _rounded(mode, hi), x) if x.integral else Quant(x, mode, lo, hi)


def _rounded(mode: Mode, bound: Coef | None) -> Coef | None:
    return None if bound is None else coef(Fraction(round_exact(mode, v)) for v in bound.values)


def count(thresholds: NDArray[np.float64], x: Node) -> Node:
    """`#{n : x >= thresholds[row, n]}`."""
    return Count(x, thresholds)


def pair(x: Node, y: Node, product: bool) -> Node:
    """`x + y` or `x * y`; affine functions of one root are summed into one."""
    (s, b, root), (t, c, other) = peel(x), peel(y)
    if root is other and not product:
        return affine(s + t, b + c, root)
    return Pair(x, y, product)


def topological(root: Node) -> list[Node]:
    """Every node below `root` once, inputs first."""
    order, seen = list[Node](), set[int]()
    stack: list[tuple[Node, bool]] = [(root, False)]
    while stack:
        node, ready = stack.pop()
        if ready:
            order.append(node)
        elif id(node) not in seen:
            seen.add(id(node))
            stack.append((node, True))
            stack.extend((i, False) for i in node.inputs)
    return order
