"""Values of host functions in Python: what they are called, and the constants that they need."""

import keyword
import textwrap
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from xdsl.ir import Operation, SSAValue

from qnn_ir import maps
from qnn_ir.dialects.qnn import shape_of
from qnn_ir.emit.cpp_names import Names
from qnn_ir.emit.host.formulas import Spelling
from qnn_ir.emit.host.network import constant_array, constant_name, uniform
from qnn_ir.emit.host.python_helpers import HELPER_NAMES

_INLINE = 16
"""Elements up to which a constant is written out."""
_TAKEN = """
np math product Any NDArray NamedTuple Array prologue epilogue pack_inputs unpack_outputs run INPUT_PORTS OUTPUT_PORTS
CONSTANTS inputs len list zip float int isinstance type object tuple
"""


def literal(value: float) -> str:
    """`value` in Python."""
    text = repr(value)
    return f"np.{text}" if text in ("inf", "nan") else "-np.inf" if text == "-inf" else text


@dataclass
class PythonValues:
    """
    The names of one file and the values that have one.

    A value that depends on an input is an array (N, *shape); one that does not (`constant`) has no frame axis and is
    computed once, when the file is imported.
    """

    names: Names = field(default_factory=Names)
    texts: dict[SSAValue, str] = field(default_factory=dict[SSAValue, str])
    constants: set[SSAValue] = field(default_factory=set[SSAValue])
    helpers: set[str] = field(default_factory=set[str])
    module: list[str] = field(default_factory=list[str])
    """Statements of the file itself."""
    statements: list[str] = field(default_factory=list[str])
    """What comes before the statement that is being printed."""
    stored: dict[str, NDArray[Any]] = field(default_factory=dict[str, NDArray[Any]])
    """What `constants.npz` holds."""

    def __post_init__(self) -> None:
        for word in (*_TAKEN.split(), *HELPER_NAMES, *keyword.kwlist):
            self.names.fresh(word)

    def array(self, value: SSAValue) -> str:
        """The array of a value; a `qnn.constant` is defined where it is used first."""
        if value not in self.texts:
            array = constant_array(value)
            assert array is not None
            self.texts[value] = self.define(array, constant_name(value))
        return self.texts[value]

    def define(self, array: NDArray[Any], wish: str) -> str:
        """The name of a constant array."""
        name = self.names.fresh(wish, "constant")
        if array.size <= _INLINE:
            text = f"{name} = np.array({_nested(array.tolist())}, np.{array.dtype})"
            self.module += textwrap.wrap(text, 116, subsequent_indent="    ", break_on_hyphens=False)
        else:
            self.stored[name] = array
            self.module.append(f'{name} = CONSTANTS["{name}"]')
        return name

    def helper(self, name: str) -> str:
        """The name of a function that the file brings along."""
        self.helpers.add(name)
        return name

    def let(self, name: str, text: str) -> str:
        """A name for a part of the next statement."""
        fresh = self.names.fresh(name)
        self.statements.append(f"{fresh} = {text}")
        return fresh

    def is_constant(self, value: SSAValue) -> bool:
        """Whether `value` has no frame axis."""
        return value in self.constants

    def depends(self, op: Operation) -> bool:
        """Whether `op` depends on an input."""
        return any(value not in self.constants for value in op.operands)


def _nested(value: Any) -> str:
    """Nested lists of numbers as a literal."""
    return f"[{', '.join(map(_nested, value))}]" if isinstance(value, list) else literal(value)  # pyright: ignore


_NUMPY = frozenset(
    [
        "rint",
        "ceil",
        "floor",
        "trunc",
        "abs",
        "sqrt",
        "exp",
        "log",
        "log2",
        "exp2",
        "expm1",
        "tanh",
        "sign",
        "power",
        "maximum",
        "minimum",
        "clip",
    ]
)


class PythonSpelling(Spelling):
    """NumPy on arrays of all frames."""

    def __init__(self, values: PythonValues, op: Operation):
        self.values, self.op = values, op
        self.shape = shape_of(op.results[0])
        self.framed = values.depends(op)
        arrays = [v for v in op.operands if uniform(constant_array(v)) is None]
        self.full = any(shape_of(v) == self.shape for v in arrays)
        """Some operand has the shape of the result, so that others may be single numbers."""

    def value(self, value: SSAValue) -> str:
        number, shape = uniform(constant_array(value)), shape_of(value)
        if number is not None and self.full:
            return literal(number)
        text = self.values.array(value)
        if self.values.is_constant(value) or len(shape) == len(self.shape):
            return text
        return f"{text}.reshape{(-1, *(1,) * (len(self.shape) - len(shape)), *shape)}"

    def along(self, value: SSAValue, axis: int) -> str:
        number, array = uniform(constant_array(value)), constant_array(value)
        if number is not None:
            return literal(number)
        shape = [1] * len(self.shape)
        shape[axis] = shape_of(value)[0] if shape_of(value) else 1
        shape = shape[axis % len(shape) :]  # leading ones broadcast by themselves
        if array is not None:
            return self.values.define(array.reshape(shape), constant_name(value))
        frames = () if self.values.is_constant(value) else (-1, *(1,) * (len(self.shape) - len(shape)))
        return f"{self.values.array(value)}.reshape{(*frames, *shape)}".replace(",)", ")")

    def parameter(self, array: NDArray[Any], wish: str) -> str:
        number = uniform(array)
        return self.values.define(array, wish) if number is None else literal(number)

    def call(self, function: str, *arguments: str) -> str:
        name = f"np.{function}" if function in _NUMPY else self.values.helper(function)
        return f"{name}({', '.join(arguments)})"

    def where(self, condition: str, yes: str, no: str) -> str:
        return f"np.where({condition}, {yes}, {no})"

    def let(self, name: str, text: str) -> str:
        return self.values.let(name, text)

    def number(self, value: float) -> str:
        return literal(value)

    def whole(self, text: str) -> str:
        return f"{text}.astype(np.int64)"

    def real(self, text: str) -> str:
        return text

    def to_integer(self, x: str, scale: str, bias: str, bounds: tuple[int, int], node: str) -> str:
        lo, hi = bounds
        return f"{self.values.helper('to_integer')}({x}, {scale}, {bias}, {lo}, {hi}, {node})"

    def count_reached(self, op: Any) -> str:
        axis = op.channel_axis.value.data % len(self.shape) - len(self.shape)
        thresholds = self.values.array(op.thresholds)
        return f"{self.values.helper('count_reached')}({self.values.array(op.x)}, {thresholds}, {axis})"

    def map(self, op: Any) -> str:
        return python_map(self, op)


def python_map(s: PythonSpelling, op: Any) -> str:
    """`qnn.map` in one of its four forms."""
    x, rows, form = s.values.array(op.x), op.rows(), op.map.map()

    def per_element(array: NDArray[Any], wish: str) -> str:
        return s.parameter(np.asarray(array[rows]), wish)

    match form:
        case maps.Requant(m, c, shift, rounding, lo, hi):
            helper = s.values.helper("requantise")
            even = rounding == "half_even"
            return f"{helper}({x}, {per_element(m, 'm')}, {per_element(c, 'c')}, {shift}, {even}, {lo}, {hi})"
        case maps.Table(table, lo):
            name = s.values.define(table, "table")
            return f"{name}[np.broadcast_to({s.parameter(rows, 'rows')}, {x}.shape), {x} - {lo}]"
        case _:
            positions, totals = sorted_steps(form)
            helper = s.values.helper("apply_steps")
            names = s.values.define(positions, "positions"), s.values.define(totals, "totals")
            return f"{helper}({x}, {names[0]}, {names[1]}, {s.parameter(rows, 'rows')})"


def sorted_steps(form: Any) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Steps or thresholds as ascending positions (G, N) and the values (G, N + 1) before and after each."""
    if isinstance(form, maps.Thresholds):
        thresholds = form.thresholds
        counts = np.arange(thresholds.shape[1] + 1, dtype=np.int64) + form.base
        return thresholds, np.broadcast_to(counts, (len(thresholds), counts.size)).copy()
    order = np.argsort(form.positions, axis=1, kind="stable")
    deltas = np.take_along_axis(form.deltas, order, axis=1)
    totals = np.concatenate((form.base[:, None], form.base[:, None] + np.cumsum(deltas, axis=1)), axis=1)
    return np.take_along_axis(form.positions, order, axis=1), totals
