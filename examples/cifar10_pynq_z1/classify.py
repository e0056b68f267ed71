"""
The class of picture files: on the board by the accelerator, elsewhere by the model of a board (needs qnn-ir).

    python classify.py cat.png [ship.jpg ...] [--folder FOLDER] [--pixels byte|unit]

`FOLDER` is a deployment folder; it is that of this file where this file lies in one. Needs Pillow.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import numpy as np

SIZE = 32


def picture(path: str, scale: float) -> Any:
    """A picture as the network takes it: (3, 32, 32), red, green, blue, pixels 0..255 times `scale`."""
    from PIL import Image

    with Image.open(path) as image:
        small = image.convert("RGB").resize((SIZE, SIZE), Image.LANCZOS)
    return (np.asarray(small, np.float32) * np.float32(scale)).transpose(2, 0, 1)


def find_driver(folder: Path) -> None:
    """Make `driver` importable, and `pynq` where this is no board."""
    sys.path.insert(0, str(folder))
    try:
        import pynq  # noqa: F401
    except ImportError:
        from qnn_ir.standin.library import PYTHON

        sys.path.insert(0, str(PYTHON))
        print("no board here: the model of one computes", file=sys.stderr)


def main() -> int:
    here = Path(__file__).resolve().parent
    parser = argparse.ArgumentParser(description="Classify picture files.")
    parser.add_argument("pictures", nargs="+", metavar="PICTURE")
    parser.add_argument("--folder", type=Path, default=here, help="the deployment folder")
    parser.add_argument("--pixels", choices=("byte", "unit"), default="byte", help="the network takes 0..255 or 0..1")
    arguments = parser.parse_args()
    find_driver(arguments.folder)
    from driver import Accelerator, DriverError

    scale = 1.0 if arguments.pixels == "byte" else 1 / 255
    try:
        frames = np.stack([picture(path, scale) for path in arguments.pictures])
        with Accelerator(arguments.folder) as accelerator:
            names = accelerator.network.manifest.get("classes", [])
            found = accelerator.classify(frames)
    except (OSError, DriverError) as error:
        print(f"classify: error: {error}", file=sys.stderr)
        return 1
    for path, label in zip(arguments.pictures, found):
        print(f"{path}: {names[label] if names else label}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
