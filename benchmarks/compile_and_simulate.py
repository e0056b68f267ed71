#!/usr/bin/env python3
"""
ONNX to C++ and C simulation, measured per model: medians of several whole processes.

    python benchmarks/compile_and_simulate.py [MODEL.onnx ...] [--repeat 3] [--frames 20000] [--json FILE]
    QNN_IR_MODELS=folder python benchmarks/compile_and_simulate.py --all [...]

Columns: `build` wall and CPU seconds and peak memory of `qnnc build` (whole process, imports included), lines of C++,
seconds of g++, and inferences per second of the compiled accelerator on one thread (its call alone, no file access);
the cycles per frame, and the layer that bounds them, which needs the most cycles.
Inputs of the simulation are the model's golden inputs where a folder `golden/` lies beside the model's folder, else
zeros; they are repeated up to `--frames`.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

EXAMPLE = Path(__file__).parent.parent / "examples" / "digits" / "digits.onnx"


def measured(command: list[str]) -> tuple[float, float, float, str]:
    """Run `command`: wall seconds, CPU seconds, peak MB, standard output."""
    with tempfile.TemporaryFile("w+") as out:
        start = time.perf_counter()
        child = subprocess.Popen(command, stdout=out)
        _, status, usage = os.wait4(child.pid, 0)
        wall = time.perf_counter() - start
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode:
            raise subprocess.CalledProcessError(child.returncode, command)
        out.seek(0)
        return wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, out.read()


def frames_of(model: Path, shape: list[int], count: int) -> np.ndarray:
    golden = model.parent.parent / "golden" / f"{model.stem}.npz"
    x = np.load(golden)["x"] if golden.exists() else np.zeros((1, *shape[1:]), np.float32)
    return np.resize(x, (count, *x.shape[1:])).astype(np.float32)


def bench(model: Path, repeat: int, frames: int, work: Path) -> dict[str, Any]:
    out = work / model.stem
    build = [sys.executable, "-m", "qnn_ir.driver.qnnc", "build", str(model), "-o", str(out), "--json"]
    runs = [measured(build) for _ in range(repeat)]
    report = json.loads(runs[-1][3])
    np.save(work / "x.npy", frames_of(model, report["inputs"][0]["shape"], frames))
    sim = [sys.executable, "-m", "qnn_ir.driver.qnnc", "sim", str(out), "--input", str(work / "x.npy"), "--json"]
    first, *rest = [json.loads(measured(sim)[3]) for _ in range(1 + repeat)]
    return {
        "model": model.stem,
        "build_wall_s": round(statistics.median(r[0] for r in runs), 2),
        "build_cpu_s": round(statistics.median(r[1] for r in runs), 2),
        "peak_mb": round(max(r[2] for r in runs)),
        "cpp_lines": sum(
            len(p.read_text().splitlines()) for p in (out / "hls").iterdir() if p.suffix in (".cpp", ".h")
        ),
        "compile_s": round(first["compile_seconds"], 2),
        "inferences_per_s": round(statistics.median(r["inferences_per_second"] for r in rest)),
        "cycles_per_frame": report["cycles_per_frame"],
        "bound_by": max(report["layers"], key=lambda layer: layer["cycles"])["name"],
    }


def networks() -> list[Path]:
    """Every network of the folder that the tests use; those that do not compile say why on stderr."""
    return sorted((Path(os.environ["QNN_IR_MODELS"]) / "onnx").glob("*.onnx"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", type=Path, nargs="*", default=[EXAMPLE])
    parser.add_argument("--all", action="store_true", help="every network in $QNN_IR_MODELS/onnx")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--frames", type=int, default=20000)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    if arguments.all and "QNN_IR_MODELS" not in os.environ:
        parser.error("--all needs QNN_IR_MODELS, the folder of networks")
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as work:
        for model in networks() if arguments.all else arguments.models:
            try:
                rows.append(bench(model, arguments.repeat, arguments.frames, Path(work)))
            except subprocess.CalledProcessError as error:
                print(f"{model.stem}: {' '.join(error.cmd[2:4])} failed with status {error.returncode}", flush=True)
                continue
            if len(rows) == 1:
                print("  ".join(f"{key:>{max(12, len(key))}}" for key in rows[0]))
            print("  ".join(f"{value!s:>{max(12, len(key))}}" for key, value in rows[-1].items()), flush=True)
    if arguments.json:
        arguments.json.write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
