"""The matrix-vector-threshold unit."""

from xdsl.ir import SSAValue

from qnn_ir.constants import to_numpy
from qnn_ir.dialects.hlsc import (
    AddOp,
    DotOp,
    LoadOp,
    NotOp,
    ProcessOp,
    ReadOp,
    SelectOp,
    StoreOp,
    WriteOp,
    value_type,
)
from qnn_ir.dialects.stream import MvtuOp, channel
from qnn_ir.passes.actors.builder import ProcessBuilder, beat_type
from qnn_ir.passes.actors.map import emit_map
from qnn_ir.passes.actors.weights import weight_inputs, weight_tile


def lower_mvtu(op: MvtuOp, name: str) -> ProcessOp:
    """
    ```
    main(v, nf < NF, sf < SF):
      x   = nf == 0 ? read : buffer[sf]         buffer[sf] := x when nf == 0     (NF > 1)
      sum = narrow((sf == 0 ? 0 : acc) + dot(x, weights[nf * SF + sf]))    acc := sum    (SF > 1)
      write map(sum, rows of nf) when sf == SF - 1
    with weights read from a port where they are loaded
    ```
    """
    source, target = channel(op.input), channel(op.result)
    inputs = [beat_type(source), *weight_inputs(op)]
    p = ProcessBuilder(name, op, inputs, [beat_type(target)], "v nf sf", op.nest())
    _, nf, sf = p.counters
    _, _, beats = op.nest()
    x = _vector(p, op)
    total = _accumulate(p, op, p.add(DotOp(x, weight_tile(p, op, nf, sf))))
    last = p.compare("eq", sf, beats - 1) if beats > 1 else None
    if op.map is not None and op.groups is not None:
        total = emit_map(p, total, op.map, to_numpy(op.groups), nf, target.element)
    p.effect(WriteOp(p.outputs[0], p.convert(total, target.element), last))
    return p.process


def _vector(p: ProcessBuilder, op: MvtuOp) -> SSAValue:
    """The beat `sf` of the vector: read for the first rows, remembered for the others."""
    _, tiles, beats = op.nest()
    _, nf, sf = p.counters
    if tiles == 1:
        return p.add(ReadOp(p.inputs[0]))
    buffer = p.ram("buffer", beats, beat_type(channel(op.input)))
    index = p.word_of(buffer, sf)
    first = p.compare("eq", nf, 0)
    fresh = p.add(ReadOp(p.inputs[0], first))
    kept = p.add(LoadOp(buffer, index, p.add(NotOp(first))))
    p.effect(StoreOp(buffer, fresh, index, first))
    return p.add(SelectOp(first, fresh, kept))


def _accumulate(p: ProcessBuilder, op: MvtuOp, product: SSAValue) -> SSAValue:
    """The sum of the products so far, in the type that was proven to hold every partial sum."""
    _, _, beats = op.nest()
    sf = p.counters[2]
    if beats == 1:
        return p.convert(product, op.accumulator)
    type_ = value_type((op.pe.value.data,), op.accumulator)
    acc = p.reg("acc", type_)
    first = p.compare("eq", sf, 0)
    before = p.add(LoadOp(acc, when=p.add(NotOp(first))))
    start = p.add(SelectOp(first, p.splat(0, type_), before))
    total = p.convert(p.add(AddOp(start, product)), op.accumulator)
    p.effect(StoreOp(acc, total))
    return total
