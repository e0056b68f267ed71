"""
Actors as `hlsc` processes, written by hand: how idiomatic `hlsc` looks, and what tests run.

Each function returns the text of one process. Loads of state say `when` they are observed; where a value is cut away
later, a select puts a constant in its place.
"""

from math import lcm

import numpy as np
from numpy.typing import NDArray
from xdsl.context import Context
from xdsl.dialects.builtin import Builtin, ModuleOp
from xdsl.parser import Parser
from xdsl.utils.test_value import create_ssa_value

from qnn_ir.constants import dense_int, int_type
from qnn_ir.dialects import hlsc
from qnn_ir.dialects.stream import Stream


def parse(text: str) -> ModuleOp:
    """The verified module of `text`."""
    context = Context()
    for dialect in (Builtin, hlsc.Hlsc, Stream):
        context.load_dialect(dialect)
    module = Parser(context, text).parse_module()
    module.verify()
    return module


def process(text: str) -> hlsc.ProcessOp:
    """The only process of `text`."""
    (result,) = [op for op in parse(text).walk() if isinstance(op, hlsc.ProcessOp)]
    return result


def rom(name: str, data: NDArray[np.int64], depth: int, value: str) -> str:
    """A rom with `data` as `depth` words of type `value`."""
    return f"%{name} = hlsc.rom {dense_int(data)} as !hlsc.mem<{depth} x {value}>"


def mvtu(weights: NDArray[np.int64], thresholds: NDArray[np.int64], x: str, w: str, pe: int, simd: int) -> str:
    """`y = count_ge(W x, T)`: weights (MH, MW), thresholds (MH, steps), element types `x` and `w`."""
    rows, columns = weights.shape
    folds, tiles = rows // pe, columns // simd
    tiled = weights.reshape(folds, pe, tiles, simd).transpose(0, 2, 1, 3)
    steps = thresholds.shape[1]
    beat, out = f"vector<{simd}x{x}>", f"vector<{pe}x{int_type(0, steps)}>"
    acc, sums = f"vector<{pe}xsi16>", f"vector<{pe}xsi17>"
    dot = _dot_type(x, w, pe, simd)
    return f"""
hlsc.process @mvtu(%in: !hlsc.in<{beat}>, %out: !hlsc.out<{out}>) origin "MatMul_0" {{
  {rom("weights", tiled, folds * tiles, f"vector<{pe}x{simd}x{w}>")}
  {rom("thresholds", thresholds, folds, f"vector<{pe}x{steps}xsi16>")}
  %buf = hlsc.ram !hlsc.mem<{tiles} x {beat}>
  %acc = hlsc.reg !hlsc.mem<1 x {acc}>
  hlsc.side @main (%frame, %nf < {folds}, %sf < {tiles}) {{
    %zero = hlsc.static_constant 0
    %end = hlsc.static_constant {tiles - 1}
    %fresh = hlsc.cmp eq %nf, %zero
    %reused = hlsc.cmp gt %nf, %zero
    %first = hlsc.cmp eq %sf, %zero
    %later = hlsc.cmp gt %sf, %zero
    %last = hlsc.cmp eq %sf, %end
    %new = hlsc.read %in when %fresh : !hlsc.in<{beat}> -> {beat}
    %old = hlsc.load %buf[%sf] when %reused : !hlsc.mem<{tiles} x {beat}> -> {beat}
    %x = hlsc.select %fresh, %new, %old : {beat}, {beat} -> {beat}
    hlsc.store %buf[%sf], %x when %fresh : !hlsc.mem<{tiles} x {beat}>, {beat}
    %row = hlsc.affine %nf * {tiles} + %sf
    %w = hlsc.load %weights[%row] : !hlsc.mem<{folds * tiles} x vector<{pe}x{simd}x{w}>> -> vector<{pe}x{simd}x{w}>
    %dot = hlsc.dot %x, %w : {beat}, vector<{pe}x{simd}x{w}> -> {dot}
    %none = hlsc.constant 0 : {acc}
    %so_far = hlsc.load %acc when %later : !hlsc.mem<1 x {acc}> -> {acc}
    %base = hlsc.select %first, %none, %so_far : {acc}, {acc} -> {acc}
    %sum = hlsc.add %base, %dot : {acc}, {dot} -> {sums}
    %now = hlsc.narrow %sum : {sums} -> {acc}
    hlsc.store %acc, %now : !hlsc.mem<1 x {acc}>, {acc}
    %t = hlsc.load %thresholds[%nf] : !hlsc.mem<{folds} x vector<{pe}x{steps}xsi16>> -> vector<{pe}x{steps}xsi16>
    %y = hlsc.count_ge %now, %t : {acc}, vector<{pe}x{steps}xsi16> -> {out}
    hlsc.write %out, %y when %last : !hlsc.out<{out}>, {out}
  }}
}}"""


def value(text: str) -> hlsc.ValueType:
    """The value type of `text`."""
    return Parser(Context(), text).parse_type()


def _dot_type(x: str, w: str, pe: int, simd: int) -> hlsc.ValueType:
    """The type of the tile product, as the constructor of `hlsc.dot` infers it."""
    vector, matrix = value(f"vector<{simd}x{x}>"), value(f"vector<{pe}x{simd}x{w}>")
    return hlsc.DotOp(create_ssa_value(vector), create_ssa_value(matrix)).result.type


def binary_mvu(weights: NDArray[np.int64], pe: int, simd: int) -> str:
    """`y_p = #{s : x_s == W_ps}` on bits, packed into words: a bipolar product without activation."""
    rows, columns = weights.shape
    folds, tiles = rows // pe, columns // simd
    tiled = weights.reshape(folds, pe, tiles, simd).transpose(0, 2, 1, 3)
    count, total = int_type(0, simd), int_type(0, columns)
    wide = int_type(0, (1 << total.width.data) - 1 + (1 << count.width.data) - 1)
    acc, word, words = f"vector<{pe}x{total}>", f"ui{simd}", f"vector<{pe}xui{simd}>"
    memory = f"!hlsc.mem<{folds * tiles} x vector<{pe}x{simd}xui1>>"
    return f"""
hlsc.process @binary(%in: !hlsc.in<vector<{simd}xui1>>, %out: !hlsc.out<{acc}>) {{
  {rom("weights", tiled, folds * tiles, f"vector<{pe}x{simd}xui1>")}
  %buf = hlsc.ram !hlsc.mem<{tiles} x {word}>
  %acc = hlsc.reg !hlsc.mem<1 x {acc}>
  hlsc.side @main (%frame, %nf < {folds}, %sf < {tiles}) {{
    %zero = hlsc.static_constant 0
    %end = hlsc.static_constant {tiles - 1}
    %fresh = hlsc.cmp eq %nf, %zero
    %reused = hlsc.cmp gt %nf, %zero
    %first = hlsc.cmp eq %sf, %zero
    %later = hlsc.cmp gt %sf, %zero
    %last = hlsc.cmp eq %sf, %end
    %new = hlsc.read %in when %fresh : !hlsc.in<vector<{simd}xui1>> -> {word}
    %old = hlsc.load %buf[%sf] when %reused : !hlsc.mem<{tiles} x {word}> -> {word}
    %x = hlsc.select %fresh, %new, %old : {word}, {word} -> {word}
    hlsc.store %buf[%sf], %x when %fresh : !hlsc.mem<{tiles} x {word}>, {word}
    %row = hlsc.affine %nf * {tiles} + %sf
    %w = hlsc.load %weights[%row] : {memory} -> {words}
    %dot = hlsc.xnor_popcount %x, %w : {word}, {words} -> vector<{pe}x{count}>
    %none = hlsc.constant 0 : {acc}
    %so_far = hlsc.load %acc when %later : !hlsc.mem<1 x {acc}> -> {acc}
    %base = hlsc.select %first, %none, %so_far : {acc}, {acc} -> {acc}
    %sum = hlsc.add %base, %dot : {acc}, vector<{pe}x{count}> -> vector<{pe}x{wide}>
    %now = hlsc.narrow %sum : vector<{pe}x{wide}> -> {acc}
    hlsc.store %acc, %now : !hlsc.mem<1 x {acc}>, {acc}
    hlsc.write %out, %now when %last : !hlsc.out<{acc}>, {acc}
  }}
}}"""


def width(n: int, m: int, elements: int, element: str = "ui2") -> str:
    """
    Beats of `n` lanes to beats of `m` lanes. `elements` per frame is a multiple of both.

    The shift register keeps its newest lane at the top. Lanes held before an iteration: `level`, a closed form.
    """
    period = lcm(n, m)
    assert elements % period == 0
    steps, groups = period // min(n, m), elements // period
    big = max(n, m)
    beat_in, beat_out, held = f"vector<{n}x{element}>", f"vector<{m}x{element}>", f"vector<{big}x{element}>"
    both = f"vector<{big + n}x{element}>"
    level = f"%k * {n} mod {m}" if n < m else f"-%k * {m} mod {n}"
    start, from_ = f"-%level + {big}", "%start" if n < m else "%first"
    return f"""
hlsc.process @width(%in: !hlsc.in<{beat_in}>, %out: !hlsc.out<{beat_out}>) {{
  %held = hlsc.reg !hlsc.mem<1 x {held}>
  hlsc.side @main (%frame, %g < {groups}, %k < {steps}) {{
    %zero = hlsc.static_constant 0
    %limit = hlsc.static_constant {m - n if n < m else m}
    %level = hlsc.affine {level}
    %first = hlsc.affine {start}
    %kept = hlsc.cmp gt %level, %zero
    %edge = hlsc.cmp {"ge" if n < m else "lt"} %level, %limit
    {"%start = hlsc.static_select %edge, %first, %zero" if n < m else ""}
    %blank = hlsc.constant 0 : {held}
    %loaded = hlsc.load %held when %kept : !hlsc.mem<1 x {held}> -> {held}
    %old = hlsc.select %kept, %loaded, %blank : {held}, {held} -> {held}
    {_width_up(n, m, beat_in, held, both) if n < m else _width_down(beat_in)}
    %all = hlsc.concat %old, %x : {held}, {beat_in} -> {both}
    %y = hlsc.dynamic_slice %all[{from_}] size {m} : {both} -> {beat_out}
    hlsc.write %out, %y{" when %edge" if n < m else ""} : !hlsc.out<{beat_out}>, {beat_out}
  }}
}}"""


def _width_up(n: int, m: int, beat: str, held: str, both: str) -> str:
    return f"""%x = hlsc.read %in : !hlsc.in<{beat}> -> {beat}
    %shifted = hlsc.concat %old, %x : {held}, {beat} -> {both}
    %next = hlsc.slice %shifted from {n} size {m} : {both} -> {held}
    hlsc.store %held, %next : !hlsc.mem<1 x {held}>, {held}"""


def _width_down(beat: str) -> str:
    return f"""%new = hlsc.read %in when %edge : !hlsc.in<{beat}> -> {beat}
    %none = hlsc.constant 0 : {beat}
    %x = hlsc.select %edge, %new, %none : {beat}, {beat} -> {beat}
    hlsc.store %held, %x when %edge : !hlsc.mem<1 x {beat}>, {beat}"""


def argmax(count: int, element: str = "si8") -> str:
    """The index of the largest of `count` elements, the lowest on ties."""
    index = int_type(0, count - 1)
    return f"""
hlsc.process @argmax(%in: !hlsc.in<{element}>, %out: !hlsc.out<{index}>) {{
  %best = hlsc.reg !hlsc.mem<1 x {element}>
  %at = hlsc.reg !hlsc.mem<1 x {index}>
  hlsc.side @main (%frame, %i < {count}) {{
    %zero = hlsc.static_constant 0
    %end = hlsc.static_constant {count - 1}
    %first = hlsc.cmp eq %i, %zero
    %later = hlsc.cmp gt %i, %zero
    %last = hlsc.cmp eq %i, %end
    %x = hlsc.read %in : !hlsc.in<{element}> -> {element}
    %here = hlsc.from_index %i : {index}
    %old = hlsc.load %best when %later : !hlsc.mem<1 x {element}> -> {element}
    %was = hlsc.load %at when %later : !hlsc.mem<1 x {index}> -> {index}
    %more = hlsc.greater %x, %old : {element}, {element} -> ui1
    %larger = hlsc.mux %more, %x, %old : ui1, {element}, {element} -> {element}
    %where = hlsc.mux %more, %here, %was : ui1, {index}, {index} -> {index}
    %keep = hlsc.select %first, %x, %larger : {element}, {element} -> {element}
    %index = hlsc.select %first, %here, %where : {index}, {index} -> {index}
    hlsc.store %best, %keep : !hlsc.mem<1 x {element}>, {element}
    hlsc.store %at, %index : !hlsc.mem<1 x {index}>, {index}
    hlsc.write %out, %index when %last : !hlsc.out<{index}>, {index}
  }}
}}"""


def maxpool(height: int, width_: int, beat: str) -> str:
    """2 x 2 windows, stride 2, over pixels of one beat each."""
    half = width_ // 2
    return f"""
hlsc.process @maxpool(%in: !hlsc.in<{beat}>, %out: !hlsc.out<{beat}>) {{
  %left = hlsc.reg !hlsc.mem<1 x {beat}>
  %half = hlsc.ram !hlsc.mem<{half} x {beat}>
  hlsc.side @main (%frame, %y < {height // 2}, %dy < 2, %x < {half}, %dx < 2) {{
    %one = hlsc.static_constant 1
    %right = hlsc.cmp eq %dx, %one
    %low = hlsc.cmp eq %dy, %one
    %odd = hlsc.not %right
    %top = hlsc.not %low
    %keep = hlsc.and %top, %right
    %emit = hlsc.and %low, %right
    %pixel = hlsc.read %in : !hlsc.in<{beat}> -> {beat}
    hlsc.store %left, %pixel when %odd : !hlsc.mem<1 x {beat}>, {beat}
    %before = hlsc.load %left when %right : !hlsc.mem<1 x {beat}> -> {beat}
    %row = hlsc.max %before, %pixel : {beat}, {beat} -> {beat}
    hlsc.store %half[%x], %row when %keep : !hlsc.mem<{half} x {beat}>, {beat}
    %above = hlsc.load %half[%x] when %emit : !hlsc.mem<{half} x {beat}> -> {beat}
    %max = hlsc.max %above, %row : {beat}, {beat} -> {beat}
    hlsc.write %out, %max when %emit : !hlsc.out<{beat}>, {beat}
  }}
}}"""


def join(beats: int, lanes: int) -> str:
    """`y = 3 a + b`."""
    beat = f"vector<{lanes}xui4>"
    return f"""
hlsc.process @join_add(%a: !hlsc.in<{beat}>, %b: !hlsc.in<{beat}>, %out: !hlsc.out<vector<{lanes}xui6>>) {{
  hlsc.side @main (%frame, %i < {beats}) {{
    %x = hlsc.read %a : !hlsc.in<{beat}> -> {beat}
    %y = hlsc.read %b : !hlsc.in<{beat}> -> {beat}
    %three = hlsc.constant 3 : ui2
    %scaled = hlsc.mul %x, %three : {beat}, ui2 -> vector<{lanes}xui6>
    %sum = hlsc.add %scaled, %y : vector<{lanes}xui6>, {beat} -> vector<{lanes}xui7>
    %fits = hlsc.narrow %sum : vector<{lanes}xui7> -> vector<{lanes}xui6>
    hlsc.write %out, %fits : !hlsc.out<vector<{lanes}xui6>>, vector<{lanes}xui6>
  }}
}}"""


def fork(beats: int, beat: str) -> str:
    """Every token to both outputs."""
    return f"""
hlsc.process @copy(%in: !hlsc.in<{beat}>, %a: !hlsc.out<{beat}>, %b: !hlsc.out<{beat}>) {{
  hlsc.side @main (%frame, %i < {beats}) {{
    %x = hlsc.read %in : !hlsc.in<{beat}> -> {beat}
    hlsc.write %a, %x : !hlsc.out<{beat}>, {beat}
    hlsc.write %b, %x : !hlsc.out<{beat}>, {beat}
  }}
}}"""


def depthwise(weights: NDArray[np.int64], outputs: int, lanes: int) -> str:
    """Window beats (output, k, cf) times weights (K, C), summed over k, for each channel: si4 weights, ui4 data."""
    taps, channels = weights.shape
    folds = channels // lanes
    beat, acc = f"vector<{lanes}xui4>", f"vector<{lanes}xsi14>"
    word = f"vector<{lanes}xsi4>"
    return f"""
hlsc.process @depthwise(%in: !hlsc.in<{beat}>, %out: !hlsc.out<{acc}>) {{
  {rom("weights", weights, taps * folds, word)}
  %acc = hlsc.ram !hlsc.mem<{folds} x {acc}>
  hlsc.side @main (%frame, %o < {outputs}, %k < {taps}, %cf < {folds}) {{
    %zero = hlsc.static_constant 0
    %end = hlsc.static_constant {taps - 1}
    %first = hlsc.cmp eq %k, %zero
    %later = hlsc.cmp gt %k, %zero
    %last = hlsc.cmp eq %k, %end
    %row = hlsc.affine %k * {folds} + %cf
    %x = hlsc.read %in : !hlsc.in<{beat}> -> {beat}
    %w = hlsc.load %weights[%row] : !hlsc.mem<{taps * folds} x {word}> -> {word}
    %product = hlsc.mul %x, %w : {beat}, {word} -> vector<{lanes}xsi8>
    %none = hlsc.constant 0 : {acc}
    %so_far = hlsc.load %acc[%cf] when %later : !hlsc.mem<{folds} x {acc}> -> {acc}
    %base = hlsc.select %first, %none, %so_far : {acc}, {acc} -> {acc}
    %sum = hlsc.add %base, %product : {acc}, vector<{lanes}xsi8> -> vector<{lanes}xsi15>
    %now = hlsc.narrow %sum : vector<{lanes}xsi15> -> {acc}
    hlsc.store %acc[%cf], %now : !hlsc.mem<{folds} x {acc}>, {acc}
    hlsc.write %out, %now when %last : !hlsc.out<{acc}>, {acc}
  }}
}}"""


def window(size: int, kernel: int, stride: int, pad: int, folds: int, beat: str, slack: int = 4, depth: int = 0) -> str:
    """
    Sliding windows over `size` x `size` pixels of `folds` beats: a fill side and an emit side around a line buffer.

    The buffer is indexed by beats since reset. The virtual pad rows coincide with the tail of the frame before, so
    nothing is clamped and the next frame's fill overlaps this frame's tail.
    """
    out = (size + 2 * pad - kernel) // stride + 1
    row, frame = size * folds, size * size * folds
    depth = depth or (kernel - 1) * row + kernel * folds + slack
    oldest = f"%oy * {stride * row} + %ox * {stride * folds} + %f * {frame} - {pad * row + pad * folds}"
    index = f"%oy * {stride * row} + %ox * {stride * folds} + %ky * {row} + %kx * {folds} + %cf + %f * {frame}"
    lines = f"!hlsc.mem<{depth} x {beat}>"
    return f"""
hlsc.process @window(%in: !hlsc.in<{beat}>, %out: !hlsc.out<{beat}>) {{
  %lines = hlsc.ram {lines} style bram
  hlsc.side @fill (%f, %i < {frame}) {{
    %position = hlsc.affine %i + %f * {frame}
    hlsc.position %position
    %free = hlsc.affine %i + %f * {frame} - {depth}
    hlsc.await @emit > %free
    %x = hlsc.read %in : !hlsc.in<{beat}> -> {beat}
    %at = hlsc.affine %i + %f * {frame} mod {depth}
    hlsc.store %lines[%at], %x : {lines}, {beat}
  }}
  hlsc.side @emit (%f, %oy < {out}, %ox < {out}, %ky < {kernel}, %kx < {kernel}, %cf < {folds}) {{
    %oldest = hlsc.affine {oldest}
    hlsc.position %oldest
    %zero = hlsc.static_constant 0
    %size = hlsc.static_constant {size}
    %y = hlsc.affine %oy * {stride} + %ky - {pad}
    %x = hlsc.affine %ox * {stride} + %kx - {pad}
    %below_top = hlsc.cmp ge %y, %zero
    %above_end = hlsc.cmp lt %y, %size
    %after_left = hlsc.cmp ge %x, %zero
    %before_right = hlsc.cmp lt %x, %size
    %rows = hlsc.and %below_top, %above_end
    %columns = hlsc.and %after_left, %before_right
    %inside = hlsc.and %rows, %columns
    %above = hlsc.not %below_top
    %index = hlsc.affine {index} - {pad * row + pad * folds}
    %begin = hlsc.affine %f * {frame}
    hlsc.await @fill > %index when %inside
    hlsc.await @fill > %begin when %above
    %at = hlsc.affine {index} - {pad * row + pad * folds} mod {depth}
    %pixel = hlsc.load %lines[%at] when %inside : {lines} -> {beat}
    %pad = hlsc.constant 0 : {beat}
    %value = hlsc.select %inside, %pixel, %pad : {beat}, {beat} -> {beat}
    hlsc.write %out, %value : !hlsc.out<{beat}>, {beat}
  }}
}}"""
