"""Random actors of the `stream` level, one per graph, drawn by hypothesis."""

from typing import Any

import numpy as np
from hypothesis import strategies as st
from xdsl.dialects.builtin import IntegerType, ModuleOp
from xdsl.ir import Block, SSAValue

from qnn_ir import maps
from qnn_ir.constants import dense_int, int_type, type_range
from qnn_ir.dialects.qnn.attributes import MapAttr
from qnn_ir.dialects.stream import (
    ChannelType,
    ForkOp,
    GraphOp,
    JoinAddOp,
    LabelSelectOp,
    LayoutAttr,
    MapOp,
    MvtuOp,
    OutputOp,
    WidthOp,
)
from qnn_ir.int_types import value_range

Draw = Any
FRAMES = 3


class Case:
    """A module with one graph, and the input streams (N, elements per frame) to run it with."""

    def __init__(self, module: ModuleOp, streams: list[np.ndarray]):
        self.module, self.streams = module, streams

    def __repr__(self) -> str:
        return f"{self.module}\n{[stream.tolist() for stream in self.streams]}"


def graph_of(types: list[ChannelType], make: Any) -> ModuleOp:
    """A module with a graph over inputs of `types`; `make(*channels)` returns its last actor."""
    block = Block(arg_types=types)
    actor = make(*block.args)
    block.add_ops([actor, OutputOp(actor.results)])
    layouts = [[LayoutAttr([v.type.elements]) for v in values] for values in (block.args, actor.results)]
    module = ModuleOp([GraphOp("accelerator", *layouts, block)])
    module.verify()
    return module


def draw_streams(draw: Draw, types: list[ChannelType]) -> list[np.ndarray]:
    """Frames for every input: random values of its whole range, both ends among them."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    streams: list[np.ndarray] = []
    for type_ in types:
        lo, hi = type_range(type_.element)
        values = rng.integers(lo, hi + 1, (FRAMES, type_.elements))
        values[0], values[1, ::2] = hi, lo
        streams.append(values)
    return streams


elements: st.SearchStrategy[IntegerType] = st.builds(
    lambda bits, signed: int_type(*value_range(bits, signed)), st.integers(1, 9), st.booleans()
)
"""`siN` and `uiN` of up to 9 bits."""


def draw_map(draw: Draw, lo: int, hi: int, rows: int) -> tuple[MapAttr, IntegerType]:
    """A map of any form with `rows` rows for inputs in [lo, hi], and the type of its results."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    count = draw(st.integers(0, 5))
    form = draw(st.sampled_from(["thresholds", "steps", "requant", "table"]))
    base = draw(st.integers(-5, 5))
    positions = rng.integers(lo - 1, hi + 3, (rows, count))
    if form == "thresholds":
        source: maps.Map = maps.Thresholds(np.sort(positions, axis=1), base)
    elif form == "steps":
        source = maps.Steps(rng.integers(-4, 5, rows), positions, rng.integers(-3, 4, (rows, count)))
    elif form == "table" and hi - lo < 600:
        source = maps.Table(rng.integers(-9, 10, (rows, hi - lo + 1)), lo)
    else:
        shift, rounding = draw(st.integers(0, 9)), draw(st.sampled_from(["floor", "half_even"]))
        source = maps.Requant(rng.integers(-9, 10, rows), rng.integers(-99, 100, rows), shift, rounding, -7, 7)
    low, high = source.output_range(np.full(rows, lo), np.full(rows, hi))
    return MapAttr.from_map(source), int_type(int(low.min()), int(high.max()))


WEIGHTS = {"bipolar": (-1, 1), "binary": (0, 1), "ternary": (-1, 1), "si1": (-1, 0), "si3": (-4, 3), "ui4": (0, 15)}


def _weights(rng: np.random.Generator, kind: str, shape: tuple[int, int]) -> np.ndarray:
    lo, hi = WEIGHTS[kind]
    return rng.choice((-1, 1), shape) if kind == "bipolar" else rng.integers(lo, hi + 1, shape)


@st.composite
def mvtu_graphs(draw: Draw) -> Case:
    """A matrix-vector unit of any folding, with any map or none, and its input."""
    pe, simd = draw(st.integers(1, 4)), draw(st.integers(1, 5))
    rows, columns = pe * draw(st.integers(1, 3)), simd * draw(st.integers(1, 3))
    vectors, element = draw(st.integers(1, 2)), draw(elements)
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    weights = _weights(rng, draw(st.sampled_from(sorted(WEIGHTS))), (rows, columns))
    lo, hi = type_range(element)
    products = np.stack([weights * lo, weights * hi])
    low, high = int(products.min(0).sum(1).min()), int(products.max(0).sum(1).max())
    low, high = min(low, 0), max(high, 0)
    accumulator = result = int_type(low, high)
    map_ = groups = None
    if draw(st.booleans()):
        count = draw(st.integers(1, rows))
        map_, result = draw_map(draw, low, high, count)
        groups = dense_int(rng.integers(0, count, rows))
    source = ChannelType(element, simd, vectors * columns // simd)
    weight_type = int_type(int(weights.min()), int(weights.max()))

    def make(x: SSAValue) -> MvtuOp:
        return MvtuOp("fc", x, dense_int(weights), weight_type, accumulator, result, map_, groups, vectors, pe, simd)

    return Case(graph_of([source], make), draw_streams(draw, [source]))


@st.composite
def map_graphs(draw: Draw) -> Case:
    """A stand-alone map and its input."""
    pe, element = draw(st.integers(1, 4)), draw(elements)
    period = pe * draw(st.integers(1, 3))
    rows = draw(st.integers(1, period))
    map_, result = draw_map(draw, *type_range(element), rows)
    groups = dense_int(np.random.default_rng(draw(st.integers(0, 99))).integers(0, rows, period))
    source = ChannelType(element, pe, period // pe * draw(st.integers(1, 3)))
    module = graph_of([source], lambda x: MapOp("act", x, map_, groups, result, pe))
    return Case(module, draw_streams(draw, [source]))


@st.composite
def width_graphs(draw: Draw) -> Case:
    """A width converter between any numbers of lanes and its input."""
    n, m, element = draw(st.integers(1, 9)), draw(st.integers(1, 9)), draw(elements)
    groups = int(np.lcm(n, m)) * draw(st.integers(1, 3))
    source, target = ChannelType(element, n, groups // n), ChannelType(element, m, groups // m)
    return Case(graph_of([source], lambda x: WidthOp("w", x, target)), draw_streams(draw, [source]))


@st.composite
def label_select_graphs(draw: Draw) -> Case:
    """A label select with any k, padded or not, and its input (small ranges: many ties)."""
    simd, beats, vectors = draw(st.integers(1, 4)), draw(st.integers(1, 4)), draw(st.integers(1, 2))
    channels = draw(st.integers(max(1, simd * (beats - 1)), simd * beats))
    k, largest = draw(st.integers(1, channels)), draw(st.booleans())
    source = ChannelType(draw(elements), simd, beats * vectors)
    index = int_type(0, max(1, channels - 1))
    module = graph_of([source], lambda x: LabelSelectOp("top", x, index, k, channels, largest, vectors, simd))
    return Case(module, draw_streams(draw, [source]))


@st.composite
def join_graphs(draw: Draw) -> Case:
    """A sum of two channels with multipliers of both signs and its inputs."""
    pe, beats = draw(st.integers(1, 4)), draw(st.integers(1, 3))
    types = [ChannelType(draw(elements), pe, beats) for _ in range(2)]
    factors = [draw(st.integers(-5, 5)) for _ in range(2)]
    ends = [sorted(f * v for v in type_range(t.element)) for f, t in zip(factors, types, strict=True)]
    result = int_type(*(sum(end) for end in zip(*ends, strict=True)))
    return Case(graph_of(types, lambda a, b: JoinAddOp("sum", a, b, result, *factors, pe)), draw_streams(draw, types))


@st.composite
def fork_graphs(draw: Draw) -> Case:
    """A fork to two or three readers and its input."""
    source = ChannelType(draw(elements), draw(st.integers(1, 4)), draw(st.integers(1, 4)))
    copies = draw(st.integers(2, 3))
    return Case(graph_of([source], lambda x: ForkOp("copy", x, copies)), draw_streams(draw, [source]))


actor_graphs = st.one_of(
    mvtu_graphs(), map_graphs(), width_graphs(), label_select_graphs(), join_graphs(), fork_graphs()
)
"""One actor of any kind with its inputs in stream order."""
