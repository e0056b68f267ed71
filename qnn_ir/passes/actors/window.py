"""The sliding window: one pixel tap per cycle out of a line buffer."""

from functools import reduce

from xdsl.ir import SSAValue

from qnn_ir.analysis.line_buffer import LineBuffer, WindowShape, line_buffer
from qnn_ir.dialects.hlsc import (
    AndOp,
    NotOp,
    ProcessOp,
    SelectOp,
    StaticSelectOp,
    WriteOp,
)
from qnn_ir.dialects.stream import Geometry, WindowOp, channel
from qnn_ir.passes.actors.builder import beat_type
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
    """
    geometry, beat = op.geometry(), beat_type(channel(op.input))
    buffer, folds = buffer_of(op), geometry.channels // op.simd.value.data
    beats = channel(op.input).beats.data
    p = TwoSided(name, op, beat, beats, buffer.depth * folds, "lines", "oy ox ky kx c", op.nest())
    emit = p.emit
    oy, ox, ky, kx, c = emit.counters
    row = geometry.columns * folds
    (sv, sh), (dv, dh), (top, left, _, _) = geometry.strides, geometry.dilations, geometry.pads
    oldest = emit.affine((oy, sv * row), (ox, sh * folds), const=-top * row - left * folds)
    stand = _clamped(emit, geometry, folds) if buffer.clamped else oldest
    emit.position(emit.affine((stand, 1), (emit.frame, beats), const=-buffer.lag * folds))
    inside = _inside(emit, geometry)
    if inside is not None:
        early = emit.add(AndOp(emit.add(NotOp(inside)), emit.compare("le", oldest, 0)))
        emit.wait(FILL, emit.affine((emit.frame, beats)), early)
    value = p.load((oldest, 1), (ky, dv * row), (kx, dh * folds), (c, 1), when=inside)
    if inside is not None:
        value = emit.add(SelectOp(inside, value, emit.splat(op.pad_value.value.data, beat)))
    emit.effect(WriteOp(p.output, emit.convert(value, channel(op.result).element)))
    return p.process


def buffer_of(op: WindowOp) -> LineBuffer:
    """The line buffer of a window, in pixels."""
    g = op.geometry()
    return line_buffer(WindowShape(g.rows, g.columns, g.kernel, g.strides, g.dilations, g.pads, g.positions))


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


def _inside(emit: SideBuilder, geometry: Geometry) -> SSAValue | None:
    """Whether the tap lies in the image; nothing where all taps do."""
    conditions: list[SSAValue] = []
    axes = zip(
        emit.counters[:2],
        emit.counters[2:4],
        geometry.positions,
        geometry.kernel,
        geometry.strides,
        geometry.dilations,
        geometry.pads[:2],
        (geometry.rows, geometry.columns),
        strict=True,
    )
    for position, tap, count, taps, stride, dilation, pad, size in axes:
        last = (count - 1) * stride + (taps - 1) * dilation - pad
        place = emit.affine((position, stride), (tap, dilation), const=-pad) if pad or last >= size else None
        if place is not None and pad:
            conditions.append(emit.compare("ge", place, 0))
        if place is not None and last >= size:
            conditions.append(emit.compare("lt", place, size))
    return reduce(lambda a, b: emit.add(AndOp(a, b)), conditions) if conditions else None
