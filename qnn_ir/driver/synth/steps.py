"""The steps from generated files to a bitstream, what each one reads and makes, and their order."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from qnn_ir.errors import UserError

NAMES = ("csim", "csynth", "cosim", "export", "layers", "ooc", "bitstream", "xclbin", "dfx")
"""What `--steps` takes, in their order; `layers` stands for one step per process."""

SCRIPT = "run_hls.tcl"


@dataclass(frozen=True)
class Step:
    """
    One run of a tool of the sort `kind` (`hls`, `vivado`, `link`) with `script`, in the folder `cwd` of a copy of the
    build.

    The copy holds `inputs` (files and folders of OUT) and what the steps of `needs` have left. `products` are patterns
    of files below its `synth/`; the first one has to match, or the step has failed. `state` are folders there that
    later steps go on with. `layer` names the process that the step is about. A module of a reconfigurable slot is a
    build of its own in the folder `base`, with a `synth/` of its own.
    """

    name: str
    kind: str
    cwd: str
    script: str
    inputs: tuple[str, ...]
    products: tuple[str, ...]
    needs: tuple[str, ...] = ()
    state: tuple[str, ...] = ()
    environment: tuple[tuple[str, str], ...] = ()
    layer: str = ""
    base: str = ""

    @property
    def path(self) -> str:
        """The script, relative to OUT."""
        return f"{self.cwd}/{self.script}"

    def published(self, made: str) -> str:
        """Where what the tool has made at `made` lies in the end, both below `synth/`: by kind, reports by layer."""
        name = made.rpartition("/")[2]
        if self.layer:
            return f"reports/{self.name}/{name}"
        return f"{_FOLDERS[name[-4:]]}/{name}" if name[-4:] in _FOLDERS else made


_FOLDERS = {".xml": "reports", ".rpt": "reports", ".log": "reports", ".zip": "ip"}
"""The folder of files by the end of their names."""


def all_steps(out: Path, top: str) -> dict[str, Step]:
    """Every step whose script lies in the build folder `out` of the kernel `top`, by name."""
    found = [*_hls(out, top), *_layers(out), *_vivado(top), *_alveo(top)]
    return {step.name: step for step in found if (out / step.path).is_file()}


def dfx_steps(out: Path, modules: Mapping[str, str]) -> dict[str, Step]:
    """The steps of a folder of `qnnc dfx`; `modules` maps its modules to their kernels. The last one is `dfx`."""
    found: dict[str, Step] = {}
    dcp = ("dfx",)
    for module, kernel in modules.items():
        base = f"modules/{module}"
        steps = all_steps(out / base, kernel)
        found |= {f"{base}/{name}": _moved(steps[name], base) for name in ("csynth", "export")}
        reports, needs = (f"reports/dfx_module_{module}_utilization.rpt",), (f"{base}/export",)
        name = f"{base}/module"
        found[name] = Step(name, "vivado", "vivado", f"module_{module}.tcl", ("vivado",), reports, needs, dcp)
    # The static part is whole when its checkpoint is there, which is no product for the user.
    found["static"] = Step("static", "vivado", "vivado", "static.tcl", ("vivado",), ("dfx/static.dcp",), (), dcp)
    needs = ("static", *(f"modules/{module}/module" for module in modules))
    products = ("bitstream/shell.bit", "bitstream/*", _REPORTS)
    found["dfx"] = Step("dfx", "vivado", "vivado", "implement.tcl", ("vivado",), products, needs)
    return found


def _moved(step: Step, base: str) -> Step:
    """A step of a build that lies in the folder `base` of another one."""
    return replace(
        step,
        name=f"{base}/{step.name}",
        cwd=f"{base}/{step.cwd}",
        inputs=tuple(f"{base}/{name}" for name in step.inputs),
        needs=tuple(f"{base}/{name}" for name in step.needs),
        base=base,
    )


def default_names(steps: dict[str, Step]) -> tuple[str, ...]:
    """The way of a build to the board as far as it has scripts: IP, then bitstream or xclbin."""
    return tuple(name for name in ("csynth", "export", "bitstream", "xclbin", "dfx") if name in steps)


def wanted_steps(names: Sequence[str], steps: dict[str, Step]) -> list[Step]:
    """The steps of `names` and all that they need, in an order in which they can run."""
    ordered: dict[str, Step] = {}

    def add(name: str) -> None:
        for need in steps[name].needs:
            add(need)
        ordered.setdefault(name, steps[name])

    for name in names:
        for found in _expanded(name, steps):
            add(found)
    return list(ordered.values())


def _expanded(name: str, steps: dict[str, Step]) -> list[str]:
    layers = [step for step in steps if step.startswith("layers/")]
    if name == "layers" and layers:
        return layers
    if name in steps:
        return [name]
    known = ", ".join(n for n in NAMES if n in steps or (n == "layers" and layers))
    if name in NAMES:
        raise UserError(f"this build has no scripts for the step {name!r}", remedy=f"it has {known}")
    raise UserError(f"unknown step {name!r}", remedy=f"choose of {known}")


_REPORTS = "reports/*"


def _hls(out: Path, top: str) -> Iterator[Step]:
    project = f"hls/{top}_hls"
    archive = f"alveo/{top}.xo" if (out / "alveo" / "link.sh").is_file() else f"ip/{top}.zip"

    def step(name: str, products: tuple[str, ...], needs: tuple[str, ...], state: tuple[str, ...] = ()) -> Step:
        return Step(name, "hls", "hls", SCRIPT, ("hls",), products, needs, state, (("QNN_STEPS", name),))

    yield step("csim", (f"{project}/*/csim/report/*.log",), ())
    yield step("csynth", ("reports/csynth.xml", _REPORTS), (), (project,))
    yield step("cosim", (f"reports/{top}_cosim.rpt",), ("csynth",))
    yield step("export", (archive, f"ip/{top}.zip"), ("csynth",))


def _layers(out: Path) -> Iterator[Step]:
    for script in sorted((out / "hls" / "layers").glob(f"*/{SCRIPT}")):
        layer = script.parent.name
        folder = f"hls/layers/{layer}"
        products, steps = (f"reports/{layer}_csynth.xml", _REPORTS), (("QNN_STEPS", "csynth"),)
        yield Step(f"layers/{layer}", "hls", folder, SCRIPT, (folder,), products, (), (), steps, layer)


def _vivado(top: str) -> Iterator[Step]:
    inputs, needs = ("vivado",), ("export",)
    yield Step("ooc", "vivado", "vivado", "ooc.tcl", inputs, ("reports/ooc_utilization.rpt", _REPORTS), needs)
    bits = (f"bitstream/{top}.bit", f"bitstream/{top}.*", _REPORTS)
    yield Step("bitstream", "vivado", "vivado", "bitstream.tcl", inputs, bits, needs)


def _alveo(top: str) -> Iterator[Step]:
    products = (f"alveo/{top}.xclbin", f"alveo/{top}.xclbin.*", _REPORTS)
    yield Step("xclbin", "link", "alveo", "link.sh", ("alveo",), products, ("export",))
