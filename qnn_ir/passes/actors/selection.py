"""
Windows that take pixels in the order in which they come: no buffer, the process drops what lies between.

Such are the windows of one pixel with a stride, those as large as the image, and those on one row that do not overlap.
"""

from functools import reduce

import numpy as np
from xdsl.ir import SSAValue

from qnn_ir.constants import IntArray
from qnn_ir.dialects.hlsc import AndOp, ProcessOp, ReadOp, WriteOp
from qnn_ir.dialects.stream import Geometry, WindowOp, channel
from qnn_ir.passes.actors.builder import ProcessBuilder, beat_type


def is_selection(op: WindowOp) -> bool:
    """Whether the taps of all positions, one tap per beat, are pixels of the image in rising order."""
    g = op.geometry()
    if any(g.pads) or op.taps.value.data > 1 or (g.kernel[0] > 1 and g.positions[1] > 1):
        return False
    return bool((np.diff(taken(g)) > 0).all())


def taken(geometry: Geometry) -> IntArray:
    """The pixel at each tap of each position, for a window without padding."""
    axes = zip(geometry.positions, geometry.kernel, geometry.strides, geometry.dilations, strict=True)
    rows, columns = (
        np.arange(n, dtype=np.int64)[:, None] * stride + np.arange(k) * dilation for n, k, stride, dilation in axes
    )
    return (rows[:, None, :, None] * geometry.columns + columns[None, :, None, :]).reshape(-1)


def lower_selection(op: WindowOp, name: str) -> ProcessOp:
    """`main(y, x, c): pixel = read; write pixel when a window takes row y and column x`"""
    geometry, beat = op.geometry(), beat_type(channel(op.input))
    bounds = geometry.rows, geometry.columns, geometry.channels // op.simd.value.data
    p = ProcessBuilder(name, op, [beat], [beat], "y x c", bounds)
    pixel = p.add(ReadOp(p.inputs[0]))
    conditions = [condition for axis in range(2) for condition in _taken(p, geometry, axis)]
    when = reduce(lambda a, b: p.add(AndOp(a, b)), conditions) if conditions else None
    p.effect(WriteOp(p.outputs[0], pixel, when))
    return p.process


def _taken(p: ProcessBuilder, geometry: Geometry, axis: int) -> list[SSAValue]:
    """The conditions under which a window takes this row (or column); none where all are taken."""
    index, size = p.counters[axis], (geometry.rows, geometry.columns)[axis]
    count, kernel = geometry.positions[axis], geometry.kernel[axis]
    stride, dilation = geometry.strides[axis], geometry.dilations[axis]
    extent = (kernel - 1) * dilation
    last = (count - 1) * stride + extent
    conditions = [p.compare("le", index, last)] if last < size - 1 else []
    offset = index
    if count > 1 and stride > 1:
        offset = p.affine((index, 1), modulus=stride)
        conditions += [p.compare("le", offset, extent)] if extent < stride - 1 else []
    if kernel > 1 and dilation > 1:
        conditions.append(p.compare("eq", p.affine((offset, 1), modulus=dilation), 0))
    return conditions
