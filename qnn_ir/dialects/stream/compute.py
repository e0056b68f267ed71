"""Actors that compute: matrix-vector unit, map, join, label select."""

from xdsl.dialects.builtin import (
    BoolAttr,
    DenseIntOrFPElementsAttr,
    IntegerAttr,
    IntegerType,
    StringAttr,
    i64,
)
from xdsl.ir import SSAValue
from xdsl.irdl import irdl_op_definition, operand_def, prop_def, result_def
from xdsl.utils.exceptions import VerifyException

from qnn_ir.constants import IntArray, type_range
from qnn_ir.dialects.qnn.attributes import MapAttr
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
from qnn_ir.dialects.stream.memory import Weighted, tiled
from qnn_ir.dialects.stream.types import ChannelType


@irdl_op_definition
class MvtuOp(Weighted):
    """
    Matrix-vector unit, with an optional map (thresholds, requantisation, table) on each sum.

    `y[v, h] = map_{groups[h]}(sum_w weights[h, w] * x[v, w])` for each of the `vectors` vectors of a frame. Each cycle
    takes `simd` elements of the vector into `pe` sums: nest (vectors, MH / pe, MW / simd). `accumulator` holds every
    partial sum, `weights` are stored in whole bytes, have values of `weight_type` and live in `memory`.

    ```mlir
    %y = stream.mvtu "fc0" %x weights(dense<[[1, -1], [0, 1]]> : tensor<2x2xi8> as si2) accumulator(si4)
      {pe = 2 : i64, simd = 1 : i64} : !stream.chan<ui2 x 1, 2> -> !stream.chan<si4 x 2, 1>
    ```
    """

    name = "stream.mvtu"
    input = operand_def(ChannelType)
    vectors = prop_def(POSITIVE, default_value=IntegerAttr(1, i64))
    pe = prop_def(POSITIVE, default_value=IntegerAttr(1, i64))
    simd = prop_def(POSITIVE, default_value=IntegerAttr(1, i64))
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
        map: MapAttr | None = None,
        groups: DenseIntOrFPElementsAttr | None = None,
        vectors: int | IntegerAttr = 1,
        pe: int | IntegerAttr = 1,
        simd: int | IntegerAttr = 1,
    ):
        rows = weights.get_shape()[0]
        vectors, pe, simd = i64_attr(vectors), i64_attr(pe), i64_attr(simd)
        lanes = pe.value.data
        result = ChannelType(result_element, lanes, vectors.value.data * rows // lanes)
        super().__init__(
            operands=[input],
            properties={
                "name": string_attr(layer),
                "weights": weights,
                "weight_type": weight_type,
                "accumulator": accumulator,
                "map": map,
                "groups": groups,
                "vectors": vectors,
                "pe": pe,
                "simd": simd,
            },
            result_types=[result],
        )

    @property
    def rows(self) -> int:
        """MH: elements of a result vector."""
        return self.weights.get_shape()[0]

    @property
    def columns(self) -> int:
        """MW: elements of an input vector."""
        return self.weights.get_shape()[1]

    def nest(self) -> tuple[int, ...]:
        pe, simd = self.pe.value.data, self.simd.value.data
        return self.vectors.value.data, self.rows // pe, self.columns // simd

    def tiles(self, matrix: IntArray) -> IntArray:
        """Tiles (pe, simd): those of the first `pe` rows, then of the next."""
        return tiled(matrix, self.pe.value.data, self.simd.value.data)

    def verify_(self) -> None:
        if len(self.weights.get_shape()) != 2:
            raise VerifyException("weights have the shape [rows, columns]")
        self.verify_sources()
        vectors, pe, simd = self.vectors.value.data, self.pe.value.data, self.simd.value.data
        if self.rows % pe or self.columns % simd:
            raise VerifyException(f"pe {pe} divides {self.rows} rows and simd {simd} divides {self.columns} columns")
        verify_port("input", self.input.type, simd, vectors * self.columns)
        verify_port("result", self.result.type, pe, vectors * self.rows)
        verify_values("weights", self.weights, self.weight_type)
        if (self.map is None) != (self.groups is None):
            raise VerifyException("a map has groups, and groups belong to a map")
        if self.map is not None and self.groups is not None:
            verify_groups(self.map, self.groups, self.rows)


@irdl_op_definition
class MapOp(Actor):
    """
    Elementwise function, given by the rows of a map.

    `y[k] = map_{groups[k mod K]}(x[k])`, K the length of `groups`; `pe` elements per cycle.

    ```mlir
    %y = stream.map "act" %x map(#qnn.thresholds<dense<[[1, 3]]> : tensor<1x2xi8>, base = 0>
      groups dense<0> : tensor<2xi8>) {pe = 2 : i64} : !stream.chan<si4 x 2, 4> -> !stream.chan<ui2 x 2, 4>
    ```
    """

    name = "stream.map"
    input = operand_def(ChannelType)
    map = prop_def(MapAttr)
    groups = prop_def(DenseIntOrFPElementsAttr)
    pe = prop_def(POSITIVE, default_value=IntegerAttr(1, i64))
    result = result_def(ChannelType)

    assembly_format = "$name $input `map` `(` $map `groups` $groups `)` attr-dict `:` type($input) `->` type($result)"

    def __init__(
        self,
        layer: str | StringAttr,
        input: SSAValue,
        map: MapAttr,
        groups: DenseIntOrFPElementsAttr,
        result_element: IntegerType,
        pe: int | IntegerAttr = 1,
    ):
        pe = i64_attr(pe)
        result = ChannelType(result_element, pe.value.data, channel(input).elements // pe.value.data)
        super().__init__(
            operands=[input],
            properties={"name": string_attr(layer), "map": map, "groups": groups, "pe": pe},
            result_types=[result],
        )

    def nest(self) -> tuple[int, ...]:
        """(beats per frame / beats per period, beats per period) where the period of the groups is whole beats."""
        beats, period = channel(self.result).beats.data, self.groups.get_shape()[0]
        inner = period // self.pe.value.data
        return beats // inner, inner

    def verify_(self) -> None:
        if len(self.groups.get_shape()) != 1:
            raise VerifyException("groups have the shape [K]")
        verify_groups(self.map, self.groups, self.groups.get_shape()[0])
        period, pe = self.groups.get_shape()[0], self.pe.value.data
        elements = channel(self.input).elements
        if elements % period:
            raise VerifyException(f"{period} groups do not divide {elements} elements per frame")
        if period % pe:
            raise VerifyException(f"pe {pe} does not divide {period} groups")
        verify_port("input", self.input.type, pe, elements)
        verify_port("result", self.result.type, pe, elements)


@irdl_op_definition
class JoinAddOp(Actor):
    """
    Sum of two channels on a common scale.

    `y[k] = ma * a[k] + mb * b[k]`, `pe` elements per cycle; both inputs are read in the same cycle.

    ```mlir
    %y = stream.join_add "sum" %a, %b {ma = 1 : i64, mb = 3 : i64, pe = 2 : i64}
      : !stream.chan<ui2 x 2, 4>, !stream.chan<ui2 x 2, 4> -> !stream.chan<ui4 x 2, 4>
    ```
    """

    name = "stream.join_add"
    a = operand_def(ChannelType)
    b = operand_def(ChannelType)
    ma = prop_def(INTEGER, default_value=IntegerAttr(1, i64))
    mb = prop_def(INTEGER, default_value=IntegerAttr(1, i64))
    pe = prop_def(POSITIVE, default_value=IntegerAttr(1, i64))
    result = result_def(ChannelType)

    assembly_format = "$name $a `,` $b attr-dict `:` type($a) `,` type($b) `->` type($result)"

    def __init__(
        self,
        layer: str | StringAttr,
        a: SSAValue,
        b: SSAValue,
        result_element: IntegerType,
        ma: int | IntegerAttr = 1,
        mb: int | IntegerAttr = 1,
        pe: int | IntegerAttr = 1,
    ):
        pe = i64_attr(pe)
        result = ChannelType(result_element, pe.value.data, channel(a).elements // pe.value.data)
        super().__init__(
            operands=[a, b],
            properties={"name": string_attr(layer), "ma": i64_attr(ma), "mb": i64_attr(mb), "pe": pe},
            result_types=[result],
        )

    def nest(self) -> tuple[int, ...]:
        return (channel(self.result).beats.data,)

    def verify_(self) -> None:
        pe, elements = self.pe.value.data, channel(self.a).elements
        verify_port("first input", self.a.type, pe, elements)
        verify_port("second input", self.b.type, pe, elements)
        verify_port("result", self.result.type, pe, elements)


@irdl_op_definition
class LabelSelectOp(Actor):
    """
    Indices of the `k` largest (or smallest) elements of each vector; among equals the lowest index comes first.

    `y[v] = argsort_stable(-x[v, :channels])[:k]`. A vector has `channels` true elements; the rest of the vector is
    padding and never selected. Reads `simd` elements per cycle, writes one index per cycle; the last index needs k - 1
    cycles more than the reads: nest (vectors, beats per vector + k - 1).

    ```mlir
    %y = stream.label_select "label" %x {k = 1 : i64, channels = 10 : i64, simd = 2 : i64}
      : !stream.chan<si8 x 2, 5> -> !stream.chan<ui4 x 1, 1>
    ```
    """

    name = "stream.label_select"
    input = operand_def(ChannelType)
    k = prop_def(POSITIVE, default_value=IntegerAttr(1, i64))
    channels = prop_def(POSITIVE)
    largest = prop_def(BoolAttr, default_value=BoolAttr.from_bool(True))
    vectors = prop_def(POSITIVE, default_value=IntegerAttr(1, i64))
    simd = prop_def(POSITIVE, default_value=IntegerAttr(1, i64))
    result = result_def(ChannelType)

    assembly_format = "$name $input attr-dict `:` type($input) `->` type($result)"

    def __init__(
        self,
        layer: str | StringAttr,
        input: SSAValue,
        index_type: IntegerType,
        k: int | IntegerAttr,
        channels: int | IntegerAttr,
        largest: bool = True,
        vectors: int | IntegerAttr = 1,
        simd: int | IntegerAttr = 1,
    ):
        k, vectors = i64_attr(k), i64_attr(vectors)
        super().__init__(
            operands=[input],
            properties={
                "name": string_attr(layer),
                "k": k,
                "channels": i64_attr(channels),
                "largest": BoolAttr.from_bool(largest),
                "vectors": vectors,
                "simd": i64_attr(simd),
            },
            result_types=[ChannelType(index_type, 1, k.value.data * vectors.value.data)],
        )

    @property
    def index_type(self) -> IntegerType:
        """The type of an index."""
        return channel(self.result).element

    def nest(self) -> tuple[int, ...]:
        vectors = self.vectors.value.data
        return vectors, channel(self.input).beats.data // vectors + self.k.value.data - 1

    def verify_(self) -> None:
        vectors, simd, k = self.vectors.value.data, self.simd.value.data, self.k.value.data
        elements, channels = channel(self.input).elements, self.channels.value.data
        if elements % (vectors * simd):
            raise VerifyException(f"simd {simd} does not divide a vector: {elements} elements, {vectors} vectors")
        if channels > elements // vectors:
            raise VerifyException(f"{channels} channels exceed a vector of {elements // vectors} elements")
        if k > channels:
            raise VerifyException(f"cannot select {k} of {channels} channels")
        verify_port("input", self.input.type, simd, elements)
        verify_port("result", self.result.type, 1, k * vectors)
        if channels - 1 > type_range(self.index_type)[1]:
            raise VerifyException(f"{self.index_type} does not hold an index below {channels}")
