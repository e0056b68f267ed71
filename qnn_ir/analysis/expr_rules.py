"""What can be said about an expression without evaluating it, and expressions of some of its rows."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from qnn_ir.analysis.expr import (
    VAR,
    Affine,
    Clip,
    Count,
    Fn,
    Leaky,
    Node,
    Pair,
    Quant,
    Var,
    affine,
    choose,
    clip,
    leaky,
    outer_bounds,
    pair,
    quant,
    topological,
)
from qnn_ir.analysis.functions import FUNCTIONS
from qnn_ir.analysis.rational import Coef, Rows


def row_count(root: Node) -> int:
    """1 when the function is the same in all rows, else the number of rows."""
    return max(_own_rows(node) for node in topological(root))


def _own_rows(node: Node) -> int:
    own = node.thresholds.shape[0] if isinstance(node, Count) else 1
    return max(own, *(len(c) for c in node.coefs), 1)


def rebuild(root: Node, leaf: Node, change: Callable[[Coef], Coef], rows: Rows | None = None) -> Node:
    """`root` with `leaf` as its variable and changed coefficients, through the constructors."""
    made = dict[int, Node]()
    for node in topological(root):
        x = made[id(node.inputs[0])] if node.inputs else leaf
        made[id(node)] = _rebuild_one(node, x, made, change, rows)
    return made[id(root)]


def _rebuild_one(node: Node, x: Node, made: dict[int, Node], change: Callable[[Coef], Coef], rows: Rows | None) -> Node:
    def optional(c: Coef | None) -> Coef | None:
        return None if c is None else change(c)

    match node:
        case Affine():
            return affine(change(node.s), change(node.b), x)
        case Clip():
            return clip(optional(node.lo), optional(node.hi), x)
        case Leaky():
            return leaky(change(node.slope), x)
        case Quant():
            return quant(node.mode, optional(node.lo), optional(node.hi), x)
        case Count():
            keep = rows is None or node.thresholds.shape[0] == 1
            return Count(x, node.thresholds if keep else node.thresholds[rows])
        case Fn():
            return Fn(x, node.name, node.params)
        case Pair():
            return pair(x, made[id(node.y)], node.product)
        case _:
            return x


def split_at(root: Node, inner: Node) -> Node | None:
    """`outer` with `root = outer(inner)`, over the variable `VAR`; None where `root` depends on more than `inner`."""
    made = dict[int, Node]()
    for node in topological(root):
        if node is inner:
            made[id(node)] = VAR
        elif node.inputs and all(id(i) in made for i in node.inputs):
            made[id(node)] = _rebuild_one(node, made[id(node.inputs[0])], made, lambda c: c, None)
    return made.get(id(root))


def inner_quantiser(root: Node) -> Node | None:
    """The first quantiser on the way to the quantiser `root`, if everything behind it depends on it alone."""
    for node in topological(root):
        if node is not root and isinstance(node, Quant | Count):
            return node if split_at(root, node) else None
    return None


def take(root: Node, rows: Rows) -> Node:
    """The functions of `rows`, in that order; `root` itself when it is the same in all rows."""
    if row_count(root) == 1:
        return root
    leaf = next(n for n in topological(root) if isinstance(n, Var))
    return rebuild(root, leaf, lambda c: c.take(rows), rows)


def monotonicity(root: Node) -> NDArray[np.int64]:
    """1 (rises), -1 (falls) or 0 (unknown) per row, in the weak sense; shape (rows or 1,)."""
    known = dict[int, NDArray[np.int64]]()
    for node in topological(root):
        below = [known[id(i)] for i in node.inputs]
        match node:
            case Affine():
                sign = node.s.signs
                result = np.where(sign == 0, 1, sign * below[0])  # a constant rises, weakly
            case Leaky():
                result = np.where(node.slope.signs >= 0, below[0], 0)
            case Fn():
                result = below[0] * FUNCTIONS[node.name].direction
            case Pair():
                result = np.where(below[0] == below[1], below[0], 0) * (0 if node.product else 1)
            case _:
                result = below[0] if below else np.ones(1, np.int64)
        known[id(node)] = result
    return known[id(root)]


def integer_bounds(root: Node) -> tuple[NDArray[np.int64], NDArray[np.int64]] | None:
    """Bounds per row, shape (rows or 1,), that hold whatever the variable is; `None` where there are none."""
    known = dict[int, tuple[Coef, Coef] | None]()
    for node in topological(root):
        known[id(node)] = _bounds_of(node, [known[id(i)] for i in node.inputs])
    found = known[id(root)]
    if found is None:
        return None
    lo, hi = (np.array([int(v) for v in end.values], np.int64) for end in found)
    return lo, hi


def _bounds_of(node: Node, below: list[tuple[Coef, Coef] | None]) -> tuple[Coef, Coef] | None:
    if not isinstance(node, Affine | Pair):
        lo, hi = outer_bounds(node)
        return (lo, hi) if lo and hi else None
    if (first := below[0]) is None:
        return None
    if isinstance(node, Affine):
        ends = node.s * first[0] + node.b, node.s * first[1] + node.b
        return choose(*ends, min), choose(*ends, max)
    if node.product or (second := below[1]) is None:
        return None
    return first[0] + second[0], first[1] + second[1]
