"""The device spec survives text."""

import pytest
from xdsl.context import Context
from xdsl.dialects.builtin import Builtin, ModuleOp
from xdsl.dialects.dlti import DLTI
from xdsl.parser import Parser

from qnn_ir.device import Device, device_of, set_device
from qnn_ir.errors import UserError

Z1 = Device("pynq-z1", "xc7z020clg400-1", 10.0, 53200, 106400, 280, 220)


def parse(text: str) -> ModuleOp:
    ctx = Context()
    ctx.load_dialect(Builtin)
    ctx.load_dialect(DLTI)
    return Parser(ctx, text).parse_module()


def test_round_trip() -> None:
    module = ModuleOp([])
    assert device_of(module) is None
    set_device(module, Z1)
    assert device_of(parse(str(module))) == Z1


def test_incomplete_spec_is_the_users_error() -> None:
    spec = '#dlti.target_system_spec<"fpga" = #dlti.target_device_spec<"board" = "x">>'
    with pytest.raises(UserError, match="incomplete target device"):
        device_of(parse(f"builtin.module attributes {{dlti.target_system_spec = {spec}}} {{}}"))
