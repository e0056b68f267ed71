"""Local memories of a process and the accesses to ports and memories."""

from abc import ABC
from math import prod
from typing import cast

from xdsl.dialects.builtin import DenseIntOrFPElementsAttr, IntegerAttr, StringAttr, i64
from xdsl.ir import Attribute, SSAValue
from xdsl.irdl import (
    AttrSizedOperandSegments,
    BaseAttr,
    irdl_op_definition,
    operand_def,
    opt_operand_def,
    opt_prop_def,
    prop_def,
    result_def,
)
from xdsl.utils.exceptions import VerifyException

from qnn_ir.constants import to_numpy, type_range
from qnn_ir.dialects.hlsc.base import INDEX, PREDICATE, HlscOp, check_same_bits, value_of
from qnn_ir.dialects.hlsc.types import (
    ARITHMETIC_BITS,
    InType,
    MemType,
    OutType,
    Style,
    StyleAttr,
    element_of,
    lanes_of,
    range_of,
    shape_of,
    value_type,
)

AUTO = StyleAttr(Style.AUTO)


class MemoryOp(HlscOp, ABC):
    """A local memory: its only result is the memory itself. `label` (property `name`) names it in generated code."""

    label = opt_prop_def(StringAttr, prop_name="name")
    result = result_def(MemType)

    @property
    def type(self) -> MemType:
        """The type of the memory."""
        return self.result.type


def _label(label: str | None) -> StringAttr | None:
    return None if label is None else StringAttr(label)


@irdl_op_definition
class RomOp(MemoryOp):
    """
    A constant memory: word `i` is `data[i]`, in the shape of the word.

    ```mlir
    %weights = hlsc.rom dense<[[1, 0], [0, 1]]> : tensor<2x2xi8> as !hlsc.mem<2 x vector<2xui1>> style lutram
    ```
    """

    name = "hlsc.rom"
    data = prop_def(DenseIntOrFPElementsAttr)
    style = prop_def(StyleAttr, default_value=AUTO)
    assembly_format = "(`named` $name^)? $data `as` type($result) (`style` $style^)? attr-dict"

    def __init__(
        self, data: DenseIntOrFPElementsAttr, type: MemType, style: Style = Style.AUTO, label: str | None = None
    ):
        super().__init__(
            properties={"data": data, "style": StyleAttr(style), "name": _label(label)}, result_types=[type]
        )

    def verify_(self) -> None:
        lanes = lanes_of(self.type.value)
        if prod(self.data.get_shape()) != self.type.depth.data * lanes:
            raise VerifyException(f"data {self.data.get_shape()} does not fill {self.type}")
        if element_of(self.type.value).width.data > ARITHMETIC_BITS:
            raise VerifyException(f"a rom has lanes of at most {ARITHMETIC_BITS} bits; a load may join them to words")
        verify_fits(self.data, self.type)


def verify_fits(data: DenseIntOrFPElementsAttr, memory: MemType, tile: Attribute | None = None) -> None:
    """All entries of `data` are lanes of `tile`, which is the word of `memory` unless it says otherwise."""
    array = to_numpy(data)
    lo, hi = type_range(element_of(tile or memory.value))
    if array.min() < lo or array.max() > hi:
        raise VerifyException(f"data in [{array.min()}, {array.max()}] does not fit {tile or memory}")


@irdl_op_definition
class RamOp(MemoryOp):
    """
    A memory that is written before it is read; its first contents are undefined.

    ```mlir
    %lines = hlsc.ram !hlsc.mem<192 x vector<32xui1>> style bram
    ```
    """

    name = "hlsc.ram"
    style = prop_def(StyleAttr, default_value=AUTO)
    assembly_format = "(`named` $name^)? type($result) (`style` $style^)? attr-dict"

    def __init__(self, type: MemType, style: Style = Style.AUTO, label: str | None = None):
        super().__init__(properties={"style": StyleAttr(style), "name": _label(label)}, result_types=[type])


@irdl_op_definition
class RegOp(MemoryOp):
    """
    One word of state; every lane is `init` at reset.

    ```mlir
    %acc = hlsc.reg !hlsc.mem<1 x vector<16xsi12>> init 0
    ```
    """

    name = "hlsc.reg"
    init = prop_def(IntegerAttr.constr(type=i64), default_value=IntegerAttr(0, i64))
    assembly_format = "(`named` $name^)? type($result) (`init` $init^)? attr-dict"

    def __init__(self, value: Attribute, init: int = 0, label: str | None = None):
        super().__init__(
            properties={"init": IntegerAttr(init, i64), "name": _label(label)}, result_types=[MemType(1, value)]
        )

    def verify_(self) -> None:
        if self.type.depth.data != 1:
            raise VerifyException("a register has one word")
        lo, hi = range_of(self.type.value)
        if not lo <= self.init.value.data <= hi:
            raise VerifyException(f"init {self.init.value.data} does not fit {self.type}")


@irdl_op_definition
class ReadOp(HlscOp):
    """
    The next token of an input port: `result = pop(port)`; undefined where `when` does not hold.

    The result may have any value type with the same bits as the port.

    ```mlir
    %x = hlsc.read %in when %first : !hlsc.in<vector<49xui2>> -> vector<49xui2>
    ```
    """

    name = "hlsc.read"
    port = operand_def(BaseAttr(InType))
    when = opt_operand_def(PREDICATE)
    result = result_def()
    assembly_format = "$port (`when` $when^)? attr-dict `:` type($port) `->` type($result)"

    def __init__(self, port: SSAValue, when: SSAValue | None = None, result_type: Attribute | None = None):
        type_ = result_type or cast(InType, port.type).value
        super().__init__(operands=[port, when], result_types=[type_])

    def verify_(self) -> None:
        check_same_bits(cast(InType, self.port.type).value, self.result.type)


@irdl_op_definition
class WriteOp(HlscOp):
    """
    Append a token to an output port where `when` holds: `push(port, value)`.

    ```mlir
    hlsc.write %out, %y when %last : !hlsc.out<vector<16xui2>>, vector<16xui2>
    ```
    """

    name = "hlsc.write"
    port = operand_def(BaseAttr(OutType))
    value = operand_def()
    when = opt_operand_def(PREDICATE)
    assembly_format = "$port `,` $value (`when` $when^)? attr-dict `:` type($port) `,` type($value)"

    def __init__(self, port: SSAValue, value: SSAValue, when: SSAValue | None = None):
        super().__init__(operands=[port, value, when])

    def verify_(self) -> None:
        check_same_bits(value_of(self.value), cast(OutType, self.port.type).value)


@irdl_op_definition
class LoadOp(HlscOp):
    """
    A word of a memory as it was before the iteration: `result = memory[index]`; undefined where `when` does not hold.

    The index is omitted for a memory of one word. Every enabled load of state sees a store of the same frame, so a
    load whose value is selected away in some iterations says so with `when`.

    ```mlir
    %w = hlsc.load %weights[%row] : !hlsc.mem<64 x vector<16x49xui1>> -> vector<16x49xui1>
    %a = hlsc.load %acc when %later : !hlsc.mem<1 x vector<16xsi12>> -> vector<16xsi12>
    ```
    """

    name = "hlsc.load"
    memory = operand_def(BaseAttr(MemType))
    index = opt_operand_def(INDEX)
    when = opt_operand_def(PREDICATE)
    result = result_def()
    irdl_options = (AttrSizedOperandSegments(as_property=True),)
    assembly_format = "$memory (`[` $index^ `]`)? (`when` $when^)? attr-dict `:` type($memory) `->` type($result)"

    def __init__(
        self,
        memory: SSAValue,
        index: SSAValue | None = None,
        when: SSAValue | None = None,
        result_type: Attribute | None = None,
    ):
        type_ = result_type or cast(MemType, memory.type).value
        super().__init__(operands=[memory, index, when], result_types=[type_])

    def verify_(self) -> None:
        check_same_bits(cast(MemType, self.memory.type).value, self.result.type)
        _check_index(self.memory, self.index)


@irdl_op_definition
class StoreOp(HlscOp):
    """
    Replace a word at the end of the iteration where `when` holds: `memory[index] := value`.

    ```mlir
    hlsc.store %lines[%at], %x : !hlsc.mem<192 x vector<32xui1>>, vector<32xui1>
    ```
    """

    name = "hlsc.store"
    memory = operand_def(BaseAttr(MemType))
    index = opt_operand_def(INDEX)
    value = operand_def()
    when = opt_operand_def(PREDICATE)
    irdl_options = (AttrSizedOperandSegments(as_property=True),)
    assembly_format = (
        "$memory (`[` $index^ `]`)? `,` $value (`when` $when^)? attr-dict `:` type($memory) `,` type($value)"
    )

    def __init__(self, memory: SSAValue, value: SSAValue, index: SSAValue | None = None, when: SSAValue | None = None):
        super().__init__(operands=[memory, index, value, when])

    def verify_(self) -> None:
        if isinstance(self.memory.owner, RomOp):
            raise VerifyException("a rom is not written")
        check_same_bits(value_of(self.value), cast(MemType, self.memory.type).value)
        _check_index(self.memory, self.index)


def _check_index(memory: SSAValue, index: SSAValue | None) -> None:
    depth = cast(MemType, memory.type).depth.data
    if index is None and depth != 1:
        raise VerifyException(f"an access to a memory of {depth} words needs an index")


@irdl_op_definition
class LookupOp(HlscOp):
    """
    A table: `result_l = memory[index][l, input_l - lo]`, or `memory[index][input_l - lo]` where lanes share a table.

    The word of the memory has one dimension more than `input` (a table per lane) or exactly one (shared). The index
    is omitted for a memory of one word.

    ```mlir
    %y = hlsc.lookup %tables[%nf], %x lo -8 : !hlsc.mem<4 x vector<2x16xui3>>, vector<2xsi4> -> vector<2xui3>
    ```
    """

    name = "hlsc.lookup"
    memory = operand_def(BaseAttr(MemType))
    index = opt_operand_def(INDEX)
    input = operand_def()
    lo = prop_def(IntegerAttr.constr(type=i64))
    result = result_def()
    assembly_format = (
        "$memory (`[` $index^ `]`)? `,` $input `lo` $lo attr-dict `:` type($memory) `,` type($input) `->` type($result)"
    )

    def __init__(self, memory: SSAValue, input: SSAValue, lo: int, index: SSAValue | None = None):
        super().__init__(
            operands=[memory, index, input],
            properties={"lo": IntegerAttr(lo, i64)},
            result_types=[lookup_type(memory.type, input.type)],
        )

    def verify_(self) -> None:
        _check_index(self.memory, self.index)
        value_of(self.input)
        if isinstance(self.memory.owner, RamOp | RegOp):
            raise VerifyException("a table is a rom")
        word, shape = shape_of(cast(MemType, self.memory.type).value), shape_of(self.input.type)
        if len(word) == 0 or word[:-1] not in ((), shape):
            raise VerifyException(f"a word of {self.memory.type} is no table for {self.input.type}")
        if self.result.type != lookup_type(self.memory.type, self.input.type):
            raise VerifyException(f"result should be {lookup_type(self.memory.type, self.input.type)}")


def lookup_type(memory: Attribute, input_: Attribute) -> Attribute:
    """The shape of the input, the element of the table."""
    return value_type(shape_of(input_), element_of(cast(MemType, memory).value))
