"""
Generated files byte for byte: `golden/<name>.mlir` gives `golden/<name>.cpp`, all files of the accelerator in one.

After a wanted change: `pytest test/emit/test_golden.py --refresh-golden`, then read the difference.
"""

import io
from pathlib import Path

import pytest
from emitted import parse
from xdsl.context import Context

from qnn_ir.emit.hls_cpp import HlsCppTarget

GOLDEN = Path(__file__).parent / "golden"


def emitted(source: Path) -> str:
    output = io.StringIO()
    HlsCppTarget().emit(Context(), parse(source.read_text()), output)
    return output.getvalue()


@pytest.mark.parametrize("source", sorted(GOLDEN.glob("*.mlir")), ids=lambda path: path.stem)
def test_golden(source: Path, request: pytest.FixtureRequest) -> None:
    text, golden = emitted(source), source.with_suffix(".cpp")
    assert emitted(source) == text
    if request.config.getoption("--refresh-golden", default=False):
        golden.write_text(text)
    assert text == golden.read_text()
    assert max(map(len, text.splitlines())) <= 140
    assert text.isascii()
