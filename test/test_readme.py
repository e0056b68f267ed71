"""What the README shows is what the tools print."""

from pathlib import Path

from models import ROOT

from qnn_ir.driver.build import BuildOptions, build
from qnn_ir.driver.progress import Progress
from qnn_ir.report.table import layer_table


def test_the_table_of_the_example_is_real(tmp_path: Path) -> None:
    example = ROOT / "examples" / "digits" / "digits.onnx"
    report = build(example, tmp_path / "out", BuildOptions(), Progress(quiet=True))
    assert layer_table(report) in (ROOT / "README.md").read_text(encoding="utf-8")
