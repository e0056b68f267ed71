"""Values of host functions in C++: what they are called, and the constants that they need."""

import re
import textwrap
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from xdsl.ir import Operation, SSAValue

from qnn_ir import maps
from qnn_ir.dialects.qnn import is_float, shape_of
from qnn_ir.emit.cpp_names import Names
from qnn_ir.emit.host.cpp_helpers import HELPER_NAMES
from qnn_ir.emit.host.cpp_loops import Lines, Nest, View, broadcast, row_major
from qnn_ir.emit.host.formulas import Spelling
from qnn_ir.emit.host.network import constant_array, constant_name, uniform
from qnn_ir.emit.host.python_values import sorted_steps

_TAKEN = """
Reals Integers infinity not_a_number prologue epilogue encode decode std words value i j k l m n p q o c o0 o1 sum
errno assert NULL EOF INFINITY NAN linux unix y0 y1 yn j0 j1 jn gamma
"""
_INT32 = 1 << 31
_LARGEST_DOUBLE_BELOW_2_63 = float(np.nextafter(2.0**63, 0.0))


def literal(value: float) -> str:
    """`value` in C++."""
    if isinstance(value, float):
        return {"inf": "infinity", "-inf": "-infinity", "nan": "not_a_number"}.get(repr(value), repr(value))
    if value == -(1 << 63):
        return "(-9223372036854775807LL - 1)"
    return str(value) if -_INT32 < value < _INT32 else f"{value}LL"


def vector_of(value: SSAValue) -> str:
    """The type that holds a value."""
    return "Reals" if is_float(value.type) else "Integers"


@dataclass
class CppValues:
    """The names of one file and the values that have one. A `constant` depends on no input."""

    names: Names = field(default_factory=Names)
    texts: dict[SSAValue, str] = field(default_factory=dict[SSAValue, str])
    constants: set[SSAValue] = field(default_factory=set[SSAValue])
    helpers: set[str] = field(default_factory=set[str])
    tables: list[str] = field(default_factory=list[str])
    """Definitions of constant arrays."""

    def __post_init__(self) -> None:
        for word in (*_TAKEN.split(), *HELPER_NAMES):
            self.names.fresh(word)

    def array(self, value: SSAValue) -> str:
        """What holds the elements of a value in row-major order; a `qnn.constant` is defined where it is used first."""
        if value not in self.texts:
            array = constant_array(value)
            assert array is not None
            self.texts[value] = self.define(array, constant_name(value))
        return self.texts[value]

    def define(self, array: NDArray[Any], wish: str) -> str:
        """The name of a constant array."""
        name = self.names.fresh(wish, "constant")
        element = "double" if array.dtype.kind == "f" else "std::int64_t"
        numbers = textwrap.fill(
            ", ".join(literal(item) for item in array.ravel().tolist()),
            116,
            initial_indent="    ",
            subsequent_indent="    ",
            break_on_hyphens=False,
            break_long_words=False,
        )
        self.tables.append(f"const {element} {name}[{array.size}] = {{\n{numbers}}};\n")
        return name

    def helper(self, name: str) -> str:
        """The name of a function that the file brings along."""
        self.helpers.add(name)
        return name

    def depends(self, op: Operation) -> bool:
        """Whether `op` depends on an input."""
        return any(value not in self.constants for value in op.operands)


_STANDARD = {
    "rint": "std::rint",
    "ceil": "std::ceil",
    "floor": "std::floor",
    "trunc": "std::trunc",
    "abs": "std::fabs",
    "sqrt": "std::sqrt",
    "exp": "std::exp",
    "log": "std::log",
    "log2": "std::log2",
    "exp2": "std::exp2",
    "expm1": "std::expm1",
    "tanh": "std::tanh",
    "erf": "std::erf",
    "power": "std::pow",
}


class CppSpelling(Spelling):
    """One element at a time, in a loop nest over the result."""

    def __init__(self, values: CppValues, op: Operation):
        self.values, self.op = values, op
        self.shape = shape_of(op.results[0])
        self.nest = Nest(self.shape)
        self.statements: Lines = []

    def value(self, value: SSAValue) -> str:
        number = uniform(constant_array(value))
        if number is not None:
            return literal(number)
        return self.nest.element(View(self.values.array(value), broadcast(shape_of(value), self.shape)))

    def along(self, value: SSAValue, axis: int) -> str:
        number = uniform(constant_array(value))
        if number is not None:
            return literal(number)
        strides = [0] * len(self.shape)
        strides[axis] = 0 if shape_of(value) in ((), (1,)) else 1
        return self.nest.element(View(self.values.array(value), tuple(strides)))

    def parameter(self, array: NDArray[Any], wish: str) -> str:
        number = uniform(array)
        if number is not None:
            return literal(number)
        return self.nest.element(View(self.values.define(array, wish), broadcast(array.shape, self.shape)))

    def call(self, function: str, *arguments: str) -> str:
        name = _STANDARD.get(function) or self.values.helper(function)
        return f"{name}({', '.join(arguments)})"

    def where(self, condition: str, yes: str, no: str) -> str:
        return f"({condition} ? {yes} : {no})"

    def let(self, name: str, text: str) -> str:
        fresh = self.values.names.fresh(name)
        self.statements.append(f"const double {fresh} = {text};")
        return fresh

    def number(self, value: float) -> str:
        return literal(value)

    def whole(self, text: str) -> str:
        return f"static_cast<std::int64_t>({text})"

    def real(self, text: str) -> str:
        return f"static_cast<double>({text})"

    def to_integer(self, x: str, scale: str, bias: str, bounds: tuple[int, int], node: str) -> str:
        # of the bounds only those that an int64 and a double can hold
        lo, hi = (literal(min(float(bound), _LARGEST_DOUBLE_BELOW_2_63)) for bound in bounds)
        element = self.nest.position(row_major(self.shape))
        name = '"' + re.sub(r'[\\"]', "_", node[1:-1]) + '"'
        return f"{self.values.helper('to_integer')}({x}, {scale}, {bias}, {lo}, {hi}, {element}, {name})"

    def count_reached(self, op: Any) -> str:
        rows, count = shape_of(op.thresholds)
        strides = [0] * len(self.shape)
        strides[op.channel_axis.value.data] = 0 if rows == 1 else count
        row = self._row(self.values.array(op.thresholds), tuple(strides), rows)
        x = self.nest.element(View(self.values.array(op.x), broadcast(shape_of(op.x), self.shape)))
        return f"{self.values.helper('count_reached')}({row}, {count}, {x})"

    def _row(self, array: str, strides: tuple[int, ...], rows: int) -> str:
        return f"&{array}[0]" if rows == 1 else "&" + self.nest.element(View(array, strides))

    def map(self, op: Any) -> str:
        x = self.nest.element(View(self.values.array(op.x), row_major(self.shape)))
        rows, form = op.rows(), op.map.map()

        def element(array: NDArray[Any], wish: str) -> str:
            return self.parameter(np.asarray(array[rows]), wish)

        def row(array: NDArray[Any], wish: str) -> str:
            name = self.values.define(array, wish)
            return f"&{name}[{self.parameter(rows * array.shape[1], 'rows')}]"

        match form:
            case maps.Requant(m, c, shift, rounding, lo, hi):
                helper, even = self.values.helper("requantise"), "true" if rounding == "half_even" else "false"
                bounds = f"{literal(lo)}, {literal(hi)}"
                return f"{helper}({x}, {element(m, 'multiplier')}, {element(c, 'offset')}, {shift}, {even}, {bounds})"
            case maps.Table(table, lo):
                size = table.shape[1]
                inside = f"{self.values.helper('checked')}({x} - {literal(lo)}, 0, {size - 1})"
                return f"({row(table, 'table')})[{inside}]"
            case _:
                positions, totals = sorted_steps(form)
                helper, count = self.values.helper("apply_steps"), positions.shape[1]
                return f"{helper}({row(positions, 'positions')}, {row(totals, 'totals')}, {count}, {x})"

    def lines(self, name: str, text: str) -> Lines:
        """The nest that computes `text` for every element of the array `name`."""
        target = self.nest.element(View(name, row_major(self.shape)))
        return self.nest.print([*self.statements, f"{target} = {text};"])
