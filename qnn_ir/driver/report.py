"""`qnnc report`: the report of a build, for people or as JSON."""

import argparse
import json
from pathlib import Path
from typing import Any

from qnn_ir.driver.manifest import read_manifest
from qnn_ir.errors import UserError
from qnn_ir.report.layers import layer_table

FILE = "report.json"


def report_command(arguments: argparse.Namespace) -> tuple[dict[str, Any], str]:
    """`qnnc report OUT`."""
    report = read_report(arguments.out)
    try:
        return report, layer_table(report)
    except (KeyError, TypeError) as error:
        raise _damaged("not the report of a build", arguments.out) from error


def read_report(out: Path) -> dict[str, Any]:
    """The report that the build wrote."""
    read_manifest(out)
    try:
        report: dict[str, Any] = json.loads((out / FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise _damaged("a file of the build is missing or damaged", out) from error
    if not {"part", "layers"} <= set(report):
        raise _damaged("not the report of a build", out)
    return report


def _damaged(what: str, out: Path) -> UserError:
    return UserError(what, str(out / FILE), "run `qnnc build` again")
