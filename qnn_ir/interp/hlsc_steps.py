"""The steps that a side runs: each operation as a function of the state of the side and the iteration."""

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray
from xdsl.ir import BlockArgument, Operation, SSAValue

from qnn_ir.dialects import hlsc
from qnn_ir.interp.hlsc_ops import function_of, lookup
from qnn_ir.interp.hlsc_values import Array, HlscError, check_range, payload, recaster, splat, widener

if TYPE_CHECKING:
    from qnn_ir.interp.hlsc_side import SideProgram, SideState

Value: TypeAlias = Array | None
Mask: TypeAlias = NDArray[np.bool_]
Step: TypeAlias = "Callable[[SideState, int], None]"


class UndefinedError(HlscError):
    """An undefined value reaches a port: the process depends on earlier frames, or on nothing at all."""


def port_name(port: SSAValue) -> str:
    """A port in words."""
    return f"%{port.name_hint}" if port.name_hint else f"{getattr(port, 'index', '')}"


def entries(p: "SideProgram", op: Operation) -> list[tuple[Mask, Step]]:
    """The steps of one operation and the iterations in which each runs."""
    if isinstance(op, hlsc.ReadOp):
        return _undefined_unless(p, op, p.enabled(op.when), _read(p, op), always=True)
    if isinstance(op, hlsc.LoadOp):
        return _undefined_unless(p, op, p.enabled(op.when), _load(p, op), always=False)
    if isinstance(op, hlsc.WriteOp):
        return [(p.enabled(op.when), _write(p, op))]
    if isinstance(op, hlsc.StoreOp):
        return [(p.enabled(op.when), _store(p, op))]
    if isinstance(op, hlsc.SelectOp):
        where, condition = p.needed(op.result), p.enabled(op.condition)
        return [(where & condition, _choose(p, op, op.lhs)), (where & ~condition, _choose(p, op, op.rhs))]
    if step := _pure(p, op):
        return [(p.needed(op.results[0]), step)]
    return []


def _undefined_unless(
    p: "SideProgram", op: hlsc.ReadOp | hlsc.LoadOp, enabled: Mask, step: Step, always: bool
) -> list[tuple[Mask, Step]]:
    """`step` where enabled (and needed, unless `always`); an undefined value where needed but disabled."""
    needed, out = p.needed(op.result), p.number(op.result)

    def undefined(s: "SideState", k: int) -> None:
        s.env[out] = None

    return [(enabled if always else enabled & needed, step), (needed & ~enabled, undefined)]


def _read(p: "SideProgram", op: hlsc.ReadOp) -> Step:
    port, out, cast = op.port, p.number(op.result), recaster(payload(op.port), op.result.type)

    def read(s: "SideState", k: int) -> None:
        s.env[out] = cast(s.queues[port].pop())

    return read


def _write(p: "SideProgram", op: hlsc.WriteOp) -> Step:
    port, value, cast = op.port, p.number(op.value), recaster(op.value.type, payload(op.port))

    def write(s: "SideState", k: int) -> None:
        if (token := s.env[value]) is None:
            raise UndefinedError(f"side @{p.name} writes an undefined value to {port_name(port)} in iteration {k}")
        s.queues[port].tokens.append(cast(token))

    return write


def _load(p: "SideProgram", op: hlsc.LoadOp) -> Step:
    memory, out, cast = op.memory, p.number(op.result), recaster(payload(op.memory), op.result.type)
    index = None if op.index is None else p.index(op.index)
    recasts: dict[int, Array] = {}

    def load(s: "SideState", k: int) -> None:
        word = _word(s, memory, index, k)
        s.env[out] = None if word is None else cast(word)

    def load_constant(s: "SideState", k: int) -> None:
        """Each word that never changes is recast once, so that users may keep what they derive from it."""
        at = 0 if index is None else s.lists[index][k]
        if at not in recasts and (word := _word(s, memory, index, k)) is not None:
            recasts[at] = cast(word)
        s.env[out] = recasts[at]

    constant = isinstance(memory, BlockArgument) or isinstance(memory.owner, hlsc.RomOp)
    return load_constant if constant else load


def _word(s: "SideState", memory: SSAValue, index: int | None, k: int) -> Value:
    words, at = s.memories[memory], 0 if index is None else s.lists[index][k]
    if not 0 <= at < len(words):
        raise HlscError(f"side @{s.program.name} accesses word {at} of {len(words)} in iteration {k}")
    return words[at]


def _store(p: "SideProgram", op: hlsc.StoreOp) -> Step:
    memory, value, cast = op.memory, p.number(op.value), recaster(op.value.type, payload(op.memory))
    index = None if op.index is None else p.index(op.index)

    def store(s: "SideState", k: int) -> None:
        word = s.env[value]
        _word(s, memory, index, k)
        at = 0 if index is None else s.lists[index][k]
        s.memories[memory][at] = None if word is None else cast(word)

    return store


def _choose(p: "SideProgram", op: hlsc.SelectOp, operand: SSAValue) -> Step:
    value, out, cast = p.number(operand), p.number(op.result), widener(operand.type, op.result.type)

    def choose(s: "SideState", k: int) -> None:
        chosen = s.env[value]
        s.env[out] = None if chosen is None else cast(chosen)

    return choose


def _pure(p: "SideProgram", op: Operation) -> "Step | None":
    """A step that is undefined where an operand is."""
    if isinstance(op, hlsc.FromIndexOp):
        return _from_index(p, op)
    if isinstance(op, hlsc.DynamicSliceOp):
        return _dynamic_slice(p, op)
    if isinstance(op, hlsc.LookupOp):
        return _lookup(p, op)
    if (fn := function_of(op)) is None:
        return None
    inputs, out = [p.number(v) for v in op.operands], p.number(op.results[0])
    if p.check:
        fn = _checked(fn, op)
    if len(inputs) == 2:
        first, second = inputs

        def binary(s: "SideState", k: int) -> None:
            a, b = s.env[first], s.env[second]
            s.env[out] = None if a is None or b is None else fn(a, b)

        return binary

    def general(s: "SideState", k: int) -> None:
        values = [s.env[i] for i in inputs]
        s.env[out] = None if any(v is None for v in values) else fn(*values)

    return general


def _checked(fn: Callable[..., Array], op: Operation) -> Callable[..., Array]:
    type_ = op.results[0].type
    return lambda *values: check_range(fn(*values), type_, op.name)


def _from_index(p: "SideProgram", op: hlsc.FromIndexOp) -> Step:
    index, out, type_ = p.index(op.input), p.number(op.result), op.result.type

    def from_index(s: "SideState", k: int) -> None:
        at = s.lists[index][k]
        s.env[out] = check_range(splat(at, type_), type_, op.name)

    return from_index


def _dynamic_slice(p: "SideProgram", op: hlsc.DynamicSliceOp) -> Step:
    value, index, out, size = p.number(op.input), p.index(op.index), p.number(op.result), op.size.value.data
    lanes = hlsc.shape_of(op.input.type)[0]

    def dynamic_slice(s: "SideState", k: int) -> None:
        at, lanes_in = s.lists[index][k], s.env[value]
        if not 0 <= at <= lanes - size:
            raise HlscError(f"side @{p.name} slices {size} of {lanes} lanes from {at} in iteration {k}")
        s.env[out] = None if lanes_in is None else lanes_in[:, at : at + size]

    return dynamic_slice


def _lookup(p: "SideProgram", op: hlsc.LookupOp) -> Step:
    memory, value, out, fn = op.memory, p.number(op.input), p.number(op.result), lookup(op)
    index = None if op.index is None else p.index(op.index)

    def look(s: "SideState", k: int) -> None:
        word, x = _word(s, memory, index, k), s.env[value]
        s.env[out] = None if word is None or x is None else fn(word, x)

    return look
