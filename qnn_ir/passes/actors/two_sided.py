"""Processes with two sides around one memory: `fill` stores what comes in, `emit` loads what goes out."""

from collections.abc import Sequence

from xdsl.dialects.builtin import NameLoc
from xdsl.ir import Attribute, Operation, SSAValue
from xdsl.rewriter import InsertPoint

from qnn_ir.constants import location_name
from qnn_ir.dialects.hlsc import AwaitOp, InType, LoadOp, OutType, PositionOp, ProcessOp, ReadOp, SideOp, StoreOp
from qnn_ir.passes.actors.builder import BodyBuilder

FILL, EMIT = "fill", "emit"


class SideBuilder(BodyBuilder):
    """Adds to one side; `frame` and `counters` are those of its nest."""

    def __init__(self, process: ProcessOp, memories: InsertPoint, side: SideOp, names: str):
        super().__init__(process, memories, InsertPoint.at_end(side.body.block))
        arguments = side.body.block.args
        for value, hint in zip(arguments, ("frame", *names.split()), strict=True):
            value.name_hint = hint
        self.frame, self.counters = arguments[0], tuple(arguments[1:])

    def position(self, index: SSAValue) -> None:
        """Where the side stands."""
        self.effect(PositionOp(index))

    def wait(self, side: str, index: SSAValue, when: SSAValue | None = None) -> None:
        """Go on when `side` has come past `index`."""
        self.effect(AwaitOp(side, index, when))


class TwoSided:
    """
    A process with one input, one output and a ring of `depth` beats, which the fill side keeps full.

    Beat i of frame f has the index `i + f * beats` and the place `index mod depth`. The emit side is added by the
    caller: it reports the oldest index that it still needs as its position, and awaits every index before it loads it.
    """

    def __init__(
        self,
        name: str,
        source: Operation,
        beat: Attribute,
        beats: int,
        depth: int,
        label: str,
        names: str,
        bounds: Sequence[int],
        output: Attribute | None = None,
        copies: int = 1,
    ):
        """`beat` comes in and, unless `output` is given, goes out; as many `copies` of the ring are loaded at once."""
        origin = location_name(source) if isinstance(source.location, NameLoc) else None
        self.process = ProcessOp(name, [InType(beat), OutType(output or beat)], origin)
        self.process.location = source.location
        sides = SideOp(FILL, [[beats]]), SideOp(EMIT, [list(bounds)])
        for side in sides:
            side.location = source.location
            self.process.body.block.add_op(side)
        memories = InsertPoint.before(sides[0])
        self.fill = SideBuilder(self.process, memories, sides[0], "i")
        self.emit = SideBuilder(self.process, memories, sides[1], names)
        self.input, self.output = self.process.ports
        self.input.name_hint, self.output.name_hint = "in", "out"
        self.beats, self.depth = beats, depth
        labels = [label] if copies == 1 else [f"{label}_{copy}" for copy in range(copies)]
        self.rings = [self.fill.ram(each, depth, beat) for each in labels]
        self._fill()

    def _fill(self) -> None:
        """`fill(i): position = i + f * beats; await emit > position - depth; ring[position mod depth] := read`"""
        side = self.fill
        index = (side.counters[0], 1), (side.frame, self.beats)
        side.position(side.affine(*index))
        side.wait(EMIT, side.affine(*index, const=-self.depth))
        beat = side.add(ReadOp(self.input))
        place = self._place(side, index)
        for ring in self.rings:
            side.effect(StoreOp(ring, beat, place))

    def load(
        self, *terms: tuple[SSAValue, int], const: int = 0, when: SSAValue | None = None, copy: int = 0
    ) -> SSAValue:
        """The beat at index `sum of terms + const` of the frame, awaited, out of one copy of the ring."""
        side, index = self.emit, (*terms, (self.emit.frame, self.beats))
        side.wait(FILL, side.affine(*index, const=const), when)
        return side.add(LoadOp(self.rings[copy], self._place(side, index, const), when))

    def _place(self, side: SideBuilder, index: Sequence[tuple[SSAValue, int]], const: int = 0) -> SSAValue | None:
        return None if self.depth == 1 else side.affine(*index, const=const, modulus=self.depth)
