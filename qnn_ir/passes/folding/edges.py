"""
Edge classes: channels whose vectors are padded together.

A map, a join and a fork hand on what they read, so the channels on both sides of them form one class. The unit of a
class is the length of the shortest vector that all its actors see; padding appends elements to every unit.
"""

import math
from dataclasses import dataclass, field

import numpy as np
from xdsl.dialects.builtin import IntegerType
from xdsl.ir import SSAValue

from qnn_ir.constants import IntArray, to_numpy, type_range
from qnn_ir.dialects.qnn.attributes import MapAttr
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
    LayoutAttr,
    MapOp,
    MvtuOp,
    PoolKind,
    PoolOp,
    ReorderOp,
    UpsampleOp,
    WindowOp,
    channel,
)

TRANSPARENT = (MapOp, JoinAddOp, JoinMulOp, ForkOp, WindowOp, DepthwiseOp, PoolOp, UpsampleOp)
"""Actors that keep the elements of a vector and their order."""

RIGID = (ConcatOp, CropOp, ReorderOp)
"""Actors that read or write no padding."""


@dataclass
class EdgeClass:
    """Channels padded together: vector lengths at their ends, the unit, and whether padding is legal."""

    lengths: list[int] = field(default_factory=list[int])
    unit: int = 0
    fixed: bool = False


class Edges:
    """
    The classes of all channels of a graph.

    `pad_rows` names the map row that the padding of an actor uses: one whose value for the padding fits the channel.
    """

    def __init__(self, graph: GraphOp):
        self.classes: list[EdgeClass] = []
        self.pad_rows: dict[Actor, int] = {}
        self._of: dict[SSAValue, int] = {}
        self._join_channels(graph)
        self._collect_lengths(graph)
        self._fix_boundary(graph)
        self._fix_unpaddable(graph)

    def of(self, value: SSAValue) -> int:
        """The class of a channel."""
        return self._of[value]

    def unit(self, value: SSAValue) -> int:
        """The elements that are padded as one, in the channel `value`."""
        return self.classes[self._of[value]].unit

    def _join_channels(self, graph: GraphOp) -> None:
        for arg in graph.body.block.args:
            self._of[arg] = self._new()
        for actor in graph.actors():
            inputs = [self._of[operand] for operand in actor.operands]
            if not isinstance(actor, TRANSPARENT):
                for result in actor.results:
                    self._of[result] = self._new()
                continue
            target = min(inputs)
            for value, index in self._of.items():
                if index in inputs:
                    self._of[value] = target
            for result in actor.results:
                self._of[result] = target

    def _new(self) -> int:
        self.classes.append(EdgeClass())
        return len(self.classes) - 1

    def _collect_lengths(self, graph: GraphOp) -> None:
        for actor in graph.actors():
            for value, length in vector_lengths(actor):
                self.classes[self._of[value]].lengths.append(length)
            if isinstance(actor, LabelSelectOp):
                self.classes[self._of[actor.result]].fixed = True
            if isinstance(actor, RIGID):
                for value in (*actor.operands, *actor.results):
                    self.classes[self._of[value]].fixed = True
        for value, index in self._of.items():
            edge = self.classes[index]
            edge.unit = math.gcd(*edge.lengths) if edge.lengths else channel(value).elements

    def _fix_boundary(self, graph: GraphOp) -> None:
        values = (*graph.body.block.args, *graph.output.channels)
        for value, layout in zip(values, (*graph.inputs, *graph.outputs), strict=True):
            edge = self.classes[self._of[value]]
            edge.fixed |= layout.split(edge.unit) is None
        for actor in graph.actors():
            if isinstance(actor, LabelSelectOp):
                edge = self.classes[self._of[actor.input]]
                edge.fixed |= edge.unit < actor.channels.value.data

    def _fix_unpaddable(self, graph: GraphOp) -> None:
        """Follow the value that padding takes from actor to actor; where it fits no type, nothing is padded."""
        pads: dict[SSAValue, int | None] = dict.fromkeys(graph.body.block.args, 0)
        for actor in graph.actors():
            if isinstance(actor, MvtuOp | DepthwiseOp) and binary_fill(actor):
                # zero rows or columns would make a third weight value; a padding of 0 needs none
                self.classes[self._of[actor.result]].fixed = True
                self.classes[self._of[actor.input]].fixed |= pads[actor.input] != 0
            pad = self._pad_value(actor, [pads[operand] for operand in actor.operands])
            for result in actor.results:
                pads[result] = pad
                if pad is None:
                    self.classes[self._of[result]].fixed = True

    def _pad_value(self, actor: Actor, inputs: list[int | None]) -> int | None:
        if isinstance(actor, ForkOp | UpsampleOp):
            return inputs[0]
        if isinstance(actor, JoinAddOp | JoinMulOp):
            a, b = inputs
            if a is None or b is None:
                return None
            if isinstance(actor, JoinAddOp):
                value = actor.ma.value.data * a + actor.mb.value.data * b
            else:
                value = (actor.offset_a.value.data + a) * (actor.offset_b.value.data + b)
            return value if _fits(value, channel(actor.result).element) else None
        if isinstance(actor, MvtuOp):
            return 0 if actor.map is None else self._row(actor, actor.map, 0, channel(actor.result).element)
        if isinstance(actor, DepthwiseOp):
            return 0 if actor.map is None else self._row(actor, actor.map, 0, channel(actor.result).element)
        if isinstance(actor, WindowOp):
            # beside the image its padding is found in the padded channels too
            outside = any(actor.geometry().pads) and actor.pad_value.value.data != inputs[0]
            return None if outside else inputs[0]
        if isinstance(actor, PoolOp):
            if inputs[0] is None or actor.kind.data == PoolKind.MAX:
                return inputs[0]
            total = inputs[0] * actor.taps.value.data
            return total if _fits(total, channel(actor.result).element) else None
        if isinstance(actor, MapOp) and inputs[0] is not None:
            return self._row(actor, actor.map, inputs[0], channel(actor.result).element)
        return None

    def _row(self, actor: Actor, map: MapAttr, pad: int, element: IntegerType) -> int | None:
        """The value of the first row that fits (one that gives 0 if there is any), and remember the row."""
        function = map.map()
        found: int | None = None
        for row in range(map.rows()):
            try:
                value = int(function.apply(np.array([pad], np.int64), np.array([row]))[0])
            except ValueError:  # outside a table
                continue
            if _fits(value, element) and (found is None or value == 0):
                self.pad_rows[actor], found = row, value
            if found == 0:
                break
        return found


def vector_lengths(actor: Actor) -> list[tuple[SSAValue, int]]:
    """The channels of `actor` that it sees as vectors, and how long these are: the last one bounds `pe`."""
    match actor:
        case MvtuOp():
            return [(actor.input, actor.columns), (actor.result, actor.rows)]
        case LabelSelectOp():
            return [(actor.input, channel(actor.input).elements // actor.vectors.value.data)]
        case WindowOp():
            return [(actor.input, actor.geometry().channels)]
        case DepthwiseOp():
            return [(actor.input, actor.channels)]
        case PoolOp():
            return [(actor.input, actor.channels.value.data)]
        case UpsampleOp():
            return [(actor.input, actor.shape.get_values()[2])]
        case ConcatOp():
            together = math.gcd(*actor.parts())
            return [(value, together) for value in (*actor.inputs, actor.result)]
        case CropOp():
            start, size, step = actor.axes()[-1]
            together = math.gcd(actor.dims()[-1], start, size) if step == 1 else 1
            return [(actor.input, together), (actor.result, together)]
        case ReorderOp():
            stays = actor.order()[-1] == len(actor.order()) - 1
            together = actor.dims()[-1] if stays else 1
            return [(actor.input, together), (actor.result, together)]
        case _:
            return []


def binary_fill(actor: MvtuOp | DepthwiseOp) -> int:
    """A weight to pad columns with: 0, or one of the two values where weights are two values without 0."""
    values = np.unique(to_numpy(actor.weights))
    return int(values[0]) if values.size <= 2 and 0 not in values else 0


def padded_layout(layout: LayoutAttr, unit: int, size: int) -> LayoutAttr:
    """`layout` with every `unit` elements padded to `size`."""
    if unit == size:
        return layout
    view = layout.split(unit)
    assert view is not None
    return LayoutAttr(view.shape, view.perm, size)


def pad_rows(array: IntArray, unit: int, size: int, axis: int, value: int = 0) -> IntArray:
    """Every `unit` entries along `axis` padded to `size` with `value`."""
    moved = np.moveaxis(array, axis, 0)
    chunks = moved.reshape(-1, unit, *moved.shape[1:])
    widths = [(0, 0), (0, size - unit)] + [(0, 0)] * (chunks.ndim - 2)
    padded = np.pad(chunks, widths, constant_values=value)
    return np.moveaxis(padded.reshape(-1, *moved.shape[1:]), 0, axis)


def _fits(value: int, element: IntegerType) -> bool:
    lo, hi = type_range(element)
    return lo <= value <= hi
