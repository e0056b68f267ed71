"""Graphs of random quantised CNNs under construction: tensors, weights, activations and quantisers."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from networks import DOMAIN, EPSILON, ROUNDINGS, Choose
from onnx import TensorProto, helper, numpy_helper

LARGEST = 700
"""Elements of a tensor; what would be larger is not drawn."""

GELU_DIVISOR = float(np.float32(np.sqrt(2.0)))

OFF_GRID = "pads with zero, which is no integer of its input's scale and bias"
BETWEEN_POSITIONS = frozenset(
    {"whose function differs between positions", "whose scale differs between positions", "with scales per channel"}
)


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

    def like(self, name: str, shape: Sequence[int]) -> "Tensor":
        """The same numbers elsewhere."""
        return Tensor(name, tuple(int(n) for n in shape), self.unit, self.amp)


@dataclass
class Builder:
    """
    The graph under construction; `tensors` are the quantised ones that may be read.

    `odd` allows scales that are no powers of two; `smooth` becomes true where float32 rounds. `refusals` are parts of
    the errors that the compiler may answer with because of what has been drawn.
    """

    choose: Choose
    rng: np.random.Generator
    odd: bool
    qcdq: bool
    smooth: bool = False
    refusals: set[str] = field(default_factory=set[str])
    nodes: list[Any] = field(default_factory=list)
    constants: list[TensorProto] = field(default_factory=list)
    tensors: list[Tensor] = field(default_factory=list)

    def constant(self, array: Any, type_: Any = np.float32) -> str:
        name = f"const_{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(array, type_), name))
        return name

    def emit(self, op: str, *inputs: str, domain: str = "", **attributes: Any) -> str:
        return self.emit_all(op, *inputs, outputs=1, domain=domain, **attributes)[0]

    def emit_all(self, op: str, *inputs: str, outputs: int, domain: str = "", **attributes: Any) -> list[str]:
        """A node with several outputs."""
        name = f"{op}_{len(self.nodes)}"
        names = [f"{name}_out{i or ''}" for i in range(outputs)]
        self.nodes.append(helper.make_node(op, inputs, names, name, domain=domain, **attributes))
        return names

    def scale(self, target: float) -> float:
        """A positive scale around `target`."""
        value = target * self.rng.uniform(0.6, 1.7)
        return float(np.float32(value)) if self.odd else float(2.0 ** np.rint(np.log2(value)))

    def some(self, spatial: int, lo: int, hi: int) -> list[int]:
        return [self.choose.integer(lo, hi) for _ in range(spatial)]

    def add(self, tensor: Tensor) -> Tensor:
        self.tensors.append(tensor)
        return tensor

    # --- quantisers ---------------------------------------------------------------------------------------------------

    def quantise(self, name: str, shape: tuple[int, ...], amp: float) -> Tensor:
        """An activation quantiser; what it makes may be read by others."""
        kind = self.choose.one_of(("quant", "quant", "quant", "bipolar", "multi_threshold"))
        if kind == "bipolar" and not self.qcdq:
            unit = self.scale(amp / 2)
            y = self.emit("BipolarQuant", name, self.constant(unit), domain=DOMAIN)
            return self.add(Tensor(y, shape, unit, unit))
        if kind == "multi_threshold" and not self.qcdq:
            return self._multi_threshold(name, shape, amp)
        bits, signed = self.choose.integer(2, 6), self.choose.one_of((True, False))
        largest = (1 << bits - signed) - 1
        unit = self.scale(0.7 * amp / largest)
        zero = self.choose.one_of((0, 0, 0, 1, -1)) if not (self.qcdq and not signed) else self.choose.one_of((0, 0, 2))
        if self.qcdq:
            y = self._qcdq(name, unit, zero, bits, signed)
        else:
            y = self._quant(name, self._per_channel(unit, shape), zero, bits, signed)
        return self.add(Tensor(y, shape, unit, unit * largest / 2))

    def _per_channel(self, unit: float, shape: tuple[int, ...]) -> Any:
        """One scale, or one for each channel."""
        if not self.choose.one_of((False, False, False, True)):
            return unit
        self.refusals |= BETWEEN_POSITIONS  # once a transposition has made positions of the channels
        return unit * 2.0 ** self.rng.integers(0, 2, (1, shape[1], *[1] * (len(shape) - 2)))

    def _multi_threshold(self, name: str, shape: tuple[int, ...], amp: float) -> Tensor:
        """Unequal steps, per channel or not."""
        steps, rows = self.choose.integer(1, 7), self.choose.one_of((1, shape[1]))
        grid = amp / 16 if self.odd else float(2.0 ** np.rint(np.log2(amp / 16)))
        thresholds = np.sort(np.rint(self.rng.uniform(-18, 18, (rows, steps))) * grid, axis=1)
        unit, offset = self.scale(2 * amp / steps), self.choose.integer(-steps, 0)
        if self.odd and offset:
            self.refusals.add(OFF_GRID)  # float32 has no such multiple of the unit
        layout = {3: "NCW", 4: "NCHW"}[len(shape)]
        y = self.emit("MultiThreshold", name, self.constant(thresholds), domain=DOMAIN, out_dtype="INT8",
                      out_scale=unit, out_bias=offset * unit, data_layout=layout)  # fmt: skip
        return self.add(Tensor(y, shape, unit, unit * steps / 2))

    def _quant(self, name: str, unit: Any, zero: int, bits: int, signed: bool) -> str:
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

    # --- activations --------------------------------------------------------------------------------------------------

    def activated(self, name: str, shape: tuple[int, ...], amp: float, grid: float) -> Tensor:
        """Bias, normalisation and activation in front of a quantiser; `grid` divides all values."""
        if self.choose.one_of((False, True)):
            name = self.emit("Add", name, self.constant(self._over(shape, self.offsets(shape[1], amp, grid))))
        if self.choose.one_of((False, True)):
            name = self._normalised(name, shape[1], amp, grid)
        kind = self.choose.one_of(tuple(ACTIVATIONS))
        bounded = kind in ("Sigmoid", "Tanh", "HardSigmoid")
        return self.quantise(self._activation(kind, name, shape, amp, grid), shape, 1.0 if bounded else amp)

    def _over(self, shape: Sequence[int], values: np.ndarray) -> np.ndarray:
        """A value per channel, to be broadcast."""
        return values.reshape(-1, *[1] * (len(shape) - 2))

    def offsets(self, channels: int, amp: float, grid: float) -> np.ndarray:
        values = self.rng.uniform(-amp / 3, amp / 3, channels)
        return values if self.odd else np.rint(values * 2 / grid) * grid / 2

    def _normalised(self, name: str, channels: int, amp: float, grid: float) -> str:
        """Batch normalisation; falling in some channels, any factor in an odd network."""
        gamma, variance = self.rng.choice((-1.0, 1.0), channels), np.full(channels, 1 - EPSILON)
        if self.odd:
            gamma, variance = gamma * self.rng.uniform(0.5, 1.5, channels), self.rng.uniform(0.5, 1.5, channels)
        offsets = self.offsets(channels, amp, grid), self.offsets(channels, amp, grid)
        return self.emit("BatchNormalization", name, *map(self.constant, (gamma, *offsets, variance)), epsilon=EPSILON)

    def _activation(self, kind: str, name: str, shape: tuple[int, ...], amp: float, grid: float) -> str:
        self.smooth |= ACTIVATIONS[kind]
        if kind == "none":
            return name
        if kind == "LeakyRelu":
            return self.emit(kind, name, alpha=0.25)
        if kind == "PRelu":
            slopes = self.rng.choice((0.5, 0.25, -0.5), shape[1])
            return self.emit(kind, name, self.constant(self._over(shape, slopes)))
        if kind == "Clip":
            low, high = -float(abs(self.offsets(1, amp, grid)[0])), float(abs(self.offsets(1, amp, grid)[0])) + grid
            return self.emit(kind, name, self.constant(low), self.constant(high))
        if kind == "silu":
            return self.emit("Mul", name, self.emit("Sigmoid", name))
        if kind == "gelu":
            inner = self.emit("Erf", self.emit("Div", name, self.constant(GELU_DIVISOR)))
            outer = self.emit("Mul", name, self.emit("Add", inner, self.constant(1.0)))
            return self.emit("Mul", outer, self.constant(0.5))
        if kind == "HardSigmoid":
            return self.emit(kind, name, alpha=0.25, beta=0.5)
        return self.emit(kind, name)


ACTIVATIONS = {
    "none": False, "Relu": False, "LeakyRelu": False, "Clip": False, "PRelu": False, "HardSigmoid": False,
    "Sigmoid": True, "silu": True, "Tanh": True, "HardSwish": True, "gelu": True,
}  # fmt: skip
"""Functions in front of a quantiser, and whether float32 rounds them."""
