"""What the C++ tells synthesis about memories: distances of accesses, and registers that need no reset."""

from itertools import product

import pytest
from emitted import parse

from qnn_ir.dialects import hlsc
from qnn_ir.emit.cpp_dependence import revisit_distance
from qnn_ir.emit.cpp_process import process_text

MEMORY = """
hlsc.process @p(%in: !hlsc.in<vector<2xui4>>, %out: !hlsc.out<vector<2xui4>>) {{
  %m = hlsc.ram named "m" !hlsc.mem<{depth} x vector<2xui4>>
  hlsc.side @main (%frame, {counters}) {{
    {index}
    %z = hlsc.static_constant 0
    %first = hlsc.cmp eq %a, %z
    %later = hlsc.not %first
    %new = hlsc.read %in when %first : !hlsc.in<vector<2xui4>> -> vector<2xui4>
    %old = hlsc.load %m[{at}] when %later : !hlsc.mem<{depth} x vector<2xui4>> -> vector<2xui4>
    hlsc.store %m[{at}], %new when %first : !hlsc.mem<{depth} x vector<2xui4>>, vector<2xui4>
    %x = hlsc.select %first, %new, %old : vector<2xui4>, vector<2xui4> -> vector<2xui4>
    hlsc.write %out, %x : !hlsc.out<vector<2xui4>>, vector<2xui4>
  }}
}}
"""
FORMS = {
    # strides of the counters, constant, modulus: known distance
    "innermost": ({"c": 1}, 0, 0, True),
    "two innermost": ({"b": 5, "c": 1}, 0, 0, True),
    "shifted": ({"b": 5, "c": 1}, 3, 0, True),
    "all": ({"a": 15, "b": 5, "c": 1}, 0, 0, True),
    "not innermost": ({"b": 1}, 0, 0, False),
    "other order": ({"b": 1, "c": 3}, 0, 0, False),
    "with gaps": ({"b": 6, "c": 1}, 0, 0, False),
    "wraps around": ({"b": 5, "c": 1}, 0, 4, False),
}
BOUNDS = {"a": 4, "b": 3, "c": 5}


def process(form: str) -> hlsc.ProcessOp:
    strides, const, modulus, _ = FORMS[form]
    terms = " + ".join(f"%{c} * {s}" for c, s in strides.items())
    index = f"%at = hlsc.affine {terms}" + (f" + {const}" if const else "") + (f" mod {modulus}" if modulus else "")
    counters = ", ".join(f"%{c} < {n}" for c, n in BOUNDS.items())
    (found,) = parse(MEMORY.format(depth=64, counters=counters, index=index, at="%at")).ops
    assert isinstance(found, hlsc.ProcessOp)
    return found


@pytest.mark.parametrize("form", FORMS)
def test_distance(form: str) -> None:
    """Against the addresses of three frames: never more than the true distance, and that where it is given."""
    strides, const, modulus, known = FORMS[form]
    places = [
        sum(strides.get(c, 0) * i for c, i in zip(BOUNDS, counters, strict=True)) + const
        for counters in product(*map(range, BOUNDS.values()))
    ]
    places = [p % modulus if modulus else p for p in places] * 3
    gaps = [j - max(i for i in range(j) if places[i] == p) for j, p in enumerate(places) if p in places[:j]]
    p = process(form)
    (memory,) = (op for op in p.memories if isinstance(op, hlsc.RamOp))
    counters = p.sides[0].counters[0][1:]
    distance = revisit_distance(memory, dict(zip(counters, BOUNDS.values(), strict=True)))
    assert distance == (min(gaps) if known else None)


def test_pragma_and_store_beside_the_read() -> None:
    text = process_text(process("two innermost")).function
    assert "#pragma HLS DEPENDENCE variable=m type=inter direction=RAW distance=15 dependent=true" in text
    new, old = text.split("} else {")
    assert "in.read()" in new
    assert "m[at] = x;" in new
    assert "m[at] = " not in old
    assert "DEPENDENCE" not in process_text(process("with gaps")).function


REGISTER = """
hlsc.process @p(%in: !hlsc.in<vector<2xui4>>, %out: !hlsc.out<vector<2xui4>>) {{
  %r = hlsc.reg named "r" !hlsc.mem<1 x vector<2xui4>>
  hlsc.side @main (%frame, %a < 4) {{
    %z = hlsc.static_constant {compared}
    %c = hlsc.cmp {predicate} %a, %z
    %new = hlsc.read %in : !hlsc.in<vector<2xui4>> -> vector<2xui4>
    %old = hlsc.load %r {when} : !hlsc.mem<1 x vector<2xui4>> -> vector<2xui4>
    %x = hlsc.select %c, %old, %new : vector<2xui4>, vector<2xui4> -> vector<2xui4>
    hlsc.store %r, %new {stored} : !hlsc.mem<1 x vector<2xui4>>, vector<2xui4>
    hlsc.write %out, %x : !hlsc.out<vector<2xui4>>, vector<2xui4>
  }}
}}
"""


@pytest.mark.parametrize(
    ("predicate", "compared", "when", "stored", "needs_reset"),
    [
        ("gt", 0, "when %c", "", False),
        ("gt", 1, "when %c", "", True),
        ("ge", 0, "when %c", "", True),
        ("gt", 0, "", "", True),
        ("gt", 0, "when %c", "when %c", True),
    ],
)
def test_reset(predicate: str, compared: int, when: str, stored: str, needs_reset: bool) -> None:
    """Only a register that is stored in the first iteration and not loaded there has no reset in hardware."""
    module = parse(REGISTER.format(predicate=predicate, compared=compared, when=when, stored=stored))
    (found,) = module.ops
    assert isinstance(found, hlsc.ProcessOp)
    text = process_text(found).function
    assert ("#ifndef __SYNTHESIS__\n  r = 0;\n#endif" not in text) == needs_reset
    assert ("r = 0;" in text) or needs_reset
