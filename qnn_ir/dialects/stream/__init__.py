"""
The `stream` dialect: a streaming accelerator as a graph of actors.

One region, SSA values are channels. A channel type says what one beat is and how many make a frame, so a mismatch of
folding is a type error; what an actor does per clock cycle is its `nest`.
"""

from xdsl.ir import Dialect

from qnn_ir.dialects.stream.actor import Actor, channel
from qnn_ir.dialects.stream.compute import JoinAddOp, LabelSelectOp, MapOp, MvtuOp
from qnn_ir.dialects.stream.graph import GraphOp, OutputOp
from qnn_ir.dialects.stream.routing import ForkOp, WidthOp
from qnn_ir.dialects.stream.types import ChannelType, LayoutAttr

__all__ = [
    "Actor",
    "ChannelType",
    "ForkOp",
    "GraphOp",
    "JoinAddOp",
    "LabelSelectOp",
    "LayoutAttr",
    "MapOp",
    "MvtuOp",
    "OutputOp",
    "Stream",
    "WidthOp",
    "channel",
]

Stream = Dialect(
    "stream",
    [GraphOp, OutputOp, MvtuOp, MapOp, JoinAddOp, LabelSelectOp, WidthOp, ForkOp],
    [ChannelType, LayoutAttr],
)
