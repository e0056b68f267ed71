"""`qnnc report`: the report of a build, for people or as JSON."""

import argparse
import json
from typing import Any

from qnn_ir.driver.manifest import read_manifest
from qnn_ir.errors import UserError
from qnn_ir.report.layers import layer_table


def report_command(arguments: argparse.Namespace) -> tuple[dict[str, Any], str]:
    """`qnnc report OUT`."""
    read_manifest(arguments.out)
    path = arguments.out / "report.json"
    try:
        report = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UserError("a file of the build is missing or damaged", str(path), "run `qnnc build` again") from error
    try:
        return report, layer_table(report)
    except (KeyError, TypeError) as error:
        raise UserError("not the report of a build", str(path), "run `qnnc build` again") from error
