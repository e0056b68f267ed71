"""
`qnn-remove-dead-channels`: channels whose map is constant are not computed.

In a chain linear - map - (max pool) - linear, a channel that the map makes constant loses its weights on both sides;
the constant times the weights of the second operator moves into the thresholds or the bias behind it.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from xdsl.context import Context
from xdsl.dialects.builtin import IntegerType, ModuleOp
from xdsl.dialects.func import FuncOp
from xdsl.ir import Operation, SSAValue
from xdsl.passes import ModulePass
from xdsl.rewriter import InsertPoint, Rewriter

from qnn_ir import maps
from qnn_ir.constants import to_numpy
from qnn_ir.dialects import qnn
from qnn_ir.passes.integer_form import (
    Interval,
    integer_element,
    main_function,
    ranges_of,
    remove_dead,
    set_types,
    take_rows,
)

Ints = NDArray[np.int64]
Linear = qnn.MatMulOp | qnn.ConvOp


@dataclass(frozen=True)
class QnnRemoveDeadChannelsPass(ModulePass):
    """Constant channels leave the network, their values join the constants behind the next linear operator."""

    name = "qnn-remove-dead-channels"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Chains of matrix products and of ungrouped convolutions; everything else stays."""
        function = main_function(op)
        changed = False
        while _remove_one(function):
            changed = True
        if changed:
            remove_dead(function)
            set_types(function)


@dataclass
class _Chain:
    """`first` - `middle` (a map, then pools) - `second`, each with one reader."""

    first: Linear
    middle: list[Operation]
    second: Linear


def _remove_one(function: FuncOp) -> bool:
    chains = [c for op in function.body.block.ops if isinstance(op, Linear) and (c := _chain(op))]
    ranges = ranges_of(function) if chains else {}
    for chain in chains:
        lo, hi = _channel_values(ranges[chain.middle[-1].results[0]], _axis(chain.first))
        dead = np.broadcast_to(lo == hi, (_channels(chain.first),)).copy()
        values = np.broadcast_to(lo, dead.shape)
        dead &= _foldable(chain.second, values)
        if dead.all():
            dead[0] = False
        if dead.any() and _may_shift(chain.second, values * dead):
            _remove(chain, ~dead, values * dead)
            return True
    return False


def _chain(first: Linear) -> _Chain | None:
    if not _plain(first):
        return None
    middle, value = list[Operation](), first.result
    while (reader := _only_reader(value)) is not None:
        if isinstance(reader, Linear):
            fits = type(reader) is type(first) and reader.operands[0] is value and _plain(reader)
            return _Chain(first, middle, reader) if middle and fits else None
        if not isinstance(reader, qnn.MaxPoolOp if middle else qnn.MapOp):
            return None
        middle.append(reader)
        value = reader.results[0]
    return None


def _only_reader(value: SSAValue) -> Operation | None:
    uses = list(value.uses)
    return uses[0].operation if len(uses) == 1 else None


def _plain(op: Linear) -> bool:
    """Constant weights as second operand, vectors on the last axis, one group, no bias."""
    if qnn.constant_value(op.operands[1]) is None or not isinstance(qnn.element_of(op.result), IntegerType):
        return False
    if isinstance(op, qnn.MatMulOp):
        return len(qnn.shape_of(op.b)) == 2
    return op.group.value.data == 1 and op.bias is None


def _axis(op: Linear) -> int:
    return len(qnn.shape_of(op.result)) - 1 if isinstance(op, qnn.MatMulOp) else 1


def _channels(op: Linear) -> int:
    return qnn.shape_of(op.result)[_axis(op)]


def _channel_values(x: Interval, axis: int) -> tuple[Ints, Ints]:
    axes = tuple(i for i in range(x[0].ndim) if i != axis)
    return x[0].min(axis=axes), x[1].max(axis=axes)


def _foldable(second: Linear, values: Ints) -> NDArray[np.bool_]:
    """A padded convolution sees the pad value instead of the constant at the border."""
    if isinstance(second, qnn.ConvOp) and any(second.window().pads):
        return values == second.pad_value.value.data
    return np.ones(values.shape, np.bool_)


def _offset(second: Linear, values: Ints) -> Ints:
    """What the constant channels add to each output of `second`."""
    weights = qnn.constant_value(second.operands[1])
    assert weights is not None
    if isinstance(second, qnn.MatMulOp):
        return values @ weights
    return weights.sum(axis=tuple(range(2, weights.ndim))) @ values


def _may_shift(second: Linear, values: Ints) -> bool:
    readers = [use.operation for use in second.result.uses]
    if not _offset(second, values).any():
        return True
    return all(isinstance(r, qnn.ToRealOp) or (isinstance(r, qnn.MapOp) and _can_shift(r)) for r in readers)


def _can_shift(op: qnn.MapOp) -> bool:
    return not isinstance(op.map, qnn.TableAttr)


def _remove(chain: _Chain, keep: NDArray[np.bool_], values: Ints) -> None:
    """Rebuild the chain with the channels `keep`; `values` are the constants of the others."""
    offset = _offset(chain.second, values)
    value = _with_weights(chain.first, chain.first.operands[0], keep, output=True)
    axis = _axis(chain.first)
    for op in chain.middle:
        value = _rebuilt(op, value, keep, axis)
    result = _with_weights(chain.second, value, keep, output=False)
    old = chain.second.result
    if offset.any():
        for use in list(old.uses):
            _shift_reader(use.operation, result, offset, _axis(chain.second))
    old.replace_all_uses_with(result)
    for op in (chain.second, *reversed(chain.middle), chain.first):
        op.detach()
        op.erase()


def _with_weights(op: Linear, x: SSAValue, keep: NDArray[np.bool_], output: bool) -> SSAValue:
    """`op` with the weights of the kept output or input channels."""
    weights = qnn.constant_value(op.operands[1])
    assert weights is not None
    first_axis = isinstance(op, qnn.MatMulOp) != output
    constant = qnn.ConstantOp(weights[keep] if first_axis else weights[:, keep])
    element = integer_element(op.result)
    if isinstance(op, qnn.MatMulOp):
        new = qnn.MatMulOp(x, constant, element=element)
    else:
        window = op.window()
        new = qnn.ConvOp(
            x,
            constant,
            strides=window.strides,
            pads=window.pads,
            dilations=window.dilations,
            pad_value=op.pad_value.value.data,
            element=element,
        )
    constant.location = new.location = op.location
    Rewriter.insert_op((constant, new), InsertPoint.before(op))
    return new.result


def _rebuilt(op: Operation, x: SSAValue, keep: NDArray[np.bool_], axis: int) -> SSAValue:
    if isinstance(op, qnn.MapOp):
        groups = op.rows()
        groups = groups.reshape((1,) * (len(qnn.shape_of(op.x)) - groups.ndim) + groups.shape)
        groups = groups.compress(keep, axis=axis) if groups.shape[axis] > 1 else groups
        element = integer_element(op.result)
        new: Operation = qnn.MapOp(x, op.map, groups, element=element)
    else:
        assert isinstance(op, qnn.MaxPoolOp)
        window = op.window()
        new = qnn.MaxPoolOp(
            x,
            kernel=window.kernel,
            strides=window.strides,
            pads=window.pads,
            dilations=window.dilations,
            ceil_mode=bool(op.ceil_mode.value.data),
        )
    new.location = op.location
    Rewriter.insert_op(new, InsertPoint.before(op))
    return new.results[0]


def _shift_reader(op: Operation, x: SSAValue, offset: Ints, axis: int) -> None:
    """Let `op` read `x`, which is smaller by `offset` per channel."""
    shape = [1] * len(qnn.shape_of(x))
    shape[axis] = len(offset)
    channel = np.arange(len(offset)).reshape(shape)
    assert isinstance(op, qnn.MapOp | qnn.ToRealOp)
    keys, groups = np.unique(to_numpy(op.groups) * len(offset) + channel, return_inverse=True)
    groups = groups.reshape(np.broadcast_shapes(op.groups.get_shape(), tuple(shape)))
    row, chosen = np.divmod(keys, len(offset))
    if isinstance(op, qnn.ToRealOp):
        scale, bias = to_numpy(op.scale)[row], to_numpy(op.bias)[row]
        new: Operation = qnn.ToRealOp(x, scale=scale, bias=bias + scale * offset[chosen], groups=groups)
    else:
        element = integer_element(op.result)
        function = _shifted(take_rows(op.map.map(), row), offset[chosen])
        new = qnn.MapOp(x, qnn.MapAttr.from_map(function), groups, element=element)
    new.location = op.location
    Rewriter.replace_op(op, new)


def _shifted(function: maps.Map, offset: Ints) -> maps.Map:
    """`function(x + offset)`, row by row."""
    match function:
        case maps.Steps(base, positions, deltas):
            return maps.Steps(base, positions - offset[:, None], deltas)
        case maps.Thresholds(thresholds, base):
            return maps.Thresholds(thresholds - offset[:, None], base)
        case maps.Requant(m, c, shift, rounding, lo, hi):
            return maps.Requant(m, c + m * offset, shift, rounding, lo, hi)
        case maps.Table():
            raise ValueError("tables are not shifted")
