"""The device that a module is compiled for: a `dlti` spec on the module, so that text alone says everything."""

from dataclasses import dataclass, fields
from typing import Any

from xdsl.dialects.builtin import Float64Type, FloatAttr, IntegerAttr, ModuleOp, StringAttr, i64
from xdsl.dialects.dlti import TargetDeviceSpecAttr, TargetSystemSpecAttr
from xdsl.ir import Attribute

from qnn_ir.errors import UserError

ATTRIBUTE = "dlti.target_system_spec"
_FPGA = "fpga"


@dataclass(frozen=True)
class Device:
    """A part, its resources (counts), and the clock period in nanoseconds that the design runs at."""

    board: str
    part: str
    clock_ns: float
    luts: int
    ffs: int
    bram18: int
    dsps: int
    urams: int = 0


def set_device(module: ModuleOp, device: Device) -> None:
    """Write `device` on the module."""
    spec = TargetDeviceSpecAttr({field.name: _attribute(getattr(device, field.name)) for field in fields(Device)})
    module.attributes[ATTRIBUTE] = TargetSystemSpecAttr({_FPGA: spec})


def device_of(module: ModuleOp) -> Device | None:
    """The device of the module, or None where it has none. Raises `UserError` on an incomplete spec."""
    system = module.attributes.get(ATTRIBUTE)
    if not isinstance(system, TargetSystemSpecAttr):
        return None
    try:
        spec = system[_FPGA]
        assert isinstance(spec, TargetDeviceSpecAttr)
        values: dict[str, Any] = {field.name: _value(spec[field.name]) for field in fields(Device)}
        return Device(**values)
    except (KeyError, AssertionError) as error:
        wanted = ", ".join(field.name for field in fields(Device))
        raise UserError("incomplete target device", ATTRIBUTE, f'give "{_FPGA}" with {wanted}') from error


def _attribute(value: str | float) -> Attribute:
    if isinstance(value, str):
        return StringAttr(value)
    return IntegerAttr(value, i64) if isinstance(value, int) else FloatAttr(value, Float64Type())


def _value(attribute: Attribute) -> str | int | float:
    if isinstance(attribute, StringAttr):
        return attribute.data
    if isinstance(attribute, FloatAttr):
        return attribute.value.data
    assert isinstance(attribute, IntegerAttr)
    return attribute.value.data
