"""
First estimate of LUTs, block RAMs and DSP slices per actor. Pure Python, no IR.

The coefficients are fitted to synthesised processes (yosys `synth_xilinx`, 6-input LUTs): a binary unit of 16 x 64
lanes 1,909 LUT, of 8 x 8 lanes 333; 8 x 8 lanes of 4 x 4 bit with 15 thresholds 3,791; width converters 3->8 and 8->3
38 and 33; an argmax 22. They rank foldings; they do not replace a synthesis report.
"""

import math
from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias

ROM_IN_LUTS = 64 * 64
"""Bits up to which a read-only memory is built from LUTs (one LUT holds 64 x 1)."""

_BRAM_SHAPES = ((512, 36), (1024, 18), (2048, 9), (4096, 4), (8192, 2), (16384, 1))
_DSP_OPERAND = 25, 18


class Cost(NamedTuple):
    """Resources; adds up component by component."""

    lut: float = 0.0
    bram18: int = 0
    dsp: int = 0

    def plus(self, *others: "Cost") -> "Cost":
        """The sum with `others`."""
        all_ = (self, *others)
        return Cost(sum(c.lut for c in all_), sum(c.bram18 for c in all_), sum(c.dsp for c in all_))


MapKind: TypeAlias = Literal["steps", "thresholds", "requant", "table"]


@dataclass(frozen=True)
class MapShape:
    """What a map costs depends on: its form, entries per row, rows in use, and the bits of input, entry and output."""

    kind: MapKind
    entries: int
    rows: int
    in_bits: int
    entry_bits: int
    out_bits: int


def rom(depth: int, width: int, style: Literal["auto", "lutram", "bram"] = "auto") -> Cost:
    """A memory of constants, `width` bits read per cycle; `auto` is what a synthesis tool can be expected to choose."""
    if depth <= 1:
        return Cost()
    small = depth <= 64 or depth * width <= ROM_IN_LUTS
    if style == "lutram" or (style == "auto" and small):
        return Cost(lut=width * max(depth / 64, 0.1 * math.log2(depth)))
    return block_ram(depth, width)


def block_ram(depth: int, width: int) -> Cost:
    """A memory of block RAMs."""
    return Cost(lut=4.0, bram18=min(math.ceil(depth / d) * math.ceil(width / w) for d, w in _BRAM_SHAPES))


def weights(depth: int, width: int, memory: str) -> Cost:
    """The weights of a unit, by the memory mode of its layer; UltraRAM is not counted."""
    if memory in ("auto", "lutram", "bram"):
        return rom(depth, width, memory)
    port = Cost(lut=60.0 + width / 2)  # an address, and a channel of a few words
    return port.plus(block_ram(depth, width)) if memory == "writable" else port


def multiply(a_bits: int, b_bits: int) -> Cost:
    """A product of two numbers that are both longer than one bit."""
    if a_bits + b_bits > 12 and min(a_bits, b_bits) > 3:
        tiles = math.ceil(max(a_bits, b_bits) / _DSP_OPERAND[0]) * math.ceil(min(a_bits, b_bits) / _DSP_OPERAND[1])
        return Cost(dsp=tiles)
    bits = a_bits + b_bits
    return Cost(lut=(2 * math.ceil(bits / 6) - 1) * bits)


def dot_lane(weight_bits: int, input_bits: int, binary_weight: bool) -> Cost:
    """One product and its share of the adder tree; a binary weight (two values) selects instead of multiplying."""
    if binary_weight and input_bits == 1:
        return Cost(lut=1.4)
    if binary_weight or weight_bits == 1 or input_bits == 1:
        return Cost(lut=1.2 * (max(weight_bits, input_bits) + 1))
    bits = weight_bits + input_bits
    return multiply(weight_bits, input_bits).plus(Cost(lut=1.1 * (bits + 1)))


def map_lane(shape: MapShape, folds: int) -> Cost:
    """One lane of a map; `folds` different rows pass through the lane one after the other."""
    depth = min(folds, shape.rows)
    if shape.kind == "requant":
        constants = rom(depth, 2 * shape.entry_bits)
        return multiply(shape.in_bits, shape.entry_bits).plus(constants, Cost(lut=shape.entry_bits + shape.out_bits))
    if shape.kind == "table":
        return rom(shape.entries * depth, shape.out_bits)
    compare = Cost(lut=shape.entries * (0.6 * shape.in_bits + 1))
    constants = rom(depth, shape.entries * shape.entry_bits)
    if shape.kind == "steps":
        select = Cost(lut=shape.entries * shape.out_bits)
        return compare.plus(constants, select)
    return compare.plus(constants)


def times(cost: Cost, count: int) -> Cost:
    """`count` copies."""
    return Cost(cost.lut * count, cost.bram18 * count, cost.dsp * count)


@dataclass(frozen=True)
class MvtuShape:
    """A matrix-vector unit: its matrix, the widths in bits, and the map on its sums."""

    weight_bits: int
    input_bits: int
    accumulator_bits: int
    binary_weight: bool
    map: MapShape | None
    memory: str = "auto"


def mvtu(shape: MvtuShape, rows: int, columns: int, pe: int, simd: int) -> Cost:
    """A unit of `pe` sums and `simd` products per sum and cycle on a (padded) matrix of `rows` x `columns`."""
    stored = 1 if shape.binary_weight else shape.weight_bits
    folds = rows // pe
    lanes = times(dot_lane(shape.weight_bits, shape.input_bits, shape.binary_weight), pe * simd)
    accumulate = Cost(lut=pe * shape.accumulator_bits * (1.0 if columns > simd else 0.0))
    constants = weights(folds * (columns // simd), pe * simd * stored, shape.memory)
    replay = Cost(lut=simd * shape.input_bits * math.ceil(columns / simd / 32) / 2) if folds > 1 else Cost()
    activation = times(map_lane(shape.map, folds), pe) if shape.map else Cost()
    return lanes.plus(accumulate, constants, replay, activation, Cost(lut=20.0))


def map_unit(shape: MapShape, period: int, pe: int) -> Cost:
    """A stand-alone map of `pe` lanes whose rows repeat every `period` elements."""
    return times(map_lane(shape, max(1, period // pe)), pe).plus(Cost(lut=8.0))


def join_add(in_bits: int, out_bits: int, scaled: bool, pe: int) -> Cost:
    """An adder per lane, with two constant multipliers where the scales differ."""
    return Cost(lut=pe * (out_bits + (2.0 * (in_bits + out_bits) if scaled else 0.0)) + 4.0)


def join_mul(a_bits: int, b_bits: int, pe: int) -> Cost:
    """A multiplier per lane."""
    return times(multiply(a_bits, b_bits), pe).plus(Cost(lut=4.0))


def fork(copies: int) -> Cost:
    """Handshakes alone."""
    return Cost(lut=2.0 * copies)


def label_select(in_bits: int, index_bits: int, k: int, simd: int) -> Cost:
    """A comparison and two registers per selected rank and lane."""
    return Cost(lut=simd * k * (0.6 * in_bits + 0.5 * (in_bits + index_bits)) + 6.0)


def width(source: int, target: int, bits: int) -> Cost:
    """A shift register of the wider side; a ratio that is no integer needs a selector of many positions."""
    if source == target:
        return Cost()
    wide, narrow = max(source, target), min(source, target)
    positions = math.lcm(source, target) // wide if wide % narrow else 1
    return Cost(lut=bits * wide * 0.3 * (1 + math.log2(positions + 1)) + 8.0)


def buffer(depth: int, bits: int) -> Cost:
    """A memory of `depth` words of `bits` bits that is written and read."""
    if depth * bits <= ROM_IN_LUTS:
        return Cost(lut=math.ceil(depth / 32) * bits / 2)
    return Cost(bram18=min(math.ceil(depth / d) * math.ceil(bits / w) for d, w in _BRAM_SHAPES))


def window(depth: int, bits: int, taps: int = 1) -> Cost:
    """A line buffer of `depth` words of `bits` bits for each of the `taps` of a beat, and its counters."""
    return Cost(lut=130.0 + 4.0 * (taps - 1)).plus(times(buffer(depth, bits), taps))


def reorder(depth: int, bits: int) -> Cost:
    """Room for two blocks of `depth` words of `bits` bits, and the counters of both sides."""
    return Cost(lut=90.0).plus(buffer(2 * depth, bits))


def upsample(depth: int, bits: int) -> Cost:
    """A row of `depth` words of `bits` bits."""
    return Cost(lut=30.0).plus(buffer(depth, bits))


def concat(inputs: int, bits: int) -> Cost:
    """A selector of words of `bits` bits."""
    return Cost(lut=bits * inputs / 2 + 10.0)


def crop() -> Cost:
    """Counters alone."""
    return Cost(lut=25.0)


def depthwise(shape: MvtuShape, channels: int, taps: int, pe: int) -> Cost:
    """A unit of `pe` channels; the sums of all channels wait in a memory while the pixels of a window pass."""
    stored = 1 if shape.binary_weight else shape.weight_bits
    folds = channels // pe
    lanes = times(dot_lane(shape.weight_bits, shape.input_bits, shape.binary_weight), pe)
    sums = Cost(lut=pe * shape.accumulator_bits * (1.0 + math.ceil(folds / 32) / 2))
    activation = times(map_lane(shape.map, folds), pe) if shape.map else Cost()
    constants = weights(folds * taps, pe * stored, shape.memory)
    return lanes.plus(sums, constants, activation, Cost(lut=20.0))


def pool(channels: int, bits: int, pe: int) -> Cost:
    """A comparison or an addition per lane and a memory of the results so far."""
    return Cost(lut=pe * bits * (1.5 + math.ceil(channels / pe / 32) / 2) + 10.0)
