"""What the rules of `qnn-integerize` share: the state of every value and the emission of the integer form."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import TensorType, f32
from xdsl.ir import Block, Operation, SSAValue
from xdsl.rewriter import Rewriter

from qnn_ir import maps
from qnn_ir.analysis.align import PairBase
from qnn_ir.analysis.integerize import (
    UserNote,
    behind_cut,
    clamped_affine,
    is_stored,
    plan,
    roots,
    scaled_roots,
    worth_cutting,
)
from qnn_ir.analysis.map_forms import steps_map
from qnn_ir.analysis.rational import Coef
from qnn_ir.analysis.transfer import Constant
from qnn_ir.analysis.value import Affine, Base, Value, affine_form, constant_numbers, move, moved_base, of_base
from qnn_ir.constants import int_type, location_name
from qnn_ir.dialects import qnn
from qnn_ir.errors import UserError

Ints = NDArray[np.int64]


@dataclass
class Host:
    """A real tensor outside the integer region: in front of the first quantiser, or behind the last affine."""

    value: SSAValue
    before: bool


@dataclass
class Poison:
    """The result of an operator that was reported already."""


@dataclass
class Deferred:
    """An integer operator that is emitted at its first use, so that weights can still change sign until then."""

    emit: Callable[[Base], SSAValue]
    may_flip: Callable[[NDArray[np.bool_]], NDArray[np.bool_]]
    origin: Operation | None


State = Host | Poison | Value


@dataclass
class Walk:
    """One walk over `@main` in topological order; new operators go to the end of `block`."""

    block: Block
    states: dict[SSAValue, State] = field(default_factory=dict[SSAValue, State])
    hosts: dict[SSAValue, SSAValue] = field(default_factory=dict[SSAValue, SSAValue])
    moved: dict[Any, Base] = field(default_factory=dict[Any, Base])
    problems: list[UserError] = field(default_factory=list[UserError])
    origin: Operation | None = None
    quantised: bool = False

    def emit(self, op: Operation) -> SSAValue:
        """Append `op` with the location of the operator at hand."""
        if self.origin is not None:
            op.location = self.origin.location
            if not isinstance(op, qnn.ConstantOp):
                op.results[0].name_hint = self.origin.results[0].name_hint
        self.block.add_op(op)
        return op.results[0]

    def note(self, what: str, where: str = "") -> None:
        """Tell the user about `where`, by default the operator at hand."""
        where = where or (location_name(self.origin) if self.origin else "")
        warnings.warn(UserNote(f"{where}: {what}"), stacklevel=2)

    def value(self, operand: SSAValue) -> Value:
        """The integer value of `operand`; UserError where it is a real tensor."""
        state = self.states[operand]
        if isinstance(state, Value):
            return state
        raise UserError(
            "reads a tensor that is not quantised", remedy="put a quantiser in front of it or declare the input"
        )

    def handle(self, base: Base) -> SSAValue:
        """The stored integers of `base`."""
        if isinstance(base.handle, Deferred):
            deferred, reader = base.handle, self.origin
            self.origin = deferred.origin
            base.handle = deferred.emit(base)
            self.origin = reader
        return base.handle

    def materialize(self, operand: SSAValue, rising: bool = False) -> Value:
        """The value of `operand` with its integer part computed where it has one."""
        value = self.value(operand)
        parts = roots(value, rising)
        if parts is None or is_stored(parts) or value.is_constant:
            return value
        return self._computed(operand, parts)

    def _computed(self, operand: SSAValue, parts: list[Any]) -> Value:
        """`operand` with its integer `parts` stored."""
        value = self.value(operand)
        reader, self.origin = self.origin, operand.owner if isinstance(operand.owner, Operation) else None
        try:
            value = self.states[operand] = self._map(value, parts)
        except UserError as error:
            raise UserError(error.what, error.where or producer(operand), error.remedy) from None
        finally:
            self.origin = reader
        return value

    def _map(self, value: Value, parts: list[Any]) -> Value:
        base = value.base
        if direct := clamped_affine(value, parts):
            function, groups, result = direct
            result.base.handle = self.map_op(base, function, groups, result.base)
            return result
        planned = plan(value, parts)
        if found := worth_cutting(planned):
            inner, outer = found
            behind = behind_cut(value, parts, self._map(inner, roots(inner) or []), outer)
            return self._map(behind, roots(behind) or [])
        if isinstance(base.handle, Deferred):
            base.sign = np.where(base.handle.may_flip(planned.falling_groups()), -base.sign, base.sign)
        mapped = planned.finish()
        mapped.value.base.handle = self.map_op(base, steps_map(mapped.steps), mapped.groups, mapped.value.base)
        return mapped.value

    def map_op(self, base: Base, function: maps.Map, groups: Ints, result: Base) -> SSAValue:
        """Emit `qnn.map` from the stored integers of `base` to those of `result`."""
        element = element_type(result)
        return self.emit(qnn.MapOp(self.handle(base), qnn.MapAttr.from_map(function), groups, element=element))

    def affine(self, operand: SSAValue, rising: bool = False) -> tuple[Value, Affine]:
        """`operand` as `s * q + b` over stored integers; UserError if it is none."""
        value = self.materialize(operand, rising)
        if isinstance(value.base, PairBase):
            from qnn_ir.passes.integerizing.joins import exact_sum

            value = exact_sum(self, value)
            self.states[operand] = value
        form = affine_form(value)
        if form is None and not value.is_constant and (parts := scaled_roots(value)):
            value = self._computed(operand, parts)
            form = affine_form(value)
        if form is None or value.is_constant:
            raise UserError(
                f"reads '{producer(operand)}', which is not scale * integer + bias",
                remedy="put a quantiser between the two",
            )
        return value, form

    def host(self, operand: SSAValue) -> SSAValue:
        """`operand` as a real tensor, with as much of it computed in integers as possible."""
        pending = [operand]
        while pending:
            current = pending[-1]
            made = self.hosts.get(current) or self._real(current)
            if made is not None:
                self.hosts[current] = made
                pending.pop()
                continue
            owner = current.owner
            assert isinstance(owner, Operation)
            if missing := [o for o in owner.operands if o not in self.hosts]:
                pending.extend(missing)
                continue
            self.clone(owner)
        return self.hosts[operand]

    def _real(self, operand: SSAValue) -> SSAValue | None:
        """`operand` where it needs no operand as a real tensor, else None."""
        state = self.states[operand]
        if isinstance(state, Host):
            return state.value
        if not isinstance(state, Value) or state.is_constant:
            return None
        value = self.materialize(operand)
        if affine_form(value) is None:
            return None
        value, form = self.affine(operand)
        return self.to_real(value, form)

    def to_real(self, value: Value, form: Affine) -> SSAValue:
        """Emit the last affine."""
        rows = value.rows if max(len(form.s), len(form.b)) > 1 else 1
        scale = np.broadcast_to(form.s.floats[:, 0], (rows,))
        bias = np.broadcast_to(form.b.floats[:, 0], (rows,))
        groups = value.gid if rows > 1 else np.zeros((1,) * len(value.shape), np.int64)
        return self.emit(qnn.ToRealOp(self.handle(value.base), scale=scale, bias=bias, groups=groups))

    def clone(self, op: Operation) -> Operation:
        """`op` on real tensors, all operands being real already."""
        copy = op.clone({o: self.hosts[o] for o in op.operands})
        copy.location = op.location
        self.block.add_op(copy)
        first = copy.results[0]
        same_type = isinstance(op, qnn.SameTypeOp | qnn.TopKOp)
        if same_type and qnn.is_float(copy.operands[0].type) and not qnn.is_float(first.type):
            # integers, as real numbers on the host
            Rewriter.replace_value_with_new_type(first, TensorType(f32, qnn.shape_of(first)))
        self.hosts.update(zip(op.results, copy.results, strict=True))
        return copy

    def base_like(self, base: Base, shape: tuple[int, ...], gid: Ints, handle: Any) -> Base:
        """A base with the ranges of `base` on other elements."""
        result = Base(shape, gid, base.lo, base.hi, handle)
        result.sign = base.sign
        return result


def element_type(base: Base) -> Any:
    """The narrowest type of what is stored."""
    lo, hi = base.stored_range()
    return int_type(int(lo.min()), int(hi.max()))


def parameter(walk: Walk, operand: SSAValue) -> Constant:
    """A parameter of an operator: exact numbers."""
    value = walk.value(operand)
    return Constant(value.shape, constant_numbers(value))


def matched_rows(a: Value, b: Value) -> tuple[tuple[Ints, Ints], Ints, tuple[int, ...]]:
    """Of `a` and `b` broadcast: the pairs of their rows that occur, the pair of every element, and the shape."""
    shape = np.broadcast_shapes(a.shape, b.shape)
    x, y = (v.gid.reshape((1,) * (len(shape) - v.gid.ndim) + v.gid.shape) for v in (a, b))
    keys, gid = np.unique(x * b.rows + y, return_inverse=True)
    return np.divmod(keys, b.rows), gid.reshape(np.broadcast_shapes(x.shape, y.shape)), shape


def spread(walk: Walk, operand: SSAValue, shape: tuple[int, ...]) -> Value:
    """The value of `operand` repeated to the shape that it has together with `shape`."""
    value = walk.value(operand)
    total = np.broadcast_shapes(value.shape, shape)
    if total == value.shape or value.is_constant:
        return value
    value = walk.materialize(operand)
    if isinstance(value.base, PairBase):
        value, _ = walk.affine(operand)
    lifted = (1,) * (len(total) - len(value.shape)) + value.shape

    def repeated(array: NDArray[Any]) -> NDArray[Any]:
        return np.broadcast_to(array.reshape(lifted), total)

    key = (value.base, "spread", total)
    if key not in walk.moved:
        handle = walk.handle(value.base)
        if lifted != value.shape:
            handle = walk.emit(qnn.ReshapeOp(handle, lifted))
        handle = walk.emit(qnn.ResizeOp(handle, tuple(n // m for n, m in zip(total, lifted, strict=True))))
        walk.moved[key] = moved_base(value.base, total, repeated, handle)
    return move(value, walk.moved[key], repeated)


def shifted(walk: Walk, value: Value, form: Affine, r: Ints, p: Ints, s: Coef, b: Coef) -> Value:
    """`q' = r * q + p` per row, which stands for `s * q' + b`."""
    low = np.minimum(r * form.lo, r * form.hi) + p
    high = np.maximum(r * form.lo, r * form.hi) + p
    base = Base(value.shape, value.gid, low, high)
    function = maps.Requant(r, p, 0, "floor", int(low.min()), int(high.max()))
    base.handle = walk.map_op(value.base, function, value.gid, base)
    return of_base(base, s, b)


def producer(operand: SSAValue) -> str:
    """The ONNX node behind `operand`, or the input."""
    owner = operand.owner
    return location_name(owner) if isinstance(owner, Operation) else "the network's input"
