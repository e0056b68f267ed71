"""Bitstreams."""

from pathlib import Path
from typing import Any


class Bitstream:
    """A full or a partial bitstream, by the path of its file."""

    def __init__(self, bitfile_name: str, dtbo: str | None = None, partial: bool = False, device: Any = None) -> None:
        self.bitfile_name, self.partial = str(Path(bitfile_name)), partial
