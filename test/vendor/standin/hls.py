"""Vivado HLS and Vitis HLS: projects and solutions, C simulation, synthesis, co-simulation, export."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

from standin import reports
from standin.session import Failed, Session, banner, ended, say, version_of
from standin.tcl import options, run_script

INCLUDE = Path(__file__).parents[3] / "qnn_ir" / "include"

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
        self.testbenches: list[Path] = []

    def command(self, words: list[str]) -> None:
        """One command of the script; those without an effect on files are only told."""
        say(f"INFO: [HLS 200-1510] Running: {' '.join(words)} ")
        name = f"_{words[0]}"
        if hasattr(self, name):
            getattr(self, name)(*options(words))

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
        if "-tb" in given:
            self.testbenches += [Path(name) for name in rest]
        else:
            self.sources += [Path(name) for name in rest]

    def _csim_design(self, given: dict[str, str], _rest: list[str]) -> None:
        say("INFO: [SIM 211-2] *************** CSIM start ***************")
        self.stage("csim")
        self._testbench(given["-argv"])
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

    def _cosim_design(self, given: dict[str, str], _rest: list[str]) -> None:
        self._need_synthesis("cosim")
        say("INFO: [COSIM 212-47] *************** C/RTL co-simulation start ***************")
        self.stage("cosim")
        self._testbench(given["-argv"])
        reports.write(self.solution / "sim" / "report" / f"{self.kernel}_cosim.rpt", reports.cosim_rpt(1234))
        say("INFO: [COSIM 212-1000] *** C/RTL co-simulation finished: PASS ***")

    def _export_design(self, given: dict[str, str], _rest: list[str]) -> None:
        self._need_synthesis("export")
        say("INFO: [IMPL 213-8] Exporting RTL as a Vivado IP.")
        self.stage("export")
        for path in [*self.solution.glob("impl/ip/*.zip"), *map(Path, [given[o] for o in ("-output",) if o in given])]:
            archive(path, self)

    def _testbench(self, arguments: str) -> None:
        """The real thing: compiled by g++ with the headers of the package, and run."""
        program = self.solution / "csim.exe"
        files = [str(path) for path in (*self.sources, *self.testbenches)]
        flags = ["-std=c++14", "-I", str(INCLUDE), "-Wno-unknown-pragmas"]
        for command in (["g++", *flags, *files, "-o", str(program)], [str(program), *arguments.split()]):
            if subprocess.run(command, check=False).returncode:
                say("ERROR: [SIM 211-100] 'csim_design' failed: compilation error(s) or nonzero return value.")
                raise Failed
        if os.environ.get("QNN_STANDIN_WRONG"):
            for path in Path(arguments.split()[1]).parent.glob("csim_out*.bin"):
                path.write_bytes(path.read_bytes()[:-1] + b"\x7f")

    def _need_synthesis(self, step: str) -> None:
        if not (self.solution / "syn" / "report").is_dir():
            say(f"ERROR: [IMPL 213-28] Cannot {step}: please run csynth_design first")
            raise Failed


def archive(path: Path, hls: Hls) -> None:
    """An IP or a kernel object: what the checker knows of it, and the functions in it for the stand-in of Vivado."""
    content = json.loads(path.read_text(encoding="utf-8")) if path.suffix == ".zip" and path.is_file() else {}
    folder = hls.solution / "syn" / "report"
    modules = sorted(report.name.removesuffix("_csynth.xml") for report in folder.glob("*_csynth.xml"))
    path.write_text(json.dumps(content | {"kernel": hls.kernel, "modules": modules}), encoding="utf-8")


def _line_of(source: Path, function: str) -> str:
    lines = source.read_text(encoding="utf-8").splitlines()
    number = next(i for i, line in enumerate(lines, 1) if re.match(rf"(static )?void {function}\(", line))
    return f"{source.name}:{number + 1}:3"


def run_tcl(program: str, script: str) -> None:
    """Run an HLS script."""
    tool = "vivado_hls" if Path(program).name == "vivado_hls" else "vitis_hls"
    run_script(Path(script), tool, version_of(program), Hls(program).command)


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
