"""
How far apart the iterations of a nest are that meet in a word of a memory.

Synthesis takes a load for dependent on the store of the iteration before unless it is told better, and then cannot
start an iteration per clock: reading a memory, adding and writing back take more than one.
"""

from math import prod

from xdsl.ir import SSAValue

from qnn_ir.dialects import hlsc
from qnn_ir.emit.cpp_scope import Scope

Bounds = dict[SSAValue, int]


def dependence_lines(scope: Scope, side: hlsc.SideOp, bounds: Bounds) -> list[str]:
    """A pragma for every memory whose words are visited in turn; `bounds` of the counters, the innermost last."""
    lines: list[str] = []
    for memory in scope.process.memories:
        distance = revisit_distance(memory, bounds) if isinstance(memory, hlsc.RamOp) else None
        if distance is not None and distance > 1:
            options = f"type=inter direction=RAW distance={distance} dependent=true"
            lines.append(f"#pragma HLS DEPENDENCE variable={scope.memories.names[memory.result]} {options}")
    return lines


def revisit_distance(memory: hlsc.RamOp, bounds: Bounds) -> int | None:
    """
    The iterations from one access of a word to the next, where all accesses of an iteration go to one word and
    iterations go through the words in turn: the index is the innermost counter, or the innermost counters as one
    number. None where the memory is not both stored and loaded so.
    """
    accesses = [use.operation for use in memory.result.uses]
    indices = {op.index for op in accesses if isinstance(op, hlsc.LoadOp | hlsc.StoreOp)}
    if len(indices) != 1 or (index := indices.pop()) is None or len({type(op) for op in accesses}) != 2:
        return None
    return _period(_strides(index), bounds)


def _strides(index: SSAValue) -> dict[SSAValue, int]:
    """The stride of every counter in an affine form; nothing where it wraps around."""
    op = index.owner
    if not isinstance(op, hlsc.AffineOp):
        return {index: 1}
    return {} if op.modulus is not None else dict(zip(op.inputs, op.stride_values(), strict=True))


def _period(strides: dict[SSAValue, int], bounds: Bounds) -> int | None:
    """The values of the innermost counters that `strides` number one after the other."""
    counted = [(counter, bound) for counter, bound in bounds.items() if bound > 1]
    inner = counted[len(counted) - len([c for c, _ in counted if c in strides]) :]
    wanted = {counter: prod(bound for _, bound in inner[i + 1 :]) for i, (counter, _) in enumerate(inner)}
    known = {counter: stride for counter, stride in strides.items() if bounds.get(counter, 0) != 1}
    return prod(bound for _, bound in inner) if wanted and wanted == known else None
