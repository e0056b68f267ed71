"""
Shape rules of the `qnn` operators: pure functions of shapes and attributes, shared by constructors and verifiers.

All raise `VerifyException` when the operands do not fit together.
"""

from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

from xdsl.utils.exceptions import VerifyException

Shape: TypeAlias = tuple[int, ...]


class Window(NamedTuple):
    """The geometry of a sliding window: one entry per spatial axis."""

    kernel: Shape
    strides: Shape
    pads: Shape
    """First all begins, then all ends, as in ONNX."""
    dilations: Shape

    def begin(self) -> Shape:
        """Padding in front of each spatial axis."""
        return self.pads[: len(self.kernel)]

    def end(self) -> Shape:
        """Padding behind each spatial axis."""
        return self.pads[len(self.kernel) :]

    def extent(self) -> Shape:
        """Elements from the first to the last tap along each axis."""
        return tuple(d * (k - 1) + 1 for k, d in zip(self.kernel, self.dilations, strict=True))


def require(condition: bool, message: str) -> None:
    """`VerifyException(message)` unless `condition`."""
    if not condition:
        raise VerifyException(message)


def text(shape: Sequence[int]) -> str:
    """A shape as it is written in tensor types: `1x64`."""
    return "x".join(map(str, shape)) or "scalar"


def broadcast(*shapes: Shape) -> Shape:
    """The NumPy broadcast of `shapes`."""
    rank = max(map(len, shapes))
    padded = [(1,) * (rank - len(s)) + s for s in shapes]
    result = tuple(next((n for n in axis if n != 1), 1) for axis in zip(*padded, strict=True))
    fits = all(n in (1, out) for s in padded for n, out in zip(s, result, strict=True))
    require(fits, f"shapes {', '.join(map(text, shapes))} do not broadcast")
    return result


def axis_of(axis: int, rank: int) -> int:
    """`axis` counted from the front; negative ones count from the end."""
    require(-rank <= axis < rank, f"axis {axis} of a tensor with {rank} axes")
    return axis % rank


def per_axis(shape: Shape, parameter: Shape, axis: int) -> Shape:
    """`shape`, when `parameter` is a scalar, one element, or one element per position of `axis`."""
    if parameter not in ((), (1,)):
        size = shape[axis_of(axis, len(shape))]
        require(parameter == (size,), f"parameter of shape {text(parameter)} for axis {axis} of {text(shape)}")
    return shape


def matmul(a: Shape, b: Shape) -> Shape:
    """The shape of `a @ b` as in NumPy."""
    require(bool(a) and bool(b), "matmul of a scalar")
    rows, columns = (a if len(a) > 1 else (1, *a)), (b if len(b) > 1 else (*b, 1))
    require(rows[-1] == columns[-2], f"inner sizes of {text(a)} and {text(b)} differ")
    batch = broadcast(rows[:-2], columns[:-2]) if len(rows) > 2 or len(columns) > 2 else ()
    return batch + (rows[-2:-1] if len(a) > 1 else ()) + (columns[-1:] if len(b) > 1 else ())


def check_window(window: Window) -> None:
    """Lengths and signs of all window parameters."""
    rank = len(window.kernel)
    require(rank >= 1, "a window needs a spatial axis")
    sizes = (len(window.strides), len(window.dilations), len(window.pads))
    require(sizes == (rank, rank, 2 * rank), f"strides, dilations, pads of lengths {sizes} for {rank} spatial axes")
    require(min(window.kernel + window.strides + window.dilations) >= 1, "kernel, strides, dilations must be positive")
    require(min(window.pads) >= 0, f"negative padding {list(window.pads)}")


def window_positions(spatial: Shape, window: Window, ceil_mode: bool = False) -> Shape:
    """How often the window fits along each spatial axis; `ceil_mode` counts windows that stick out at the end."""
    check_window(window)
    require(len(spatial) == len(window.kernel), f"window of {len(window.kernel)} axes on {len(spatial)} spatial axes")
    result: list[int] = []
    for size, extent, stride, before, after in zip(
        spatial, window.extent(), window.strides, window.begin(), window.end(), strict=True
    ):
        room = size + before + after - extent
        require(room >= 0, f"window of {extent} does not fit into {size} elements padded by {before} and {after}")
        count = (room + (stride - 1 if ceil_mode else 0)) // stride + 1
        # a window that would start behind the input is ignored
        result.append(count - (count > 1 and ceil_mode and (count - 1) * stride >= size + before))
    return tuple(result)


def _check_ranks(x: Shape, w: Shape) -> None:
    require(len(x) >= 3 and len(x) == len(w), f"convolution of {text(x)} with {text(w)}")


def conv(x: Shape, w: Shape, bias: Shape | None, window: Window, group: int) -> Shape:
    """`[N, C, *spatial]` with weights `[O, C/group, *kernel]` to `[N, O, *positions]`."""
    _check_ranks(x, w)
    require(group >= 1 and w[0] % group == 0, f"{w[0]} output channels in {group} groups")
    require(x[1] == w[1] * group, f"{x[1]} channels, but weights for {group} groups of {w[1]}")
    require(bias is None or bias == (w[0],), f"bias of shape {text(bias or ())} for {w[0]} channels")
    return (x[0], w[0], *window_positions(x[2:], window))


def conv_transpose(x: Shape, w: Shape, bias: Shape | None, window: Window, group: int, output_padding: Shape) -> Shape:
    """`[N, C, *spatial]` with weights `[C, O/group, *kernel]` to `[N, O, *larger]`."""
    _check_ranks(x, w)
    check_window(window)
    require(group >= 1 and x[1] % group == 0, f"{x[1]} channels in {group} groups")
    require(x[1] == w[0], f"{x[1]} channels, but weights for {w[0]}")
    channels = w[1] * group
    require(bias is None or bias == (channels,), f"bias of shape {text(bias or ())} for {channels} channels")
    require(len(output_padding) == len(x) - 2, f"output padding of length {len(output_padding)}")
    sizes = zip(x[2:], window.strides, window.extent(), window.begin(), window.end(), output_padding, strict=True)
    result = tuple(s * (n - 1) + e - before - after + extra for n, s, e, before, after, extra in sizes)
    require(min(result) >= 1, f"empty result {text(result)}")
    return (x[0], channels, *result)


def pool(x: Shape, window: Window, ceil_mode: bool = False) -> Shape:
    """`[N, C, *spatial]` to `[N, C, *positions]`."""
    require(len(x) >= 3, f"pooling of {text(x)}")
    positions = window_positions(x[2:], window, ceil_mode)
    extents = zip(window.begin(), window.end(), window.extent(), strict=True)
    # otherwise a window could lie in the padding alone: it would have no maximum and no mean
    require(all(max(b, e) < k for b, e, k in extents), "padding as large as the window")
    return x[:2] + positions


def reshape(x: Shape, target: Shape) -> Shape:
    """`target`, when it has as many elements as `x`."""
    require(count(x) == count(target), f"{text(x)} has {count(x)} elements, {text(target)} has {count(target)}")
    return target


def count(shape: Shape) -> int:
    """The number of elements."""
    result = 1
    for size in shape:
        result *= size
    return result


def transpose(x: Shape, perm: Shape) -> Shape:
    """The axes of `x` in the order `perm`."""
    require(sorted(perm) == list(range(len(x))), f"{list(perm)} is no permutation of the axes of {text(x)}")
    return tuple(x[p] for p in perm)


def concat(shapes: Sequence[Shape], axis: int) -> Shape:
    """All `shapes`, equal except along `axis`, one behind the other."""
    require(bool(shapes), "concat of nothing")
    first = shapes[0]
    axis = axis_of(axis, len(first))
    rest = {s[:axis] + s[axis + 1 :] for s in shapes if len(s) == len(first)}
    require(len(rest) == 1 and len({len(s) for s in shapes}) == 1, f"concat of {', '.join(map(text, shapes))}")
    return (*first[:axis], sum(s[axis] for s in shapes), *first[axis + 1 :])


def slices(x: Shape, starts: Shape, ends: Shape, steps: Shape, axes: Shape) -> tuple[slice, ...]:
    """One Python slice per axis of `x`, with the clamping of ONNX `Slice`."""
    lengths = {len(starts), len(ends), len(steps), len(axes)}
    require(len(lengths) == 1, "starts, ends, steps and axes of different lengths")
    result = [slice(0, n, 1) for n in x]
    positions = [axis_of(axis, len(x)) for axis in axes]
    require(len(set(positions)) == len(positions), f"repeated axis in {list(axes)}")
    for axis, start, end, step in zip(positions, starts, ends, steps, strict=True):
        require(step != 0, "slice with step 0")
        result[axis] = _slice(x[axis], start, end, step)
    return tuple(result)


def _slice(size: int, start: int, end: int, step: int) -> slice:
    start, end = (i + size if i < 0 else i for i in (start, end))
    if step > 0:
        return slice(min(max(start, 0), size), min(max(end, 0), size), step)
    end = min(max(end, -1), size - 1)
    # Python reads an end of -1 as the last element; None is the place before the first
    return slice(min(max(start, 0), size - 1), None if end < 0 else end, step)


def sliced(x: Shape, parts: Sequence[slice]) -> Shape:
    """The shape of `x[parts]`."""
    return tuple(len(range(*part.indices(n))) for n, part in zip(x, parts, strict=True))


def pad(x: Shape, pads: Shape) -> Shape:
    """`x` with `pads` (all begins, then all ends) added."""
    require(len(pads) == 2 * len(x), f"{len(pads)} paddings for {text(x)}")
    require(min(pads, default=0) >= 0, f"negative padding {list(pads)}")
    return tuple(n + b + e for n, b, e in zip(x, pads[: len(x)], pads[len(x) :], strict=True))


def depth_to_space(x: Shape, block: int) -> Shape:
    """`[N, C*b*b, H, W]` to `[N, C, H*b, W*b]`."""
    require(len(x) == 4, f"depth_to_space of {text(x)}")
    require(block >= 1 and x[1] % (block * block) == 0, f"{x[1]} channels in blocks of {block}x{block}")
    return (x[0], x[1] // (block * block), x[2] * block, x[3] * block)


def resize(x: Shape, scales: Shape) -> Shape:
    """Every axis times its scale."""
    require(len(scales) == len(x), f"{len(scales)} scales for {text(x)}")
    require(min(scales, default=1) >= 1, f"scales {list(scales)} must be positive integers")
    return tuple(n * s for n, s in zip(x, scales, strict=True))


def gather(x: Shape, indices: Shape, axis: int) -> Shape:
    """`indices` in place of `axis`."""
    axis = axis_of(axis, len(x))
    return x[:axis] + indices + x[axis + 1 :]


def reduced(x: Shape, axis: int, keepdims: bool) -> Shape:
    """`x` without `axis`, or with 1 there."""
    axis = axis_of(axis, len(x))
    return x[:axis] + ((1,) if keepdims else ()) + x[axis + 1 :]


def threshold_rows(x: Shape, thresholds: Shape, axis: int) -> Shape:
    """`x`, when `thresholds` has one row, or one per position of `axis`."""
    require(len(thresholds) == 2, f"thresholds of shape {text(thresholds)}: a matrix is needed")
    size = x[axis_of(axis, len(x))]
    require(thresholds[0] in (1, size), f"{thresholds[0]} rows of thresholds for {size} channels")
    return x
