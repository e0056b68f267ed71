"""What the vendor's tools remember between commands; one method per command that does more than change the facts."""

import fnmatch
import json
import re
import shutil
from pathlib import Path
from typing import Any

from vendor_design import Design, properties
from vendor_hls import Hls
from vendor_reconfig import Reconfiguration
from vendor_table import Argument, Call, VendorError, ips, parse, table
from vendor_verilog import Ports, check_module, converter_module, kernel_module, ports_of, wrapper_ports

IN_MEMORY = "-in_memory"


class Session(Hls, Reconfiguration):
    """A run of one tool: `vivado_hls`, `vitis_hls` or `vivado`, of a release such as 2022.1."""

    def __init__(self, tool: str, release: str = "2022.1", board_files: bool = False) -> None:
        Reconfiguration.__init__(self)
        self.tool, self.release, self.board_files = tool, release, board_files
        self.contents: dict[str, str] = {}
        self.kinds: dict[str, str] = {}
        self.generated: dict[str, str] = {}
        self.config: dict[str, dict[str, str]] = {}
        self.rules: dict[str, Any] = table()["hls" if tool.endswith("hls") else "vivado"]
        self.facts: set[str] = set()
        self.names: dict[str, str] = {}
        self.sources: list[str] = []
        self.kept: set[str] = set()
        self.project = Path()
        self.catalog: dict[str, dict[str, Any]] = {}
        self.objects: dict[str, str] = {}
        self.design = Design(release)
        self.calls: list[str] = []

    def call(self, name: str, words: list[Argument]) -> str:
        """Check the command, do what it does, and return its result."""
        rule = self.rules[name]
        if rule.get("since", "0") > self.release:
            raise VendorError(f"{name}: new in {rule['since']}")
        call = parse(name, rule, words, self.tool == "vivado_hls")
        self.calls.append(name)
        for fact in rule.get("needs", []):
            if fact not in self.facts:
                raise VendorError(f"{name}: no {fact} yet")
        lists = [argument.items for argument in call.args if "files" in rule.get("args", [])]
        for path in [*call.files(rule, "in"), *(path for items in lists for path in items)]:
            if not Path(path).is_file():
                raise VendorError(f"{name}: no file {path}")
        result = getattr(self, f"do_{name}", lambda _call: "")(call)
        self.facts -= set(rule.get("drops", []))
        self.facts |= set(rule.get("gives", []))
        for path in call.files(rule, "out"):
            self.produce(path, self.contents.pop(path, ""))
        return result or ""

    def produce(self, path: str | Path, text: str = "") -> None:
        """A file that the tool writes; its folder must exist."""
        if not Path(path).parent.is_dir():
            raise VendorError(f"cannot write {path}: no such folder")
        Path(path).write_text(text or f"made by {self.tool} {self.release}\n", encoding="utf-8")

    # Projects of Vivado

    def do_create_project(self, call: Call) -> str:
        if IN_MEMORY not in call.flags and not call.args:
            raise VendorError("create_project: name is missing")
        self.project = Path(call.args[1].text) if len(call.args) > 1 else Path()
        self.objects = {"project": "project", "sources_1": "fileset"}
        self.design = Design(self.release)
        return ""

    def do_add_files(self, call: Call) -> str:
        if self.tool != "vivado":
            return super().do_add_files(call)
        for path in call.args[0].items:
            self.read_modules(Path(path).read_text(encoding="utf-8"))
        return ""

    def do_current_project(self, call: Call) -> str:
        return "project"

    def do_current_fileset(self, call: Call) -> str:
        return "sources_1"

    def do_get_board_parts(self, call: Call) -> str:
        pattern = call.args[0].text
        return pattern.replace("*", "1.0") if self.board_files and pattern.endswith(":*") else ""

    def do_update_ip_catalog(self, call: Call) -> str:
        if "-add_ip" not in call.values:
            return ""
        if "-repo_path" not in call.values:
            raise VendorError("update_ip_catalog: -add_ip wants -repo_path")
        content = json.loads(Path(call.values["-add_ip"].text).read_text())
        self.catalog[content["vlnv"]] = content["ports"]
        return ""

    def do_get_ipdefs(self, call: Call) -> str:
        match = re.match(r"VLNV =~ (\S+)", call.values["-filter"].text)
        if match is None:
            raise VendorError("get_ipdefs: a filter without VLNV =~")
        known = [self._vlnv(name) for name in ips() if self.design.available(name)]
        return " ".join(v for v in [*known, *self.catalog] if fnmatch.fnmatchcase(v, match.group(1)))

    def _vlnv(self, name: str) -> str:
        return f"xilinx.com:{ips()[name].get('library', 'ip')}:{name}:{ips()[name]['version']}"

    def do_create_ip(self, call: Call) -> str:
        vlnv = call.values["-vlnv"].text
        if vlnv not in self.catalog and vlnv not in [self._vlnv(n) for n in ips()]:
            raise VendorError(f"create_ip: no IP {vlnv} in the catalogue")
        name = call.values["-module_name"].text
        self.objects |= {name: "ip", f"{name}.xci": "file"}
        self.kinds[name] = vlnv.split(":")[2] if vlnv not in self.catalog else ""
        self.generated[name] = vlnv
        self.config[name] = {}
        return name

    def do_get_ips(self, call: Call) -> str:
        return self._object(call.args[0].text, "get_ips")

    def do_get_files(self, call: Call) -> str:
        return self._object(call.args[0].text, "get_files")

    def do_get_runs(self, call: Call) -> str:
        self.objects[call.args[0].text] = "run"
        return call.args[0].text

    def _object(self, name: str, command: str) -> str:
        if name not in self.objects:
            raise VendorError(f"{command}: no {name}")
        return name

    def do_get_property(self, call: Call) -> str:
        name, what = call.args[0].text, call.args[1].text
        if what in ("synth_1", "impl_1"):
            folder = self.project / "runs" / what
            return {"PROGRESS": "100%", "STATUS": "complete", "DIRECTORY": str(folder)}[name]
        if name == "CONFIG.FREQ_HZ":
            self.design.pin(what)
        return {"SLACK": "0.1", "CONFIG.FREQ_HZ": "99999001"}[name]

    def do_set_property(self, call: Call) -> str:
        if "-dict" in call.values:
            pairs, targets = properties(call.values["-dict"]), call.args
        else:
            if len(call.args) < 3:
                raise VendorError("set_property: wants a name, a value and an object")
            pairs, targets = [(call.args[0].text, call.args[1].text)], call.args[2:]
        if not targets or any(t.text == "" for t in targets):
            raise VendorError("set_property: no object")
        for target in targets:
            for key, value in pairs:
                self._set(key, value, target.text)
        return ""

    def _set(self, key: str, value: str, target: str) -> None:
        name = target.removeprefix("/")
        if name in self.design.cells:
            self.design.configure(name, key, value)
            return
        kind = self.objects.get(name) or self.design.ports.get(name, {}).get("object")
        if kind is None:
            raise VendorError(f"set_property: no object {target}")
        if kind == "ip" and key.removeprefix("CONFIG.") in ips().get(self.kinds[name], {}).get("config", []):
            self.config[name][key.removeprefix("CONFIG.")] = value
            return
        if key not in table()["properties"].get(kind, []):
            raise VendorError(f"set_property: a {kind} has no property {key}")
        if kind == "run":
            known = table()["strategies"]["synthesis" if name == "synth_1" else "implementation"]
            if value not in known:
                raise VendorError(f"set_property: no strategy {value!r} of {name}")
        if key == "HD.RECONFIGURABLE":
            self.own(name)
        if kind == "fileset" and value not in self.objects:
            raise VendorError(f"set_property: no module {value} in the project")

    # Block designs

    def do_create_bd_design(self, call: Call) -> str:
        self.names["bd"] = call.args[0].text
        self.design = Design(self.release)
        self.objects[f"{call.args[0].text}.bd"] = "file"
        self.facts -= {"validated"}
        return ""

    def do_create_bd_cell(self, call: Call) -> str:
        vlnv, name = call.values["-vlnv"].text, call.args[0].text
        kind = vlnv.split(":")[2] if vlnv.count(":") == 3 else ""
        if vlnv in self.catalog:
            self.design.create(name, vlnv, self.catalog[vlnv])
        elif self.design.available(kind) and vlnv == self._vlnv(kind):
            if call.values["-type"].text != ips()[kind].get("library", "ip"):
                raise VendorError(f"create_bd_cell: {vlnv} is no {call.values['-type'].text}")
            self.design.create(name, kind, ips()[kind])
        else:
            raise VendorError(f"create_bd_cell: no IP {vlnv} in the catalogue")
        return f"/{name}"

    def do_apply_bd_automation(self, call: Call) -> str:
        name = call.args[0].text.removeprefix("/")
        if name not in self.design.cells:
            raise VendorError(f"apply_bd_automation: no cell {name}")
        cell, rule = self.design.cells[name], call.values["-rule"].text
        if rule != cell.ip.get("automation"):
            raise VendorError(f"apply_bd_automation: no rule {rule} for {cell.kind}")
        return ""

    def do_get_bd_cells(self, call: Call) -> str:
        name = call.args[0].text.removeprefix("/")
        if name not in self.design.cells:
            raise VendorError(f"get_bd_cells: no cell {name}")
        return f"/{name}"

    def do_get_bd_pins(self, call: Call) -> str:
        self.design.pin(call.args[0].text)
        return call.args[0].text

    def do_get_bd_intf_pins(self, call: Call) -> str:
        self.design.interface(call.args[0].text)
        return call.args[0].text

    def do_create_bd_port(self, call: Call) -> str:
        name = call.args[0].text
        self.design.ports[name] = {"dir": call.values["-dir"].text, "object": "bd_port"}
        return name

    def do_create_bd_intf_port(self, call: Call) -> str:
        name, vlnv = call.args[0].text, call.values["-vlnv"].text
        match = re.fullmatch(r"xilinx\.com:interface:(axis|aximm)_rtl:1\.0", vlnv)
        if match is None:
            raise VendorError(f"create_bd_intf_port: no interface {vlnv}")
        mode = call.values["-mode"].text.lower()
        self.design.ports[name] = {"mode": mode, "kind": match.group(1), "object": "bd_intf_port"}
        return name

    def do_get_bd_ports(self, call: Call) -> str:
        return self._port(call.args[0].text, "bd_port")

    def do_get_bd_intf_ports(self, call: Call) -> str:
        return self._port(call.args[0].text, "bd_intf_port")

    def _port(self, name: str, kind: str) -> str:
        if self.design.ports.get(name, {}).get("object") != kind:
            raise VendorError(f"no {kind} {name}")
        return name

    def do_connect_bd_net(self, call: Call) -> str:
        self.design.connect_pins([a.text for a in call.args])
        return ""

    def do_connect_bd_intf_net(self, call: Call) -> str:
        self.design.connect_buses(call.args[0].text, call.args[1].text)
        return ""

    def do_get_bd_addr_spaces(self, call: Call) -> str:
        owner, _, name = call.args[0].text.rpartition("/")
        if owner not in self.design.cells or self.design.cells[owner].ip.get("space") != name:
            raise VendorError(f"get_bd_addr_spaces: no address space {call.args[0].text}")
        return call.args[0].text

    def do_get_bd_addr_segs(self, call: Call) -> str:
        self.design.segment(call.args[0].text)
        return call.args[0].text

    def do_create_bd_addr_seg(self, call: Call) -> str:
        offset, size = (int(call.values[key].text, 0) for key in ("-offset", "-range"))
        self.design.map(call.args[1].text, offset, size)
        return ""

    def do_assign_bd_address(self, call: Call) -> str:
        self.design.assigned = True
        return ""

    def do_validate_bd_design(self, call: Call) -> str:
        self.design.validate()
        return ""

    def do_make_wrapper(self, call: Call) -> str:
        name = f"{self.names['bd']}_wrapper"
        path = self.project / f"{name}.v"
        self.produce(path, f"module {name} ();\nendmodule\n")
        handoff = ".srcs" if self.release <= "2020.1" else ".gen"
        folder = self.project / f"{self.names['bd']}{handoff}" / "sources_1" / "bd" / self.names["bd"] / "hw_handoff"
        folder.mkdir(parents=True, exist_ok=True)
        self.produce(folder / f"{self.names['bd']}.hwh")
        return str(path)

    # Runs, checkpoints, reconfiguration

    def do_launch_runs(self, call: Call) -> str:
        run = call.args[0].text
        if run == "impl_1" and "synth_1" not in self.objects.get("finished", ""):
            raise VendorError("launch_runs: impl_1 before synth_1 has ended")
        self.objects["started"] = self.objects.get("started", "") + run
        folder = self.project / "runs" / run
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        if "-to_step" in call.values:
            self.produce(folder / f"{self.names['bd']}_wrapper.bit")
        return ""

    def do_wait_on_run(self, call: Call) -> str:
        if call.args[0].text not in self.objects.get("started", ""):
            raise VendorError(f"wait_on_run: {call.args[0].text} was not launched")
        self.objects["finished"] = self.objects.get("finished", "") + call.args[0].text
        return ""

    def do_open_run(self, call: Call) -> str:
        if call.args[0].text not in self.objects.get("finished", ""):
            raise VendorError(f"open_run: {call.args[0].text} has not ended")
        return ""

    def do_synth_design(self, call: Call) -> str:
        top = self._object(call.values["-top"].text, "synth_design")
        if self.modules.get(top, {}).get("instances"):
            check_module(top, self.modules[top]["body"], self._known_ports())
        self.elaborate(top, call.values["-part"].text)
        return ""

    def _known_ports(self) -> dict[str, Ports]:
        """The ports of everything that Verilog may instantiate."""
        known = {name: ports_of(module["body"]) for name, module in self.modules.items()}
        known |= {f"{self.names[key]}_wrapper": wrapper_ports(self.design) for key in ("bd",) if key in self.names}
        for name, vlnv in self.generated.items():
            if vlnv in self.catalog:
                known[name] = kernel_module(self.catalog[vlnv])
            else:
                known[name] = converter_module({key: int(value) for key, value in self.config[name].items()})
        return known

    def do_get_timing_paths(self, call: Call) -> str:
        return "path"
