"""
Elementwise operators as formulas: written once, spelled in Python and in C++.

They are the formulas of the interpreter, operation for operation and in the same order, so that float64 results agree
to the last bit wherever the two languages round alike (everything but transcendental functions).
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from xdsl.ir import Operation, SSAValue

from qnn_ir.constants import location_name, to_numpy, type_range
from qnn_ir.dialects import qnn
from qnn_ir.dialects.qnn import Function, Rounding, integer_type
from qnn_ir.emit.text import quoted


class Spelling(ABC):
    """How one language writes the parts of a formula; one object per operation."""

    @abstractmethod
    def value(self, value: SSAValue) -> str:
        """The element of an operand, broadcast to the result."""

    @abstractmethod
    def along(self, value: SSAValue, axis: int) -> str:
        """The element of a parameter with one entry, or with one per position of `axis`."""

    @abstractmethod
    def parameter(self, array: NDArray[Any], wish: str) -> str:
        """The element of a property, broadcast to the result."""

    @abstractmethod
    def call(self, function: str, *arguments: str) -> str:
        """A function of NumPy or of the helpers."""

    @abstractmethod
    def where(self, condition: str, yes: str, no: str) -> str:
        """`yes` where the condition holds, else `no`."""

    @abstractmethod
    def let(self, name: str, text: str) -> str:
        """A name for a part that is used more than once."""

    @abstractmethod
    def number(self, value: float) -> str:
        """A literal."""

    @abstractmethod
    def whole(self, text: str) -> str:
        """A real number that is whole, as an integer."""

    @abstractmethod
    def real(self, text: str) -> str:
        """An integer as a real number."""

    @abstractmethod
    def to_integer(self, x: str, scale: str, bias: str, bounds: tuple[int, int], node: str) -> str:
        """`qnn.to_integer`, with its checks; `node` is a string literal."""

    @abstractmethod
    def count_reached(self, op: qnn.MultiThresholdOp) -> str:
        """How many thresholds the element has reached."""

    @abstractmethod
    def map(self, op: qnn.MapOp) -> str:
        """`qnn.map`."""


Formula: TypeAlias = Callable[[Any, Spelling], str]

_ROUNDINGS = {
    Rounding.HALF_EVEN: "rint",
    Rounding.CEIL: "ceil",
    Rounding.FLOOR: "floor",
    Rounding.DOWN: "trunc",
    Rounding.UP: "round_up",
    Rounding.HALF_UP: "round_half_up",
    Rounding.HALF_DOWN: "round_half_down",
}


def _plus(text: str, term: str) -> str:
    # adding zero changes at most the sign of a zero
    return text if term in ("0.0", "0") else f"{text} + {term}"


def _minus(text: str, term: str) -> str:
    return text if term in ("0.0", "0") else f"({text} - {term})"


def _clip(s: Spelling, text: str, lo: float, hi: float) -> str:
    if math.isinf(lo) and math.isinf(hi):
        return text
    if math.isinf(hi):
        return s.call("maximum", text, s.number(lo))
    if math.isinf(lo):
        return s.call("minimum", text, s.number(hi))
    return s.call("clip", text, s.number(lo), s.number(hi))


def _quant(op: qnn.QuantOp, s: Spelling) -> str:
    x, scale, zero = s.value(op.x), s.value(op.scale), s.value(op.zero)
    y = _plus(f"{x} / {scale}", zero)
    if op.bits.value.data == 1 and op.signed.value.data:
        q = s.where(f"{y} >= 0", "1.0", "-1.0")
    else:
        q = s.call(_ROUNDINGS[op.rounding.data], _clip(s, y, *op.bounds()))
    return f"{_minus(q, zero)} * {scale}"


def _bipolar_quant(op: qnn.BipolarQuantOp, s: Spelling) -> str:
    return f"{s.where(f'{s.value(op.x)} >= 0', '1.0', '-1.0')} * {s.value(op.scale)}"


def _trunc(op: qnn.TruncOp, s: Spelling) -> str:
    x, scale, zero = s.value(op.x), s.value(op.scale), s.value(op.zero)
    q = s.call("rint", _plus(f"{x} / {scale}", zero))
    rounding = _ROUNDINGS[op.rounding.data]
    if op.out_scale is None:
        step = s.number(2.0 ** (op.in_bits.value.data - op.out_bits.value.data))
        return f"{_minus(s.call(rounding, f'{q} / {step}'), zero)} * {scale}"
    out_scale = s.value(op.out_scale)
    step = s.let("step", s.call("exp2", s.call("rint", s.call("log2", f"{out_scale} / {scale}"))))
    rounded = s.call(rounding, _clip(s, f"{q} / {step}", *op.bounds()))
    return f"{rounded if zero == '0.0' else f'({rounded} - {zero} / {step})'} * {out_scale}"


def _multi_threshold(op: qnn.MultiThresholdOp, s: Spelling) -> str:
    scaled = f"{s.number(op.out_scale.value.data)} * {s.count_reached(op)}"
    return _plus(scaled, s.number(op.out_bias.value.data))


def _quantize_linear(op: qnn.QuantizeLinearOp, s: Spelling) -> str:
    axis = op.axis.value.data
    x, scale, zero = s.value(op.x), s.along(op.scale, axis), s.along(op.zero, axis)
    q = _plus(s.call("rint", f"{x} / {scale}"), zero)
    clipped = s.call("clip", q, s.number(float(op.lo.value.data)), s.number(float(op.hi.value.data)))
    return clipped if integer_type(op.result.type) is None else s.whole(clipped)


def _dequantize_linear(op: qnn.DequantizeLinearOp, s: Spelling) -> str:
    axis = op.axis.value.data
    q, scale, zero = s.value(op.q), s.along(op.scale, axis), s.along(op.zero, axis)
    return f"{_minus(q, zero)} * {scale}"


def _float_quant(op: qnn.FloatQuantOp, s: Spelling) -> str:
    scale = s.value(op.scale)
    v = s.let("v", f"{s.value(op.x)} / {scale}")
    mantissa, limit = op.mantissa_bits.value.data, op.max_value.value.data
    least = 1.0 - op.exponent_bias.value.data - mantissa
    step = s.let("step", s.call("minifloat_step", v, s.number(mantissa), s.number(least)))
    rounded = s.call(_ROUNDINGS[op.rounding.data], f"{v} / {step}")
    return f"{s.call('clip', f'{step} * {rounded}', s.number(-limit), s.number(limit))} * {scale}"


def _batch_norm(op: qnn.BatchNormOp, s: Spelling) -> str:
    scale, bias, mean, var = (s.along(value, 1) for value in (op.scale, op.bias, op.mean, op.var))
    deviation = s.call("sqrt", f"{var} + {s.number(op.epsilon.value.data)}")
    factor = s.let("factor", f"{scale} / {deviation}")
    return f"{factor} * ({s.value(op.x)} - {mean}) + {bias}"


def _binary(sign: str) -> Formula:
    return lambda op, s: f"{s.value(op.a)} {sign} {s.value(op.b)}"


def _scaled_add(op: qnn.ScaledAddOp, s: Spelling) -> str:
    ma, mb = s.number(op.ma.value.data), s.number(op.mb.value.data)
    return f"{ma} * {s.value(op.a)} + {mb} * {s.value(op.b)}"


def _leaky_relu(op: qnn.LeakyReluOp, s: Spelling) -> str:
    x = s.value(op.x)
    return s.where(f"{x} >= 0", x, f"{s.number(op.alpha.value.data)} * {x}")


def _prelu(op: qnn.PReluOp, s: Spelling) -> str:
    x = s.value(op.x)
    return s.where(f"{x} >= 0", x, f"{s.value(op.slope)} * {x}")


def _to_integer(op: qnn.ToIntegerOp, s: Spelling) -> str:
    scale, bias = (s.parameter(p, wish) for p, wish in zip(_per_element(op), ("scale", "bias"), strict=True))
    element = integer_type(op.result.type)
    assert element is not None
    return s.to_integer(s.value(op.x), scale, bias, type_range(element), quoted(location_name(op)))


def _to_real(op: qnn.ToRealOp, s: Spelling) -> str:
    scale, bias = (s.parameter(p, wish) for p, wish in zip(_per_element(op), ("scale", "bias"), strict=True))
    return _plus(f"{scale} * {s.real(s.value(op.x))}", bias)


def _per_element(op: qnn.ToIntegerOp | qnn.ToRealOp) -> tuple[NDArray[Any], NDArray[Any]]:
    """Scale and bias of every element, broadcastable."""
    groups = to_numpy(op.groups)
    return np.asarray(to_numpy(op.scale)[groups]), np.asarray(to_numpy(op.bias)[groups])


Unary: TypeAlias = Callable[[Spelling, str, tuple[float, ...]], str]


def _plain(function: str) -> Unary:
    return lambda s, x, p: s.call(function, x)


def _elu(s: Spelling, x: str, alpha: float) -> str:
    return s.where(f"{x} > 0", x, f"{s.number(alpha)} * {s.call('expm1', x)}")


def _celu(s: Spelling, x: str, p: tuple[float, ...]) -> str:
    alpha = s.number(p[0])
    negative = f"{alpha} * {s.call('expm1', f'{x} / {alpha}')}"
    return f"{s.call('maximum', x, '0.0')} + {s.call('minimum', '0.0', negative)}"


def _gelu_tanh(s: Spelling, x: str, p: tuple[float, ...]) -> str:
    inner = f"{math.sqrt(2.0 / math.pi)!r} * ({x} + 0.044715 * {s.call('power', x, '3.0')})"
    return f"0.5 * {x} * (1.0 + {s.call('tanh', inner)})"


UNARY: dict[Function, Unary] = {
    **{
        function: _plain(name)
        for function, name in {
            Function.ABS: "abs",
            Function.CEIL: "ceil",
            Function.ERF: "erf",
            Function.EXP: "exp",
            Function.FLOOR: "floor",
            Function.LOG: "log",
            Function.ROUND: "rint",
            Function.SIGMOID: "sigmoid",
            Function.SIGN: "sign",
            Function.SOFTPLUS: "softplus",
            Function.SQRT: "sqrt",
            Function.TANH: "tanh",
        }.items()
    },
    Function.CELU: _celu,
    Function.ELU: lambda s, x, p: _elu(s, x, p[0]),
    Function.GELU: lambda s, x, p: f"0.5 * {x} * (1.0 + {s.call('erf', f'{x} / {math.sqrt(2.0)!r}')})",
    Function.GELU_TANH: _gelu_tanh,
    Function.HARD_SIGMOID: lambda s, x, p: _clip(s, f"{s.number(p[0])} * {x} + {s.number(p[1])}", 0.0, 1.0),
    Function.HARD_SWISH: lambda s, x, p: f"{x} * {_clip(s, f'{x} / 6.0 + 0.5', 0.0, 1.0)}",
    Function.MISH: lambda s, x, p: f"{x} * {s.call('tanh', s.call('softplus', x))}",
    Function.NEG: lambda s, x, p: f"-({x})" if x.startswith("-") else f"-{x}",
    Function.RECIPROCAL: lambda s, x, p: f"1.0 / {x}",
    Function.SELU: lambda s, x, p: f"{s.number(p[1])} * {_elu(s, x, p[0])}",
    Function.SILU: lambda s, x, p: f"{x} * {s.call('sigmoid', x)}",
    Function.SOFTSIGN: lambda s, x, p: f"{x} / (1.0 + {s.call('abs', x)})",
    Function.THRESHOLDED_RELU: lambda s, x, p: s.where(f"{x} > {s.number(p[0])}", x, "0.0"),
}

FORMULAS: dict[type[Operation], Formula] = {
    qnn.QuantOp: _quant,
    qnn.BipolarQuantOp: _bipolar_quant,
    qnn.TruncOp: _trunc,
    qnn.MultiThresholdOp: _multi_threshold,
    qnn.QuantizeLinearOp: _quantize_linear,
    qnn.DequantizeLinearOp: _dequantize_linear,
    qnn.FloatQuantOp: _float_quant,
    qnn.BatchNormOp: _batch_norm,
    qnn.AddOp: _binary("+"),
    qnn.SubOp: _binary("-"),
    qnn.MulOp: _binary("*"),
    qnn.DivOp: _binary("/"),
    qnn.ReluOp: lambda op, s: s.call("maximum", s.value(op.x), "0.0"),
    qnn.LeakyReluOp: _leaky_relu,
    qnn.PReluOp: _prelu,
    qnn.ClipOp: lambda op, s: _clip(s, s.value(op.x), op.min.value.data, op.max.value.data),
    qnn.UnaryOp: lambda op, s: UNARY[op.fn.data](s, s.value(op.x), op.parameters()),
    qnn.ScaledAddOp: _scaled_add,
    qnn.MapOp: lambda op, s: s.map(op),
    qnn.ToIntegerOp: _to_integer,
    qnn.ToRealOp: _to_real,
}
