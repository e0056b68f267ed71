"""
Random small quantised convolutional networks as QONNX or QCDQ models, one or two dimensions, drawn from a seed or by
hypothesis.

Every structural decision goes through a `Choose`; weights and parameters come from a seed that is drawn too. All
scales are powers of two unless a network is `odd`: then ties are frequent and float64 is exact, so every executor has
to agree. `OPERATIONS` at the end lists what a network is made of.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from hypothesis import strategies as st
from networks import DOMAIN, EPSILON, ROUNDINGS, Choose, DrawnChoose, SeededChoose
from onnx import ModelProto, TensorProto, checker, helper, numpy_helper

LARGEST = 700
"""Elements of a tensor; what would be larger is not drawn."""


@dataclass(frozen=True)
class Tensor:
    """A tensor of the graph under construction: its shape, its unit where it is quantised, and how large it is."""

    name: str
    shape: tuple[int, ...]
    unit: float
    amp: float

    @property
    def spatial(self) -> tuple[int, ...]:
        return self.shape[2:]


@dataclass
class Cnn:
    """A model, and what it takes to run it."""

    model: ModelProto
    input_shape: tuple[int, ...]
    scale: float
    odd: bool
    seed: int

    def frames(self, count: int) -> np.ndarray:
        """`count` inputs, float32 `(count, *input_shape)`, multiples of a quarter of the input's unit."""
        rng = np.random.default_rng([self.seed, 1])
        values = rng.integers(-40, 41, (count, *self.input_shape)) * self.scale / 4
        return values.astype(np.float32)


@dataclass
class Builder:
    """The graph under construction; `tensors` are the quantised ones that may be read."""

    choose: Choose
    rng: np.random.Generator
    odd: bool
    qcdq: bool
    nodes: list[Any] = field(default_factory=list)
    constants: list[TensorProto] = field(default_factory=list)
    tensors: list[Tensor] = field(default_factory=list)

    def constant(self, array: Any, type_: Any = np.float32) -> str:
        name = f"const_{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(array, type_), name))
        return name

    def emit(self, op: str, *inputs: str, domain: str = "", **attributes: Any) -> str:
        name = f"{op}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, inputs, [f"{name}_out"], name, domain=domain, **attributes))
        return f"{name}_out"

    def scale(self, target: float) -> float:
        """A positive scale around `target`."""
        value = target * self.rng.uniform(0.6, 1.7)
        return float(np.float32(value)) if self.odd else float(2.0 ** np.rint(np.log2(value)))

    def some(self, spatial: int, lo: int, hi: int) -> list[int]:
        return [self.choose.integer(lo, hi) for _ in range(spatial)]

    def quantise(self, name: str, shape: tuple[int, ...], amp: float) -> Tensor:
        """An activation quantiser; what it makes may be read by others."""
        kind = self.choose.one_of(("quant", "quant", "quant", "bipolar"))
        if kind == "bipolar" and not self.qcdq:
            unit = self.scale(amp / 2)
            y = self.emit("BipolarQuant", name, self.constant(unit), domain=DOMAIN)
            return self.add(Tensor(y, shape, unit, unit))
        bits, signed = self.choose.integer(2, 6), self.choose.one_of((True, False))
        largest = (1 << bits - signed) - 1
        unit = self.scale(1.5 * amp / largest)
        zero = self.choose.one_of((0, 0, 0, 1, -1)) if not (self.qcdq and not signed) else self.choose.one_of((0, 0, 2))
        y = self._qcdq(name, unit, zero, bits, signed) if self.qcdq else self._quant(name, unit, zero, bits, signed)
        return self.add(Tensor(y, shape, unit, unit * largest / 2))

    def add(self, tensor: Tensor) -> Tensor:
        self.tensors.append(tensor)
        return tensor

    def _quant(self, name: str, unit: float, zero: int, bits: int, signed: bool) -> str:
        parameters = (self.constant(unit), self.constant(float(zero)), self.constant(float(bits)))
        rounding = self.choose.one_of(ROUNDINGS)
        return self.emit(
            "Quant", name, *parameters, domain=DOMAIN, signed=int(signed), narrow=0, rounding_mode=rounding
        )

    def _qcdq(self, name: str, unit: float, zero: int, bits: int, signed: bool) -> str:
        type_ = np.int8 if signed else np.uint8
        parameters = self.constant(unit), self.constant(zero, type_)
        y = self.emit("QuantizeLinear", name, *parameters)
        lo, hi = (-(1 << bits - 1), (1 << bits - 1) - 1) if signed else (0, (1 << bits) - 1)
        y = self.emit("Clip", y, self.constant(lo, type_), self.constant(hi, type_))
        return self.emit("DequantizeLinear", y, *parameters)

    def weights(self, shape: tuple[int, ...], axis: int) -> tuple[str, float]:
        """Quantised weights, one scale for all or one per output channel on `axis`; and their unit."""
        bits = self.choose.integer(2, 4)
        largest = (1 << bits - 1) - 1
        unit = self.scale(0.5 / largest)
        per_channel = self.choose.one_of((False, True))
        kind = self.choose.one_of(("quant", "quant", "bipolar"))
        sizes = [shape[a] if a == axis and per_channel else 1 for a in range(len(shape))]
        scale = unit * 2.0 ** self.rng.integers(0, 2, sizes)
        values = self.rng.uniform(-1.1, 1.1, shape) * unit * largest
        if self.qcdq:
            stored = np.clip(np.rint(values / scale), -largest, largest)
            if not stored.any():
                stored.flat[0] = 1
            axes: dict[str, Any] = {"axis": axis} if per_channel else {}
            zeros = np.zeros(scale.size if per_channel else (), np.int8)
            parameters = self.constant(scale.ravel() if per_channel else scale.item()), self.constant(zeros, np.int8)
            return self.emit("DequantizeLinear", self.constant(stored, np.int8), *parameters, **axes), unit
        values.flat[0] = unit * largest
        if kind == "bipolar":
            scale = scale if per_channel else scale.reshape(())
            return self.emit("BipolarQuant", self.constant(values), self.constant(scale), domain=DOMAIN), unit
        parameters = self.constant(scale), self.constant(0.0), self.constant(float(bits))
        flags: dict[str, Any] = {"signed": 1, "narrow": 0, "rounding_mode": "ROUND"}
        return self.emit("Quant", self.constant(values), *parameters, domain=DOMAIN, **flags), unit

    def activated(self, name: str, shape: tuple[int, ...], amp: float, grid: float) -> Tensor:
        """Bias, normalisation and activation in front of a quantiser; `grid` divides all values."""
        ones = (1,) * (len(shape) - 2)
        channels = shape[1]

        def offsets() -> np.ndarray:
            values = self.rng.uniform(-amp / 3, amp / 3, channels)
            return values if self.odd else np.rint(values * 2 / grid) * grid / 2

        if self.choose.one_of((False, True)):
            name = self.emit("Add", name, self.constant(offsets().reshape(channels, *ones)))
        if self.choose.one_of((False, True)):
            sign = self.rng.choice((-1.0, 1.0), channels)
            parameters = sign, offsets(), offsets(), np.full(channels, 1 - EPSILON)
            name = self.emit("BatchNormalization", name, *map(self.constant, parameters), epsilon=EPSILON)
        kinds = ("none", "Relu", "LeakyRelu", "Clip", "PRelu", "Sigmoid", "silu", "Tanh", "HardSigmoid")
        kind = self.choose.one_of(kinds)
        if kind == "LeakyRelu":
            name = self.emit("LeakyRelu", name, alpha=0.25)
        elif kind == "PRelu":
            slopes = self.rng.choice((0.5, 0.25, -0.5), channels).reshape(channels, *ones)
            name = self.emit("PRelu", name, self.constant(slopes))
        elif kind == "Clip":
            low, high = -float(abs(offsets()[0])), float(abs(offsets()[0])) + grid
            name = self.emit("Clip", name, self.constant(low), self.constant(high))
        elif kind == "silu":
            name = self.emit("Mul", name, self.emit("Sigmoid", name))
        elif kind == "HardSigmoid":
            name = self.emit(kind, name, alpha=0.25, beta=0.5)
        elif kind != "none":
            name = self.emit(kind, name)
        smooth = kind in ("Sigmoid", "Tanh", "HardSigmoid")
        return self.quantise(name, shape, 1.0 if smooth else amp)


def _fits(shape: Sequence[int]) -> bool:
    return min(shape) >= 1 and int(np.prod(shape)) <= LARGEST


def _window(b: Builder, x: Tensor, kernel: Sequence[int], dilations: Sequence[int], most: int) -> dict[str, Any] | None:
    """Strides and pads for a window, None where it does not fit."""
    rank = len(x.spatial)
    strides, pads = b.some(rank, 1, 2), b.some(2 * rank, 0, most)
    extents = [d * (k - 1) + 1 for k, d in zip(kernel, dilations, strict=True)]
    pads = [min(p, e - 1) for p, e in zip(pads, extents * 2, strict=True)]
    room = [n + pads[i] + pads[rank + i] - e for i, (n, e) in enumerate(zip(x.spatial, extents, strict=True))]
    return None if min(room) < 0 else {"strides": strides, "pads": pads}


def _positions(x: Tensor, kernel: Sequence[int], dilations: Sequence[int], window: dict[str, Any]) -> list[int]:
    rank, pads = len(x.spatial), window["pads"]
    ends = zip(x.spatial, pads[:rank], pads[rank:], kernel, dilations, window["strides"], strict=True)
    return [(n + p + q - d * (k - 1) - 1) // s + 1 for n, p, q, k, d, s in ends]


def conv(b: Builder, x: Tensor) -> Tensor | None:
    """Dense, grouped or depthwise (with a multiplier) convolution."""
    rank, channels = len(x.spatial), x.shape[1]
    group = b.choose.one_of([g for g in range(1, channels + 1) if channels % g == 0])
    outputs = group * b.choose.integer(1, max(1, 6 // group))
    kernel, dilations = b.some(rank, 1, 3), b.some(rank, 1, 2)
    window = _window(b, x, kernel, dilations, 2)
    if window is None:
        return None
    shape = (1, outputs, *_positions(x, kernel, dilations, window))
    w, unit = b.weights((outputs, channels // group, *kernel), 0)
    y = b.emit("Conv", x.name, w, group=group, kernel_shape=kernel, dilations=dilations, **window)
    taps = channels // group * int(np.prod(kernel))
    return b.activated(y, shape, x.amp * 0.5 * np.sqrt(taps), x.unit * unit)


def conv_transpose(b: Builder, x: Tensor) -> Tensor | None:
    """Transposed convolution of any stride, padding, output padding and group."""
    rank, channels = len(x.spatial), x.shape[1]
    group = b.choose.one_of([g for g in range(1, channels + 1) if channels % g == 0])
    outputs = b.choose.integer(1, 3)
    kernel, strides, dilations = b.some(rank, 1, 3), b.some(rank, 1, 3), b.some(rank, 1, 2)
    pads = [min(p, k - 1) for p, k in zip(b.some(2 * rank, 0, 1), kernel * 2, strict=True)]
    extra = [min(e, s - 1) for e, s in zip(b.some(rank, 0, 1), strides, strict=True)]
    axes = zip(x.spatial, kernel, strides, dilations, pads[:rank], pads[rank:], extra, strict=True)
    shape = (1, outputs * group, *((n - 1) * s + d * (k - 1) + 1 - p - q + e for n, k, s, d, p, q, e in axes))
    if not _fits(shape):
        return None
    w, unit = b.weights((channels, outputs, *kernel), 1)
    y = b.emit("ConvTranspose", x.name, w, group=group, kernel_shape=kernel, dilations=dilations, strides=strides,
               pads=pads, output_padding=extra)  # fmt: skip
    return b.activated(y, shape, x.amp * 0.5 * np.sqrt(channels), x.unit * unit)


def max_pool(b: Builder, x: Tensor) -> Tensor | None:
    """Overlapping, padded, dilated, with windows that stick out."""
    rank = len(x.spatial)
    kernel, dilations = b.some(rank, 1, 3), b.some(rank, 1, 2)
    window = _window(b, x, kernel, dilations, 1)
    if window is None:
        return None
    window["pads"] = [min(p, k - 1) for p, k in zip(window["pads"], kernel * 2, strict=True)]
    ceil = b.choose.integer(0, 1)
    y = b.emit("MaxPool", x.name, kernel_shape=kernel, dilations=dilations, ceil_mode=ceil, **window)
    shape = [*x.shape[:2]]
    for i, n in enumerate(x.spatial):
        room = n + window["pads"][i] + window["pads"][rank + i] - dilations[i] * (kernel[i] - 1) - 1
        stride = window["strides"][i]
        shape.append((room + (stride - 1) * ceil) // stride + 1)
        if room < 0 or (shape[-1] - 1) * stride >= n + window["pads"][i]:
            return None  # executors differ where a window would begin behind the input
    return b.add(Tensor(y, tuple(int(n) for n in shape), x.unit, x.amp))


def average_pool(b: Builder, x: Tensor) -> Tensor | None:
    """Mean of a power of two of elements (so that float64 is exact), or of all."""
    rank = len(x.spatial)
    if b.odd and b.choose.one_of((False, True)):
        return b.quantise(b.emit("GlobalAveragePool", x.name), (*x.shape[:2], *(1,) * rank), x.amp / 2)
    kernel = [b.choose.one_of((1, 2, 4)) for _ in range(rank)]
    window = _window(b, x, kernel, [1] * rank, 1)
    if window is None:
        return None
    y = b.emit("AveragePool", x.name, kernel_shape=kernel, count_include_pad=1, **window)
    return b.quantise(y, (*x.shape[:2], *_positions(x, kernel, [1] * rank, window)), x.amp / 2)


def add(b: Builder, x: Tensor) -> Tensor | None:
    """Sum or difference with a tensor of the same shape, or of one pixel."""
    others = [t for t in b.tensors if t.shape == x.shape or (t.shape[:2] == x.shape[:2] and max(t.spatial) == 1)]
    other = b.choose.one_of(others or [x])
    y = b.emit(b.choose.one_of(("Add", "Sub")), x.name, other.name)
    return b.activated(y, x.shape, x.amp + other.amp, min(x.unit, other.unit))


def mul(b: Builder, x: Tensor) -> Tensor | None:
    """Product with a tensor of the same shape, or a gate of one pixel."""
    others = [t for t in b.tensors if t.shape == x.shape or (t.shape[:2] == x.shape[:2] and max(t.spatial) == 1)]
    other = b.choose.one_of(others or [x])
    return b.activated(b.emit("Mul", x.name, other.name), x.shape, x.amp * other.amp, x.unit * other.unit)


def concat(b: Builder, x: Tensor) -> Tensor | None:
    """Along the channels mostly, with tensors that fit."""
    axis = b.choose.one_of((1, 1, 2, len(x.shape) - 1))
    rest = x.shape[:axis] + x.shape[axis + 1 :]
    others = [t for t in b.tensors if len(t.shape) == len(x.shape) and t.shape[:axis] + t.shape[axis + 1 :] == rest]
    parts = [x, *(b.choose.one_of(others) for _ in range(b.choose.integer(1, 2)))]
    shape = (*x.shape[:axis], sum(t.shape[axis] for t in parts), *x.shape[axis + 1 :])
    if not _fits(shape) or len({t.unit for t in parts}) > 2:
        return None
    y = b.emit("Concat", *(t.name for t in parts), axis=axis)
    return b.quantise(y, shape, max(t.amp for t in parts))


def resize(b: Builder, x: Tensor) -> Tensor | None:
    """Nearest neighbours, a factor for each spatial axis."""
    factors = b.some(len(x.spatial), 1, 3)
    shape = (*x.shape[:2], *(n * f for n, f in zip(x.spatial, factors, strict=True)))
    if not _fits(shape):
        return None
    scales = b.constant([1.0, 1.0, *factors])
    y = b.emit("Resize", x.name, "", scales, mode="nearest", coordinate_transformation_mode="asymmetric",
               nearest_mode="floor")  # fmt: skip
    return b.add(Tensor(y, shape, x.unit, x.amp))


def depth_to_space(b: Builder, x: Tensor) -> Tensor | None:
    """Channels to pixels, both modes."""
    if len(x.shape) != 4 or x.shape[1] % 4:
        return None
    y = b.emit("DepthToSpace", x.name, blocksize=2, mode=b.choose.one_of(("DCR", "CRD")))
    return b.add(Tensor(y, (1, x.shape[1] // 4, *(2 * n for n in x.spatial)), x.unit, x.amp))


def cut(b: Builder, x: Tensor) -> Tensor | None:
    """A slice of one axis, forwards or backwards."""
    axis = b.choose.integer(1, len(x.shape) - 1)
    start, step = b.choose.integer(0, x.shape[axis] - 1), b.choose.one_of((1, 1, 2, -1))
    end = -(x.shape[axis] + 1) if step < 0 else b.choose.integer(start + 1, x.shape[axis])
    kept = len(range(*slice(start, None if step < 0 else end, step).indices(x.shape[axis])))
    arguments = (b.constant([v], np.int64) for v in (start, end, axis, step))
    y = b.emit("Slice", x.name, *arguments)
    return b.add(Tensor(y, (*x.shape[:axis], kept, *x.shape[axis + 1 :]), x.unit, x.amp))


def gather(b: Builder, x: Tensor) -> Tensor | None:
    """Any positions of one axis."""
    axis = b.choose.integer(1, len(x.shape) - 1)
    indices = [b.choose.integer(-x.shape[axis], x.shape[axis] - 1) for _ in range(b.choose.integer(1, 4))]
    y = b.emit("Gather", x.name, b.constant(indices, np.int64), axis=axis)
    return b.add(Tensor(y, (*x.shape[:axis], len(indices), *x.shape[axis + 1 :]), x.unit, x.amp))


def transpose(b: Builder, x: Tensor) -> Tensor | None:
    """Any order of the axes behind the first."""
    perm = [0, *b.choose.one_of([(2, 1, 3), (1, 3, 2), (3, 2, 1), (2, 3, 1)] if len(x.shape) == 4 else [(2, 1)])]
    y = b.emit("Transpose", x.name, perm=perm)
    return b.add(Tensor(y, tuple(x.shape[p] for p in perm), x.unit, x.amp))


def shuffle(b: Builder, x: Tensor) -> Tensor | None:
    """Channel shuffle of two groups."""
    if x.shape[1] % 2:
        return None
    split = (1, 2, x.shape[1] // 2, *x.spatial)
    y = b.emit("Reshape", x.name, b.constant(split, np.int64))
    y = b.emit("Transpose", y, perm=[0, 2, 1, *range(3, len(split))])
    y = b.emit("Reshape", y, b.constant(x.shape, np.int64))
    return b.add(Tensor(y, x.shape, x.unit, x.amp))


def pad(b: Builder, x: Tensor) -> Tensor | None:
    """Zeros around every axis behind the first."""
    ends = [0, *b.some(len(x.shape) - 1, 0, 1), 0, *b.some(len(x.shape) - 1, 0, 2)]
    shape = tuple(n + p + q for n, p, q in zip(x.shape, ends[: len(x.shape)], ends[len(x.shape) :], strict=True))
    if not _fits(shape) or shape == x.shape:
        return None
    y = b.emit("Pad", x.name, b.constant(ends, np.int64), b.constant(0.0))
    return b.quantise(y, shape, x.amp)


Operation = Callable[[Builder, Tensor], Tensor | None]

OPERATIONS: tuple[Operation, ...] = (
    conv, conv, conv, conv_transpose, max_pool, average_pool, add, mul, concat, resize, depth_to_space, cut, gather,
    transpose, shuffle, pad,
)  # fmt: skip
"""What a network is made of; an operation that does not fit gives None."""


def _head(b: Builder, x: Tensor) -> tuple[str, int, tuple[int, ...] | None]:
    """The output: its name, its ONNX type and its shape."""
    kind = b.choose.one_of(("none", "matmul", "arg_max", "flatten"))
    if kind == "arg_max":
        return b.emit("ArgMax", x.name, axis=1, keepdims=1), TensorProto.INT64, (1, 1, *x.spatial)
    if kind == "none":
        return x.name, TensorProto.FLOAT, x.shape
    flat = b.emit("Flatten", x.name, axis=1)
    size = int(np.prod(x.shape))
    if kind == "flatten":
        return flat, TensorProto.FLOAT, (1, size)
    w, _ = b.weights((size, 3), 1)
    return b.emit("MatMul", flat, w), TensorProto.FLOAT, (1, 3)


def draw_cnn(choose: Choose, operations: Sequence[Operation] = OPERATIONS) -> Cnn:
    """A random network of one to five operations."""
    seed = choose.integer(0, 2**31 - 1)
    odd, qcdq = choose.one_of((False, False, True)), choose.one_of((False, True))
    b = Builder(choose, np.random.default_rng([seed, 0]), odd, qcdq)
    rank = choose.one_of((2, 2, 1))
    shape = (1, choose.integer(1, 4), *(choose.integer(3, 6) for _ in range(rank)))
    source = b.quantise("input", shape, 8.0)
    for _ in range(choose.integer(1, 5)):
        x = choose.one_of(b.tensors[-2:])
        choose.one_of(operations)(b, x)
    name, element, result = _head(b, b.tensors[-1])
    scale = source.unit
    model = _model(b, shape, name, element, result)
    return Cnn(model, shape, scale, odd, seed)


def _model(b: Builder, shape: tuple[int, ...], name: str, element: int, result: tuple[int, ...] | None) -> ModelProto:
    source = helper.make_tensor_value_info("input", TensorProto.FLOAT, shape)
    target = helper.make_tensor_value_info(name, element, result)
    graph = helper.make_graph(b.nodes, "cnn", [source], [target], b.constants)
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid(DOMAIN, 1)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=8)
    checker.check_model(model)
    return model


def random_cnn(seed: int) -> Cnn:
    """The network of `seed`, always the same."""
    return draw_cnn(SeededChoose(seed))


cnns: st.SearchStrategy[Cnn] = st.composite(lambda draw: draw_cnn(DrawnChoose(draw)))()
