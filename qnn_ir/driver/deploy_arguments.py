"""The command lines of `qnnc deploy` and `qnnc loop`; what they do is imported when it is done."""

import argparse
from pathlib import Path


def add_deploy(p: argparse.ArgumentParser) -> None:
    """The command line of `qnnc deploy`."""
    p.add_argument("out", type=Path, metavar="OUT", help="a folder written by `qnnc build`")
    p.add_argument("-o", "--output", type=Path, required=True, metavar="DEPLOY", help="the folder to write")
    p.add_argument(
        "--images", type=Path, metavar="X.npy|X.npz", help="test images to take along (npz: `x`, labels `y`)"
    )
    p.add_argument("--labels", type=Path, metavar="Y.npy", help="class of each test image")
    p.add_argument("--classes", type=Path, metavar="FILE", help="the names of the classes, one per line")
    p.add_argument("--with", dest="extra", type=Path, action="append", default=[], metavar="FILE", help="take it along")
    p.add_argument("--without-bitstream", action="store_true", help="for the stand-in of a board (`qnnc loop`) only")
    p.add_argument("--to", metavar="USER@HOST:PATH", help="copy the folder to the board when it is complete")
    p.add_argument("--scp", default="scp", metavar="COMMAND", help="what copies it (default: %(default)s)")


def add_loop(p: argparse.ArgumentParser) -> None:
    """The command line of `qnnc loop`."""
    p.add_argument("--cpp", action="store_true", help="the driver in C++ instead of that in Python")
    p.add_argument("deploy", type=Path, metavar="DEPLOY", help="a folder written by `qnnc deploy`")
    p.add_argument(
        "options", nargs=argparse.REMAINDER, metavar="...", help="options of the driver: --input X.npz --throughput ..."
    )
