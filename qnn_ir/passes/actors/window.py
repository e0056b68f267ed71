"""The sliding window: one pixel tap per cycle out of a line buffer."""

from functools import reduce
from typing import NamedTuple

from xdsl.ir import SSAValue

from qnn_ir.analysis.line_buffer import LineBuffer, WindowShape, line_buffer
from qnn_ir.dialects.hlsc import (
    AndOp,
    ConcatOp,
    NotOp,
    ProcessOp,
    SelectOp,
    StaticSelectOp,
    WriteOp,
)
from qnn_ir.dialects.stream import Geometry, WindowOp, channel
from qnn_ir.passes.actors.builder import beat_type
from qnn_ir.passes.actors.selection import is_selection, lower_selection
from qnn_ir.passes.actors.two_sided import FILL, SideBuilder, TwoSided


def lower_window(op: WindowOp, name: str) -> ProcessOp:
    """
    ```
    fill(i < beats of the image):  ring[i] := read, less than the depth of the ring ahead of emit
    emit(oy, ox, ky, kx, c):
      oldest = the first tap of this position; what lies before it may be overwritten
      inside = the tap lies in the image
      write inside ? ring[tap] : padding; padding before the first pixel waits for the frame to begin
    ```

    Where several taps leave at once, each has a ring of its own, since a memory has one port for each side. Where the
    taps are pixels in the order in which they come, there is no ring (`lower_selection`).
    """
    if is_selection(op):
        return lower_selection(op, name)
    geometry, beat = op.geometry(), beat_type(channel(op.input))
    buffer, folds, target = buffer_of(op), geometry.channels // op.simd.value.data, channel(op.result)
    beats, names = channel(op.input).beats.data, "oy ox ky kx c"
    depth, taps = buffer.depth * folds, op.taps.value.data
    p = TwoSided(name, op, beat, beats, depth, "lines", names, op.nest(), beat_type(target), taps)
    emit, row = p.emit, geometry.columns * folds
    (sv, sh), (top, left, _, _) = geometry.strides, geometry.pads
    oldest = emit.affine((emit.counters[0], sv * row), (emit.counters[1], sh * folds), const=-top * row - left * folds)
    stand = _clamped(emit, geometry, folds) if buffer.clamped else oldest
    emit.position(emit.affine((stand, 1), (emit.frame, beats), const=-buffer.lag * folds))
    lanes = [_tap(p, op, oldest, *divmod(tap, op.tile()[1]), tap) for tap in range(taps)]
    emit.effect(WriteOp(p.output, lanes[0] if taps == 1 else emit.add(ConcatOp(lanes))))
    return p.process


def _tap(p: TwoSided, op: WindowOp, oldest: SSAValue, down: int, right: int, copy: int) -> SSAValue:
    """The pixel `down` and `right` of the first tap of this beat, or padding."""
    emit, geometry = p.emit, op.geometry()
    (dv, dh), (rows, columns) = geometry.dilations, op.tile()
    folds = geometry.channels // op.simd.value.data
    row = geometry.columns * folds
    _, _, ky, kx, c = emit.counters
    taps = Axis(ky, rows, down), Axis(kx, columns, right)
    inside = _inside(emit, geometry, taps)
    steps = (oldest, 1), (ky, rows * dv * row), (kx, columns * dh * folds), (c, 1)
    start = down * dv * row + right * dh * folds
    if inside is None:
        return p.load(*steps, const=start, copy=copy)
    early = emit.add(AndOp(emit.add(NotOp(inside)), emit.compare("le", oldest, 0)))
    emit.wait(FILL, emit.affine((emit.frame, p.beats)), early)
    value = p.load(*steps, const=start, when=inside, copy=copy)
    chosen = emit.add(SelectOp(inside, value, emit.splat(op.pad_value.value.data, value.type)))
    return emit.convert(chosen, channel(op.input).element)


def buffer_of(op: WindowOp) -> LineBuffer:
    """The line buffer of a window, in pixels."""
    g = op.geometry()
    pace = g.taps // op.taps.value.data
    return line_buffer(WindowShape(g.rows, g.columns, g.kernel, g.strides, g.dilations, g.pads, g.positions, pace))


def _clamped(emit: SideBuilder, geometry: Geometry, folds: int) -> SSAValue:
    """The first tap of the window, moved to the nearest place in the image; it never falls."""
    oy, ox = emit.counters[:2]
    row = geometry.columns * folds
    (sv, sh), (top, left, _, _) = geometry.strides, geometry.pads
    across = emit.affine((ox, sh * folds))
    limit = emit.static(sv * row)
    across = emit.add(StaticSelectOp(emit.compare("lt", across, sv * row), across, limit))
    oldest = emit.affine((oy, sv * row), (across, 1), const=-top * row - left * folds)
    end = geometry.rows * row
    low = emit.add(StaticSelectOp(emit.compare("ge", oldest, 0), oldest, emit.static(0)))
    return emit.add(StaticSelectOp(emit.compare("le", oldest, end), low, emit.static(end)))


class Axis(NamedTuple):
    """The tap of a beat along one axis: `counter * step + start`."""

    counter: SSAValue
    step: int
    start: int


def _inside(emit: SideBuilder, geometry: Geometry, taps: tuple[Axis, Axis]) -> SSAValue | None:
    """Whether the tap lies in the image; nothing where it always does."""
    conditions: list[SSAValue] = []
    for i, size in enumerate((geometry.rows, geometry.columns)):
        tap, stride, dilation, pad = taps[i], geometry.strides[i], geometry.dilations[i], geometry.pads[i]
        first = tap.start * dilation - pad
        last = (geometry.positions[i] - 1) * stride + (geometry.kernel[i] - tap.step) * dilation + first
        if first >= 0 and last < size:
            continue
        place = emit.affine((emit.counters[i], stride), (tap.counter, tap.step * dilation), const=first)
        conditions += [emit.compare("ge", place, 0)] if first < 0 else []
        conditions += [emit.compare("lt", place, size)] if last >= size else []
    return reduce(lambda a, b: emit.add(AndOp(a, b)), conditions) if conditions else None
