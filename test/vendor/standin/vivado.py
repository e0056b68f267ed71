"""Vivado in batch mode: projects, runs, reports and files where the real one puts them."""

import json
from pathlib import Path

from standin import reports
from standin.session import Session, ended, say, version_of
from standin.tcl import options, run_script

_FLAGS = frozenset({
    "-force", "-no_partial_bitfile", "-hierarchical", "-in_memory", "-norecurse", "-top", "-fixed", "-include_bit",
    "-quiet", "-all", "-rebuild", "-latest_file_version", "-no_copy", "-import", "-regenerate",
})  # fmt: skip


class Vivado(Session):
    """One run; `command` takes the commands of its script."""

    def __init__(self, program: str):
        super().__init__(program)
        self.version = version_of(program)
        self.project, self.name, self.design = Path(), "", "system"
        self.archive = Path()
        self.period = 10.0

    def command(self, words: list[str]) -> None:
        """One command; what it writes."""
        name = f"_{words[0]}"
        if hasattr(self, name):
            getattr(self, name)(*options(words, _FLAGS))

    def _create_project(self, _given: dict[str, str], rest: list[str]) -> None:
        if rest:
            self.name, self.project = rest[0], Path(rest[-1])

    def _create_bd_design(self, _given: dict[str, str], rest: list[str]) -> None:
        self.design = rest[0]

    def _update_ip_catalog(self, given: dict[str, str], _rest: list[str]) -> None:
        if "-add_ip" in given:
            self.archive = Path(given["-add_ip"])
            self.kernel = self.archive.stem

    def _make_wrapper(self, _given: dict[str, str], _rest: list[str]) -> None:
        for path in self.project.glob(f"{self.name}.*/sources_1/bd/{self.design}/hw_handoff/*.hwh"):
            reports.write(path, f"<EDKSYSTEM><MODULE FULLNAME='/{self.kernel}'/></EDKSYSTEM>\n")

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
        for path in (self.project / "runs" / rest[0]).glob("*.bit"):
            self._bits(path)

    def _write_bitstream(self, _given: dict[str, str], rest: list[str]) -> None:
        self.stage("bitstream")
        self._bits(Path(rest[-1]))

    def _bits(self, path: Path) -> None:
        path.write_bytes(b"\0\x09\x0f\xf0" + (self.archive.read_bytes() if self.archive.is_file() else b""))

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
        names: list[str] = json.loads(self.archive.read_text(encoding="utf-8")).get("modules", [])
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
    return ended(lambda: run_script(script, "vivado", version, Vivado(argv[0]).command))
