"""Runs plans: what is finished stays, what the cache has is taken, the rest goes to the tools."""

import fcntl
import shutil
import tempfile
import threading
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from qnn_ir.driver.synth.differences import difference
from qnn_ir.driver.synth.job import Plan, collect, lay_out
from qnn_ir.driver.synth.launch import Launcher
from qnn_ir.driver.synth.messages import failure_in
from qnn_ir.driver.synth.plan import COUNT, DATA, FRAMES, processes_of
from qnn_ir.driver.synth.process import STOP, Outcome, Run
from qnn_ir.driver.synth.progress import Watch, elapsed
from qnn_ir.driver.synth.results import STEPS
from qnn_ir.driver.synth.schedule import run_graph
from qnn_ir.driver.synth.steps import Step
from qnn_ir.driver.synth.store import (
    LOG,
    PRODUCTS,
    Cache,
    files_below,
    place,
    place_file,
    record_of,
    seal,
    swap,
    sweep,
)
from qnn_ir.errors import UserError


@contextmanager
def locked(synth: Path) -> Generator[None]:
    """The build is ours alone; leftovers of killed runs are gone."""
    try:
        synth.mkdir(parents=True, exist_ok=True)
        lock = (synth / ".lock").open("w")
    except OSError as error:
        raise UserError(f"cannot write here: {error.strerror}", str(synth)) from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise UserError("another `qnnc synth` works in this folder", str(synth), "wait for it") from error
        shutil.rmtree(synth / ".work", ignore_errors=True)
        sweep(synth)
        try:
            yield
        finally:
            # Tools of a run that was killed a moment before ours may have made folders after we cleaned up.
            shutil.rmtree(synth / ".work", ignore_errors=True)


@dataclass
class Runner:
    """
    Brings the steps of the build `out` to their ends.

    `execute` runs a tool (here or on a cluster); `results` holds, per finished step, how it came about: `run`, `cached`
    or `kept`, and its seconds.
    """

    out: Path
    cache: Cache
    launcher: Launcher
    execute: Callable[[Run], Outcome]
    watch: Watch
    timeout: float | None = None
    results: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]], init=False)
    _works: set[Path] = field(default_factory=set[Path], init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)

    @property
    def synth(self) -> Path:
        return self.out / "synth"

    def folder(self, step: str) -> Path:
        """Where a finished step lies."""
        return self.synth / STEPS / step

    def run(self, plans: Sequence[Plan], jobs: int) -> None:
        """All plans, at most `jobs` at a time. Raises `UserError` for the first step that fails."""
        self._plans = {plan.step.name: plan for plan in plans}
        run_graph([plan.step for plan in plans], jobs, lambda step: self._finish(self._plans[step.name]), self.stop)

    def stop(self) -> None:
        """End everything that runs, on whatever host."""
        with self._lock:
            for work in self._works:
                (work / STOP).touch()

    def _finish(self, plan: Plan) -> None:
        name, folder = plan.step.name, self.folder(plan.step.name)
        how = "kept"
        if (record := record_of(folder, plan.key)) is None:
            found = self.cache.find(plan.key)
            if found is not None:
                how = "cached"
                place(found, folder)
            else:
                how = "run"
                self._work(plan)
            record = record_of(folder, plan.key)
            assert record is not None
        for path in files_below(folder / PRODUCTS):
            place_file(folder / PRODUCTS / path, self.out / plan.step.base / "synth" / path)
        self.results[name] = {"how": how, "tool": record["tool"], "seconds": record["seconds"]}
        self.watch.say(f"{name}: {_ENDS[how].format(elapsed(record['seconds']))}")

    def _work(self, plan: Plan) -> None:
        """Run the tool and make the step's folder, in the cache and in OUT."""
        step = plan.step
        logs = self.synth / "logs" / f"{step.name}.log"
        logs.parent.mkdir(parents=True, exist_ok=True)
        with self._work_folder() as work:
            copy, fresh = work / "build", work / "step"
            before = self._before(plan)
            lay_out(step, self.out, copy, before)
            environment = dict(step.environment) | {"QNN_TOOL": plan.tool.kind.name}
            data = copy / "synth" / FRAMES
            if COUNT in environment:
                environment[DATA] = str(data)
            command = self.launcher.command(plan.command, str(copy / step.cwd), environment, plan.tool.folder)
            self.watch.started(step.name, logs, str(plan.tool))
            try:
                outcome = self.execute(Run(tuple(command), str(work), str(logs), self.timeout))
            finally:
                self.watch.ended(step.name)
            if outcome.end == "stopped":
                raise KeyboardInterrupt
            missing = None if outcome.end != "done" or outcome.code else collect(step, copy, fresh, before)
            if outcome.end != "done" or outcome.code or missing:
                raise self._failure(plan, logs, outcome, missing)
            if COUNT in environment and (what := difference(data)):
                raise UserError(f"{plan.tool}: {what}", step.name, f"see {logs}")
            shutil.copyfile(logs, fresh / LOG)
            seal(
                fresh,
                {"key": plan.key, "step": step.name, "tool": str(plan.tool), "seconds": round(outcome.seconds, 1)},
            )
            self._remember(fresh, plan.key)
            swap(fresh, self.folder(step.name))

    def _before(self, plan: Plan) -> list[tuple[Step, Path]]:
        """All steps before it, the nearest last: what that one left counts where two left the same file."""
        found: dict[str, tuple[Step, Path]] = {}
        for name in plan.step.needs:
            found |= {step.name: (step, folder) for step, folder in self._before(self._plans[name])}
            found[name] = (self._plans[name].step, self.folder(name))
        return list(found.values())

    def _remember(self, fresh: Path, key: str) -> None:
        try:
            self.cache.add(fresh, key)
        except OSError as error:
            self.watch.say(f"the cache cannot be written ({error.strerror}: {self.cache.root}); going on without")

    @contextmanager
    def _work_folder(self) -> Generator[Path]:
        (self.synth / ".work").mkdir(exist_ok=True)
        work = Path(tempfile.mkdtemp(dir=self.synth / ".work")).resolve()
        with self._lock:
            self._works.add(work)
        try:
            yield work
        finally:
            with self._lock:
                self._works.discard(work)
            shutil.rmtree(work, ignore_errors=True)

    def _failure(self, plan: Plan, logs: Path, outcome: Outcome, missing: str | None) -> UserError:
        step, see = plan.step, f"see {logs}"
        if outcome.end == "unstartable":
            return UserError(f"cannot be started: {outcome.reason}", step.name, "check --prefix")
        if outcome.end == "timeout":
            return UserError(
                f"{plan.tool} took longer than {elapsed(self.timeout or 0)}", step.name, f"raise --timeout; {see}"
            )
        processes, folder = processes_of(self.out / step.base), self.out / step.base / "hls"
        sources = {p.name: p.read_text(errors="replace") for p in folder.glob("*.[ch]*") if p.is_file()}
        failure = failure_in(logs.read_text(errors="replace").splitlines(), processes, sources)
        process = step.layer or failure.process
        place = step.name if process is None else f"{step.name}, layer {process}"
        if process in processes:
            place += f" (ONNX node {processes[process]})"
        what = f"{plan.tool} failed: {failure.line}"
        if not outcome.code and missing:
            what = f"{plan.tool} ended without making {missing}: {failure.line}"
        return UserError(what, place, f"{failure.remedy}; {see}" if failure.remedy else see)


_ENDS = {"run": "finished in {}", "cached": "from the cache (took {})", "kept": "finished before (took {})"}
