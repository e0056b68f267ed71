"""What the ports to memory allow."""

from dataclasses import replace

from report_examples import REPORT

from qnn_ir.report.page import page
from qnn_ir.report.table import layer_table
from qnn_ir.report.transfers import transfers
from qnn_ir.targets import find_board

PORTS = [{"name": "in0", "word_bits": 1024, "words": 3}, {"name": "out0", "word_bits": 8, "words": 10}]


def test_wide_words_take_several_cycles_and_narrow_ones_one_each() -> None:
    board = find_board("pynq-z1")
    assert transfers(PORTS, board) == [
        {"port": "in0", "bytes": 384, "cycles": 48},
        {"port": "out0", "bytes": 10, "cycles": 10},
    ]
    assert transfers(PORTS, replace(board, shell="none")) == []


def test_a_port_that_is_slower_than_all_layers_is_told() -> None:
    slow = {**REPORT, "transfers": [{"port": "in0", "bytes": 2048, "cycles": 256}]}
    line = "memory of board: in0 takes 256 cycles per frame: 390,625 frames/s"
    assert line in layer_table(slow).splitlines()
    assert line in page(slow)
    assert "memory of board" not in layer_table(REPORT)
