"""Frames for the simulations of the vendor, and what has to come out: the words of the same C++ compiled by g++."""

import shutil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qnn_ir.driver import csim, packing
from qnn_ir.driver.arrays import read_frames
from qnn_ir.driver.host import read_host
from qnn_ir.driver.manifest import HostPort, read_manifest
from qnn_ir.driver.synth.differences import EXPECTED, SIMULATED
from qnn_ir.driver.synth.plan import FRAMES
from qnn_ir.driver.synth.store import place
from qnn_ir.interp import Accelerator, run_module


def write_frames(out: Path, source: Path) -> int:
    """
    Put the frames of `source` (npy or npz) into `out/synth/frames`, with the words that g++'s C simulation gives.

    Returns their number. Raises `UserError` where `qnnc sim` would.
    """
    inputs, _ = read_frames(source)
    manifest = read_manifest(out)
    feeds, drains = (_ports(manifest, end) for end in ("input", "output"))
    exe = csim.compile(out / "hls")
    memories = [out / entry["file"] for entry in manifest.get("weights", [])]
    with TemporaryDirectory(prefix="qnn-frames.") as temporary:
        folder = Path(temporary)

        def run(tensors: list[NDArray[Any]]) -> list[NDArray[Any]]:
            pairs = zip(feeds.values(), tensors, strict=True)
            packed = [packing.pack(p.layout.pack(t.astype(np.int64)), p.words) for p, t in pairs]
            words = csim.run(exe, packed, len(drains), memories=memories)
            for name, data in zip(feeds, packed, strict=True):
                data.tofile(folder / f"{SIMULATED}{name}.bin")
            for name, data in zip(drains, words, strict=True):
                data.tofile(folder / f"{EXPECTED}{name}.bin")
            return [
                p.layout.unpack(packing.unpack(raw, p.words).astype(np.int64))
                for p, raw in zip(drains.values(), words, strict=True)
            ]

        run_module(read_host(out), inputs, accelerator=Accelerator(len(feeds), len(drains), run))
        for entry in manifest.get("weights", []):
            shutil.copyfile(out / entry["file"], folder / f"{SIMULATED}{entry['port']}.bin")
        place(folder, out / "synth" / FRAMES)
    return len(inputs[0])


def _ports(manifest: dict[str, Any], end: str) -> dict[str, HostPort]:
    return {port["name"]: HostPort.from_json(port) for port in manifest[f"{end}_ports"]}
