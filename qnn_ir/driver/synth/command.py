"""`qnnc synth OUT`: bring a build to the vendor's tools and take home what they make."""

import argparse
import json
import sys
from collections.abc import Generator
from concurrent.futures import Executor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from qnn_ir.driver.atomic import atomic_file
from qnn_ir.driver.manifest import read_manifest
from qnn_ir.driver.report import full_report, read_report
from qnn_ir.driver.synth.launch import Launcher
from qnn_ir.driver.synth.plan import Build, plan_steps
from qnn_ir.driver.synth.process import execute
from qnn_ir.driver.synth.progress import Watch, elapsed
from qnn_ir.driver.synth.results import CALIBRATION, calibration_text
from qnn_ir.driver.synth.runner import Runner, locked
from qnn_ir.driver.synth.schedule import remote_executor
from qnn_ir.driver.synth.store import Cache, default_cache
from qnn_ir.driver.synth.tools import Finder
from qnn_ir.errors import UserError
from qnn_ir.report.table import layer_table

DFX = "dfx.json"
"""A folder with this file was made by `qnnc dfx`."""


def synth_command(arguments: argparse.Namespace) -> tuple[dict[str, Any], str]:
    """`qnnc synth OUT [options]`; see `add_arguments`."""
    build = _build(arguments.out)
    launcher = _launcher(arguments)
    _check(arguments)
    finder = Finder(launcher, _absolute(arguments.tool_dir, launcher), arguments.tool_version)
    names = [name.strip() for name in (arguments.steps or "").split(",") if name.strip()]
    frames = _frames(build, arguments.input)
    plans, left_out = plan_steps(build, names, finder, arguments.flow, arguments.strategy, frames)
    timeout = None if arguments.timeout is None else 60 * arguments.timeout
    cache = Cache(arguments.cache or default_cache())
    with locked(build.out / "synth"), Watch(sys.stderr) as watch, _executor(arguments.dask) as pool:
        for line in left_out:
            watch.say(f"warning: {line}")

        def run(job: Any) -> Any:
            return execute(job) if pool is None else pool.submit(execute, job).result()

        runner = Runner(build.out, cache, launcher, run, watch, timeout)
        runner.run(plans, arguments.jobs)
        report = None if build.modules else full_report(build.out)
        if report is not None:
            atomic_file(runner.synth / CALIBRATION, calibration_text(report))
    steps = [{"step": plan.step.name} | runner.results[plan.step.name] for plan in plans]
    text = _text(steps, build.out) if report is None else f"{layer_table(report)}\n{_text(steps, build.out)}"
    return {"output": str(build.out / "synth"), "steps": steps, "left_out": left_out, "report": report}, text


def _build(out: Path) -> Build:
    if (out / DFX).is_file():
        return _dfx(out.resolve())
    manifest = read_manifest(out)
    return Build(out.resolve(), manifest.get("kernel", manifest.get("top", "")), read_report(out)["part"])


def _dfx(out: Path) -> Build:
    """A folder of `qnnc dfx`."""
    try:
        facts = json.loads((out / DFX).read_text(encoding="utf-8"))
        modules = tuple((str(module["name"]), str(module["kernel"])) for module in facts["modules"])
        return Build(out, "", str(facts["part"]), modules)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UserError("a file of the folder is missing or damaged", str(out / DFX), "run `qnnc dfx` again") from error


def _frames(build: Build, source: Path | None) -> int:
    """Write the frames for simulations; how many there are, 0 without any."""
    if source is None:
        return 0
    from qnn_ir.driver.synth.frames import write_frames  # the interpreter, for the float prologue

    with locked(build.out / "synth"):
        return write_frames(build.out, source)


def _launcher(arguments: argparse.Namespace) -> Launcher:
    try:
        return Launcher.of(arguments.prefix, arguments.module)
    except ValueError as error:
        raise UserError(f"--prefix {arguments.prefix!r}: {error}", remedy="quote it as in a shell") from error


def _absolute(folder: str | None, launcher: Launcher) -> str | None:
    """A folder of this host as an absolute path; one of another host is as the user says."""
    return folder if folder is None or launcher.prefix else str(Path(folder).expanduser().resolve())


def _check(arguments: argparse.Namespace) -> None:
    if arguments.jobs < 1:
        raise UserError(f"--jobs {arguments.jobs}", remedy="give at least 1")
    if arguments.timeout is not None and not arguments.timeout > 0:
        raise UserError(f"--timeout {arguments.timeout:g}", remedy="give minutes")
    version = arguments.tool_version
    if version is not None and not all(number.isdigit() for number in version.split(".")):
        raise UserError(f"--tool-version {version!r}", remedy="write it as 2022.2")


@contextmanager
def _executor(address: str | None) -> Generator[Executor | None]:
    if address is None:
        yield None
        return
    with remote_executor(address) as pool:
        yield pool


def _text(steps: list[dict[str, Any]], out: Path) -> str:
    ran = [step for step in steps if step["how"] == "run"]
    seconds = sum(step["seconds"] for step in ran)
    return f"{len(steps)} steps finished, {len(ran)} of them run now in {elapsed(seconds)}: {out / 'synth'}"
