"""
Generated host code of whole networks: interpreter, `host.py` and the compiled `host.cpp` give the same integers and the
same outputs. Reals are equal too, but for softmax: see `host_functions`.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from host_code import QUICK, STRICT, Compiled, element_range, function, imported, interpreted, write
from models import MODELS, ROOT, needs_models
from networks import build as model_of
from networks import random_network
from numpy.typing import NDArray
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp

from qnn_ir.dialects.stream import LayoutAttr
from qnn_ir.driver import csim
from qnn_ir.driver.build import BuildOptions, build
from qnn_ir.driver.context import parse_module
from qnn_ir.driver.manifest import HostPort, read_manifest
from qnn_ir.driver.packing import WordFormat, pack
from qnn_ir.driver.progress import Progress
from qnn_ir.driver.sim import simulate
from qnn_ir.emit.host import emit_host
from qnn_ir.frontend.onnx import import_model
from qnn_ir.interp import run_module
from qnn_ir.passes.pipelines import integer_passes
from qnn_ir.passes.qnn_split_host import QnnSplitHostPass

EXAMPLE = ROOT / "examples" / "digits"
GOLDEN = Path(__file__).parent / "golden" / "host"
PORTS = (
    {"bits": 5, "signed": False, "lanes": 64, "beats": 1, "shape": [1, 64], "perm": [0, 1], "channels": 64},
    {"bits": 10, "signed": True, "lanes": 5, "beats": 2, "shape": [1, 10], "perm": [0, 1], "channels": 10},
)


REAL = [path for path in sorted(MODELS.glob("onnx/*.onnx")) if not path.stem.startswith("float_")]
"""Those that are quantised."""


def split(model: Path | bytes) -> ModuleOp:
    """The network with its host functions apart."""
    module = import_model(model)
    for pass_ in integer_passes():
        pass_.apply(Context(), module)
    return module


def check(module: ModuleOp, folder: Path, frames: NDArray[np.float32], flags: Sequence[str] = QUICK) -> None:
    """Prologue on `frames` and epilogue on any integers, three ways."""
    write(emit_host(module), folder)
    host, compiled = imported(folder), Compiled(folder, module, flags=flags)
    wanted = interpreted(module, "prologue", [frames])
    for actual in (host.prologue(frames), compiled.run("prologue", [frames])):
        for one, other in zip(actual, wanted, strict=True):
            np.testing.assert_array_equal(one, other)
    rng = np.random.default_rng(0)
    arguments = [
        rng.integers(*element_range(value), (len(frames), *value.type.get_shape()), endpoint=True)
        for value in function(module, "epilogue").body.block.args
    ]
    exact = not any(op.name == "qnn.softmax" for op in module.walk())
    for one, two, other in zip(
        host.epilogue(*arguments),
        compiled.run("epilogue", arguments),
        interpreted(module, "epilogue", arguments),
        strict=True,
    ):
        np.testing.assert_array_equal(one.reshape(other.shape), other)
        np.testing.assert_allclose(two, other, 0.0 if exact else 1e-15, 0.0 if exact else 1e-15)


@pytest.mark.parametrize("seed", range(12))
def test_random_networks(seed: int, tmp_path: Path) -> None:
    network = random_network(seed)
    check(split(model_of(network).SerializeToString()), tmp_path, network.frames(20)[:, 0])


@needs_models
@pytest.mark.parametrize("path", REAL, ids=lambda path: path.stem)
def test_real_networks(path: Path, tmp_path: Path) -> None:
    with np.load(MODELS / "golden" / f"{path.stem}.npz", allow_pickle=False) as data:
        frames = data["x"][:2].astype(np.float32)
    check(split(path), tmp_path, frames)


BYPASS = """
func.func @main(%x: tensor<1x4xf32>, %z: tensor<1x4xsi8>, %u: tensor<1x4xf32>)
    -> (tensor<1x4xf32>, tensor<1x4xsi8>, tensor<1x4xf32>, tensor<1x4xf32>, tensor<1x4xsi8>) {
  %q = qnn.to_integer %x {AFFINE} : (tensor<1x4xf32>) -> tensor<1x4xsi8>
  %a = qnn.add %q, %z : (tensor<1x4xsi8>, tensor<1x4xsi8>) -> tensor<1x4xsi9>
  %r = qnn.to_real %a {AFFINE} : (tensor<1x4xsi9>) -> tensor<1x4xf32>
  %k = qnn.constant dense<[[1.5, 2.5, 3.5, 4.5]]> : tensor<1x4xf32> as tensor<1x4xf32>
  %y = qnn.add %r, %k : (tensor<1x4xf32>, tensor<1x4xf32>) -> tensor<1x4xf32>
  func.return %y, %q, %u, %k, %z : tensor<1x4xf32>, tensor<1x4xsi8>, tensor<1x4xf32>, tensor<1x4xf32>, tensor<1x4xsi8>
}
"""


def test_values_that_pass_by(tmp_path: Path) -> None:
    """Integer inputs; integers, an input and a constant as outputs, past the accelerator."""
    affine = "scale = dense<0.5> : tensor<1xf64>, bias = dense<0.0> : tensor<1xf64>, groups = dense<0> : tensor<i8>"
    module = parse_module(BYPASS.replace("AFFINE", affine), "test")
    module.verify()
    QnnSplitHostPass().apply(Context(), module)
    write(emit_host(module), tmp_path)
    host, compiled = imported(tmp_path), Compiled(tmp_path, module)
    rng = np.random.default_rng(0)
    x, z, u = (rng.integers(-64, 64, (5, 1, 4)) for _ in range(3))
    inputs = [(x / 2).astype(np.float32), z, (u / 8).astype(np.float32)]
    crossing = interpreted(module, "prologue", inputs)
    for actual in (host.prologue(*inputs), compiled.run("prologue", inputs)):
        for one, other in zip(actual, crossing, strict=True):
            np.testing.assert_array_equal(one, other)
    arguments = [x + z, *crossing[2:]]
    expected = run_module(module, [a[:, 0] for a in inputs])
    for actual in (host.epilogue(*arguments), compiled.run("epilogue", arguments)):
        for one, other in zip(actual, expected, strict=True):
            np.testing.assert_array_equal(one.reshape(other.shape), other)


def test_example(tmp_path: Path) -> None:
    with np.load(EXAMPLE / "digits_test.npz") as data:
        check(split(EXAMPLE / "digits.onnx"), tmp_path, data["x"].astype(np.float32)[:100], STRICT)


@pytest.mark.parametrize("seed", range(200, 203))
def test_python_drives_the_accelerator(seed: int, tmp_path: Path) -> None:
    """`host.run` around the compiled accelerator gives what `qnnc sim` gives; nothing of ours is imported by it."""
    network, out = random_network(seed), tmp_path / "out"
    (tmp_path / "net.onnx").write_bytes(model_of(network).SerializeToString())
    options = BuildOptions(pe=seed % 4 + 1, simd=seed % 3 + 1)
    build(tmp_path / "net.onnx", out, options, Progress(quiet=True))
    frames, host = network.frames(16)[:, 0], imported(out / "host")
    assert "qnn_ir" not in (out / "host" / "host.py").read_text()
    exe = csim.compile(out / "hls")
    outputs = host.run(lambda words: csim.run(exe, words, 1), frames)
    expected = simulate(out, [frames], Progress(quiet=True)).outputs
    for one, other in zip(outputs, expected, strict=True):
        assert one.dtype == other.dtype
        np.testing.assert_array_equal(one, other)
    port = HostPort.from_json(read_manifest(out)["input_ports"][0])
    (integers,) = host.prologue(frames)
    np.testing.assert_array_equal(host.pack_inputs([integers])[0], pack(port.layout.pack(integers), port.words))


FORMATS = [
    ((8, True, 4, 6), ([1, 3, 2, 4], [0, 2, 3, 1], 3)),
    ((3, True, 5, 8), ([1, 4, 2, 4], [0, 2, 3, 1], 5)),
    ((1, False, 7, 4), ([1, 28], [0, 1], 28)),
    ((11, False, 1, 12), ([2, 2, 3], [2, 1, 0], 2)),
    ((33, True, 3, 2), ([6], [0], 6)),
    ((64, True, 2, 2), ([4], [0], 4)),
]


@pytest.mark.parametrize(("words", "layout"), FORMATS)
def test_words(words: tuple[int, bool, int, int], layout: tuple[list[int], list[int], int], tmp_path: Path) -> None:
    """Packing and unpacking in Python and C++ are those of the driver, padding of channels and words included."""
    bits, signed, lanes, beats = words
    shape, perm, channels = layout
    port = HostPort(LayoutAttr(shape, perm, channels), WordFormat(bits, signed, lanes, beats))
    module = identity(shape, f"{'s' if signed else 'u'}i{bits}")
    write(emit_host(module, "net", [port.as_json()], [port.as_json()]), tmp_path)
    host, compiled = imported(tmp_path), Compiled(tmp_path, module, ports=True)
    lo, hi = (-(1 << bits - 1), (1 << bits - 1) - 1) if signed else (0, (1 << bits) - 1)
    values = np.random.default_rng(bits).integers(lo, hi, (5, *shape), endpoint=True)
    values.reshape(5, -1)[:, :2] = lo, hi
    expected = pack(port.layout.pack(values), port.words).reshape(5, -1)
    np.testing.assert_array_equal(host.pack_inputs([values])[0].reshape(5, -1), expected)
    np.testing.assert_array_equal(compiled.pack("in0", values, expected.shape[1]), expected)
    np.testing.assert_array_equal(host.unpack_outputs([expected])[0], values)
    np.testing.assert_array_equal(compiled.unpack("out0", expected, tuple(shape)), values)
    if bits < 64:
        values[2].flat[1] = hi + 1
        with pytest.raises(ValueError, match="outside"):
            host.pack_inputs([values])
        with pytest.raises(ValueError, match="outside"):
            compiled.pack("in0", values, expected.shape[1])


def identity(shape: list[int], element: str) -> ModuleOp:
    """An accelerator between two host functions that do nothing."""
    type_ = f"tensor<{'x'.join(map(str, shape))}x{element}>"
    names = ("prologue", "accelerator", "epilogue")
    return parse_module(
        "".join(f"func.func @{n}(%x: {type_}) -> {type_} {{\nfunc.return %x : {type_}\n}}\n" for n in names), "test"
    )


@pytest.mark.parametrize("name", ["host.py", "host.h", "host.cpp"])
def test_golden(name: str, request: pytest.FixtureRequest) -> None:
    """The example byte for byte; `pytest test/emit/test_host.py --refresh-golden` after a wanted change."""
    text = emit_host(split(EXAMPLE / "digits.onnx"), "digits", [PORTS[0]], [PORTS[1]])[name]
    assert emit_host(split(EXAMPLE / "digits.onnx"), "digits", [PORTS[0]], [PORTS[1]])[name] == text
    assert isinstance(text, str)
    if request.config.getoption("--refresh-golden", default=False):
        GOLDEN.mkdir(exist_ok=True)
        (GOLDEN / name).write_text(text)
    assert text == (GOLDEN / name).read_text()
    assert max(map(len, text.splitlines())) <= 140
    assert text.isascii()
