"""Scripts for the tools of the vendor, complete without any of them: one file set per board."""

from qnn_ir.emit.scripts.alveo import alveo_files
from qnn_ir.emit.scripts.bitstream import bitstream_script
from qnn_ir.emit.scripts.kernel import Kernel
from qnn_ir.emit.scripts.ooc import ooc_constraints, ooc_script
from qnn_ir.emit.scripts.shell import block_design, shell_facts
from qnn_ir.errors import UserError
from qnn_ir.targets import Board

__all__ = ["Kernel", "board_scripts"]


def board_scripts(kernel: Kernel, board: Board, banner: str) -> dict[str, str]:
    """
    Path in the build folder -> text of every script after HLS; `banner` is a comment for Tcl.

    Raises `UserError` where the ports of the kernel cannot reach memory on this board.
    """
    files = {"vivado/ooc.tcl": ooc_script(kernel, board, banner), "vivado/ooc.xdc": ooc_constraints(board)}
    if board.is_zynq:
        files["vivado/block_design.tcl"] = block_design(kernel, board, banner)
        files["vivado/bitstream.tcl"] = bitstream_script(kernel, banner)
        files["vivado/shell.json"] = shell_facts(kernel, board)
    if board.shell == "alveo":
        if kernel.streams:
            raise UserError(
                f"streams cannot reach the memory of board {board.board}", kernel.name, "build with --interface memory"
            )
        files |= {f"alveo/{name}": text for name, text in alveo_files(kernel, board).items()}
    return files
