"""The table of vendor tools (`capabilities.toml`): names, versions, command lines, what a version lacks."""

import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

Version = tuple[int, ...]

_LISTS = ("command", "version", "install")
_FILE = Path(__file__).with_name("capabilities.toml")


def version_key(version: str) -> Version:
    """`2023.2.1` as (2023, 2, 1): versions in their order."""
    return tuple(int(number) for number in version.split("."))


def release(version: str) -> Version:
    """Year and number of a release; its updates (2023.2.1) are the same release."""
    return version_key(version)[:2]


@dataclass(frozen=True)
class ToolKind:
    """One vendor program; the fields are those of `[[tool]]` in the file."""

    name: str
    kind: str
    title: str
    first: str
    last: str
    command: tuple[str, ...]
    version: tuple[str, ...]
    banner: str
    install: tuple[str, ...]
    source: str

    def version_in(self, output: str) -> str | None:
        """The version that the program printed, None where there is none."""
        found = re.search(self.banner, output)
        return found.group(1) if found else None

    def is_known(self, version: str) -> bool:
        """Whether the version lies in the range of the table."""
        return release(self.first) <= release(version) <= release(self.last)


@cache
def _data() -> dict[str, Any]:
    return tomllib.loads(_FILE.read_text(encoding="utf-8"))


@cache
def tool_kinds(kind: str) -> tuple[ToolKind, ...]:
    """The programs of a kind (`hls`, `vivado`, `link`), the preferred one first."""
    rows: list[dict[str, Any]] = [row for row in _data()["tool"] if row["kind"] == kind]
    return tuple(map(_tool_kind, rows))


def _tool_kind(row: dict[str, Any]) -> ToolKind:
    lists: dict[str, Any] = {key: tuple(row[key]) for key in _LISTS}
    return ToolKind(**(row | lists))


def tool_named(name: str) -> ToolKind:
    """The row of the program `name`."""
    kinds = (kind for group in ("hls", "vivado", "link") for kind in tool_kinds(group))
    return next(kind for kind in kinds if kind.name == name)


def first_for_part(part: str) -> tuple[str, str] | None:
    """The first version that knows `part` and the title of its family; None where all do."""
    for row in _data()["part"]:
        if part.lower().startswith(row["prefix"]):
            return row["first"], row["title"]
    return None


def lacking(tool: str, source: str) -> str | None:
    """What `source` uses and the program `tool` does not have; None where it has everything."""
    for row in _data()["lacks"]:
        if row["tool"] == tool and re.search(row["pattern"], source):
            return row["what"]
    return None


def config_first() -> str:
    """The first version of the flow of configuration files."""
    return _data()["config_flow"]["first"]


def config_command(step: str) -> tuple[str, tuple[str, ...]]:
    """Program and command line of a step in the flow of configuration files, with a hole {work} besides."""
    flow = _data()["config_flow"]
    return flow["programs"][step], tuple(flow[step])


def filled(command: Sequence[str], **holes: str) -> tuple[str, ...]:
    """A command line of the table with its holes filled; a hole is a word of its own."""
    return tuple(holes.get(word[1:-1], word) if word.startswith("{") else word for word in command)
