"""Instances in generated Verilog against the ports of what they instantiate: names, inputs left open, widths."""

import re
from collections.abc import Mapping
from typing import Any

from vendor_design import Design
from vendor_table import VendorError

Ports = dict[str, tuple[str, int | None]]
"""Name -> direction (input | output | inout) and bits, None where any width will do."""

_LITE_IN = ("awaddr", "awvalid", "wdata", "wstrb", "wvalid", "bready", "araddr", "arvalid", "rready")
_LITE_OUT = ("awready", "wready", "bresp", "bvalid", "arready", "rdata", "rresp", "rvalid")
_LITE_BITS = {"awaddr": None, "araddr": None, "wdata": 32, "rdata": 32, "wstrb": 4, "bresp": 2, "rresp": 2}
_DECLARATION = re.compile(r"(?m)^  (input |output |inout )?(?:wire )?(?:\[(\d+):0\] )?(\w+)[,;]?$")


def declared(body: str) -> Ports:
    """Ports and wires of a module."""
    lines = _DECLARATION.findall(body)
    return {name: (direction.strip() or "wire", int(high) + 1 if high else 1) for direction, high, name in lines}


def ports_of(body: str) -> Ports:
    """The ports alone."""
    return {name: port for name, port in declared(body).items() if port[0] != "wire"}


def wrapper_ports(design: Design) -> Ports:
    """The ports of the wrapper of a block design; those of a PS are inout and depend on the part."""
    found: Ports = {}
    for name, port in design.ports.items():
        if "dir" in port:
            found[name] = ("input" if port["dir"] == "I" else "output", 1)
        else:
            found |= _bus(name, port["kind"], port["mode"] == "slave", None)
    return found


def kernel_module(entry: Mapping[str, Any]) -> Ports:
    """The ports of the Verilog that HLS makes: upper-case signals."""
    found: Ports = {pin["name"]: ("input" if pin["dir"] == "I" else "output", 1) for pin in entry["pins"]}
    for bus in entry["interfaces"]:
        slave, width = bus["mode"] == "slave", bus.get("width")
        ports = _bus(bus["name"], bus["kind"], slave, width)
        if bus["kind"] == "axis" and not bus["last"]:
            ports = {name: port for name, port in ports.items() if not name.endswith(("tkeep", "tlast"))}
        start = len(bus["name"])
        found |= {name[:start] + name[start:].upper(): port for name, port in ports.items()}
    return found


def converter_module(config: Mapping[str, int]) -> Ports:
    """The ports of an axis_dwidth_converter (PG085)."""
    found: Ports = {"aclk": ("input", 1), "aresetn": ("input", 1)}
    found |= _bus("s_axis", "axis", True, 8 * config["S_TDATA_NUM_BYTES"])
    return found | _bus("m_axis", "axis", False, 8 * config["M_TDATA_NUM_BYTES"])


def _bus(name: str, kind: str, slave: bool, bits: int | None) -> Ports:
    """The signals of an AXI-Lite bus or an AXI stream."""
    forth, back = ("input", "output") if slave else ("output", "input")
    if kind == "aximm":
        sides = [(forth, s) for s in _LITE_IN] + [(back, s) for s in _LITE_OUT]
        return {f"{name}_{signal}": (side, _LITE_BITS.get(signal, 1)) for side, signal in sides}
    keep = None if bits is None else bits // 8
    signals = (("tdata", bits), ("tkeep", keep), ("tlast", 1), ("tvalid", 1))
    return {f"{name}_{s}": (forth, width) for s, width in signals} | {f"{name}_tready": (back, 1)}


def check_module(name: str, body: str, known: Mapping[str, Ports]) -> None:
    """Every instance in the body of module `name`."""
    nets = declared(body)
    pattern = r"(?ms)^  (\w+) (\w+) \(\n(.*?)\n  \);"
    for reference, instance, text in re.findall(pattern, body):
        ports, pins = known[reference], dict(re.findall(r"\.(\w+)\((\w+)\)", text))
        where = f"module {name}, instance {instance}"
        for pin, net in pins.items():
            if net not in nets:
                raise VendorError(f"synth_design: {where}: no net {net}")
            if pin.startswith(("DDR_", "FIXED_IO_")) and nets[net][0] == "inout":
                continue
            if pin not in ports:
                raise VendorError(f"synth_design: {where}: {reference} has no port {pin}")
            if ports[pin][1] not in (None, nets[net][1]):
                raise VendorError(f"synth_design: {where}: {pin} has {ports[pin][1]} bits, {net} has {nets[net][1]}")
        for port, (direction, _) in ports.items():
            if direction == "input" and port not in pins:
                raise VendorError(f"synth_design: {where}: input {port} is open")
