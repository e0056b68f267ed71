"""Attributes of an ONNX node as Python values, with the type checked: a file may hold anything."""

from collections.abc import Sequence
from typing import NoReturn

from onnx import AttributeProto, TensorProto

from qnn_ir.errors import UserError
from qnn_ir.frontend.onnx_graph import Node


class NodeReader:
    """Typed access to the attributes of one node; errors name the node."""

    def __init__(self, node: Node):
        self.node = node

    def fail(self, what: str, remedy: str = "") -> NoReturn:
        """Refuse the node."""
        raise UserError(what, self.node.place, remedy)

    def has(self, name: str) -> bool:
        """Whether the attribute is written."""
        return name in self.node.attributes

    def _get(self, name: str, kind: int) -> AttributeProto | None:
        attribute = self.node.attributes.get(name)
        if attribute is not None and attribute.type not in (kind, AttributeProto.UNDEFINED):
            expected = AttributeProto.AttributeType.Name(kind)
            self.fail(f"attribute {name} is not of type {expected}", "export the model again")
        return attribute

    def integer(self, name: str, default: int | None = None) -> int:
        """An integer; required where there is no default."""
        if attribute := self._get(name, AttributeProto.INT):
            return attribute.i
        return self._required(name) if default is None else default

    def flag(self, name: str, default: bool = False) -> bool:
        """An integer that means yes or no."""
        return bool(self.integer(name, int(default)))

    def number(self, name: str, default: float | None = None) -> float:
        """A float; integers are taken too, since exporters write `1` for `1.0`."""
        attribute = self.node.attributes.get(name)
        if attribute is not None and attribute.type == AttributeProto.INT:
            return float(attribute.i)
        if attribute := self._get(name, AttributeProto.FLOAT):
            return attribute.f
        return self._required(name) if default is None else default

    def text(self, name: str, default: str | None = None) -> str:
        """A string."""
        if attribute := self._get(name, AttributeProto.STRING):
            return attribute.s.decode(errors="replace")
        return self._required(name) if default is None else default

    def integers(self, name: str, default: Sequence[int] | None = None) -> tuple[int, ...]:
        """A list of integers."""
        if attribute := self._get(name, AttributeProto.INTS):
            return tuple(attribute.ints)
        return self._required(name) if default is None else tuple(default)

    def numbers(self, name: str, default: Sequence[float] | None = None) -> tuple[float, ...]:
        """A list of floats."""
        if attribute := self._get(name, AttributeProto.FLOATS):
            return tuple(attribute.floats)
        return self._required(name) if default is None else tuple(default)

    def tensor(self, name: str) -> TensorProto:
        """A tensor."""
        attribute = self._get(name, AttributeProto.TENSOR)
        return attribute.t if attribute else self._required(name)

    def _required(self, name: str) -> NoReturn:
        self.fail(f"attribute {name} is missing", "export the model again")
