"""The depthwise unit."""

from qnn_ir.constants import to_numpy
from qnn_ir.dialects.hlsc import AddOp, MulOp, ProcessOp, ReadOp, WriteOp
from qnn_ir.dialects.stream import DepthwiseOp, channel
from qnn_ir.passes.actors.builder import ProcessBuilder, beat_type
from qnn_ir.passes.actors.map import emit_map
from qnn_ir.passes.actors.taps import fold_taps
from qnn_ir.passes.actors.weights import weight_inputs, weight_tile


def lower_depthwise(op: DepthwiseOp, name: str) -> ProcessOp:
    """
    ```
    main(p, k, c):
      sum = narrow((k == 0 ? 0 : acc[c]) + read * weights[k, c])     acc[c] := sum     (more than one tap)
      write map(sum, rows of c) when k == last
    ```
    """
    source, target = channel(op.input), channel(op.result)
    inputs = [beat_type(source), *weight_inputs(op)]
    p = ProcessBuilder(name, op, inputs, [beat_type(target)], "p k c", op.nest())
    _, k, c = p.counters
    weight = weight_tile(p, op, k, c)
    product = p.add(MulOp(p.add(ReadOp(p.inputs[0])), weight))
    total, last = fold_taps(p, op.nest(), product, AddOp, op.accumulator)
    if op.map is not None and op.groups is not None:
        total = emit_map(p, total, op.map, to_numpy(op.groups), c, target.element)
    p.effect(WriteOp(p.outputs[0], p.convert(total, target.element), last))
    return p.process
