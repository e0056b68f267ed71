"""Every data operation of `hlsc` in compiled C++ against its interpretation, one process for all."""

from pathlib import Path

import numpy as np
import pytest
from emitted import parse, simulate

from qnn_ir.dialects.hlsc import TopOp
from qnn_ir.int_types import word_bits
from qnn_ir.interp.hlsc import run_top

TYPES = """
  hlsc.top @net(%x: !hlsc.chan<ui32>, %y: !hlsc.chan<ui{bits}>) attributes {{
      interfaces = ["axis", "axis"], input_types = [!stream.chan<si8 x 4, 6>], output_types = [!stream.chan<{out}, 6>],
      input_layouts = [#stream.layout<shape = [24], perm = [0], channels = 24>],
      output_layouts = [#stream.layout<shape = [{elements}], perm = [0], channels = {elements}>]}} {{
    hlsc.call @p(%x, %y) : !hlsc.chan<ui32>, !hlsc.chan<ui{bits}>
  }}
"""
PROCESS = """
builtin.module {{
  hlsc.process @p(%in: !hlsc.in<ui32>, %out: !hlsc.out<ui{bits}>) {{
    {memories}
    hlsc.side @main (%frame, %i < 2, %j < 3) {{
      %x = hlsc.read %in : !hlsc.in<ui32> -> vector<4xsi8>
      {body}
      hlsc.write %out, %y : !hlsc.out<ui{bits}>, {type}
    }}
  }}
  {top}
}}
"""
LANES = "vector<4xsi8>"
TABLE = "%table = hlsc.rom dense<{}> : tensor<{}xi8> as !hlsc.mem<{}>"

CASES: dict[str, tuple[str, str, str, int]] = {
    # name: memories, body, element of y, lanes of y
    "sub": ("", f"%y = hlsc.sub %x, %x : {LANES}, {LANES} -> vector<4xsi9>", "si9", 4),
    "mul": ("", f"%y = hlsc.mul %x, %x : {LANES}, {LANES} -> vector<4xsi16>", "si16", 4),
    "min": (
        "",
        f"%c = hlsc.constant 3 : ui2\n %y = hlsc.min %x, %c : {LANES}, ui2 -> vector<4xsi8>",
        "si8",
        4,
    ),
    "max": (
        "",
        f"%c = hlsc.constant 200 : ui8\n %y = hlsc.max %x, %c : {LANES}, ui8 -> vector<4xui8>",
        "ui8",
        4,
    ),
    "shl": ("", f"%y = hlsc.shl %x by 3 : {LANES} -> vector<4xsi11>", "si11", 4),
    "greater": (
        "",
        f"%c = hlsc.constant 100 : ui8\n %y = hlsc.greater %x, %c : {LANES}, ui8 -> vector<4xui1>",
        "ui1",
        4,
    ),
    "mux": (
        "",
        f"""%c = hlsc.constant 0 : si8
      %g = hlsc.greater_equal %x, %c : {LANES}, si8 -> vector<4xui1>
      %n = hlsc.sub %c, %x : si8, {LANES} -> vector<4xsi9>
      %y = hlsc.mux %g, %x, %n : vector<4xui1>, {LANES}, vector<4xsi9> -> vector<4xsi9>""",
        "si9",
        4,
    ),
    "reduce_add": ("", f"%s = hlsc.reduce_add %x : {LANES} -> si10\n %y = hlsc.extend %s : si10 -> si12", "si12", 1),
    "reduce_max": ("", f"%y = hlsc.reduce_max %x : {LANES} -> si8", "si8", 1),
    "reduce_rows": (
        "",
        f"""%b = hlsc.bitcast %x : {LANES} -> vector<2x2xsi8>
      %y = hlsc.reduce_add %b : vector<2x2xsi8> -> vector<2xsi9>""",
        "si9",
        2,
    ),
    "plane": ("", f"%y = hlsc.plane %x bit 7 : {LANES} -> ui4", "ui4", 1),
    "popcount": (
        "",
        f"%b = hlsc.bitcast %x : {LANES} -> vector<2xui16>\n %y = hlsc.popcount %b : vector<2xui16> -> vector<2xui5>",
        "ui5",
        2,
    ),
    "dynamic_slice": (
        "",
        f"%at = hlsc.affine %i + %j mod 3\n %y = hlsc.dynamic_slice %x[%at] size 2 : {LANES} -> vector<2xsi8>",
        "si8",
        2,
    ),
    "slice_concat": (
        "",
        f"""%a = hlsc.slice %x from 1 size 3 : {LANES} -> vector<3xsi8>
      %y = hlsc.concat %a, %x : vector<3xsi8>, {LANES} -> vector<7xsi8>""",
        "si8",
        7,
    ),
    "static": (
        "",
        f"""%t = hlsc.static_rom dense<[5, 0, 9]> : tensor<3xi8> [%j]
      %two = hlsc.static_constant 2
      %a = hlsc.cmp lt %j, %two
      %zero = hlsc.static_constant 0
      %b = hlsc.cmp ne %i, %zero
      %c = hlsc.and %a, %b
      %n = hlsc.not %c
      %d = hlsc.or %n, %b
      %e = hlsc.static_select %c, %t, %i
      %f = hlsc.affine -%e * 3 - %j + 1 mod 7
      %v = hlsc.from_index %f : ui4
      %s = hlsc.select %d, %v, %x : ui4, {LANES} -> vector<4xsi8>
      %y = hlsc.add %s, %v : vector<4xsi8>, ui4 -> vector<4xsi9>""",
        "si9",
        4,
    ),
    "requant": (
        "%m = hlsc.rom dense<[[1, 2, 3, -7]]> : tensor<1x4xi8> as !hlsc.mem<1 x vector<4xsi4>>",
        f"""%f = hlsc.load %m : !hlsc.mem<1 x vector<4xsi4>> -> vector<4xsi4>
      %c = hlsc.constant 5 : ui3
      %y = hlsc.requant %x, %f, %c shift 3 floor clamp -20 to 90 : {LANES}, vector<4xsi4>, ui3 -> vector<4xsi8>""",
        "si8",
        4,
    ),
    "requant_half_even": (
        "",
        f"""%f = hlsc.constant 3 : ui2
      %c = hlsc.constant 0 : ui1
      %y = hlsc.requant %x, %f, %c shift 2 half_even clamp -90 to 90 : {LANES}, ui2, ui1 -> vector<4xsi8>""",
        "si8",
        4,
    ),
    "requant_no_shift": (
        "",
        f"""%f = hlsc.constant 1 : ui1
      %c = hlsc.constant 1 : ui1
      %y = hlsc.requant %x, %f, %c shift 0 half_even clamp 0 to 15 : {LANES}, ui1, ui1 -> vector<4xui4>""",
        "ui4",
        4,
    ),
    **{
        f"requant_beyond_64_bits_{rounding}": (
            "",
            f"""%w = hlsc.constant {(1 << 32) + 12345} : ui33
      %xw = hlsc.mul %x, %w : {LANES}, ui33 -> vector<4xsi41>
      %f = hlsc.constant {(1 << 37) + 4097} : ui38
      %c = hlsc.constant {-(1 << 60) + 98765} : si61
      %y = hlsc.requant %xw, %f, %c shift 45 {rounding} clamp -30000 to 32000
          : vector<4xsi41>, ui38, si61 -> vector<4xsi16>""",
            "si16",
            4,
        )
        for rounding in ("floor", "half_even")
    },
    "step_sum": (
        """%t = hlsc.rom dense<[[[-5, 90], [3, 4], [0, 0], [-128, 127]]]>
        : tensor<1x4x2xi8> as !hlsc.mem<1 x vector<4x2xsi8>>
    %d = hlsc.rom dense<[[[1, -1], [2, 3], [-4, 1], [1, 1]]]> : tensor<1x4x2xi8> as !hlsc.mem<1 x vector<4x2xsi3>>""",
        f"""%tt = hlsc.load %t : !hlsc.mem<1 x vector<4x2xsi8>> -> vector<4x2xsi8>
      %dd = hlsc.load %d : !hlsc.mem<1 x vector<4x2xsi3>> -> vector<4x2xsi3>
      %y = hlsc.step_sum %x, %tt, %dd : {LANES}, vector<4x2xsi8>, vector<4x2xsi3> -> vector<4xsi4>""",
        "si4",
        4,
    ),
    "shared_lookup": (
        "%t = hlsc.rom dense<[[-4, 1, 2, 3]]> : tensor<1x4xi8> as !hlsc.mem<1 x vector<4xsi3>>",
        f"""%b = hlsc.bitcast %x : {LANES} -> vector<16xui2>
      %y = hlsc.lookup %t, %b lo 0 : !hlsc.mem<1 x vector<4xsi3>>, vector<16xui2> -> vector<16xsi3>""",
        "si3",
        16,
    ),
    "shift_register": (
        "%a = hlsc.reg !hlsc.mem<1 x vector<4xsi8>> init -1\n %b = hlsc.reg !hlsc.mem<1 x vector<4xsi8>> init 7",
        f"""%u = hlsc.load %a : !hlsc.mem<1 x {LANES}> -> {LANES}
      %v = hlsc.load %b : !hlsc.mem<1 x {LANES}> -> {LANES}
      hlsc.store %a, %x : !hlsc.mem<1 x {LANES}>, {LANES}
      hlsc.store %b, %u : !hlsc.mem<1 x {LANES}>, {LANES}
      %d = hlsc.sub %u, %v : {LANES}, {LANES} -> vector<4xsi9>
      %zero = hlsc.static_constant 0
      %late = hlsc.cmp gt %i, %zero
      %none = hlsc.constant 0 : vector<4xsi9>
      %y = hlsc.select %late, %d, %none : vector<4xsi9>, vector<4xsi9> -> vector<4xsi9>""",
        "si9",
        4,
    ),
    "swap": (
        "%a = hlsc.reg !hlsc.mem<1 x si8> init -1\n %b = hlsc.reg !hlsc.mem<1 x si8> init 7",
        """%u = hlsc.load %a : !hlsc.mem<1 x si8> -> si8
      %v = hlsc.load %b : !hlsc.mem<1 x si8> -> si8
      hlsc.store %a, %v : !hlsc.mem<1 x si8>, si8
      hlsc.store %b, %u : !hlsc.mem<1 x si8>, si8
      %y = hlsc.sub %u, %v : si8, si8 -> si9""",
        "si9",
        1,
    ),
}


def module_text(case: str) -> str:
    memories, body, element, lanes = CASES[case]
    bits = word_bits(int(element[2:]) * lanes)
    value = element if lanes == 1 else f"vector<{lanes}x{element}>"
    whole = f"vector<{lanes * int(element[2:])}xui1>"
    padding = bits - lanes * int(element[2:])
    body += f"\n      %bits = hlsc.bitcast %y : {value} -> {whole}\n"
    result = "%bits"
    if padding:
        body += f"      %pad = hlsc.constant 0 : vector<{padding}xui1>\n"
        body += f"      %all = hlsc.concat %bits, %pad : {whole}, vector<{padding}xui1> -> vector<{bits}xui1>\n"
        result = "%all"
    top = TYPES.format(bits=bits, out=f"{element} x {lanes}", elements=6 * lanes)
    text = PROCESS.format(bits=bits, memories=memories, body=body, type=f"vector<{bits}xui1>", top=top)
    return text.replace("hlsc.write %out, %y", f"hlsc.write %out, {result}")


@pytest.mark.parametrize("case", CASES)
def test_operation(case: str, tmp_path: Path) -> None:
    module = parse(module_text(case))
    (top,) = (op for op in module.walk() if isinstance(op, TopOp))
    values = np.random.default_rng(0).integers(-128, 128, (5, 24))
    values[0], values[1] = -128, 127
    expected = run_top(module, top, [values])
    np.testing.assert_array_equal(simulate(module, [values], tmp_path)[0], expected[0])
