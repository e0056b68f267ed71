"""Each rule of processes refuses a process that nothing else refuses; correct processes pass all rules."""

from itertools import product
from math import prod

import hlsc_examples as examples
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qnn_ir.analysis.schedule import ControlError, Schedule
from qnn_ir.interp.hlsc import run_process
from qnn_ir.passes.hlsc_verify_processes import process_violations

BEAT = "vector<2xui2>"


def broken(text: str) -> list[str]:
    """All violations of the process in `text`."""
    return list(process_violations(examples.process(text)))


def changed(text: str, old: str, new: str) -> str:
    """`text` with exactly one place changed."""
    assert text.count(old) == 1, f"{old!r} occurs {text.count(old)} times"
    return text.replace(old, new)


def only(lines: list[str], rule: str) -> bool:
    """Whether there is a violation and every one is of this rule."""
    return bool(lines) and all(rule in line for line in lines)


WINDOW = examples.window(8, 3, 1, 1, 2, BEAT, slack=4)


@pytest.mark.parametrize("size", [8, 16])
@pytest.mark.parametrize(("kernel", "stride", "pad"), [(3, 1, 1), (3, 2, 1), (3, 1, 0), (5, 1, 2), (2, 2, 0)])
def test_windows_are_clean(size: int, kernel: int, stride: int, pad: int):
    assert broken(examples.window(size, kernel, stride, pad, 2, BEAT, slack=1)) == []


def test_race():
    """A load of a token that may still be on its way: a simulation that fills greedily never notices."""
    load = "%pixel = hlsc.load %lines[%at]"
    text = changed(WINDOW, load, f"%later = hlsc.affine %at + 1 mod 42\n{load.replace('%at', '%later')}")
    assert only(broken(text), "race on %lines")


def test_race_of_the_store():
    """Nothing keeps the fill from replacing words that are still to be loaded."""
    text = changed(WINDOW, "hlsc.await @emit > %free", "")
    assert "race on %lines" in broken(text)[0]


def test_gap():
    """The guard of the frame's start, looked at in every iteration: right in simulation, wrong modulo 2^n."""
    text = changed(WINDOW, "hlsc.await @fill > %begin when %above", "hlsc.await @fill > %begin")
    assert only(broken(text), "unbounded gap")


def test_running_ahead():
    text = changed(WINDOW, "hlsc.await @fill > %begin when %above", "")
    assert only(broken(text), "writes before any input of that frame has come")


def test_stuck_tail_of_two_sides():
    """One token more than needed is awaited: the last outputs come only with the next frame."""
    text = changed(WINDOW, "hlsc.await @fill > %index when %inside", "%more = hlsc.affine %index + 1\n"
                   "hlsc.await @fill > %more when %inside")  # fmt: skip
    assert only(broken(text), "stuck tail")


def test_stuck_tail_of_one_side():
    """The output lags one token behind: the last of a frame needs the next frame."""
    text = """
hlsc.process @lag(%in: !hlsc.in<ui4>, %out: !hlsc.out<ui4>) {
  %held = hlsc.reg !hlsc.mem<1 x ui4>
  hlsc.side @main (%frame, %i < 8) {
    %x = hlsc.read %in : !hlsc.in<ui4> -> ui4
    %old = hlsc.load %held : !hlsc.mem<1 x ui4> -> ui4
    hlsc.store %held, %x : !hlsc.mem<1 x ui4>, ui4
    hlsc.write %out, %old : !hlsc.out<ui4>, ui4
  }
}"""
    assert only(broken(text), "stuck tail")


def test_frames_are_isolated():
    """State that is loaded before the frame stores it."""
    text = """
hlsc.process @count(%in: !hlsc.in<ui4>, %out: !hlsc.out<ui8>) {
  %held = hlsc.reg !hlsc.mem<1 x ui8>
  hlsc.side @main (%frame, %i < 8) {
    %zero = hlsc.static_constant 0
    %later = hlsc.cmp gt %i, %zero
    %old = hlsc.load %held : !hlsc.mem<1 x ui8> -> ui8
    %x = hlsc.read %in when %later : !hlsc.in<ui4> -> ui4
    %any = hlsc.constant 1 : ui4
    %y = hlsc.select %later, %x, %any : ui4, ui4 -> ui4
    %sum = hlsc.add %old, %y : ui8, ui4 -> ui9
    %now = hlsc.narrow %sum : ui9 -> ui8
    hlsc.store %held, %now : !hlsc.mem<1 x ui8>, ui8
    hlsc.write %out, %now when %later : !hlsc.out<ui8>, ui8
  }
}"""
    assert only(broken(text), "loads %held, which is not stored in that frame before")


def test_never_stored():
    text = examples.maxpool(4, 4, BEAT)
    text = "\n".join(line for line in text.splitlines() if "hlsc.store %left" not in line)
    assert only(broken(text), "%left is loaded and never stored")


def test_stored_twice():
    line = "    hlsc.store %left, %pixel when %odd : !hlsc.mem<1 x vector<2xui2>>, vector<2xui2>\n"
    text = examples.maxpool(4, 4, BEAT)
    assert only(broken(changed(text, line, line + line)), "stores one word of %left twice")


def test_names_are_no_identity():
    """Ports and memories may share a name hint or a label."""
    text = examples.fork(4, BEAT)
    process = examples.process(text)
    for port in process.ports:
        port.name_hint = "port"
    assert list(process_violations(process)) == []
    process = examples.process(examples.argmax(10))
    for memory in process.memories:
        memory.result.name_hint = "memory"
    assert list(process_violations(process)) == []


@pytest.mark.parametrize(
    ("access", "verb"),
    [("%y = hlsc.read %in : !hlsc.in<ui4> -> ui4", "reads"), ("hlsc.write %out, %x : !hlsc.out<ui4>, ui4", "writes")],
)
def test_one_token_per_iteration(access: str, verb: str):
    text = f"""
hlsc.process @twice(%in: !hlsc.in<ui4>, %out: !hlsc.out<ui4>) {{
  hlsc.side @main (%frame, %i < 4) {{
    %x = hlsc.read %in : !hlsc.in<ui4> -> ui4
    {access}
    hlsc.write %out, %x : !hlsc.out<ui4>, ui4
  }}
}}"""
    assert only(broken(text), f"iteration 0 of side @main {verb} port")


def test_deadlock_of_sides():
    """A buffer that is too small: each side waits for the other."""
    text = examples.window(8, 3, 1, 0, 1, BEAT, depth=2 * 8 + 2)
    assert only(broken(text), "deadlock")


def test_position_decreases():
    text = changed(WINDOW, "%position = hlsc.affine %i + %f * 128", "%position = hlsc.affine -%i + %f * 128")
    assert only(broken(text), "position decreases")


@pytest.mark.parametrize(
    ("index", "message"),
    [("%i + 1", "index [1, 8] is not in [0, 8)"), ("%i + %frame * 8", "is not in [0, 8)"), ("%i - 1 mod 9", "[0, 8]")],
)
def test_index_bounds(index: str, message: str):
    """Too far in any frame, and an address that grows from frame to frame."""
    text = f"""
hlsc.process @table(%out: !hlsc.out<ui4>) {{
  %table = hlsc.rom dense<[1, 2, 3, 4, 5, 6, 7, 8]> : tensor<8xi8> as !hlsc.mem<8 x ui4>
  hlsc.side @main (%frame, %i < 8) {{
    %at = hlsc.affine {index}
    %x = hlsc.load %table[%at] : !hlsc.mem<8 x ui4> -> ui4
    hlsc.write %out, %x : !hlsc.out<ui4>, ui4
  }}
}}"""
    assert only(broken(text), message)


def test_other_bounds():
    """Dynamic slices stay within their lanes, counters as data within their type."""
    text = changed(examples.width(3, 8, 24), "%start = hlsc.static_select %edge, %first, %zero", "%start = "
                   "hlsc.affine %first")  # fmt: skip
    assert only(broken(text), "hlsc.dynamic_slice: index [1, 8] is not in [0, 4)")
    text = examples.argmax(10).replace("hlsc.from_index %i : ui4", "hlsc.from_index %end : ui4").replace("9", "16")
    assert only(broken(text), "hlsc.from_index: index [16, 16] is not in [0, 16)")


@pytest.mark.parametrize(("advance", "count"), [("%first", 1), ("%later", 7)])
def test_later_nests_wrap_once(advance: str, count: int):
    text = f"""
hlsc.process @nests(%out: !hlsc.out<ui4>) {{
  hlsc.side @main (%frame, %t < 8) (%f, %i < 8) {{
    %zero = hlsc.static_constant 0
    %first = hlsc.cmp eq %t, %zero
    %later = hlsc.cmp gt %t, %zero
    hlsc.advance 1 when {advance}
    %x = hlsc.from_index %i : ui4
    hlsc.write %out, %x : !hlsc.out<ui4>, ui4
  }}
}}"""
    assert broken(text) == [f"nest 1 has 8 iterations and advances {count} times per frame"]


@given(st.lists(st.integers(1, 5), max_size=4), st.integers(-9, 9), st.integers(0, 7), st.integers(0, 3), st.data())
@settings(max_examples=60, deadline=None)
def test_schedule_equals_loops(bounds: list[int], const: int, mod: int, frame: int, data: st.DataObject):
    """Counters and affine forms are what nested loops compute."""
    strides = data.draw(st.lists(st.integers(-5, 5), min_size=len(bounds) + 1, max_size=len(bounds) + 1))
    terms = [("counter", 0, place) for place in range(len(bounds) + 1)]
    terms.append(("affine", tuple(range(len(terms))), tuple(strides), const, mod))
    schedule = Schedule([bounds], terms, {})
    expected = []
    for counters in product(*(range(n) for n in bounds)):
        value = const + sum(s * c for s, c in zip(strides, (frame, *counters), strict=True))
        expected.append(value % mod if mod else value)
    assert schedule.iterations == prod(bounds)
    assert schedule.at(len(terms) - 1, frame).tolist() == expected


@given(st.integers(-3, 6), st.integers(-3, 3), st.integers(-3, 3), st.integers(-3, 3), st.sampled_from([1, 2]))
@settings(max_examples=60, deadline=None)
def test_rules_are_sound(slack: int, free: int, index: int, at: int, stride: int):
    """What passes the rules computes the same in every interleaving, right or wrong in what it computes."""
    depth = 2 * 4 + 3 + slack
    text = examples.window(4, 3, stride, 0, 1, "ui4", depth=depth)
    room = "%free = hlsc.affine %i + %f * 16 - "
    text = changed(text, f"{room}{depth}", f"{room}{depth + free}")
    text = changed(text, "hlsc.await @fill > %index", f"%due = hlsc.affine %index + {index}\nhlsc.await @fill > %due")
    text = changed(text, "%pixel = hlsc.load %lines[%at]", f"%moved = hlsc.affine %at + {at} mod {depth}\n"
                   "%pixel = hlsc.load %lines[%moved]")  # fmt: skip
    if broken(text):
        return
    process, x = examples.process(text), np.random.default_rng(0).integers(0, 16, (4, 16))
    (expected,) = run_process(process, [x], mode="sequential")
    for seed in range(4):
        (y,) = run_process(process, [x], mode="sequential", order="random", seed=seed)
        np.testing.assert_array_equal(y, expected)
    (y,) = run_process(process, [x])
    np.testing.assert_array_equal(y, expected)


def test_logic_terms():
    table = np.array([4, 5, 6])
    terms = [
        ("counter", 0, 0), ("counter", 0, 1), ("constant", 1), ("cmp", "ge", 1, 2), ("cmp", "le", 1, 2),
        ("and", 3, 4), ("or", 3, 4), ("not", 5), ("select", 5, 1, 2), ("rom", table, 1), ("cmp", "ne", 1, 2),
    ]  # fmt: skip
    schedule = Schedule([(3,)], terms, {})
    assert schedule.at(5).tolist() == [False, True, False]
    assert schedule.at(6).tolist() == [True, True, True]
    assert schedule.at(7).tolist() == [True, False, True]
    assert schedule.at(8).tolist() == [1, 1, 1]
    assert schedule.at(9).tolist() == [4, 5, 6]
    assert schedule.at(10).tolist() == [True, False, True]
    assert schedule.depends_on_frame(0)
    assert not schedule.depends_on_frame(9)


def test_static_table_bounds():
    terms = [("counter", 0, 0), ("counter", 0, 1), ("rom", np.array([1, 2]), 1)]
    with pytest.raises(ControlError, match=r"index \[0, 2\] of a static table of 2 values"):
        Schedule([(3,)], terms, {}).at(2)


def test_advance_of_itself():
    terms = [("counter", 0, 0), ("counter", 0, 1), ("counter", 1, 0), ("counter", 1, 1), ("cmp", "eq", 3, 1)]
    with pytest.raises(ControlError, match="depends on its own counters"):
        Schedule([(3,), (3,)], terms, {1: 4}).check()
