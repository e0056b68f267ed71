"""
The `stream` dialect: a streaming accelerator as a graph of actors.

One region, SSA values are channels. A channel type says what one beat is and how many make a frame, so a mismatch of
folding is a type error; what an actor does per clock cycle is its `nest`.
"""

from xdsl.ir import Dialect

from qnn_ir.dialects.stream.actor import Actor, channel
from qnn_ir.dialects.stream.compute import JoinAddOp, LabelSelectOp, MapOp, MvtuOp
from qnn_ir.dialects.stream.graph import GraphOp, OutputOp
from qnn_ir.dialects.stream.memory import Memory, MemoryAttr, Weighted, tiled
from qnn_ir.dialects.stream.products import JoinMulOp
from qnn_ir.dialects.stream.rearrange import ConcatOp, CropOp, ReorderOp, UpsampleOp
from qnn_ir.dialects.stream.routing import ForkOp, WidthOp
from qnn_ir.dialects.stream.spatial import DepthwiseOp, Geometry, PoolKind, PoolKindAttr, PoolOp, WindowOp
from qnn_ir.dialects.stream.types import ChannelType, LayoutAttr

__all__ = [
    "Actor",
    "ChannelType",
    "ConcatOp",
    "CropOp",
    "DepthwiseOp",
    "ForkOp",
    "Geometry",
    "GraphOp",
    "JoinAddOp",
    "JoinMulOp",
    "LabelSelectOp",
    "LayoutAttr",
    "MapOp",
    "Memory",
    "MemoryAttr",
    "MvtuOp",
    "OutputOp",
    "PoolKind",
    "PoolKindAttr",
    "PoolOp",
    "ReorderOp",
    "Stream",
    "UpsampleOp",
    "Weighted",
    "WidthOp",
    "WindowOp",
    "channel",
    "tiled",
]

Stream = Dialect(
    "stream",
    [
        GraphOp,
        OutputOp,
        MvtuOp,
        MapOp,
        JoinAddOp,
        JoinMulOp,
        LabelSelectOp,
        WidthOp,
        ForkOp,
        WindowOp,
        DepthwiseOp,
        PoolOp,
        ConcatOp,
        CropOp,
        UpsampleOp,
        ReorderOp,
    ],
    [ChannelType, LayoutAttr, MemoryAttr, PoolKindAttr],
)
