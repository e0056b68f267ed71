"""The table of the vendor's commands, and what a call must look like."""

import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent


class VendorError(Exception):
    """What the vendor's tool would refuse."""


@dataclass(frozen=True)
class Argument:
    """A Tcl value: as text, and as the list that it may be."""

    text: str
    items: tuple[str, ...] = ()


@dataclass
class Call:
    """A call that fits the table."""

    name: str
    flags: set[str] = field(default_factory=set[str])
    values: dict[str, Argument] = field(default_factory=dict[str, Argument])
    args: list[Argument] = field(default_factory=list[Argument])

    def files(self, rule: dict[str, Any], kind: str) -> list[str]:
        """The arguments of this kind."""
        named = [v.text for option, v in self.values.items() if rule.get("values", {}).get(option) == kind]
        kinds = [k.rstrip("?*+") for k in rule.get("args", [])]
        placed = [a.text for at, a in enumerate(self.args) if kinds and kinds[min(at, len(kinds) - 1)] == kind]
        return named + placed


@cache
def table() -> dict[str, Any]:
    """`commands.toml`."""
    return tomllib.loads((FOLDER / "commands.toml").read_text(encoding="utf-8"))


@cache
def ips() -> dict[str, Any]:
    """`ips.toml`, aliases resolved."""
    data = tomllib.loads((FOLDER / "ips.toml").read_text(encoding="utf-8"))
    plain = {name: {k: v for k, v in ip.items() if k not in ("since", "until")} for name, ip in data.items()}
    return {name: plain[ip["same_as"]] | ip if "same_as" in ip else ip for name, ip in data.items()}


def parse(name: str, rule: dict[str, Any], words: Sequence[Argument], old_hls: bool = False) -> Call:
    """The call of `name` with these words, checked against its rule in the table."""
    call, rest = Call(name), list(words)
    flags, values = set(rule.get("flags", [])), rule.get("values", {})
    while rest:
        word = rest.pop(0)
        if not re.fullmatch(r"-[a-zA-Z_]\w*", word.text):
            call.args.append(word)
        elif old_hls and word.text in rule.get("vitis_only", []):
            raise VendorError(f"{name}: Vivado HLS has no option {word.text}")
        elif word.text in flags:
            call.flags.add(word.text)
        elif word.text not in values:
            raise VendorError(f"{name}: unknown option {word.text}")
        elif not rest or rest[0].text in flags or rest[0].text in values:
            raise VendorError(f"{name}: option {word.text} has no value")
        else:
            call.values[word.text] = rest.pop(0)
            _check_kind(f"{name} {word.text}", values[word.text], call.values[word.text])
    for option in rule.get("required", []):
        if option not in call.values and option not in call.flags:
            raise VendorError(f"{name}: option {option} is missing")
    _check_arguments(call, rule.get("args", []))
    return call


def _check_arguments(call: Call, kinds: Sequence[str]) -> None:
    least = sum(not k.endswith(("?", "*")) for k in kinds)
    endless = bool(kinds) and kinds[-1].endswith(("*", "+"))
    if len(call.args) < least:
        raise VendorError(f"{call.name}: {kinds[len(call.args)].rstrip('?*+')} is missing")
    if len(call.args) > len(kinds) and not endless:
        raise VendorError(f"{call.name}: too many arguments from {call.args[len(kinds)].text!r}")
    for at, argument in enumerate(call.args):
        _check_kind(call.name, kinds[min(at, len(kinds) - 1)].rstrip("?*+"), argument)


def _check_kind(where: str, kind: str, argument: Argument) -> None:
    text = argument.text
    if kind in ("any", "folder", "files"):
        return
    if text == "":
        raise VendorError(f"{where}: an empty {kind}")
    if kind == "number" and not re.fullmatch(r"0x[0-9a-fA-F]+|\d+(\.\d+)?", text):
        raise VendorError(f"{where}: {text!r} is no number")
    if kind == "name" and not re.fullmatch(r"[A-Za-z_][\w./:@-]*|\d+(\.\d+)*", text):
        raise VendorError(f"{where}: {text!r} is no name")
    if kind == "part" and not re.fullmatch(r"xc[a-z0-9]+(-[a-zA-Z0-9]+)+", text):
        raise VendorError(f"{where}: {text!r} is no part")
    if "|" in kind and text not in kind.split("|"):
        raise VendorError(f"{where}: {text!r} is none of {kind}")
