"""A build folder of three processes with the scripts of a board, and the stand-ins for the vendor's tools."""

import json
import os
import shutil
from pathlib import Path

from qnn_ir.emit.scripts import Kernel, board_scripts
from qnn_ir.emit.scripts.hls import HlsJob, hls_config, kernel_script, layer_script
from qnn_ir.emit.scripts.kernel import Master, Stream
from qnn_ir.targets import find_board

STANDINS = Path(__file__).parent / "vendor" / "bin"

PROCESSES = {"fc0": "/fc0/MatMul", "fc0_width": "/fc0/MatMul", "fc1": "/fc1/'\"Gemm; $(id)"}
"""Process -> ONNX node; one name is the beginning of another."""

_EMPTY = ("inputs", "outputs", "input_ports", "output_ports")

LAYERS = [
    {"name": "fc0", "node": PROCESSES["fc0"], "actor": "mvtu", "cycles": 64, "weight_bits": 4096, "pe": 4, "simd": 8},
    {"name": "fc0_width", "node": PROCESSES["fc0"], "actor": "width", "cycles": 16, "weight_bits": 0},
    {"name": "fc1", "node": PROCESSES["fc1"], "actor": "mvtu", "cycles": 128, "weight_bits": 512, "pe": 1, "simd": 4},
]


def _source(model: str, work: dict[str, str], on_card: bool) -> str:
    port = "ap_uint<8> *{0}" if on_card else "hls::stream<ap_uint<8> > &{0}"
    ends = {"fc0": ("in0", "a"), "fc0_width": ("a", "b"), "fc1": ("b", "out0")}
    functions = "".join(
        f'\n// {name}, from "{PROCESSES[name]}": 16 iterations per frame\n'
        f"static void {name}(hls::stream<ap_uint<8> > &in0, hls::stream<ap_uint<8> > &out0, const unsigned frames) {{\n"
        f"  {work.get(name, 'out0.write(in0.read());')}\n}}\n"
        for name in PROCESSES
    )
    kind = "m_axi port={0} offset=slave bundle=gmem{1}" if on_card else "axis port={0}"
    pragmas = [kind.format("in0", 0), kind.format("out0", 1), "s_axilite port=return bundle=control"]
    lines = [f"#pragma HLS INTERFACE {pragma}\n" for pragma in pragmas]
    calls = [f"  {name}({source}, {target}, frames);\n" for name, (source, target) in ends.items()]
    head = f"void accelerator({port.format('in0')}, {port.format('out0')}, const unsigned frames) {{\n"
    return f'// Generated from {model}\n#include "accelerator.h"\n{functions}\n{head}{"".join(lines + calls)}}}\n'


def make_build(
    out: Path,
    board_name: str = "pynq-z1",
    model: str = "net.onnx",
    work: dict[str, str] | None = None,
) -> Path:
    """Write the build folder `out`; `work` replaces the body of a process."""
    board = find_board(board_name)
    on_card = board.shell == "alveo"
    masters = (Master("m_axi_gmem0", "in0", 64), Master("m_axi_gmem1", "out0", 64)) if on_card else ()
    streams = () if on_card else (Stream("in0", 8, True), Stream("out0", 8, False))
    kernel = Kernel("accelerator", streams, masters, 4096, ("in0", "out0"))
    device = board.device()
    job = HlsJob("accelerator", "accelerator.cpp", device, is_kernel=on_card, has_masters=on_card)
    banner = f"# Generated from {model}\n"
    source = _source(model, work or {}, on_card)
    files = {
        "hls/accelerator.cpp": source,
        "hls/accelerator.h": "#include <ap_int.h>\n",
        "hls/tb.cpp": "int main() { return 0; }\n",
        "hls/run_hls.tcl": kernel_script(kernel, job, banner, "0"),
        "hls/hls_config.cfg": hls_config(job),
        **board_scripts(kernel, board, banner),
        "manifest.json": json.dumps(
            {"inputs": [], "outputs": [], "input_ports": [], "output_ports": [], "top": "accelerator"}
        ),
        "report.json": json.dumps(_report(board_name, device.part, model)),
    }
    for name in PROCESSES:
        body = source[source.index(f"// {name}, ") :].split("\n}\n")[0] + "\n}\n"
        files[f"hls/layers/{name}/{name}.cpp"] = body.replace("static ", "")
        files[f"hls/layers/{name}/run_hls.tcl"] = layer_script(HlsJob(name, f"{name}.cpp", device))
    for name, text in files.items():
        path = out / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return out


def _report(board: str, part: str, model: str) -> dict[str, object]:
    return {
        "version": "0", "model": model, "board": board, "part": part, "clock_mhz": 100.0, "cycles_per_frame": 128,
        "frames_per_second": 781250.0, "weight_bits": 4608, "layers": LAYERS,
    }  # fmt: skip


def install(root: Path, *programs: str) -> Path:
    """Put stand-ins where an installer would: `Vitis_HLS/2022.2/bin/vitis_hls`."""
    for program in programs:
        path = root / program
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(STANDINS / path.name, path)
        text = path.read_text().replace("pathlib.Path(__file__).resolve().parents[1]", repr(str(STANDINS.parent)))
        path.write_text(text)
    return root


def counted(file: Path) -> list[str]:
    """The stages that stand-ins have run, in order."""
    return file.read_text().splitlines() if file.exists() else []


_OURS = (".lock", "step.json", "calibration.jsonl")


def tree(folder: Path) -> dict[str, bytes]:
    """What tools have made, but for logs; not what we say of it, times and the name of the model."""
    files = [p for p in folder.rglob("*") if p.is_file() and "logs" not in p.parts and p.suffix != ".log"]
    return {str(p.relative_to(folder)): p.read_bytes() for p in files if p.name not in _OURS}


def standins_first(path: str) -> str:
    """PATH with the stand-ins before everything else."""
    return f"{STANDINS}{os.pathsep}{path}"
