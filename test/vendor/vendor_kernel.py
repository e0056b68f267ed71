"""The ports that HLS makes of a top function, read from its pragmas and types: what the scripts are checked against."""

import re
from pathlib import Path
from typing import Any

from vendor_table import VendorError

_POINTER_BITS = 64


def kernel_ports(top: str, sources: list[str]) -> dict[str, Any]:
    """The entry of the table of IPs for the IP of function `top`."""
    text = "\n".join(Path(source).read_text(encoding="utf-8") for source in sources)
    match = re.search(rf"(?m)^(?:extern \"C\" )?void {re.escape(top)}\(([^{{]*?)\)\s*\{{(.*?)^\}}", text, re.DOTALL)
    if match is None:
        raise VendorError(f"csynth_design: no function {top}")
    parameters, body = match.groups()
    pragmas = re.findall(r"#pragma HLS INTERFACE (\w+) (.*)", body)
    interfaces = [{"name": "s_axi_control", "mode": "slave", "kind": "aximm", "segment": "Reg"}]
    for kind, options in pragmas:
        fields = dict(item.split("=", 1) for item in options.split() if "=" in item)
        if kind == "axis":
            interfaces.append(_stream(fields["port"], parameters, body, text))
        elif kind == "m_axi":
            interfaces.append({"name": f"m_axi_{fields['bundle']}", "mode": "master", "kind": "aximm"})
        elif kind == "s_axilite" and fields.get("bundle", "control") != "control":
            raise VendorError(f"csynth_design: a second bus of registers, {fields['bundle']}")
    pins = [{"name": n, "dir": d} for n, d in (("ap_clk", "I"), ("ap_rst_n", "I"), ("interrupt", "O"))]
    return {"interfaces": interfaces, "pins": pins, "config": []}


def _stream(port: str, parameters: str, body: str, text: str) -> dict[str, Any]:
    """The AXI stream of a parameter: its width from its type, its direction from how it is used."""
    match = re.search(rf"hls::stream<ap_(uint|axiu)<(\d+)[^&]*&\s*{re.escape(port)}\b", parameters)
    if match is None:
        raise VendorError(f"csynth_design: no stream {port} among the parameters")
    mode = "slave" if _is_read(port, body, text) else "master"
    last = match.group(1) == "axiu"
    return {"name": port, "mode": mode, "kind": "axis", "width": int(match.group(2)), "last": last}


def _is_read(port: str, body: str, text: str) -> bool:
    """Whether the function that the top hands the stream to reads from it."""
    for callee, given in re.findall(r"(?m)^  (\w+)(?:<[^(]*>)?\((.*)\);$", body):
        names = [word.strip() for word in given.split(",")]
        if port not in names:
            continue
        match = re.search(rf"(?m)^(?:static )?void {callee}\(([^{{]*?)\)\s*\{{(.*?)^\}}", text, re.DOTALL)
        if match is None:
            break
        name = re.findall(r"&?\s*(\w+)\s*(?:,|$)", re.sub(r"<[^&]*>", "", match.group(1)))[names.index(port)]
        return f"{name}.read(" in match.group(2)
    raise VendorError(f"csynth_design: nothing reads or writes stream {port}")
