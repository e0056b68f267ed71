"""
The folder of adversarial files, where it is present: what must be refused is, what is accepted means the same.

A refusal may come from the front end or from a pass. Accepted files are interpreted as imported and compared with
their golden outputs, which a float32 executor has written: equal up to its rounding.
"""

import json
from typing import Any

import numpy as np
import pytest
from models import MODELS, needs_models

from qnn_ir.driver.context import compiler_context
from qnn_ir.errors import UserError
from qnn_ir.frontend.onnx import import_model
from qnn_ir.interp import run_module
from qnn_ir.passes.pipelines import default_pipeline

BAD = MODELS / "bad"


def _files(*expected: str) -> list[Any]:
    """The files with one of the expectations."""
    if not (BAD / "expect.json").is_file():
        return []
    rows = json.loads((BAD / "expect.json").read_text())
    return [pytest.param(row["file"], id=row["file"]) for row in rows if row["expect"] in expected]


def _compile(name: str) -> None:
    module = import_model(BAD / name)
    for step in default_pipeline():
        step.apply(compiler_context(), module)


@needs_models
@pytest.mark.parametrize("name", _files("ERROR"))
def test_refused_with_one_line(name: str) -> None:
    with pytest.raises(UserError) as caught:
        _compile(name)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 1000


@needs_models
@pytest.mark.parametrize("name", _files("SUCCESS"))
def test_imported(name: str) -> None:
    import_model(BAD / name).verify()


@needs_models
@pytest.mark.parametrize("name", _files("SUCCESS", "EITHER"))
def test_accepted_files_compute_their_golden_outputs(name: str) -> None:
    golden = BAD / "golden" / name.replace(".onnx", ".npz")
    if not golden.is_file():
        pytest.skip("no golden outputs")
    with np.load(golden, allow_pickle=False) as data:
        inputs, expected = data["x"], data["y"].astype(np.float64)
    try:
        module = import_model(BAD / name)
    except UserError as refusal:
        pytest.skip(f"refused: {refusal}")  # `test_imported` knows which ones must not be
    output = run_module(module, [inputs])[0].astype(np.float64)
    scale = np.abs(expected).max()
    np.testing.assert_allclose(output.reshape(expected.shape), expected, rtol=0, atol=1e-6 * scale)
