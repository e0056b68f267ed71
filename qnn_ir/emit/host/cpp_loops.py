"""Loop nests over tensors in C++: elements by strides, axes merged wherever they are neighbours in every tensor."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from qnn_ir.dialects.qnn.shapes import Shape

Lines = list[str]
VARIABLES = ("i", "j", "k", "l", "m", "n", "p", "q")


def row_major(shape: Sequence[int]) -> Shape:
    """The distance of neighbours along each axis."""
    return tuple(math.prod(shape[axis + 1 :]) for axis in range(len(shape)))


def broadcast(shape: Sequence[int], target: Sequence[int]) -> Shape:
    """The strides of a tensor of `shape` along the axes of the tensor `target` that it is broadcast to."""
    missing = len(target) - len(shape)
    strides = (s if n != 1 else 0 for n, s in zip(shape, row_major(shape), strict=True))
    return (*(0,) * missing, *strides)


def index(terms: Sequence[tuple[str, int]], offset: int = 0) -> str:
    """`offset + sum of variable * stride`."""
    parts = [name if stride == 1 else f"{name} * {stride}" for name, stride in terms if stride > 0]
    text = " + ".join([*parts, *([str(offset)] if offset or not parts else [])])
    for name, stride in terms:
        if stride < 0:
            text += f" - {name}" if stride == -1 else f" - {name} * {-stride}"
    return text


def loops(axes: Sequence[tuple[str, int]], body: Lines) -> Lines:
    """Loops `for variable in 0..count`, outermost first, around `body`; none for an axis of one element."""
    for name, count in reversed(axes):
        if count == 1:
            continue
        head = f"for (int {name} = 0; {name} < {count}; ++{name})"
        if len(body) == 1 and len(body[0]) + len(head) < 112 and not body[0].startswith("for"):
            body = [f"{head} {body[0]}"]
        else:
            body = [f"{head} {{", *(f"  {line}" for line in body), "}"]
    return body


@dataclass(frozen=True)
class View:
    """The elements of an array along the axes of a nest."""

    array: str
    strides: Shape
    offset: int = 0
    more: tuple[tuple[str, int], ...] = ()
    """Variables of loops inside the nest, with their strides."""


@dataclass
class Nest:
    """
    A loop nest over `shape`. `element` gives a placeholder for the element of a view; `print` puts in its text, when
    all views are known and it is clear which axes can be merged.
    """

    shape: Shape
    views: list[View] = field(default_factory=list[View])

    def element(self, view: View) -> str:
        """The element of `view` in this iteration."""
        self.views.append(view)
        return f"\0{len(self.views) - 1}\0"

    def position(self, strides: Shape, *more: tuple[str, int]) -> str:
        """A number that grows with the axes of the nest, and with the variables `more` of loops inside it."""
        return self.element(View("", strides, more=more))

    def print(self, statements: Lines) -> Lines:
        """The loops around `statements`."""
        axes = self._merged()
        names = VARIABLES[: len(axes)]
        counted = list(zip(names, (math.prod(self.shape[a] for a in axis) for axis in axes), strict=True))
        for number, view in enumerate(self.views):
            terms = [(name, view.strides[axis[-1]]) for name, axis in zip(names, axes, strict=True)]
            text = index([*terms, *view.more], view.offset)
            text = f"{view.array}[{text}]" if view.array else text
            statements = [line.replace(f"\0{number}\0", text) for line in statements]
        return loops(counted, statements)

    def _merged(self) -> list[tuple[int, ...]]:
        """The axes as groups of neighbours; axes of one element are left out."""
        groups: list[tuple[int, ...]] = []
        for axis, size in enumerate(self.shape):
            if size == 1:
                continue
            if groups and all(v.strides[groups[-1][-1]] == v.strides[axis] * size for v in self.views):
                groups[-1] = (*groups[-1], axis)
            else:
                groups.append((axis,))
        return groups
