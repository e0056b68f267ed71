"""Convolutions and pools in C++: plain loops over channels, positions and taps."""

from collections.abc import Callable, Sequence
from typing import Any

from xdsl.ir import Operation, SSAValue

from qnn_ir.dialects import qnn
from qnn_ir.dialects.qnn import Window, is_float, shape_of
from qnn_ir.dialects.qnn.shapes import Shape
from qnn_ir.emit.host.cpp_loops import Lines, Nest, View, index, loops, row_major
from qnn_ir.emit.host.cpp_values import CppValues, literal

Axis = tuple[str, int]
"""A loop variable and how many values it takes."""


def _axes(stem: str, counts: Sequence[int]) -> list[Axis]:
    return [(f"{stem}{number}", count) for number, count in enumerate(counts)]


def _at(axes: Sequence[Axis], strides: Sequence[int], offset: int = 0) -> str:
    """The index of an element; variables that are always 0 are left out."""
    pairs = zip(axes, strides, strict=True)
    return index([(name, stride) for (name, count), stride in pairs if count > 1], offset)


def _places(window: Window, positions: Sequence[Axis], taps: Sequence[Axis]) -> Lines:
    """`at0, at1, ..`: where a tap at a position meets the input, outside it for the padding."""
    lines: Lines = []
    for axis, pair in enumerate(zip(positions, taps, strict=True)):
        text = _at(pair, (window.strides[axis], window.dilations[axis]))
        begin = window.begin()[axis]
        lines.append(f"const int at{axis} = {text}{f' - {begin}' if begin else ''};")
    return lines


def _inside(sizes: Shape, low: Shape | None = None, high: Shape | None = None) -> str:
    """The condition that `at0, at1, ..` lie in the input, made larger by `low` and `high`."""
    zeros = (0,) * len(sizes)
    bounds = zip(sizes, low or zeros, high or zeros, strict=True)
    return " && ".join(f"at{axis} >= {-b} && at{axis} < {n + e}" for axis, (n, b, e) in enumerate(bounds))


def _never_outside(sizes: Shape, window: Window, positions: Shape) -> bool:
    """Whether no tap ever meets the padding."""
    parts = zip(sizes, window.begin(), positions, window.strides, window.extent(), strict=True)
    return all(b == 0 and (n - 1) * s + e <= size for size, b, n, s, e in parts)


def _guarded(condition: str | None, body: Lines) -> Lines:
    return body if condition is None else [f"if ({condition}) {{", *(f"  {line}" for line in body), "}"]


def _element(value: SSAValue) -> tuple[str, str]:
    """The C++ type of an element and its zero."""
    return ("double", "0.0") if is_float(value.type) else ("std::int64_t", "0")


class _Images:
    """What convolutions and pools share: axes and index texts of an image `(N, C, *spatial)`."""

    def __init__(self, values: CppValues, x: SSAValue, positions: Shape, kernel: Shape):
        self.array, self.shape = values.array(x), shape_of(x)
        self.spatial = self.shape[2:]
        self.strides = row_major(self.shape)
        self.frames: Axis = ("n", self.shape[0])
        self.positions = _axes("p", positions)
        self.taps = _axes("k", kernel)

    def at(self, channel: str | None, places: Sequence[Axis] | None = None) -> str:
        """The element of a channel (nothing: the only one), by default where the current tap lies."""
        places = [(f"at{axis}", 2) for axis in range(len(self.spatial))] if places is None else places
        axes: list[Axis] = [self.frames, (channel or "", 2 if channel else 1), *places]
        return f"{self.array}[{_at(axes, self.strides)}]"


def _channel(groups: int, inner: int) -> str | None:
    """The input channel of a product, with `first` that of the group."""
    if groups == 1:
        return "c" if inner > 1 else None
    return "(first + c)" if inner > 1 else "first"


def _products(element: str, zero: str, inner: int, total: str, product: str) -> Lines:
    """The products of one tap added up over the input channels, then to `total`: the order of the interpreter."""
    if inner == 1:
        return [f"{total} += {product};"]
    channels = loops([("c", inner)], [f"part += {product};"])
    return [f"{element} part = {zero};", *channels, f"{total} += part;"]


def _conv(op: qnn.ConvOp, values: CppValues, name: str) -> Lines:
    window, result, w = op.window(), shape_of(op.result), shape_of(op.w)
    image = _Images(values, op.x, result[2:], w[2:])
    element, zero = _element(op.result)
    groups, inner, pad = op.group.value.data, w[1], op.pad_value.value.data
    outer: list[Axis] = [image.frames, ("o", w[0]), *image.positions]
    weight = f"{values.array(op.w)}[{_at([('o', w[0]), ('c', inner), *image.taps], row_major(w))}]"
    x, inside = image.at(_channel(groups, inner)), _inside(image.spatial)
    padded = not _never_outside(image.spatial, window, result[2:])
    if pad and padded:
        x = f"({inside} ? {x} : {pad})"
    tap = _products(element, zero, inner, "sum", f"{x} * {weight}")
    body = [*_places(window, image.positions, image.taps), *_guarded(inside if padded and not pad else None, tap)]
    bias = "" if op.bias is None else f" + {values.array(op.bias)}[{_at([('o', w[0])], [1])}]"
    return loops(
        outer,
        [
            *([f"const int first = o / {w[0] // groups} * {inner};"] if groups > 1 else []),
            f"{element} sum = {zero};",
            *loops(image.taps, body),
            f"{name}[{_at(outer, row_major(result))}] = sum{bias};",
        ],
    )


def _conv_transpose(op: qnn.ConvTransposeOp, values: CppValues, name: str) -> Lines:
    window, result, w = op.window(), shape_of(op.result), shape_of(op.w)
    image = _Images(values, op.x, shape_of(op.x)[2:], w[2:])
    element, zero = _element(op.result)
    groups = op.group.value.data
    inner, channel = w[0] // groups, _channel(groups, w[0] // groups)
    own: Axis = ("own" if groups > 1 else "o", w[1])
    weight_axes: list[Axis] = [(channel or "", 2 if channel else 1), own, *image.taps]
    weight = f"{values.array(op.w)}[{_at(weight_axes, row_major(w))}]"
    x = image.at(channel, image.positions)
    target_axes: list[Axis] = [image.frames, ("o", result[1]), *((f"at{a}", 2) for a in range(len(result) - 2))]
    target = f"{name}[{_at(target_axes, row_major(result))}]"
    start = [f"const int first = o / {w[1]} * {inner};"] if groups > 1 else []
    start += [f"const int own = o % {w[1]};"] if groups > 1 and w[1] > 1 else []
    body = [*start, *_products(element, zero, inner, target, f"{x} * {weight}")]
    within = [*_places(window, image.positions, image.taps), *_guarded(_inside(result[2:]), body)]
    return [
        *loops([*image.taps, image.frames, ("o", result[1]), *image.positions], within),
        *([] if op.bias is None else _add_bias(op, values, name, result)),
    ]


def _add_bias(op: qnn.ConvTransposeOp, values: CppValues, name: str, result: Shape) -> Lines:
    assert op.bias is not None
    nest = Nest(result)
    bias = nest.element(View(values.array(op.bias), (0, 1, *(0,) * (len(result) - 2))))
    return nest.print([f"{nest.element(View(name, row_major(result)))} += {bias};"])


def _pool(op: Any, values: CppValues, name: str, start: Lines, tap: Callable[[str], Lines], result: str) -> Lines:
    """A pool: `start`, then `tap(element)` for every tap inside the input, then `result`."""
    shape, window = shape_of(op.result), op.window()
    image = _Images(values, op.x, shape[2:], window.kernel)
    outer: list[Axis] = [image.frames, ("c", shape[1]), *image.positions]
    inside = None if _never_outside(image.spatial, window, shape[2:]) else _inside(image.spatial)
    body = [
        *_places(window, image.positions, image.taps),
        *_guarded(inside, tap(image.at("c" if shape[1] > 1 else None))),
    ]
    if inside is not None and isinstance(op, qnn.AveragePoolOp) and op.count_include_pad.value.data:
        body.append(f"if ({_inside(image.spatial, window.begin(), window.end())}) ++size;")
    target = f"{name}[{_at(outer, row_major(shape))}]"
    return loops(outer, [*start, *loops(image.taps, body), f"{target} = {result};"])


def _average_pool(op: qnn.AveragePoolOp, values: CppValues, name: str) -> Lines:
    window, positions = op.window(), shape_of(op.result)[2:]
    start = ["double sum = 0.0;", "int size = 0;"]
    padded = bool(op.count_include_pad.value.data) and not _never_outside(shape_of(op.x)[2:], window, positions)
    counted = [] if padded else ["++size;"]
    return _pool(op, values, name, start, lambda x: [f"sum += {x};", *counted], "sum / size")


def _max_pool(op: qnn.MaxPoolOp, values: CppValues, name: str) -> Lines:
    if is_float(op.result.type):
        helper = values.helper("maximum")
        return _pool(op, values, name, ["double best = -infinity;"], lambda x: [f"best = {helper}(best, {x});"], "best")
    start = [f"std::int64_t best = {literal(-(1 << 63))};"]
    return _pool(op, values, name, start, lambda x: [f"best = std::max(best, {x});"], "best")


def _sum_pool(op: qnn.SumPoolOp, values: CppValues, name: str) -> Lines:
    return _pool(op, values, name, ["std::int64_t sum = 0;"], lambda x: [f"sum += {x};"], "sum")


WINDOWS: dict[type[Operation], Callable[[Any, CppValues, str], Lines]] = {
    qnn.ConvOp: _conv,
    qnn.ConvTransposeOp: _conv_transpose,
    qnn.AveragePoolOp: _average_pool,
    qnn.MaxPoolOp: _max_pool,
    qnn.SumPoolOp: _sum_pool,
}
