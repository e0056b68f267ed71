"""
Actors that move elements in space: concat, crop, upsample, reorder.

What else moves elements is made of these and of others: a split is a fork and one crop per part; padding is a window of
one pixel; a depth-to-space, a channel shuffle and any transposition is a reorder; a constant image is part of a map.

A transposed convolution needs no actor of its own. With strides (sv, sh), the outputs that share
`(o + pad) // stride` see the same few pixels of the input, so they are sv * sh * O rows of one matrix on one window of
stride 1 (`qnn_ir.analysis.transposed` computes it), and zeros between pixels never exist. A reorder of each row of
blocks, (columns, sv, sh * O) to (sv, columns, sh * O), makes the image, a crop takes the padding off:
`stream.window -> stream.mvtu -> stream.reorder -> stream.crop`.
"""

import math
from collections.abc import Sequence
from typing import Any

from xdsl.dialects.builtin import DenseArrayBase, IntegerAttr, IntegerType, StringAttr, i64
from xdsl.ir import SSAValue
from xdsl.irdl import irdl_op_definition, operand_def, prop_def, result_def, var_operand_def
from xdsl.utils.exceptions import VerifyException

from qnn_ir.constants import type_range
from qnn_ir.dialects.stream.actor import POSITIVE, Actor, channel, i64_attr, string_attr, verify_port
from qnn_ir.dialects.stream.types import ChannelType

INTS = DenseArrayBase.constr(i64)


@irdl_op_definition
class ConcatOp(Actor):
    """
    Vectors of several channels, one behind the other.

    `y[v] = (x_0[v], x_1[v], ...)` for each of the `vectors` vectors of a frame; those of input i have `lengths[i]`
    elements. `pe` elements per cycle: nest (vectors, sum of lengths / pe). The element of the result holds all inputs.

    ```mlir
    %y = stream.concat "c" %a, %b {lengths = array<i64: 2, 4>, vectors = 3 : i64, pe = 2 : i64}
      : !stream.chan<ui2 x 2, 3>, !stream.chan<si3 x 2, 6> -> !stream.chan<si3 x 2, 9>
    ```
    """

    name = "stream.concat"
    inputs = var_operand_def(ChannelType)
    lengths = prop_def(INTS)
    vectors = prop_def(POSITIVE, default_value=IntegerAttr(1, i64))
    pe = prop_def(POSITIVE, default_value=IntegerAttr(1, i64))
    result = result_def(ChannelType)

    assembly_format = "$name $inputs attr-dict `:` type($inputs) `->` type($result)"

    def __init__(
        self,
        layer: str | StringAttr,
        inputs: Sequence[SSAValue],
        lengths: Sequence[int],
        result_element: IntegerType,
        vectors: int | IntegerAttr = 1,
        pe: int | IntegerAttr = 1,
    ):
        vectors, pe = i64_attr(vectors), i64_attr(pe)
        elements = vectors.value.data * sum(lengths)
        super().__init__(
            operands=[inputs],
            properties={"name": string_attr(layer), "lengths": _ints(lengths), "vectors": vectors, "pe": pe},
            result_types=[ChannelType(result_element, pe.value.data, elements // pe.value.data)],
        )

    def parts(self) -> tuple[int, ...]:
        """Elements of a vector of each input."""
        return tuple(self.lengths.get_values())

    def nest(self) -> tuple[int, ...]:
        return self.vectors.value.data, sum(self.parts()) // self.pe.value.data

    def verify_(self) -> None:
        vectors, pe, parts = self.vectors.value.data, self.pe.value.data, self.parts()
        if len(parts) != len(self.inputs) or len(parts) < 2:
            raise VerifyException(f"{len(parts)} lengths for {len(self.inputs)} inputs, expected two or more of each")
        if any(part < 1 or part % pe for part in parts):
            raise VerifyException(f"pe {pe} does not divide the lengths {list(parts)}")
        for index, (value, part) in enumerate(zip(self.inputs, parts, strict=True)):
            verify_port(f"input {index}", value.type, pe, vectors * part)
            _verify_holds(self.result, value)
        verify_port("result", self.result.type, pe, vectors * sum(parts))


@irdl_op_definition
class CropOp(Actor):
    """
    A part of an array: some indices of every axis, evenly spaced. The rest is read and dropped.

    `y[i_0, ...] = x[starts_0 + i_0 * steps_0, ...]` with `i_k < sizes_k`, x of shape `shape`. `pe` elements per cycle,
    all of them inside or all outside: nest (shape_0, ..., shape_n / pe).

    ```mlir
    %y = stream.crop "c" %x {shape = array<i64: 4, 4, 2>, starts = array<i64: 1, 0, 0>, sizes = array<i64: 2, 2, 2>,
      steps = array<i64: 1, 2, 1>, pe = 2 : i64} : !stream.chan<ui2 x 2, 16> -> !stream.chan<ui2 x 2, 4>
    ```
    """

    name = "stream.crop"
    input = operand_def(ChannelType)
    shape = prop_def(INTS)
    starts = prop_def(INTS)
    sizes = prop_def(INTS)
    steps = prop_def(INTS)
    pe = prop_def(POSITIVE, default_value=IntegerAttr(1, i64))
    result = result_def(ChannelType)

    assembly_format = "$name $input attr-dict `:` type($input) `->` type($result)"

    def __init__(
        self,
        layer: str | StringAttr,
        input: SSAValue,
        shape: Sequence[int],
        starts: Sequence[int],
        sizes: Sequence[int],
        steps: Sequence[int] | None = None,
        pe: int | IntegerAttr = 1,
    ):
        pe = i64_attr(pe)
        super().__init__(
            operands=[input],
            properties={
                "name": string_attr(layer),
                "shape": _ints(shape),
                "starts": _ints(starts),
                "sizes": _ints(sizes),
                "steps": _ints(steps or [1] * len(shape)),
                "pe": pe,
            },
            result_types=[ChannelType(channel(input).element, pe.value.data, math.prod(sizes) // pe.value.data)],
        )

    def dims(self) -> tuple[int, ...]:
        """The shape of the input."""
        return tuple(self.shape.get_values())

    def axes(self) -> list[tuple[int, int, int]]:
        """Start, size and step of each axis."""
        columns = self.starts.get_values(), self.sizes.get_values(), self.steps.get_values()
        return list(zip(*columns, strict=True))

    def nest(self) -> tuple[int, ...]:
        *outer, inner = self.dims()
        return *outer, inner // self.pe.value.data

    def verify_(self) -> None:
        rank = len(self.shape)
        if rank < 1 or any(len(a) != rank for a in (self.starts, self.sizes, self.steps)):
            raise VerifyException("shape, starts, sizes and steps have one entry per axis")
        for dim, (start, size, step) in zip(self.dims(), self.axes(), strict=True):
            if min(start, size - 1, step - 1) < 0 or start + (size - 1) * step >= dim:
                raise VerifyException(f"{size} indices from {start} in steps of {step} are not within {dim}")
        pe, (start, size, step) = self.pe.value.data, self.axes()[-1]
        if self.dims()[-1] % pe or start % pe or size % pe or (pe > 1 and step > 1):
            raise VerifyException(f"a beat of {pe} lanes is neither inside nor outside")
        verify_port("input", self.input.type, pe, math.prod(self.dims()))
        verify_port("result", self.result.type, pe, math.prod(self.sizes.get_values()))
        _verify_keeps(self.input, self.result)


@irdl_op_definition
class UpsampleOp(Actor):
    """
    Nearest-neighbour enlargement by whole factors; from one pixel, its repetition.

    `y[oy, ox, c] = x[oy // factors_0, ox // factors_1, c]`, x of shape (rows, columns, channels). `pe` channels per
    cycle; one row of the input is kept: nest (rows, factors_0, columns, factors_1, channels / pe).

    ```mlir
    %y = stream.upsample "u" %x {shape = array<i64: 2, 2, 2>, factors = array<i64: 2, 3>, pe = 2 : i64}
      : !stream.chan<ui2 x 2, 4> -> !stream.chan<ui2 x 2, 24>
    ```
    """

    name = "stream.upsample"
    input = operand_def(ChannelType)
    shape = prop_def(INTS)
    factors = prop_def(INTS)
    pe = prop_def(POSITIVE, default_value=IntegerAttr(1, i64))
    result = result_def(ChannelType)

    assembly_format = "$name $input attr-dict `:` type($input) `->` type($result)"

    def __init__(
        self,
        layer: str | StringAttr,
        input: SSAValue,
        shape: Sequence[int],
        factors: Sequence[int],
        pe: int | IntegerAttr = 1,
    ):
        pe = i64_attr(pe)
        beats = math.prod(shape) * math.prod(factors) // pe.value.data
        super().__init__(
            operands=[input],
            properties={"name": string_attr(layer), "shape": _ints(shape), "factors": _ints(factors), "pe": pe},
            result_types=[ChannelType(channel(input).element, pe.value.data, beats)],
        )

    def nest(self) -> tuple[int, ...]:
        rows, columns, channels = self.shape.get_values()
        vertical, horizontal = self.factors.get_values()
        return rows, vertical, columns, horizontal, channels // self.pe.value.data

    def verify_(self) -> None:
        shape, factors, pe = self.shape.get_values(), self.factors.get_values(), self.pe.value.data
        if len(shape) != 3 or len(factors) != 2 or min(*shape, *factors) < 1:
            raise VerifyException("shape is (rows, columns, channels) and there are two factors, all positive")
        if shape[2] % pe:
            raise VerifyException(f"pe {pe} does not divide {shape[2]} channels")
        verify_port("input", self.input.type, pe, math.prod(shape))
        verify_port("result", self.result.type, pe, math.prod(shape) * math.prod(factors))
        _verify_keeps(self.input, self.result)


@irdl_op_definition
class ReorderOp(Actor):
    """
    Transposition of blocks in a buffer: one block is written out while the next one comes in.

    `y[b] = transpose(x[b], perm)` for each of the `blocks` blocks of a frame, x[b] of shape `shape`. `pe` elements per
    cycle, which stay neighbours: with more than one lane the last axis stays last. Nest (blocks, transposed shape).

    ```mlir
    %y = stream.reorder "r" %x {shape = array<i64: 3, 2, 2>, perm = array<i64: 1, 0, 2>, blocks = 2 : i64, pe = 2 : i64}
      : !stream.chan<ui2 x 2, 12> -> !stream.chan<ui2 x 2, 12>
    ```
    """

    name = "stream.reorder"
    input = operand_def(ChannelType)
    shape = prop_def(INTS)
    perm = prop_def(INTS)
    blocks = prop_def(POSITIVE, default_value=IntegerAttr(1, i64))
    pe = prop_def(POSITIVE, default_value=IntegerAttr(1, i64))
    result = result_def(ChannelType)

    assembly_format = "$name $input attr-dict `:` type($input) `->` type($result)"

    def __init__(
        self,
        layer: str | StringAttr,
        input: SSAValue,
        shape: Sequence[int],
        perm: Sequence[int],
        blocks: int | IntegerAttr = 1,
        pe: int | IntegerAttr = 1,
    ):
        blocks, pe = i64_attr(blocks), i64_attr(pe)
        super().__init__(
            operands=[input],
            properties={
                "name": string_attr(layer),
                "shape": _ints(shape),
                "perm": _ints(perm),
                "blocks": blocks,
                "pe": pe,
            },
            result_types=[channel(input).folded(pe.value.data)],
        )

    def dims(self) -> tuple[int, ...]:
        """The shape of a block before it is transposed, in elements."""
        return tuple(self.shape.get_values())

    def order(self) -> tuple[int, ...]:
        """The axes of a block in the order in which they leave."""
        return tuple(self.perm.get_values())

    def beats(self) -> tuple[int, ...]:
        """The shape of a block before it is transposed, in beats: whole beats run along the last axis."""
        *outer, inner = self.dims()
        return *outer, inner // self.pe.value.data

    def nest(self) -> tuple[int, ...]:
        beats = self.beats()
        return self.blocks.value.data, *(beats[axis] for axis in self.order())

    def verify_(self) -> None:
        dims, order, pe = self.dims(), self.order(), self.pe.value.data
        if not dims or min(dims) < 1 or sorted(order) != list(range(len(dims))):
            raise VerifyException(f"{list(order)} is no permutation of the axes of {list(dims)}")
        if pe > 1 and (order[-1] != len(dims) - 1 or dims[-1] % pe):
            raise VerifyException(f"a beat of {pe} lanes does not stay together")
        elements = self.blocks.value.data * math.prod(dims)
        verify_port("input", self.input.type, pe, elements)
        verify_port("result", self.result.type, pe, elements)
        _verify_keeps(self.input, self.result)


def _ints(values: Sequence[int]) -> DenseArrayBase[Any]:
    return DenseArrayBase.from_list(i64, list(values))


def _verify_keeps(source: SSAValue, result: SSAValue) -> None:
    if channel(source).element != channel(result).element:
        raise VerifyException(f"moving keeps the element: {channel(source).element} became {channel(result).element}")


def _verify_holds(result: SSAValue, source: SSAValue) -> None:
    (lo, hi), (low, high) = type_range(channel(result).element), type_range(channel(source).element)
    if low < lo or hi < high:
        raise VerifyException(f"{channel(result).element} does not hold {channel(source).element}")
