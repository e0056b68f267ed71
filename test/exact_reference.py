"""
What a model of `networks` or `cnn_networks` computes: in exact rationals, and by the QONNX executor in float32.

`evaluate_exactly` is the definition that the compiler promises to follow: real arithmetic on the constants of the
file. It also says where float32 may legitimately differ: a frame is *stable* when no decision of a quantiser (or of
the order in a top-k) lies within the noise of float32.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import exact_images
import exact_numbers
import numpy as np
from exact_images import MOVES, moved
from exact_numbers import Exact, each, fractions, largest, product
from onnx import ModelProto, NodeProto, helper, numpy_helper

NOISE = Fraction(1, 50_000)  # of the largest value of a tensor: about 200 units of float32


def _round_half(x: Fraction, away: bool) -> int:
    size = math.floor(abs(x) + Fraction(1, 2)) if away else math.ceil(abs(x) - Fraction(1, 2))
    return size if x >= 0 else -size


Attributes = dict[str, Any]
ROUND: dict[str, Callable[[Fraction], int]] = {
    "ROUND": round,
    "HALF_EVEN": round,
    "CEIL": math.ceil,
    "FLOOR": math.floor,
    "UP": lambda x: math.ceil(x) if x >= 0 else math.floor(x),
    "DOWN": math.trunc,
    "HALF_UP": lambda x: _round_half(x, True),
    "HALF_DOWN": lambda x: _round_half(x, False),
}


@dataclass
class ExactRun:
    """
    One frame through the graph: `values` by tensor name, `stable` false where float32 may decide otherwise.

    `stored` are the constants as they are in the file.
    """

    stored: dict[str, np.ndarray]
    values: dict[str, np.ndarray] = field(default_factory=dict)
    stable: bool = True

    def near(self, distance: np.ndarray, size: Fraction) -> None:
        """Notes that float32 decides by `distance` from a boundary among values of `size`."""
        if any(d <= NOISE * size for d in distance.ravel()):
            self.stable = False

    def node(self, node: NodeProto) -> None:
        inputs = [self.values[name] if name else None for name in node.input]
        a = {attribute.name: helper.get_attribute_value(attribute) for attribute in node.attribute}
        if node.op_type in MOVES:
            results = self._moved(node, inputs)
        elif node.op_type in IMAGES:
            results = [IMAGES[node.op_type](a, *inputs)]
        else:
            last = self.stored.get(node.input[-1])
            a["element"] = None if last is None else last.dtype
            results = [OPERATORS[node.op_type](self, a, *inputs)]
        for name, result in zip(reversed(node.output), reversed(results), strict=False):  # of a top-k: the indices
            self.values[name] = result

    def _moved(self, node: NodeProto, inputs: list[Any]) -> list[Exact]:
        count, names = MOVES[node.op_type] or len(inputs), list(node.input)
        fill = Fraction(0)
        if node.op_type == "Pad":
            fill, names = inputs[2].item(), names[:2]
        return moved(node, inputs[:count], [self.stored.get(name) for name in names[count:]], fill)


def _quant(run: ExactRun, a: Attributes, x: Exact, scale: Exact, zero: Exact, bits: Exact) -> Exact:
    width = int(bits)
    y = x / scale + zero
    if width == 1 and a["signed"]:
        return (_sign(run, y) - zero) * scale
    lo = -(1 << width - 1) + a["narrow"] if a["signed"] else 0
    hi = (1 << width - 1) - 1 if a["signed"] else (1 << width) - 1 - a["narrow"]
    return (_rounded(run, y, a["rounding_mode"].decode(), lo, hi) - zero) * scale


def _rounded(run: ExactRun, y: Exact, mode: str, lo: int, hi: int) -> Exact:
    half = Fraction(1, 2) if mode.startswith(("ROUND", "HALF")) else Fraction(0)
    inside = np.array([v for v in y.ravel() if lo - 1 <= v <= hi + 1], object)
    run.near(each(lambda v: abs(v - half - round(v - half)), inside), max(Fraction(1), largest(inside)))
    return each(lambda v: Fraction(ROUND[mode](min(max(v, lo), hi))), y)


def _quantize_linear(run: ExactRun, a: Attributes, x: Exact, scale: Exact, zero: Exact) -> Exact:
    """The zero point is added after rounding."""
    kind, shift = np.iinfo(a["element"]), zero.item()
    return _rounded(run, x / scale, "ROUND", kind.min - int(shift), kind.max - int(shift)) + zero


def _dequantize_linear(run: ExactRun, a: Attributes, x: Exact, scale: Exact, zero: Exact) -> Exact:
    shape = [-1 if axis == a.get("axis", 1) and scale.ndim else 1 for axis in range(x.ndim)]
    return (x - zero.reshape(shape)) * scale.reshape(shape)


def _trunc(run: ExactRun, a: Attributes, x: Exact, scale: Exact, zero: Exact, bits: Exact, kept: Exact) -> Exact:
    """Version 1: the input's integers, their lowest bits cut off; the scale stays."""
    integers = each(lambda v: Fraction(round(v)), x / scale + zero)
    cut = ROUND[a["rounding_mode"].decode()]
    return (each(lambda v: Fraction(cut(v / 2 ** int(bits - kept))), integers) - zero) * scale


def _sign(run: ExactRun, x: Exact) -> Exact:
    run.near(abs(x), largest(x))
    return each(lambda v: Fraction(1 if v >= 0 else -1), x)


def _multi_threshold(run: ExactRun, a: Attributes, x: Exact, thresholds: Exact) -> Exact:
    axis = a["data_layout"].decode().index("C")
    rows = thresholds.reshape(*[-1 if i == axis else 1 for i in range(x.ndim)], thresholds.shape[-1])
    distance = x[..., None] - rows
    run.near(abs(distance), largest(x))
    count = np.sum(each(lambda d: Fraction(int(d >= 0)), distance), axis=-1)
    return Fraction(a["out_scale"]) * count + Fraction(a["out_bias"])


def _batch_norm(run: ExactRun, a: Attributes, x: Any, gamma: Any, beta: Any, mean: Any, variance: Any) -> Any:
    shape = (-1, *[1] * (x.ndim - 2)) if x.ndim > 2 else (-1,)
    factor = each(lambda g, v: g / exact_numbers.root(v + Fraction(a["epsilon"])), gamma, variance)
    return factor.reshape(shape) * (x - mean.reshape(shape)) + beta.reshape(shape)


def _clip(run: ExactRun, a: Attributes, x: Exact, low: Exact, high: Exact) -> Exact:
    return each(lambda v: min(max(v, low.item()), high.item()), x)


def _best(run: ExactRun, x: Exact, k: int, axis: int) -> np.ndarray:
    """The indices of the `k` largest along an axis, the lower index first among equals."""
    x = np.moveaxis(x, axis, -1)
    rows = x.reshape(-1, x.shape[-1])
    result = np.array([sorted(range(len(row)), key=lambda i, row=row: (-row[i], i))[:k] for row in rows], np.int64)
    for row, best in zip(rows, result, strict=True):
        order = sorted(row, reverse=True)
        gaps = [order[i] - order[i + 1] for i in range(min(len(best), len(order) - 1))]
        run.near(np.array(gaps, object), largest(x))
    return np.moveaxis(result.reshape(*x.shape[:-1], k), -1, axis)


def _arg_max(run: ExactRun, a: Attributes, x: Exact) -> np.ndarray:
    axis = a.get("axis", 0)
    best = _best(run, x, 1, axis)
    return best if a.get("keepdims", 1) else np.squeeze(best, axis)


def _softly(function: Callable[[Fraction], Fraction]) -> Callable[..., Exact]:
    return lambda run, a, x: each(function, x)


def _hard_sigmoid(x: Exact, alpha: Fraction, beta: Fraction) -> Exact:
    return each(lambda v: min(max(alpha * v + beta, Fraction(0)), Fraction(1)), x)


OPERATORS: dict[str, Callable[..., Exact]] = {
    "Quant": _quant,
    "BipolarQuant": lambda run, a, x, scale: _sign(run, x) * scale,
    "MultiThreshold": _multi_threshold,
    "Trunc": _trunc,
    "QuantizeLinear": _quantize_linear,
    "DequantizeLinear": _dequantize_linear,
    "BatchNormalization": _batch_norm,
    "MatMul": lambda run, a, x, w: product(x, w),
    "Add": lambda run, a, x, y: x + y,
    "Sub": lambda run, a, x, y: x - y,
    "Mul": lambda run, a, x, y: x * y,
    "Div": lambda run, a, x, y: x / y,
    "Relu": lambda run, a, x: each(lambda v: max(v, Fraction(0)), x),
    "LeakyRelu": lambda run, a, x: each(lambda v: v if v >= 0 else Fraction(a["alpha"]) * v, x),
    "PRelu": lambda run, a, x, slope: each(lambda v, s: v if v >= 0 else s * v, x, slope),
    "HardSigmoid": lambda run, a, x: _hard_sigmoid(x, Fraction(a["alpha"]), Fraction(a["beta"])),
    "HardSwish": lambda run, a, x: x * _hard_sigmoid(x, Fraction(1, 6), Fraction(1, 2)),
    "Sigmoid": _softly(exact_numbers.sigmoid),
    "Tanh": _softly(exact_numbers.tanh),
    "Erf": _softly(exact_numbers.erf),
    "Clip": _clip,
    "TopK": lambda run, a, x, k: _best(run, x, int(k.item()), a.get("axis", -1)),
    "ArgMax": _arg_max,
}
IMAGES: dict[str, Callable[..., Exact]] = {
    "Conv": exact_images.conv,
    "ConvTranspose": exact_images.conv_transpose,
    "MaxPool": exact_images.max_pool,
    "AveragePool": exact_images.average_pool,
    "GlobalAveragePool": exact_images.global_average_pool,
    "GlobalMaxPool": exact_images.global_max_pool,
}
"""Operators without decisions of their own."""


def evaluate_exactly(model: ModelProto, frames: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """
    The output for every frame and whether float32 must agree on it.

    `frames` is float32 `(N, *input shape)`. The output is int64 for indices and float64 (each element the nearest
    to the exact result) otherwise, `(N, *output shape)`; the second result is bool `(N,)`.
    """
    stored = {c.name: numpy_helper.to_array(c) for c in model.graph.initializer}
    constants = {name: fractions(array) for name, array in stored.items()}
    outputs: list[np.ndarray] = []
    stable: list[bool] = []
    weights = ExactRun(stored, dict(constants))
    weight_nodes = [n for n in model.graph.node if n.input and all(i in constants for i in n.input)]
    for node in weight_nodes:
        weights.node(node)
    for frame in frames:
        run = ExactRun(stored, weights.values | {"input": fractions(frame)}, weights.stable)
        for node in model.graph.node:
            if node not in weight_nodes:
                run.node(node)
        result = run.values[model.graph.output[0].name]
        outputs.append(result if result.dtype == np.int64 else result.astype(np.float64))
        stable.append(run.stable)
    return np.stack(outputs), np.array(stable)


def evaluate_qonnx(model: ModelProto, frames: np.ndarray, output: str | None = None) -> np.ndarray:
    """An output (by default the first) of the QONNX executor for every frame, float32; shapes as `evaluate_exactly`."""
    from qonnx.core.modelwrapper import ModelWrapper
    from qonnx.core.onnx_exec import execute_onnx
    from qonnx.transformation.infer_shapes import InferShapes

    wrapper = ModelWrapper(model).transform(InferShapes())
    name, source = output or model.graph.output[0].name, model.graph.input[0].name
    return np.stack([execute_onnx(wrapper, {source: frame})[name] for frame in frames])
