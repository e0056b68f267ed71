"""`qnnc report`: the report of a build with all that the tools have measured, as text, JSON or a page of HTML."""

import argparse
import json
from pathlib import Path
from typing import Any

from qnn_ir.driver.atomic import atomic_file
from qnn_ir.driver.manifest import read_manifest
from qnn_ir.errors import UserError
from qnn_ir.report.measured import with_measured
from qnn_ir.report.table import layer_table

FILE = "report.json"


def report_command(arguments: argparse.Namespace) -> tuple[dict[str, Any], str]:
    """`qnnc report OUT [--html FILE]`."""
    report = full_report(arguments.out)
    try:
        text = layer_table(report)
        if arguments.html:
            from qnn_ir.report.page import page

            atomic_file(arguments.html, page(report))
            text += f"\n{arguments.html}"
        return report, text
    except (KeyError, TypeError) as error:
        raise _damaged("not the report of a build", arguments.out) from error


def full_report(out: Path) -> dict[str, Any]:
    """The report of the build with the columns of the steps that `qnnc synth` has finished."""
    from qnn_ir.driver.synth.results import measured

    report, kernel = read_report(out), read_manifest(out).get("top", "")
    try:
        found = measured(out, kernel, [row["name"] for row in report["layers"]])
        return with_measured(report, found) if found else report
    except (KeyError, TypeError) as error:
        raise _damaged("not the report of a build", out) from error


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
