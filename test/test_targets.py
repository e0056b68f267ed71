"""Boards as data."""

from pathlib import Path

import pytest

from qnn_ir.device import Device
from qnn_ir.errors import UserError
from qnn_ir.targets import Board, boards, find_board, load_board

OWN = """
board = "mine"
part = "xc7z020clg484-1"
clock_mhz = 80
source = "my schematic"
"""


@pytest.mark.parametrize("name", boards())
def test_every_board_loads(name: str) -> None:
    board = find_board(name)
    assert board.board == name
    assert board.part.startswith("xc")
    assert board.luts < board.ffs
    assert 1 < board.clock_ns < 20
    assert board.dram_mbytes >= 512
    assert board.dram_gbytes_per_s > 1
    assert board.dma_bits == {"zynq7": 64, "zynqmp": 128, "rfsoc": 128, "alveo": 512}[board.shell]
    assert bool(board.platform) == (board.shell == "alveo")
    assert bool(board.board_part) == board.is_zynq == bool(board.preset)
    assert board.source


def test_the_boards_of_the_community() -> None:
    wanted = "pynq-z1 pynq-z2 ultra96-v2 zcu102 zcu104 zcu111 kv260 rfsoc2x2 rfsoc4x2 aup-zu3 zc706"
    assert set(boards()) >= {*wanted.split(), "u50", "u200", "u250", "u280", "u55c"}


def test_clock_and_part() -> None:
    assert load_board("pynq-z2", 125.0).clock_ns == 8.0
    assert load_board("xc7z020clg400-1").board == "pynq-z1"
    assert type(load_board("pynq-z1")) is Device
    assert find_board("u250").slrs == 4


@pytest.mark.parametrize(
    ("part", "luts", "clock_mhz"),
    [
        ("xc7z010clg400-1", 17600, 100.0),
        ("xc7z100ffg900-2", 277400, 100.0),
        ("xczu2cg-sfvc784-1-e", 47232, 200.0),
        ("xczu21dr-ffvd1156-2-e", 425280, 200.0),
        ("xcvu9p-flga2104-2L-e", 1182240, 250.0),
    ],
)
def test_generic_part(part: str, luts: int, clock_mhz: float) -> None:
    board = find_board(part)
    assert (board.part, board.luts, board.shell) == (part, luts, "none")
    assert board.clock_mhz == pytest.approx(clock_mhz)


def test_unknown_board_lists_the_known_ones() -> None:
    for name in ("pynq-z9", "xczu7", "xczu999-x", ""):
        with pytest.raises(UserError, match=rf"unknown board or part '{name}'; one of .*kv260.*pynq-z1"):
            load_board(name)


@pytest.mark.parametrize("clock", [0.0, -1.0, float("nan"), float("inf"), 5000.0])
def test_absurd_clock(clock: float) -> None:
    with pytest.raises(UserError, match="choose 1 to 1000 MHz"):
        load_board("pynq-z1", clock)


def write(folder: Path, text: str) -> str:
    path = folder / "my.toml"
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_a_file_of_the_user(tmp_path: Path) -> None:
    board = find_board(write(tmp_path, OWN))
    assert isinstance(board, Board)
    assert (board.board, board.luts, board.clock_ns, board.shell) == ("mine", 53200, 12.5, "none")
    own = OWN.replace("xc7z020clg484-1", "xcsomething-1") + "luts = 10\nffs = 20\nbram18 = 0\ndsps = 1\n"
    assert find_board(write(tmp_path, own)).ffs == 20


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("clock_mhz = 80", "", r"my\.toml: no key 'clock_mhz'; wanted is a clock of 1 to 1000 MHz"),
        ("clock_mhz = 80", "clock_mhz = nan", "key 'clock_mhz' is nan; wanted is a clock"),
        ("clock_mhz = 80", "clock_mhz = true", "key 'clock_mhz' is True"),
        ('"mine"', '"My Board; exec rm"', "key 'board' is 'My Board; exec rm'; wanted is a name"),
        (
            "xc7z020clg484-1",
            "xc7z0clg-1",
            "part 'xc7z0clg-1' is unknown here; give its resources: luts, ffs, bram18, dsps",
        ),
        ("xc7z020clg484-1", "xc7z020[exec]", "key 'part' is .*; wanted is a part name of Vivado"),
        ("source", "sorce", "unknown key 'sorce'; the keys are board, part"),
        ("[end]", 'shell = "pcie"', "key 'shell' is 'pcie'; wanted is \"zynq7\" | \"zynqmp\""),
        ("[end]", 'shell = "alveo"', "no key 'platform'; shell = 'alveo' needs the name of a Vitis platform"),
        ("[end]", "dma_bits = 100", "key 'dma_bits' is 100; wanted is 32 | 64"),
        ("[end]", "dma_bits = 64.0", r"key 'dma_bits' is 64\.0"),
        ("[end]", "luts = 3", "no key 'ffs'; wanted is a positive count"),
        ("[end]", '[preset]\n"PCW_X [exec rm]" = "1"', "key 'preset' is .*wanted is a table of PCW_"),
        ("[end]", "preset = 3", "key 'preset' is 3"),
        ("[end]", '[preset]\nPCW_X = "$::env(HOME)"', "key 'preset' is"),
        ("[end]", "=", r"my\.toml: not TOML: "),
    ],
)
def test_bad_files_name_file_key_and_what_is_wanted(tmp_path: Path, old: str, new: str, message: str) -> None:
    text = f"{OWN}[end]\n".replace(old, new).replace("[end]\n", "")
    with pytest.raises(UserError, match=message.replace("|", r"\|")) as error:
        find_board(write(tmp_path, text))
    assert str(error.value).startswith(str(tmp_path / "my.toml"))


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot read the board file"):
        find_board(str(tmp_path / "none.toml"))
