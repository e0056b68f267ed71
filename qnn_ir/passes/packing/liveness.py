"""Removal of what no output of a process depends on, memories that only feed themselves included."""

from xdsl.ir import Block, Operation

from qnn_ir.dialects.hlsc import (
    AdvanceOp,
    AwaitOp,
    MemoryOp,
    PositionOp,
    ProcessOp,
    ReadOp,
    SideOp,
    StoreOp,
    WriteOp,
)

ROOTS = (ReadOp, WriteOp, AwaitOp, AdvanceOp, PositionOp)
"""What another process or side can see."""


def erase_dead(process: ProcessOp) -> None:
    """Erase every operation and memory of `process` that no root depends on."""
    live = _live(process)
    blocks = [process.body.block, *(side.body.block for side in process.sides)]
    dead = [op for block in blocks for op in block.ops if op not in live and not isinstance(op, SideOp)]
    for op in reversed(dead):
        op.detach()
        op.drop_all_references()
    for op in dead:
        op.erase(safe_erase=False, drop_references=False)


def _live(process: ProcessOp) -> set[Operation]:
    """A store is live when its memory is, a memory when a live operation uses it."""
    work: list[Operation] = [op for side in process.sides for op in side.body.block.ops if isinstance(op, ROOTS)]
    live: set[Operation] = set()
    while work:
        op = work.pop()
        if op in live:
            continue
        live.add(op)
        work += [v.owner for v in op.operands if not isinstance(v.owner, Block)]
        if isinstance(op, MemoryOp):
            work += [use.operation for use in op.result.uses if isinstance(use.operation, StoreOp)]
    return live
