"""What actors that move elements may choose, and what that costs."""

import math
from collections.abc import Mapping
from typing import TypeAlias

from qnn_ir.analysis import cost
from qnn_ir.analysis.cost import Cost
from qnn_ir.analysis.folding import MAX_WORD_BITS, Choice, Layer, Sizes, divisors, lane_counts
from qnn_ir.dialects.stream import ConcatOp, CropOp, Geometry, ReorderOp, UpsampleOp, WindowOp, channel
from qnn_ir.passes.folding.edges import Edges, vector_lengths

Wanted: TypeAlias = Mapping[str, int]
"""Explicit values of the knobs of an actor; a missing one is free."""


def window(op: WindowOp, edges: Edges, wanted: Wanted) -> Layer:
    """Some channels of a tap per cycle, or all channels of several taps."""
    index, geometry = edges.of(op.input), op.geometry()
    units, bits = geometry.channels // edges.classes[index].unit, channel(op.input).element.width.data
    emitted, pixels = math.prod(geometry.positions) * geometry.taps, geometry.rows * geometry.columns
    depth = ((geometry.kernel[0] - 1) * geometry.dilations[0] + 1) * geometry.columns

    def choices(sizes: Sizes) -> list[Choice]:
        channels = units * sizes[0]
        return [
            Choice(
                max(emitted // taps, pixels) * (channels // simd),
                cost.window(depth * channels // simd, simd * bits, taps),
                1,
                simd,
                simd,
                simd * taps,
                taps,
            )
            for simd in lane_counts(channels, bits, wanted.get("simd"))
            for taps in _taps(geometry, simd < channels, simd * bits, wanted.get("taps"))
        ]

    return Layer(op.layer.data, (index,), choices)


def _taps(geometry: Geometry, partial: bool, bits: int, wanted: int | None) -> list[int]:
    """Legal numbers of taps per beat: a part of a row of the window, or whole rows; only 1 with some channels."""
    if partial:
        return [1]
    rows, columns = geometry.kernel
    legal = sorted({*divisors(columns), *(columns * n for n in divisors(rows))})
    legal = [n for n in legal if n == 1 or n * bits <= MAX_WORD_BITS]
    return legal if wanted is None else [max(n for n in legal if n == 1 or n <= wanted)]


def uniform(op: ConcatOp | CropOp | ReorderOp | UpsampleOp, edges: Edges, wanted: Wanted) -> Layer:
    """Actors that move elements: `pe` lanes on every port, and the cost depends on nothing else."""
    index = edges.of(op.results[0])
    bits, length = channel(op.results[0]).element.width.data, vector_lengths(op)[-1][1]
    units, beats = length // edges.unit(op.results[0]), op.cycles()

    def choices(sizes: Sizes) -> list[Choice]:
        grown = units * sizes[0]
        return [
            Choice(beats * grown // length // pe, _moving(op, pe, bits), pe, 1, pe, pe)
            for pe in lane_counts(grown, bits, wanted.get("pe"))
        ]

    return Layer(op.layer.data, (index,), choices)


def _moving(op: ConcatOp | CropOp | ReorderOp | UpsampleOp, pe: int, bits: int) -> Cost:
    match op:
        case ConcatOp():
            return cost.concat(len(op.inputs), pe * bits)
        case CropOp():
            return cost.crop()
        case ReorderOp():
            return cost.reorder(math.prod(op.dims()) // pe, pe * bits)
        case UpsampleOp():
            _, columns, channels = op.shape.get_values()
            return cost.upsample(columns * channels // pe, pe * bits)
