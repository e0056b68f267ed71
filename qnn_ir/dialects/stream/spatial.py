"""Actors on images: sliding window, depthwise unit, pool. Pixels travel row by row, the channels of each together."""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

from xdsl.dialects.builtin import DenseArrayBase, DenseIntOrFPElementsAttr, IntegerAttr, IntegerType, StringAttr, i64
from xdsl.dialects.utils import EnumAttribute
from xdsl.ir import Attribute, SpacedOpaqueSyntaxAttribute, SSAValue
from xdsl.irdl import irdl_attr_definition, irdl_op_definition, operand_def, prop_def, result_def
from xdsl.utils.exceptions import VerifyException
from xdsl.utils.hints import isa
from xdsl.utils.str_enum import StrEnum

from qnn_ir.constants import IntArray, type_range
from qnn_ir.dialects.stream.actor import (
    INTEGER,
    POSITIVE,
    Actor,
    channel,
    i64_attr,
    string_attr,
    verify_groups,
    verify_port,
    verify_values,
)
from qnn_ir.dialects.stream.memory import Weighted
from qnn_ir.dialects.stream.types import ChannelType

INTS = DenseArrayBase.constr(i64)


class Geometry(NamedTuple):
    """An image (rows, columns, channels) and a window on it; every entry is (vertical, horizontal)."""

    rows: int
    columns: int
    channels: int
    kernel: tuple[int, int]
    strides: tuple[int, int]
    dilations: tuple[int, int]
    pads: tuple[int, int, int, int]
    """Top, left, bottom, right."""

    @property
    def taps(self) -> int:
        """Pixels of a window."""
        return math.prod(self.kernel)

    @property
    def positions(self) -> tuple[int, int]:
        """How often the window fits, vertically and horizontally."""
        top, left, bottom, right = self.pads
        room = self.rows + top + bottom, self.columns + left + right
        extents = [d * (k - 1) + 1 for k, d in zip(self.kernel, self.dilations, strict=True)]
        return tuple((r - e) // s + 1 for r, e, s in zip(room, extents, self.strides, strict=True))  # pyright: ignore[reportReturnType]


@irdl_op_definition
class WindowOp(Actor):
    """
    Sliding window: every pixel under the window, for every position of it.

    `y[oy, ox, ky, kx, c] = x[oy * sv + ky * dv - top, ox * sh + kx * dh - left, c]`, and `pad_value` outside the image.
    `shape` is (rows, columns, channels). `simd` channels per cycle: nest (positions, taps, channels / simd); reading
    the image takes rows * columns * channels / simd cycles and overlaps. With all channels in a beat, `taps` taps may
    leave at once: a part of a row of the window, or whole rows, up to the whole window.

    ```mlir
    %y = stream.window "w" %x {shape = array<i64: 4, 4, 2>, kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>,
      dilations = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, simd = 2 : i64}
      : !stream.chan<ui2 x 2, 16> -> !stream.chan<ui2 x 2, 144>
    ```
    """

    name = "stream.window"
    input = operand_def(ChannelType)
    shape = prop_def(INTS)
    kernel = prop_def(INTS)
    strides = prop_def(INTS)
    dilations = prop_def(INTS)
    pads = prop_def(INTS)
    pad_value = prop_def(INTEGER, default_value=IntegerAttr(0, i64))
    simd = prop_def(POSITIVE, default_value=IntegerAttr(1, i64))
    taps = prop_def(POSITIVE, default_value=IntegerAttr(1, i64))
    result = result_def(ChannelType)

    assembly_format = "$name $input attr-dict `:` type($input) `->` type($result)"

    def __init__(
        self,
        layer: str | StringAttr,
        input: SSAValue,
        geometry: Geometry,
        pad_value: int = 0,
        simd: int | IntegerAttr = 1,
        taps: int | IntegerAttr = 1,
    ):
        simd, taps = i64_attr(simd), i64_attr(taps)
        lanes, element = simd.value.data * taps.value.data, channel(input).element
        elements = math.prod(geometry.positions) * geometry.taps * geometry.channels
        super().__init__(
            operands=[input],
            properties={
                "name": string_attr(layer),
                "shape": _ints((geometry.rows, geometry.columns, geometry.channels)),
                "kernel": _ints(geometry.kernel),
                "strides": _ints(geometry.strides),
                "dilations": _ints(geometry.dilations),
                "pads": _ints(geometry.pads),
                "pad_value": i64_attr(pad_value),
                "simd": simd,
                "taps": taps,
            },
            result_types=[ChannelType(element, lanes, elements // lanes)],
        )

    def tile(self) -> tuple[int, int]:
        """The taps of a beat: rows and columns of the window."""
        taps, columns = self.taps.value.data, self.kernel.get_values()[1]
        return (1, taps) if taps < columns else (taps // columns, columns)

    def geometry(self) -> Geometry:
        """The image and the window."""
        rows, columns, channels = self.shape.get_values()
        kv, kh = self.kernel.get_values()
        sv, sh = self.strides.get_values()
        dv, dh = self.dilations.get_values()
        top, left, bottom, right = self.pads.get_values()
        return Geometry(rows, columns, channels, (kv, kh), (sv, sh), (dv, dh), (top, left, bottom, right))

    def nest(self) -> tuple[int, ...]:
        geometry = self.geometry()
        rows, columns = (k // n for k, n in zip(geometry.kernel, self.tile(), strict=True))
        return *geometry.positions, rows, columns, geometry.channels // self.simd.value.data

    def cycles(self) -> int:
        return max(super().cycles(), channel(self.input).beats.data)

    def verify_(self) -> None:
        lengths = {"shape": 3, "kernel": 2, "strides": 2, "dilations": 2, "pads": 4}
        for name, length in lengths.items():
            values = _values(self.properties[name])
            if len(values) != length or min(values) < (name != "pads"):
                raise VerifyException(f"{name} has {length} entries, none below {int(name != 'pads')}")
        geometry, simd = self.geometry(), self.simd.value.data
        if min(geometry.positions) < 1:
            raise VerifyException("the window is larger than the padded image")
        if geometry.channels % simd:
            raise VerifyException(f"simd {simd} does not divide {geometry.channels} channels")
        self._verify_taps(geometry)
        lo, hi = type_range(channel(self.input).element)
        if not lo <= self.pad_value.value.data <= hi:
            raise VerifyException(f"{channel(self.input).element} does not hold the pad value")
        if channel(self.input).element != channel(self.result).element:
            raise VerifyException("a window keeps the element")
        pixels = math.prod(geometry.positions) * geometry.taps
        verify_port("input", self.input.type, simd, geometry.rows * geometry.columns * geometry.channels)
        verify_port("result", self.result.type, simd * self.taps.value.data, pixels * geometry.channels)

    def _verify_taps(self, geometry: Geometry) -> None:
        taps, tile = self.taps.value.data, self.tile()
        if math.prod(tile) != taps or any(k % n for k, n in zip(geometry.kernel, tile, strict=True)):
            raise VerifyException(f"{taps} taps are neither a part of a row of the window nor rows that divide it")
        if taps > 1 and self.simd.value.data != geometry.channels:
            raise VerifyException(f"a beat of {taps} taps has all {geometry.channels} channels of each")


@irdl_op_definition
class DepthwiseOp(Weighted):
    """
    Depthwise unit: every channel has a filter of its own, with an optional map on each sum.

    `y[p, c] = map_{groups[c]}(sum_k weights[k, c] * x[p, k, c])` for each of the `positions` windows of a frame, which
    come from a `stream.window`. `pe` channels per cycle: nest (positions, taps, channels / pe).

    ```mlir
    %y = stream.depthwise "dw" %x weights(dense<[[1, -1], [0, 1]]> : tensor<2x2xi8> as si2) accumulator(si4)
      {positions = 3 : i64, pe = 2 : i64} : !stream.chan<ui2 x 2, 6> -> !stream.chan<si4 x 2, 3>
    ```
    """

    name = "stream.depthwise"
    input = operand_def(ChannelType)
    positions = prop_def(POSITIVE)
    pe = prop_def(POSITIVE, default_value=IntegerAttr(1, i64))
    result = result_def(ChannelType)

    assembly_format = (
        "$name $input `weights` `(` $weights `as` $weight_type `)` `accumulator` `(` $accumulator `)` "
        "(`map` `(` $map^ `groups` $groups `)`)? attr-dict `:` type($input) `->` type($result)"
    )

    def __init__(
        self,
        layer: str | StringAttr,
        input: SSAValue,
        weights: DenseIntOrFPElementsAttr,
        weight_type: IntegerType,
        accumulator: IntegerType,
        result_element: IntegerType,
        positions: int | IntegerAttr,
        pe: int | IntegerAttr = 1,
    ):
        positions, pe = i64_attr(positions), i64_attr(pe)
        elements = positions.value.data * weights.get_shape()[1]
        super().__init__(
            operands=[input],
            properties={
                "name": string_attr(layer),
                "weights": weights,
                "weight_type": weight_type,
                "accumulator": accumulator,
                "positions": positions,
                "pe": pe,
            },
            result_types=[ChannelType(result_element, pe.value.data, elements // pe.value.data)],
        )

    @property
    def taps(self) -> int:
        """Pixels of a window."""
        return self.weights.get_shape()[0]

    @property
    def channels(self) -> int:
        """Channels of a pixel."""
        return self.weights.get_shape()[1]

    def nest(self) -> tuple[int, ...]:
        return self.positions.value.data, self.taps, self.channels // self.pe.value.data

    def tiles(self, matrix: IntArray) -> IntArray:
        """Tiles (pe,): those of the first tap, then of the next."""
        return matrix.reshape(-1, self.pe.value.data)

    def verify_(self) -> None:
        if len(self.weights.get_shape()) != 2:
            raise VerifyException("weights have the shape [taps, channels]")
        self.verify_sources()
        positions, pe = self.positions.value.data, self.pe.value.data
        if self.channels % pe:
            raise VerifyException(f"pe {pe} does not divide {self.channels} channels")
        verify_port("input", self.input.type, pe, positions * self.taps * self.channels)
        verify_port("result", self.result.type, pe, positions * self.channels)
        verify_values("weights", self.weights, self.weight_type)
        if (self.map is None) != (self.groups is None):
            raise VerifyException("a map has groups, and groups belong to a map")
        if self.map is not None and self.groups is not None:
            verify_groups(self.map, self.groups, self.channels)


class PoolKind(StrEnum):
    """What a pool makes of the pixels of a window."""

    MAX = "max"
    SUM = "sum"


@irdl_attr_definition
class PoolKindAttr(EnumAttribute[PoolKind], SpacedOpaqueSyntaxAttribute):
    """`#stream<pool_kind max>`: maximum or sum."""

    name = "stream.pool_kind"


@irdl_op_definition
class PoolOp(Actor):
    """
    Maximum or sum of every channel over the pixels of a window.

    `y[p, c] = max_k x[p, k, c]` (or the sum) for each of the `positions` windows of a frame, which come from a
    `stream.window` and have `taps` pixels of `channels` elements. Nest (positions, taps, channels / pe).

    ```mlir
    %y = stream.pool "p" %x {kind = #stream<pool_kind max>, positions = 3 : i64, taps = 4 : i64, channels = 2 : i64,
      pe = 2 : i64} : !stream.chan<ui2 x 2, 12> -> !stream.chan<ui2 x 2, 3>
    ```
    """

    name = "stream.pool"
    input = operand_def(ChannelType)
    kind = prop_def(PoolKindAttr)
    positions = prop_def(POSITIVE)
    taps = prop_def(POSITIVE)
    channels = prop_def(POSITIVE)
    pe = prop_def(POSITIVE, default_value=IntegerAttr(1, i64))
    result = result_def(ChannelType)

    assembly_format = "$name $input attr-dict `:` type($input) `->` type($result)"

    def __init__(
        self,
        layer: str | StringAttr,
        input: SSAValue,
        kind: PoolKind,
        result_element: IntegerType,
        *,
        positions: int,
        taps: int,
        channels: int,
        pe: int | IntegerAttr = 1,
    ):
        pe = i64_attr(pe)
        super().__init__(
            operands=[input],
            properties={
                "name": string_attr(layer),
                "kind": PoolKindAttr(kind),
                "positions": i64_attr(positions),
                "taps": i64_attr(taps),
                "channels": i64_attr(channels),
                "pe": pe,
            },
            result_types=[ChannelType(result_element, pe.value.data, positions * channels // pe.value.data)],
        )

    def nest(self) -> tuple[int, ...]:
        return self.positions.value.data, self.taps.value.data, self.channels.value.data // self.pe.value.data

    def verify_(self) -> None:
        positions, taps = self.positions.value.data, self.taps.value.data
        channels, pe = self.channels.value.data, self.pe.value.data
        if channels % pe:
            raise VerifyException(f"pe {pe} does not divide {channels} channels")
        verify_port("input", self.input.type, pe, positions * taps * channels)
        verify_port("result", self.result.type, pe, positions * channels)


def _values(attribute: Attribute) -> tuple[int, ...]:
    assert isa(attribute, DenseArrayBase[IntegerType])
    return attribute.get_values()


def _ints(values: Sequence[int]) -> DenseArrayBase[Any]:
    return DenseArrayBase.from_list(i64, list(values))
