"""Rules of the quantisers, on integer values and at the border of the host prologue."""

import numpy as np
from xdsl.dialects.builtin import TensorType, f32
from xdsl.ir import Operation, SSAValue
from xdsl.rewriter import Rewriter

from qnn_ir.analysis import transfer
from qnn_ir.analysis.expr import REAL, VAR, ZERO, Node, affine, peel
from qnn_ir.analysis.expr_rules import integer_bounds
from qnn_ir.analysis.integerize import narrowing_shift, roots
from qnn_ir.analysis.rational import scalar
from qnn_ir.analysis.rounding import Mode
from qnn_ir.analysis.transfer import Constant, TruncSpec
from qnn_ir.analysis.value import Base, Ints, Piece, Value, of_base
from qnn_ir.dialects import qnn
from qnn_ir.errors import UserError
from qnn_ir.passes.integerizing.host import LINEAR, on_host
from qnn_ir.passes.integerizing.minifloat import float_quant, grid
from qnn_ir.passes.integerizing.walk import Host, Walk, element_type, parameter

QUANTISERS = (
    qnn.QuantOp,
    qnn.BipolarQuantOp,
    qnn.TruncOp,
    qnn.MultiThresholdOp,
    qnn.QuantizeLinearOp,
    qnn.FloatQuantOp,
)
WIDE = 1 << 62


def quantise(walk: Walk, op: Operation, x: Value) -> Value:
    """What the quantiser `op` makes of `x`."""
    match op:
        case qnn.QuantOp():
            return _quant(walk, op, x)
        case qnn.BipolarQuantOp():
            return transfer.bipolar(x, parameter(walk, op.scale), transfer.number(0))
        case qnn.TruncOp():
            return _trunc(walk, op, x)
        case qnn.MultiThresholdOp():
            return _multi_threshold(walk, op, x)
        case qnn.QuantizeLinearOp():
            scale, zero = (_along(parameter(walk, p), x, op.axis.value.data) for p in (op.scale, op.zero))
            return transfer.quantise_linear(x, scale, zero, op.lo.value.data, op.hi.value.data)
        case qnn.FloatQuantOp():
            return float_quant(x, parameter(walk, op.scale), op)
        case _:
            raise UserError(f"unknown quantiser {op.name}")


def rule(walk: Walk, op: Operation) -> Value | Host:
    """A quantiser of an integer value, a constant, the last real tensor of the prologue, or one of the epilogue."""
    state = walk.states[op.operands[0]]
    if not isinstance(state, Host):
        return quantise(walk, op, walk.value(op.operands[0]))
    if state.before:
        return enter(walk, op)
    if _feeds_layer(op):
        raise UserError(
            "quantises a tensor that was computed in floats",
            remedy="remove the operator in front of it from the network",
        )
    return on_host(walk, op)


def _feeds_layer(op: Operation) -> bool:
    """Whether a matrix product or a convolution depends on `op`."""
    pending, seen = [op], {op}
    while pending:
        readers = {use.operation for result in pending.pop().results for use in result.uses} - seen
        if any(isinstance(reader, LINEAR) for reader in readers):
            return True
        seen |= readers
        pending.extend(readers)
    return False


def enter(walk: Walk, op: Operation) -> Value:
    """The quantiser runs on the host; its result is read as integers."""
    for operand in op.operands:
        walk.host(operand)
    shape, zero = qnn.shape_of(op.results[0]), np.zeros(1, np.int64)
    unknown = Base(shape, np.zeros((1,) * len(shape), np.int64), zero - WIDE, zero + WIDE)
    if isinstance(op, qnn.FloatQuantOp):
        return _stored_minifloat(walk, op, unknown)
    value = quantise(walk, op, Value(unknown, unknown.gid, zero, (Piece(zero, REAL),)))
    copy = walk.clone(op)
    del walk.hosts[op.results[0]]  # whoever reads it reads the integers
    real = copy.results[0]
    if not qnn.is_float(real.type):
        real = _as_float(copy)
    return _stored(walk, value, real)


def _stored_minifloat(walk: Walk, op: qnn.FloatQuantOp, base: Base) -> Value:
    """Minifloats of one scale are multiples of their smallest step."""
    scale = parameter(walk, op.scale).numbers
    unit, limit = grid(op)
    if len(scale) > 1:
        raise UserError("has a scale per channel", remedy="use one scale")
    base.hi[:], base.lo[:] = int(limit / unit), -int(limit / unit)
    result = of_base(base, scale * scalar(unit), ZERO)
    real = walk.clone(op).results[0]
    del walk.hosts[op.results[0]]
    s = float(scale[0] * unit)
    base.handle = walk.emit(qnn.ToIntegerOp(real, element=element_type(base), scale=s, groups=base.gid))
    walk.quantised = True
    return result


def _as_float(copy: Operation) -> SSAValue:
    """A quantiser with an integer result, made to hold the same integers in floats."""
    Rewriter.replace_value_with_new_type(copy.results[0], TensorType(f32, qnn.shape_of(copy.results[0])))
    return copy.results[0]


def _stored(walk: Walk, value: Value, real: SSAValue) -> Value:
    """Emit `to_integer` for the grid of a quantiser of an unbounded real."""
    parts = roots(value)
    assert parts is not None
    ranges = [_bounds(part.integer) for part in parts]
    lo, hi = np.zeros(value.rows, np.int64), np.zeros(value.rows, np.int64)
    for piece, (low, high) in zip(value.pieces, ranges, strict=True):
        lo[piece.rows], hi[piece.rows] = low, high
    shift = narrowing_shift(lo, hi)
    lo, hi = lo - shift, hi - shift
    pieces = [
        Piece(piece.rows, affine(part.s, part.b + part.s * scalar(shift), VAR))
        for piece, part in zip(value.pieces, parts, strict=True)
    ]
    base = Base(value.shape, value.gid, lo, hi)
    result = Value(base, value.gid, np.arange(value.rows), tuple(pieces))
    scale, bias = np.zeros(value.rows), np.zeros(value.rows)
    for piece in pieces:
        s, b, _ = peel(piece.expr)
        scale[piece.rows], bias[piece.rows] = s.floats[:, 0], b.floats[:, 0]
    base.handle = walk.emit(qnn.ToIntegerOp(real, element=element_type(base), scale=scale, bias=bias, groups=value.gid))
    walk.quantised = True
    return result


def _bounds(root: Node) -> tuple[Ints, Ints]:
    """The values that the integer root of a quantiser of a real number takes."""
    bounds = integer_bounds(root)
    if bounds is None:
        raise UserError("has no bounds and reads a tensor of the host", remedy="give it a bit width")
    return bounds


def _quant(walk: Walk, op: qnn.QuantOp, x: Value) -> Value:
    scale, zero = parameter(walk, op.scale), parameter(walk, op.zero)
    if not all(scale.numbers.values):
        raise UserError("scale is zero", remedy="retrain or export with a positive scale")
    if op.bits.value.data == 1 and op.signed.value.data:
        return transfer.bipolar_one_bit(x, scale, zero)
    return transfer.quantise(x, scale, zero, Mode(op.rounding.data.value), op.bounds())


def _trunc(walk: Walk, op: qnn.TruncOp, x: Value) -> Value:
    scale, zero = parameter(walk, op.scale), parameter(walk, op.zero)
    out = None if op.out_scale is None else parameter(walk, op.out_scale)
    bounds = None if out is None else op.bounds()
    spec = TruncSpec(Mode(op.rounding.data.value), op.in_bits.value.data, op.out_bits.value.data, bounds)
    return transfer.truncate(x, scale, zero, out, spec)


def _multi_threshold(walk: Walk, op: qnn.MultiThresholdOp, x: Value) -> Value:
    table = walk.value(op.thresholds)
    state = qnn.constant_value(op.thresholds)
    if state is None:
        numbers = parameter(walk, op.thresholds).numbers
        state = np.broadcast_to(numbers.floats[:, 0], (int(np.prod(table.shape)),)).reshape(table.shape)
    axis = op.channel_axis.value.data % len(x.shape)
    return transfer.multi_threshold(x, state, axis, op.out_scale.value.data, op.out_bias.value.data)


def dequantize(walk: Walk, op: qnn.DequantizeLinearOp) -> Value:
    """`(q - zero) * scale`"""
    x = walk.value(op.q)
    scale, zero = (_along(parameter(walk, p), x, op.axis.value.data) for p in (op.scale, op.zero))
    return transfer.dequantise_linear(x, scale, zero)


def _along(constant: Constant, x: Value, axis: int) -> Constant:
    """A parameter per position of `axis`, shaped to broadcast."""
    if len(constant.numbers) == 1 or not constant.shape:
        return Constant((), constant.numbers)
    shape = [1] * len(x.shape)
    shape[axis % len(x.shape)] = constant.shape[0]
    return Constant(tuple(shape), constant.numbers)
