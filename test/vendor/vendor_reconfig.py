"""Checkpoints, netlists and reconfiguration as the checker sees them (UG909)."""

import json
import re
from pathlib import Path
from typing import Any

from vendor_table import Call, VendorError

_REGIONS = {"7": (2, 3), "+": (3, 7)}
_STAGES = ("synthesised", "optimised", "placed", "routed")


class Reconfiguration:
    """The part of a session that knows cells with exchangeable contents; mixed into `Session`."""

    facts: set[str]
    objects: dict[str, str]
    contents: dict[str, str]

    def __init__(self) -> None:
        self.netlist: dict[str, Any] = {}
        self.modules: dict[str, dict[str, Any]] = {}

    def read_modules(self, text: str) -> None:
        """The modules of a Verilog file: their instances, and whether they are black boxes."""
        pattern = r"(?ms)^(\(\* black_box[^\n]*\n)?module (\w+)(.*?)^endmodule"
        for box, name, body in re.findall(pattern, text):
            instances = {instance: ref for ref, instance in re.findall(r"(?m)^  (\w+) (\w+) \($", body)}
            self.modules[name] = {"black_box": bool(box), "instances": instances, "body": body}
            self.objects[name] = "module"

    def elaborate(self, top: str, part: str) -> None:
        """The netlist of a design: instances of black boxes are cells without contents."""
        module = self.modules.get(top, {"instances": {}, "black_box": False})
        if module["black_box"]:
            raise VendorError(f"synth_design: top {top} is a black box")
        cells: dict[str, str | None] = {}
        for instance, reference in module["instances"].items():
            if reference not in self.objects and reference not in self.modules:
                raise VendorError(f"synth_design: no module {reference} for instance {instance}")
            cells[instance] = None if self.modules.get(reference, {}).get("black_box") else reference
        refs = dict(module["instances"])
        self._open({"top": top, "part": part, "cells": cells, "refs": refs, "regions": {}, "locked": False, "own": []})

    def _open(self, netlist: dict[str, Any]) -> None:
        self.netlist = netlist
        self.objects |= dict.fromkeys(netlist["cells"], "cell") | dict.fromkeys(netlist["regions"], "pblock")

    def do_write_checkpoint(self, call: Call) -> str:
        state = self.netlist | {"facts": sorted(self.facts & {*_STAGES, "design"})}
        self.contents[call.args[0].text] = json.dumps(state)
        return ""

    def do_open_checkpoint(self, call: Call) -> str:
        state = json.loads(Path(call.args[0].text).read_text(encoding="utf-8"))
        self.facts -= set(_STAGES)
        self.facts |= set(state.pop("facts"))
        self._open(state)
        return ""

    def do_read_checkpoint(self, call: Call) -> str:
        cell, module = call.values["-cell"].text, json.loads(Path(call.args[0].text).read_text(encoding="utf-8"))
        self._cell(cell, "read_checkpoint")
        if self.netlist["cells"][cell] is not None:
            raise VendorError(f"read_checkpoint: cell {cell} is no black box")
        if module["top"] != self.netlist["refs"][cell]:
            raise VendorError(f"read_checkpoint: {module['top']} does not fit cell {cell}")
        self.netlist["cells"][cell] = Path(call.args[0].text).stem
        self.facts -= {"optimised", "placed", "routed"}
        return ""

    def do_get_cells(self, call: Call) -> str:
        return call.args[0].text if call.args[0].text in self.netlist["cells"] else ""

    def _cell(self, name: str, command: str) -> None:
        if name not in self.netlist.get("cells", {}):
            raise VendorError(f"{command}: no cell {name}")

    def own(self, cell: str) -> None:
        """HD.RECONFIGURABLE."""
        self.netlist["own"] = sorted({*self.netlist["own"], cell})

    def do_opt_design(self, call: Call) -> str:
        empty = [cell for cell, content in self.netlist.get("cells", {}).items() if content is None]
        if empty:
            raise VendorError(f"opt_design: cell {empty[0]} is a black box")
        return ""

    def do_place_design(self, call: Call) -> str:
        for cell in self.netlist.get("own", []):
            if not any(block["cell"] == cell and block["ranges"] for block in self.netlist["regions"].values()):
                raise VendorError(f"place_design: reconfigurable cell {cell} has no pblock")
        return ""

    def do_update_design(self, call: Call) -> str:
        cell = call.values["-cell"].text
        self._cell(cell, "update_design")
        if cell not in self.netlist["own"]:
            raise VendorError(f"update_design: cell {cell} is not reconfigurable")
        self.netlist["cells"][cell] = None
        return ""

    def do_lock_design(self, call: Call) -> str:
        self.netlist["locked"] = True
        self.netlist["static"] = sum(map(ord, json.dumps(self.netlist["regions"])))
        return ""

    def do_create_pblock(self, call: Call) -> str:
        name = call.args[0].text
        self.objects[name] = "pblock"
        self.netlist["regions"][name] = {"cell": "", "ranges": []}
        return name

    def do_add_cells_to_pblock(self, call: Call) -> str:
        self._cell(call.args[1].text, "add_cells_to_pblock")
        self.netlist["regions"][call.args[0].text]["cell"] = call.args[1].text
        return ""

    def do_resize_pblock(self, call: Call) -> str:
        name, ranges = call.args[0].text, list(call.values["-add"].items)
        for text in ranges:
            if not re.fullmatch(r"(SLICE|RAMB18|RAMB36|DSP48|DSP48E2|URAM288)_X\d+Y\d+:\1_X\d+Y\d+", text):
                raise VendorError(f"resize_pblock: {text!r} is no range of sites")
            for other, block in self.netlist["regions"].items():
                if other != name and any(_overlap(text, taken) for taken in block["ranges"]):
                    raise VendorError(f"resize_pblock: {text} overlaps {other}")
        self.netlist["regions"][name]["ranges"] = ranges
        return ""

    def do_get_clock_regions(self, call: Call) -> str:
        columns, rows = _REGIONS["7" if self.netlist["part"].startswith("xc7") else "+"]
        names = [f"X{x}Y{y}" for x in range(columns) for y in range(rows)]
        return " ".join(name for name in names if not call.args or call.args[0].text == name)

    def do_get_sites(self, call: Call) -> str:
        match = re.fullmatch(r"X(\d+)Y(\d+)", call.values["-of_objects"].text)
        assert match is not None
        return " ".join(_sites(int(match[1]), int(match[2]), self.netlist["part"].startswith("xc7")))

    def do_write_bitstream(self, call: Call) -> str:
        empty = [cell for cell, content in self.netlist["cells"].items() if content is None]
        if empty:
            raise VendorError(f"write_bitstream: cell {empty[0]} is a black box")
        if "-cell" in call.values and call.values["-cell"].text not in self.netlist["own"]:
            raise VendorError(f"write_bitstream: cell {call.values['-cell'].text} is not reconfigurable")
        content = {"full": "-cell" not in call.values, "cells": self.netlist["cells"]}
        if "-cell" in call.values:
            content["cells"] = {call.values["-cell"].text: self.netlist["cells"][call.values["-cell"].text]}
        self.contents[call.args[0].text] = json.dumps(content)
        return ""

    def do_pr_verify(self, call: Call) -> str:
        first = json.loads(Path(call.values["-initial"].text).read_text(encoding="utf-8"))
        for path in call.values["-additional"].items:
            if not Path(path).is_file():
                raise VendorError(f"pr_verify: no file {path}")
            other = json.loads(Path(path).read_text(encoding="utf-8"))
            if not other["locked"] or other["regions"] != first["regions"]:
                raise VendorError(f"pr_verify: {path} has another static part")
            if "routed" not in other["facts"]:
                raise VendorError(f"pr_verify: {path} is not routed")
        return ""


def _sites(x: int, y: int, series7: bool) -> list[str]:
    """The sites of a clock region of a device much like a Zynq of the series; the PS fills half of some regions."""
    processor = x == 0 and y in ((1, 2) if series7 else (4, 5, 6))
    columns, rows = (44, 50) if series7 else (56, 60)
    used = columns // 2 if processor else columns
    blocks = (("RAMB36", 2, 10), ("RAMB18", 2, 20), ("DSP48" if series7 else "DSP48E2", 2, 20))
    found = [f"SLICE_X{x * columns + i}Y{y * rows + j}" for i in range(columns - used, columns) for j in range(rows)]
    for kind, wide, high in blocks:
        found += [f"{kind}_X{x * wide + i}Y{y * high + j}" for i in range(wide) for j in range(high)]
    return found + ([f"PS{7 if series7 else 8}_X0Y0"] if processor and y in (2, 6) else []) + [f"IOB_X{x}Y{y}"]


def _overlap(one: str, two: str) -> bool:
    (kind, *a), (other, *b) = (_corners(text) for text in (one, two))
    return kind == other and a[0] <= b[2] and b[0] <= a[2] and a[1] <= b[3] and b[1] <= a[3]


def _corners(text: str) -> tuple[str, int, int, int, int]:
    match = re.fullmatch(r"(\w+)_X(\d+)Y(\d+):\w+_X(\d+)Y(\d+)", text)
    assert match is not None
    x0, y0, x1, y1 = (int(g) for g in match.groups()[1:])
    return match[1], x0, y0, x1, y1
