"""The shipped Python driver on the model of a board: what it computes is what C simulation computes, bit by bit."""

import asyncio
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from deployments import deployed, images, simulated
from qnn_runtime import Accelerator, DriverError
from qnn_runtime.measure import accuracy


@pytest.fixture(scope="module")
def streams(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return deployed(tmp_path_factory.mktemp("streams"))


@pytest.fixture(scope="module")
def memory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return deployed(tmp_path_factory.mktemp("memory"), interface="memory")


@pytest.fixture(scope="module")
def alveo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return deployed(tmp_path_factory.mktemp("alveo"), board="u250")


@pytest.fixture(scope="module")
def expected(streams: Path) -> Any:
    return simulated(streams, [images()[0]])


@pytest.mark.parametrize("kind", ["streams", "memory", "alveo"])
@pytest.mark.parametrize("batch", [None, 1, 7, 540, 1000])
def test_predictions_are_those_of_simulation(
    kind: str, batch: int | None, expected: Any, request: pytest.FixtureRequest
) -> None:
    x, y = images()
    with Accelerator(request.getfixturevalue(kind), batch=batch) as accelerator:
        np.testing.assert_array_equal(accelerator.predict(x), expected)
        np.testing.assert_array_equal(accelerator.predict(x[:1]), expected[:1])
        assert accelerator.validate([x], y) == accuracy(expected.argmax(axis=1), y) > 0.98


def test_words(streams: Path, expected: Any) -> None:
    x, _ = images()
    with Accelerator(streams, batch=100) as accelerator:
        host = accelerator.network.host
        words = accelerator.run(host.pack_inputs(host.prologue(x)))
        np.testing.assert_array_equal(host.epilogue(*host.unpack_outputs(words))[0].astype(np.float32), expected)


def test_jobs_at_a_time(streams: Path, expected: Any) -> None:
    x, _ = images()
    with Accelerator(streams, batch=50) as accelerator:
        jobs = [accelerator.start(x[i::3]) for i in range(3)]
        assert not jobs[0].done()
        for i in (2, 0, 1):
            np.testing.assert_array_equal(jobs[i].wait(), expected[i::3])
        assert all(job.done() for job in jobs)
        lost = accelerator.start(x)
    with pytest.raises(DriverError, match="it was closed"):
        lost.wait()


@pytest.mark.parametrize("kind", ["streams", "memory", "alveo"])
def test_tasks(kind: str, expected: Any, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    import pynq

    x, _ = images()
    many = [np.tile(x, (4, 1)) for _ in range(4)]  # long enough to be waited for
    interrupts: list[str] = []
    wait = pynq.Interrupt.wait

    async def counted(interrupt: pynq.Interrupt) -> None:
        await wait(interrupt)
        interrupts.append("up")

    async def work(accelerator: Accelerator) -> list[Any]:
        return await asyncio.gather(*(accelerator.start(many[i]) for i in range(4)))

    monkeypatch.setattr(pynq.Interrupt, "wait", counted)
    with Accelerator(request.getfixturevalue(kind), batch=1000) as accelerator:
        for i, output in enumerate(asyncio.run(work(accelerator))):
            np.testing.assert_array_equal(output[540 * i : 540 * (i + 1)], expected)
    assert bool(interrupts) == (kind != "alveo")


@pytest.mark.parametrize("bits", [8, 9, 14])
def test_narrow_length_registers(streams: Path, expected: Any, bits: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A frame of 64 bytes in and 16 out: batches end where an output is too long, inputs go in pieces."""
    monkeypatch.setenv("QNN_STANDIN_LENGTH_BITS", str(bits))
    with Accelerator(streams) as accelerator:
        assert accelerator.throughput(0.01)["batch"] == min(4096, ((1 << bits) - 1) // 16)
        np.testing.assert_array_equal(accelerator.predict(images()[0]), expected)


def test_an_output_that_no_transfer_can_take(streams: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QNN_STANDIN_LENGTH_BITS", "3")
    with pytest.raises(DriverError, match="one frame has 16 bytes of output, the DMA engine transfers at most 7"):
        Accelerator(streams)


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ("in0:slave", r"DMA of port in0: slave error: memory refused the access \(status 0x4021\)"),
        ("in0:decode", r"DMA of port in0: decode error: there is no memory"),
        ("out0:internal", r"DMA of port out0: internal error"),
        ("out0:short", r"DMA of port out0: 80 of 160 bytes came"),
        ("kernel:hang", r"did not finish within 0.2 s: its control register is 0x1, DMA of in0 is at 0x0"),
    ],
)
def test_faults(streams: Path, expected: Any, fault: str, message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    x, _ = images()
    with Accelerator(streams, timeout=0.2, batch=10) as accelerator:
        monkeypatch.setenv("QNN_STANDIN_FAULT", fault)
        with pytest.raises(DriverError, match=message) as error:
            accelerator.predict(x)
        assert "\n" not in str(error.value)
        monkeypatch.delenv("QNN_STANDIN_FAULT")
        with pytest.raises(DriverError, match=r"failed or was closed before .* call reset\(\)"):
            accelerator.predict(x)
        accelerator.reset()
        np.testing.assert_array_equal(accelerator.predict(x), expected)


@pytest.mark.parametrize("kind", ["memory", "alveo"])
def test_a_call_that_never_ends(kind: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QNN_STANDIN_FAULT", "kernel:hang")
    with (
        Accelerator(request.getfixturevalue(kind), timeout=0.1) as accelerator,
        pytest.raises(DriverError, match=r"did not finish within 0.1 s"),
    ):
        accelerator.predict(images()[0])


@pytest.mark.parametrize(
    ("frames", "message"),
    [
        (np.zeros((2, 63), np.float32), r"input 'x.159': an array of shape \(2, 63\) and type float32; give N frames"),
        (np.zeros((0, 64), np.float32), "no frames are given"),
        (np.zeros((2, 64), np.complex64), "type complex64"),
        (np.full((2, 64), "a"), "type <U1"),
        (np.float32(3), r"an array of shape \(\)"),
        (np.full((3, 64), np.nan, np.float32), "element .* of frame 0 is nan"),
    ],
)
def test_wrong_frames(streams: Path, frames: Any, message: str) -> None:
    with Accelerator(streams) as accelerator:
        with pytest.raises(DriverError, match=message):
            accelerator.predict(frames)
        assert accelerator.predict(images()[0][:3]).shape == (3, 10)  # nothing is lost


def test_wrong_words(streams: Path) -> None:
    with Accelerator(streams) as accelerator:
        for words, message in (
            ([], "1 input ports, words of 0"),
            ([np.zeros((2, 63), np.uint8)], "64 bytes per frame"),
            ([np.zeros((2, 64), np.int64)], "type int64"),
        ):
            with pytest.raises(DriverError, match=message):
                accelerator.run(words)


def test_wrong_inputs_and_labels(streams: Path) -> None:
    x, y = images()
    with Accelerator(streams) as accelerator:
        with pytest.raises(DriverError, match="the network has 1 inputs, 2 are given"):
            accelerator.predict(x, x)
        with pytest.raises(DriverError, match=r"labels of shape \(3,\) .* for 540 frames"):
            accelerator.validate([x], y[:3])


@pytest.mark.parametrize("kind", ["streams", "alveo"])
def test_throughput(kind: str, request: pytest.FixtureRequest) -> None:
    with Accelerator(request.getfixturevalue(kind), batch=64) as accelerator:
        speed = accelerator.throughput(0.05)
    assert speed["batch"] == 64
    assert speed["frames_per_s"] > 0 < speed["latency_ms"]
    assert speed["mbytes_per_s"] == pytest.approx(speed["frames_per_s"] * (64 + 16) / 1e6)


def test_missing_things(streams: Path, tmp_path: Path) -> None:
    with pytest.raises(DriverError, match=r"no manifest of a network; give a folder of `qnnc deploy`"):
        Accelerator(tmp_path)
    with pytest.raises(
        DriverError, match=r"Bitstream file .* does not exist.; make .bit and .hwh with `qnnc synth OUT`"
    ):
        Accelerator(streams, bitstream=tmp_path / "other.bit")
    with pytest.raises(DriverError, match=r"cannot load .*other.xclbin"):
        Accelerator(streams, bitstream=tmp_path / "other.xclbin")
    with pytest.raises(DriverError, match="a batch of 0 frames"):
        Accelerator(streams, batch=0)


def test_registers_of_the_overlay_win(
    streams: Path, expected: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A manifest that is wrong about an offset is told about, and does no harm."""
    import pynq
    from qnn_runtime import accelerator as module

    class Wrong(module.Network):
        def __init__(self, folder: Path) -> None:
            super().__init__(folder)
            self.registers["frames"]["offset"] = 0x20

    assert pynq.__version__
    monkeypatch.setattr(module, "Network", Wrong)
    with Accelerator(streams) as accelerator:
        np.testing.assert_array_equal(accelerator.predict(images()[0]), expected)
    assert "register frames is at 0x10 in the overlay, at 0x20 in the manifest" in capsys.readouterr().err


LOADED = {
    "layer_1_MatMul": {"pe": 8, "simd": 16, "memory": "writable"},
    "layer_4_MatMul": {"pe": 4, "simd": 24, "memory": "external"},
    "layer_7_Gemm": {"pe": 5, "simd": 8, "memory": "uram"},
}


@pytest.mark.parametrize("interface", ["axis", "memory"])
def test_weights(interface: str, expected: Any, tmp_path: Path) -> None:
    deploy = deployed(tmp_path, folding=LOADED, interface=interface, board="zcu104")
    x, _ = images()
    rng = np.random.default_rng(3)
    given: list[str] = []
    with Accelerator(deploy, batch=33) as accelerator:
        np.testing.assert_array_equal(accelerator.predict(x), expected)
        for entry in accelerator.network.weights:
            matrix = rng.integers(-1, 2, entry["shape"])
            np.save(tmp_path / f"{entry['layer']}.npy", matrix)
            given.append(f"{entry['layer']}={tmp_path / entry['layer']}.npy")
            accelerator.load_weights(entry["layer"], matrix)
        others = simulated(deploy, [x], given)
        assert (others != expected).any()
        np.testing.assert_array_equal(accelerator.predict(x), others)
        accelerator.reset()
        np.testing.assert_array_equal(accelerator.predict(x), others)
        for matrix, message in ((np.zeros((2, 2)), "give 64 x 64 integers"), (np.full((64, 64), 99), "99 in row 0")):
            with pytest.raises(DriverError, match=message):
                accelerator.load_weights("layer_1_MatMul", matrix)
        with pytest.raises(DriverError, match="'nothing' are not loaded at run time; these are: layer_1_MatMul"):
            accelerator.load_weights("nothing", np.zeros((2, 2)))


def test_external_weights_on_alveo(expected: Any, tmp_path: Path) -> None:
    x, _ = images()
    deploy = deployed(tmp_path, folding={"layer_4_MatMul": LOADED["layer_4_MatMul"]}, board="u250")
    with Accelerator(deploy, batch=33) as accelerator:
        np.testing.assert_array_equal(accelerator.predict(x), expected)
    other = tmp_path / "writable"
    other.mkdir()
    with pytest.raises(DriverError, match="which XRT cannot reach; build with"):
        Accelerator(deployed(other, folding={"layer_1_MatMul": LOADED["layer_1_MatMul"]}, board="u250"))


def test_bytes_are_looked_up(streams: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The prologue of the example is one function of every element: bytes give what floats give, and as errors do."""
    x, _ = images()
    values = np.arange(64 * 4, dtype=np.uint8).reshape(4, 64)
    with Accelerator(streams) as accelerator:
        network = accelerator.network
        assert network.manifest["pointwise"] is True
        for frames in (x, values):
            expected = accelerator.predict(frames.astype(np.float32))
            np.testing.assert_array_equal(accelerator.predict(frames.astype(np.uint8)), expected)
        prologue = network.host.prologue
        monkeypatch.setattr(network.host, "prologue", lambda *_: pytest.fail("not looked up"))
        accelerator.predict(values)
        monkeypatch.setattr(network.host, "prologue", prologue)
        table, legal = network._table
        assert table.dtype == np.uint8
        legal[7] = False
        monkeypatch.setattr(network.host, "prologue", _refuse)
        with pytest.raises(DriverError, match="off the grid"):
            accelerator.predict(values)


def _refuse(*_inputs: Any) -> Any:
    raise ValueError("off the grid")
