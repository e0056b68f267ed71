"""
Operations on bits and lanes: regrouping and population counts.

Here an integer is a word of bits, of any width.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence

from xdsl.dialects.builtin import IntegerAttr, i64
from xdsl.ir import Attribute, SSAValue
from xdsl.irdl import AtLeast, irdl_op_definition, operand_def, prop_def, result_def, traits_def, var_operand_def
from xdsl.traits import Pure
from xdsl.utils.exceptions import VerifyException

from qnn_ir.constants import int_type
from qnn_ir.dialects.hlsc.base import INDEX, HlscOp, value_of
from qnn_ir.dialects.hlsc.types import ValueType, element_of, narrowest, range_of, shape_of, value_type

POSITION = IntegerAttr.constr(type=i64, value=AtLeast(0))
SIZE = IntegerAttr.constr(type=i64, value=AtLeast(1))


class BitsOp(HlscOp, ABC):
    """A pure operation on bits with one result, of exactly the type that `needed` says."""

    traits = traits_def(Pure())
    result = result_def()

    @abstractmethod
    def needed(self) -> ValueType:
        """The result type of the operand types; a `VerifyException` where these do not fit together."""

    def verify_(self) -> None:
        for value in self.operands:
            if value.type != INDEX:
                value_of(value)
        if self.result.type != (needed := self.needed()):
            raise VerifyException(f"result should be {needed}, not {self.result.type}")


def _word_bits(type_: Attribute) -> int:
    if range_of(type_)[0] < 0:
        raise VerifyException(f"a word of bits is unsigned, not {type_}")
    return element_of(type_).width.data


@irdl_op_definition
class PlaneOp(BitsOp):
    """
    Bit `bit` of every lane as a word, lane 0 lowest: `result = sum_s ((x_s >> bit) & 1) << s`.

    ```mlir
    %p = hlsc.plane %x bit 1 : vector<49xui2> -> ui49
    ```
    """

    name = "hlsc.plane"
    x = operand_def()
    bit = prop_def(POSITION)
    assembly_format = "$x `bit` $bit attr-dict `:` type($x) `->` type($result)"

    def __init__(self, x: SSAValue, bit: int):
        super().__init__(operands=[x], properties={"bit": IntegerAttr(bit, i64)}, result_types=[plane_type(x.type)])

    def needed(self) -> ValueType:
        if self.bit.value.data >= element_of(self.x.type).width.data:
            raise VerifyException(f"{self.x.type} has no bit {self.bit.value.data}")
        return plane_type(self.x.type)


def plane_type(x: Attribute) -> ValueType:
    """One bit per lane of the last axis."""
    if not (shape := shape_of(x)):
        raise VerifyException(f"{x} has no lanes")
    return value_type(shape[:-1], int_type(0, (1 << shape[-1]) - 1))


@irdl_op_definition
class PopcountOp(BitsOp):
    """
    The number of ones of every word: `result_p = popcount(w_p)`.

    ```mlir
    %n = hlsc.popcount %w : vector<16xui49> -> vector<16xui6>
    ```
    """

    name = "hlsc.popcount"
    w = operand_def()
    assembly_format = "$w attr-dict `:` type($w) `->` type($result)"

    def __init__(self, w: SSAValue):
        super().__init__(operands=[w], result_types=[narrowest(shape_of(w.type), (0, _word_bits(w.type)))])

    def needed(self) -> ValueType:
        return narrowest(shape_of(self.w.type), (0, _word_bits(self.w.type)))


class _WordsOp(BitsOp, ABC):
    """A population count of a word combined with every word of a vector."""

    x = operand_def()
    w = operand_def()
    assembly_format = "$x `,` $w attr-dict `:` type($x) `,` type($w) `->` type($result)"

    def __init__(self, x: SSAValue, w: SSAValue):
        super().__init__(operands=[x, w], result_types=[words_type(x.type, w.type)])

    def needed(self) -> ValueType:
        return words_type(self.x.type, self.w.type)


def words_type(x: Attribute, w: Attribute) -> ValueType:
    """A count of bits per word of `w`."""
    if shape_of(x) or len(shape_of(w)) != 1 or _word_bits(x) != _word_bits(w):
        raise VerifyException(f"expected uiS and a vector of uiS, got {x} and {w}")
    return narrowest(shape_of(w), (0, _word_bits(w)))


@irdl_op_definition
class XnorPopcountOp(_WordsOp):
    """
    The number of equal bits: `result_p = popcount(~(x ^ w_p))`, a dot product of bipolar vectors.

    ```mlir
    %n = hlsc.xnor_popcount %x, %w : ui49, vector<16xui49> -> vector<16xui6>
    ```
    """

    name = "hlsc.xnor_popcount"


@irdl_op_definition
class AndPopcountOp(_WordsOp):
    """
    The number of common ones: `result_p = popcount(x & w_p)`, a dot product of bit vectors.

    ```mlir
    %n = hlsc.and_popcount %x, %w : ui49, vector<16xui49> -> vector<16xui6>
    ```
    """

    name = "hlsc.and_popcount"


@irdl_op_definition
class SliceOp(BitsOp):
    """
    Lanes `offset .. offset + size` of the first axis: `result_l = input_{offset + l}`.

    ```mlir
    %low = hlsc.slice %x from 0 size 16 : vector<49xui2> -> vector<16xui2>
    ```
    """

    name = "hlsc.slice"
    input = operand_def()
    offset = prop_def(POSITION)
    size = prop_def(SIZE)
    assembly_format = "$input `from` $offset `size` $size attr-dict `:` type($input) `->` type($result)"

    def __init__(self, input: SSAValue, offset: int, size: int):
        super().__init__(
            operands=[input],
            properties={"offset": IntegerAttr(offset, i64), "size": IntegerAttr(size, i64)},
            result_types=[slice_type(input.type, offset + size, size)],
        )

    def needed(self) -> ValueType:
        return slice_type(self.input.type, self.offset.value.data + self.size.value.data, self.size.value.data)


@irdl_op_definition
class DynamicSliceOp(BitsOp):
    """
    Lanes from a static index on: `result_l = input_{index + l}`; the index is checked over the frame.

    ```mlir
    %tile = hlsc.dynamic_slice %x[%at] size 4 : vector<16xui2> -> vector<4xui2>
    ```
    """

    name = "hlsc.dynamic_slice"
    input = operand_def()
    index = operand_def(INDEX)
    size = prop_def(SIZE)
    assembly_format = "$input `[` $index `]` `size` $size attr-dict `:` type($input) `->` type($result)"

    def __init__(self, input: SSAValue, index: SSAValue, size: int):
        super().__init__(
            operands=[input, index],
            properties={"size": IntegerAttr(size, i64)},
            result_types=[slice_type(input.type, size, size)],
        )

    def needed(self) -> ValueType:
        return slice_type(self.input.type, self.size.value.data, self.size.value.data)


def slice_type(input_: Attribute, end: int, size: int) -> ValueType:
    """`size` lanes of the first axis."""
    shape = shape_of(input_)
    if not shape or end > shape[0]:
        raise VerifyException(f"{input_} has no lane {end - 1}")
    return value_type((size, *shape[1:]), element_of(input_))


@irdl_op_definition
class ConcatOp(BitsOp):
    """
    Lanes one after the other along the first axis, the first operand lowest.

    ```mlir
    %all = hlsc.concat %a, %b : vector<3xui2>, vector<5xui2> -> vector<8xui2>
    ```
    """

    name = "hlsc.concat"
    inputs = var_operand_def()
    assembly_format = "$inputs attr-dict `:` type($inputs) `->` type($result)"

    def __init__(self, inputs: Sequence[SSAValue]):
        super().__init__(operands=[inputs], result_types=[concat_type([v.type for v in inputs])])

    def needed(self) -> ValueType:
        return concat_type([v.type for v in self.inputs])


def concat_type(types: Sequence[Attribute]) -> ValueType:
    """All lanes of vectors that differ in their first axis only."""
    kinds = {(element_of(t), shape_of(t)[1:]) for t in types}
    if len(kinds) != 1 or not all(shape_of(t) for t in types):
        raise VerifyException("concatenated vectors differ in their first axis only")
    ((element, rest),) = kinds
    return value_type((sum(shape_of(t)[0] for t in types), *rest), element)
