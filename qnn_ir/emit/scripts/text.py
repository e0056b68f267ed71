"""What all scripts share: templates, where things lie, presets."""

import re
from collections.abc import Iterable
from typing import Final

from qnn_ir.emit.text import tcl_word

STRATEGIES: Final = ("default", "area", "performance", "quick")
"""Presets that every script knows; QNN_STRATEGY chooses."""

_HOLE = re.compile(r"@([a-z_]+)@")

LOCATIONS = """
# Products go to synth/ beside the folder of the scripts; QNN_SYNTH names another place.
set here [file dirname [file normalize [info script]]]
set synth [file normalize [file join $here @up@ synth]]
if {[info exists ::env(QNN_SYNTH)]} { set synth [file normalize $::env(QNN_SYNTH)] }
set strategy default
if {[info exists ::env(QNN_STRATEGY)]} { set strategy $::env(QNN_STRATEGY) }
if {$strategy ni {@strategies@}} {
  error "QNN_STRATEGY is $strategy: choose one of @strategies@"
}
"""


def fill(template: str, **values: str) -> str:
    """`template` with every `@name@` replaced; a hole without a value, or the other way round, is a defect."""
    used = set(_HOLE.findall(template))
    assert used == values.keys(), f"template and values differ: {used ^ values.keys()}"
    return _HOLE.sub(lambda match: values[match.group(1)], template)


def locations(up: str = "..") -> str:
    """Tcl that sets `here`, `synth` and `strategy`; `up` leads from the script's folder to the build's."""
    return fill(LOCATIONS, up=up, strategies=" ".join(STRATEGIES))


def properties(pairs: Iterable[tuple[str, object]]) -> str:
    """A Tcl command that makes the list of `CONFIG.<key> <value>`, one pair a line."""
    return "[list" + "".join(f" \\\n  CONFIG.{key} {tcl_word(str(value))}" for key, value in pairs) + "]"
