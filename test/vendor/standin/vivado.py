"""Vivado in batch mode: projects, runs, reports and files where the real one puts them."""

import zipfile
from pathlib import Path

from standin import reports
from standin.session import Session, ended, say, version_of
from standin.tcl import options, run_script

_FLAGS = {
    "-force", "-hierarchical", "-in_memory", "-norecurse", "-top", "-fixed", "-include_bit", "-quiet", "-all",
    "-rebuild", "-latest_file_version", "-no_copy", "-import", "-regenerate",
}  # fmt: skip


class Vivado(Session):
    """One run; `command` takes the commands of its script."""

    def __init__(self, program: str):
        super().__init__(program)
        self.version = version_of(program)
        self.project, self.name, self.design = Path(), "", "system"
        self.archive = Path()
        self.period = 10.0

    def command(self, words: list[str]) -> str:
        """One command; what Vivado would answer to it."""
        name = f"_{words[0]}"
        return str(getattr(self, name)(*options(words, _FLAGS)) or "") if hasattr(self, name) else ""

    def _create_project(self, _given: dict[str, str], rest: list[str]) -> None:
        if rest:
            self.name, self.project = rest[0], Path(rest[-1])

    def _create_bd_design(self, _given: dict[str, str], rest: list[str]) -> None:
        self.design = rest[0]

    def _update_ip_catalog(self, given: dict[str, str], _rest: list[str]) -> None:
        if "-add_ip" in given:
            self.archive = Path(given["-add_ip"])
            self.kernel = self.archive.stem

    def _get_ipdefs(self, given: dict[str, str], _rest: list[str]) -> str:
        name = given.get("-filter", "").partition("xilinx.com:")[2].split(":")
        return f"xilinx.com:{name[0]}:{name[1]}:1.0" if len(name) > 1 and name[0] == "ip" else ""

    def _get_runs(self, _given: dict[str, str], rest: list[str]) -> str:
        return rest[0]

    def _get_property(self, _given: dict[str, str], rest: list[str]) -> str:
        answers = {"PROGRESS": "100%", "STATUS": "complete", "SLACK": "0.521"}
        directory = str(self.project / f"{self.name}.runs" / rest[-1])
        return directory if rest[0] == "DIRECTORY" else answers.get(rest[0], "")

    def _synth_design(self, _given: dict[str, str], _rest: list[str]) -> None:
        self._phases("synth_design", "synth", ["RTL Elaboration", "Technology Mapping"])

    def _place_design(self, _given: dict[str, str], _rest: list[str]) -> None:
        self._phases("place_design", "place", ["Placer Initialization", "Global Placement"])

    def _route_design(self, _given: dict[str, str], _rest: list[str]) -> None:
        self._phases("route_design", "route", ["Build RT Design", "Router Initialization"])

    def _phases(self, command: str, stage: str, phases: list[str]) -> None:
        say(f"Command: {command}")
        self.stage(stage, len(phases))
        for number, phase in enumerate(phases, 1):
            say(f"Phase {number} {phase}")
            if number > 1:
                self.pause(len(phases))

    def _launch_runs(self, given: dict[str, str], rest: list[str]) -> None:
        stage = "synth" if rest[0].startswith("synth") else "impl"
        say(f"[Sun Nov 22 10:00:00 2026] Launched {rest[0]}...")
        self.stage(stage)
        if given.get("-to_step") == "write_bitstream":
            self._write_products(rest[0])

    def _write_products(self, run: str) -> None:
        bits = b"\0\x09\x0f\xf0" + (self.archive.read_bytes() if self.archive.is_file() else b"")
        folder = self.project / f"{self.name}.runs" / run
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{self.design}_wrapper.bit").write_bytes(bits)
        kind = "srcs" if self.version < "2020.2" else "gen"
        handoff = self.project / f"{self.name}.{kind}" / "sources_1" / "bd" / self.design / "hw_handoff"
        reports.write(handoff / f"{self.design}.hwh", f"<EDKSYSTEM><MODULE FULLNAME='/{self.kernel}'/></EDKSYSTEM>\n")

    def _write_bitstream(self, _given: dict[str, str], rest: list[str]) -> None:
        self.stage("bitstream")
        Path(rest[-1]).write_bytes(b"\0\x09\x0f\xf0")

    def _write_hw_platform(self, _given: dict[str, str], rest: list[str]) -> None:
        reports.write(Path(rest[-1] if rest else _given["-file"]), "xsa\n")

    def _report_utilization(self, given: dict[str, str], _rest: list[str]) -> None:
        parts = {name: reports.figures(name) for name in self._processes()}
        whole = reports.total(list(parts.values())) if parts else reports.figures(self.kernel)
        rows = [(0, "kernel_ooc", "(top)", whole), (1, "inst", f"kernel_ooc_{self.kernel}", whole)]
        rows += [(2, f"{name}_U0", f"kernel_ooc_{self.kernel}_{name}", figures) for name, figures in parts.items()]
        rows += [(3, "control_s_axi_U", "kernel_ooc_control_s_axi", reports.figures("control"))]
        reports.write(Path(given["-file"]), reports.utilization_rpt("kernel_ooc", rows, self.version))

    def _processes(self) -> list[str]:
        if not self.archive.is_file():
            return []
        names = zipfile.ZipFile(self.archive).read("doc/modules.txt").decode().split()
        return [name for name in names if name != self.kernel]

    def _report_timing_summary(self, given: dict[str, str], _rest: list[str]) -> None:
        reports.write(Path(given["-file"]), reports.timing_rpt(self.period, 0.521))

    def _report_power(self, given: dict[str, str], _rest: list[str]) -> None:
        reports.write(Path(given["-file"]), reports.POWER_RPT)


def main(argv: list[str]) -> int:
    """`vivado -mode batch ... -source script`, `vivado -version`."""
    version = version_of(argv[0])
    if "-version" in argv:
        name = "Vivado" if version < "2023.1" else "vivado"
        say(f"{name} v{version} (64-bit)\nTool Version Limit: 2026.06\nSW Build 1")
        return 0
    say(f"\n****** Vivado v{version} (64-bit)\n")
    script = Path(argv[argv.index("-source") + 1])
    return ended(lambda: run_script(script, Vivado(argv[0]).command))
