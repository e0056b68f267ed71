"""What all `hlsc` operations share."""

from abc import ABC
from collections.abc import Sequence
from typing import cast

from xdsl.dialects.builtin import IndexType, IntegerType, i1
from xdsl.ir import Attribute, Operation, SSAValue
from xdsl.irdl import IRDLOperation
from xdsl.utils.exceptions import VerifyException

from qnn_ir.dialects.hlsc.types import ValueType, bits_of, check_value_type, range_of, shape_of

INDEX = IndexType()
PREDICATE: IntegerType = i1


class HlscOp(IRDLOperation, ABC):
    """Base of every `hlsc` operation."""


def value_of(value: SSAValue | Operation, what: str = "operand") -> ValueType:
    """The value type of `value`, checked."""
    return check_value_type(SSAValue.get(value).type, what)


def check_holds(result: Attribute, needed: ValueType) -> None:
    """Fail unless `result` has the shape of `needed` and holds every value of it."""
    check_value_type(result, "result")
    if shape_of(result) != shape_of(needed):
        raise VerifyException(f"result {result} should have the shape of {needed}")
    (lo, hi), (low, high) = range_of(result), range_of(needed)
    if low < lo or hi < high:
        raise VerifyException(f"result {result} does not hold every possible result, {needed} does")


def check_same_bits(a: Attribute, b: Attribute) -> None:
    """Fail unless both are value types of the same total width."""
    check_value_type(a, "operand")
    check_value_type(b, "result")
    if bits_of(a) != bits_of(b):
        raise VerifyException(f"{a} has {bits_of(a)} bits and {b} has {bits_of(b)}")


def types_of(values: Sequence[SSAValue | Operation]) -> list[ValueType]:
    """The value types of `values`."""
    return [cast(ValueType, SSAValue.get(v).type) for v in values]
