"""Two networks as modules of one reconfigurable slot, exchanged by the driver on the model of a board."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from deployments import DIGITS, images, qnnc, simulated
from numpy.typing import NDArray
from qnn_runtime import Accelerator, DriverError

from qnn_ir.driver.build import BuildOptions, build
from qnn_ir.driver.progress import Progress


def other_model(folder: Path) -> Path:
    """The example with its classes in the opposite order: other weights, same shapes."""
    import onnx
    from onnx import numpy_helper

    model = onnx.load(DIGITS)
    for tensor in model.graph.initializer:
        array = numpy_helper.to_array(tensor)
        if array.shape[:1] == (10,):
            tensor.CopyFrom(numpy_helper.from_array(array[::-1].copy(), tensor.name))
    onnx.save(model, folder / "other.onnx")
    return folder / "other.onnx"


@pytest.fixture(scope="module")
def deploy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("slots")
    small = {"pe": 2, "simd": 8}
    for name, model, options in (("first", DIGITS, {"pe": 1, "simd": 4}), ("second", other_model(folder), small)):
        (folder / name).mkdir()
        build(model, folder / name, BuildOptions(**options), Progress(quiet=True))
    assert qnnc("dfx", folder / "first", folder / "second", "-o", folder / "dfx", "--slots", 2) == 0
    assert qnnc("deploy", folder / "dfx", "-o", folder / "deploy", "--without-bitstream") == 0
    return folder / "deploy"


@pytest.fixture(scope="module")
def expected(deploy: Path) -> dict[str, NDArray[Any]]:
    x, _ = images()
    outputs: dict[str, NDArray[Any]] = {}
    for name in ("first", "second"):
        link = deploy.parent / f"simulate_{name}"
        link.mkdir()
        (link / "out").symlink_to(deploy.parent / name)
        outputs[name] = simulated(link / "deploy", [x])
    assert (outputs["first"] == outputs["second"][:, ::-1]).all()
    assert (outputs["first"] != outputs["second"]).any()
    return outputs


def test_swaps(deploy: Path, expected: dict[str, NDArray[Any]]) -> None:
    x, _ = images()
    with Accelerator(deploy, batch=100) as accelerator:
        np.testing.assert_array_equal(accelerator.predict(x), expected["first"])
        for name in ("second", "first", "second", "second"):
            job = accelerator.start(x)
            before = accelerator.slot.module
            accelerator.swap(name)  # what is under way ends first
            np.testing.assert_array_equal(job.wait(), expected[before])
            assert accelerator.slot.module == name
            np.testing.assert_array_equal(accelerator.predict(x), expected[name])
        accelerator.reset()
        np.testing.assert_array_equal(accelerator.predict(x), expected["first"])


def test_slots_side_by_side(deploy: Path, expected: dict[str, NDArray[Any]]) -> None:
    x, _ = images()
    with (
        Accelerator(deploy, slot="slot0") as one,
        Accelerator(deploy, slot="slot1", beside=one) as two,
    ):
        two.swap("second")
        one.swap("first")
        job = one.start(x)
        two.swap("first")  # slot0 computes meanwhile
        two.swap("second")
        np.testing.assert_array_equal(two.predict(x), expected["second"])
        np.testing.assert_array_equal(job.wait(), expected["first"])


def test_a_swap_without_shutdown_is_noticed(deploy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The model of the board does not forgive what hardware would not."""
    from qnn_runtime.slots import Slot

    monkeypatch.setattr(Slot, "_turn", lambda *_: None)
    with Accelerator(deploy, timeout=0.2) as accelerator:
        accelerator.swap("second")
        with pytest.raises(DriverError, match="did not finish within"):
            accelerator.predict(images()[0])


def test_errors(deploy: Path, tmp_path: Path) -> None:
    with Accelerator(deploy) as accelerator:
        with pytest.raises(DriverError, match="there is no network 'third'; these are: first, second"):
            accelerator.swap("third")
        accelerator.slot.modules["second"]["partials"]["slot0"] = "missing.bit"
        with pytest.raises(DriverError, match=r"cannot load .*missing.bit.*; the slot is shut down; swap again"):
            accelerator.swap("second")
        accelerator.swap("first")
        assert accelerator.predict(images()[0]).shape == (540, 10)
    with pytest.raises(DriverError, match="there is no slot 'slot9'; these are: slot0, slot1"):
        Accelerator(deploy, slot="slot9")
    with pytest.raises(DriverError, match="has no reconfigurable slot 'slot0'"):
        Accelerator(tmp_path, slot="slot0")


def test_command_lines(deploy: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    np.savez(tmp_path / "x.npz", x=images()[0], y=images()[1])
    assert qnnc("loop", deploy, "--module", "second", "--slot", "slot1", "--input", tmp_path / "x.npz", "--json") == 0
    assert json.loads(capsys.readouterr().out)["classes"][:5] == [7, 1, 7, 3, 3]
    assert qnnc("loop", deploy, "--module", "third") == 1
    assert "there is no network 'third'" in capsys.readouterr().err
    assert qnnc("deploy", deploy.parent / "dfx", "-o", tmp_path / "deploy") == 1
    assert "shell.bit: this product of the vendor's tools is missing" in capsys.readouterr().err
