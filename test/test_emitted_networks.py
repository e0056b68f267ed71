"""
The C++ of whole networks: strict warnings, two compilers, two sets of headers, sanitizers, checked pragmas.

Every combination computes the same words.
"""

import shutil
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from ap_types import amd_include_dir
from emitted import formats
from models import CONVOLUTIONAL, MODELS, ROOT, needs_models
from numpy.typing import NDArray

from qnn_ir.driver import csim, packing
from qnn_ir.driver.context import compiler_context
from qnn_ir.emit.pragma_check import check
from qnn_ir.emit.project import emit_project
from qnn_ir.frontend.onnx import import_model
from qnn_ir.int_types import value_range
from qnn_ir.passes.pipelines import default_pipeline

DIGITS = ROOT / "examples" / "digits" / "digits.onnx"
REAL = [
    "finn_tfc_w1a1_multithreshold",
    "mlp_w4a4_mnist_qcdq",
    "mlp_w4a4_mnist_qonnx",
    "zoo_kwsmlp_w3a3",
    "zoo_qkeras_jettagging_w6a6",
    "zoo_tfc_1w1a",
    "zoo_tfc_2w2a",
]
STRICT = ("-std=c++14", "-O2", "-Wall", "-Wextra", "-Werror", "-Wno-unknown-pragmas")
SANITIZED = (*STRICT, "-fsanitize=address,undefined", "-fno-sanitize-recover=all")
AMD_NOISE = ("-Wno-uninitialized", "-Wno-maybe-uninitialized")
"""g++ says this of AMD's own `ap_private.h`, system header or not; none of it is about generated code."""

NETWORKS = [pytest.param(DIGITS, id="digits")] + [
    pytest.param(MODELS / "onnx" / f"{name}.onnx", id=name, marks=needs_models) for name in REAL
]
SPEECH = "kws1d_w4a4_fsdd_qonnx"
IMAGES = [
    pytest.param(MODELS / "onnx" / f"{name}.onnx", id=name, marks=needs_models)
    for name in CONVOLUTIONAL
    if not name.endswith("_qcdq") and name != "cnv_w2a2_mt"
]
"""One network of each structure."""


@cache
def emitted(model: Path) -> tuple[dict[str, str], packing.WordFormat]:
    """The files of the accelerator, and the words of its input."""
    module, ctx = import_model(model), compiler_context()
    for p in default_pipeline():
        p.apply(ctx, module)
    (words,), _ = formats(module)
    return emit_project(module), words


def words_of(
    model: Path, folder: Path, cxx: str, flags: tuple[str, ...], include: Path | None = None
) -> NDArray[np.uint8]:
    """The output words for 12 random frames; for 2 where these are images."""
    files, form = emitted(model)
    folder.mkdir()
    for name, text in files.items():
        (folder / name).write_text(text)
    lo, hi = value_range(form.bits, form.signed)
    frames = 12 if form.frame_elements <= 1024 else 2
    elements = np.random.default_rng(0).integers(lo, hi + 1, (frames, form.frame_elements))
    exe = csim.compile(folder, cxx=cxx, flags=flags, include=include)
    return csim.run(exe, [packing.pack(elements, form)])[0]


@pytest.mark.parametrize("model", [*NETWORKS, *(image for image in IMAGES if image.id == SPEECH)])
def test_compilers_and_sanitizers_agree(model: Path, tmp_path: Path) -> None:
    reference = words_of(model, tmp_path / "gcc", "g++", STRICT)
    assert np.array_equal(words_of(model, tmp_path / "sanitized", "g++", SANITIZED), reference)
    if shutil.which("clang++"):
        assert np.array_equal(words_of(model, tmp_path / "clang", "clang++", STRICT), reference)


@pytest.mark.parametrize("model", NETWORKS)
def test_the_headers_of_amd_agree(model: Path, tmp_path: Path) -> None:
    amd = amd_include_dir(tmp_path)
    (amd / "hls_stream.h").symlink_to(csim.include_folder() / "hls_stream.h")
    reference = words_of(model, tmp_path / "ours", "g++", STRICT)
    assert np.array_equal(words_of(model, tmp_path / "amd", "g++", (*STRICT, *AMD_NOISE), amd), reference)
    if shutil.which("clang++"):
        assert np.array_equal(words_of(model, tmp_path / "amd_clang", "clang++", STRICT, amd), reference)


@pytest.mark.parametrize("model", [*NETWORKS, *IMAGES])
def test_pragmas_are_legal(model: Path) -> None:
    files, _ = emitted(model)
    top = files["accelerator.cpp"]
    weights = files.get("accelerator_weights.h", "")
    assert check(top.replace('#include "accelerator_weights.h"\n', weights)) == []
