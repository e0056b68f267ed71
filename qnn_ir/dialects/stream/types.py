"""Channel types and the order in which a tensor travels through a channel."""

import math
from collections.abc import Iterable, Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import ArrayAttr, IntAttr, IntAttrConstraint, IntegerType, Signedness
from xdsl.ir import Attribute, ParametrizedAttribute, TypeAttribute
from xdsl.irdl import AtLeast, irdl_attr_definition, param_def
from xdsl.parser import AttrParser
from xdsl.printer import Printer
from xdsl.utils.exceptions import VerifyException

Ints: TypeAlias = Iterable[int | IntAttr]


@irdl_attr_definition
class ChannelType(ParametrizedAttribute, TypeAttribute):
    """
    `!stream.chan<ui2 x 49, 16>`: a first-in first-out channel of 49 elements per beat and 16 beats per frame.

    Element k of a frame travels in beat k / lanes, lane k % lanes.
    """

    name = "stream.chan"
    element: IntegerType
    lanes: IntAttr = param_def(IntAttrConstraint(AtLeast(1)))
    beats: IntAttr = param_def(IntAttrConstraint(AtLeast(1)))

    def __init__(self, element: IntegerType, lanes: int | IntAttr, beats: int | IntAttr):
        super().__init__(
            element,
            IntAttr(lanes) if isinstance(lanes, int) else lanes,
            IntAttr(beats) if isinstance(beats, int) else beats,
        )

    @property
    def elements(self) -> int:
        """Elements per frame."""
        return self.lanes.data * self.beats.data

    @property
    def bits(self) -> int:
        """Bits per beat."""
        return self.lanes.data * self.element.width.data

    def folded(self, lanes: int) -> "ChannelType":
        """The same elements per frame, `lanes` at a time (`lanes` must divide them)."""
        return ChannelType(self.element, lanes, self.elements // lanes)

    def verify(self) -> None:
        if self.element.signedness.data == Signedness.SIGNLESS:
            raise VerifyException(f"a channel carries siN or uiN, not {self.element}")
        if self.element.width.data < 1:
            raise VerifyException("a channel element has at least one bit")

    @classmethod
    def parse_parameters(cls, parser: AttrParser) -> Sequence[Attribute]:
        with parser.in_angle_brackets():
            element = parser.parse_type()
            parser.parse_keyword("x")
            lanes = parser.parse_integer(allow_boolean=False, allow_negative=False)
            parser.parse_punctuation(",")
            beats = parser.parse_integer(allow_boolean=False, allow_negative=False)
        return element, IntAttr(lanes), IntAttr(beats)

    def print_parameters(self, printer: Printer) -> None:
        with printer.in_angle_brackets():
            printer.print_attribute(self.element)
            printer.print_string(f" x {self.lanes.data}, {self.beats.data}")


@irdl_attr_definition
class LayoutAttr(ParametrizedAttribute):
    """
    `#stream.layout<shape = [1, 3, 32, 32], perm = [0, 2, 3, 1], channels = 4>`: a tensor as a sequence of elements.

    The elements of the tensor (row-major, one frame) are viewed as `shape`, transposed by `perm`, padded with zeros
    on the innermost axis to `channels`, and flattened. `shape` may therefore be any reshape of the tensor's own.
    """

    name = "stream.layout"
    shape: ArrayAttr[IntAttr]
    perm: ArrayAttr[IntAttr]
    channels: IntAttr

    def __init__(self, shape: Ints, perm: Ints | None = None, channels: int | IntAttr | None = None):
        shape = _array(shape)
        perm = _array(range(len(shape)) if perm is None else perm)
        if channels is None:
            channels = shape.data[perm.data[-1].data]
        super().__init__(shape, perm, IntAttr(channels) if isinstance(channels, int) else channels)

    @property
    def dims(self) -> tuple[int, ...]:
        return tuple(d.data for d in self.shape)

    @property
    def order(self) -> tuple[int, ...]:
        return tuple(d.data for d in self.perm)

    @property
    def period(self) -> int:
        """Elements of the innermost axis before padding."""
        return self.dims[self.order[-1]]

    @property
    def elements(self) -> int:
        """Stream elements per frame, padding included."""
        return math.prod(self.dims) // self.period * self.channels.data

    def pack(self, frames: NDArray[np.int64]) -> NDArray[np.int64]:
        """Frames (N, *any shape of the tensor) to stream order (N, elements)."""
        count = frames.shape[0]
        moved = frames.reshape(count, *self.dims).transpose(0, *(1 + p for p in self.order))
        pad = [(0, 0)] * (moved.ndim - 1) + [(0, self.channels.data - self.period)]
        return np.pad(moved, pad).reshape(count, self.elements)

    def unpack(self, stream: NDArray[np.int64]) -> NDArray[np.int64]:
        """Stream order (N, elements) to frames (N, *shape); the padding is dropped."""
        count = stream.shape[0]
        dims = [self.dims[p] for p in self.order[:-1]]
        moved = stream.reshape(count, *dims, self.channels.data)[..., : self.period]
        inverse = sorted(range(len(self.order)), key=lambda axis: self.order[axis])
        return moved.transpose(0, *(1 + axis for axis in inverse))

    def verify(self) -> None:
        if not self.shape.data or any(d < 1 for d in self.dims):
            raise VerifyException(f"a layout has one or more positive dimensions, not {list(self.dims)}")
        if sorted(self.order) != list(range(len(self.dims))):
            raise VerifyException(f"{list(self.order)} is no permutation of {len(self.dims)} axes")
        if self.channels.data < self.period:
            raise VerifyException(f"{self.channels.data} channels do not hold an innermost axis of {self.period}")

    def split(self, unit: int) -> "LayoutAttr | None":
        """
        The same order without padding, with an innermost axis of `unit` elements; None where no view has one.

        The innermost axis is split, or merged with the axes before it where those are its neighbours in memory.
        """
        if self.channels.data != self.period:
            return self if unit == self.period else None
        dims, order = list(self.dims), list(self.order)
        while dims[order[-1]] % unit and len(order) > 1 and order[-2] == order[-1] - 1:
            axis = order.pop()
            dims[axis - 1] *= dims.pop(axis)
            order = [p - (p > axis) for p in order]
        last = order[-1]
        if dims[last] % unit:
            return None
        if dims[last] != unit:
            dims[last : last + 1] = [dims[last] // unit, unit]
            order = [p + (p > last) for p in order[:-1]] + [last, last + 1]
        return LayoutAttr(dims, order)

    @classmethod
    def parse_parameters(cls, parser: AttrParser) -> Sequence[Attribute]:
        with parser.in_angle_brackets():
            shape = _parse_ints(parser, "shape")
            parser.parse_punctuation(",")
            perm = _parse_ints(parser, "perm")
            parser.parse_punctuation(",")
            parser.parse_keyword("channels")
            parser.parse_punctuation("=")
            channels = parser.parse_integer(allow_boolean=False, allow_negative=False)
        return shape, perm, IntAttr(channels)

    def print_parameters(self, printer: Printer) -> None:
        with printer.in_angle_brackets():
            shape, perm = list(self.dims), list(self.order)
            printer.print_string(f"shape = {shape}, perm = {perm}, channels = {self.channels.data}")


def _array(values: Ints) -> ArrayAttr[IntAttr]:
    return ArrayAttr(value if isinstance(value, IntAttr) else IntAttr(value) for value in values)


def _parse_ints(parser: AttrParser, keyword: str) -> ArrayAttr[IntAttr]:
    parser.parse_keyword(keyword)
    parser.parse_punctuation("=")
    values = parser.parse_comma_separated_list(
        parser.Delimiter.SQUARE, lambda: parser.parse_integer(allow_boolean=False, allow_negative=False)
    )
    return _array(values)
