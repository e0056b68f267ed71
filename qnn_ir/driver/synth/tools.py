"""Which vendor tools are installed, and which of them a step uses."""

import posixpath
import shlex
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass, field

from qnn_ir.driver.synth.capabilities import (
    ToolKind,
    first_for_part,
    release,
    tool_kinds,
    tool_named,
    version_key,
)
from qnn_ir.driver.synth.launch import Launcher
from qnn_ir.errors import UserError

_PROBE_SECONDS = 120  # the first start of a vendor tool from a network disk takes its time


class ToolMissing(UserError):
    """No installed tool fits."""


@dataclass(frozen=True)
class Tool:
    """An installed program: its row in the table, where it is, and the version that it says it has."""

    kind: ToolKind
    path: str
    version: str

    @property
    def folder(self) -> str | None:
        """Where the program and those that belong to it lie; None where only its name is known."""
        return posixpath.dirname(self.path) or None

    def __str__(self) -> str:
        return f"{self.kind.title} {self.version}"


@dataclass
class Finder:
    """
    Finds tools through `launcher`: below the installer's folder `tool_dir`, else on PATH. `version` restricts the
    choice (`2022.2` takes its updates too). What was asked once is remembered.
    """

    launcher: Launcher
    tool_dir: str | None = None
    version: str | None = None
    _found: dict[str, list[Tool]] = field(default_factory=dict[str, list[Tool]], init=False)

    def newest(self, kind: str, part: str) -> Tool:
        """The newest tool of a kind that knows `part`. Raises `ToolMissing` where there is none."""
        installed = [tool for row in tool_kinds(kind) for tool in self.installed(row.name)]
        known = [tool for tool in installed if tool.kind.is_known(tool.version)]
        wanted = [tool for tool in known if self._is_wanted(tool)]
        fitting = [tool for tool in wanted if _knows(tool, part)]
        if fitting:
            return max(fitting, key=lambda tool: version_key(tool.version))
        raise _nothing(kind, part, self, installed, known, wanted)

    def program(self, name: str) -> Tool:
        """The newest tool with that program's name, whatever the part."""
        wanted = [tool for tool in self.installed(name) if self._is_wanted(tool)]
        if not wanted:
            raise UserError(f"no {tool_named(name).title} found: {self._place(name)}", remedy=_remedy())
        return max(wanted, key=lambda tool: version_key(tool.version))

    def installed(self, name: str) -> list[Tool]:
        """All installed programs `name` that tell their version."""
        if name not in self._found:
            paths = self._below(tool_named(name)) if self.tool_dir else self._on_path(name)
            self._found[name] = [tool for path in paths if (tool := self._asked(tool_named(name), path))]
        return self._found[name]

    def _is_wanted(self, tool: Tool) -> bool:
        if self.version is None:
            return True
        wanted = version_key(self.version)
        return version_key(tool.version)[: len(wanted)] == wanted

    def _place(self, name: str) -> str:
        return f"{name} is not below {self.tool_dir}" if self.tool_dir else f"{name} is not on PATH"

    def _on_path(self, name: str) -> list[str]:
        output = self._run(f"command -v {shlex.quote(name)}").strip()
        return output.splitlines()[-1:]  # a login shell may greet first

    def _below(self, kind: ToolKind) -> list[str]:
        """Where the installer puts the program; the folder may be the installer's, the tool's or the version's."""
        assert self.tool_dir is not None
        root = shlex.quote(self.tool_dir)
        places = [*kind.install, "*/bin", "bin", "."]
        patterns = " ".join(f"{root}/{place}/{shlex.quote(kind.name)}" for place in places)
        listing = f'for f in {patterns}; do if [ -x "$f" ]; then printf "%s\\0" "$f"; fi; done'
        return list(dict.fromkeys(path for path in self._run(listing).split("\0") if path.strip()))

    def _asked(self, kind: ToolKind, path: str) -> Tool | None:
        version = kind.version_in(self._run(shlex.join([path, *kind.version])))
        return Tool(kind, path, version) if version else None

    def _run(self, line: str) -> str:
        try:
            done = subprocess.run(
                self.launcher.shell(line),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=_PROBE_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise UserError(f"no answer in {_PROBE_SECONDS} s", shlex.join(self.launcher.prefix) or line) from error
        except OSError as error:
            raise UserError(f"cannot be started: {error.strerror}", shlex.join(self.launcher.prefix)) from error
        text = done.stdout.decode(errors="replace")
        if done.returncode == 255 and self.launcher.prefix:  # what ssh ends with when it does not get through
            reason = (done.stderr.decode(errors="replace").strip().splitlines() or ["no connection"])[-1]
            raise UserError(reason, shlex.join(self.launcher.prefix), "check --prefix")
        if (
            self.launcher.modules
            and done.returncode
            and "module" in (complaint := done.stderr.decode(errors="replace"))
        ):
            raise UserError(complaint.strip().splitlines()[-1], ", ".join(self.launcher.modules), "check --module")
        return text


def _knows(tool: Tool, part: str) -> bool:
    first = first_for_part(part)
    return first is None or release(tool.version) >= release(first[0])


def _nothing(
    kind: str, part: str, finder: Finder, installed: Iterable[Tool], known: Iterable[Tool], wanted: Iterable[Tool]
) -> ToolMissing:
    rows = list(tool_kinds(kind))
    if old := list(wanted):
        first = first_for_part(part)
        assert first is not None
        what = f"{_list(old)} does not know {part} ({first[1]})"
        return ToolMissing(what, remedy=f"install {rows[0].title} {first[0]} or newer")
    if others := list(known):
        return ToolMissing(f"no version {finder.version}: there is {_list(others)}", remedy="check --tool-version")
    ranges = "; ".join(f"{row.title} {row.first} to {row.last}" for row in rows)
    if unknown := list(installed):
        return ToolMissing(f"{_list(unknown)} is of no version that we know", remedy=f"install {ranges}")
    place = f"below {finder.tool_dir}" if finder.tool_dir else "on PATH"
    names = [row.name for row in rows]
    which = f"none of {', '.join(names)}" if names[1:] else f"no {names[0]}"
    return ToolMissing(f"no {_family(kind)} found: {which} is {place}", remedy=f"{_remedy()} (works with {ranges})")


def _family(kind: str) -> str:
    return "Vitis HLS" if kind == "hls" else tool_kinds(kind)[0].title


def _list(tools: Iterable[Tool]) -> str:
    return ", ".join(dict.fromkeys(map(str, tools)))


def _remedy() -> str:
    return "source the settings64.sh of Vitis, or give --tool-dir, --module or --prefix"
