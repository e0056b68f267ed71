"""The pragma checker: correct C++ passes, and every mutation of a pragma or of the code around it is found."""

import subprocess
import sys
from pathlib import Path

import pytest

from qnn_ir.emit.pragma_check import check

FILE = Path(__file__).parent / "cpp" / "pragmas.cpp"
SOURCE = FILE.read_text(encoding="utf-8")
PRAGMAS = [(n, line) for n, line in enumerate(SOURCE.splitlines(), 1) if line.startswith("#pragma HLS")]
FREE_WORDS = {"bundle", "instances"}
"""Options whose value may be any word."""


def with_line(number: int, text: str) -> str:
    lines = SOURCE.splitlines()
    lines[number - 1] = text
    return "\n".join(lines)


def messages(source: str, line: int | None = None) -> str:
    return "\n".join(f.message for f in check(source) if line is None or f.line == line)


def test_correct_source_passes() -> None:
    assert check(SOURCE) == []


def mutations() -> list[tuple[int, str]]:
    """Each pragma with its name, each option's name, each value and each flag spoilt, one at a time."""
    found: list[tuple[int, str]] = []
    for number, line in PRAGMAS:
        words = line.split()
        for i, word in enumerate(words[2:], 2):
            option, equals, value = word.partition("=")
            spoilt = [option + "x" + equals + value]
            if equals and option not in FREE_WORDS:
                spoilt += [f"{option}=nonsense", f"{option}=-7", f"{option}=", option, word + " " + word]
            if i > 2 and not equals and words[2] != "ALLOCATION":
                spoilt.append(f"{word}=1")
            found += [(number, " ".join([*words[:i], s, *words[i + 1 :]])) for s in spoilt]
    return found


@pytest.mark.parametrize(("number", "line"), mutations(), ids=[f"{n}:{line[12:]}" for n, line in mutations()])
def test_spoilt_pragma_is_found(number: int, line: str) -> None:
    assert messages(with_line(number, line), number)


@pytest.mark.parametrize("number", [n for n, _ in PRAGMAS])
def test_pragma_at_the_end_of_the_file_is_found(number: int) -> None:
    lines = SOURCE.splitlines()
    moved = lines.pop(number - 1)
    assert messages("\n".join([*lines, moved]), len(lines) + 1)


REPLACEMENTS = [
    # a name that is not in scope, or not yet
    ("variable=c0 depth=2", "variable=buffer depth=2", "is not declared before"),
    ('  hls::stream<ap_uint<8> > c0("c0");\n#pragma HLS STREAM variable=c0 depth=2 type=fifo',
     '#pragma HLS STREAM variable=c0 depth=2 type=fifo\n  hls::stream<ap_uint<8> > c0("c0");',
     "is not declared before"),
    ("port=words", "port=fc0_weights", "is not a parameter"),
    # factors and dimensions
    ("block factor=3 dim=2", "block factor=4 dim=2", "does not divide the 6 elements"),
    ("block factor=3 dim=2", "block factor=3 dim=1", "does not divide the 8 elements"),
    ("block factor=3 dim=2", "block factor=3 dim=3", "beyond the 2 dimensions"),
    ("block factor=3 dim=2", "block dim=2", "needs a factor"),
    ("complete dim=0", "complete factor=3", "takes no factor"),
    ("factor=kLanes", "factor=1", "less than 2"),
    ("2 * kLanes] =", "2 * kLanes + 1] =", "does not divide the 9 elements"),
    ("variable=sums complete", "variable=both complete", "is not an array"),
    ("min=1 avg=4 max=100", "min=5 avg=4 max=100", "not in this order"),
    ("II=1 style", "II=0 style", "less than 1"),
    # types that do not fit
    ("type=ram_2p", "type=rom_2p", "needs a constant array"),
    ("type=fifo impl=srl", "type=ram_2p impl=bram", "does not fit"),
    ("axis port=result register_mode=both register", "axis port=frames", "needs a stream"),
    ("mode=m_axi port=words bundle=gmem0 offset=slave", "mode=m_axi port=result", "needs a pointer"),
    ("mode=s_axilite port=return bundle=control", "mode=axis port=return", "does not fit port=return"),
    ("mode=s_axilite port=frames", "mode=ap_ctrl_none port=frames", "needs port=return"),
    ("mode=s_axilite port=return bundle=control", "mode=s_axilite port=frames", "given twice"),
    ("register_mode=both register", "bundle=b", "bundle does not fit"),
    # placement
    ("#pragma HLS PIPELINE II=2\n    ap_uint<16> x;\n    in >> x;",
     "    ap_uint<16> x;\n    in >> x;\n#pragma HLS PIPELINE II=2", "stands behind a statement"),
    ("#pragma HLS DATAFLOW\n", "  if (frames) {\n#pragma HLS DATAFLOW\n  }\n", "stands in no"),
    ("      if (nf + 1 == kRows) {\n", "      if (nf + 1 == kRows) {\n#pragma HLS UNROLL\n", "stands in no loop body"),
    ("    sum += x[i]", "#pragma HLS ARRAY_PARTITION variable=sum complete\n    sum += x[i]",
     "stands in another block"),
    # dataflow form
    ("  fc0(c0, c1, frames);\n", "  fc0(c0, c1, frames);\n  frames + 1;\n", "other than declarations and calls"),
    ("  fc0(c0, c1, frames);\n", "  if (frames) fc0(c0, c1, frames);\n", "other than declarations and calls"),
    ("  fc0(c0, c1, frames);\n", "  for (;;) { fc0(c0, c1, frames); }\n", "other than declarations and calls"),
    ("fc0(c0, c1, frames)", "fc0(c0, c1, frames * 2)", "'fc0' is called with the expression 'frames * 2'"),
    ("fc0(c0, c1, frames)", "fc0(c0, c1, kLanes * 2)", "'fc0' is called with the expression"),
    ("  fc0(c0, c1, frames);\n", "", "passed to 1 calls"),
    ("  fc0(c0, c1, frames);\n", "  fc0(c0, c1, frames);\n  fc0(c0, c1, frames);\n", "passed to 3 calls"),
    ("  load(words, c0, frames);\n  fc0(c0, c1, frames);\n", "  fc0(c0, c1, frames);\n  load(words, c0, frames);\n",
     "is feedback from 'load'"),
    ("emit(c1, result, frames)", "emit(c1, c1, frames)", "passed to 3 calls"),
    ("emit(c1, result, frames)", "load(words, c1, frames)", "is written by two calls"),
    ("emit(c1, result, frames)", "emit(result, c1, frames)", "is written by two calls"),
    ("  emit(c1, result, frames);\n", "  emit(c1, result, frames);\n  emit(result, result, frames);\n",
     "'result' is passed"),
    ("    out << x;\n", "    out << x;\n    in << x;\n", "both reads and writes"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "message"), REPLACEMENTS, ids=[f"{m}-{o[:30]}" for o, _, m in REPLACEMENTS])
def test_violation_is_found(old: str, new: str, message: str) -> None:
    assert SOURCE.count(old) == 1
    found = messages(SOURCE.replace(old, new))
    assert found
    assert message in found


def test_what_may_look_wrong_but_is_not() -> None:
    assert check("#pragma once\n// #pragma HLS NONSENSE\n/* #pragma HLS NONSENSE */\nint x;\n") == []
    assert check("#ifndef __SYNTHESIS__\n#pragma HLS NONSENSE\n#endif\n") == []
    assert (
        check("void f(int a[4][1 << 3]) {\n#pragma hls array_partition variable=a type=block factor=8 dim=2\n}\n") == []
    )


def test_command_line(tmp_path: Path) -> None:
    bad = tmp_path / "bad.cpp"
    bad.write_text("void f() {\n#pragma HLS PIPELINE II=0\n}\n")
    command = [sys.executable, "-m", "qnn_ir.emit.pragma_check"]
    good = subprocess.run([*command, str(FILE)], capture_output=True, text=True, timeout=60, check=False)
    assert (good.returncode, good.stdout) == (0, "")
    done = subprocess.run([*command, str(FILE), str(bad)], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (1, f"{bad}:2: PIPELINE: II=0 is less than 1\n")
