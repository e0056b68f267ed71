"""What passes on the integer form share: proven ranges of every value, and types that hold them."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import IntegerType, ModuleOp, TensorType
from xdsl.dialects.func import FuncOp
from xdsl.ir import Operation, SSAValue
from xdsl.rewriter import Rewriter
from xdsl.traits import is_side_effect_free

from qnn_ir import maps
from qnn_ir.analysis.integer_ranges import dot_range, partial_dot_range
from qnn_ir.constants import int_type, type_range
from qnn_ir.dialects import qnn
from qnn_ir.errors import UserError

Ints = NDArray[np.int64]
Interval = tuple[Ints, Ints]
"""Smallest and largest value of every element, both broadcastable to the shape of the tensor."""


def main_function(module: ModuleOp) -> FuncOp:
    """`@main`; UserError where there is none."""
    for op in module.ops:
        if isinstance(op, FuncOp) and op.sym_name.data == "main":
            return op
    raise UserError("the module has no function @main", remedy="import a network first")


def remove_dead(function: FuncOp) -> None:
    """Drop operators whose results nobody reads."""
    for op in reversed(list(function.body.block.ops)):
        if op.results and is_side_effect_free(op) and not any(list(r.uses) for r in op.results):
            op.detach()
            op.erase()


def is_integer(value: SSAValue) -> bool:
    """Whether a value is a tensor of siN or uiN."""
    return isinstance(value.type, TensorType) and isinstance(qnn.element_of(value), IntegerType)


def integer_element(value: SSAValue) -> IntegerType:
    """The element type of a tensor of integers."""
    element = qnn.integer_type(value.type)
    if element is None:
        raise TypeError(f"expected a tensor of integers, got {value.type}")
    return element


def ranges_of(function: FuncOp) -> dict[SSAValue, Interval]:
    """A proven interval for every integer tensor of the function."""
    known = dict[SSAValue, Interval]()
    for argument in function.body.block.args:
        if is_integer(argument):
            known[argument] = _of_type(argument)
    for op in function.body.block.ops:
        for result in op.results:
            if is_integer(result):
                known[result] = _range_of(op, result, known)
    return known


def _of_type(value: SSAValue) -> Interval:
    one = (1,) * len(qnn.shape_of(value))
    lo, hi = type_range(integer_element(value))
    return np.full(one, lo), np.full(one, hi)


def _range_of(op: Operation, result: SSAValue, known: dict[SSAValue, Interval]) -> Interval:
    match op:
        case qnn.ConstantOp():
            return op.numpy(), op.numpy()
        case qnn.MapOp():
            return map_range(op, known[op.x])
        case qnn.MatMulOp():
            return _matmul(op, known)
        case qnn.ConvOp():
            return _conv(op, known)
        case qnn.ConvTransposeOp():
            return _conv_transpose(op, known)
        case qnn.AddOp():
            return _sum(known[op.a], known[op.b], 1, 1)
        case qnn.ScaledAddOp():
            return _sum(known[op.a], known[op.b], op.ma.value.data, op.mb.value.data)
        case qnn.MulOp():
            corners = [x * y for x in known[op.a] for y in known[op.b]]
            return np.minimum.reduce(corners), np.maximum.reduce(corners)
        case qnn.SumPoolOp():
            lo, hi = _per_channel(known[op.x], 1)
            taps = int(np.prod(op.window().kernel))
            if any(op.window().pads):
                lo, hi = np.minimum(lo, 0), np.maximum(hi, 0)
            return lo * taps, hi * taps
        case qnn.MaxPoolOp():
            return _per_channel(known[op.x], 1)
        case qnn.PadOp():
            return _padded(op, known[op.x])
        case qnn.ConcatOp():
            ends = [[np.broadcast_to(known[i][end], qnn.shape_of(i)) for i in op.inputs] for end in (0, 1)]
            return op.move(*ends[0]), op.move(*ends[1])
        case qnn.GatherOp() if (indices := qnn.constant_value(op.indices)) is not None:
            return _moved(known[op.x], op.x, lambda a: op.move(a, indices), result)
        case qnn.MovementOp():
            return _moved(known[op.operands[0]], op.operands[0], op.move, result)
        case qnn.TopKOp() if result is op.values:
            return _whole(known[op.x], result)
        case _:
            return _of_type(result)


def map_range(op: qnn.MapOp, x: Interval) -> Interval:
    """Row by row over the input's intervals."""
    shape, index = map_index(op, x)
    lo, hi = (np.broadcast_to(end, shape).ravel() for end in x)
    first, inverse = _distinct(index, lo, hi)
    function = take_rows(op.map.map(), index[first])
    low, high = function.output_range(lo[first], hi[first])
    return low[inverse].reshape(shape), high[inverse].reshape(shape)


def _distinct(*columns: Ints) -> tuple[Ints, Ints]:
    """Where each distinct tuple occurs first, and which of them every position has."""
    key = np.zeros(columns[0].shape, np.int64)
    for column in columns:
        # numbering one column at a time keeps the keys small whatever the values
        numbers = np.unique(column, return_inverse=True)[1]
        key = np.unique(key * (int(numbers.max(initial=0)) + 1) + numbers, return_inverse=True)[1]
    _, first, inverse = np.unique(key, return_index=True, return_inverse=True)
    return first, inverse


def map_index(op: qnn.MapOp, x: Interval) -> tuple[tuple[int, ...], Ints]:
    """The smallest shape on which rows and intervals vary, and the row of each of its elements."""
    groups = op.rows().astype(np.int64)
    rank = len(qnn.shape_of(op.x))
    groups = groups.reshape((1,) * (rank - groups.ndim) + groups.shape)
    shape = np.broadcast_shapes(groups.shape, x[0].shape, x[1].shape)
    return shape, np.broadcast_to(groups, shape).ravel()


def take_rows(function: Any, rows: Ints) -> Any:
    """The map with one row of `function` per entry of `rows`."""
    match function:
        case maps.Steps(base, positions, deltas):
            return maps.Steps(base[rows], positions[rows], deltas[rows])
        case maps.Thresholds(thresholds, base):
            return maps.Thresholds(thresholds[rows], base)
        case maps.Requant(m, c, shift, rounding, lo, hi):
            return maps.Requant(m[rows], c[rows], shift, rounding, lo, hi)
        case maps.Table(table, lo):
            return maps.Table(table[rows], lo)
        case _:
            raise TypeError(f"no map: {function}")


def _per_channel(x: Interval, axis: int) -> Interval:
    axes = tuple(i for i in range(x[0].ndim) if i != axis)
    return x[0].min(axis=axes, keepdims=True), x[1].max(axis=axes, keepdims=True)


def _channel_ends(x: Interval, axis: int, size: int) -> tuple[Ints, Ints]:
    lo, hi = _per_channel(x, axis)
    return np.broadcast_to(lo.ravel(), (size,)), np.broadcast_to(hi.ravel(), (size,))


def _whole(x: Interval, result: SSAValue) -> Interval:
    one = (1,) * len(qnn.shape_of(result))
    return np.full(one, x[0].min()), np.full(one, x[1].max())


def _matmul(op: qnn.MatMulOp, known: dict[SSAValue, Interval]) -> Interval:
    left = qnn.constant_value(op.a) is not None
    x, w = (op.b, op.a) if left else (op.a, op.b)
    weights = qnn.constant_value(w)
    rank = len(qnn.shape_of(op.result))
    if weights is None:
        return _of_type(op.result)
    canonical = weights if left else np.swapaxes(weights, -1, -2)
    *outputs, inputs = canonical.shape
    ends = _channel_ends(known[x], known[x][0].ndim - (2 if left else 1), inputs)
    low, high = dot_range(canonical.reshape(-1, inputs, 1), *(end[None] for end in ends))
    shape = (*outputs[:-1], *((outputs[-1], 1) if left else (1, outputs[-1])))
    shape = (1,) * (rank - len(shape)) + shape
    return low.reshape(shape), high.reshape(shape)


def _conv(op: qnn.ConvOp, known: dict[SSAValue, Interval]) -> Interval:
    weights = qnn.constant_value(op.w)
    if weights is None or op.bias is not None:
        return _of_type(op.result)
    outputs, inputs = weights.shape[:2]
    group = op.group.value.data
    per_group = outputs // group
    channel = np.asarray((np.arange(outputs) // per_group * inputs)[:, None] + np.arange(inputs), np.int64)
    lo, hi = _channel_ends(known[op.x], 1, inputs * group)
    if any(op.window().pads):
        lo, hi = np.minimum(lo, op.pad_value.value.data), np.maximum(hi, op.pad_value.value.data)
    low, high = dot_range(weights.reshape(outputs, inputs, -1), lo[channel], hi[channel])
    return _as_channels(low, op.result), _as_channels(high, op.result)


def _as_channels(array: Ints, result: SSAValue) -> Ints:
    return array.reshape(1, -1, *(1,) * (len(qnn.shape_of(result)) - 2))


def _conv_transpose(op: qnn.ConvTransposeOp, known: dict[SSAValue, Interval]) -> Interval:
    weights = qnn.constant_value(op.w)
    if weights is None or op.bias is not None:
        return _of_type(op.result)
    group = op.group.value.data
    inputs, outputs = weights.shape[0] // group, weights.shape[1]
    lo, hi = _channel_ends(known[op.x], 1, weights.shape[0])
    channel = np.asarray(np.repeat(np.arange(group) * inputs, outputs)[:, None] + np.arange(inputs), np.int64)
    canonical = weights.reshape(group, inputs, outputs, -1).transpose(0, 2, 1, 3).reshape(group * outputs, inputs, -1)
    low, high = partial_dot_range(canonical, lo[channel], hi[channel], tap_phases(op.window()))
    return _as_channels(low, op.result), _as_channels(high, op.result)


def tap_phases(window: qnn.Window) -> Ints:
    """Taps of a transposed convolution that one output can see together have one number; flat, in tap order."""
    phase = np.zeros(window.kernel, np.int64)
    for axis, (kernel, stride, dilation) in enumerate(
        zip(window.kernel, window.strides, window.dilations, strict=True)
    ):
        along = np.arange(kernel) * dilation % stride
        phase = phase * stride + along.reshape([-1 if i == axis else 1 for i in range(len(window.kernel))])
    return phase.ravel()


def _sum(a: Interval, b: Interval, ma: int, mb: int) -> Interval:
    ends = [np.stack([m * x[0], m * x[1]]) for x, m in ((a, ma), (b, mb))]
    return ends[0].min(axis=0) + ends[1].min(axis=0), ends[0].max(axis=0) + ends[1].max(axis=0)


def _padded(op: qnn.PadOp, x: Interval) -> Interval:
    value = int(op.value.value.data)
    shape = qnn.shape_of(op.x)
    lo, hi = (op.move(np.broadcast_to(end, shape), value) for end in x)
    return lo, hi


def _moved(x: Interval, operand: SSAValue, move: Callable[[Ints], Ints], result: SSAValue) -> Interval:
    if x[0].size == x[1].size == 1:
        return _whole(x, result)
    shape = qnn.shape_of(operand)
    return move(np.broadcast_to(x[0], shape)), move(np.broadcast_to(x[1], shape))


def set_types(function: FuncOp) -> None:
    """Give every integer tensor the narrowest type of its range; what only moves elements shares one type."""
    known = ranges_of(function)
    parent = {value: value for value in known}

    def find(value: SSAValue) -> SSAValue:
        while parent[value] is not value:
            parent[value] = parent[parent[value]]
            value = parent[value]
        return value

    for first, others in _same_types(function):
        for other in others:
            parent[find(other)] = find(first)
    ends = dict[SSAValue, tuple[int, int]]()
    for value, (lo, hi) in known.items():
        low, high = int(lo.min()), int(hi.max())
        old = ends.get(find(value), (low, high))
        ends[find(value)] = min(low, old[0]), max(high, old[1])
    for value in known:
        if _has_free_type(value):
            element = int_type(*ends[find(value)])
            if element != qnn.element_of(value):
                _retype(value, element)


def _retype(value: SSAValue, element: IntegerType) -> None:
    """Give `value` another element type; a constant is stored anew."""
    if isinstance(value.owner, qnn.ConstantOp):
        wider = qnn.ConstantOp(value.owner.numpy(), element)
        wider.location = value.owner.location
        Rewriter.replace_op(value.owner, wider)
    else:
        Rewriter.replace_value_with_new_type(value, TensorType(element, qnn.shape_of(value)))


def _same_types(function: FuncOp) -> list[tuple[SSAValue, Sequence[SSAValue]]]:
    result = list[tuple[SSAValue, Sequence[SSAValue]]]()
    for op in function.body.block.ops:
        if not op.results or not is_integer(op.results[0]):
            continue
        if isinstance(op, qnn.ConcatOp):
            result.append((op.results[0], list(op.inputs)))
        elif isinstance(op, qnn.SameTypeOp | qnn.TopKOp):
            result.append((op.results[0], [op.operands[0]]))
    return result


def _has_free_type(value: SSAValue) -> bool:
    """
    Indices have the type of the network's output.

    The input's integers keep the range that they were declared with; their type grows where a concat needs a wider one.
    """
    owner = value.owner
    if isinstance(owner, qnn.TopKOp):
        return value is owner.values
    return isinstance(owner, qnn.TensorOp | qnn.ConstantOp) and not isinstance(owner, qnn.ArgMaxOp)
