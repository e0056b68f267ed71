"""Generated C++ under every compiler, header and sanitiser that it has to work with: the same outputs, no warnings."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from ap_types import amd_include_dir
from emitted import QUICK, findings, lowered, simulate, write
from stream_graphs import context, graph_of, mlp
from xdsl.dialects.builtin import ModuleOp

from qnn_ir.driver import csim
from qnn_ir.errors import UserError
from qnn_ir.interp.stream import run_graph
from qnn_ir.passes.stream_fold import StreamFoldPass
from qnn_ir.passes.stream_insert_width_converters import StreamInsertWidthConvertersPass

STRICT = ("-std=c++14", "-O2", "-Wall", "-Wextra", "-Werror", "-Wno-unknown-pragmas")
SANITISED = (*QUICK, "-fsanitize=address,undefined", "-fno-sanitize-recover=all")
DIALECT_OF_SYNTHESIS = (*QUICK, "-D__SYNTHESIS__")
AMD_GCC = (*QUICK, "-O1", "-Wno-uninitialized", "-Wno-maybe-uninitialized")
"""gcc's optimiser warns about uninitialised members within AMD's headers themselves."""


def network(*, binary: bool, simd: int = 6) -> tuple[ModuleOp, list[np.ndarray], np.ndarray]:
    """A small folded network, inputs and what it should compute."""
    module = mlp([42, 12, 8, 4], binary=binary, label=True)
    for pass_ in (StreamFoldPass(pe=4, simd=simd), StreamInsertWidthConvertersPass()):
        pass_.apply(context(), module)
    graph = graph_of(module)
    streams = [np.random.default_rng(1).integers(0, 4, (5, graph.body.block.args[0].type.elements))]
    return module, streams, run_graph(graph, streams)[0]


@pytest.mark.parametrize("binary", [False, True])
@pytest.mark.parametrize(
    ("cxx", "flags"),
    [
        ("g++", STRICT),
        ("clang++", STRICT),
        ("g++", SANITISED),
        ("g++", csim.FLAGS),
        ("g++", DIALECT_OF_SYNTHESIS),
    ],
    ids=["gcc", "clang", "sanitised", "fast", "synthesis"],
)
def test_same_outputs_without_warnings(tmp_path: Path, cxx: str, flags: tuple[str, ...], binary: bool) -> None:
    if shutil.which(cxx) is None:
        pytest.skip(f"needs {cxx}")
    module, streams, expected = network(binary=binary)
    lowered(module, pack_bits=binary)
    np.testing.assert_array_equal(simulate(module, streams, tmp_path, cxx=cxx, flags=flags)[0], expected)


@pytest.mark.parametrize("binary", [False, True])
@pytest.mark.parametrize(("cxx", "flags"), [("g++", AMD_GCC), ("clang++", STRICT)], ids=["gcc", "clang"])
def test_with_the_headers_of_amd(tmp_path: Path, cxx: str, flags: tuple[str, ...], binary: bool) -> None:
    if shutil.which(cxx) is None:
        pytest.skip(f"needs {cxx}")
    include = amd_include_dir(tmp_path)
    (include / "hls_stream.h").symlink_to(csim.include_folder() / "hls_stream.h")
    module, streams, expected = network(binary=binary)
    lowered(module, pack_bits=binary)
    actual = simulate(module, streams, tmp_path / "out", cxx=cxx, flags=flags, include=include)
    np.testing.assert_array_equal(actual[0], expected)


@pytest.mark.parametrize("interface", ["axis", "memory"])
def test_bounded_streams_do_not_deadlock(tmp_path: Path, interface: str) -> None:
    module, streams, expected = network(binary=True)
    lowered(module, interface=interface)
    np.testing.assert_array_equal(simulate(module, streams, tmp_path, bounded=True)[0], expected)


def test_wide_words(tmp_path: Path) -> None:
    """More than 64 binary weights in a row of a ROM."""
    module, streams, expected = network(binary=True, simd=42)
    wide = mlp([140, 4], binary=True)
    StreamFoldPass(pe=2, simd=140).apply(context(), wide)
    StreamInsertWidthConvertersPass().apply(context(), wide)
    graph = graph_of(wide)
    frames = [np.random.default_rng(3).integers(0, 4, (3, 140))]
    wanted = run_graph(graph, frames)[0]
    np.testing.assert_array_equal(simulate(lowered(wide), frames, tmp_path / "wide")[0], wanted)
    np.testing.assert_array_equal(simulate(lowered(module), streams, tmp_path / "narrow")[0], expected)


@pytest.mark.parametrize("binary", [False, True])
@pytest.mark.parametrize("interface", ["axis", "memory"])
def test_pragmas_are_legal(tmp_path: Path, interface: str, binary: bool) -> None:
    folder = write(lowered(network(binary=binary)[0], interface=interface), tmp_path)
    assert findings(folder) == []


def test_compiled_once(tmp_path: Path) -> None:
    folder = write(lowered(network(binary=True)[0]), tmp_path)
    exe = csim.compile(folder, flags=QUICK)
    stamp = exe.stat().st_mtime_ns
    assert csim.compile(folder, flags=QUICK) == exe
    assert exe.stat().st_mtime_ns == stamp
    (folder / "accelerator.h").write_text((folder / "accelerator.h").read_text() + "// changed\n")
    assert csim.compile(folder, flags=QUICK) != exe


def test_errors_are_one_line(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no C\+\+ compiler"):
        csim.compile(tmp_path, cxx="no-such-compiler")
    with pytest.raises(UserError, match=r"no tb\.cpp"):
        csim.compile(tmp_path)
    (tmp_path / "tb.cpp").write_text("int main() { return x; }\n")
    with pytest.raises(UserError, match="compiler failed"):
        csim.compile(tmp_path)


def test_wrong_input_size(tmp_path: Path) -> None:
    exe = csim.compile(write(lowered(network(binary=True)[0]), tmp_path), flags=QUICK)
    with pytest.raises(UserError, match=r"simulation failed; tb: .*bytes, expected"):
        csim.run(exe, [np.zeros((2, 3), np.uint8)])
