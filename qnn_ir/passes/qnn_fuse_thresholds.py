"""
`qnn-fuse-thresholds`: choose the form of every integer map.

Maps that are the identity on their proven range vanish; a map of a map becomes one where that stores no more bits;
what is left becomes thresholds, a requantisation, a table or signed steps, each proved equal to the steps.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import SSAValue
from xdsl.passes import ModulePass
from xdsl.rewriter import Rewriter

from qnn_ir.analysis.map_forms import choose_form, is_identity, stored_bits, to_steps
from qnn_ir.analysis.steps import Steps, compose
from qnn_ir.dialects import qnn
from qnn_ir.maps import Map, Requant
from qnn_ir.passes.integer_form import (
    Interval,
    integer_element,
    main_function,
    map_index,
    ranges_of,
    set_types,
    take_rows,
)

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class QnnFuseThresholdsPass(ModulePass):
    """Identities vanish, compositions merge where that pays, every map gets its cheapest proved form."""

    name = "qnn-fuse-thresholds"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Values do not change, only how they are computed."""
        function = main_function(op)
        ranges = ranges_of(function)
        for item in list(function.body.block.ops):
            if isinstance(item, qnn.MapOp):
                _visit(item, ranges)
        set_types(function)


class _Rows(NamedTuple):
    """A map with one row per row in use, its ranges, and which row every element uses."""

    function: Map
    lo: Ints
    hi: Ints
    groups: Ints


def _visit(op: qnn.MapOp, ranges: dict[SSAValue, Interval]) -> None:
    rows = _rows(op, ranges[op.x])
    steps = to_steps(rows.function, rows.lo, rows.hi)
    if steps is None:
        return
    if is_identity(steps, rows.lo, rows.hi):
        op.result.replace_all_uses_with(op.x)
        op.detach()
        op.erase()
        return
    form = choose_form(steps, rows.lo, rows.hi)
    if isinstance(rows.function, Requant):
        form = min(form, rows.function, key=stored_bits)  # products of more bits than a requantisation is searched for
    if not _merge(op, steps, rows, form, ranges):
        _replace(op, op.x, form, rows.groups, ranges)


def _rows(op: qnn.MapOp, x: Interval) -> _Rows:
    """Only rows in use, each with the range of its elements."""
    shape, index = map_index(op, x)
    lo, hi = (np.broadcast_to(end, shape).ravel() for end in x)
    used, place = np.unique(index, return_inverse=True)
    low, high = np.full(len(used), np.iinfo(np.int64).max), np.full(len(used), np.iinfo(np.int64).min)
    np.minimum.at(low, place, lo)
    np.maximum.at(high, place, hi)
    groups = np.searchsorted(used, op.rows())
    return _Rows(take_rows(op.map.map(), used), low, high, groups)


def _merge(op: qnn.MapOp, steps: Steps, rows: _Rows, form: Map, ranges: dict[SSAValue, Interval]) -> bool:
    """Fold the map in front into this one where nobody else reads it and the result stores no more bits."""
    inner = op.x.owner
    if not isinstance(inner, qnn.MapOp) or len(list(op.x.uses)) > 1:
        return False
    first = _rows(inner, ranges[inner.x])
    inner_steps = to_steps(first.function, first.lo, first.hi)
    if inner_steps is None:
        return False
    joint = first.groups * len(rows.lo) + rows.groups
    keys, groups = np.unique(joint, return_inverse=True)
    a, b = np.divmod(keys, len(rows.lo))
    lo, hi = first.lo[a], first.hi[a]
    merged = choose_form(compose(steps.take(b), inner_steps.take(a)), lo, hi)
    if stored_bits(merged) > stored_bits(form) + stored_bits(first.function):
        return False
    _replace(op, inner.x, merged, groups.reshape(joint.shape), ranges)
    inner.detach()
    inner.erase()
    return True


def _replace(op: qnn.MapOp, x: SSAValue, form: Map, groups: Ints, ranges: dict[SSAValue, Interval]) -> None:
    new = qnn.MapOp(x, qnn.MapAttr.from_map(form), groups, element=integer_element(op.result))
    new.location = op.location
    ranges[new.result] = ranges[op.result]
    Rewriter.replace_op(op, new)
