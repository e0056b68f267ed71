"""Processes under construction: ports, memories and the body of a side."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import IntegerType, NameLoc
from xdsl.ir import Attribute, Operation, SSAValue
from xdsl.rewriter import InsertPoint, Rewriter

from qnn_ir.constants import dense_int, int_type, location_name
from qnn_ir.dialects.hlsc import (
    AffineOp,
    CmpOp,
    ConstantOp,
    ExtendOp,
    InType,
    MemoryOp,
    MemType,
    NarrowOp,
    OutType,
    ProcessOp,
    RamOp,
    RegOp,
    RomOp,
    SideOp,
    StaticConstantOp,
    Style,
    ValueType,
    range_of,
    shape_of,
    value_type,
)
from qnn_ir.dialects.stream import ChannelType


def beat_type(type_: ChannelType) -> ValueType:
    """One beat of a channel: always a vector, also of a single lane."""
    return value_type((type_.lanes.data,), type_.element)


class BodyBuilder:
    """Adds operations to a side at `point` and memories to its process at `memories`, with the process' location."""

    def __init__(self, process: ProcessOp, memories: InsertPoint, point: InsertPoint):
        self.process, self.memories, self.point = process, memories, point

    def add(self, op: Operation) -> SSAValue:
        """Add `op` to the body; its first result."""
        self.effect(op)
        return op.results[0]

    def effect(self, op: Operation) -> None:
        """Add an `op` without results."""
        op.location = self.process.location
        Rewriter.insert_op(op, self.point)

    def _memory(self, op: MemoryOp, label: str) -> SSAValue:
        op.location = self.process.location
        op.result.name_hint = label
        Rewriter.insert_op(op, self.memories)
        return op.result

    def rom(
        self, label: str, words: NDArray[Any], element: IntegerType | None = None, style: Style = Style.AUTO
    ) -> SSAValue:
        """
        A constant memory of `words` (depth, *shape of a word); the narrowest element unless one is given.

        Equal words are stored once: a memory whose words are all alike has depth 1.
        """
        if len(words) > 1 and (words == words[0]).all():
            words = words[:1]
        element = element or int_type(int(words.min()), int(words.max()))
        type_ = MemType(len(words), value_type(words.shape[1:], element))
        return self._memory(RomOp(dense_int(words), type_, style, label), label)

    def ram(self, label: str, depth: int, word: Attribute) -> SSAValue:
        """A memory of `depth` words."""
        return self._memory(RamOp(MemType(depth, word), label=label), label)

    def reg(self, label: str, word: Attribute, init: int = 0) -> SSAValue:
        """One word of state."""
        return self._memory(RegOp(word, init, label), label)

    def static(self, value: int) -> SSAValue:
        """A static integer."""
        return self.add(StaticConstantOp(value))

    def affine(self, *terms: tuple[SSAValue, int], const: int = 0, modulus: int | None = None) -> SSAValue:
        """`(sum of stride * counter + const) [mod modulus]`"""
        return self.add(AffineOp(terms, const, modulus))

    def compare(self, predicate: str, value: SSAValue, constant: int) -> SSAValue:
        """`value <predicate> constant`"""
        return self.add(CmpOp(predicate, value, self.static(constant)))

    def word_of(self, memory: SSAValue, index: SSAValue) -> SSAValue | None:
        """`index` as the index of `memory`, nothing where all words are one."""
        assert isinstance(memory.type, MemType)
        return None if memory.type.depth.data == 1 else index

    def splat(self, value: int, like: Attribute | None = None) -> SSAValue:
        """`value` in every lane of the shape of `like`, or as a scalar (which goes to every lane)."""
        shape = () if like is None else shape_of(like)
        return self.add(ConstantOp(value, value_type(shape, int_type(value, value))))

    def convert(self, value: SSAValue, element: IntegerType) -> SSAValue:
        """`value` with lanes of type `element`: extended, or narrowed to what upstream proved."""
        target = value_type(shape_of(value.type), element)
        if value.type == target:
            return value
        (lo, hi), (low, high) = range_of(value.type), range_of(target)
        op = ExtendOp if low <= lo and hi <= high else NarrowOp
        return self.add(op(value, target))


class ProcessBuilder(BodyBuilder):
    """
    A process with the given ports and one side that counts through the named `bounds` per frame.

    `memories` are ports, too: constant memories outside.

    Values are added in order with `add`; `counters` are the counters of the nest, outermost first.
    """

    def __init__(
        self,
        name: str,
        source: Operation,
        inputs: Sequence[Attribute],
        outputs: Sequence[Attribute],
        names: str,
        bounds: Sequence[int],
        memories: Sequence[MemType] = (),
    ):
        ports = [*(InType(t) for t in inputs), *(OutType(t) for t in outputs), *memories]
        origin = location_name(source) if isinstance(source.location, NameLoc) else None
        process = ProcessOp(name, ports, origin)
        side = SideOp("body", [list(bounds)])
        process.body.block.add_op(side)
        process.location = side.location = source.location
        super().__init__(process, InsertPoint.before(side), InsertPoint.at_end(side.body.block))
        first, last = len(inputs), len(inputs) + len(outputs)
        self.inputs, self.outputs, self.memory_ports = (
            process.ports[:first],
            process.ports[first:last],
            process.ports[last:],
        )
        self.counters = tuple(side.body.block.args[1:])
        hints = {"in": self.inputs, "out": self.outputs, "tiles": self.memory_ports}
        for hint, ports_ in hints.items():
            for port in ports_:
                port.name_hint = hint
        for value, hint in zip(side.body.block.args, ("frame", *names.split()), strict=True):
            value.name_hint = hint


def tiles(rows: NDArray[np.int64], lanes: int) -> NDArray[np.int64]:
    """Parameters per row, (rows, ...), as words of `lanes` rows each: (rows / lanes, lanes, ...)."""
    return rows.reshape(-1, lanes, *rows.shape[1:])
