"""Actors of the `stream` level as processes: one file each, one lowering per actor."""

from collections.abc import Callable
from typing import Any

from qnn_ir.dialects.hlsc import ProcessOp
from qnn_ir.dialects.stream import (
    Actor,
    ConcatOp,
    CropOp,
    DepthwiseOp,
    ForkOp,
    JoinAddOp,
    JoinMulOp,
    LabelSelectOp,
    MapOp,
    MvtuOp,
    PoolOp,
    ReorderOp,
    UpsampleOp,
    WidthOp,
    WindowOp,
)
from qnn_ir.passes.actors.concat import lower_concat
from qnn_ir.passes.actors.crop import lower_crop
from qnn_ir.passes.actors.depthwise import lower_depthwise
from qnn_ir.passes.actors.fork import lower_fork
from qnn_ir.passes.actors.join_add import lower_join_add
from qnn_ir.passes.actors.join_mul import lower_join_mul
from qnn_ir.passes.actors.label_select import lower_label_select
from qnn_ir.passes.actors.map import lower_map
from qnn_ir.passes.actors.mvtu import lower_mvtu
from qnn_ir.passes.actors.pool import lower_pool
from qnn_ir.passes.actors.reorder import lower_reorder
from qnn_ir.passes.actors.upsample import lower_upsample
from qnn_ir.passes.actors.width import lower_width
from qnn_ir.passes.actors.window import lower_window

LOWERINGS: dict[type[Actor], Callable[[Any, str], ProcessOp]] = {
    MvtuOp: lower_mvtu,
    MapOp: lower_map,
    WidthOp: lower_width,
    LabelSelectOp: lower_label_select,
    ForkOp: lower_fork,
    JoinAddOp: lower_join_add,
    JoinMulOp: lower_join_mul,
    WindowOp: lower_window,
    DepthwiseOp: lower_depthwise,
    PoolOp: lower_pool,
    ConcatOp: lower_concat,
    CropOp: lower_crop,
    UpsampleOp: lower_upsample,
    ReorderOp: lower_reorder,
}
"""The process of an actor, given the actor and the name of the process."""
