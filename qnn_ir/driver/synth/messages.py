"""What a vendor tool says (`messages.toml`): the phase it is in, the line that matters when it fails, and the layer."""

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

_FILE = Path(__file__).with_name("messages.toml")
_BEFORE = 200
"""Lines before an error in which the tool may have said what it is working on."""

_LONGEST = 300
_SOURCE_LINE = re.compile(r"(\w+\.(?:cpp|h)):(\d+)")
_FUNCTION = re.compile(r"^(?:static )?void (\w+)\(", re.MULTILINE)


@dataclass(frozen=True)
class Failure:
    """The line of the log that matters, what helps against it (may be empty), the process that it is about."""

    line: str
    remedy: str
    process: str | None


@cache
def _rows(kind: str) -> list[tuple[re.Pattern[str], dict[str, Any]]]:
    data: dict[str, list[dict[str, Any]]] = tomllib.loads(_FILE.read_text(encoding="utf-8"))
    return [(re.compile(row["pattern"]), row) for row in data[kind]]


def phase_of(line: str) -> str | None:
    """What the tool is doing from this line on; None for a line that does not say."""
    for pattern, row in _rows("phase"):
        if found := pattern.search(line):
            groups = [group.strip() for group in found.groups()]
            return str(row["text"]).replace("{1}", groups[0] if groups else "").replace("{2}", "".join(groups[1:2]))
    return None


def failure_in(log: Sequence[str], processes: Iterable[str], sources: Mapping[str, str]) -> Failure:
    """
    Why the tool failed, from the lines of its log.

    `processes` are the functions of the design, `sources` the texts of its files by name: an error names a function, a
    line of a source, or comes while the tool works on a function.
    """
    ranked = [(row["cause"], i, row["remedy"]) for i, line in enumerate(log) for row in [_error(line)] if row]
    if not ranked:
        last = next((line for line in reversed(log) if line.strip()), "")
        return Failure(_short(last) or "the tool said nothing", "", None)
    _, index, remedy = min(ranked, key=lambda entry: entry[:2])
    return Failure(_short(log[index]), remedy, _process(log, index, list(processes), sources))


def _error(line: str) -> dict[str, Any] | None:
    return next((row for pattern, row in _rows("error") if pattern.search(line)), None)


def _short(line: str) -> str:
    line = " ".join(line.split())
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]}..."


def _process(log: Sequence[str], index: int, processes: list[str], sources: Mapping[str, str]) -> str | None:
    if found := process_in(log[index], processes):
        return found
    if place := _SOURCE_LINE.search(log[index]):
        function = _function_at(sources.get(place.group(1), ""), int(place.group(2)))
        if function in processes:
            return function
    before = reversed(log[max(0, index - _BEFORE) : index])
    return next((found for line in before if (found := process_in(line, processes))), None)


def process_in(text: str, processes: Iterable[str]) -> str | None:
    """
    The process that `text` names: as a word, or as the start of one (tools append `_Pipeline_...`, `_U0`, `_1`).

    The longest name wins: one process may be called like the start of another one.
    """
    words = set(re.findall(r"\w+", text))
    fits = [p for p in processes if any(w == p or w.startswith(f"{p}_") or f"_{p}_" in f"_{w}_" for w in words)]
    return max(fits, key=len, default=None)


def _function_at(source: str, line: int) -> str | None:
    """The function that holds a line (from 1) of a source."""
    text = "".join(source.splitlines(keepends=True)[:line])
    found = _FUNCTION.findall(text)
    return found[-1] if found else None
