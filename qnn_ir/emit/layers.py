"""Every process as a project of its own: synthesised alone, in parallel, and only when it changes."""

import re
from collections.abc import Iterable

from qnn_ir.device import Device
from qnn_ir.emit.cpp_helpers import ROM_WORD, helper_text
from qnn_ir.emit.cpp_process import ProcessText
from qnn_ir.emit.scripts.hls import HlsJob, layer_script

LABELS = """
#pragma GCC diagnostic ignored "-Wunused-label"  // labels name the loops in the reports of synthesis
"""

_AP_INT_MAX_W = 1024  # the default of AMD's header
_STATIC = "static "


def layer_files(processes: Iterable[tuple[str, ProcessText]], device: Device) -> dict[str, str]:
    """
    `layers/<name>/<name>.cpp` and `layers/<name>/run_hls.tcl` of the processes (name, text).

    Nothing but process, part and clock is in them: equal text means equal hardware, whatever network it came from.
    """
    files: dict[str, str] = {}
    for name, process in processes:
        job = HlsJob(name, f"{name}.cpp", device)
        files[f"layers/{name}/{name}.cpp"] = _source(process)
        files[f"layers/{name}/run_hls.tcl"] = layer_script(job)
    return files


def width_limit(source: str) -> str:
    """AMD's ap_int.h stops at 1024 bits unless it is told before its inclusion how wide words become (UG1399)."""
    widest = max((int(bits) for bits in re.findall(r"\bap_u?int<(\d+)>", source)), default=0)
    return f"#define AP_INT_MAX_W {1 << (widest - 1).bit_length()}\n" if widest > _AP_INT_MAX_W else ""


def _source(process: ProcessText) -> str:
    words = ROM_WORD if process.roms else ""
    body = LABELS + helper_text(process.helpers) + words + process.roms + "\n" + _exported(process.function)
    return f"{width_limit(body)}#include <ap_int.h>\n#include <hls_stream.h>\n{body}"


def _exported(function: str) -> str:
    """The function without `static`: a top function must be visible."""
    head, brace, body = function.partition("{\n")
    comment, _, parameters = head.partition(_STATIC)
    return comment + parameters.replace("\n" + " " * len(_STATIC), "\n") + brace + body
