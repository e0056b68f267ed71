"""
Semantics of linear operators and pools.

A convolution is a sum over the taps of its kernel, each one a matrix product. Integers go through float64 matrix
products where no partial sum can reach 2^53 (then they are exact), else through int64, else through Python's integers.
"""

from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import DTypeLike
from xdsl.interpreter import Interpreter, InterpreterFunctions, impl, register_impls

from qnn_ir.dialects import qnn
from qnn_ir.dialects.qnn import Window, is_float, shape_of
from qnn_ir.interp.frames import Array, align, along, store

_FLOAT64_EXACT = 1 << 53
_INT64_EXACT = 1 << 63


def _largest(x: Array) -> int:
    """The largest magnitude of integers."""
    return max(abs(int(x.min())), abs(int(x.max()))) if x.size else 0


def exact_dtype(bound: int) -> DTypeLike:
    """The fastest dtype in which sums of products of magnitude up to `bound` are exact."""
    if bound < _FLOAT64_EXACT:
        return np.float64
    return np.int64 if bound < _INT64_EXACT else np.object_


def _exact(a: Array, b: Array, terms: int, floor: int = 0) -> tuple[Array, Array]:
    """Integer operands of a sum of `terms` products in a dtype that computes it exactly; `floor`: one more value."""
    dtype = exact_dtype(max(_largest(a), floor) * _largest(b) * terms)
    return a.astype(dtype), b.astype(dtype)


def _flat(x: Array) -> Array:
    """`(F, N, ...)` as `(F*N, ...)`."""
    return x.reshape(x.shape[0] * x.shape[1], *x.shape[2:])


def taps(window: Window, positions: tuple[int, ...]) -> list[tuple[tuple[int, ...], tuple[slice, ...]]]:
    """Every tap of the kernel with the slices of the padded input that it meets, in kernel order."""
    result: list[tuple[tuple[int, ...], tuple[slice, ...]]] = []
    for tap in product(*map(range, window.kernel)):
        starts = [k * d for k, d in zip(tap, window.dilations, strict=True)]
        parts = zip(starts, positions, window.strides, strict=True)
        result.append((tap, tuple(slice(b, b + (n - 1) * s + 1, s) for b, n, s in parts)))
    return result


def padded(x: Array, window: Window, positions: tuple[int, ...], value: Any) -> Array:
    """`(B, C, *spatial)` with a border of `value`, wide enough for windows that stick out at the end."""
    widths = [(0, 0), (0, 0)]
    for size, begin, end, n, s, extent in zip(
        x.shape[2:], window.begin(), window.end(), positions, window.strides, window.extent(), strict=True
    ):
        widths.append((begin, max(end, (n - 1) * s + extent - size - begin)))
    return np.pad(x, widths, constant_values=value) if any(map(any, widths)) else x


def convolve(x: Array, w: Array, window: Window, group: int, pad_value: int, positions: tuple[int, ...]) -> Array:
    """`(B, C, *spatial)` with `(O, C/group, *kernel)` to `(B, O, *positions)`."""
    w = w.reshape(group, w.shape[0] // group, *w.shape[1:])
    # channels first: then each tap is one large matrix product for all frames, not a small one for each
    x = np.swapaxes(padded(x, window, positions, pad_value), 0, 1)
    total = np.zeros((*w.shape[:2], x.shape[1] * int(np.prod(positions))), x.dtype)
    for tap, place in taps(window, positions):
        piece = x[(slice(None), slice(None), *place)].reshape(group, w.shape[2], -1)
        total += _product(w[(..., *tap)], piece)
    return np.ascontiguousarray(np.swapaxes(total.reshape(-1, x.shape[1], *positions), 0, 1))


def deconvolve(x: Array, w: Array, window: Window, group: int, shape: tuple[int, ...]) -> Array:
    """`(B, C, *spatial)` with `(C, O/group, *kernel)` to `(B, O, *shape)`."""
    batch, spatial = x.shape[0], x.shape[2:]
    full = [begin + n for begin, n in zip(window.begin(), shape, strict=True)]
    reach = [(n - 1) * s + e for n, s, e in zip(spatial, window.strides, window.extent(), strict=True)]
    w = np.swapaxes(w.reshape(group, w.shape[0] // group, *w.shape[1:]), 1, 2)
    pieces = np.swapaxes(x, 0, 1).reshape(group, w.shape[2], -1)
    total = np.zeros((group * w.shape[1], batch, *map(max, full, reach)), x.dtype)
    for tap, place in taps(window, spatial):
        piece = _product(w[(..., *tap)], pieces)
        total[(slice(None), slice(None), *place)] += piece.reshape(-1, batch, *spatial)
    crop = (slice(begin, begin + n) for begin, n in zip(window.begin(), shape, strict=True))
    return np.ascontiguousarray(np.swapaxes(total[(slice(None), slice(None), *crop)], 0, 1))


def _product(weights: Array, piece: Array) -> Array:
    """`(G, O, C)` times `(G, C, P)`; one input channel per group needs no matrix product."""
    return weights * piece if weights.shape[2] == 1 else np.matmul(np.ascontiguousarray(weights), piece)


def window_sums(x: Array, window: Window, positions: tuple[int, ...]) -> Array:
    """`(B, C, *spatial)`, zero-padded, to the sums `(B, C, *positions)`."""
    x = padded(x, window, positions, 0)
    total = np.zeros((*x.shape[:2], *positions), x.dtype)
    for _, place in taps(window, positions):
        total += x[(..., *place)]
    return total


def window_maxima(x: Array, window: Window, positions: tuple[int, ...]) -> Array:
    """`(B, C, *spatial)` to the maxima `(B, C, *positions)`; the padding never wins."""
    lowest = -np.inf if x.dtype.kind == "f" else np.iinfo(x.dtype).min
    x = padded(x, window, positions, lowest)
    best = np.full((*x.shape[:2], *positions), lowest, x.dtype)
    for _, place in taps(window, positions):
        np.maximum(best, x[(..., *place)], out=best)
    return best


def window_sizes(spatial: tuple[int, ...], op: qnn.AveragePoolOp, positions: tuple[int, ...]) -> Array:
    """How many elements each mean is over: those inside the input, or also those in the declared padding."""
    window = op.window()
    if not op.count_include_pad.value.data:
        return window_sums(np.ones((1, 1, *spatial)), window, positions)
    framed = tuple(b + n + e for n, b, e in zip(spatial, window.begin(), window.end(), strict=True))
    bare = Window(window.kernel, window.strides, (0,) * 2 * len(spatial), window.dilations)
    return window_sums(np.ones((1, 1, *framed)), bare, positions)


@register_impls
class LinearFunctions(InterpreterFunctions):
    """Linear operators and pools, on reals and on integers."""

    @impl(qnn.MatMulOp)
    def matmul(self, _i: Interpreter, op: qnn.MatMulOp, args: tuple[Array, ...]) -> tuple[Array]:
        a, b = args
        if not is_float(op.result.type):
            a, b = _exact(a, b, a.shape[-1])
        if b.ndim == 3 and b.shape[0] == 1 and a.ndim >= 3:
            # one product for all frames
            return store(op, np.matmul(a.reshape(-1, a.shape[-1]), b[0]).reshape(*a.shape[:-1], b.shape[-1]))
        rows = a[:, None] if a.ndim == 2 else a
        columns = b[..., None] if b.ndim == 2 else b
        rank = max(rows.ndim, columns.ndim) - 1
        result = np.matmul(align(rows, rank), align(columns, rank))
        return store(op, result.reshape(result.shape[0], *shape_of(op.result)))

    @impl(qnn.ConvOp)
    def conv(self, _i: Interpreter, op: qnn.ConvOp, args: tuple[Array, ...]) -> tuple[Array]:
        x, w, *bias = args
        positions, pad_value = shape_of(op.result)[2:], op.pad_value.value.data
        if not is_float(op.result.type):
            x, w = _exact(x, w, int(np.prod(w.shape[2:])), abs(pad_value))
        group = op.group.value.data

        def run(x: Array, w: Array) -> Array:
            return convolve(x, w, op.window(), group, pad_value, positions)

        result = _each_weight(x, w, run)
        return store(op, _biased(op, result, bias))

    @impl(qnn.ConvTransposeOp)
    def conv_transpose(self, _i: Interpreter, op: qnn.ConvTransposeOp, args: tuple[Array, ...]) -> tuple[Array]:
        x, w, *bias = args
        shape = shape_of(op.result)[2:]
        if not is_float(op.result.type):
            x, w = _exact(x, w, w[0].size // w.shape[2])
        group = op.group.value.data

        def run(x: Array, w: Array) -> Array:
            return deconvolve(x, w, op.window(), group, shape)

        result = _each_weight(x, w, run)
        return store(op, _biased(op, result, bias))

    @impl(qnn.BatchNormOp)
    def batch_norm(self, _i: Interpreter, op: qnn.BatchNormOp, args: tuple[Array, ...]) -> tuple[Array]:
        rank = len(shape_of(op.x))
        x, (scale, bias, mean, var) = args[0], (along(a, 1, rank) for a in args[1:])
        # subtracting first keeps x = mean exact
        return store(op, scale / np.sqrt(var + op.epsilon.value.data) * (x - mean) + bias)

    @impl(qnn.AveragePoolOp)
    def average_pool(self, _i: Interpreter, op: qnn.AveragePoolOp, args: tuple[Array, ...]) -> tuple[Array]:
        (x,) = args
        positions = shape_of(op.result)[2:]
        sums = window_sums(_flat(x), op.window(), positions) / window_sizes(x.shape[3:], op, positions)
        return store(op, sums.reshape(x.shape[0], *shape_of(op.result)))

    @impl(qnn.MaxPoolOp)
    def max_pool(self, _i: Interpreter, op: qnn.MaxPoolOp, args: tuple[Array, ...]) -> tuple[Array]:
        (x,) = args
        best = window_maxima(_flat(x), op.window(), shape_of(op.result)[2:])
        return store(op, best.reshape(x.shape[0], *shape_of(op.result)))

    @impl(qnn.SumPoolOp)
    def sum_pool(self, _i: Interpreter, op: qnn.SumPoolOp, args: tuple[Array, ...]) -> tuple[Array]:
        (x,) = args
        sums = window_sums(_flat(x), op.window(), shape_of(op.result)[2:])
        return store(op, sums.reshape(x.shape[0], *shape_of(op.result)))


def _each_weight(x: Array, w: Array, function: Callable[[Array, Array], Array]) -> Array:
    """`function` on all frames at once, or frame by frame where the weights depend on the input."""
    if w.shape[0] == 1:
        result = function(_flat(x), w[0])
        return result.reshape(*x.shape[:2], *result.shape[1:])
    x = np.broadcast_to(x, (w.shape[0], *x.shape[1:]))
    return np.stack([function(frame, weights) for frame, weights in zip(x, w, strict=True)])


def _biased(op: qnn.ConvOp | qnn.ConvTransposeOp, result: Array, bias: list[Array]) -> Array:
    return result + along(bias[0], 1, len(shape_of(op.result))) if bias else result
