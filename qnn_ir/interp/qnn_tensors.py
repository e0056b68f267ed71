"""Semantics of constants, movement, the borders of the integer form, maps, and what is left to the host."""

import numpy as np
from xdsl.interpreter import Interpreter, InterpreterFunctions, impl, register_impls
from xdsl.utils.exceptions import InterpretationError

from qnn_ir.constants import location_name, to_numpy, type_range
from qnn_ir.dialects import qnn
from qnn_ir.dialects.qnn import integer_type
from qnn_ir.errors import UserError
from qnn_ir.interp.frames import Array, FloatArray, aligned, frameless, in_type, store

_GRID = 1e-6
"""How far from an integer a quotient may lie, beyond the rounding of a float32 input."""
_FLOAT32_NOISE = 2.0**-22
"""Relative error of a float32 input that was computed as `integer * scale + bias` in float32."""


@register_impls
class MovementFunctions(InterpreterFunctions):
    """Constants, and operators that move elements."""

    @impl(qnn.ConstantOp)
    def constant(self, _i: Interpreter, op: qnn.ConstantOp, args: tuple[Array, ...]) -> tuple[Array]:
        return (in_type(op.numpy()[None], op.result, location_name(op)),)

    @impl(qnn.ReshapeOp)
    def reshape(self, _i: Interpreter, op: qnn.ReshapeOp, args: tuple[Array, ...]) -> tuple[Array]:
        return (op.move(args[0]),)

    @impl(qnn.TransposeOp)
    def transpose(self, _i: Interpreter, op: qnn.TransposeOp, args: tuple[Array, ...]) -> tuple[Array]:
        return (op.move(args[0]),)

    @impl(qnn.SliceOp)
    def slice(self, _i: Interpreter, op: qnn.SliceOp, args: tuple[Array, ...]) -> tuple[Array]:
        return (op.move(args[0]),)

    @impl(qnn.PadOp)
    def pad(self, _i: Interpreter, op: qnn.PadOp, args: tuple[Array, ...]) -> tuple[Array]:
        return store(op, op.move(args[0]))

    @impl(qnn.DepthToSpaceOp)
    def depth_to_space(self, _i: Interpreter, op: qnn.DepthToSpaceOp, args: tuple[Array, ...]) -> tuple[Array]:
        return (op.move(args[0]),)

    @impl(qnn.ResizeOp)
    def resize(self, _i: Interpreter, op: qnn.ResizeOp, args: tuple[Array, ...]) -> tuple[Array]:
        return (op.move(args[0]),)

    @impl(qnn.GatherOp)
    def gather(self, _i: Interpreter, op: qnn.GatherOp, args: tuple[Array, ...]) -> tuple[Array]:
        table, indices = args
        if indices.shape[0] > 1 and table.shape[0] == 1 and op.axis.value.data == 0:
            return (np.take(table[0], indices, axis=0),)
        return (op.move(table, frameless(indices, "indices")),)

    @impl(qnn.ConcatOp)
    def concat(self, _i: Interpreter, op: qnn.ConcatOp, args: tuple[Array, ...]) -> tuple[Array]:
        frames = max(array.shape[0] for array in args)
        return (op.move(*(np.broadcast_to(array, (frames, *array.shape[1:])) for array in args)),)


@register_impls
class IntegerFunctions(InterpreterFunctions):
    """Operators of the integer form only."""

    @impl(qnn.ToIntegerOp)
    def to_integer(self, _i: Interpreter, op: qnn.ToIntegerOp, args: tuple[Array, ...]) -> tuple[Array]:
        groups = to_numpy(op.groups)
        return (on_grid(op, args[0], to_numpy(op.scale)[groups], to_numpy(op.bias)[groups]),)

    @impl(qnn.ToRealOp)
    def to_real(self, _i: Interpreter, op: qnn.ToRealOp, args: tuple[Array, ...]) -> tuple[Array]:
        groups = to_numpy(op.groups)
        return store(op, to_numpy(op.scale)[groups] * args[0] + to_numpy(op.bias)[groups])

    @impl(qnn.MapOp)
    def map(self, _i: Interpreter, op: qnn.MapOp, args: tuple[Array, ...]) -> tuple[Array]:
        try:
            return store(op, op.map.map().apply(args[0], op.rows()))
        except ValueError as error:
            raise InterpretationError(f"{location_name(op)}: {error}") from error

    @impl(qnn.ScaledAddOp)
    def scaled_add(self, _i: Interpreter, op: qnn.ScaledAddOp, args: tuple[Array, ...]) -> tuple[Array]:
        a, b = aligned(op, args)
        # Python integers: the multipliers of an alignment may be as wide as the result
        wide = abs(op.ma.value.data) >= 1 << 30 or abs(op.mb.value.data) >= 1 << 30
        a, b = (a.astype(object), b.astype(object)) if wide else (a, b)
        return store(op, op.ma.value.data * a + op.mb.value.data * b)


def on_grid(op: qnn.ToIntegerOp, x: FloatArray, scale: FloatArray, bias: FloatArray) -> Array:
    """`(x - bias) / scale` as integers; `UserError` names the first element that is none, or outside the type."""
    quotient = (x - bias) / scale
    q = np.rint(quotient)
    element = integer_type(op.result.type)
    assert element is not None
    lo, hi = type_range(element)
    slack = _GRID + (np.abs(x) + np.abs(bias)) / np.abs(scale) * _FLOAT32_NOISE
    wrong = ~(np.abs(quotient - q) <= slack) | (q < lo) | (q > hi)
    if wrong.any():
        place = tuple(int(i) for i in np.argwhere(wrong)[0])
        frame, *rest = place
        raise UserError(
            f"element {rest} of frame {frame} is {x[place]!r}, which is no integer of [{lo}, {hi}] times the scale",
            location_name(op),
            "feed values on the declared input grid",
        )
    return q.astype(np.int64)


@register_impls
class HostFunctions(InterpreterFunctions):
    """Operators behind the last layer."""

    @impl(qnn.SoftmaxOp)
    def softmax(self, _i: Interpreter, op: qnn.SoftmaxOp, args: tuple[Array, ...]) -> tuple[Array]:
        axis = _axis(op.axis.value.data, args[0])
        powers = np.exp(args[0] - args[0].max(axis=axis, keepdims=True))
        return store(op, powers / powers.sum(axis=axis, keepdims=True))

    @impl(qnn.TopKOp)
    def top_k(self, _i: Interpreter, op: qnn.TopKOp, args: tuple[Array, ...]) -> tuple[Array, Array]:
        (x,) = args
        axis = _axis(op.axis.value.data, x)
        # stable: the lower position wins among equals
        order = np.argsort(-x if op.largest.value.data else x, axis=axis, kind="stable")
        best = np.take(order, np.arange(op.k.value.data), axis=axis)
        return np.take_along_axis(x, best, axis=axis), best

    @impl(qnn.ArgMaxOp)
    def arg_max(self, _i: Interpreter, op: qnn.ArgMaxOp, args: tuple[Array, ...]) -> tuple[Array]:
        (x,) = args
        axis = _axis(op.axis.value.data, x)
        keepdims = bool(op.keepdims.value.data)
        if not op.last_index.value.data:
            return store(op, np.argmax(x, axis=axis, keepdims=keepdims))
        return store(op, x.shape[axis] - 1 - np.argmax(np.flip(x, axis), axis=axis, keepdims=keepdims))


def _axis(axis: int, array: Array) -> int:
    """The axis of a tensor as one of its array with a frame axis."""
    return axis + 1 if axis >= 0 else axis + array.ndim
