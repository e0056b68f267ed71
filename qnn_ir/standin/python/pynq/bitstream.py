"""Bitstreams."""

from pathlib import Path
from typing import Any

from pynq.board import load_module, read_json


class Bitstream:
    """
    A partial bitstream: the name that `dfx.json` beside it gives a module in a slot. The file need not exist.

    `ValueError` for a full bitstream, `OSError` where no slot takes it.
    """

    def __init__(self, bitfile_name: str, dtbo: str | None = None, partial: bool = False, device: Any = None) -> None:
        self.bitfile_name, self.partial = bitfile_name, partial
        if not partial:
            raise ValueError(f"{bitfile_name} is no partial bitstream: load it with Overlay, as the driver does")

    def download(self, parser: Any = None) -> None:
        """Reconfigure a part of the logic."""
        path = Path(self.bitfile_name)
        if not (path.parent / "dfx.json").is_file():
            raise OSError(f"Bitstream file {self.bitfile_name} does not exist.")
        facts = read_json(path.parent / "dfx.json")
        for module in facts["modules"]:
            for slot in facts["slots"]:
                if module["partials"][slot["name"]] == path.name:
                    return load_module(path.parent, facts, slot, module["name"])
        raise OSError(f"Bitstream file {self.bitfile_name} does not exist.")
