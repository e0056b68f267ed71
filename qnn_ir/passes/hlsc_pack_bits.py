"""
Dot products of narrow integers become population counts of words.

Why not multiply: a product of one to three bits in a look-up table costs as much as its adder, and a DSP block is
wasted on it, while a population count is a compressor tree over single bits: six inputs per table at once. The
count of a plane of x and a plane of w is the sum of all their bit products, so

    sum_s x_s * w_s = sum_i sum_j f_i * g_j * popcount(x_i & w_j)        x = sum_i f_i * x_i, w = sum_j g_j * w_j

with powers of two f and g, the one of a sign bit negative. For weights of -1 and +1 one plane says it all:

    sum_s x_s * w_s = sum_i f_i * (popcount(~(x_i ^ w)) - negatives)     negatives: how many of w are -1

and the constant moves into thresholds. It pays while the planes are few: `max-planes` bounds the number of counts.
"""

from dataclasses import dataclass

import numpy as np
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import SSAValue
from xdsl.passes import ModulePass
from xdsl.rewriter import InsertPoint

from qnn_ir.constants import int_type, to_numpy
from qnn_ir.dialects.hlsc import (
    AddOp,
    AndPopcountOp,
    DotOp,
    LoadOp,
    ProcessOp,
    RomOp,
    ShlOp,
    SliceOp,
    SubOp,
    XnorPopcountOp,
    element_of,
    shape_of,
    value_type,
)
from qnn_ir.passes.actors.builder import BodyBuilder
from qnn_ir.passes.packing.accumulation import match_accumulation
from qnn_ir.passes.packing.activations import activation_planes, word_type
from qnn_ir.passes.packing.liveness import erase_dead
from qnn_ir.passes.packing.offsets import can_fold, fold, start_from
from qnn_ir.passes.packing.planes import WeightPlanes, factors_of, weight_planes


@dataclass(frozen=True)
class HlscPackBitsPass(ModulePass):
    """
    `hlsc.dot` with constant weights to `hlsc.xnor_popcount` or `hlsc.and_popcount` on packed words.

    Used where planes of activations times planes of weights is at most `max_planes`; 0 switches it off.
    """

    name = "hlsc-pack-bits"

    max_planes: int = 9

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for process in [o for o in op.body.block.ops if isinstance(o, ProcessOp)]:
            dots = [o for side in process.sides for o in side.body.block.ops if isinstance(o, DotOp)]
            packed = [_pack(process, dot, self.max_planes) for dot in dots]
            if any(packed):
                erase_dead(process)


def _pack(process: ProcessOp, dot: DotOp, max_planes: int) -> bool:
    """Replace `dot` where its weights are constant and its planes few."""
    load = dot.w.owner
    if not isinstance(load, LoadOp) or not isinstance(rom := load.memory.owner, RomOp):
        return False
    words = to_numpy(rom.data).reshape(rom.type.depth.data, *shape_of(rom.type.value))
    planes = weight_planes(words)
    factors = factors_of(element_of(dot.x.type))
    if len(factors) * len(planes.factors) > max_planes:
        return False
    b = BodyBuilder(process, InsertPoint.before(rom), InsertPoint.before(dot))
    weights = _weight_words(b, load, rom, planes)
    activations = activation_planes(b, dot)
    if planes.bipolar:
        counts = [(f, b.add(XnorPopcountOp(x, weights[0]))) for f, x in zip(factors, activations, strict=True)]
        _replace_bipolar(b, dot, load, _combine(b, counts), -sum(factors) * planes.negatives())
        return True
    counts = [
        (f * g, b.add(AndPopcountOp(x, w)))
        for f, x in zip(factors, activations, strict=True)
        for g, w in zip(planes.factors, weights, strict=True)
    ]
    dot.result.replace_all_uses_with(b.convert(_combine(b, counts), element_of(dot.result.type)))
    return True


def _weight_words(b: BodyBuilder, load: LoadOp, rom: RomOp, planes: WeightPlanes) -> list[SSAValue]:
    """The words of the rows, (rows,), for each plane; all planes of a tile lie in one word of the memory."""
    depth, count, rows, columns = planes.bits.shape
    b.memories = InsertPoint.before(rom)
    label = rom.label.data if rom.label else "weights"
    bits = planes.bits.reshape(depth, count * rows, columns)
    memory = b.rom(label, bits, int_type(0, 1), rom.style.data)
    type_ = value_type((count * rows,), word_type(columns))
    words = b.add(LoadOp(memory, b.word_of(memory, load.index) if load.index else None, load.when, type_))
    return [words] if count == 1 else [b.add(SliceOp(words, j * rows, rows)) for j in range(count)]


def _combine(b: BodyBuilder, counts: list[tuple[int, SSAValue]]) -> SSAValue:
    """`sum factor * count` with factors that are powers of two or their negatives: equal ones are added first."""
    sums: dict[int, SSAValue] = {}
    for factor, count in counts:
        sums[factor] = b.add(AddOp(sums[factor], count)) if factor in sums else count
    total: SSAValue | None = None
    for factor in sorted(sums, key=lambda f: (f < 0, abs(f))):
        shift = abs(factor).bit_length() - 1
        term = b.add(ShlOp(sums[factor], shift)) if shift else sums[factor]
        if total is None:
            total = term if factor > 0 else b.add(SubOp(b.splat(0), term))
        else:
            total = b.add(AddOp(total, term) if factor > 0 else SubOp(total, term))
    assert total is not None
    return total


def _replace_bipolar(b: BodyBuilder, dot: DotOp, load: LoadOp, packed: SSAValue, offsets: np.ndarray) -> None:
    """Use `packed` for `dot`; `offsets` (depth, rows) are what it lacks."""
    unit = match_accumulation(dot)
    if unit is None:
        memory = b.rom("corrections", offsets)
        correction = b.add(LoadOp(memory, b.word_of(memory, load.index) if load.index else None))
        true = b.convert(b.add(AddOp(packed, correction)), element_of(dot.result.type))
        dot.result.replace_all_uses_with(true)
    elif can_fold(unit, unit.by_tile(offsets)):
        fold(b, unit, packed, unit.by_tile(offsets))
    else:
        start_from(b, unit, packed, unit.by_tile(offsets))
