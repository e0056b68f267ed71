"""Runs a script in a real `tclsh` under the checker of scripts; every command comes to a Python function as well."""

import os
from collections.abc import Callable
from pathlib import Path

from tcl_check import run_script as check
from vendor_session import Session as Checker
from vendor_table import Argument

from standin.session import Failed, say

_FLAGS = frozenset({"-reset", "-tb", "-force"})

Handler = Callable[[list[str]], None]


def run_script(script: Path, tool: str, version: str, handle: Handler) -> None:
    """
    Run `script`; `handle` gets each vendor command with its arguments once the checker has done it, and writes what the
    checker does not make, or makes without contents. Raises `Failed` where checker or handler do.
    """
    problem: list[Failed] = []

    class Watched(Checker):
        def call(self, name: str, words: list[Argument]) -> str:
            result = super().call(name, words)
            try:
                handle([name, *(word.text for word in words)])
            except Failed as error:
                problem.append(error)
                raise
            return result

    here = os.getcwd()
    try:
        line = check(script, Watched(tool, version[:6]), Path())
    finally:
        os.chdir(here)
    if problem:
        raise problem[0]
    if line:
        say(f"ERROR: [Common 17-1] {line}")
        raise Failed


def options(words: list[str], flags: frozenset[str] = _FLAGS) -> tuple[dict[str, str], list[str]]:
    """The options of a command with their values (`flags` have none) and the rest of its words."""
    found: dict[str, str] = {}
    rest: list[str] = []
    words = words[1:]
    while words:
        word = words.pop(0)
        if word in flags:
            found[word] = ""
        elif word.startswith("-") and words and not word[1:2].isdigit():
            found[word] = words.pop(0)
        else:
            rest.append(word)
    return found, rest
