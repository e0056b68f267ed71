"""Nearest-neighbour enlargement."""

from xdsl.ir import SSAValue

from qnn_ir.dialects.hlsc import AndOp, LoadOp, NotOp, ProcessOp, ReadOp, SelectOp, StoreOp, WriteOp
from qnn_ir.dialects.stream import UpsampleOp, channel
from qnn_ir.passes.actors.builder import ProcessBuilder, beat_type


def lower_upsample(op: UpsampleOp, name: str) -> ProcessOp:
    """
    ```
    main(y, dy, x, dx, c):  pixel = dy == 0 and dx == 0 ? read : row[x, c]     row[x, c] := pixel when read
                            write pixel
    ```

    Without vertical repetition the row is one pixel.
    """
    beat = beat_type(channel(op.input))
    p = ProcessBuilder(name, op, [beat], [beat], "y dy x dx c", op.nest())
    _, vertical, columns, horizontal, folds = op.nest()
    _, dy, x, dx, c = p.counters
    firsts = [p.compare("eq", counter, 0) for counter, n in ((dy, vertical), (dx, horizontal)) if n > 1]
    if not firsts:
        p.effect(WriteOp(p.outputs[0], p.add(ReadOp(p.inputs[0]))))
        return p.process
    fresh = firsts[0] if len(firsts) == 1 else p.add(AndOp(*firsts))
    row = p.ram("row", columns * folds if vertical > 1 else folds, beat)
    index: SSAValue | None = p.word_of(row, p.affine((x, folds), (c, 1)) if vertical > 1 else c)
    pixel = p.add(ReadOp(p.inputs[0], fresh))
    kept = p.add(LoadOp(row, index, p.add(NotOp(fresh))))
    p.effect(StoreOp(row, pixel, index, fresh))
    p.effect(WriteOp(p.outputs[0], p.add(SelectOp(fresh, pixel, kept))))
    return p.process
