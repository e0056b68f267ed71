"""Shared libraries: the model of a board, and compiled accelerators behind an entry that the model calls."""

import json
import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from qnn_ir.driver.csim import FLAGS, TESTBENCH, build, build_folder, include_folder
from qnn_ir.errors import UserError

CPP = Path(__file__).parent / "cpp"
PYTHON = Path(__file__).parent / "python"
"""The folder to put on PYTHONPATH: it holds `pynq` and `pyxrt`."""

_SHARED = ("-shared", "-fPIC", "-pthread", "-fvisibility=hidden")
_BOARD_FLAGS = ("-std=c++14", "-O2", "-Wall", "-Wextra", "-shared", "-fPIC", "-pthread")
_SAME = ("driver.cpp", "data.cpp", "backend_linux.cpp", "backend_xrt.cpp")
_OWN = ("network.cpp", "host.cpp")
_PROGRAM_FLAGS = ("-std=c++14", "-O2", "-Wall", "-Wextra", "-Werror", "-DQNN_XRT", "-pthread")


def board_library() -> Path:
    """The model of a board (`cpp/board.h`)."""
    return build([str(CPP / "board.cpp"), "-ldl"], [_compiler(), *_BOARD_FLAGS], _cache(), "board", [CPP])


def kernel_library(folder: Path) -> Path:
    """
    The accelerator of `folder`, which holds `manifest.json` and its C++ in `hls/`, as a library (`cpp/kernel.h`).

    Compiled once: the name is a hash of all that goes in. Raises `UserError` where something is missing.
    """
    hls = folder / "hls"
    try:
        manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UserError("no manifest.json of a network", str(folder), "give a folder of `qnnc deploy`") from error
    if not (hls / TESTBENCH).is_file():
        raise UserError("the C++ of the accelerator is missing", str(hls), "make the folder again with `qnnc deploy`")
    products = build_folder(hls)
    entry = products / "entry.cpp"
    text = entry_text(manifest)
    if not entry.is_file() or entry.read_text(encoding="utf-8") != text:
        partial = entry.with_name(f".entry.{os.getpid()}.cpp")
        partial.write_text(text, encoding="utf-8")
        os.replace(partial, entry)
    sources = [str(entry), *(str(path) for path in sorted(hls.glob("*.cpp")) if path.name != TESTBENCH)]
    headers = [include_folder(), hls, CPP]
    command = [_compiler(), *FLAGS, *_SHARED, *(f"-I{path}" for path in headers)]
    return build(sources, command, products, "kernel", [products, hls, include_folder(), CPP])


def driver_program(deploy: Path) -> Path:
    """
    The driver in C++ of a deployment folder, with its example program, on the model of a board.

    What is the same for all networks is compiled once for all of them.
    """
    source = deploy / "cpp"
    missing = [name for name in (*_SAME, *_OWN) if not (source / name).is_file()]
    if missing:
        raise UserError(f"no driver in C++: {missing[0]} is missing", str(deploy), "give a folder of `qnnc deploy`")
    headers = sorted(path for path in source.glob("*.h") if not path.name.startswith("host"))
    same = [source / name for name in _SAME]
    command = [_compiler(), *_PROGRAM_FLAGS, f"-I{CPP}", "-shared", "-fPIC"]
    library = build([str(path) for path in same], command, _cache(), "driver", [*same, *headers, CPP, CPP / "xrt"])
    sources = [source / "main.cpp", *(source / name for name in _OWN), CPP / "devices_standin.cpp", library]
    command = [_compiler(), *_PROGRAM_FLAGS, f"-I{source}", f"-I{CPP}", f"-Wl,-rpath,{library.parent}"]
    inputs = [source, CPP, library, board_library()]
    return build([str(path) for path in (*sources, board_library())], command, build_folder(source), "driver", inputs)


def entry_text(manifest: dict[str, Any]) -> str:
    """The C++ between the model of a board and the accelerator's own testbench, which feeds its streams."""
    registers: dict[str, dict[str, int]] = manifest["registers"]
    in_memory = manifest["interface"] == "memory"
    inputs: list[dict[str, Any]] = manifest["input_ports"]
    ports = [*((p, True) for p in inputs), *((p, False) for p in manifest["output_ports"])]
    weights: list[dict[str, Any]] = manifest.get("weights", [])
    described = [_port(p, is_input, registers if in_memory else {}) for p, is_input in ports]
    memories = [_memory(entry, registers) for entry in weights]
    arguments = [*(f"ports[{i}]" for i in range(len(ports))), *(f"memory{i}.data()" for i in range(len(weights)))]
    loads = [
        f"  const auto memory{i} = words_of<{entry['word_bits']}>(memories[{i}], {entry['words']});\n"
        for i, entry in enumerate(weights)
    ]
    unused = "" if weights else "  static_cast<void>(memories);\n"
    return _ENTRY.format(
        helper=_WORDS if weights else "",
        loads="".join(loads) or unused,
        arguments=", ".join([*arguments, "frames"]),
        ports=_table("qnn_standin_port", "all_ports", described),
        memories=_table("qnn_standin_memory", "all_memories", memories),
        kernel=json.dumps(manifest["kernel"]),
        in_memory="true" if in_memory else "false",
        frames=registers["frames"]["offset"],
        port_count=len(ports),
        memory_count=len(weights),
        memory_table="all_memories" if weights else "nullptr",
    )


def _port(port: dict[str, Any], is_input: bool, registers: dict[str, dict[str, int]]) -> str:
    size = port["word_bits"] // 8 * port["words"]
    offset = registers[port["name"]]["offset"] if registers else 0
    return f"{{{json.dumps(port['name'])}, {'true' if is_input else 'false'}, {size}, {offset}}}"


def _memory(entry: dict[str, Any], registers: dict[str, dict[str, int]]) -> str:
    size = entry["word_bits"] // 8 * entry["words"]
    external = "true" if entry["interface"] == "external" else "false"
    return f"{{{json.dumps(entry['port'])}, {size}, {registers[entry['port']]['offset']}, {external}}}"


def _table(kind: str, name: str, rows: Sequence[str]) -> str:
    if not rows:
        return ""
    return f"const {kind} {name}[] = {{\n" + "".join(f"    {row},\n" for row in rows) + "};\n"


def _compiler() -> str:
    compiler = shutil.which("g++")
    if compiler is None:
        raise UserError("no C++ compiler: g++ is not on PATH", remedy="install g++ (Debian: apt install g++)")
    return compiler


def _cache() -> Path:
    """Where what belongs to no build lies."""
    folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "qnn-ir" / "standin"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


_WORDS = """
template <int BITS>
std::vector<ap_uint<BITS> > words_of(const unsigned char *bytes, size_t words) {
  std::vector<ap_uint<BITS> > result(words);
  for (size_t i = 0; i < words; ++i) result[i] = to_word<BITS>(bytes + i * (BITS / 8));
  return result;
}
"""

_ENTRY = """// Between the model of a board and the accelerator: the testbench feeds and empties its ports.
#define main qnn_testbench_main
#include "tb.cpp"
#undef main
#include "kernel.h"

namespace {{
{helper}
void call(unsigned char *const *ports, const unsigned char *const *memories, unsigned frames) {{
{loads}  run({arguments});
}}

{ports}{memories}
}}  // namespace

extern "C" __attribute__((visibility("default"))) const qnn_standin_kernel_info qnn_standin_kernel = {{
    {kernel}, {in_memory}, {frames}, {port_count}, all_ports, {memory_count}, {memory_table}, call}};
"""
