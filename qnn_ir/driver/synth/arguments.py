"""The command lines of `qnnc synth` and `qnnc report`; nothing is imported here that takes time."""

import argparse
from pathlib import Path

from qnn_ir.driver.synth.steps import NAMES

STRATEGIES = ("default", "area", "performance", "quick")
"""Those of `qnn_ir.emit.scripts`, whose import takes longer than the rest of the command line."""


def add_arguments(p: argparse.ArgumentParser) -> None:
    """Declare what `qnnc synth` takes."""
    p.add_argument("out", type=Path, metavar="OUT", help="a folder written by `qnnc build`")
    p.add_argument("--steps", metavar="A,B", help=f"of {', '.join(NAMES)}, with what they need (default: to the board)")
    p.add_argument("--tool-dir", metavar="DIR", help="where the tools are, e.g. /tools/Xilinx (default: PATH)")
    p.add_argument("--tool-version", metavar="V", help="e.g. 2022.2 (default: the newest that fits)")
    p.add_argument(
        "--module", action="append", default=[], metavar="M", help="environment module to load, e.g. vitis/2023.2"
    )
    p.add_argument("--prefix", default="", metavar="CMD", help="run the tools elsewhere: 'ssh host' (shared disk)")
    p.add_argument("--flow", choices=("tcl", "config"), default="tcl", help="scripts or configuration files for HLS")
    p.add_argument("--input", type=Path, metavar="X.npy", help="frames for csim and cosim, compared with g++'s results")
    p.add_argument("--strategy", choices=STRATEGIES, default="default", help="what the tools strive for")
    p.add_argument("--jobs", type=int, default=1, metavar="N", help="steps at a time (default: %(default)s)")
    p.add_argument("--dask", metavar="ADDRESS", help="run the tools on this Dask cluster (shared disk)")
    p.add_argument("--timeout", type=float, metavar="MIN", help="minutes that one run of a tool may take")
    p.add_argument("--cache", type=Path, metavar="DIR", help="finished steps of all builds (default: ~/.cache/qnn-ir)")


def add_report_arguments(p: argparse.ArgumentParser) -> None:
    """Declare what `qnnc report` takes."""
    p.add_argument("out", type=Path, metavar="OUT", help="a folder written by `qnnc build`")
    p.add_argument("--html", type=Path, metavar="FILE", help="write a page with charts, complete in itself")
