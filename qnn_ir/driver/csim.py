"""C simulation: compile the generated C++ with the host's compiler, run frames through it, binary files in and out."""

import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from qnn_ir.errors import UserError

Bytes = NDArray[np.uint8]

FLAGS = ("-std=c++14", "-O3", "-march=native", "-Wall", "-Wextra", "-Wno-unknown-pragmas")
"""-O3 and the machine's own vector instructions: an order of magnitude for dot products."""

TESTBENCH = "tb.cpp"


def include_folder() -> Path:
    """The simulation headers that the package ships."""
    return Path(str(files("qnn_ir") / "include"))


def compile(
    folder: Path,
    *,
    cxx: str = "g++",
    bounded: bool = False,
    flags: Sequence[str] = FLAGS,
    include: Path | None = None,
) -> Path:
    """
    The testbench of `folder` as an executable in `folder/build` (in a temporary folder where that is not writable).

    The name of the executable is a hash of everything it is made of, so it is compiled once and never stale.
    `bounded` makes every process a thread and honours the depth of every stream. Raises `UserError` where the compiler
    is missing or fails.
    """
    compiler = shutil.which(cxx)
    if compiler is None:
        raise UserError(f"no C++ compiler: {cxx} is not on PATH", remedy="install g++ (Debian: apt install g++)")
    if bounded:
        sources, mode = [TESTBENCH], ["-DQNN_SIM_DEPTHS", "-pthread"]
    else:
        sources, mode = sorted(p.name for p in folder.glob("*.cpp")), []
    if TESTBENCH not in sources or not (folder / TESTBENCH).is_file():
        raise UserError(f"no {TESTBENCH} in this folder", str(folder), "give a folder that `qnnc build` made")
    ours = str(include_folder())
    headers = ["-isystem", str(include), "-idirafter", ours] if include else ["-I", ours]  # ours complete others
    command = [compiler, *flags, *mode, *headers]
    inputs = [folder, *([include] if include else []), include_folder()]
    return build([str(folder / source) for source in sources], command, build_folder(folder), "tb", inputs)


def build(sources: Sequence[str], command: Sequence[str], into: Path, stem: str, inputs: Sequence[Path]) -> Path:
    """
    What `command` makes of `sources`, in the folder `into`.

    Its name is `stem` and a hash of the command and of `inputs`, files and all C++ in folders: it is compiled once and
    never stale. Raises `UserError` where the compiler fails.
    """
    product = into / f"{stem}_{_digest(inputs, command)}"
    if not product.exists():
        _compile(command, sources, product)
    return product


def run(
    exe: Path, inputs: Sequence[Bytes], outputs: int = 1, *, chunk: int | None = None, memories: Sequence[Path] = ()
) -> list[Bytes]:
    """
    The output words of each frame, `(N, bytes per frame)` per output port.

    `inputs` holds one array of N frames of packed words per input port, of any shape `(N, ...)`; `memories` are files
    with the words of each memory of the accelerator.
    """
    results, _ = run_timed(exe, inputs, outputs, chunk=chunk, memories=memories)
    return results


def run_timed(
    exe: Path, inputs: Sequence[Bytes], outputs: int = 1, *, chunk: int | None = None, memories: Sequence[Path] = ()
) -> tuple[list[Bytes], float]:
    """As `run`, and how many frames per second the calls of the accelerator alone made."""
    frames = len(inputs[0])
    with tempfile.TemporaryDirectory(prefix="qnn-sim.") as temporary:
        folder = Path(temporary)
        names = [folder / f"in{i}.bin" for i in range(len(inputs))] + [folder / f"out{i}.bin" for i in range(outputs)]
        for name, data in zip(names, inputs, strict=False):
            np.ascontiguousarray(data).tofile(name)
        options = ["--time"] + ([] if chunk is None else ["--chunk", str(chunk)])
        command = [str(exe), str(frames), *map(str, [*names, *memories]), *options]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise UserError("C simulation failed", remedy=_last_line(done.stderr) or f"exit code {done.returncode}")
        raw = [np.fromfile(name, np.uint8).reshape(frames, -1) if frames else _none() for name in names[len(inputs) :]]
    return raw, _frames_per_second(done.stdout)


def _none() -> Bytes:
    return np.zeros((0, 0), np.uint8)


def _frames_per_second(text: str) -> float:
    """From the line `N frames in S s, R frames/s`."""
    frames, seconds = float(text.split()[0]), float(text.split()[3])
    return frames / max(seconds, 1e-6)  # what the line resolves


def build_folder(folder: Path) -> Path:
    """Where to compile what lies in `folder`: below it, or in a temporary folder where that is not writable."""
    build = folder / "build"
    try:
        build.mkdir(exist_ok=True)
    except OSError:
        build = Path(tempfile.gettempdir()) / f"qnn-sim-{os.getuid()}"
        build.mkdir(mode=0o700, exist_ok=True)
    return build


def _digest(inputs: Sequence[Path], command: Sequence[str]) -> str:
    digest = hashlib.sha256("\0".join(command).encode())
    everything = [path for place in inputs for path in ([place] if place.is_file() else place.iterdir())]
    for path in sorted(path for path in everything if path.suffix in (".cpp", ".h")):
        digest.update(f"\0{path.name}\0".encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def _compile(command: Sequence[str], sources: Sequence[str], exe: Path) -> None:
    """Compile to a temporary name and rename, so that two runs at a time do no harm."""
    handle, partial = tempfile.mkstemp(prefix=f".{exe.name}.", dir=exe.parent)
    os.close(handle)
    try:
        done = subprocess.run([*command, *sources, "-o", partial], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            errors = [line for line in done.stderr.splitlines() if "error" in line] or [_last_line(done.stderr)]
            raise UserError("the C++ compiler failed", remedy=errors[0])
        os.replace(partial, exe)
    finally:
        Path(partial).unlink(missing_ok=True)


def _last_line(text: str) -> str:
    lines = text.strip().splitlines()
    return lines[-1] if lines else ""
