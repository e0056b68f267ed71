"""Words with side channels: the simulation header, and packets that end with the call."""

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from emitted import QUICK, lowered, parse, write
from test_sim_headers import OURS, STRICT, compile_cpp, run

from qnn_ir.driver import csim
from qnn_ir.errors import UserError

pytestmark = pytest.mark.skipif(shutil.which("g++") is None, reason="needs g++")

WORDS = """
#include <ap_axi_sdata.h>
#include <hls_stream.h>
#include <cassert>

template <typename WORD>
void check(int bytes) {
  hls::stream<WORD> stream("s");
  WORD word;
  assert(word.keep == 0 && word.last == 0);
  word.data = -1;
  word.keep = -1;
  word.strb = 1;
  word.user = 1;
  word.last = true;
  word.id = 0;
  word.dest = 1;
  stream.write(word);
  const WORD back = stream.read();
  assert(back.data == word.data && back.keep == word.keep && back.get_last() == 1 && back.strb == 1);
  assert(back.keep.length() == bytes && int(back.user) == int(word.user) && int(back.dest) == int(word.dest));
  WORD other;
  other.keep_all();
  other.set_last(0);
  assert(other.keep == word.keep && other.strb == word.keep && other.last == 0);
}

int main() {
  check<ap_axiu<8, 1, 1, 1> >(1);
  check<ap_axiu<1024, 1, 1, 1> >(128);
  check<ap_axiu<20, 4, 5, 6> >(3);
  check<ap_axis<32, 2, 5, 6> >(4);
  check<ap_axiu<64, 0, 0, 0> >(8);
  ap_axis<16, 1, 1, 1> negative;
  negative.data = -5;
  assert(negative.get_data().to_int() == -5);
  ap_axiu<64, 0, 0, 0> plain;
  plain.user = 1;
  assert(int(plain.user) == 0);
}
"""
COPY = """
stream.graph @accelerator (%x : !stream.chan<ui5 x 3, 4>) -> (!stream.chan<ui5 x 3, 4>)
    inputs([#stream.layout<shape = [12], perm = [0], channels = 12>])
    outputs([#stream.layout<shape = [12], perm = [0], channels = 12>]) {
  stream.output %x : !stream.chan<ui5 x 3, 4>
}
"""


@pytest.mark.parametrize("compiler", ["g++", "clang++"])
def test_header(compiler: str, tmp_path: Path) -> None:
    if shutil.which(compiler) is None:
        pytest.skip(f"needs {compiler}")
    source = tmp_path / "words.cpp"
    source.write_text(WORDS)
    done: subprocess.CompletedProcess[str] = run(compile_cpp(source, OURS, *STRICT, compiler=compiler))
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("", "", None),
        ("word.last = i + 1 == words;", "word.last = (i + 1) % words_per_frame == 0;", "must be marked as last"),
        ("word.last = i + 1 == words;", "word.last = 0;", "must be marked as last"),
        ("word.keep = -1;", "word.keep = 1;", "every byte of a word must be kept"),
    ],
)
def test_the_testbench_looks_at_packets(old: str, new: str, message: str | None, tmp_path: Path) -> None:
    """A call is one packet, however many frames it has; anything else fails."""
    folder = write(lowered(parse(COPY)), tmp_path)
    source = folder / "accelerator.cpp"
    assert old in source.read_text()
    source.write_text(source.read_text().replace(old, new))
    exe = csim.compile(folder, flags=QUICK)
    words = np.zeros((5, 8), np.uint8)
    if message is None:
        assert not csim.run(exe, [words], chunk=3)[0].any()
        return
    with pytest.raises(UserError, match=message):
        csim.run(exe, [words], chunk=3)
