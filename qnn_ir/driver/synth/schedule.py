"""Steps in parallel: each one starts when those that it needs are finished; the first failure starts nothing new."""

from collections.abc import Callable, Generator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from typing import Any, Protocol, TypeVar, cast

from qnn_ir.errors import UserError


class _Named(Protocol):
    @property
    def name(self) -> str: ...

    @property
    def needs(self) -> tuple[str, ...]: ...


_StepT = TypeVar("_StepT", bound=_Named)


def run_graph(
    steps: Sequence[_StepT], jobs: int, run: Callable[[_StepT], None], failed: Callable[[], None] = lambda: None
) -> None:
    """
    `run` every step after those that it needs, at most `jobs` at a time.

    At the first exception no further step starts; those that run go on to their end and count. On an interrupt,
    `failed` is called, which has to end them. Then the exception is raised.
    """
    waiting, running, finished = list(steps), dict[Future[None], _StepT](), set[str]()
    problem: BaseException | None = None
    with ThreadPoolExecutor(jobs) as pool:
        try:
            while running or (waiting and problem is None):
                ready = [s for s in waiting if finished.issuperset(s.needs)] if problem is None else []
                for step in ready[: jobs - len(running)]:
                    waiting.remove(step)
                    running[pool.submit(run, step)] = step
                done, _ = wait(running, return_when=FIRST_COMPLETED)
                for future in done:
                    step = running.pop(future)
                    if error := future.exception():
                        problem = problem or error
                    else:
                        finished.add(step.name)
        except BaseException:
            failed()
            raise
    if problem is not None:
        raise problem


@contextmanager
def remote_executor(address: str) -> Generator[Executor]:
    """The Dask cluster at `address` as an executor. Raises `UserError` where there is none, or no `distributed`."""
    try:
        import distributed  # pyright: ignore[reportMissingImports]  optional: pip install 'dask[distributed]'
    except ImportError as error:
        raise UserError("--dask needs the package distributed", remedy="pip install 'qnn-ir[dask]'") from error
    module = cast(Any, distributed)
    try:
        client = module.Client(address, timeout=20)
    except (OSError, TimeoutError, ValueError) as error:
        raise UserError("no Dask scheduler answers", address, "start one: dask scheduler") from error
    with client:
        yield client.get_executor(pure=False, retries=0)
