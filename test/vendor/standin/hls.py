"""Vivado HLS and Vitis HLS: projects and solutions, C simulation, synthesis, co-simulation, export."""

import re
import shutil
import zipfile
from pathlib import Path

from standin import reports
from standin.session import Failed, Session, banner, ended, say, version_of
from standin.tcl import options, run_script

TITLES = {
    "vivado_hls": "Vivado(TM) HLS - High-Level Synthesis from C, C++ and SystemC",
    "vitis_hls": "Vitis HLS - High-Level Synthesis from C, C++ and OpenCL",
}


class Hls(Session):
    """One run of an HLS tool; `command` takes the commands of its script."""

    def __init__(self, program: str):
        super().__init__(program)
        self.version = version_of(program)
        self.part, self.period = "", 10.0
        self.project, self.solution = Path(), Path()
        self.sources: list[Path] = []

    def command(self, words: list[str]) -> str:
        """One command of the script; those without an effect on files are only told."""
        say(f"INFO: [HLS 200-1510] Running: {' '.join(words)} ")
        name = f"_{words[0]}"
        if hasattr(self, name):
            getattr(self, name)(*options(words))
        return ""

    def _open_project(self, given: dict[str, str], rest: list[str]) -> None:
        self.project = Path(rest[0])
        if "-reset" in given:
            shutil.rmtree(self.project, ignore_errors=True)
        self.project.mkdir(exist_ok=True)

    def _open_solution(self, given: dict[str, str], rest: list[str]) -> None:
        self.solution = self.project / rest[0]
        if "-reset" in given:
            shutil.rmtree(self.solution, ignore_errors=True)
        self.solution.mkdir(exist_ok=True)

    def _set_top(self, _given: dict[str, str], rest: list[str]) -> None:
        self.kernel = rest[0]

    def _set_part(self, _given: dict[str, str], rest: list[str]) -> None:
        self.part = rest[0]
        if not self.part.startswith("xc"):
            say(f"ERROR: [HLS 200-1023] Part '{self.part}' is not installed: device not found")
            raise Failed

    def _create_clock(self, given: dict[str, str], _rest: list[str]) -> None:
        self.period = float(given["-period"])

    def _add_files(self, given: dict[str, str], rest: list[str]) -> None:
        for name in rest:
            if not Path(name).is_file():
                say(f"ERROR: [HLS 200-642] Cannot find design file '{name}'")
                raise Failed
        if "-tb" not in given:
            self.sources += [Path(name) for name in rest]

    def _csim_design(self, _given: dict[str, str], _rest: list[str]) -> None:
        say("INFO: [SIM 211-2] *************** CSIM start ***************")
        self.stage("csim")
        text = "INFO: [SIM 211-1] CSim done with 0 errors.\n"
        reports.write(self.solution / "csim" / "report" / f"{self.kernel}_csim.log", text)
        say(text + "INFO: [SIM 211-3] *************** CSIM finish ***************")

    def _csynth_design(self, _given: dict[str, str], _rest: list[str]) -> None:
        source = "".join(path.read_text(encoding="utf-8") for path in self.sources)
        found = reports.functions(source)
        if self.kernel not in found:
            say("ERROR: [HLS 200-1715] Encountered problem during source synthesis")
            raise Failed
        processes = {name: reports.figures(text) for name, text in found.items() if name != self.kernel}
        self.source_line = _line_of(self.sources[0], list(found)[(len(found) - 1) // 2])
        say(f"INFO: [HLS 200-10] Analyzing design file '{self.sources[0].name}' ... ")
        self.stage("csynth", len(found) + 1)
        say("INFO: [HLS 200-10] Starting hardware synthesis ...")
        for name in found:
            say(f"INFO: [HLS 200-42] -- Implementing module '{name}' ")
            self.pause(len(found) + 1)
        self._reports(processes, found[self.kernel])
        say("INFO: [HLS 200-111] Finished Command csynth_design CPU user time: 22.02 seconds.")

    def _reports(self, processes: dict[str, reports.Figures], code: str) -> None:
        folder = self.solution / "syn" / "report"
        whole = reports.total(list(processes.values())) if processes else reports.figures(code)
        given = (self.version, self.part, self.period)
        for name, figures in processes.items():
            reports.write(folder / f"{name}_csynth.xml", reports.csynth_xml(name, figures, *given))
        text = reports.csynth_xml(self.kernel, whole, *given, modules="<ModuleInformation/>" if processes else "")
        reports.write(folder / f"{self.kernel}_csynth.xml", text)
        reports.write(folder / "csynth.xml", text)

    def _cosim_design(self, _given: dict[str, str], _rest: list[str]) -> None:
        self._need_synthesis("cosim")
        say("INFO: [COSIM 212-47] *************** C/RTL co-simulation start ***************")
        self.stage("cosim")
        reports.write(self.solution / "sim" / "report" / f"{self.kernel}_cosim.rpt", reports.cosim_rpt(1234))
        say("INFO: [COSIM 212-1000] *** C/RTL co-simulation finished: PASS ***")

    def _export_design(self, given: dict[str, str], _rest: list[str]) -> None:
        self._need_synthesis("export")
        say("INFO: [IMPL 213-8] Exporting RTL as a Vivado IP.")
        self.stage("export")
        kind = "xo" if given.get("-format") == "xo" else "zip"
        default = self.solution / "impl" / "ip" / f"qnn_ir_hls_{self.kernel}_1_0.zip"
        archive(Path(given.get("-output", default)).with_suffix(f".{kind}"), self)

    def _need_synthesis(self, step: str) -> None:
        if not (self.solution / "syn" / "report").is_dir():
            say(f"ERROR: [IMPL 213-28] Cannot {step}: please run csynth_design first")
            raise Failed


def archive(path: Path, hls: Hls) -> None:
    """An IP or a kernel object: the same bytes for the same design. `doc/modules.txt` is for the stand-in of Vivado."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as file:
        reports_of = hls.solution / "syn" / "report"
        modules = sorted(p.name.removesuffix("_csynth.xml") for p in reports_of.glob("*_csynth.xml"))
        texts = {"component.xml": f"<component>{hls.kernel}</component>", "doc/modules.txt": "\n".join(modules)}
        for name, text in texts.items():
            file.writestr(zipfile.ZipInfo(name, (2020, 1, 1, 0, 0, 0)), text)


def _line_of(source: Path, function: str) -> str:
    lines = source.read_text(encoding="utf-8").splitlines()
    number = next(i for i, line in enumerate(lines, 1) if re.match(rf"(static )?void {function}\(", line))
    return f"{source.name}:{number + 1}:3"


def run_tcl(program: str, script: str) -> None:
    """Run an HLS script."""
    run_script(Path(script), Hls(program).command)


def main(argv: list[str]) -> int:
    """`vitis_hls -f script`, `vitis_hls -version`."""
    version, name = version_of(argv[0]), Path(argv[0]).name
    banner(TITLES[name], version)
    if argv[1:] == ["-version"]:
        return 0
    if argv[1:2] != ["-f"] or len(argv) != 3:
        say("ERROR: [HLS 200-101] usage: vitis_hls -f script.tcl")
        return 1
    return ended(lambda: run_tcl(argv[0], argv[2]))
