"""
Random small quantised MLPs as QONNX models: one description, drawn from a seed or by hypothesis.

`draw_network` decides everything through a `Choose`; `build` turns the description into a `ModelProto`. Weights,
scales and test inputs come from the seed in the description, sized so that every quantiser sees values inside and
outside its range. In a `dyadic` network all constants are small multiples of powers of two: ties are frequent and
float32 executors are exact, so even they must agree everywhere.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

import numpy as np
from hypothesis import strategies as st
from onnx import ModelProto, TensorProto, checker, helper, numpy_helper

T = TypeVar("T")
DOMAIN = "qonnx.custom_op.general"
ROUNDINGS = ("ROUND", "HALF_EVEN", "CEIL", "FLOOR", "UP", "DOWN", "HALF_UP", "HALF_DOWN")
EPSILON = 2.0**-10


class Choose(Protocol):
    """The only source of decisions in `draw_network`."""

    def integer(self, lo: int, hi: int) -> int: ...
    def one_of(self, options: Sequence[T]) -> T: ...


class SeededChoose:
    """Decisions from a pseudo-random generator."""

    def __init__(self, seed: int):
        self.rng = np.random.default_rng(seed)

    def integer(self, lo: int, hi: int) -> int:
        return int(self.rng.integers(lo, hi + 1))

    def one_of(self, options: Sequence[T]) -> T:
        return options[self.integer(0, len(options) - 1)]


class DrawnChoose:
    """Decisions that hypothesis makes and shrinks: earlier options are the simpler ones."""

    def __init__(self, draw: Callable[[Any], Any]):
        self.draw = draw

    def integer(self, lo: int, hi: int) -> int:
        return self.draw(st.integers(lo, hi))

    def one_of(self, options: Sequence[T]) -> T:
        return self.draw(st.sampled_from(options))


@dataclass(frozen=True)
class Quantiser:
    """`kind`: quant, bipolar or multi_threshold (2^bits - 1 thresholds, `unequal` steps, per channel or not)."""

    kind: str
    bits: int
    signed: bool = True
    narrow: bool = False
    rounding: str = "ROUND"
    zero_point: int = 0
    per_channel: bool = False

    @property
    def bounds(self) -> tuple[int, int]:
        """The integers of the quantiser, as QONNX defines them."""
        if self.kind == "bipolar" or (self.bits == 1 and self.signed):
            return -1, 1
        if self.signed:
            return -(1 << self.bits - 1) + self.narrow, (1 << self.bits - 1) - 1
        return 0, (1 << self.bits) - 1 - self.narrow


@dataclass(frozen=True)
class Layer:
    """`out = activation(norm(x W + bias))`, then a quantiser unless it is the last layer and has none."""

    outputs: int
    weights: Quantiser
    bias: bool
    norm: str
    activation: str
    quantiser: Quantiser | None


@dataclass(frozen=True)
class Network:
    """An MLP over `vectors` vectors of `features` values per frame; `head` is none, top_k or arg_max."""

    seed: int
    dyadic: bool
    vectors: int
    features: int
    input: Quantiser
    layers: tuple[Layer, ...]
    head: str
    k: int

    @property
    def input_shape(self) -> tuple[int, ...]:
        return (1, self.features) if self.vectors == 1 else (1, self.vectors, self.features)

    def frames(self, count: int) -> np.ndarray:
        """`count` inputs, float32 `(count, *input_shape)`, most of them inside the range of the input quantiser."""
        rng = np.random.default_rng([self.seed, 1])
        lo, hi = self.input.bounds
        reach = max(abs(lo - self.input.zero_point), abs(hi - self.input.zero_point)) * _input_scale(self)
        values = rng.uniform(-1.2, 1.2, (count, *self.input_shape)) * reach
        if self.dyadic:
            values = np.rint(values * 4 / _input_scale(self)) * _input_scale(self) / 4
        return values.astype(np.float32)


def _input_scale(network: Network) -> float:
    return 0.125 if network.dyadic else float(np.float32(0.1))


def _draw_quantiser(choose: Choose, kinds: Sequence[str], most_bits: int = 8) -> Quantiser:
    kind = choose.one_of(kinds)
    if kind == "bipolar":
        return Quantiser("bipolar", 1)
    if kind == "multi_threshold":
        return Quantiser(kind, choose.integer(1, min(4, most_bits)), signed=choose.one_of((False, True)),
                         per_channel=choose.one_of((False, True)))  # fmt: skip
    bits, signed = choose.integer(1, most_bits), choose.one_of((True, False))
    narrow = bits > 1 and choose.one_of((False, True))
    zero_point = choose.integer(-3, 3) if bits > 2 and choose.one_of((False, False, True)) else 0
    return Quantiser(kind, bits, signed, narrow, choose.one_of(ROUNDINGS), zero_point)


def _draw_layer(choose: Choose, last: bool, vectors: int, head: str) -> Layer:
    weights = _draw_quantiser(choose, ("quant", "quant", "bipolar"))
    norms = ("none", "affine", "sub_div") if vectors > 1 else ("none", "batch_norm", "batch_norm", "affine", "sub_div")
    quantiser = _draw_quantiser(choose, ("quant", "quant", "bipolar", "multi_threshold"))
    if last and choose.one_of((True, False)):
        quantiser = None
    ordered = quantiser is None and head != "none"  # an order of real numbers that are no integers is refused
    return Layer(
        outputs=choose.integer(1, 10),
        weights=Quantiser(weights.kind, weights.bits, weights.signed, weights.narrow, weights.rounding,
                          weights.zero_point, choose.one_of((False, True))),
        bias=choose.one_of((False, True)),
        norm=choose.one_of(norms),
        activation="none" if ordered else choose.one_of(("none", "none", "relu", "clip")),
        quantiser=quantiser,
    )  # fmt: skip


def draw_network(choose: Choose) -> Network:
    """A random network of one to three layers; every choice goes through `choose`."""
    vectors, count = choose.one_of((1, 1, 1, 2, 3)), choose.integer(1, 3)
    head = choose.one_of(("none", "none", "top_k", "arg_max"))
    layers = tuple(_draw_layer(choose, i == count - 1, vectors, head) for i in range(count))
    return Network(
        seed=choose.integer(0, 2**31 - 1),
        dyadic=choose.one_of((True, False)),
        vectors=vectors,
        features=choose.integer(1, 12),
        input=_draw_quantiser(choose, ("quant", "quant", "bipolar")),
        layers=layers,
        head=head,
        k=choose.integer(1, layers[-1].outputs),
    )


def random_network(seed: int) -> Network:
    """The network of `seed`, always the same."""
    return draw_network(SeededChoose(seed))


networks: st.SearchStrategy[Network] = st.composite(lambda draw: draw_network(DrawnChoose(draw)))()


@dataclass
class _Builder:
    """The graph under construction: `value` is the current tensor, `amp` the size of its values, `grid` their unit."""

    network: Network
    rng: np.random.Generator
    nodes: list[Any] = field(default_factory=list)
    constants: list[TensorProto] = field(default_factory=list)
    value: str = "input"
    amp: float = 1.0
    grid: float = 1.0

    def constant(self, array: Any) -> str:
        name = f"const_{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(array, np.float32), name))
        return name

    def emit(self, op: str, *inputs: str, domain: str = "", outputs: int = 1, **attributes: Any) -> str:
        name = f"{op}_{len(self.nodes)}"
        names = [f"{name}_out{i}" for i in range(outputs)]
        self.nodes.append(helper.make_node(op, inputs, names, name, domain=domain, **attributes))
        return names[-1]

    def scale(self, target: float, shape: tuple[int, ...] = ()) -> np.ndarray:
        """Positive scales around `target`: powers of two in a dyadic network."""
        scales = target * self.rng.uniform(0.6, 1.7, shape)
        return (2.0 ** np.rint(np.log2(scales)) if self.network.dyadic else scales).astype(np.float32)

    def offsets(self, spread: float, shape: tuple[int, ...]) -> np.ndarray:
        """Additive constants up to `spread`: multiples of a quarter of the grid in a dyadic network."""
        values = self.rng.uniform(-spread, spread, shape)
        return (np.rint(values * 4 / self.grid) * self.grid / 4 if self.network.dyadic else values).astype(np.float32)


def _quant(b: _Builder, x: str, q: Quantiser, scale: np.ndarray) -> str:
    if q.kind == "bipolar":
        return b.emit("BipolarQuant", x, b.constant(scale), domain=DOMAIN)
    inputs = (x, b.constant(scale), b.constant(float(q.zero_point)), b.constant(float(q.bits)))
    return b.emit("Quant", *inputs, domain=DOMAIN, signed=int(q.signed), narrow=int(q.narrow), rounding_mode=q.rounding)


def _multi_threshold(b: _Builder, q: Quantiser, channels: int) -> None:
    rows = channels if q.per_channel else 1
    thresholds = np.sort(b.offsets(b.amp * 1.2, (rows, (1 << q.bits) - 1)), axis=1)
    b.grid = float(b.scale(1.0))
    bias = -(1 << q.bits - 1) * b.grid if q.signed else 0.0
    layout = "NC" if b.network.vectors == 1 else "NWC"
    b.value = b.emit("MultiThreshold", b.value, b.constant(thresholds), domain=DOMAIN, out_dtype=f"INT{q.bits + 1}",
                     out_scale=b.grid, out_bias=bias, data_layout=layout)  # fmt: skip
    b.amp = b.grid * (1 << q.bits) / 2


def _activation_quantiser(b: _Builder, q: Quantiser, channels: int) -> None:
    if q.kind == "multi_threshold":
        return _multi_threshold(b, q, channels)
    reach = max(abs(bound - q.zero_point) for bound in q.bounds)
    scale = b.scale(b.amp / reach)
    b.value = _quant(b, b.value, q, scale)
    b.grid, b.amp = float(scale), float(scale) * reach / 2
    return None


def _linear(b: _Builder, layer: Layer, features: int) -> None:
    lo, hi = layer.weights.bounds
    reach = max(abs(lo - layer.weights.zero_point), abs(hi - layer.weights.zero_point))
    unit = b.scale(0.5 / reach)
    scale = unit * (2.0 ** b.rng.integers(-1, 2, (1, layer.outputs))) if layer.weights.per_channel else unit
    weights = b.rng.uniform(-1.1, 1.1, (features, layer.outputs)) * scale * reach
    weight = _quant(b, b.constant(weights), layer.weights, np.asarray(scale))
    b.value = b.emit("MatMul", b.value, weight)
    b.amp *= float(np.sqrt(features)) * 0.3
    b.grid *= float(np.min(scale))
    if layer.bias:
        b.value = b.emit("Add", b.value, b.constant(b.offsets(b.amp / 4, (layer.outputs,))))


def _norm(b: _Builder, layer: Layer) -> None:
    shape = (layer.outputs,)
    signs = b.rng.choice((-1.0, 1.0), shape)
    if layer.norm == "batch_norm":
        mean = b.offsets(b.amp / 4, shape)
        variance = 4.0 ** np.rint(np.log2(b.scale(b.amp, shape))) - EPSILON
        if not b.network.dyadic:
            variance = (b.amp * b.rng.uniform(0.5, 1.5, shape)) ** 2
        gamma = b.scale(1.0, shape) * signs
        b.grid, b.amp = b.grid / float(np.sqrt(variance.max() + EPSILON)) / 2, 1.0
        parameters = (gamma, b.offsets(0.3, shape), mean, np.maximum(variance, 0.0))
        b.value = b.emit("BatchNormalization", b.value, *map(b.constant, parameters), epsilon=EPSILON)
    elif layer.norm == "affine":
        b.value = b.emit("Mul", b.value, b.constant(b.scale(1.0, shape) * signs))
        b.grid /= 2
        b.value = b.emit("Add", b.constant(b.offsets(b.amp / 4, shape)), b.value)
    elif layer.norm == "sub_div":
        b.value = b.emit("Sub", b.value, b.constant(b.offsets(b.amp / 4, shape)))
        divisor = b.scale(b.amp, shape)
        b.value = b.emit("Div", b.value, b.constant(divisor * signs))
        b.grid, b.amp = b.grid / float(divisor.max()), 1.0


def _activation(b: _Builder, layer: Layer) -> None:
    if layer.activation == "relu":
        b.value = b.emit("Relu", b.value)
    elif layer.activation == "clip":
        low, high = -abs(b.offsets(b.amp, ())), abs(b.offsets(b.amp, ()))
        b.value = b.emit("Clip", b.value, b.constant(low), b.constant(high))


def _head(b: _Builder) -> tuple[str, int, tuple[int, ...]]:
    """The output of the graph: its name, its ONNX type and its shape."""
    network = b.network
    shape = (*network.input_shape[:-1], network.layers[-1].outputs)
    if network.head == "top_k":
        b.constants.append(numpy_helper.from_array(np.array([network.k], np.int64), "k"))
        indices = b.emit("TopK", b.value, "k", outputs=2, axis=-1, largest=1, sorted=1)
        return indices, TensorProto.INT64, (*shape[:-1], network.k)
    if network.head == "arg_max":
        return b.emit("ArgMax", b.value, axis=-1, keepdims=0), TensorProto.INT64, shape[:-1]
    return b.value, TensorProto.FLOAT, shape


def build(network: Network) -> ModelProto:
    """The QONNX model of `network`: one input `input`, one output, opset 17."""
    b = _Builder(network, np.random.default_rng([network.seed, 0]))
    scale = np.float32(_input_scale(network))
    lo, hi = network.input.bounds
    b.value = _quant(b, b.value, network.input, np.asarray(scale))
    b.grid, b.amp = float(scale), float(scale) * max(-lo, hi) / 2
    features = network.features
    for layer in network.layers:
        _linear(b, layer, features)
        _norm(b, layer)
        _activation(b, layer)
        if layer.quantiser:
            _activation_quantiser(b, layer.quantiser, layer.outputs)
        features = layer.outputs
    name, element, shape = _head(b)
    source = helper.make_tensor_value_info("input", TensorProto.FLOAT, network.input_shape)
    target = helper.make_tensor_value_info(name, element, shape)
    graph = helper.make_graph(b.nodes, "mlp", [source], [target], b.constants)
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid(DOMAIN, 1)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=8)
    checker.check_model(model)
    return model
