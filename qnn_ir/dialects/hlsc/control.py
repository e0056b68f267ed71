"""
Static control: values that depend on counters only, never on data nor on its presence.

Integers are `index`, predicates are `i1`. Everything is closed form, so a whole frame of control is one vector
(`qnn_ir.analysis.schedule`) and a printer may still turn each affine value into a register that steps.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from xdsl.dialects.builtin import (
    DenseArrayBase,
    DenseIntOrFPElementsAttr,
    FlatSymbolRefAttr,
    IntegerAttr,
    SymbolRefAttr,
    i64,
)
from xdsl.ir import Attribute, SSAValue
from xdsl.irdl import (
    AtLeast,
    irdl_op_definition,
    operand_def,
    opt_operand_def,
    opt_prop_def,
    prop_def,
    result_def,
    traits_def,
    var_operand_def,
)
from xdsl.parser import Parser
from xdsl.printer import Printer
from xdsl.traits import Pure
from xdsl.utils.exceptions import VerifyException

from qnn_ir.constants import to_numpy
from qnn_ir.dialects.hlsc.base import INDEX, PREDICATE, HlscOp
from qnn_ir.dialects.hlsc.types import Predicate, PredicateAttr

Term: TypeAlias = tuple[Any, ...]
"""One step of a control program: a kind and its parameters; see `qnn_ir.analysis.schedule`."""

Slots: TypeAlias = Callable[[SSAValue], int]

INTEGER = IntegerAttr.constr(type=i64)


class ControlOp(HlscOp, ABC):
    """A pure operation on static values."""

    traits = traits_def(Pure())

    @abstractmethod
    def term(self, slot: Slots) -> Term:
        """What the operation computes, as plain data; `slot` numbers its operands."""


@irdl_op_definition
class StaticConstantOp(ControlOp):
    """
    A static integer: `result = value`.

    ```mlir
    %last = hlsc.static_constant 15
    ```
    """

    name = "hlsc.static_constant"
    value = prop_def(INTEGER)
    result = result_def(INDEX)
    assembly_format = "$value attr-dict"

    def __init__(self, value: int):
        super().__init__(properties={"value": IntegerAttr(value, i64)}, result_types=[INDEX])

    def term(self, slot: Slots) -> Term:
        return "constant", self.value.value.data


@irdl_op_definition
class AffineOp(ControlOp):
    """
    An affine form of counters: `result = (const + sum_i strides_i * operands_i) [mod modulus]`.

    The remainder lies in `[0, modulus)`. Addresses, levels and phases all have this form.

    ```mlir
    %row = hlsc.affine %nf * 16 + %sf
    %at = hlsc.affine %y * 64 + %x - 130 mod 192
    ```
    """

    name = "hlsc.affine"
    inputs = var_operand_def(INDEX)
    strides = prop_def(DenseArrayBase.constr(i64))
    const = prop_def(INTEGER, default_value=IntegerAttr(0, i64))
    modulus = opt_prop_def(IntegerAttr.constr(type=i64, value=AtLeast(1)))
    result = result_def(INDEX)

    def __init__(self, terms: Sequence[tuple[SSAValue, int]], const: int = 0, modulus: int | None = None):
        super().__init__(
            operands=[[value for value, _ in terms]],
            properties={
                "strides": DenseArrayBase.from_list(i64, [stride for _, stride in terms]),
                "const": IntegerAttr(const, i64),
                "modulus": None if modulus is None else IntegerAttr(modulus, i64),
            },
            result_types=[INDEX],
        )

    def stride_values(self) -> tuple[int, ...]:
        """The stride of each operand."""
        return tuple(int(s) for s in self.strides.get_values())

    def verify_(self) -> None:
        if len(self.strides) != len(self.inputs):
            raise VerifyException(f"expected one stride per operand, got {len(self.strides)} and {len(self.inputs)}")

    def term(self, slot: Slots) -> Term:
        modulus = self.modulus.value.data if self.modulus else 0
        return "affine", tuple(slot(v) for v in self.inputs), self.stride_values(), self.const.value.data, modulus

    @classmethod
    def parse(cls, parser: Parser) -> "AffineOp":
        terms: list[tuple[SSAValue, int]] = []
        const, sign = 0, -1 if parser.parse_optional_punctuation("-") else 1
        while sign:
            if operand := parser.parse_optional_unresolved_operand():
                stride = parser.parse_integer() if parser.parse_optional_punctuation("*") else 1
                terms.append((parser.resolve_operand(operand, INDEX), sign * stride))
            else:
                const += sign * parser.parse_integer()
            plus, minus = parser.parse_optional_punctuation("+"), parser.parse_optional_punctuation("-")
            sign = 1 if plus else -1 if minus else 0
        modulus = parser.parse_integer() if parser.parse_optional_keyword("mod") else None
        op = cls(terms, const, modulus)
        op.attributes |= parser.parse_optional_attr_dict()
        return op

    def print(self, printer: Printer) -> None:
        const = self.const.value.data
        for i, (value, stride) in enumerate(zip(self.inputs, self.stride_values(), strict=True)):
            printer.print_string((" - " if stride < 0 else " + ") if i else (" -" if stride < 0 else " "))
            printer.print_ssa_value(value)
            if abs(stride) != 1:
                printer.print_string(f" * {abs(stride)}")
        if const or not self.inputs:
            sign = "- " if const < 0 else "+ "
            printer.print_string(f" {sign if self.inputs else sign.strip('+ ')}{abs(const)}")
        if self.modulus:
            printer.print_string(f" mod {self.modulus.value.data}")
        printer.print_op_attributes(self.attributes)


@irdl_op_definition
class CmpOp(ControlOp):
    """
    A comparison: `result = lhs <predicate> rhs`.

    ```mlir
    %first = hlsc.cmp eq %nf, %zero
    ```
    """

    name = "hlsc.cmp"
    predicate = prop_def(PredicateAttr)
    lhs = operand_def(INDEX)
    rhs = operand_def(INDEX)
    result = result_def(PREDICATE)
    assembly_format = "$predicate $lhs `,` $rhs attr-dict"

    def __init__(self, predicate: Predicate | str, lhs: SSAValue, rhs: SSAValue):
        attr = PredicateAttr(Predicate(predicate))
        super().__init__(operands=[lhs, rhs], properties={"predicate": attr}, result_types=[PREDICATE])

    def term(self, slot: Slots) -> Term:
        return "cmp", self.predicate.data.value, slot(self.lhs), slot(self.rhs)


class _Logic(ControlOp, ABC):
    """A connective of two predicates."""

    lhs = operand_def(PREDICATE)
    rhs = operand_def(PREDICATE)
    result = result_def(PREDICATE)
    assembly_format = "$lhs `,` $rhs attr-dict"

    def __init__(self, lhs: SSAValue, rhs: SSAValue):
        super().__init__(operands=[lhs, rhs], result_types=[PREDICATE])

    def term(self, slot: Slots) -> Term:
        return self.name.removeprefix("hlsc."), slot(self.lhs), slot(self.rhs)


@irdl_op_definition
class AndOp(_Logic):
    """
    `result = lhs and rhs`

    ```mlir
    %inside = hlsc.and %top, %left
    ```
    """

    name = "hlsc.and"


@irdl_op_definition
class OrOp(_Logic):
    """
    `result = lhs or rhs`

    ```mlir
    %outside = hlsc.or %above, %below
    ```
    """

    name = "hlsc.or"


@irdl_op_definition
class NotOp(ControlOp):
    """
    `result = not input`

    ```mlir
    %later = hlsc.not %first
    ```
    """

    name = "hlsc.not"
    input = operand_def(PREDICATE)
    result = result_def(PREDICATE)
    assembly_format = "$input attr-dict"

    def __init__(self, value: SSAValue):
        super().__init__(operands=[value], result_types=[PREDICATE])

    def term(self, slot: Slots) -> Term:
        return "not", slot(self.input)


@irdl_op_definition
class StaticSelectOp(ControlOp):
    """
    `result = condition ? lhs : rhs`

    ```mlir
    %level = hlsc.static_select %early, %a, %b
    ```
    """

    name = "hlsc.static_select"
    condition = operand_def(PREDICATE)
    lhs = operand_def(INDEX)
    rhs = operand_def(INDEX)
    result = result_def(INDEX)
    assembly_format = "$condition `,` $lhs `,` $rhs attr-dict"

    def __init__(self, condition: SSAValue, lhs: SSAValue, rhs: SSAValue):
        super().__init__(operands=[condition, lhs, rhs], result_types=[INDEX])

    def term(self, slot: Slots) -> Term:
        return "select", slot(self.condition), slot(self.lhs), slot(self.rhs)


@irdl_op_definition
class StaticRomOp(ControlOp):
    """
    A static table: `result = values[index]`.

    ```mlir
    %bank = hlsc.static_rom dense<[2, 0, 1]> : tensor<3xi8> [%phase]
    ```
    """

    name = "hlsc.static_rom"
    values = prop_def(DenseIntOrFPElementsAttr)
    index = operand_def(INDEX)
    result = result_def(INDEX)
    assembly_format = "$values ` ` `[` $index `]` attr-dict"

    def __init__(self, values: DenseIntOrFPElementsAttr, index: SSAValue):
        super().__init__(operands=[index], properties={"values": values}, result_types=[INDEX])

    def verify_(self) -> None:
        if len(self.values.get_shape()) != 1:
            raise VerifyException("a static table has one dimension")

    def term(self, slot: Slots) -> Term:
        return "rom", to_numpy(self.values), slot(self.index)


@irdl_op_definition
class PositionOp(HlscOp):
    """
    The position of the side at its current, not yet fired iteration: `position := index`; never decreases.

    ```mlir
    hlsc.position %at
    ```
    """

    name = "hlsc.position"
    index = operand_def(INDEX)
    assembly_format = "$index attr-dict"

    def __init__(self, index: SSAValue):
        super().__init__(operands=[index])


@irdl_op_definition
class AwaitOp(HlscOp):
    """
    The iteration fires only when another side has come past: `side.position > index`.

    ```mlir
    hlsc.await @fill > %at when %inside
    ```
    """

    name = "hlsc.await"
    side = prop_def(FlatSymbolRefAttr)
    index = operand_def(INDEX)
    when = opt_operand_def(PREDICATE)
    assembly_format = "$side ` ` `>` $index (`when` $when^)? attr-dict"

    def __init__(self, side: str, index: SSAValue, when: SSAValue | None = None):
        super().__init__(operands=[index, when], properties={"side": SymbolRefAttr(side)})


@irdl_op_definition
class AdvanceOp(HlscOp):
    """
    The counters of nest `nest` (second or later) step at the end of an iteration only when `when` holds.

    ```mlir
    hlsc.advance 1 when %loading
    ```
    """

    name = "hlsc.advance"
    nest = prop_def(IntegerAttr.constr(type=i64, value=AtLeast(1)))
    when = operand_def(PREDICATE)
    assembly_format = "$nest `when` $when attr-dict"

    def __init__(self, nest: int, when: SSAValue):
        super().__init__(operands=[when], properties={"nest": IntegerAttr(nest, i64)})


def is_control(type_: Attribute) -> bool:
    """Whether a value of the type is static."""
    return type_ in (INDEX, PREDICATE)
