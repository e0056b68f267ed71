"""
From the ONNX file of a CNV to the folder for a PYNQ-Z1, in one command:

    python examples/cifar10_pynq_z1/deploy.py CNV.onnx -o cifar10 [--images X.npz] [--bitstream]

Without `--bitstream` the folder runs on the model of a board alone; with it the tools of AMD make the bitstream first.
"""

import argparse
import sys
import tempfile
from pathlib import Path

from qnn_ir.driver.qnnc import main as qnnc

HERE = Path(__file__).resolve().parent


def run(*arguments: object) -> None:
    """A command of `qnnc`; the program ends where it fails."""
    print("qnnc", *arguments, flush=True)
    if code := qnnc([str(argument) for argument in arguments]):
        sys.exit(code)


def main() -> None:
    parser = argparse.ArgumentParser(description="CNV from ONNX to a deployment folder for a PYNQ-Z1.")
    parser.add_argument("model", type=Path, metavar="CNV.onnx")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--images", type=Path, metavar="X.npz", help="test images x (N, 3, 32, 32) and labels y")
    parser.add_argument("--board", default="pynq-z1")
    parser.add_argument("--build", type=Path, metavar="OUT", help="keep the build here")
    parser.add_argument("--bitstream", action="store_true", help="run Vitis HLS and Vivado")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        out = arguments.build or Path(temporary) / "out"
        run("build", arguments.model, "-o", out, "--board", arguments.board)
        if arguments.bitstream:
            run("synth", out)
        options = [] if arguments.bitstream else ["--without-bitstream"]
        options += ["--images", arguments.images] if arguments.images else []
        extra = [option for name in ("classify.py", "cifar10.ipynb") for option in ("--with", HERE / name)]
        run("deploy", out, "-o", arguments.output, "--classes", HERE / "classes.txt", *extra, *options)


if __name__ == "__main__":
    main()
