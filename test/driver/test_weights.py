"""Weights of a layer given at run time: the network computes what a build with these weights computes."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from models import ROOT
from numpy.typing import NDArray
from onnx import numpy_helper

from qnn_ir.driver.qnnc import main
from qnn_ir.driver.weights import matrix_of, words_of

DIGITS = ROOT / "examples" / "digits" / "digits.onnx"
DATA = ROOT / "examples" / "digits" / "digits_test.npz"
FOLDING = {
    "layer_1_MatMul": {"pe": 8, "simd": 16, "memory": "writable"},
    "layer_4_MatMul": {"pe": 4, "simd": 24, "memory": "external"},
}


def qnnc(*arguments: object) -> int:
    return main([str(argument) for argument in arguments])


def build(model: Path, out: Path, folding: dict[str, Any] = FOLDING) -> dict[str, Any]:
    """The manifest of a build; entries of its weights by layer."""
    file = out.parent / "folding.json"
    file.write_text(json.dumps(folding))
    assert qnnc("build", model, "-o", out, "--folding", file) == 0
    manifest = json.loads((out / "manifest.json").read_text())
    return {entry["layer"]: entry for entry in manifest["weights"]}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("digits") / "out"
    build(DIGITS, out)
    return out


def shuffled(folder: Path) -> Path:
    """The example with each row of its matrices in another order: every sum reaches as far as before."""
    model, random = onnx.load(DIGITS), np.random.default_rng(7)
    for tensor in model.graph.initializer:
        array = numpy_helper.to_array(tensor)
        if array.ndim == 2 and min(array.shape) > 10:
            tensor.CopyFrom(numpy_helper.from_array(random.permuted(array, axis=1), tensor.name))
    path = folder / "shuffled.onnx"
    onnx.save(model, path)
    return path


def matrix(out: Path, entry: dict[str, Any]) -> NDArray[np.int64]:
    return matrix_of(entry, np.fromfile(out / entry["file"], np.uint8))


def test_other_weights_are_those_of_a_rebuild(built: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    entries = build(shuffled(tmp_path), tmp_path / "out")
    y = tmp_path / "y.npy"
    assert qnnc("sim", tmp_path / "out", "--input", DATA, "--output", y) == 0
    arguments: list[object] = []
    for layer, entry in entries.items():
        np.save(tmp_path / f"{layer}.npy", matrix(tmp_path / "out", entry))
        arguments += ["--weights", f"{layer}={tmp_path / layer}.npy"]
    assert qnnc("sim", built, "--input", DATA, "--expect", y) == 1
    assert qnnc("sim", built, "--input", DATA, "--expect", y, *arguments) == 0
    assert qnnc("sim", built, "--input", DATA, "--expect", y, *arguments, "--bounded") == 0
    assert "warning" not in capsys.readouterr().err


def test_loaded_weights_change_nothing(built: Path, tmp_path: Path) -> None:
    y = tmp_path / "y.npy"
    build(DIGITS, tmp_path / "out", {})
    assert not (tmp_path / "out" / "weights").exists()
    assert qnnc("sim", tmp_path / "out", "--input", DATA, "--output", y) == 0
    assert qnnc("sim", built, "--input", DATA, "--expect", y) == 0


def test_weights_that_reach_further_are_a_warning(
    built: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    np.save(tmp_path / "w.npy", np.full((64, 64), 3))
    assert qnnc("sim", built, "--input", DATA, "--weights", f"layer_1_MatMul={tmp_path / 'w.npy'}") == 0
    assert "layer_1_MatMul: sums of 64 of 64 outputs can reach further" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("layer", "array", "message"),
    [
        ("layer_7_Gemm", np.zeros((10, 32)), "the weights of 'layer_7_Gemm' are not loaded at run time"),
        ("layer_1_MatMul", np.zeros((64, 63)), "expected 64 x 64 integers, got an array of shape (64, 63)"),
        ("layer_1_MatMul", np.full((64, 64), 0.5), "are no integers"),
        ("layer_1_MatMul", np.full((64, 64), np.nan), "are no integers"),
        ("layer_1_MatMul", np.full((64, 64), "a"), "are no integers"),
        ("layer_1_MatMul", np.full((64, 64), 4), "4 in row 0, column 0; give -4 to 3"),
        ("", np.zeros(1), "write --weights LAYER=FILE.npy"),
        ("layer_1_MatMul", None, "cannot read the weights of 'layer_1_MatMul'"),
    ],
)
def test_wrong_weights(
    built: Path,
    layer: str,
    array: NDArray[Any] | None,
    message: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    file = tmp_path / "w.npy"
    if array is None:
        file.write_text("no array")
    else:
        np.save(file, array)
    given = f"{layer}={file}" if layer else "layer_1_MatMul"
    assert qnnc("sim", built, "--input", DATA, "--weights", given) == 1
    error = capsys.readouterr().err.strip().splitlines()[-1]
    assert error.startswith("qnnc: error:")
    assert message in error


@pytest.mark.parametrize(
    ("bipolar", "tile", "word_bits"), [(False, [2, 3], 32), (True, [2, 3], 8), (False, [4, 6], 128), (True, [4, 6], 32)]
)
def test_words_and_back(bipolar: bool, tile: list[int], word_bits: int) -> None:
    rows, columns = [0, 1, 2, -1], [0, 1, -1, 2, 3, -1]
    entry: dict[str, Any] = {
        "bipolar": bipolar,
        "tile": tile,
        "bits": 1 if bipolar else 3,
        "signed": not bipolar,
        "word_bits": word_bits,
        "words": 24 // math.prod(tile),
        "rows_from": rows,
        "columns_from": columns,
    }
    random = np.random.default_rng(word_bits)
    wanted = random.choice([-1, 1], (3, 4)) if bipolar else random.integers(-4, 4, (3, 4))
    words = words_of(entry, wanted)
    assert words.shape == (entry["words"], word_bits // 8)
    np.testing.assert_array_equal(matrix_of(entry, words), wanted)
