"""
The loop of a process with several sides, with later nests, or with control that differs from frame to frame.

One loop for all sides, one iteration per clock. In each iteration every side that is not done and whose awaits hold
runs its next iteration. Awaits compare positions, which only counters decide, so what a process computes and in which
order does not depend on when its input comes: reads and writes may block.
"""

from qnn_ir.dialects import hlsc
from qnn_ir.emit.cpp_joint_side import JointSide
from qnn_ir.emit.cpp_scope import Scope
from qnn_ir.emit.cpp_style import PIPELINE, indented, used_only

_TOGETHER = (
    "// Every side that is not done and whose awaits hold takes its next step. Positions wrap around at 2^32;",
    "// their differences do not: they are never larger than the memory between the sides.",
)


def joint_lines(scope: Scope) -> list[str]:
    """The counters of all sides and the loop that steps them."""
    several = len(scope.process.sides) > 1
    sides = {side.sym_name.data: JointSide(scope, side, several) for side in scope.process.sides}
    texts = {name: side.print(sides) for name, side in sides.items()}
    go = [line for text in texts.values() for line in text.go]
    steps = [line for name in _readers_first(scope.process) for line in texts[name].step]
    definitions = [line for text in texts.values() for line in text.definitions]
    loop = [PIPELINE, *_independent(scope), *used_only(definitions, [*go, *steps]), *go, *steps]
    return [
        *(line for side in sides.values() for line in side.declarations()),
        *(_TOGETHER if several else []),
        f"{scope.names.fresh('each_step')}:",
        f"while ({' || '.join(side.unfinished for side in sides.values())}) {{",
        *indented(loop),
        "}",
    ]


def _independent(scope: Scope) -> list[str]:
    """
    Sides that step together never touch one word of a memory, whatever their order: of a load and a store of one word
    by two sides, the awaits make one come first (`hlsc-verify-processes` proves it). From one iteration to the next
    they may: a word can be loaded right after it was stored.
    """
    shared = [m for m in scope.process.memories if _sides_of(m) > 1 and not isinstance(m, hlsc.RomOp)]
    names = [scope.memories.names[m.result] for m in shared]
    comment = ["// awaits order a load and a store of one word: these never come in one iteration"] if names else []
    return comment + [f"#pragma HLS DEPENDENCE variable={n} type=intra dependent=false" for n in names]


def _sides_of(memory: hlsc.MemoryOp) -> int:
    return len({use.operation.parent_op() for use in memory.result.uses})


def _readers_first(process: hlsc.ProcessOp) -> list[str]:
    """The sides, those that load what others store before these where they can be."""
    waiting, result = list(process.sides), list[hlsc.SideOp]()
    while waiting:
        free = [side for side in waiting if not any(_stores_for(side, o) for o in waiting if o is not side)]
        chosen = (free or waiting)[0]
        waiting.remove(chosen)
        result.append(chosen)
    return [side.sym_name.data for side in result]


def _stores_for(writer: hlsc.SideOp, reader: hlsc.SideOp) -> bool:
    stored = {op.memory for op in writer.body.block.ops if isinstance(op, hlsc.StoreOp)}
    return any(isinstance(op, hlsc.LoadOp) and op.memory in stored for op in reader.body.block.ops)
