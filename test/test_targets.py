"""Boards as data."""

import pytest

from qnn_ir.errors import UserError
from qnn_ir.targets import boards, load_board


@pytest.mark.parametrize("name", boards())
def test_every_board_loads(name: str) -> None:
    device = load_board(name)
    assert device.board == name
    assert device.part.startswith("xc")
    assert device.luts < device.ffs
    assert 1 < device.clock_ns < 20


def test_clock_and_part() -> None:
    assert load_board("pynq-z2", 125.0).clock_ns == 8.0
    assert load_board("xc7z020clg400-1").board == "pynq-z1"


def test_unknown_board_lists_the_known_ones() -> None:
    with pytest.raises(UserError, match=r"unknown board or part 'pynq-z9'; one of .*kv260.*pynq-z1"):
        load_board("pynq-z9")


@pytest.mark.parametrize("clock", [0.0, -1.0, float("nan"), float("inf"), 5000.0])
def test_absurd_clock(clock: float) -> None:
    with pytest.raises(UserError, match="choose 1 to 1000 MHz"):
        load_board("pynq-z1", clock)
