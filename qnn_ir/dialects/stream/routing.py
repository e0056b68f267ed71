"""Actors that only move elements: width converter and fork."""

import math
from collections.abc import Sequence

from xdsl.dialects.builtin import StringAttr
from xdsl.ir import SSAValue
from xdsl.irdl import irdl_op_definition, operand_def, result_def, var_result_def
from xdsl.utils.exceptions import VerifyException

from qnn_ir.dialects.stream.actor import Actor, channel, string_attr, verify_port
from qnn_ir.dialects.stream.types import ChannelType


@irdl_op_definition
class WidthOp(Actor):
    """
    Width converter: the same elements, another number of lanes.

    `y[k] = x[k]`. With n lanes in, m lanes out and L = lcm(n, m), each group of L elements takes
    max(L / n, L / m) cycles: nest (elements / L, max(L / n, L / m)).

    ```mlir
    %y = stream.width "w" %x : !stream.chan<ui2 x 3, 8> -> !stream.chan<ui2 x 8, 3>
    ```
    """

    name = "stream.width"
    input = operand_def(ChannelType)
    result = result_def(ChannelType)

    assembly_format = "$name $input attr-dict `:` type($input) `->` type($result)"

    def __init__(self, layer: str | StringAttr, input: SSAValue, result_type: ChannelType):
        super().__init__(operands=[input], properties={"name": string_attr(layer)}, result_types=[result_type])

    def nest(self) -> tuple[int, ...]:
        source, target = channel(self.input).lanes.data, channel(self.result).lanes.data
        group = math.lcm(source, target)
        return channel(self.input).elements // group, group // min(source, target)

    def verify_(self) -> None:
        source, target = channel(self.input), channel(self.result)
        if source.element != target.element:
            raise VerifyException(f"a width converter keeps the element: {source.element} became {target.element}")
        verify_port("result", target, target.lanes.data, source.elements)


@irdl_op_definition
class ForkOp(Actor):
    """
    Copy of one channel to two or more.

    `y_i[k] = x[k]` for each result i; a beat moves when every result has room for it.

    ```mlir
    %a, %b = stream.fork "copy" %x : !stream.chan<ui2 x 2, 4> -> !stream.chan<ui2 x 2, 4>, !stream.chan<ui2 x 2, 4>
    ```
    """

    name = "stream.fork"
    input = operand_def(ChannelType)
    copies = var_result_def(ChannelType)

    assembly_format = "$name $input attr-dict `:` type($input) `->` type($copies)"

    def __init__(self, layer: str | StringAttr, input: SSAValue, copies: int | Sequence[ChannelType]):
        types = [channel(input)] * copies if isinstance(copies, int) else copies
        super().__init__(operands=[input], properties={"name": string_attr(layer)}, result_types=[types])

    def nest(self) -> tuple[int, ...]:
        return (channel(self.input).beats.data,)

    def verify_(self) -> None:
        if len(self.copies) < 2:
            raise VerifyException("a fork has two results or more")
        if any(copy.type != self.input.type for copy in self.copies):
            raise VerifyException("all results of a fork have the type of its operand")
