"""`qnnc`: the compiler driver that a newcomer uses."""

import argparse
import json
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from qnn_ir import __version__
from qnn_ir.driver.deploy_arguments import add_deploy, add_loop
from qnn_ir.driver.synth.arguments import add_arguments as add_synth_arguments
from qnn_ir.driver.synth.arguments import add_report_arguments
from qnn_ir.errors import UserError


def parser() -> argparse.ArgumentParser:
    """The command line: `qnnc build | sim | report | synth | deploy | loop`."""
    top = argparse.ArgumentParser(prog="qnnc", description="Quantised ONNX networks to streaming FPGA accelerators.")
    top.add_argument("--version", action="version", version=f"qnnc {__version__}")
    commands = top.add_subparsers(
        dest="command", required=True, metavar="build | sim | report | synth | dfx | deploy | loop"
    )
    _add_build(commands.add_parser("build", help="compile a model: C++, weights, testbench, scripts, report"))
    _add_sim(commands.add_parser("sim", help="compile the generated C++ with g++ and run it on data"))
    add_report_arguments(commands.add_parser("report", help="where the cycles, the bits and the resources go"))
    add_synth_arguments(commands.add_parser("synth", help="to IP, bitstream or xclbin with the vendor's tools"))
    add_deploy(commands.add_parser("deploy", help="a folder with all that the board needs"))
    add_loop(commands.add_parser("loop", help="run such a folder here, on the model of a board"))
    _add_dfx(commands.add_parser("dfx", help="several builds as modules that are exchanged while the board runs"))
    for command in commands.choices.values():
        command.add_argument("--json", action="store_true", help="print the result as JSON")
        command.add_argument("--debug", action="store_true", help="show a traceback with an error")
    return top


def _add_build(p: argparse.ArgumentParser) -> None:
    p.add_argument("model", type=Path, metavar="MODEL.onnx")
    p.add_argument("-o", "--output", type=Path, required=True, metavar="OUT", help="the folder to write")
    p.add_argument("--board", default="pynq-z1", help="board or part (default: %(default)s)")
    p.add_argument("--clock-mhz", type=float, metavar="F", help="clock of the accelerator (default: the board's)")
    p.add_argument("--input", metavar="DECL", help="type of the network's input, e.g. uint8,scale=1/255")
    speed = p.add_mutually_exclusive_group()
    speed.add_argument("--target-fps", type=float, metavar="F", help="frames per second to reach, as cheap as possible")
    speed.add_argument("--target-cycles", type=int, metavar="N", help="cycles per frame to reach, as cheap as possible")
    speed.add_argument(
        "--folding", type=Path, metavar="FILE.json", help='{"layer": {"pe": P, "simd": S, "memory": M}, ...}'
    )
    p.add_argument("--pe", type=int, metavar="P", help="output lanes of every layer")
    p.add_argument("--simd", type=int, metavar="S", help="input lanes of every layer")
    p.add_argument(
        "--interface", choices=("axis", "memory"), help="AXI streams, or arrays in DRAM (default: the board's)"
    )
    p.add_argument("--verify-each", type=Path, metavar="X.npy|X.npz", help="interpret these frames after every pass")


def _add_dfx(p: argparse.ArgumentParser) -> None:
    p.add_argument("outs", type=Path, nargs="+", metavar="OUT", help="folders written by `qnnc build`")
    p.add_argument("-o", "--output", type=Path, required=True, metavar="DFX", help="the folder to write")
    p.add_argument("--board", help="board (default: that of the builds)")
    p.add_argument("--slots", type=int, default=1, metavar="N", help="reconfigurable slots (default: %(default)s)")


def _add_sim(p: argparse.ArgumentParser) -> None:
    p.add_argument("out", type=Path, metavar="OUT", help="a folder written by `qnnc build`")
    p.add_argument("--input", type=Path, required=True, metavar="X.npy|X.npz", help="N frames (npz: `x`, labels `y`)")
    p.add_argument("--output", type=Path, metavar="Y.npy", help="where to write the ONNX output of each frame")
    p.add_argument("--expect", type=Path, metavar="Y.npy", help="outputs to compare with, bit by bit")
    p.add_argument("--labels", type=Path, metavar="Y.npy", help="class of each frame: print the accuracy")
    p.add_argument(
        "--weights",
        action="append",
        default=[],
        metavar="LAYER=W.npy",
        help="other weights for a layer with external or writable ones; once per layer",
    )
    p.add_argument("--bounded", action="store_true", help="honour FIFO depths: processes run as threads")
    p.add_argument("--cxx", default="g++", help="C++ compiler (default: %(default)s)")


def run(arguments: argparse.Namespace) -> tuple[dict[str, Any], str]:
    """Execute one command; returns its result for machines and for people."""
    # Imports wait for the command: start-up is what a user feels.
    match arguments.command:
        case "build":
            from qnn_ir.driver.build import build_command

            return build_command(arguments)
        case "sim":
            from qnn_ir.driver.sim import sim_command

            return sim_command(arguments)
        case "dfx":
            from qnn_ir.driver.dfx import dfx_command

            return dfx_command(arguments)
        case "report":
            from qnn_ir.driver.report import report_command

            return report_command(arguments)
        case "deploy":
            from qnn_ir.driver.deploy import deploy_command

            return deploy_command(arguments)
        case "loop":
            from qnn_ir.driver.loop import loop_command

            return loop_command(arguments)
        case _:
            from qnn_ir.driver.synth.command import synth_command

            return synth_command(arguments)


def _show_warning(message: Warning | str, *_place: object, **_options: object) -> None:
    """A warning is one line for the user, not a place in our source."""
    print(f"qnnc: warning: {message}", file=sys.stderr)


def _was_interrupted(error: BaseException | None) -> bool:
    """NumPy turns a Ctrl-C during its import into an ImportError."""
    while error is not None:
        if isinstance(error, KeyboardInterrupt):
            return True
        error = error.__cause__ or error.__context__
    return False


def main(argv: Sequence[str] | None = None) -> int:
    """
    Entry point; returns the exit code: 0 done, 1 the user's problem (one line on stderr), 2 wrong usage,
    3 a defect of ours.
    """
    arguments = parser().parse_args(argv)
    with warnings.catch_warnings():
        warnings.showwarning = _show_warning
        try:
            result, text = run(arguments)
        except UserError as error:
            if arguments.debug:
                raise
            print(f"qnnc: error: {error}", file=sys.stderr)
            if arguments.json:
                place = {"what": error.what, "where": error.where, "remedy": error.remedy}
                print(json.dumps({"exit": 1, "error": place}, indent=1))
            return 1
        except KeyboardInterrupt:
            print("qnnc: interrupted", file=sys.stderr)
            return 130
        except Exception as error:
            if arguments.debug:
                raise
            if _was_interrupted(error):
                print("qnnc: interrupted", file=sys.stderr)
                return 130
            line = " ".join(f"{type(error).__name__}: {error}".split())[:300]
            print(f"qnnc: internal error: {line}; please report it with the traceback of --debug", file=sys.stderr)
            return 3
    print(json.dumps(result, indent=1) if arguments.json else text)
    return int(result.get("exit", 0))


if __name__ == "__main__":
    sys.exit(main())
