"""Actors of the `stream` level as processes: one file each, one lowering per actor."""

from collections.abc import Callable
from typing import Any

from qnn_ir.dialects.hlsc import ProcessOp
from qnn_ir.dialects.stream import Actor, ForkOp, JoinAddOp, LabelSelectOp, MapOp, MvtuOp, WidthOp
from qnn_ir.passes.actors.fork import lower_fork
from qnn_ir.passes.actors.join_add import lower_join_add
from qnn_ir.passes.actors.label_select import lower_label_select
from qnn_ir.passes.actors.map import lower_map
from qnn_ir.passes.actors.mvtu import lower_mvtu
from qnn_ir.passes.actors.width import lower_width

LOWERINGS: dict[type[Actor], Callable[[Any, str], ProcessOp]] = {
    MvtuOp: lower_mvtu,
    MapOp: lower_map,
    WidthOp: lower_width,
    LabelSelectOp: lower_label_select,
    ForkOp: lower_fork,
    JoinAddOp: lower_join_add,
}
"""The process of an actor, given the actor and the name of the process."""
