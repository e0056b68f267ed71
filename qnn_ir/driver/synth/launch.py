"""
How a vendor program is started: here or on another host, in the environment of a module or as it is.

Every command becomes one line for `sh`, in which everything is quoted. That line ties the life of the program to our
end of a pipe: when we close it, or die in any way, the program's whole process group is ended, on this host and behind
`ssh` alike. `ssh` itself hands no signal on, and a killed parent leaves its children running.
"""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

GRACE = 5
"""Seconds between the request to end (TERM) and the end (KILL)."""

_TIED = (
    "exec 3<&0; setsid {command} </dev/null 3<&- & p=$!; "
    "{{ cat <&3; kill -s TERM -- -$p; sleep {grace}; kill -s KILL -- -$p; }} >/dev/null 2>&1 & "
    "w=$!; exec 3<&-; wait $p; r=$?; kill $w 2>/dev/null; kill -s KILL -- -$p 2>/dev/null; exit $r"
)


@dataclass(frozen=True)
class Launcher:
    """
    Where programs run. `prefix`: words before one argument that a shell evaluates (`ssh host`; the file system is
    shared). `modules`: environment modules to load in a login shell first.
    """

    prefix: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()

    @staticmethod
    def of(prefix: str, modules: Sequence[str]) -> "Launcher":
        """From the command line. Raises `ValueError` for a prefix with an open quote."""
        return Launcher(tuple(shlex.split(prefix)), tuple(modules))

    def command(
        self, words: Sequence[str], folder: str, environment: Mapping[str, str], programs: str | None = None
    ) -> list[str]:
        """
        The process to start for `words`, run in `folder`, with the folder `programs` first on its PATH. Its standard
        input must stay open while it may run.
        """
        assignments = [f"{key}={value}" for key, value in sorted(environment.items())]
        line = _TIED.format(command=shlex.join(["env", *assignments, *words]), grace=GRACE)
        if programs is not None:
            line = f"PATH={shlex.quote(programs)}:$PATH; export PATH; {line}"
        return self.shell(f"cd -- {shlex.quote(folder)} && {{ {line}; }}")

    def shell(self, line: str) -> list[str]:
        """The process to start for a line of `sh`."""
        if self.modules:
            loads = " && ".join(f"module load {shlex.quote(name)}" for name in self.modules)
            line = f"bash -lc {shlex.quote(f'{loads} && {{ {line}; }}')}"
        return [*self.prefix, line] if self.prefix else ["sh", "-c", line]
