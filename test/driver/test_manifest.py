"""The manifest of a build: what drivers and scripts rely on."""

import json
from pathlib import Path
from typing import Any

import pytest
from models import ROOT

from qnn_ir import __version__
from qnn_ir.driver.build import BuildOptions, build
from qnn_ir.driver.progress import Progress

DIGITS = ROOT / "examples" / "digits" / "digits.onnx"


def manifest(folder: Path, **options: Any) -> dict[str, Any]:
    build(DIGITS, folder / "out", BuildOptions(**options), Progress(quiet=True))
    return json.loads((folder / "out" / "manifest.json").read_text())


def test_streams(tmp_path: Path) -> None:
    """A Zynq board: streams, and the count of frames as the only register."""
    data = manifest(tmp_path, clock_mhz=125.0)
    wanted = {"version": __version__, "model": "digits.onnx", "kernel": "accelerator", "interface": "axis"}
    wanted |= {
        "board": "pynq-z1",
        "part": "xc7z020clg400-1",
        "clock_mhz": 125.0,
        "arguments": ["frames", "in0", "out0"],
    }
    assert {key: data[key] for key in wanted} == wanted
    assert data["registers"] == {"frames": {"offset": 16, "bits": 32}}
    for port, name in ((data["input_ports"][0], "in0"), (data["output_ports"][0], "out0")):
        assert port["name"] == name
        assert port["words"] == port["beats"]
        bits = port["lanes"] * port["bits"]
        assert port["word_bits"] == next(8 << k for k in range(8) if 8 << k >= bits)


@pytest.mark.parametrize(("interface", "found"), [(None, "memory"), ("memory", "memory")])
def test_cards_read_memory(interface: str | None, found: str, tmp_path: Path) -> None:
    data = manifest(tmp_path, board="u250", interface=interface)
    assert data["interface"] == found
    assert data["registers"] == {
        "frames": {"offset": 0x10, "bits": 32},
        "in0": {"offset": 0x18, "bits": 64},
        "out0": {"offset": 0x24, "bits": 64},
    }


def test_weights_of_the_host(tmp_path: Path) -> None:
    """Pointers before arrays, arrays behind all that is smaller."""
    folding = tmp_path / "folding.json"
    memory = {"layer_1_MatMul": "writable", "layer_4_MatMul": "external", "layer_7_Gemm": "writable"}
    folding.write_text(json.dumps({layer: {"memory": m} for layer, m in memory.items()}))
    data = manifest(tmp_path, folding=folding)
    ports = {entry["layer"]: entry["port"] for entry in data["weights"]}
    sizes = {entry["port"]: entry["word_bits"] // 8 * entry["words"] for entry in data["weights"]}
    first, outside, last = (ports[layer] for layer in memory)
    assert sizes[last] < sizes[first]
    assert data["arguments"] == ["frames", "in0", "out0", outside, last, first]
    registers = data["registers"]
    assert list(registers) == ["frames", outside, last, first]
    assert registers[outside] == {"offset": 0x18, "bits": 64}
    for name in (first, last):
        assert registers[name]["bytes"] == sizes[name]
        assert registers[name]["offset"] % (1 << (sizes[name] - 1).bit_length()) == 0
