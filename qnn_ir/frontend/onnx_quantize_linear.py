"""`QuantizeLinear` and `DequantizeLinear`: numbers that are integers, and back."""

import numpy as np
from xdsl.ir import SSAValue

from qnn_ir.dialects import qnn
from qnn_ir.frontend.onnx_graph import MICROSOFT
from qnn_ir.frontend.onnx_importer import NodeImporter, Results, Tensor, imports, shape_of
from qnn_ir.frontend.onnx_quantisers import scale, zero_point
from qnn_ir.frontend.onnx_tensors import INTEGER_TYPES, UINT8, type_name
from qnn_ir.int_types import value_range


@imports("QuantizeLinear")
@imports("QuantizeLinear", domain=MICROSOFT)
def quantize_linear(node: NodeImporter) -> Results:
    """`saturate(rint(x / scale) + zero point)`: numbers that are integers of the zero point's type."""
    x = node.real(0, infinite=True)
    type_ = _quantised_type(node)
    scale(node, 1, x)
    if node.constant(1, "scale").ndim > 1 and node.integer("block_size", 0):
        return Tensor(_quantize_blocks(node, x, type_), type_)
    parameters = linear_parameters(node, x, 1, type_)
    return quantize(node, x, parameters, type_)


def _quantised_type(node: NodeImporter) -> int:
    declared = node.integer("output_dtype", 0)
    if node.given(2):
        type_ = node.input(2).type
        if declared not in (0, type_):
            node.fail(f"output_dtype {type_name(declared)}, but a zero point of type {type_name(type_)}")
    else:
        type_ = declared or UINT8
    return check_integer_type(node, type_)


def check_integer_type(node: NodeImporter, type_: int) -> int:
    """`type_`, which must be an integer type of at most 32 bits."""
    if INTEGER_TYPES.get(type_, (64, True))[0] > 32:
        node.fail(f"quantises to {type_name(type_)}", "only integer types of up to 32 bits are supported")
    return type_


class Linear:
    """Scale and zero point of `QuantizeLinear` and its like, and the axis that they belong to."""

    def __init__(self, scale: SSAValue, zero: SSAValue, axis: int):
        self.scale, self.zero, self.axis = scale, zero, axis


def linear_parameters(node: NodeImporter, x: SSAValue, index: int, type_: int, axis: int | None = None) -> Linear:
    """Scale operand `index` and zero point operand `index + 1` (0 where absent), checked against `x`."""
    scales = node.constant(index, "scale")
    zero = zero_point(node, index + 1) if node.given(index + 1) else np.zeros((), np.int64)
    if node.given(index + 1) and (found := node.input(index + 1).type) != type_:
        node.fail(f"{type_name(type_)} values with a zero point of type {type_name(found)}", "use one type for both")
    rank = len(shape_of(x))
    if scales.size > 1 and node.integer("block_size", 0):
        node.fail("quantises in blocks", "use one scale per tensor or per channel")
    axis = node.integer("axis", 1) if axis is None else axis
    if scales.size == 1:
        scales, zero, axis = scales.reshape(()), zero.reshape(()) if zero.size == 1 else zero, 0
    elif not -rank <= axis < rank or scales.shape != (shape_of(x)[axis],):
        node.fail(f"scale of shape {list(scales.shape)} for axis {axis} of {list(shape_of(x))}", "export again")
    if zero.shape != scales.shape:
        zero = np.broadcast_to(zero.reshape(-1)[:1], scales.shape) if zero.size == 1 else zero
    if zero.shape != scales.shape:
        node.fail(f"scale of shape {list(scales.shape)}, zero point of shape {list(zero.shape)}", "use one shape")
    axis = axis % rank if rank else 0
    return Linear(node.float_constant(scales), node.int_constant(zero, type_), axis)


def quantize(node: NodeImporter, x: SSAValue, linear: Linear, type_: int) -> Tensor:
    """`qnn.quantize_linear` to all values of `type_`."""
    lo, hi = value_range(*INTEGER_TYPES[type_])
    op = qnn.QuantizeLinearOp(x, linear.scale, linear.zero, axis=linear.axis, lo=lo, hi=hi)
    return Tensor(node.emit(op), type_)


@imports("DequantizeLinear")
@imports("DequantizeLinear", domain=MICROSOFT)
def dequantize_linear(node: NodeImporter) -> Results:
    """`(q - zero point) * scale`."""
    value = node.input(0)
    q = stored_integers(node, 0)
    scale(node, 1, q)
    if node.given(1) and node.constant(1, "scale").ndim > 1 and node.integer("block_size", 0):
        return Tensor(_dequantize_blocks(node, q, value.type))
    linear = linear_parameters(node, q, 1, value.type)
    return Tensor(node.emit(qnn.DequantizeLinearOp(q, linear.scale, linear.zero, axis=linear.axis)))


def stored_integers(node: NodeImporter, index: int) -> SSAValue:
    """Operand `index`, which must hold integers."""
    check_integer_type(node, node.input(index).type)
    return node.value(index)


def _quantize_blocks(node: NodeImporter, x: SSAValue, type_: int) -> SSAValue:
    """Blocks along an axis share a scale: every block as a row of its own, then back."""
    shape, axis, size = shape_of(x), node.integer("axis", 1), node.integer("block_size", 0)
    scales = node.constant(1, "scale")
    zeros = zero_point(node, 2) if node.given(2) else np.zeros(scales.shape, np.int64)
    axis = axis % len(shape) if -len(shape) <= axis < len(shape) else node.fail(f"axis {axis} of {list(shape)}")
    blocks = (*shape[:axis], shape[axis] // size, *shape[axis + 1 :])
    if shape[axis] % size or scales.shape != blocks or zeros.shape != blocks:
        node.fail(f"blocks of {size} with scales of shape {list(scales.shape)} for {list(shape)}", "export again")
    split = (*shape[:axis], shape[axis] // size, size, *shape[axis + 1 :])
    last = [*(a for a in range(len(split)) if a != axis + 1), axis + 1]
    rows = node.reshape(node.transpose(node.reshape(x, split), last), (1, scales.size, size))
    linear = Linear(node.float_constant(scales.ravel()), node.int_constant(zeros.ravel(), type_), 1)
    rows = quantize(node, rows, linear, type_).value
    moved = node.reshape(rows, [split[a] for a in last])
    return node.reshape(node.transpose(moved, [last.index(a) for a in range(len(split))]), shape)


def _dequantize_blocks(node: NodeImporter, q: SSAValue, type_: int) -> SSAValue:
    """Blocks along an axis share a scale: as a product with the scales repeated over their blocks."""
    shape, axis, size = shape_of(q), node.integer("axis", 1), node.integer("block_size", 0)
    scales = node.constant(1, "scale")
    zeros = zero_point(node, 2) if node.given(2) else np.zeros(scales.shape, np.int64)
    if not -len(shape) <= axis < len(shape):
        node.fail(f"axis {axis} of a tensor with {len(shape)} axes")
    picked = (np.repeat(a, size, axis).take(range(shape[axis]), axis) for a in (scales, zeros))
    try:
        scales, zeros = (np.broadcast_to(a, shape) for a in picked)
    except (ValueError, IndexError):
        node.fail(f"blocks of {size} with scales of shape {list(scales.shape)} for {list(shape)}", "export again")
    one, zero = node.float_constant(np.ones(())), node.int_constant(np.zeros((), np.int64), type_)
    real = node.emit(qnn.DequantizeLinearOp(q, one, zero, axis=0))
    shifted = node.emit(qnn.SubOp(real, node.float_constant(zeros)))
    return node.emit(qnn.MulOp(shifted, node.float_constant(scales)))
