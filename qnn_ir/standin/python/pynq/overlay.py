"""Overlays: a bitstream is the name of a folder's accelerator."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pynq.board import board, length_bits, load, load_module, power_on, read_json, shell_of
from pynq.interrupt import LINES
from pynq.lib.dma import DMA
from pynq.mmio import MMIO


class DefaultIP:
    """Registers of a cell."""

    def __init__(self, description: dict[str, Any]) -> None:
        self.description = description
        self.mmio = MMIO(description["phys_addr"], description["addr_range"])

    def read(self, offset: int = 0) -> int:
        """A register."""
        return self.mmio.read(offset)

    def write(self, offset: int, value: int | bytes) -> None:
        """A register, or several in a row."""
        self.mmio.write(offset, value)


class Overlay:
    """The design of the folder that `bitfile_name` lies in; the file itself need not exist."""

    def __init__(self, bitfile_name: str, dtbo: str | None = None, download: bool = True, **_others: Any) -> None:
        self.bitfile_name = bitfile_name
        self._folder = Path(bitfile_name).parent
        self._slots: dict[str, Any] = {}
        if (self._folder / "dfx.json").is_file():
            self._slots = read_json(self._folder / "dfx.json")
            self.ip_dict = _engines(engine for slot in self._slots["slots"] for engine in slot["dma"].values())
        elif (self._folder / "manifest.json").is_file():
            self.ip_dict = self._cells()
        else:
            raise OSError(f"Bitstream file {bitfile_name} does not exist.")
        if download:
            self.download()
        for path, cell in self.ip_dict.items():
            setattr(self, path, cell["driver"](cell))

    def download(self, dtbo: str | None = None) -> None:
        """Configure the logic."""
        power_on()
        if not self._slots:
            return load(self._folder, self._manifest, self._shell)
        for slot in self._slots["slots"]:
            load_module(self._folder, self._slots, slot, self._slots["full"]["modules"][slot["name"]])
            board().qnn_board_add_switch(slot["switch"]["base"], slot["base"])
        return None

    def is_loaded(self) -> bool:
        """Whether this overlay is the one on the board."""
        return True

    def free(self) -> None:
        """Forget the drivers."""

    def _cells(self) -> dict[str, dict[str, Any]]:
        self._manifest = read_json(self._folder / "manifest.json")
        self._shell = shell_of(self._folder, self._manifest)
        kernel, name = self._shell["kernel"], self._manifest["kernel"]
        registers = {key: {"address_offset": r["offset"]} for key, r in self._manifest["registers"].items()}
        cells = {kernel["cell"]: _cell(kernel, f"qnn_ir:hls:{name}:1.0", DefaultIP, "interrupt")}
        cells[kernel["cell"]]["registers"] = registers
        return cells | _engines(self._shell["dma"].values())


def _engines(places: Iterable[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """DMA engines as entries of `ip_dict`."""
    cells: dict[str, dict[str, Any]] = {}
    for engine in places:
        side = engine["direction"]
        cell = _cell(engine, "xilinx.com:ip:axi_dma:7.1", DMA, f"{side}_introut")
        cell["parameters"] = {
            "C_INCLUDE_MM2S": str(int(side == "mm2s")),
            "C_INCLUDE_S2MM": str(int(side == "s2mm")),
            "C_SG_LENGTH_WIDTH": str(length_bits()),
        }
        cells[engine["cell"]] = cell
    return cells


def _cell(place: dict[str, Any], vlnv: str, driver: Any, pin: str) -> dict[str, Any]:
    """An entry of `ip_dict`."""
    path, base = place["cell"], place["base"]
    full = f"{path}/{pin}"
    LINES[full] = base + (0x30 if pin.startswith("s2mm") else 0)
    interrupts = {pin: {"controller": "ps", "index": place.get("interrupt", 0), "fullpath": full}}
    return {
        "phys_addr": base,
        "addr_range": place["bytes"],
        "type": vlnv,
        "fullpath": path,
        "driver": driver,
        "parameters": {},
        "registers": {},
        "interrupts": interrupts,
    }
