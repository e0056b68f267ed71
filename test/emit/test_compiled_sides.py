"""Processes with several sides, with nests that step now and then, and with a frame count in their addresses."""

import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from ap_types import amd_include_dir
from emitted import QUICK, findings, parse, simulate, write
from xdsl.context import Context

from qnn_ir.dialects.hlsc import TopOp
from qnn_ir.driver import csim
from qnn_ir.interp.hlsc import run_top
from qnn_ir.passes.hlsc_verify_processes import HlscVerifyProcessesPass

TOP = """
builtin.module {{
  {process}
  hlsc.top @net(%x: !hlsc.chan<ui8>, %y: !hlsc.chan<ui8>) attributes {{
      interfaces = ["axis", "axis"], input_types = [!stream.chan<ui8 x 1, {inputs}>],
      output_types = [!stream.chan<ui8 x 1, {outputs}>],
      input_layouts = [#stream.layout<shape = [{inputs}], perm = [0], channels = {inputs}>],
      output_layouts = [#stream.layout<shape = [{outputs}], perm = [0], channels = {outputs}>]}} {{
    hlsc.call @p(%x, %y) : !hlsc.chan<ui8>, !hlsc.chan<ui8>
  }}
}}
"""

PROCESSES = {
    # Two sides around a ring, the order of the beats of a frame reversed: one load awaits the whole frame.
    "reversed": (
        6,
        6,
        """hlsc.process @p(%in: !hlsc.in<ui8>, %out: !hlsc.out<ui8>) {
    %ring = hlsc.ram !hlsc.mem<12 x ui8>
    hlsc.side @fill (%frame, %i < 6) {
      %at = hlsc.affine %frame * 6 + %i
      %old = hlsc.affine %frame * 6 + %i - 12
      %place = hlsc.affine %frame * 6 + %i mod 12
      hlsc.position %at
      hlsc.await @emit > %old
      %x = hlsc.read %in : !hlsc.in<ui8> -> ui8
      hlsc.store %ring[%place], %x : !hlsc.mem<12 x ui8>, ui8
    }
    hlsc.side @emit (%frame, %i < 6) {
      %first = hlsc.affine %frame * 6
      %at = hlsc.affine %first - %i + 5
      %place = hlsc.affine %first - %i + 5 mod 12
      hlsc.position %first
      hlsc.await @fill > %at
      %x = hlsc.load %ring[%place] : !hlsc.mem<12 x ui8> -> ui8
      hlsc.write %out, %x : !hlsc.out<ui8>, ui8
    }
  }""",
    ),
    # A position that is a choice, and no affine form: the first side awaits what only the second one names.
    "chosen": (
        6,
        8,
        """hlsc.process @p(%in: !hlsc.in<ui8>, %out: !hlsc.out<ui8>) {
    %ring = hlsc.ram !hlsc.mem<9 x ui8>
    hlsc.side @fill (%frame, %i < 6) {
      %at = hlsc.affine %frame * 6 + %i
      %old = hlsc.affine %frame * 6 + %i - 9
      %place = hlsc.affine %frame * 6 + %i mod 9
      hlsc.position %at
      hlsc.await @emit > %old
      %x = hlsc.read %in : !hlsc.in<ui8> -> ui8
      hlsc.store %ring[%place], %x : !hlsc.mem<9 x ui8>, ui8
    }
    hlsc.side @emit (%frame, %i < 8) {
      %six = hlsc.static_constant 6
      %inside = hlsc.cmp lt %i, %six
      %here = hlsc.affine %frame * 6 + %i
      %passed = hlsc.static_select %inside, %i, %six
      %at = hlsc.affine %frame * 6 + %passed
      %place = hlsc.affine %frame * 6 + %i mod 9
      hlsc.position %at
      hlsc.await @fill > %here when %inside
      %x = hlsc.load %ring[%place] when %inside : !hlsc.mem<9 x ui8> -> ui8
      %zero = hlsc.constant 0 : ui8
      %y = hlsc.select %inside, %x, %zero : ui8, ui8 -> ui8
      hlsc.write %out, %y : !hlsc.out<ui8>, ui8
    }
  }""",
    ),
    # A second nest that steps in the iterations that write: every third beat leaves, marked with its own counters.
    "advance": (
        12,
        4,
        """hlsc.process @p(%in: !hlsc.in<ui8>, %out: !hlsc.out<ui8>) {
    hlsc.side @main (%frame, %i < 4, %j < 3) (%again, %a < 2, %b < 2) {
      %two = hlsc.static_constant 2
      %last = hlsc.cmp eq %j, %two
      hlsc.advance 1 when %last
      %x = hlsc.read %in : !hlsc.in<ui8> -> ui8
      %mark = hlsc.affine %a * 2 - %b + 1
      %m = hlsc.from_index %mark : ui2
      %s = hlsc.add %x, %m : ui8, ui2 -> ui9
      %y = hlsc.narrow %s : ui9 -> ui8
      hlsc.write %out, %y when %last : !hlsc.out<ui8>, ui8
    }
  }""",
    ),
    # Two sides that hand a word to and fro: each loads what the other one stores.
    "to_and_fro": (
        4,
        4,
        """hlsc.process @p(%in: !hlsc.in<ui8>, %out: !hlsc.out<ui8>) {
    %there = hlsc.ram !hlsc.mem<2 x ui8>
    %back = hlsc.ram !hlsc.mem<2 x ui8>
    hlsc.side @outer (%frame, %i < 4, %phase < 2) {
      %zero = hlsc.static_constant 0
      %sends = hlsc.cmp eq %phase, %zero
      %takes = hlsc.not %sends
      %at = hlsc.affine %frame * 4 + %i
      %place = hlsc.affine %frame * 4 + %i mod 2
      %done = hlsc.affine %at + %phase
      hlsc.position %done
      hlsc.await @inner > %at when %takes
      %x = hlsc.read %in when %sends : !hlsc.in<ui8> -> ui8
      hlsc.store %there[%place], %x when %sends : !hlsc.mem<2 x ui8>, ui8
      %y = hlsc.load %back[%place] when %takes : !hlsc.mem<2 x ui8> -> ui8
      hlsc.write %out, %y when %takes : !hlsc.out<ui8>, ui8
    }
    hlsc.side @inner (%frame, %i < 4) {
      %at = hlsc.affine %frame * 4 + %i
      %place = hlsc.affine %frame * 4 + %i mod 2
      hlsc.position %at
      hlsc.await @outer > %at
      %x = hlsc.load %there[%place] : !hlsc.mem<2 x ui8> -> ui8
      %max = hlsc.constant 100 : ui8
      %y = hlsc.min %x, %max : ui8, ui8 -> ui8
      hlsc.store %back[%place], %y : !hlsc.mem<2 x ui8>, ui8
    }
  }""",
    ),
}


@pytest.mark.parametrize("name", PROCESSES)
@pytest.mark.parametrize("dialect", ["simulation", "synthesis", "sanitised", "clang", "amd"])
def test_process(name: str, dialect: str, tmp_path: Path) -> None:
    inputs, outputs, process = PROCESSES[name]
    module = parse(TOP.format(process=process, inputs=inputs, outputs=outputs))
    HlscVerifyProcessesPass().apply(Context(), module)
    flags = {"synthesis": ("-D__SYNTHESIS__",), "sanitised": ("-fsanitize=undefined,address",)}.get(dialect, ())
    cxx = "clang++" if dialect in ("clang", "amd") else "g++"
    if shutil.which(cxx) is None:
        pytest.skip(f"needs {cxx}")
    include = None
    if dialect == "amd":
        include = amd_include_dir(tmp_path)
        (include / "hls_stream.h").symlink_to(csim.include_folder() / "hls_stream.h")
    (top,) = (op for op in module.walk() if isinstance(op, TopOp))
    streams = [np.random.default_rng(0).integers(0, 250, (5, inputs))]
    (expected,) = run_top(module, top, streams)
    (actual,) = simulate(module, streams, tmp_path, cxx=cxx, flags=(*QUICK, *flags), include=include)
    np.testing.assert_array_equal(actual, expected)
    text = (write(module, tmp_path) / "net.cpp").read_text()
    assert findings(tmp_path, "net") == []
    if len(re.findall("_go = ", text)) > 1:
        assert "%" not in text.split("while")[1]
