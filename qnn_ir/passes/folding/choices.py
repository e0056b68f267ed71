"""What each kind of actor may choose, and what that costs."""

from collections.abc import Callable
from typing import TypeAlias, TypeVar

import numpy as np
from xdsl.ir import Operation

from qnn_ir import maps
from qnn_ir.analysis import cost
from qnn_ir.analysis.cost import MapShape, MvtuShape
from qnn_ir.analysis.folding import Choice, Layer, Sizes, lane_counts
from qnn_ir.constants import location_name, to_numpy
from qnn_ir.dialects.qnn.attributes import MapAttr
from qnn_ir.dialects.stream import (
    Actor,
    ConcatOp,
    CropOp,
    DepthwiseOp,
    ForkOp,
    JoinAddOp,
    JoinMulOp,
    LabelSelectOp,
    MapOp,
    Memory,
    MvtuOp,
    PoolOp,
    ReorderOp,
    UpsampleOp,
    Weighted,
    WindowOp,
    channel,
)
from qnn_ir.errors import UserError
from qnn_ir.int_types import width_of
from qnn_ir.passes.folding import moving
from qnn_ir.passes.folding.edges import Edges
from qnn_ir.passes.folding.moving import Wanted

_WORD_BITS = {Memory.EXTERNAL: 1024, Memory.WRITABLE: 4096, Memory.URAM: 4096}
"""The widest word of loaded weights: that of a bus, and that of `ap_uint` (UG1399)."""

_ActorT = TypeVar("_ActorT", bound=Actor)


def layer_of(actor: Actor, edges: Edges, wanted: Wanted) -> Layer:
    """The choices of `actor` as the solver sees them. Raises `UserError` for a kind of actor that has none."""
    if type(actor) not in LAYERS:
        raise UserError(f"{actor.name} cannot be folded yet", location_name(actor))
    return LAYERS[type(actor)](actor, edges, wanted)


def map_shape(attribute: MapAttr, in_bits: int, out_bits: int) -> MapShape:
    """The figures of a map that its cost depends on."""
    match attribute.map():
        case maps.Steps(_, positions, _):
            return MapShape("steps", positions.shape[1], positions.shape[0], in_bits, in_bits, out_bits)
        case maps.Thresholds(thresholds, _):
            return MapShape("thresholds", thresholds.shape[1], thresholds.shape[0], in_bits, in_bits, out_bits)
        case maps.Requant(m, c, _, _, _, _):
            entry = max(width_of(int(a.min()), int(a.max())).bits for a in (m, c))
            return MapShape("requant", 1, m.shape[0], in_bits, entry, out_bits)
        case maps.Table(table, _):
            return MapShape("table", table.shape[1], table.shape[0], in_bits, out_bits, out_bits)


def mvtu_shape(op: MvtuOp) -> MvtuShape:
    """The figures of a matrix-vector unit that its cost depends on."""
    in_bits, out_bits = channel(op.input).element.width.data, channel(op.result).element.width.data
    accumulator = op.accumulator.width.data
    map = None if op.map is None else map_shape(op.map, accumulator, out_bits)
    return MvtuShape(op.weight_type.width.data, in_bits, accumulator, _is_binary(op), map, op.memory.data)


def _is_binary(op: Weighted) -> bool:
    """Whether a product selects instead of multiplying: there are two weights."""
    return op.is_bipolar if op.memory.data.is_loaded else np.unique(to_numpy(op.weights)).size <= 2


def _legal(op: Weighted, choices: list[Choice]) -> list[Choice]:
    """Those whose tiles of weights fit a word of the memory that they are loaded into."""
    if not op.memory.data.is_loaded:
        return choices
    bits, limit = op.stored_element.width.data, _WORD_BITS[op.memory.data]
    found = [choice for choice in choices if choice.pe * choice.simd * bits <= limit]
    if not found:
        lanes = f"pe * simd is at most {limit // bits}"
        raise UserError(f"{op.memory.data} weights need more than {limit} bits per cycle", location_name(op), lanes)
    return found


def _mvtu(op: MvtuOp, edges: Edges, wanted: Wanted) -> Layer:
    source, target = edges.of(op.input), edges.of(op.result)
    inner, outer = op.columns // edges.classes[source].unit, op.rows // edges.classes[target].unit
    shape, vectors = mvtu_shape(op), op.vectors.value.data
    out_bits = channel(op.result).element.width.data

    def choices(sizes: Sizes) -> list[Choice]:
        columns, rows = inner * sizes[0], outer * sizes[1]
        found = [
            Choice(
                vectors * (rows // pe) * (columns // simd),
                cost.mvtu(shape, rows, columns, pe, simd),
                pe,
                simd,
                simd,
                pe,
            )
            for pe in lane_counts(rows, out_bits, wanted.get("pe"))
            for simd in lane_counts(columns, shape.input_bits, wanted.get("simd"))
        ]
        return _legal(op, found)

    return Layer(op.layer.data, (source, target), choices)


def _map(op: MapOp, edges: Edges, wanted: Wanted) -> Layer:
    index = edges.of(op.input)
    units = channel(op.input).elements // edges.classes[index].unit
    in_bits, out_bits = channel(op.input).element.width.data, channel(op.result).element.width.data
    shape, period = map_shape(op.map, in_bits, out_bits), op.groups.get_shape()[0]

    def choices(sizes: Sizes) -> list[Choice]:
        elements = units * sizes[0]
        return [
            Choice(elements // pe, cost.map_unit(shape, period, pe), pe, 1, pe, pe)
            for pe in lane_counts(elements, max(in_bits, out_bits), wanted.get("pe"))
        ]

    return Layer(op.layer.data, (index,), choices)


def _join_add(op: JoinAddOp, edges: Edges, wanted: Wanted) -> Layer:
    index = edges.of(op.result)
    units = channel(op.result).elements // edges.classes[index].unit
    in_bits = max(channel(value).element.width.data for value in op.operands)
    out_bits = channel(op.result).element.width.data
    scaled = (op.ma.value.data, op.mb.value.data) != (1, 1)

    def choices(sizes: Sizes) -> list[Choice]:
        elements = units * sizes[0]
        return [
            Choice(elements // pe, cost.join_add(in_bits, out_bits, scaled, pe), pe, 1, pe, pe)
            for pe in lane_counts(elements, max(in_bits, out_bits), wanted.get("pe"))
        ]

    return Layer(op.layer.data, (index,), choices)


def _join_mul(op: JoinMulOp, edges: Edges, wanted: Wanted) -> Layer:
    index = edges.of(op.result)
    units = channel(op.result).elements // edges.classes[index].unit
    a, b = (channel(value).element.width.data for value in op.operands)
    out_bits = channel(op.result).element.width.data

    def choices(sizes: Sizes) -> list[Choice]:
        elements = units * sizes[0]
        return [
            Choice(elements // pe, cost.join_mul(a + 1, b + 1, pe), pe, 1, pe, pe)
            for pe in lane_counts(elements, max(a, b, out_bits), wanted.get("pe"))
        ]

    return Layer(op.layer.data, (index,), choices)


def _fork(op: ForkOp, edges: Edges, wanted: Wanted) -> Layer:
    index = edges.of(op.input)
    units, bits = channel(op.input).elements // edges.classes[index].unit, channel(op.input).element.width.data

    def choices(sizes: Sizes) -> list[Choice]:
        elements = units * sizes[0]
        counts = lane_counts(elements, bits, wanted.get("pe"))
        return [Choice(elements // pe, cost.fork(len(op.copies)), pe, 1, pe, pe) for pe in counts]

    return Layer(op.layer.data, (index,), choices)


def _label_select(op: LabelSelectOp, edges: Edges, wanted: Wanted) -> Layer:
    index, vectors, k = edges.of(op.input), op.vectors.value.data, op.k.value.data
    units = channel(op.input).elements // vectors // edges.classes[index].unit
    bits, index_bits = channel(op.input).element.width.data, op.index_type.width.data

    def choices(sizes: Sizes) -> list[Choice]:
        length = units * sizes[0]
        counts = lane_counts(length, bits, wanted.get("simd"))
        return [
            Choice(vectors * (length // simd + k - 1), cost.label_select(bits, index_bits, k, simd), 1, simd, simd, 1)
            for simd in counts
        ]

    return Layer(op.layer.data, (index,), choices)


def _depthwise(op: DepthwiseOp, edges: Edges, wanted: Wanted) -> Layer:
    index = edges.of(op.input)
    units, frames = op.channels // edges.classes[index].unit, op.positions.value.data * op.taps
    in_bits, out_bits = channel(op.input).element.width.data, channel(op.result).element.width.data
    accumulator = op.accumulator.width.data
    map = None if op.map is None else map_shape(op.map, accumulator, out_bits)
    shape = MvtuShape(op.weight_type.width.data, in_bits, accumulator, _is_binary(op), map, op.memory.data)

    def choices(sizes: Sizes) -> list[Choice]:
        channels = units * sizes[0]
        found = [
            Choice(frames * (channels // pe), cost.depthwise(shape, channels, op.taps, pe), pe, 1, pe, pe)
            for pe in lane_counts(channels, max(in_bits, out_bits), wanted.get("pe"))
        ]
        return _legal(op, found)

    return Layer(op.layer.data, (index,), choices)


def _pool(op: PoolOp, edges: Edges, wanted: Wanted) -> Layer:
    index = edges.of(op.input)
    units = op.channels.value.data // edges.classes[index].unit
    frames, bits = op.positions.value.data * op.taps.value.data, channel(op.result).element.width.data

    def choices(sizes: Sizes) -> list[Choice]:
        channels = units * sizes[0]
        return [
            Choice(frames * (channels // pe), cost.pool(channels, bits, pe), pe, 1, pe, pe)
            for pe in lane_counts(channels, bits, wanted.get("pe"))
        ]

    return Layer(op.layer.data, (index,), choices)


LayerOf: TypeAlias = Callable[[Actor, Edges, Wanted], Layer]


def _on(kind: type[_ActorT], layer: Callable[[_ActorT, Edges, Wanted], Layer]) -> LayerOf:
    """`layer` for any actor; the table below calls it with its own kind only."""

    def run(op: Actor, edges: Edges, wanted: Wanted) -> Layer:
        assert isinstance(op, kind)
        return layer(op, edges, wanted)

    return run


LAYERS: dict[type[Operation], LayerOf] = {
    MvtuOp: _on(MvtuOp, _mvtu),
    MapOp: _on(MapOp, _map),
    JoinAddOp: _on(JoinAddOp, _join_add),
    JoinMulOp: _on(JoinMulOp, _join_mul),
    ForkOp: _on(ForkOp, _fork),
    LabelSelectOp: _on(LabelSelectOp, _label_select),
    WindowOp: _on(WindowOp, moving.window),
    DepthwiseOp: _on(DepthwiseOp, _depthwise),
    PoolOp: _on(PoolOp, _pool),
    ConcatOp: _on(ConcatOp, moving.uniform),
    CropOp: _on(CropOp, moving.uniform),
    ReorderOp: _on(ReorderOp, moving.uniform),
    UpsampleOp: _on(UpsampleOp, moving.uniform),
}
