"""Attributes of the `qnn` dialect: rounding modes, function names and the four forms of an integer map."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, cast

from xdsl.dialects.builtin import DenseIntOrFPElementsAttr, IntAttr, IntegerType
from xdsl.dialects.utils import EnumAttribute
from xdsl.ir import Attribute, ParametrizedAttribute, SpacedOpaqueSyntaxAttribute
from xdsl.irdl import irdl_attr_definition
from xdsl.parser import AttrParser
from xdsl.printer import Printer
from xdsl.utils.exceptions import VerifyException
from xdsl.utils.str_enum import StrEnum

from qnn_ir import maps
from qnn_ir.constants import dense_int, to_numpy


class Rounding(StrEnum):
    """How a real number becomes an integer."""

    HALF_EVEN = "half_even"
    """To the nearest, ties to even (`ROUND` of QONNX)."""
    CEIL = "ceil"
    FLOOR = "floor"
    UP = "up"
    """Away from zero."""
    DOWN = "down"
    """Towards zero."""
    HALF_UP = "half_up"
    """To the nearest, ties away from zero."""
    HALF_DOWN = "half_down"
    """To the nearest, ties towards zero."""


@irdl_attr_definition
class RoundingAttr(EnumAttribute[Rounding], SpacedOpaqueSyntaxAttribute):
    """`#qnn<rounding half_even>`: a rounding mode."""

    name = "qnn.rounding"


class Function(StrEnum):
    """The functions of `qnn.unary`, with the meaning of the ONNX operator of that name."""

    ABS = "abs"
    CEIL = "ceil"
    CELU = "celu"
    ELU = "elu"
    ERF = "erf"
    EXP = "exp"
    FLOOR = "floor"
    GELU = "gelu"
    GELU_TANH = "gelu_tanh"
    HARD_SIGMOID = "hard_sigmoid"
    HARD_SWISH = "hard_swish"
    LOG = "log"
    MISH = "mish"
    NEG = "neg"
    RECIPROCAL = "reciprocal"
    ROUND = "round"
    SELU = "selu"
    SIGMOID = "sigmoid"
    SIGN = "sign"
    SILU = "silu"
    SOFTPLUS = "softplus"
    SOFTSIGN = "softsign"
    SQRT = "sqrt"
    TANH = "tanh"
    THRESHOLDED_RELU = "thresholded_relu"


@irdl_attr_definition
class FunctionAttr(EnumAttribute[Function], SpacedOpaqueSyntaxAttribute):
    """`#qnn<function sigmoid>`: a function of one real variable."""

    name = "qnn.function"


class DepthToSpaceMode(StrEnum):
    """Which part of the channel axis is the block."""

    DCR = "dcr"
    """Depth, column, row: the block is the slow part."""
    CRD = "crd"
    """Column, row, depth: the block is the fast part."""


@irdl_attr_definition
class DepthToSpaceModeAttr(EnumAttribute[DepthToSpaceMode], SpacedOpaqueSyntaxAttribute):
    """`#qnn<depth_to_space_mode dcr>`: the channel order of `qnn.depth_to_space`."""

    name = "qnn.depth_to_space_mode"


class MapAttr(ParametrizedAttribute, ABC):
    """An integer function per row; `map()` is its evaluation. All forms have the number of rows first."""

    @abstractmethod
    def map(self) -> maps.Map:
        """The function itself."""

    @abstractmethod
    def rows(self) -> int:
        """How many groups the map distinguishes."""

    @staticmethod
    def from_map(source: maps.Map) -> "MapAttr":
        """The attribute that stores `source`."""
        match source:
            case maps.Steps(base, positions, deltas):
                return StepsAttr(dense_int(base), dense_int(positions), dense_int(deltas))
            case maps.Thresholds(thresholds, base):
                return ThresholdsAttr(dense_int(thresholds), IntAttr(base))
            case maps.Requant(m, c, shift, rounding, lo, hi):
                mode = RoundingAttr(Rounding(rounding))
                return RequantAttr(dense_int(m), dense_int(c), IntAttr(shift), mode, IntAttr(lo), IntAttr(hi))
            case maps.Table(table, lo):
                return TableAttr(dense_int(table), IntAttr(lo))


@irdl_attr_definition
class StepsAttr(MapAttr):
    """`y = base_g + sum_n deltas[g,n] * [x >= positions[g,n]]`: the canonical form, any function."""

    name = "qnn.steps"
    base: DenseIntOrFPElementsAttr
    positions: DenseIntOrFPElementsAttr
    deltas: DenseIntOrFPElementsAttr

    def map(self) -> maps.Steps:
        """The function itself."""
        return maps.Steps(to_numpy(self.base), to_numpy(self.positions), to_numpy(self.deltas))

    def rows(self) -> int:
        """How many groups the map distinguishes."""
        return self.base.get_shape()[0]

    def verify(self) -> None:
        """Shapes (G,), (G, N), (G, N)."""
        _check_integers(self.base, 1)
        _check_integers(self.positions, 2)
        _check_integers(self.deltas, 2)
        shapes = {self.positions.get_shape(), self.deltas.get_shape()}
        if len(shapes) > 1 or self.positions.get_shape()[0] != self.base.get_shape()[0]:
            raise VerifyException("base, positions and deltas need the same number of rows and steps")

    @classmethod
    def parse_parameters(cls, parser: AttrParser) -> Sequence[Attribute]:
        with parser.in_angle_brackets():
            return _parse_fields(parser, base=_dense, positions=_dense, deltas=_dense)

    def print_parameters(self, printer: Printer) -> None:
        _print_fields(printer, base=self.base, positions=self.positions, deltas=self.deltas)


@irdl_attr_definition
class ThresholdsAttr(MapAttr):
    """`y = base + #{t : x >= thresholds[g,t]}`: rows in ascending order."""

    name = "qnn.thresholds"
    thresholds: DenseIntOrFPElementsAttr
    base: IntAttr

    def map(self) -> maps.Thresholds:
        """The function itself."""
        return maps.Thresholds(to_numpy(self.thresholds), self.base.data)

    def rows(self) -> int:
        """How many groups the map distinguishes."""
        return self.thresholds.get_shape()[0]

    def verify(self) -> None:
        """A matrix with ascending rows."""
        _check_integers(self.thresholds, 2)
        rows = to_numpy(self.thresholds)
        if (rows[:, 1:] < rows[:, :-1]).any():
            raise VerifyException("thresholds must ascend in every row")

    @classmethod
    def parse_parameters(cls, parser: AttrParser) -> Sequence[Attribute]:
        with parser.in_angle_brackets():
            thresholds = _dense(parser)
            parser.parse_punctuation(",")
            return (thresholds, *_parse_fields(parser, base=_integer))

    def print_parameters(self, printer: Printer) -> None:
        _print_fields(printer, self.thresholds, base=self.base)


@irdl_attr_definition
class RequantAttr(MapAttr):
    """`y = clamp(round((x * m_g + c_g) / 2^shift), lo, hi)`: floor or half-even."""

    name = "qnn.requant"
    m: DenseIntOrFPElementsAttr
    c: DenseIntOrFPElementsAttr
    shift: IntAttr
    rounding: RoundingAttr
    lo: IntAttr
    hi: IntAttr

    def map(self) -> maps.Requant:
        """The function itself."""
        rounding = "floor" if self.rounding.data == Rounding.FLOOR else "half_even"
        m, c = to_numpy(self.m), to_numpy(self.c)
        return maps.Requant(m, c, self.shift.data, rounding, self.lo.data, self.hi.data)

    def rows(self) -> int:
        """How many groups the map distinguishes."""
        return self.m.get_shape()[0]

    def verify(self) -> None:
        """Vectors of one length, a shift of at least 0, one of two roundings, lo <= hi."""
        _check_integers(self.m, 1)
        _check_integers(self.c, 1)
        if self.m.get_shape() != self.c.get_shape():
            raise VerifyException("m and c need one entry per row each")
        if self.shift.data < 0:
            raise VerifyException(f"negative shift {self.shift.data}")
        if self.rounding.data not in (Rounding.FLOOR, Rounding.HALF_EVEN):
            raise VerifyException(f"requant rounds floor or half_even, not {self.rounding.data}")
        if self.lo.data > self.hi.data:
            raise VerifyException(f"empty clamp [{self.lo.data}, {self.hi.data}]")

    @classmethod
    def parse_parameters(cls, parser: AttrParser) -> Sequence[Attribute]:
        with parser.in_angle_brackets():
            return _parse_fields(
                parser, m=_dense, c=_dense, shift=_integer, rounding=_rounding, lo=_integer, hi=_integer
            )

    def print_parameters(self, printer: Printer) -> None:
        _print_fields(printer, m=self.m, c=self.c, shift=self.shift, rounding=self.rounding, lo=self.lo, hi=self.hi)


@irdl_attr_definition
class TableAttr(MapAttr):
    """`y = table[g, x - lo]`: one row per group, inputs lo, lo+1, ..."""

    name = "qnn.table"
    table: DenseIntOrFPElementsAttr
    lo: IntAttr

    def map(self) -> maps.Table:
        """The function itself."""
        return maps.Table(to_numpy(self.table), self.lo.data)

    def rows(self) -> int:
        """How many groups the map distinguishes."""
        return self.table.get_shape()[0]

    def verify(self) -> None:
        """A matrix with at least one column."""
        _check_integers(self.table, 2)
        if not self.table.get_shape()[1]:
            raise VerifyException("a table needs an entry")

    @classmethod
    def parse_parameters(cls, parser: AttrParser) -> Sequence[Attribute]:
        with parser.in_angle_brackets():
            table = _dense(parser)
            parser.parse_punctuation(",")
            return (table, *_parse_fields(parser, lo=_integer))

    def print_parameters(self, printer: Printer) -> None:
        _print_fields(printer, self.table, lo=self.lo)


def _check_integers(value: DenseIntOrFPElementsAttr, rank: int) -> None:
    """Integer elements, `rank` axes, at least one row."""
    if not isinstance(value.get_element_type(), IntegerType) or len(value.get_shape()) != rank:
        raise VerifyException(f"expected integers with {rank} axes, got {value.type}")
    if value.get_shape()[0] < 1:
        raise VerifyException("a map needs a row")


def _dense(parser: AttrParser) -> DenseIntOrFPElementsAttr:
    value = parser.parse_attribute()
    if not isinstance(value, DenseIntOrFPElementsAttr):
        parser.raise_error("expected a dense attribute")
    return cast(DenseIntOrFPElementsAttr, value)


def _integer(parser: AttrParser) -> IntAttr:
    return IntAttr(parser.parse_integer(allow_boolean=False))


def _rounding(parser: AttrParser) -> RoundingAttr:
    return RoundingAttr(parser.parse_str_enum(Rounding))


def _parse_fields(parser: AttrParser, **readers: Any) -> tuple[Attribute, ...]:
    """`a = ..., b = ...` in the order of `readers`."""
    result: list[Attribute] = []
    for index, (key, reader) in enumerate(readers.items()):
        if index:
            parser.parse_punctuation(",")
        parser.parse_keyword(key)
        parser.parse_punctuation("=")
        result.append(reader(parser))
    return tuple(result)


def _print_fields(printer: Printer, *leading: Attribute, **fields: Attribute) -> None:
    """`<leading, a = ..., b = ...>`."""
    parts: list[tuple[str, Attribute]] = [("", value) for value in leading] + [
        (f"{key} = ", value) for key, value in fields.items()
    ]
    with printer.in_angle_brackets():
        for index, (label, value) in enumerate(parts):
            printer.print_string((", " if index else "") + label)
            if isinstance(value, IntAttr):
                printer.print_int(cast(int, value.data))
            elif isinstance(value, RoundingAttr):
                printer.print_string(value.data.value)
            else:
                printer.print_attribute(value)
