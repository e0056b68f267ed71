"""The product of two channels."""

from xdsl.dialects.builtin import IntegerAttr, IntegerType, StringAttr, i64
from xdsl.ir import SSAValue
from xdsl.irdl import irdl_op_definition, operand_def, prop_def, result_def

from qnn_ir.dialects.stream.actor import INTEGER, POSITIVE, Actor, channel, i64_attr, string_attr, verify_port
from qnn_ir.dialects.stream.types import ChannelType


@irdl_op_definition
class JoinMulOp(Actor):
    """
    Product of two channels, each moved by a constant (minus its zero point).

    `y[k] = (a[k] + offset_a) * (b[k] + offset_b)`, `pe` elements per cycle; both inputs are read in the same cycle. A
    factor per channel of an image comes through a `stream.upsample` of one pixel.

    ```mlir
    %y = stream.join_mul "gate" %a, %b {offset_a = -1 : i64, pe = 2 : i64}
      : !stream.chan<ui2 x 2, 4>, !stream.chan<ui2 x 2, 4> -> !stream.chan<si4 x 2, 4>
    ```
    """

    name = "stream.join_mul"
    a = operand_def(ChannelType)
    b = operand_def(ChannelType)
    offset_a = prop_def(INTEGER, default_value=IntegerAttr(0, i64))
    offset_b = prop_def(INTEGER, default_value=IntegerAttr(0, i64))
    pe = prop_def(POSITIVE, default_value=IntegerAttr(1, i64))
    result = result_def(ChannelType)

    assembly_format = "$name $a `,` $b attr-dict `:` type($a) `,` type($b) `->` type($result)"

    def __init__(
        self,
        layer: str | StringAttr,
        a: SSAValue,
        b: SSAValue,
        result_element: IntegerType,
        offset_a: int | IntegerAttr = 0,
        offset_b: int | IntegerAttr = 0,
        pe: int | IntegerAttr = 1,
    ):
        pe = i64_attr(pe)
        result = ChannelType(result_element, pe.value.data, channel(a).elements // pe.value.data)
        super().__init__(
            operands=[a, b],
            properties={
                "name": string_attr(layer),
                "offset_a": i64_attr(offset_a),
                "offset_b": i64_attr(offset_b),
                "pe": pe,
            },
            result_types=[result],
        )

    def nest(self) -> tuple[int, ...]:
        return (channel(self.result).beats.data,)

    def verify_(self) -> None:
        pe, elements = self.pe.value.data, channel(self.a).elements
        verify_port("first input", self.a.type, pe, elements)
        verify_port("second input", self.b.type, pe, elements)
        verify_port("result", self.result.type, pe, elements)
