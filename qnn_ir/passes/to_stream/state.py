"""What a conversion knows while it walks a function: channels, orders, names, and what it could not convert."""

from dataclasses import dataclass, field
from typing import NamedTuple

from xdsl.dialects.builtin import NameLoc
from xdsl.ir import Block, Operation, SSAValue

from qnn_ir.analysis.identifiers import Names, legal
from qnn_ir.constants import IntArray, location_name
from qnn_ir.dialects.stream import Actor, DepthwiseOp, MvtuOp

LONGEST = 44
"""Of a layer name; a number behind it may make it a little longer."""


class Unsupported(Exception):
    """An operator that has no lowering; the message is the reason."""


class Carrier(NamedTuple):
    """
    The unit whose sums a stream carries, moved but not changed: it may take a map on board.

    `rows` is the row of the unit that each element of the stream comes from.
    """

    unit: MvtuOp | DepthwiseOp
    rows: IntArray


@dataclass
class Wire:
    """
    A tensor as a stream: its channel and the order of its elements.

    `private` says that nothing else reads the channel, so that its actor may still take a map on board.
    """

    channel: SSAValue
    order: IntArray
    private: bool
    carrier: Carrier | None = None


@dataclass
class Conversion:
    """The state of one conversion; lowerings read `wire`, `emit` actors and `define` results."""

    block: Block
    wires: dict[SSAValue, Wire] = field(default_factory=dict[SSAValue, Wire])
    names: Names = field(default_factory=Names)

    def layer(self, op: Operation) -> str:
        """A fresh stable layer name for `op`: from its ONNX node, else from its kind."""
        return self.names.take(self.stem(op), "layer")

    def stem(self, op: Operation) -> str:
        """What the names of all actors for `op` begin with."""
        name = location_name(op) if isinstance(op.location, NameLoc) else op.name.split(".")[-1]
        return legal(name, "layer")[:LONGEST].rstrip("_")

    def wire(self, value: SSAValue) -> Wire:
        """The stream of `value`; `Unsupported` where it is a constant."""
        if value not in self.wires:
            raise Unsupported("a constant operand is not supported here")
        return self.wires[value]

    def emit(self, op: Operation, actor: Actor) -> Actor:
        """Append `actor`, which stands for `op`."""
        actor.location = op.location
        self.block.add_op(actor)
        return actor

    def define(
        self,
        value: SSAValue,
        channel: SSAValue,
        order: IntArray,
        private: bool = True,
        carrier: Carrier | None = None,
    ) -> None:
        """`value` travels through `channel` in `order`."""
        channel.name_hint = channel.name_hint or value.name_hint
        self.wires[value] = Wire(channel, order, private and value.has_one_use(), carrier)
