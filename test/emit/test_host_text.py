"""Generated host code: constants, errors, names of a model, compilers."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from host_code import STRICT, Compiled, function, imported, interpreted, write
from host_functions import Code, check, reals
from xdsl.dialects.builtin import ArrayAttr, DictionaryAttr, ModuleOp, StringAttr

from qnn_ir.constants import name_location
from qnn_ir.emit.host import emit_host


def test_constants_are_computed_once(tmp_path: Path) -> None:
    code = Code("1x4xf32")
    weights = code.constant(np.round(reals(4, 40, seed=2)[0], 2), "f32")
    scale, zero = code.constant(np.array(0.25), "f32"), code.constant(np.array(0.0), "f32")
    quantised = code.op(
        f"qnn.quant {weights}, {scale}, {zero} {{bits = 4.0 : f64, signed = true, narrow = false, "
        "rounding = #qnn<rounding half_even>} : (tensor<4x40xf32>, tensor<f32>, tensor<f32>) -> tensor<4x40xf32>",
        "4x40xf32",
    )
    code.op(f"qnn.matmul %x0, {quantised} : (tensor<1x4xf32>, tensor<4x40xf32>) -> tensor<1x40xf32>", "1x40xf32")
    check(code, tmp_path, reals(1, 4, unit=0.125))
    assert "static const Reals quant = []()" in (tmp_path / "host.cpp").read_text()
    assert (tmp_path / "constants.npz").is_file()


def test_off_the_grid_is_a_clear_error(tmp_path: Path) -> None:
    code = Code("1x3xf32")
    affine = "scale = dense<0.5> : tensor<1xf64>, bias = dense<0.0> : tensor<1xf64>, groups = dense<0> : tensor<i8>"
    code.op(f'qnn.to_integer %x0 {{{affine}}} : (tensor<1x3xf32>) -> tensor<1x3xui4>',
            "1x3xui4")  # fmt: skip
    module = code.module()
    _locate(module, ['the "input"'])
    write(emit_host(module), tmp_path)
    host, compiled = imported(tmp_path), Compiled(tmp_path, module)
    for bad in (0.6, 8.0, -0.5, np.nan, np.inf):
        x = np.array([[[0.0, 1.5, 2.0]], [[0.0, bad, 2.0]]])
        with pytest.raises(
            ValueError, match=r"input.*: element \[0, 1\] of frame 1 is .*\[0, 15\] times the scale; feed"
        ):
            host.epilogue(x)
        with pytest.raises(ValueError, match=r"input.*: element 1 is .*\[0, 15\] times the scale; feed"):
            compiled.run("epilogue", [x])


def test_wrong_inputs_are_a_clear_error(tmp_path: Path) -> None:
    code = Code("1x3xf32", "1x3xf32")
    code.op("qnn.add %x0, %x1 : (tensor<1x3xf32>, tensor<1x3xf32>) -> tensor<1x3xf32>", "1x3xf32")
    host = imported(write(emit_host(code.module()), tmp_path))
    x = np.zeros((2, 3))
    assert host.epilogue(x, x)[0].shape == (2, 3)
    for arguments, message in (((x,), "expected 2 inputs"), ((x, x[:1]), "different numbers"), ((x, x.T), "of shape")):
        with pytest.raises(ValueError, match=message):
            host.epilogue(*arguments)


@pytest.mark.parametrize("cxx", ["g++", "clang++"])
def test_hostile_names(tmp_path: Path, cxx: str) -> None:
    """Names of nodes and tensors are data: keywords, comment ends, escapes, line breaks, our own words."""
    if shutil.which(cxx) is None:
        pytest.skip(f"needs {cxx}")
    names = [
        "int",
        "*/ int x; /*",
        'a\\"b\\',
        "first\nsecond",
        "héllo ??/",
        "np",
        "Reals",
        "prologue",
        "7 seas",
        "words",
    ]
    code = Code(*["1x3xf32"] * len(names))
    for index in range(len(names)):
        same = "(tensor<1x3xf32>) -> tensor<1x3xf32>"
        code.op(f"qnn.relu %x{index} : {same}", "1x3xf32")
    module = code.module()
    _locate(module, names)
    attributes = ArrayAttr([DictionaryAttr({"qnn.name": StringAttr(name)}) for name in names])
    function(module, "prologue").arg_attrs = function(module, "epilogue").res_attrs = attributes
    write(emit_host(module), tmp_path)
    arguments = [reals(1, 3, seed=i) for i in range(len(names))]
    expected = interpreted(module, "epilogue", arguments)
    for actual in (
        imported(tmp_path).epilogue(*arguments),
        Compiled(tmp_path, module, cxx=cxx).run("epilogue", arguments),
    ):
        for one, other in zip(actual, expected, strict=True):
            np.testing.assert_array_equal(one.reshape(other.shape), other)
    assert all((tmp_path / name).read_text().isascii() for name in ("host.py", "host.h", "host.cpp"))


def _locate(module: ModuleOp, names: list[str]) -> None:
    """Gives the operations of the epilogue the names of nodes."""
    for op, name in zip(function(module, "epilogue").body.block.ops, names, strict=False):
        op.location = name_location(name)


@pytest.mark.parametrize(("cxx", "flags"), [("clang++", STRICT), ("g++", (*STRICT, "-march=native", "-O3"))])
def test_other_compilers_and_machines(tmp_path: Path, cxx: str, flags: tuple[str, ...]) -> None:
    """No fused multiply-add, whatever the machine has."""
    if shutil.which(cxx) is None:
        pytest.skip(f"needs {cxx}")
    code = Code("1x64xf32", "1x64xf32")
    product = code.op("qnn.mul %x0, %x1 : (tensor<1x64xf32>, tensor<1x64xf32>) -> tensor<1x64xf32>", "1x64xf32")
    code.op(f"qnn.add {product}, %x1 : (tensor<1x64xf32>, tensor<1x64xf32>) -> tensor<1x64xf32>", "1x64xf32")
    parameters = [code.constant(np.abs(reals(64, seed=seed)[0]), "f64") for seed in range(4)]
    code.op(
        f"qnn.batch_norm %x0, {', '.join(parameters)} {{epsilon = 1.0e-05 : f64}} : "
        f"(tensor<1x64xf32>, {', '.join(['tensor<64xf64>'] * 4)}) -> tensor<1x64xf32>",
        "1x64xf32",
    )
    module = code.module()
    write(emit_host(module), tmp_path)
    arguments = [reals(1, 64), reals(1, 64, seed=1)]
    expected = interpreted(module, "epilogue", arguments)
    actual = Compiled(tmp_path, module, cxx=cxx, flags=flags).run("epilogue", arguments)
    for one, other in zip(actual, expected, strict=True):
        np.testing.assert_array_equal(one, other)
