"""The declaration of the network's input: `uint8,scale=1/255,bias=-1`, `0..255`, `int8`, `bipolar` or `-1,1`."""

import re
from dataclasses import dataclass
from fractions import Fraction

from qnn_ir.errors import UserError
from qnn_ir.int_types import value_range

EXAMPLE = "write for example uint8,scale=1/255 or 0..255 or int8 or bipolar"

_NAMED = {"binary": "0..1", "ternary": "-1..1"}
_INTEGERS = re.compile(r"U?INT\d+|BINARY|TERNARY|BIPOLAR")


@dataclass(frozen=True)
class InputSpec:
    """`x = scale * q + bias` with integers `lo <= q <= hi`."""

    lo: int
    hi: int
    scale: Fraction = Fraction(1)
    bias: Fraction = Fraction(0)


def parse_input(text: str) -> InputSpec:
    """The declaration; UserError where it makes no sense."""
    cleaned = text.replace(" ", "")
    head, *rest = ["bipolar", *cleaned[4:].split(",")[1:]] if cleaned.startswith("-1,1") else cleaned.split(",")
    settings = {"scale": Fraction(1), "bias": Fraction(0)}
    for part in rest:
        key, _, number = part.partition("=")
        if key not in settings:
            raise UserError(f"unknown setting '{part}' in the input declaration '{text}'", remedy=EXAMPLE)
        settings[key] = _number(number, text)
    if not settings["scale"]:
        raise UserError(f"the input declaration '{text}' has the scale 0", remedy=EXAMPLE)
    head = _NAMED.get(head, head)
    if head == "bipolar":
        scale, bias = settings["scale"], settings["bias"]
        return InputSpec(0, 1, 2 * scale, bias - scale)
    return InputSpec(*_range(head, text), settings["scale"], settings["bias"])


def annotated_input(annotation: str) -> InputSpec | None:
    """The declaration that a QONNX data type of the input makes; None for types that are no plain integers."""
    return parse_input(annotation.lower()) if _INTEGERS.fullmatch(annotation) else None


def _number(text: str, whole: str) -> Fraction:
    try:
        return Fraction(text)
    except (ValueError, ZeroDivisionError):
        raise UserError(f"'{text}' in the input declaration '{whole}' is no number", remedy=EXAMPLE) from None


def _range(head: str, whole: str) -> tuple[int, int]:
    if found := re.fullmatch(r"(u?)int(\d+)", head):
        bits = int(found[2])
        if 1 <= bits <= 32:
            return value_range(bits, signed=not found[1])
    elif (found := re.fullmatch(r"(-?\d+)\.\.(-?\d+)", head)) and int(found[1]) <= int(found[2]):
        return int(found[1]), int(found[2])
    raise UserError(f"'{head}' in the input declaration '{whole}' is no integer range", remedy=EXAMPLE)
