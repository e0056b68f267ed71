"""
Exact arithmetic on lanes.

No operation overflows: a result type holds every possible result of the operand types, checked by interval
arithmetic. Constructors infer the narrowest such type. `hlsc.narrow` is the one way down, to a range proven upstream.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import ClassVar

from xdsl.dialects.builtin import IntegerAttr, i64
from xdsl.ir import Attribute, SSAValue
from xdsl.irdl import AtLeast, irdl_op_definition, operand_def, prop_def, result_def, traits_def
from xdsl.traits import ConstantLike, Pure
from xdsl.utils.exceptions import VerifyException

from qnn_ir.dialects.hlsc.base import INDEX, PREDICATE, HlscOp, check_holds, check_same_bits, value_of
from qnn_ir.dialects.hlsc.ranges import (
    Range,
    add_range,
    hull,
    max_range,
    min_range,
    mul_range,
    shl_range,
    sub_range,
    sum_range,
)
from qnn_ir.dialects.hlsc.types import (
    ARITHMETIC_BITS,
    ValueType,
    check_value_type,
    element_of,
    narrowest,
    range_of,
    shape_of,
    value_type,
)

INTEGER = IntegerAttr.constr(type=i64)
COUNT = IntegerAttr.constr(type=i64, value=AtLeast(0))


class DataOp(HlscOp, ABC):
    """A pure operation on lanes with one result that holds everything `needed` says it can be."""

    traits = traits_def(Pure())
    result = result_def()

    @abstractmethod
    def needed(self) -> ValueType:
        """The narrowest result type of the operand types; a `VerifyException` where these do not fit together."""

    def verify_(self) -> None:
        for value in (*self.operands, self.result):
            if value.type not in (INDEX, PREDICATE):
                _check_arithmetic(value.type)
        check_holds(self.result.type, self.needed())


def _check_arithmetic(type_: Attribute) -> None:
    if element_of(check_value_type(type_, "operand")).width.data > ARITHMETIC_BITS:
        raise VerifyException(f"{type_} is too wide for arithmetic, {ARITHMETIC_BITS} bits is the limit")


def joint_shape(*types: Attribute) -> tuple[int, ...]:
    """The common shape of lanewise operands; scalars go with everything."""
    shapes = {shape_of(t) for t in types} - {()}
    if len(shapes) > 1:
        raise VerifyException(f"lanes differ: {', '.join(str(t) for t in types)}")
    return next(iter(shapes), ())


@irdl_op_definition
class ConstantOp(DataOp):
    """
    Every lane is `value`.

    ```mlir
    %zero = hlsc.constant 0 : vector<16xui1>
    ```
    """

    name = "hlsc.constant"
    traits = traits_def(ConstantLike())
    value = prop_def(INTEGER)
    assembly_format = "$value attr-dict `:` type($result)"

    def __init__(self, value: int, result_type: Attribute | None = None):
        type_ = result_type or narrowest((), (value, value))
        super().__init__(properties={"value": IntegerAttr(value, i64)}, result_types=[type_])

    def needed(self) -> ValueType:
        return narrowest(shape_of(self.result.type), (self.value.value.data, self.value.value.data))

    def verify_(self) -> None:
        check_holds(self.result.type, self.needed())


@irdl_op_definition
class FromIndexOp(HlscOp):
    """
    A static integer as data: `result = input`; its values fit the result (checked over the frame).

    ```mlir
    %at = hlsc.from_index %i : ui4
    ```
    """

    name = "hlsc.from_index"
    traits = traits_def(Pure())
    input = operand_def(INDEX)
    result = result_def()
    assembly_format = "$input attr-dict `:` type($result)"

    def __init__(self, input: SSAValue, result_type: Attribute):
        super().__init__(operands=[input], result_types=[result_type])

    def verify_(self) -> None:
        if shape_of(check_value_type(self.result.type, "result")):
            raise VerifyException("result must be a scalar")


class _Unary(DataOp, ABC):
    """An operation on one value."""

    input = operand_def()
    assembly_format = "$input attr-dict `:` type($input) `->` type($result)"


@irdl_op_definition
class ExtendOp(_Unary):
    """
    The same integers in a wider type: `result_l = input_l`.

    ```mlir
    %w = hlsc.extend %x : vector<16xsi4> -> vector<16xsi12>
    ```
    """

    name = "hlsc.extend"

    def __init__(self, input: SSAValue, result_type: Attribute):
        super().__init__(operands=[input], result_types=[result_type])

    def needed(self) -> ValueType:
        return value_of(self.input)


@irdl_op_definition
class NarrowOp(_Unary):
    """
    The same integers in a narrower type, to a range proven upstream: `result_l = input_l`.

    The interpreter checks the claim. Mandatory where a recurrence closes.

    ```mlir
    %a = hlsc.narrow %sum : vector<16xsi13> -> vector<16xsi12>
    ```
    """

    name = "hlsc.narrow"

    def __init__(self, input: SSAValue, result_type: Attribute):
        super().__init__(operands=[input], result_types=[result_type])

    def needed(self) -> ValueType:
        return value_type(shape_of(self.input.type), element_of(self.result.type))


@irdl_op_definition
class BitcastOp(HlscOp):
    """
    The same bits in another type.

    ```mlir
    %word = hlsc.bitcast %x : vector<49xui2> -> ui98
    ```
    """

    name = "hlsc.bitcast"
    traits = traits_def(Pure())
    input = operand_def()
    result = result_def()
    assembly_format = "$input attr-dict `:` type($input) `->` type($result)"

    def __init__(self, input: SSAValue, result_type: Attribute):
        super().__init__(operands=[input], result_types=[result_type])

    def verify_(self) -> None:
        check_same_bits(self.input.type, self.result.type)


@irdl_op_definition
class SelectOp(HlscOp):
    """
    A static choice: `result = condition ? lhs : rhs`; the other operand may be undefined.

    ```mlir
    %y = hlsc.select %first, %x, %old : vector<49xui2>, vector<49xui2> -> vector<49xui2>
    ```
    """

    name = "hlsc.select"
    traits = traits_def(Pure())
    condition = operand_def(PREDICATE)
    lhs = operand_def()
    rhs = operand_def()
    result = result_def()
    assembly_format = "$condition `,` $lhs `,` $rhs attr-dict `:` type($lhs) `,` type($rhs) `->` type($result)"

    def __init__(self, condition: SSAValue, lhs: SSAValue, rhs: SSAValue, result_type: Attribute | None = None):
        type_ = result_type or hull_type(lhs.type, rhs.type)
        super().__init__(operands=[condition, lhs, rhs], result_types=[type_])

    def verify_(self) -> None:
        check_holds(self.result.type, hull_type(value_of(self.lhs), value_of(self.rhs)))


def hull_type(*types: Attribute) -> ValueType:
    """The narrowest type that holds the lanes of all `types`, their shapes being joined."""
    return narrowest(joint_shape(*types), hull(range_of(t) for t in types))


@irdl_op_definition
class MuxOp(HlscOp):
    """
    A choice by data, lane by lane: `result_l = condition_l ? lhs_l : rhs_l`; both operands are defined.

    ```mlir
    %best = hlsc.mux %take, %x, %old : vector<4xui1>, vector<4xsi8>, vector<4xsi8> -> vector<4xsi8>
    ```
    """

    name = "hlsc.mux"
    traits = traits_def(Pure())
    condition = operand_def()
    lhs = operand_def()
    rhs = operand_def()
    result = result_def()
    assembly_format = (
        "$condition `,` $lhs `,` $rhs attr-dict `:` type($condition) `,` type($lhs) `,` type($rhs) `->` type($result)"
    )

    def __init__(self, condition: SSAValue, lhs: SSAValue, rhs: SSAValue, result_type: Attribute | None = None):
        type_ = result_type or mux_type(condition.type, lhs.type, rhs.type)
        super().__init__(operands=[condition, lhs, rhs], result_types=[type_])

    def verify_(self) -> None:
        for value in self.operands:
            value_of(value)
        check_holds(self.result.type, mux_type(self.condition.type, self.lhs.type, self.rhs.type))


def mux_type(condition: Attribute, lhs: Attribute, rhs: Attribute) -> ValueType:
    """The result of a choice between two types."""
    if range_of(condition) != (0, 1):
        raise VerifyException(f"a condition is made of ui1, not {condition}")
    return narrowest(joint_shape(condition, lhs, rhs), hull((range_of(lhs), range_of(rhs))))


class _Binary(DataOp, ABC):
    """A lanewise operation on two values; a scalar goes to every lane."""

    RANGE: ClassVar[Callable[[Range, Range], Range]]
    lhs = operand_def()
    rhs = operand_def()
    assembly_format = "$lhs `,` $rhs attr-dict `:` type($lhs) `,` type($rhs) `->` type($result)"

    def __init__(self, lhs: SSAValue, rhs: SSAValue, result_type: Attribute | None = None):
        type_ = result_type or self._type(lhs.type, rhs.type)
        super().__init__(operands=[lhs, rhs], result_types=[type_])

    @classmethod
    def _type(cls, lhs: Attribute, rhs: Attribute) -> ValueType:
        return narrowest(joint_shape(lhs, rhs), cls.RANGE(range_of(lhs), range_of(rhs)))

    def needed(self) -> ValueType:
        return self._type(self.lhs.type, self.rhs.type)


@irdl_op_definition
class AddOp(_Binary):
    """
    `result_l = lhs_l + rhs_l`

    ```mlir
    %y = hlsc.add %a, %b : vector<4xsi4>, vector<4xui3> -> vector<4xsi5>
    ```
    """

    name = "hlsc.add"
    RANGE: ClassVar = staticmethod(add_range)


@irdl_op_definition
class SubOp(_Binary):
    """
    `result_l = lhs_l - rhs_l`

    ```mlir
    %y = hlsc.sub %a, %b : ui3, ui3 -> si4
    ```
    """

    name = "hlsc.sub"
    RANGE: ClassVar = staticmethod(sub_range)


@irdl_op_definition
class MulOp(_Binary):
    """
    `result_l = lhs_l * rhs_l`

    ```mlir
    %y = hlsc.mul %a, %b : vector<4xsi4>, si4 -> vector<4xsi8>
    ```
    """

    name = "hlsc.mul"
    RANGE: ClassVar = staticmethod(mul_range)


@irdl_op_definition
class MaxOp(_Binary):
    """
    `result_l = max(lhs_l, rhs_l)`

    ```mlir
    %y = hlsc.max %a, %b : vector<4xui2>, vector<4xui2> -> vector<4xui2>
    ```
    """

    name = "hlsc.max"
    RANGE: ClassVar = staticmethod(max_range)


@irdl_op_definition
class MinOp(_Binary):
    """
    `result_l = min(lhs_l, rhs_l)`

    ```mlir
    %y = hlsc.min %a, %b : vector<4xui2>, vector<4xui2> -> vector<4xui2>
    ```
    """

    name = "hlsc.min"
    RANGE: ClassVar = staticmethod(min_range)


def _bit_range(a: Range, b: Range) -> Range:
    """A truth value, whatever is compared."""
    del a, b
    return 0, 1


@irdl_op_definition
class GreaterOp(_Binary):
    """
    `result_l = lhs_l > rhs_l`

    ```mlir
    %y = hlsc.greater %a, %b : vector<4xsi4>, vector<4xsi4> -> vector<4xui1>
    ```
    """

    name = "hlsc.greater"
    RANGE: ClassVar = staticmethod(_bit_range)


@irdl_op_definition
class GreaterEqualOp(_Binary):
    """
    `result_l = lhs_l >= rhs_l`

    ```mlir
    %y = hlsc.greater_equal %a, %b : si4, si4 -> ui1
    ```
    """

    name = "hlsc.greater_equal"
    RANGE: ClassVar = staticmethod(_bit_range)


@irdl_op_definition
class ShlOp(_Unary):
    """
    `result_l = input_l * 2**amount`

    ```mlir
    %y = hlsc.shl %x by 3 : vector<4xui5> -> vector<4xui8>
    ```
    """

    name = "hlsc.shl"
    amount = prop_def(COUNT)
    assembly_format = "$input `by` $amount attr-dict `:` type($input) `->` type($result)"

    def __init__(self, input: SSAValue, amount: int, result_type: Attribute | None = None):
        type_ = result_type or narrowest(shape_of(input.type), shl_range(range_of(input.type), amount))
        super().__init__(operands=[input], properties={"amount": IntegerAttr(amount, i64)}, result_types=[type_])

    def needed(self) -> ValueType:
        return narrowest(shape_of(self.input.type), shl_range(range_of(self.input.type), self.amount.value.data))


@irdl_op_definition
class ReduceAddOp(_Unary):
    """
    The sum over the last axis: `result_l = sum_i input_{l,i}`.

    ```mlir
    %y = hlsc.reduce_add %x : vector<8xsi4> -> si7
    ```
    """

    name = "hlsc.reduce_add"

    def __init__(self, input: SSAValue, result_type: Attribute | None = None):
        super().__init__(operands=[input], result_types=[result_type or reduce_add_type(input.type)])

    def needed(self) -> ValueType:
        return reduce_add_type(self.input.type)


def _last_axis(type_: Attribute) -> tuple[tuple[int, ...], int]:
    """The shape without its last axis, and the length of that axis."""
    if not (shape := shape_of(type_)):
        raise VerifyException(f"{type_} has no lanes")
    return shape[:-1], shape[-1]


def reduce_add_type(input_: Attribute) -> ValueType:
    """The sums over the last axis."""
    shape, count = _last_axis(input_)
    return narrowest(shape, sum_range(range_of(input_), count))


@irdl_op_definition
class ReduceMaxOp(_Unary):
    """
    The maximum over the last axis: `result_l = max_i input_{l,i}`.

    ```mlir
    %y = hlsc.reduce_max %x : vector<4x9xui2> -> vector<4xui2>
    ```
    """

    name = "hlsc.reduce_max"

    def __init__(self, input: SSAValue, result_type: Attribute | None = None):
        type_ = result_type or narrowest(_last_axis(input.type)[0], range_of(input.type))
        super().__init__(operands=[input], result_types=[type_])

    def needed(self) -> ValueType:
        return narrowest(_last_axis(self.input.type)[0], range_of(self.input.type))
