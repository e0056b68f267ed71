"""
Executable semantics of the `stream` level: whole frames through the actors in topological order.

A channel is an int64 array (N, elements per frame); how it is cut into beats does not change what it carries.
"""

from collections.abc import Callable, Sequence
from typing import TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import UnrealizedConversionCastOp
from xdsl.ir import Operation, SSAValue

from qnn_ir.constants import to_numpy, type_range
from qnn_ir.dialects.stream import (
    Actor,
    ConcatOp,
    CropOp,
    DepthwiseOp,
    ForkOp,
    GraphOp,
    JoinAddOp,
    JoinMulOp,
    LabelSelectOp,
    MapOp,
    MvtuOp,
    PoolOp,
    ReorderOp,
    UpsampleOp,
    WidthOp,
    WindowOp,
    channel,
)
from qnn_ir.interp import stream_rearrange, stream_spatial

Stream: TypeAlias = NDArray[np.int64]
"""Shape (N, elements per frame)."""

Semantics: TypeAlias = Callable[[Actor, list[Stream]], list[Stream]]

_ActorT = TypeVar("_ActorT", bound=Actor)


def run_graph(graph: GraphOp, inputs: Sequence[Stream]) -> list[Stream]:
    """
    The output streams of `graph` for its input streams, all in stream order (see `LayoutAttr.pack`).

    Raises `ValueError` where an element lies outside the type of its channel.
    """
    block = graph.body.block
    values: dict[SSAValue, Stream] = {}
    for arg, stream in zip(block.args, inputs, strict=True):
        values[arg] = _checked(stream.astype(np.int64), arg, "input")
    for op in block.ops:
        operands = [values[operand] for operand in op.operands]
        for result, stream in zip(op.results, _results(op, operands), strict=True):
            values[result] = _checked(stream, result, op.layer.data if isinstance(op, Actor) else op.name)
    return [values[output] for output in graph.output.channels]


def run_tensors(graph: GraphOp, tensors: Sequence[NDArray[np.int64]]) -> list[NDArray[np.int64]]:
    """As `run_graph`, on tensors (N, *shape): packed and unpacked by the layouts of the graph."""
    streams = [layout.pack(tensor) for layout, tensor in zip(graph.inputs, tensors, strict=True)]
    outputs = run_graph(graph, streams)
    return [layout.unpack(stream) for layout, stream in zip(graph.outputs, outputs, strict=True)]


def _results(op: Operation, operands: list[Stream]) -> list[Stream]:
    if isinstance(op, UnrealizedConversionCastOp):
        return operands
    return SEMANTICS[type(op)](op, operands) if isinstance(op, Actor) else []


def _checked(stream: Stream, value: SSAValue, place: str) -> Stream:
    type_ = channel(value)
    if stream.ndim != 2 or stream.shape[1] != type_.elements:
        raise ValueError(f"{place}: expected (N, {type_.elements}), got {stream.shape}")
    lo, hi = type_range(type_.element)
    if stream.size and (stream.min() < lo or stream.max() > hi):
        raise ValueError(f"{place}: [{stream.min()}, {stream.max()}] does not fit {type_.element}")
    return stream


def _mvtu(op: MvtuOp, operands: list[Stream]) -> list[Stream]:
    weights = to_numpy(op.weights)
    vectors = operands[0].reshape(-1, op.columns)
    sums = _product(vectors, weights)
    if op.map is not None and op.groups is not None:
        sums = op.map.map().apply(sums, to_numpy(op.groups))
    return [sums.reshape(operands[0].shape[0], -1)]


def _product(vectors: Stream, weights: NDArray[np.int64]) -> Stream:
    """`vectors @ weights.T`; in float64 where that is exact, because NumPy is much faster there."""
    largest = int(np.abs(vectors).max(initial=0)) * int(np.abs(weights).sum(axis=1).max(initial=0))
    if largest < 1 << 53:
        return (vectors.astype(np.float64) @ weights.T.astype(np.float64)).astype(np.int64)
    return vectors @ weights.T


def _map(op: MapOp, operands: list[Stream]) -> list[Stream]:
    groups = to_numpy(op.groups)
    periods = operands[0].reshape(-1, groups.size)
    return [op.map.map().apply(periods, groups).reshape(operands[0].shape)]


def _join_add(op: JoinAddOp, operands: list[Stream]) -> list[Stream]:
    a, b = operands
    return [op.ma.value.data * a + op.mb.value.data * b]


def _join_mul(op: JoinMulOp, operands: list[Stream]) -> list[Stream]:
    a, b = operands
    return [(a + op.offset_a.value.data) * (b + op.offset_b.value.data)]


def _label_select(op: LabelSelectOp, operands: list[Stream]) -> list[Stream]:
    count, vectors = operands[0].shape[0], op.vectors.value.data
    scores = operands[0].reshape(count, vectors, -1)[..., : op.channels.value.data]
    keys = -scores if op.largest.value.data else scores
    order = np.argsort(keys, axis=-1, kind="stable")[..., : op.k.value.data]
    return [order.astype(np.int64).reshape(count, -1)]


def _width(op: WidthOp, operands: list[Stream]) -> list[Stream]:
    return operands


def _fork(op: ForkOp, operands: list[Stream]) -> list[Stream]:
    return operands * len(op.copies)


def _on(kind: type[_ActorT], semantics: Callable[[_ActorT, list[Stream]], list[Stream]]) -> Semantics:
    """`semantics` for any actor; the table below calls it with its own kind only."""

    def run(op: Actor, operands: list[Stream]) -> list[Stream]:
        assert isinstance(op, kind)
        return semantics(op, operands)

    return run


SEMANTICS: dict[type[Operation], Semantics] = {
    MvtuOp: _on(MvtuOp, _mvtu),
    MapOp: _on(MapOp, _map),
    JoinAddOp: _on(JoinAddOp, _join_add),
    JoinMulOp: _on(JoinMulOp, _join_mul),
    LabelSelectOp: _on(LabelSelectOp, _label_select),
    WidthOp: _on(WidthOp, _width),
    ForkOp: _on(ForkOp, _fork),
    WindowOp: _on(WindowOp, stream_spatial.window),
    DepthwiseOp: _on(DepthwiseOp, stream_spatial.depthwise),
    PoolOp: _on(PoolOp, stream_spatial.pool),
    ConcatOp: _on(ConcatOp, stream_rearrange.concat),
    CropOp: _on(CropOp, stream_rearrange.crop),
    UpsampleOp: _on(UpsampleOp, stream_rearrange.upsample),
    ReorderOp: _on(ReorderOp, stream_rearrange.reorder),
}
"""One entry per actor; `test/interp/test_stream.py` checks that none is missing."""
