"""Vitis unified: `vitis-run --mode hls` with scripts and configuration files, `v++ -c --mode hls`, `v++ --link`."""

import argparse
from pathlib import Path

from standin import reports
from standin.hls import Hls, archive, run_tcl
from standin.session import Failed, Session, banner, ended, say, version_of


def main(argv: list[str]) -> int:
    """Either program."""
    banner(Path(argv[0]).name, version_of(argv[0]))
    if argv[1:] == ["--version"]:
        return 0
    return ended(lambda: _run(argv))


def _run(argv: list[str]) -> None:
    p = argparse.ArgumentParser(allow_abbrev=False)
    p.add_argument("--mode", choices=["hls"])
    p.add_argument("--tcl")
    for flag in ("--csim", "--cosim", "--package", "--link", "--save-temps"):
        p.add_argument(flag, action="store_true")
    p.add_argument("-c", "--compile", action="store_true")
    for option in ("--config", "--work_dir", "--target", "--platform", "--output", "--report_level", "--report_dir"):
        p.add_argument(option)
    for option in ("--log_dir", "--temp_dir", "--vivado.synth.jobs", "--vivado.impl.jobs"):
        p.add_argument(option)
    p.add_argument("inputs", nargs="*")
    given = p.parse_args(argv[1:])
    if given.link:
        _link(argv[0], given)
    elif given.tcl:
        run_tcl(argv[0], given.tcl)
    else:
        _configured(argv[0], given)


def _configured(program: str, given: argparse.Namespace) -> None:
    """One step of a configuration file."""
    config = dict(line.split("=", 1) for line in Path(given.config).read_text().splitlines() if "=" in line)
    hls = Hls(program)
    Path(given.work_dir).mkdir(exist_ok=True, parents=True)
    hls.solution = Path(given.work_dir) / "hls"
    hls.part, hls.period = config["part"], float(config["clock"].removesuffix("ns"))
    hls.kernel, hls.sources = config["syn.top"], [Path(config["syn.file"])]
    if given.compile:
        hls.command(["csynth_design"])
        return
    if given.package:
        hls.stage("export")
        archive(Path(given.work_dir) / config["package.output.file"], hls)
        return
    hls.command(["csim_design" if given.csim else "cosim_design"])


def _link(program: str, given: argparse.Namespace) -> None:
    session = Session(program)
    session.kernel = Path(given.output).stem
    for name in given.inputs:
        if not Path(name).is_file():
            say(f"ERROR: [v++ 60-602] Source file does not exist: {name}")
            raise Failed
    for step in ("create_project", "create_bd", "generate_target", "synth", "impl"):
        say(f"[11:27:52] Run vpl: Step {step}: Started")
        if step == "synth":
            session.stage("link")
        say(f"[11:27:52] Run vpl: Step {step}: Completed")
    Path(given.output).write_bytes(b"xclbin2\0" + b"".join(Path(name).read_bytes() for name in given.inputs))
    reports.write(Path(given.output + ".info"), f"Kernels: {session.kernel}\n")
