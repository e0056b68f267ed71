"""Trained networks through the shipped drivers: labels and numbers of C simulation and of the golden files."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from deployments import deployed, qnnc, simulated
from models import MODELS, assert_golden, golden, needs_models
from numpy.typing import NDArray
from qnn_runtime import Accelerator

pytestmark = needs_models


def cifar10() -> tuple[NDArray[np.float32], NDArray[Any]]:
    with np.load(MODELS / "data" / "cifar10_test_exact846.npz") as data:
        return data["x"].astype(np.float32), data["y"]


def mnist() -> tuple[NDArray[np.float32], NDArray[Any]]:
    with np.load(MODELS / "data" / "mnist_test.npz") as data:
        return (data["x"] / np.float32(255)).astype(np.float32).reshape(-1, 1, 28, 28), data["y"]


@pytest.mark.parametrize(
    ("name", "images", "count", "accuracy"),
    [("cnv_w1a1_mt", cifar10, 846, 0.801), ("zoo_tfc_1w1a", mnist, 10_000, 0.929)],
)
def test_classes(name: str, images: Any, count: int, accuracy: float, tmp_path: Path) -> None:
    x, y = images()
    np.savez(tmp_path / "images.npz", x=x, y=y)
    deploy = deployed(tmp_path, MODELS / "onnx" / f"{name}.onnx", images=tmp_path / "images.npz")
    expected = simulated(deploy, [x])
    assert len(x) == count
    with Accelerator(deploy) as accelerator:
        np.testing.assert_array_equal(accelerator.predict(x), expected)
        assert accelerator.validate([x], y) > accuracy
        if (x == np.rint(x)).all():  # pixels as bytes
            np.testing.assert_array_equal(accelerator.predict(x.astype(np.uint8)), expected)
        reference = golden(name)
        assert_golden(accelerator.predict(reference["x"]).astype(np.float64), reference["y64"])
    options = ["--input", deploy / "images_x.npy", "--output", tmp_path / "y.npy"]
    assert qnnc("loop", "--cpp", deploy, *options) == 0
    np.testing.assert_array_equal(np.load(tmp_path / "y.npy"), expected)


def test_the_cifar10_example(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """From ONNX to a folder in one command, then the classes of picture files."""
    import runpy
    import sys

    from models import ROOT

    image = pytest.importorskip("PIL.Image", reason="needs Pillow")
    example, folder = ROOT / "examples" / "cifar10_pynq_z1", tmp_path / "cifar10"
    model = MODELS / "onnx" / "cnv_w1a1_mt.onnx"
    monkeypatch.setattr(sys, "argv", ["deploy.py", str(model), "-o", str(folder)])
    runpy.run_path(str(example / "deploy.py"), run_name="__main__")
    paths: list[str] = []
    for k, pixels in enumerate(cifar10()[0][:4]):
        paths.append(str(tmp_path / f"{k}.png"))
        image.fromarray(pixels.astype(np.uint8).transpose(1, 2, 0)).save(paths[-1])
    capsys.readouterr()
    monkeypatch.setattr(sys, "argv", ["classify.py", *paths])
    with pytest.raises(SystemExit, match="0"):
        runpy.run_path(str(folder / "classify.py"), run_name="__main__")
    found = [line.rpartition(": ")[2] for line in capsys.readouterr().out.splitlines()]
    assert found == ["cat", "ship", "ship", "airplane"]
