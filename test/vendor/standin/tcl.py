"""Runs a script in a real `tclsh`; every command that Tcl does not have comes to a Python function, in order."""

import os
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from standin.session import Failed, say

_HARNESS = r"""
proc unknown args {
  set words {}
  foreach word [list [pwd] {*}$args] { lappend words "x[binary encode hex [encoding convertto utf-8 $word]]" }
  puts "@@ [join $words]"
  flush stdout
  gets stdin reply
  if {[string index $reply 0] eq "!"} { exit 1 }
  return [encoding convertfrom utf-8 [binary decode hex [string range $reply 1 end]]]
}
set argv [lassign $argv script]
set argv0 $script
info script $script
if {[catch {source $script} message options]} {
  puts $::errorInfo
  puts "ERROR: \[Common 17-1\] $message"
  exit 1
}
"""

Handler = Callable[[list[str]], str]


def run_script(script: Path, handle: Handler) -> None:
    """Run `script`; `handle` gets each vendor command with its arguments and gives its result. Raises `Failed`."""
    with tempfile.NamedTemporaryFile("w", suffix=".tcl") as harness:
        harness.write(_HARNESS)
        harness.flush()
        shell = subprocess.Popen(
            ["tclsh", harness.name, str(script)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert shell.stdin is not None
        assert shell.stdout is not None
        try:
            for line in shell.stdout:
                if line.startswith("@@ "):
                    folder, *words = [bytes.fromhex(word[1:]).decode() for word in line[3:].split()]
                    os.chdir(folder)
                    shell.stdin.write(f"={handle(words).encode().hex()}\n")
                    shell.stdin.flush()
                else:
                    say(line.rstrip("\n"))
        except Failed:
            shell.kill()
            shell.wait()
            raise
    if shell.wait():
        raise Failed


def options(
    words: list[str], flags: set[str] = frozenset({"-reset", "-tb", "-force"})
) -> tuple[dict[str, str], list[str]]:
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
