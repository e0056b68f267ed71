"""Linking a kernel to the platform of an Alveo card: connectivity and command (UG1393)."""

from qnn_ir.emit.scripts.kernel import Kernel
from qnn_ir.emit.scripts.text import fill
from qnn_ir.targets import Board

_LINK = """#!/bin/sh
# Links synth/alveo/@kernel@.xo to the platform: sh link.sh [hw | hw_emu]. QNN_JOBS: jobs of Vivado at a time.
set -eu
target=${1:-hw}
case "$target" in hw | hw_emu) ;; *) echo "link.sh: target $target: choose hw or hw_emu" >&2; exit 2 ;; esac
here=$(cd "$(dirname "$0")" && pwd)
synth=${QNN_SYNTH:-$here/../synth}
mkdir -p "$synth/alveo" "$synth/reports"
cd "$synth/alveo"
suffix=
[ "$target" = hw ] || suffix=.hw_emu
v++ --link --target "$target" --platform "@platform@" --config "$here/link.cfg" \\
  --vivado.synth.jobs "${QNN_JOBS:-2}" --vivado.impl.jobs "${QNN_JOBS:-2}" \\
  --save-temps --report_level 2 --report_dir "$synth/reports" --log_dir "$synth/alveo/logs" \\
  --temp_dir "$synth/alveo/temp$suffix" --output "@kernel@$suffix.xclbin" "@kernel@.xo"
[ "$target" = hw ] || emconfigutil --platform "@platform@" --od "$synth/alveo"
"""


def alveo_files(kernel: Kernel, board: Board) -> dict[str, str]:
    """The files of `alveo/`."""
    link = fill(_LINK, kernel=kernel.name, platform=board.platform)
    return {"link.cfg": link_config(kernel, board), "link.sh": link}


def link_config(kernel: Kernel, board: Board) -> str:
    """`alveo/link.cfg`: one compute unit near its memory, every master with a bank of its own as far as they last."""
    unit = f"{kernel.name}_1"
    lines = [f"kernel_frequency={round(board.clock_mhz)}", "", "[connectivity]", f"nk={kernel.name}:1:{unit}"]
    for place, master in enumerate(kernel.masters):
        lines.append(f"sp={unit}.{master.argument}:{board.bank}[{place % board.banks}]")
    if board.bank == "HBM":
        lines.append(f"slr={unit}:SLR0")  # the die beside the memory
    return "\n".join(lines) + "\n"
