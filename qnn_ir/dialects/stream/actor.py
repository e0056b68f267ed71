"""What all actors have in common."""

import math
from abc import ABC, abstractmethod

from xdsl.dialects.builtin import DenseIntOrFPElementsAttr, IntegerAttr, IntegerType, StringAttr, i64
from xdsl.ir import Attribute, SSAValue
from xdsl.irdl import AtLeast, IRDLOperation, ParsePropInAttrDict, prop_def
from xdsl.utils.exceptions import VerifyException

from qnn_ir.constants import to_numpy, type_range
from qnn_ir.dialects.qnn.attributes import MapAttr
from qnn_ir.dialects.stream.types import ChannelType

POSITIVE = IntegerAttr.constr(type=i64, value=AtLeast(1))
"""The constraint of every lane count and repetition count."""

INTEGER = IntegerAttr.constr(type=i64)


class Actor(IRDLOperation, ABC):
    """
    A node of the dataflow graph: reads and writes channels at static positions, one iteration per clock.

    `layer` (property `name`) is the stable name that folding files, reports and generated code use.
    """

    layer = prop_def(StringAttr, prop_name="name")

    irdl_options = (ParsePropInAttrDict(),)

    @abstractmethod
    def nest(self) -> tuple[int, ...]:
        """Bounds of the counters that run once per frame, outermost first."""

    def cycles(self) -> int:
        """Iterations, and so clock cycles, per frame."""
        return math.prod(self.nest())


def channel(value: SSAValue) -> ChannelType:
    """The type of a channel (the definitions of the ops admit no other)."""
    type_ = value.type
    assert isinstance(type_, ChannelType)
    return type_


def i64_attr(value: int | IntegerAttr) -> IntegerAttr:
    return IntegerAttr(value, i64) if isinstance(value, int) else value


def string_attr(value: str | StringAttr) -> StringAttr:
    return StringAttr(value) if isinstance(value, str) else value


def verify_port(what: str, type_: Attribute, lanes: int, elements: int) -> None:
    """A port of an actor moves `lanes` elements per beat and `elements` per frame."""
    assert isinstance(type_, ChannelType)
    if type_.lanes.data != lanes:
        raise VerifyException(f"{what} has {type_.lanes.data} lanes, expected {lanes}")
    if type_.elements != elements:
        raise VerifyException(f"{what} has {type_.elements} elements per frame, expected {elements}")


def verify_values(what: str, values: DenseIntOrFPElementsAttr, type_: IntegerType) -> None:
    """All `values` are values of `type_`."""
    array = to_numpy(values)
    lo, hi = type_range(type_)
    if array.size and (array.min() < lo or array.max() > hi):
        raise VerifyException(f"{what} reach from {array.min()} to {array.max()}, outside {type_}")


def verify_groups(map: MapAttr, groups: DenseIntOrFPElementsAttr, count: int) -> None:
    """One row of `map` for each of `count` elements."""
    if list(groups.get_shape()) != [count]:
        raise VerifyException(f"groups have the shape [{count}], a row of the map for each element")
    array = to_numpy(groups)
    if array.min() < 0 or array.max() >= map.rows():
        raise VerifyException(f"groups reach from {array.min()} to {array.max()}, the map has {map.rows()} rows")
