"""Write a solution into the graph: lanes, padded weights and groups, layouts, and casts where lanes differ."""

import math
from collections.abc import Sequence

import numpy as np
from xdsl.dialects.builtin import ArrayAttr, DenseArrayBase, UnrealizedConversionCastOp, i64
from xdsl.ir import SSAValue
from xdsl.rewriter import InsertPoint, Rewriter

from qnn_ir.analysis.folding import Choice, Sizes
from qnn_ir.constants import IntArray, dense_int, to_numpy
from qnn_ir.dialects.stream import (
    Actor,
    ChannelType,
    ConcatOp,
    CropOp,
    DepthwiseOp,
    GraphOp,
    JoinAddOp,
    JoinMulOp,
    LabelSelectOp,
    LayoutAttr,
    MapOp,
    MvtuOp,
    PoolOp,
    ReorderOp,
    UpsampleOp,
    WidthOp,
    WindowOp,
    channel,
)
from qnn_ir.dialects.stream.actor import i64_attr
from qnn_ir.passes.folding.edges import Edges, binary_fill, pad_rows, padded_layout
from qnn_ir.passes.folding.memory import pad_sources

WITH_PE = (MvtuOp, MapOp, JoinAddOp, JoinMulOp, DepthwiseOp, PoolOp, ConcatOp, CropOp, ReorderOp, UpsampleOp)


def unfold(graph: GraphOp) -> None:
    """Remove width converters and casts; `apply` gives all channels their types anew."""
    for op in list(graph.body.block.ops):
        if isinstance(op, WidthOp | UnrealizedConversionCastOp):
            op.results[0].replace_all_uses_with(op.operands[0])
            Rewriter.erase_op(op)


def apply(graph: GraphOp, edges: Edges, sizes: Sizes, choices: Sequence[Choice]) -> None:
    """Fold each actor of `graph` by its choice (in the order of `actors()`) and pad each edge class to its size."""
    _pad_layouts(graph, edges, sizes)
    actors = graph.actors()
    reads: list[tuple[Actor, int, ChannelType]] = []
    types: dict[SSAValue, ChannelType] = {}
    for actor, choice in zip(actors, choices, strict=True):
        types |= {r: _type(r, choice.lanes_out, edges, sizes) for r in actor.results}
        reads += [(actor, i, _type(v, choice.lanes_in, edges, sizes)) for i, v in enumerate(actor.operands)]
    for arg in graph.body.block.args:
        types[arg] = next((t for a, i, t in reads if a.operands[i] is arg), _type(arg, 1, edges, sizes))
    for actor, choice in zip(actors, choices, strict=True):
        _pad(actor, edges, sizes, choice)
        _set_lanes(actor, choice)
    for value, type_ in types.items():
        Rewriter.replace_value_with_new_type(value, type_)
    for actor, index, type_ in reads:
        _cast(actor, index, type_)


def _type(value: SSAValue, lanes: int, edges: Edges, sizes: Sizes) -> ChannelType:
    before = channel(value)
    elements = before.elements // edges.unit(value) * sizes[edges.of(value)]
    return ChannelType(before.element, lanes, elements // lanes)


def _pad_layouts(graph: GraphOp, edges: Edges, sizes: Sizes) -> None:
    def padded(layouts: ArrayAttr[LayoutAttr], values: Sequence[SSAValue]) -> ArrayAttr[LayoutAttr]:
        pairs = zip(layouts, values, strict=True)
        return ArrayAttr(padded_layout(layout, edges.unit(v), sizes[edges.of(v)]) for layout, v in pairs)

    graph.inputs = padded(graph.inputs, graph.body.block.args)
    graph.outputs = padded(graph.outputs, graph.output.channels)


def _pad(actor: Actor, edges: Edges, sizes: Sizes, choice: Choice) -> None:
    """Zero rows and columns for the padding of a matrix, a row of the map for that of a result."""
    row = edges.pad_rows.get(actor, 0)
    unit = edges.unit(actor.results[0])
    size = sizes[edges.of(actor.results[0])]
    if isinstance(actor, MvtuOp):
        weights = pad_rows(to_numpy(actor.weights), unit, size, axis=0)
        source = edges.of(actor.input)
        weights = pad_rows(weights, edges.classes[source].unit, sizes[source], axis=1, value=binary_fill(actor))
        pad_sources(actor, (unit, size), (edges.classes[source].unit, sizes[source]))
        actor.weights = dense_int(weights)
        if actor.groups is not None:
            actor.groups = dense_int(pad_rows(to_numpy(actor.groups), unit, size, axis=0, value=row))
    elif isinstance(actor, DepthwiseOp):
        weights = pad_rows(to_numpy(actor.weights), unit, size, axis=1)
        pad_sources(actor, (actor.taps, actor.taps), (unit, size))
        actor.weights = dense_int(weights)
        if actor.groups is not None:
            actor.groups = dense_int(pad_rows(to_numpy(actor.groups), unit, size, axis=0, value=row))
    elif isinstance(actor, WindowOp):
        geometry = actor.geometry()
        channels = geometry.channels // unit * size
        actor.shape = DenseArrayBase.from_list(i64, [geometry.rows, geometry.columns, channels])
    elif isinstance(actor, UpsampleOp):
        rows, columns, channels = actor.shape.get_values()
        actor.shape = DenseArrayBase.from_list(i64, [rows, columns, channels // unit * size])
    elif isinstance(actor, PoolOp):
        actor.channels = i64_attr(actor.channels.value.data // unit * size)
    elif isinstance(actor, MapOp):
        groups = to_numpy(actor.groups)
        if size != unit:
            groups = pad_rows(_repeated(groups, unit), unit, size, axis=0, value=row)
        actor.groups = dense_int(_repeated(groups, choice.pe))


def _repeated(groups: IntArray, multiple: int) -> IntArray:
    """`groups` as often as it takes for `multiple` to divide their number."""
    return np.tile(groups, math.lcm(groups.size, multiple) // groups.size)


def _set_lanes(actor: Actor, choice: Choice) -> None:
    if isinstance(actor, WITH_PE):
        actor.pe = i64_attr(choice.pe)
    if isinstance(actor, MvtuOp | LabelSelectOp | WindowOp):
        actor.simd = i64_attr(choice.simd)
    if isinstance(actor, WindowOp):
        actor.taps = i64_attr(choice.taps)


def _cast(actor: Actor, index: int, type_: ChannelType) -> None:
    """A placeholder for the width converter in front of operand `index`, where the lanes differ."""
    value = actor.operands[index]
    if value.type == type_:
        return
    cast = UnrealizedConversionCastOp.get([value], [type_])
    cast.location = actor.location
    Rewriter.insert_op(cast, InsertPoint.before(actor))
    actor.operands[index] = cast.results[0]
