"""
Types of the `hlsc` dialect and the value types they carry.

A *value type* `T` is `siN`, `uiN` or a vector of these. The bits of a vector are its lanes in row-major order, lane 0
in the least significant bits, each in two's complement.
"""

from collections.abc import Sequence
from math import prod
from typing import TypeAlias, cast

from xdsl.dialects.builtin import IntAttr, IntegerType, Signedness, VectorType
from xdsl.dialects.utils import EnumAttribute
from xdsl.ir import Attribute, ParametrizedAttribute, SpacedOpaqueSyntaxAttribute, TypeAttribute
from xdsl.irdl import irdl_attr_definition
from xdsl.parser import AttrParser
from xdsl.printer import Printer
from xdsl.utils.exceptions import VerifyException
from xdsl.utils.str_enum import StrEnum

from qnn_ir.constants import int_type, type_range
from qnn_ir.dialects.hlsc.ranges import Range

ValueType: TypeAlias = "IntegerType | VectorType[IntegerType]"

ARITHMETIC_BITS = 62
"""Lanes that take part in arithmetic have at most this many bits; wider integers are words: bits only."""


def is_value_type(type_: Attribute) -> bool:
    """Whether `type_` is `siN`, `uiN` or a fixed-size vector of these."""
    if isinstance(type_, VectorType):
        vector = cast("VectorType[Attribute]", type_)
        fixed = not any(dim.value.data for dim in vector.scalable_dims)
        return fixed and len(vector.shape) > 0 and _is_sized_integer(vector.element_type)
    return _is_sized_integer(type_)


def _is_sized_integer(type_: Attribute) -> bool:
    if not isinstance(type_, IntegerType):
        return False
    element = cast("IntegerType[int, Signedness]", type_)
    return element.signedness.data != Signedness.SIGNLESS and element.width.data > 0


def check_value_type(type_: Attribute, what: str) -> ValueType:
    """`type_` as a value type; a `VerifyException` that names `what` where it is none."""
    if not is_value_type(type_):
        raise VerifyException(f"{what} must be siN, uiN or a vector of these, not {type_}")
    return cast(ValueType, type_)


def element_of(type_: Attribute) -> IntegerType:
    """The integer type of one lane."""
    return (
        cast("VectorType[IntegerType]", type_).element_type
        if isinstance(type_, VectorType)
        else cast(IntegerType, type_)
    )


def shape_of(type_: Attribute) -> tuple[int, ...]:
    """The shape of a vector, `()` for a scalar."""
    return cast("VectorType[IntegerType]", type_).get_shape() if isinstance(type_, VectorType) else ()


def lanes_of(type_: Attribute) -> int:
    """How many integers a value of the type holds."""
    return prod(shape_of(type_))


def bits_of(type_: Attribute) -> int:
    """The total width of a value of the type."""
    return element_of(type_).width.data * lanes_of(type_)


def range_of(type_: Attribute) -> Range:
    """The range of one lane, both ends inclusive."""
    return type_range(element_of(type_))


def value_type(shape: Sequence[int], element: IntegerType) -> ValueType:
    """The vector of `element` with this shape, or `element` itself where the shape is empty."""
    return VectorType(element, shape) if shape else element


def narrowest(shape: Sequence[int], lo_hi: Range) -> ValueType:
    """The narrowest value type of this shape whose lanes hold a range."""
    return value_type(shape, int_type(*lo_hi))


class _Holder(ParametrizedAttribute, TypeAttribute):
    """A type with one parameter, the value type it carries."""

    value: Attribute

    @classmethod
    def parse_parameters(cls, parser: AttrParser) -> Sequence[Attribute]:
        with parser.in_angle_brackets():
            return (parser.parse_type(),)

    def print_parameters(self, printer: Printer) -> None:
        with printer.in_angle_brackets():
            printer.print_attribute(self.value)

    def verify(self) -> None:
        check_value_type(self.value, f"the beat of {self.name}")


@irdl_attr_definition
class InType(_Holder):
    """`!hlsc.in<vector<49xui2>>`: an input port of a process; one token is one value."""

    name = "hlsc.in"
    value: Attribute


@irdl_attr_definition
class OutType(_Holder):
    """`!hlsc.out<vector<16xui2>>`: an output port of a process."""

    name = "hlsc.out"
    value: Attribute


@irdl_attr_definition
class ChanType(_Holder):
    """`!hlsc.chan<vector<16xui2>>`: a first-in first-out channel between two processes."""

    name = "hlsc.chan"
    value: Attribute


@irdl_attr_definition
class MemType(ParametrizedAttribute, TypeAttribute):
    """`!hlsc.mem<64 x vector<16x49xui1>>`: a local memory of `depth` words, each one value."""

    name = "hlsc.mem"
    depth: IntAttr
    value: Attribute

    def __init__(self, depth: int | IntAttr, value: Attribute):
        super().__init__(IntAttr(depth) if isinstance(depth, int) else depth, value)

    @classmethod
    def parse_parameters(cls, parser: AttrParser) -> Sequence[Attribute]:
        with parser.in_angle_brackets():
            depth = parser.parse_integer(allow_boolean=False, allow_negative=False)
            parser.parse_keyword("x")
            return IntAttr(depth), parser.parse_type()

    def print_parameters(self, printer: Printer) -> None:
        with printer.in_angle_brackets():
            printer.print_string(f"{self.depth.data} x ")
            printer.print_attribute(self.value)

    def verify(self) -> None:
        if self.depth.data < 1:
            raise VerifyException("a memory has at least one word")
        check_value_type(self.value, "the word of a memory")


class Predicate(StrEnum):
    """A comparison of two static integers."""

    EQ = "eq"
    NE = "ne"
    LT = "lt"
    LE = "le"
    GT = "gt"
    GE = "ge"


@irdl_attr_definition
class PredicateAttr(EnumAttribute[Predicate], SpacedOpaqueSyntaxAttribute):
    """`#hlsc<predicate eq>`"""

    name = "hlsc.predicate"


class Style(StrEnum):
    """What a memory is built of."""

    AUTO = "auto"
    LUTRAM = "lutram"
    BRAM = "bram"
    URAM = "uram"


@irdl_attr_definition
class StyleAttr(EnumAttribute[Style], SpacedOpaqueSyntaxAttribute):
    """`#hlsc<style bram>`"""

    name = "hlsc.style"


class Rounding(StrEnum):
    """How a requantisation rounds."""

    FLOOR = "floor"
    HALF_EVEN = "half_even"


@irdl_attr_definition
class RoundingAttr(EnumAttribute[Rounding], SpacedOpaqueSyntaxAttribute):
    """`#hlsc<rounding half_even>`"""

    name = "hlsc.rounding"
