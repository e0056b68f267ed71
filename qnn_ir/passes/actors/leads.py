"""How far each actor reads ahead of what it writes, and the channel depths that follow."""

from collections.abc import Callable
from typing import Any

import numpy as np
from xdsl.ir import SSAValue

from qnn_ir.analysis.channel_depths import ROOT, Lead, Node, depths
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
from qnn_ir.passes.actors.selection import is_selection, taken
from qnn_ir.passes.actors.window import buffer_of


def channel_depths(graph: GraphOp) -> dict[SSAValue, int]:
    """Tokens for the channel of each value of the graph, so that no branch can block another."""
    actors = graph.actors()
    numbers: dict[object, int] = {actor: index for index, actor in enumerate(actors)}
    nodes = [
        Node(
            [numbers.get(value.owner, ROOT) for value in actor.operands],
            [channel(value).beats.data for value in actor.operands],
            lead(actor),
        )
        for actor in actors
    ]
    result: dict[SSAValue, int] = {}
    for actor, found in zip(actors, depths(nodes), strict=True):
        result |= dict(zip(actor.operands, found, strict=True))
    return result


def lead(actor: Actor) -> Lead:
    """
    Bounds on what an actor has read minus what it has written, in parts of a frame.

    The upper one is the most that it holds back while its output waits, not only what it needs before it writes.
    """
    return LEADS[type(actor)](actor)


def _beat(actor: Actor) -> Lead:
    """Every beat leaves in the cycle in which it comes."""
    return 0.0, 1 / channel(actor.operands[0]).beats.data


def _vector(op: MvtuOp | LabelSelectOp) -> Lead:
    """A vector is read before its results leave."""
    return 0.0, 1 / op.vectors.value.data


def _position(op: DepthwiseOp | PoolOp) -> Lead:
    """All taps of a position are read before its results leave."""
    return 0.0, 1 / op.positions.value.data


def _width(op: WidthOp) -> Lead:
    """Less than a beat of each kind waits."""
    source, target = channel(op.input), channel(op.result)
    return 0.0, (source.lanes.data + target.lanes.data) / source.elements


def _window(op: WindowOp) -> Lead:
    """What lies between the position of the window and the newest pixel in the buffer, if it has one."""
    if not is_selection(op):
        return buffer_of(op).lead
    geometry = op.geometry()
    pixels, index = geometry.rows * geometry.columns, taken(geometry)
    written = np.arange(index.size + 1) / index.size
    return float((index / pixels - written[1:]).min()), float(((index + 1) / pixels - written[:-1]).max())


def _concat(op: ConcatOp) -> Lead:
    """Within a vector one input is read after the other."""
    return -1 / op.vectors.value.data, 1 / op.vectors.value.data


def _crop(op: CropOp) -> Lead:
    """The n-th kept beat leaves as soon as it has come."""
    index = np.zeros(1, np.int64)
    pe, last = op.pe.value.data, len(op.dims()) - 1
    for axis, (bound, (start, size, step)) in enumerate(zip(op.nest(), op.axes(), strict=True)):
        lanes = pe if axis == last else 1
        kept = start // lanes + np.arange(size // lanes) * step
        index = (index[:, None] * bound + kept).reshape(-1)
    read = (index + 1) / channel(op.input).beats.data
    written = np.arange(index.size + 1) / index.size
    return float((read - written[1:]).min()), float((read - written[:-1]).max())


def _upsample(op: UpsampleOp) -> Lead:
    """A row is read with the first of its repetitions."""
    return 0.0, 1 / op.nest()[0]


def _reorder(op: ReorderOp) -> Lead:
    """One block comes in while another one leaves."""
    return 0.0, 2 / op.blocks.value.data


LEADS: dict[type[Actor], Callable[[Any], Lead]] = {
    MvtuOp: _vector,
    MapOp: _beat,
    JoinAddOp: _beat,
    JoinMulOp: _beat,
    ForkOp: _beat,
    LabelSelectOp: _vector,
    WidthOp: _width,
    WindowOp: _window,
    DepthwiseOp: _position,
    PoolOp: _position,
    ConcatOp: _concat,
    CropOp: _crop,
    UpsampleOp: _upsample,
    ReorderOp: _reorder,
}
"""One entry per actor."""
