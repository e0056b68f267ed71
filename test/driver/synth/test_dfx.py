"""Two networks as modules of one slot, from their builds to partial bitstreams."""

from collections.abc import Callable
from pathlib import Path

import pytest
from models import ROOT
from synth_builds import tree

from qnn_ir.driver.qnnc import main

DIGITS = ROOT / "examples" / "digits" / "digits.onnx"


@pytest.fixture(scope="module")
def slot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dfx")
    for name, cycles in (("small", 64), ("smaller", 128)):
        assert main(["build", str(DIGITS), "-o", str(folder / name), "--target-cycles", str(cycles)]) == 0
    assert main(["dfx", str(folder / "small"), str(folder / "smaller"), "-o", str(folder / "slot")]) == 0
    return folder / "slot"


def test_modules_of_a_slot(slot: Path, synth: Callable[..., int], stages: Callable[[], list[str]]) -> None:
    assert synth(slot, "--jobs", 2) == 0
    made = tree(slot / "synth")
    assert {f"bitstream/{name}.bit" for name in ("shell", "slot0_small", "slot0_smaller")} <= made.keys()
    assert (slot / "modules" / "small" / "synth" / "ip" / "accelerator.zip").is_file()
    ran = len(stages())
    assert synth(slot) == 0
    assert len(stages()) == ran


def test_a_build_and_a_module_share_the_cache(
    slot: Path, synth: Callable[..., int], stages: Callable[[], list[str]]
) -> None:
    assert synth(slot.parent / "small", "--steps", "csynth") == 0
    assert synth(slot, "--steps", "modules/small/csynth") == 0
    assert stages() == ["vitis_hls csynth"]


def test_a_damaged_folder(slot: Path, synth: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> None:
    facts = slot / "dfx.json"
    text = facts.read_text()
    facts.write_text("{}")
    assert synth(slot) == 1
    facts.write_text(text)
    assert f"{facts}: a file of the folder is missing or damaged" in capsys.readouterr().err
