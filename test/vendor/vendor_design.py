"""A block design as the checker sees it: cells with the pins that their IPs have, wires, addresses."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from vendor_table import Argument, VendorError, ips


@dataclass
class Cell:
    """An instance; `ip` is its entry in the table of IPs."""

    name: str
    kind: str
    ip: dict[str, Any]
    config: dict[str, str] = field(default_factory=dict[str, str])

    def value(self, name: str) -> int:
        """A property as a number; 0 where neither the script nor the table gives one."""
        return int(float(self.config.get(name, self.ip.get("defaults", {}).get(name, 0))))

    def present(self, what: str) -> Iterator[tuple[str, dict[str, Any]]]:
        """The interfaces or pins that the configuration leaves: name -> entry."""
        entries = self.ip.get(what, [])
        if what == "interfaces" and self.ip.get("decoupler"):
            entries = _decoupled(self.config.get("ALL_PARAMS", ""))
        for entry in entries:
            if "when" in entry and not self.value(entry["when"]):
                continue
            count = self.value(entry["count"]) if "count" in entry else 1
            for number in range(count):
                yield entry["name"].format(number), entry

    def width(self, entry: dict[str, Any]) -> int | None:
        """The bits of a stream, None where they follow from the other side."""
        if "bytes" in entry:
            return 8 * self.value(entry["bytes"])
        return self.value(entry["bits"]) if "bits" in entry else entry.get("width")


@dataclass
class Wire:
    """A net of scalar pins: one driver, its loads."""

    driver: str = ""
    loads: set[str] = field(default_factory=set[str])


class Design:
    """Cells, ports and wires of one block design."""

    def __init__(self, release: str) -> None:
        self.release = release
        self.cells: dict[str, Cell] = {}
        self.ports: dict[str, dict[str, Any]] = {}
        self.buses: dict[str, str] = {}
        self.loads: dict[str, str] = {}
        self.windows: dict[str, tuple[int, int]] = {}
        self.assigned = False

    def available(self, kind: str) -> bool:
        """Whether this release of Vivado has the IP."""
        ip = ips().get(kind)
        return ip is not None and ip.get("since", "0") <= self.release <= ip.get("until", "9")

    def create(self, name: str, kind: str, ip: dict[str, Any]) -> None:
        """A new cell."""
        if name in self.cells:
            raise VendorError(f"create_bd_cell: a cell {name} exists")
        self.cells[name] = Cell(name, kind, ip)

    def configure(self, name: str, key: str, value: str) -> None:
        """Set a property CONFIG.… of a cell."""
        cell = self.cells[name]
        plain = key.removeprefix("CONFIG.")
        if plain == key or not any(re.fullmatch(pattern, plain) for pattern in cell.ip.get("config", [])):
            raise VendorError(f"set_property: {cell.kind} has no property {key}")
        cell.config[plain] = value

    def interface(self, path: str) -> dict[str, Any]:
        """The interface pin `cell/name`, with its width where it has one."""
        cell, entry = self._find(path, "interfaces")
        return entry | {"width": cell.width(entry)}

    def pin(self, path: str) -> dict[str, Any]:
        """The pin `cell/name`."""
        return self._find(path, "pins")[1]

    def _find(self, path: str, what: str) -> tuple[Cell, dict[str, Any]]:
        owner, _, name = path.rpartition("/")
        if owner not in self.cells:
            raise VendorError(f"no cell {owner or path} for {path}")
        cell = self.cells[owner]
        for present, entry in cell.present(what):
            if present == name:
                return cell, entry
        raise VendorError(f"{cell.kind} {owner} has no {'interface' if what == 'interfaces' else 'pin'} {name}")

    def connect_buses(self, first: str, second: str) -> None:
        """Two interfaces, one master and one slave of one kind and width; ports of the design face inwards."""
        one, two = self._end(first), self._end(second)
        if one["kind"] != two["kind"]:
            raise VendorError(f"connect_bd_intf_net: {first} is {one['kind']}, {second} is {two['kind']}")
        if one["mode"] == two["mode"]:
            raise VendorError(f"connect_bd_intf_net: {first} and {second} are both {one['mode']}")
        widths = one.get("width"), two.get("width")
        if one["kind"] == "axis" and None not in widths and widths[0] != widths[1]:
            raise VendorError(f"connect_bd_intf_net: {first} has {widths[0]} bits, {second} has {widths[1]}")
        for path, other in ((first, second), (second, first)):
            if path in self.buses:
                raise VendorError(f"connect_bd_intf_net: {path} is connected to {self.buses[path]} already")
            self.buses[path] = other

    def _end(self, path: str) -> dict[str, Any]:
        if path in self.ports:
            port = self.ports[path]
            return port | {"mode": "slave" if port["mode"] == "master" else "master"}
        return self.interface(path)

    def connect_pins(self, paths: list[str]) -> None:
        """One driver and any number of loads."""
        drivers = [p for p in paths if self._drives(p)]
        known = {self.loads[p] for p in paths if p in self.loads}
        if len(drivers) + len(known - set(drivers)) != 1:
            raise VendorError(f"connect_bd_net: {len(drivers)} drivers among {' '.join(paths)}")
        driver = drivers[0] if drivers else known.pop()
        for path in paths:
            if path != driver:
                if self.loads.get(path, driver) != driver:
                    raise VendorError(f"connect_bd_net: {path} is driven by {self.loads[path]} already")
                self.loads[path] = driver

    def _drives(self, path: str) -> bool:
        if path in self.ports:
            return self.ports[path]["dir"] == "I"
        return self.pin(path)["dir"] == "O"

    def segment(self, path: str) -> None:
        """A segment `cell/interface/Reg` that exists."""
        owner, _, name = path.rpartition("/")
        if self.ports.get(owner, {}).get("kind") == "aximm" and name == "Reg":
            return
        if self.interface(owner).get("segment") != name:
            raise VendorError(f"get_bd_addr_segs: {owner} has no segment {name}")

    def map(self, segment: str, offset: int, size: int) -> None:
        """A window of registers: a power of two, aligned, inside the window of the PS, apart from all others."""
        low, high = next((c.ip["window"] for c in self.cells.values() if "window" in c.ip), (0, 1 << 32))
        if size & (size - 1) or size < 4096:
            raise VendorError(f"create_bd_addr_seg: {size:#x} is no power of two from 4096 on")
        if offset % size or not low <= offset <= offset + size <= high:
            raise VendorError(f"create_bd_addr_seg: {segment} at {offset:#x} is unaligned or outside the PS window")
        for other, (start, length) in self.windows.items():
            if offset < start + length and start < offset + size:
                raise VendorError(f"create_bd_addr_seg: {segment} overlaps {other}")
        self.windows[segment] = (offset, size)

    def validate(self) -> None:
        """What validate_bd_design finds: open interfaces and pins, unassigned segments."""
        for cell in self.cells.values():
            for name, entry in cell.present("interfaces"):
                self._validate_interface(f"{cell.name}/{name}", entry)
            for name, entry in cell.present("pins"):
                if entry["dir"] == "I" and not entry.get("optional") and f"{cell.name}/{name}" not in self.loads:
                    raise VendorError(f"validate_bd_design: pin {cell.name}/{name} is open")
        for name, port in self.ports.items():
            if "kind" in port and name not in self.buses:
                raise VendorError(f"validate_bd_design: port {name} is open")

    def _validate_interface(self, path: str, entry: dict[str, Any]) -> None:
        if path not in self.buses:
            raise VendorError(f"validate_bd_design: interface {path} is open")
        if "segment" in entry and f"{path}/{entry['segment']}" not in self.windows and not self._from_port(path):
            raise VendorError(f"validate_bd_design: segment {path}/{entry['segment']} has no address")
        cell = self.cells[path.split("/")[0]]
        memory = entry["kind"] == "aximm" and entry["mode"] == "master" and not cell.ip.get("passes")
        if memory and "space" not in cell.ip and not self.assigned:
            raise VendorError(f"validate_bd_design: {path} has no memory assigned")

    def _from_port(self, path: str) -> bool:
        """Whether the registers are reached from outside the design, whose owner assigns addresses."""
        return self.assigned and not any("space" in cell.ip for cell in self.cells.values())


def _decoupled(parameters: str) -> list[dict[str, Any]]:
    """The interface pairs of a decoupler: s_<name> faces the static side, rp_<name> the reconfigurable one."""
    entries: list[dict[str, Any]] = []
    for name, mode, bus in re.findall(
        r"(\w+) \{ID \d+ MODE (master|slave) VLNV xilinx\.com:\w+:(axis|aximm|interrupt)_rtl:1\.0", parameters
    ):
        other = "master" if mode == "slave" else "slave"
        entries += [
            {"name": f"s_{name}", "mode": mode, "kind": bus},
            {"name": f"rp_{name}", "mode": other, "kind": bus},
        ]
    return entries


def properties(call_items: Argument) -> list[tuple[str, str]]:
    """The pairs of `set_property -dict`."""
    items = call_items.items
    if len(items) % 2:
        raise VendorError("set_property: -dict wants pairs")
    return list(zip(items[::2], items[1::2], strict=True))
