"""From the command line to plans: which steps, with which tools, by which command lines, under which keys."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from qnn_ir.driver.synth.capabilities import config_command, config_first, filled, lacking, release
from qnn_ir.driver.synth.job import Plan
from qnn_ir.driver.synth.keys import step_key
from qnn_ir.driver.synth.steps import Step, all_steps, default_names, dfx_steps, wanted_steps
from qnn_ir.driver.synth.tools import Finder, Tool, ToolMissing
from qnn_ir.errors import UserError

CONFIG = "hls_config.cfg"
COUNT, DATA = "QNN_FRAMES", "QNN_DATA"
"""Variables that tell a script how many frames there are, and in which folder."""

FRAMES = "frames"
"""Of OUT/synth: the words of every port and memory in `csim_<name>.bin`, as the testbench reads and writes them."""


@dataclass(frozen=True)
class Build:
    """A build folder: its kernel and its part; or one of `qnnc dfx`, with the modules and their kernels."""

    out: Path
    top: str
    part: str
    modules: tuple[tuple[str, str], ...] = ()

    def steps(self) -> dict[str, Step]:
        """All steps that the folder has scripts for."""
        return dfx_steps(self.out, dict(self.modules)) if self.modules else all_steps(self.out, self.top)


def plan_steps(
    build: Build, names: Sequence[str], finder: Finder, flow: str, strategy: str = "default", frames: int = 0
) -> tuple[list[Plan], list[str]]:
    """
    The plans for the steps `names` (the way to the board where empty), in an order in which they can run, and what is
    left out because its tool is not installed, a line each.

    Raises `UserError` where nothing can run, or a step that was asked for cannot.
    """
    chosen_by = () if strategy == "default" else (("QNN_STRATEGY", strategy),)
    found = build.steps().items()
    steps = {name: replace(step, environment=(*step.environment, *chosen_by)) for name, step in found}
    if not steps:
        raise UserError("no script for a tool in this folder", str(build.out), "run `qnnc build` again")
    chosen = [_with_frames(step, frames, flow) for step in wanted_steps(names or default_names(steps), steps)]
    tools: dict[str, Tool] = {}
    missing: dict[str, ToolMissing] = {}
    for kind in dict.fromkeys(step.kind for step in chosen):
        try:
            tools[kind] = finder.newest(kind, build.part)
        except ToolMissing as error:
            missing[kind] = error
    if missing and (names or not tools):
        raise _missing(next(iter(missing.values())), [step for step in chosen if step.kind in missing])
    able: list[Step] = []
    for step in chosen:
        if step.kind in tools and all(any(s.name == need for s in able) for need in step.needs):
            able.append(step)
    left_out = [f"{e.what}: left out {', '.join(s.name for s in chosen if s not in able)}" for e in missing.values()]
    return _plans(build, able, tools, finder, flow), left_out


def _with_frames(step: Step, frames: int, flow: str) -> Step:
    """A simulation with its frames; any other step as it is."""
    if step.name not in ("csim", "cosim"):
        return step
    if not frames:
        raise UserError(f"the step {step.name!r} needs frames", remedy="give --input X.npy")
    if flow != "tcl":
        raise UserError("configuration files pass no frames to a simulation", remedy="use --flow tcl")
    environment = (*step.environment, (COUNT, str(frames)))
    return replace(step, inputs=(*step.inputs, f"synth/{FRAMES}"), environment=environment)


def _missing(error: ToolMissing, steps: list[Step]) -> UserError:
    scripts = ", ".join(dict.fromkeys(step.path for step in steps if not step.layer))
    if layers := sum(1 for step in steps if step.layer):
        scripts = f"{scripts or 'hls/layers/*/run_hls.tcl'}" + (f" and {layers} of layers" if scripts else "")
    return UserError(f"{error.what}; the scripts are ready ({scripts})", error.where, error.remedy)


def _plans(build: Build, steps: list[Step], tools: dict[str, Tool], finder: Finder, flow: str) -> list[Plan]:
    plans: dict[str, Plan] = {}
    for step in steps:
        step, tool, words = _command(build, step, tools[step.kind], finder, flow)
        _check_sources(build, step, tool)
        needs = {name: plans[name].key for name in step.needs}
        key = step_key(step, build.out, tool, words, needs)
        plans[step.name] = Plan(step, tool, filled(words, program=tool.path), key)
    return list(plans.values())


def _command(build: Build, step: Step, tool: Tool, finder: Finder, flow: str) -> tuple[Step, Tool, tuple[str, ...]]:
    """The step, its tool and the command line but for the program; the flow of configuration files has other ones."""
    if flow == "tcl" or step.kind != "hls" or step.layer or step.base:
        return step, tool, filled(tool.kind.command, script=step.script)
    if release(tool.version) < release(config_first()):
        raise UserError(
            f"{tool} has no flow of configuration files", remedy=f"use {config_first()} or newer, or --flow tcl"
        )
    if not (build.out / step.cwd / CONFIG).is_file():
        raise UserError(f"this build has no {CONFIG}", str(build.out), "use --flow tcl")
    program, words = config_command(step.name)
    work = f"hls/{build.top}_hls"
    step = replace(step, script=CONFIG, products=tuple(f"{work}/{name}" for name in _CONFIGURED[step.name]))
    return step, finder.program(program), filled(words, script=CONFIG, work=f"../synth/{work}")


_CONFIGURED = {
    "csim": ("*/csim/report/*.log",),
    "csynth": ("*/syn/report/csynth.xml", "*/syn/report/*.xml"),
    "cosim": ("*/sim/report/*_cosim.rpt",),
    "export": ("*.[zx][io]*",),
}
"""What the flow of configuration files leaves in its work folder."""


def _check_sources(build: Build, step: Step, tool: Tool) -> None:
    if step.kind != "hls":
        return
    for path in sorted((build.out / step.base / "hls").glob("*.cpp")):
        if what := lacking(tool.kind.name, path.read_text(encoding="utf-8", errors="replace")):
            raise UserError(f"{tool} has no {what}", str(path), "use Vitis HLS 2020.2 or newer")


_PROCESS = re.compile(r'^// (\w+), from "(.*)": ', re.MULTILINE)


def processes_of(out: Path) -> dict[str, str]:
    """The processes of the generated C++ and the ONNX node of each, from the comments above them."""
    sources = [path.read_text(encoding="utf-8", errors="replace") for path in sorted((out / "hls").glob("*.cpp"))]
    return {name: node for source in sources for name, node in _PROCESS.findall(source)}
