"""Reconfigurable slots: `dfx.json`, and the exchange of the networks in them."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from .errors import DriverError
from .overlay import part

_FILE = "dfx.json"


def find_slot(folder: Path, name: str | None) -> Slot | None:
    """The slot `name`, or the first one; None in a folder without slots."""
    path = folder / _FILE
    if not path.is_file():
        if name is not None:
            raise DriverError(f"{folder} has no reconfigurable slot {name!r}", "make one with `qnnc dfx`")
        return None
    try:
        facts: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        slots: dict[str, dict[str, Any]] = {slot["name"]: slot for slot in facts["slots"]}
    except (OSError, ValueError, KeyError) as error:
        raise DriverError(f"{path}: this file is damaged", "make the folder again with `qnnc deploy`") from error
    if name is not None and name not in slots:
        raise DriverError(f"there is no slot {name!r}", "these are: " + ", ".join(slots))
    return Slot(folder, facts, slots[name or next(iter(slots))])


class Slot:
    """A place in the logic for one network at a time; `module` is the name of the network that is in it."""

    def __init__(self, folder: Path, facts: dict[str, Any], slot: dict[str, Any]) -> None:
        self._root, self._slot = folder, slot
        self.modules: dict[str, dict[str, Any]] = {module["name"]: module for module in facts["modules"]}
        self.bitstream: str = facts["full"]["bitstream"]
        self.first: str = facts["full"]["modules"][slot["name"]]
        self.module = self.first

    @property
    def folder(self) -> Path:
        """The folder of the network that is in the slot."""
        folder: str = self.modules[self.module]["folder"]
        return self._root / folder

    def registers(self) -> Any:
        """The control registers of the accelerator."""
        return _registers(self._slot)

    def engine(self, overlay: Any, port: str) -> tuple[str, Any]:
        """Path and object of the DMA engine of a port of the network."""
        streams: dict[str, str] = self.modules[self.module]["streams"]
        for stream, inner in streams.items():
            if inner == port:
                path: str = self._slot["dma"][stream]["cell"]
                return path, part(overlay, path)
        raise DriverError(f"no stream of the slot is port {port}", "make the folder again with `qnnc dfx`")

    def partial(self, module: str) -> Path:
        """The bitstream that brings a network into this slot."""
        if module not in self.modules:
            raise DriverError(f"there is no network {module!r}", "these are: " + ", ".join(self.modules))
        name: str = self.modules[module]["partials"][self._slot["name"]]
        return self._root / name

    def exchange(self, partial: Path, timeout: float) -> None:
        """Shut the slot down, load what comes, let it out of reset."""
        import pynq

        switch = self._slot["switch"]
        registers = _registers(switch)
        self._turn(registers, switch, 1, timeout)
        try:
            pynq.Bitstream(str(partial), None, True).download()
        except (OSError, RuntimeError, ValueError) as error:
            what = f"cannot load {partial}: {error}"
            raise DriverError(what, "the slot is shut down; swap again, or call reset()") from error
        self._turn(registers, switch, 0, timeout)

    def _turn(self, registers: Any, switch: dict[str, Any], value: int, timeout: float) -> None:
        """Ask for a shutdown or for its end, and wait until it is so."""
        request, status = switch["request"], switch["status"]
        registers.write(request["offset"], value << request["bit"])
        start = time.monotonic()
        while (int(registers.read(status["offset"])) >> status["bit"]) & 1 != value:
            if time.monotonic() - start > timeout:
                what = "slot {} does not {}".format(self._slot["name"], "shut down" if value else "come back")
                raise DriverError(what, "call reset() to load the full bitstream")
            time.sleep(1e-4)


def _registers(place: dict[str, Any]) -> Any:
    """The registers of a part of the design."""
    import pynq

    return pynq.MMIO(place["base"], place["bytes"])
