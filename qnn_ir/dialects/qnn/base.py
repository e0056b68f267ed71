"""What all `qnn` operators share: tensor kinds, one result whose shape is inferred, checks between operands."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias, cast

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import (
    BoolAttr,
    DenseArrayBase,
    DenseIntOrFPElementsAttr,
    Float32Type,
    Float64Type,
    FloatAttr,
    IntegerAttr,
    IntegerType,
    Signedness,
    SignednessAttr,
    TensorType,
    f32,
    f64,
    i1,
    i64,
)
from xdsl.ir import Attribute, Operation, SSAValue
from xdsl.irdl import (
    AnyAttr,
    AttrConstraint,
    AttrSetConstraint,
    EqAttrConstraint,
    IRDLOperation,
    MessageConstraint,
    ParamAttrConstraint,
    ParsePropInAttrDict,
    result_def,
    traits_def,
)
from xdsl.rewriter import Rewriter
from xdsl.traits import Pure
from xdsl.utils.exceptions import VerifyException

from qnn_ir.constants import to_numpy
from qnn_ir.dialects.qnn.shapes import Shape, broadcast, require, text

Tensor: TypeAlias = TensorType[Any]

_FLOAT = EqAttrConstraint(f32) | EqAttrConstraint(f64)
# signless integers say nothing about their values
_SIGNED = AttrSetConstraint.get(SignednessAttr(Signedness.SIGNED), SignednessAttr(Signedness.UNSIGNED))
_INT: AttrConstraint[Attribute] = ParamAttrConstraint(IntegerType, (AnyAttr(), _SIGNED))

FLOAT_TENSOR = MessageConstraint(TensorType.constr(_FLOAT), "expected a tensor of f32 or f64")
INT_TENSOR = MessageConstraint(TensorType.constr(_INT), "expected a tensor of siN or uiN")
TENSOR = MessageConstraint(TensorType.constr(_FLOAT | _INT), "expected a tensor of f32, f64, siN or uiN")

INTS = DenseArrayBase.constr(i64)
I64 = IntegerAttr.constr(type=i64)
F64 = FloatAttr.constr(type=f64)
BOOL = IntegerAttr.constr(type=i1)


def is_float(type_: Attribute) -> bool:
    """Whether `type_` is a tensor of floats (form a), not of integers (form b)."""
    return isinstance(type_, TensorType) and isinstance(
        cast(Tensor, type_).get_element_type(), Float32Type | Float64Type
    )


def shape_of(value: SSAValue | Operation) -> Shape:
    """The shape of a tensor value."""
    type_ = SSAValue.get(value).type
    if not isinstance(type_, TensorType):
        raise VerifyException(f"expected a tensor, got {type_}")
    return tuple(cast(Tensor, type_).get_shape())


def element_of(value: SSAValue | Operation) -> Attribute:
    """The element type of a tensor value."""
    type_ = SSAValue.get(value).type
    if not isinstance(type_, TensorType):
        raise VerifyException(f"expected a tensor, got {type_}")
    return cast(Tensor, type_).get_element_type()


def integer_type(type_: Attribute) -> IntegerType | None:
    """The element type of a tensor of integers, nothing for other types."""
    element: Attribute = cast(Tensor, type_).get_element_type() if isinstance(type_, TensorType) else type_
    return cast(IntegerType, element) if isinstance(element, IntegerType) else None


def int_values(attr: DenseArrayBase[Any]) -> Shape:
    """The elements of a property of integers."""
    return tuple(attr.get_values())


def ints(values: Sequence[int]) -> DenseArrayBase:
    """A property of integers."""
    return DenseArrayBase.from_list(i64, list(values))


def integer(value: int) -> IntegerAttr[Any]:
    """A property of one integer."""
    return IntegerAttr(value, i64)


def real(value: float) -> FloatAttr[Any]:
    """A property of one real number."""
    return FloatAttr(value, f64)


def boolean(value: bool) -> BoolAttr:
    """A property of one truth value."""
    return BoolAttr.from_bool(value)


class QnnOp(IRDLOperation, ABC):
    """An operator on tensors: pure, with value semantics."""

    traits = traits_def(Pure())
    irdl_options = (ParsePropInAttrDict(),)


class TensorOp(QnnOp, ABC):
    """An operator with one result, whose shape follows from its operands and properties."""

    result = result_def(TENSOR)

    @abstractmethod
    def result_shape(self) -> Shape:
        """The shape of the result; `VerifyException` when the operands do not fit together."""

    def build_op(
        self,
        operands: Sequence[SSAValue | Operation | Sequence[SSAValue | Operation]],
        properties: Mapping[str, Attribute | None],
        element: Attribute | None,
    ) -> None:
        """Initialise with a result of the inferred shape; `element` defaults to that of the first operand."""
        if element is None:
            first = operands[0]
            element = element_of(first[0] if isinstance(first, Sequence) else first)
        # the operator itself infers its shape, so it has to exist first
        placeholder = TensorType(element, ())
        super().__init__(operands=operands, properties=properties, result_types=(placeholder,))
        Rewriter.replace_value_with_new_type(self.results[0], TensorType(element, self.result_shape()))

    def verify_(self) -> None:
        """The result has the inferred shape."""
        expected, actual = self.result_shape(), shape_of(self.result)
        require(expected == actual, f"result has shape {text(actual)}, expected {text(expected)}")


class FloatOp(TensorOp, ABC):
    """An operator of form (a) only: real numbers."""

    def verify_(self) -> None:
        """The result is real."""
        super().verify_()
        require(is_float(self.result.type), f"expected a float result, got {self.result.type}")


class AnyKindOp(TensorOp, ABC):
    """An operator of both forms: all operands and the result are real, or all are integers."""

    def kind_operands(self) -> Sequence[SSAValue]:
        """The operands that have to be of the kind of the result."""
        return self.operands

    def verify_(self) -> None:
        """No mixture of float and integer tensors."""
        super().verify_()
        kinds = {is_float(value.type) for value in (*self.kind_operands(), self.result)}
        require(len(kinds) == 1, "mixture of float and integer tensors")


class SameTypeOp(AnyKindOp, ABC):
    """An operator that moves or selects elements: the result has the element type of the first operand."""

    def verify_(self) -> None:
        """Element types agree (widening is no movement)."""
        super().verify_()
        source, target = element_of(self.operands[0]), element_of(self.result)
        require(source == target, f"result element type is {target}, operand element type is {source}")


def integer_element(element: IntegerType | None, *operands: SSAValue | Operation) -> Attribute | None:
    """`element` of the result of arithmetic: may be left out for floats only."""
    if element is None and not all(is_float(SSAValue.get(value).type) for value in operands):
        raise ValueError("the element type of an integer result must be given")
    return element


def check_groups(groups: DenseIntOrFPElementsAttr, shape: Shape, rows: int) -> None:
    """`groups` broadcasts to `shape` and names rows 0..rows-1."""
    require(isinstance(groups.get_element_type(), IntegerType), f"groups of type {groups.type}")
    require(broadcast(groups.get_shape(), shape) == shape, f"groups of {text(groups.get_shape())} for {text(shape)}")
    array: NDArray[np.int64] = to_numpy(groups)
    bad = array.size and (array.min() < 0 or array.max() >= rows)
    require(not bad, f"group index outside the {rows} rows")
