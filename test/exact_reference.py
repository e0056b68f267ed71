"""
What a QONNX model of `networks.build` computes: in exact rationals, and by the QONNX executor in float32.

`evaluate_exactly` is the definition that the compiler promises to follow: real arithmetic on the constants of the
file. It also says where float32 may legitimately differ: a frame is *stable* when no decision of a quantiser (or of
the order in a top-k) lies within the noise of float32.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import mpmath
import numpy as np
from onnx import ModelProto, NodeProto, helper, numpy_helper

NOISE = Fraction(1, 50_000)  # of the largest value of a tensor: about 200 units of float32


def _fractions(array: Any) -> np.ndarray:
    array = np.asarray(array)
    return np.array([Fraction(v.item()) for v in array.ravel()], object).reshape(array.shape)


def _round_half(x: Fraction, away: bool) -> int:
    size = math.floor(abs(x) + Fraction(1, 2)) if away else math.ceil(abs(x) - Fraction(1, 2))
    return size if x >= 0 else -size


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


def _each(function: Callable[..., Any], *arrays: np.ndarray) -> np.ndarray:
    """`function` on every element; the result is an object array even for a single one."""
    return np.asarray(np.frompyfunc(function, len(arrays), 1)(*arrays), object)


def _largest(x: np.ndarray) -> Fraction:
    return max((abs(v) for v in x.ravel()), default=Fraction(0))


@dataclass
class ExactRun:
    """One frame through the graph: `values` by tensor name, `stable` false where float32 may decide otherwise."""

    values: dict[str, np.ndarray] = field(default_factory=dict)
    stable: bool = True

    def near(self, distance: np.ndarray, size: Fraction) -> None:
        """Notes that float32 decides by `distance` from a boundary among values of `size`."""
        if any(d <= NOISE * size for d in distance.ravel()):
            self.stable = False

    def node(self, node: NodeProto) -> None:
        inputs = [self.values[name] for name in node.input]
        attributes = {a.name: helper.get_attribute_value(a) for a in node.attribute}
        result = OPERATORS[node.op_type](self, attributes, *inputs)
        self.values[node.output[-1]] = result


def _quant(run: ExactRun, a: dict[str, Any], x: np.ndarray, scale: Any, zero: Any, bits: Any) -> np.ndarray:
    width = int(bits)
    y = x / scale + zero
    if width == 1 and a["signed"]:
        return (_sign(run, y) - zero) * scale
    lo = -(1 << width - 1) + a["narrow"] if a["signed"] else 0
    hi = (1 << width - 1) - 1 if a["signed"] else (1 << width) - 1 - a["narrow"]
    mode = a["rounding_mode"].decode()
    half = Fraction(1, 2) if mode.startswith(("ROUND", "HALF")) else Fraction(0)
    inside = np.array([v for v in y.ravel() if lo - 1 <= v <= hi + 1], object)
    run.near(_each(lambda v: abs(v - half - round(v - half)), inside), max(Fraction(1), _largest(inside)))
    clamped = _each(lambda v: min(max(v, Fraction(lo)), Fraction(hi)), y)
    return (_each(lambda v: Fraction(ROUND[mode](v)), clamped) - zero) * scale


def _sign(run: ExactRun, x: np.ndarray) -> np.ndarray:
    run.near(abs(x), _largest(x))
    return _each(lambda v: Fraction(1 if v >= 0 else -1), x)


def _multi_threshold(run: ExactRun, a: dict[str, Any], x: np.ndarray, thresholds: np.ndarray) -> np.ndarray:
    distance = x[..., None] - thresholds
    run.near(abs(distance), _largest(x))
    count = np.sum(_each(lambda d: Fraction(int(d >= 0)), distance), axis=-1)
    return Fraction(a["out_scale"]) * count + Fraction(a["out_bias"])


def _batch_norm(run: ExactRun, a: dict[str, Any], x: Any, gamma: Any, beta: Any, mean: Any, variance: Any) -> Any:
    def factor(g: Fraction, v: Fraction) -> Fraction:
        with mpmath.workprec(400):
            total = v + Fraction(a["epsilon"])
            root = mpmath.sqrt(mpmath.mpf(total.numerator) / mpmath.mpf(total.denominator))
            sign, mantissa, exponent, _ = root._mpf_
            exact = (-1) ** sign * int(mantissa) * Fraction(2) ** int(exponent)
        return g / exact

    return _each(factor, gamma, variance) * (x - mean) + beta


def _clip(run: ExactRun, a: dict[str, Any], x: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    return _each(lambda v: min(max(v, low.item()), high.item()), x)


def _best(run: ExactRun, x: np.ndarray, k: int) -> np.ndarray:
    """The indices of the `k` largest along the last axis, the lower index first among equals."""
    rows = x.reshape(-1, x.shape[-1])
    result = np.array([sorted(range(len(row)), key=lambda i, row=row: (-row[i], i))[:k] for row in rows], np.int64)
    for row, best in zip(rows, result, strict=True):
        order = sorted(row, reverse=True)
        gaps = [order[i] - order[i + 1] for i in range(min(len(best), len(order) - 1))]
        run.near(np.array(gaps, object), _largest(x))
    return result.reshape(*x.shape[:-1], k)


OPERATORS: dict[str, Callable[..., np.ndarray]] = {
    "Quant": _quant,
    "BipolarQuant": lambda run, a, x, scale: _sign(run, x) * scale,
    "MultiThreshold": _multi_threshold,
    "BatchNormalization": _batch_norm,
    "MatMul": lambda run, a, x, w: np.asarray(np.dot(x, w), object),
    "Add": lambda run, a, x, y: x + y,
    "Sub": lambda run, a, x, y: x - y,
    "Mul": lambda run, a, x, y: x * y,
    "Div": lambda run, a, x, y: x / y,
    "Relu": lambda run, a, x: _each(lambda v: max(v, Fraction(0)), x),
    "Clip": _clip,
    "TopK": lambda run, a, x, k: _best(run, x, int(k.item())),
    "ArgMax": lambda run, a, x: _best(run, x, 1)[..., 0],
}


def evaluate_exactly(model: ModelProto, frames: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """
    The output for every frame and whether float32 must agree on it.

    `frames` is float32 `(N, *input shape)`. The output is int64 for indices and float64 (each element the nearest
    to the exact result) otherwise, `(N, *output shape)`; the second result is bool `(N,)`.
    """
    constants = {c.name: _fractions(numpy_helper.to_array(c)) for c in model.graph.initializer}
    outputs: list[np.ndarray] = []
    stable: list[bool] = []
    weights = ExactRun(dict(constants))
    weight_nodes = [n for n in model.graph.node if all(i in constants for i in n.input)]
    for node in weight_nodes:
        weights.node(node)
    for frame in frames:
        run = ExactRun(dict(weights.values) | {"input": _fractions(frame)}, weights.stable)
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
