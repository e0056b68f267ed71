"""HLS as the checker sees it: a project with sources, a solution, and what synthesis leaves for later runs."""

import json
import re
from pathlib import Path

from vendor_kernel import kernel_ports
from vendor_table import Argument, Call, VendorError


class Hls:
    """The part of a session that HLS needs; mixed into `Session`."""

    tool: str
    facts: set[str]
    names: dict[str, str]
    sources: list[str]
    kept: set[str]

    def produce(self, path: str | Path, text: str = "") -> None:
        """A file that the tool writes."""
        raise NotImplementedError

    def do_open_project(self, call: Call) -> str:
        self.names["project"] = call.args[0].text
        Path(call.args[0].text).mkdir(exist_ok=True)
        marker = self._solution("project.json")
        if "-reset" in call.flags:
            marker.unlink(missing_ok=True)
            self.kept = set()
        else:
            self.kept = set(json.loads(marker.read_text())) if marker.is_file() else set()
        self.sources = []
        return ""

    def do_open_solution(self, call: Call) -> str:
        self.names["solution"] = call.args[0].text
        self._solution().mkdir(exist_ok=True)
        self.facts |= self.kept
        return ""

    def do_set_top(self, call: Call) -> str:
        self.names["top"] = call.args[0].text
        return ""

    def do_add_files(self, call: Call) -> str:
        self.sources += [a.text for a in call.args if "-tb" not in call.flags]
        self.facts.add("testbench" if "-tb" in call.flags else "sources")
        old, flags = self.tool == "vivado_hls", call.values.get("-cflags", Argument("")).text
        if old and "c++14" in flags:
            raise VendorError(f"add_files: Vivado HLS does not know {flags}")
        return ""

    def do_csim_design(self, call: Call) -> str:
        for word in call.values.get("-argv", Argument("", ())).items[1:]:
            if not Path(word).is_file() and "csim_out" not in word:
                raise VendorError(f"csim_design: no file {word}")
        return ""

    def do_csynth_design(self, call: Call) -> str:
        kernel_ports(self.names["top"], self.sources)
        report = self._solution("solution1", "syn", "report")
        report.mkdir(parents=True, exist_ok=True)
        self.produce(report / f"{self.names['top']}_csynth.xml")
        self._solution("project.json").write_text(json.dumps(["synthesis"]))
        return ""

    def do_export_design(self, call: Call) -> str:
        if call.values["-format"].text == "xo":
            return "" if "-output" in call.values else self._refuse("export_design: -output is missing")
        names = {key: call.values[f"-{key}"].text for key in ("vendor", "library", "ipname", "version")}
        vlnv = ":".join(names.values())
        content = {"vlnv": vlnv, "ports": kernel_ports(self.names["top"], self.sources)}
        folder = self._solution("solution1", "impl", "ip")
        folder.mkdir(parents=True, exist_ok=True)
        self.produce(folder / (re.sub(r"[:.]", "_", vlnv) + ".zip"), json.dumps(content))
        return ""

    def _solution(self, *below: str) -> Path:
        return Path(self.names["project"]).joinpath(*(below or (self.names.get("solution", "solution1"),)))

    def _refuse(self, what: str) -> str:
        raise VendorError(what)
