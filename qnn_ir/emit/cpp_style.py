"""How bodies look: names of locals, when an expression gets one, and the layout of loops."""

import re
from collections.abc import Sequence

from qnn_ir.dialects import hlsc

Lines = list[str]


def lane_loop(variable: str, count: int, body: Sequence[str]) -> Lines:
    """A fully unrolled loop."""
    head = f"for (int {variable} = 0; {variable} < {count}; ++{variable}) {{"
    return [head, "#pragma HLS UNROLL", *(f"  {line}" if line[0] != "#" else line for line in body), "}"]


def nested(index: tuple[str, ...], shape: Sequence[int], body: Lines) -> Lines:
    """Unrolled loops over a shape, outermost first."""
    for variable, count in reversed(list(zip(index, shape, strict=True))):
        body = lane_loop(variable, count, body)
    return body


def indented(lines: Lines, by: str = "  ") -> Lines:
    """Lines further in; pragmas stay at the margin."""
    return [line if line.startswith("#") else by + line for line in lines]


PIPELINE = "#pragma HLS PIPELINE II=1 style=flp"
"""
One iteration per clock. Flushable: what is computed leaves also while the next iteration waits for its input. A
pipeline that stalls as a whole (`stp`) would hold back tokens that the depths of channels do not account for.
"""


def used_only(definitions: Lines, text: Sequence[str]) -> Lines:
    """The definitions `const TYPE name = ...;` whose names occur in `text` or in a definition that is kept."""
    kept: Lines = []
    words = set(re.findall(r"\w+", " ".join(text)))
    for line in reversed(definitions):
        head, _, value = line.partition(" = ")
        if head.split()[-1] in words:
            kept.append(line)
            words |= set(re.findall(r"\w+", value))
    return kept[::-1]


LONGEST_INLINE = 80
LOOP_VARIABLES = ("p", "q", "r", "t", "u", "v")

NAMES = {
    "hlsc.read": "x",
    "hlsc.select": "x",
    "hlsc.load": "word",
    "hlsc.narrow": "sum",
    "hlsc.add": "sum",
    "hlsc.sub": "difference",
    "hlsc.mul": "product",
    "hlsc.dot": "dot",
    "hlsc.xnor_popcount": "equal",
    "hlsc.and_popcount": "common",
    "hlsc.popcount": "ones",
    "hlsc.count_ge": "level",
    "hlsc.step_sum": "level",
    "hlsc.requant": "level",
    "hlsc.lookup": "level",
    "hlsc.concat": "all",
    "hlsc.slice": "part",
    "hlsc.dynamic_slice": "part",
    "hlsc.plane": "plane",
    "hlsc.mux": "choice",
    "hlsc.greater": "above",
    "hlsc.greater_equal": "above",
}
EVALUATES_TWICE = (
    hlsc.DotOp,
    hlsc.CountGeOp,
    hlsc.StepSumOp,
    hlsc.MaxOp,
    hlsc.MinOp,
    hlsc.XnorPopcountOp,
    hlsc.AndPopcountOp,
    hlsc.PlaneOp,
    hlsc.StoreOp,
)
"""Operations whose operands have to be variables."""


NAMED = (hlsc.XnorPopcountOp, hlsc.AndPopcountOp, hlsc.PopcountOp)
"""Operations whose results always get a name: long to read otherwise."""
