"""
Integer operators as dequantise, compute, quantise: the same integers, since the arithmetic in between is exact.

`MatMulInteger` and `ConvInteger` compute sums that stay integers; as real numbers they are the same numbers.
"""

from collections.abc import Callable

import numpy as np
from xdsl.ir import SSAValue

from qnn_ir.dialects import qnn
from qnn_ir.frontend.onnx_graph import MICROSOFT
from qnn_ir.frontend.onnx_importer import NodeImporter, Results, Tensor, imports, shape_of
from qnn_ir.frontend.onnx_linear import channels_first, channels_last, convolution, general_product, product
from qnn_ir.frontend.onnx_pooling import average, global_average
from qnn_ir.frontend.onnx_quantisers import scale
from qnn_ir.frontend.onnx_quantize_linear import check_integer_type, linear_parameters, quantize, stored_integers
from qnn_ir.frontend.onnx_tensors import INT32


def real_operand(node: NodeImporter, index: int, axis: int | None = None) -> SSAValue:
    """Operands (q, scale, zero point) from `index` on as real numbers; scales along `axis` where there are several."""
    q = stored_integers(node, index)
    scale(node, index + 1, q)
    linear = linear_parameters(node, q, index + 1, node.input(index).type, axis or 0)
    if axis is None and shape_of(linear.scale):
        node.fail("several scales for an activation", "use one scale per tensor")
    return node.emit(qnn.DequantizeLinearOp(q, linear.scale, linear.zero, axis=linear.axis))


def quantised_result(node: NodeImporter, x: SSAValue, index: int, type_: int | None = None) -> Tensor:
    """`x` quantised by operands (scale, zero point) from `index` on; the zero point has the result's type."""
    if node.given(index + 1):
        type_ = node.input(index + 1).type
    if type_ is None:
        node.fail(f"input {index + 1} (zero point of the result) is missing", "export the model again")
    scale(node, index, x)
    linear = linear_parameters(node, x, index, check_integer_type(node, type_), 0)
    if shape_of(linear.scale):
        node.fail("several scales for an activation", "use one scale per tensor")
    return quantize(node, x, linear, type_)


@imports("QLinearMatMul")
def qlinear_matmul(node: NodeImporter) -> Results:
    """`(a, scale, zero, b, scale, zero, y scale, y zero)`; the scales of b are per column."""
    columns = len(shape_of(stored_integers(node, 3))) - 1
    result = product(node, real_operand(node, 0), real_operand(node, 3, columns))
    return quantised_result(node, result, 6)


@imports("QLinearConv")
def qlinear_conv(node: NodeImporter) -> Results:
    """`(x, scale, zero, w, scale, zero, y scale, y zero, bias)`; the bias is in units of x scale times w scale."""
    x, w = real_operand(node, 0), real_operand(node, 3, 0)
    bias = integer_bias(node, 8) if node.given(8) else None
    return quantised_result(node, convolution(node, x, w, bias), 6)


def integer_bias(node: NodeImporter, index: int) -> SSAValue:
    """The bias `index` in units of the product of the scales 1 and 4, which is exact in float64."""
    bias = stored_integers(node, index)
    units = node.constant(1, "scale").astype(np.float64).ravel() * node.constant(4, "scale").astype(np.float64).ravel()
    if units.size not in (1, shape_of(bias)[-1] if shape_of(bias) else 1):
        node.fail(f"{units.size} scales for a bias of shape {list(shape_of(bias))}", "export the model again")
    zero = node.int_constant(np.zeros(units.shape if units.size > 1 else (), np.int64), node.input(index).type)
    units = units if units.size > 1 else units.reshape(())
    axis = max(0, len(shape_of(bias)) - 1)
    return node.emit(qnn.DequantizeLinearOp(bias, node.float_constant(units), zero, axis=axis))


@imports("QGemm", domain=MICROSOFT)
def qgemm(node: NodeImporter) -> Results:
    """`(a, scale, zero, b, scale, zero, c, y scale, y zero)`; a float result where there is no y scale."""
    rows = 0 if node.flag("transB") else 1
    a, b = real_operand(node, 0), real_operand(node, 3, rows)
    bias = integer_bias(node, 6) if node.given(6) else None
    if bias is not None and (alpha := node.number("alpha", 1.0)) != 1:
        bias = node.emit(qnn.MulOp(bias, node.float_constant(np.array(alpha))))
    result = general_product(node, a, b, bias)
    return quantised_result(node, result, 7) if node.given(7) else Tensor(result)


def _sums(node: NodeImporter, index: int, zero: int, axis: int) -> SSAValue:
    """Operand `index` minus its zero point `zero`, as real numbers."""
    q, type_ = stored_integers(node, index), node.input(index).type
    zeros = node.constant(zero, "zero point") if node.given(zero) else np.zeros((), np.int64)
    if node.given(zero) and node.input(zero).type != type_:
        node.fail("zero point of another type than its tensor", "use one type for both")
    zeros = zeros.reshape(()) if zeros.size == 1 else zeros
    if zeros.ndim and zeros.shape != (shape_of(q)[axis],):
        node.fail(f"zero point of shape {list(zeros.shape)} for {list(shape_of(q))}", "export the model again")
    one = node.float_constant(np.ones(zeros.shape))
    return node.emit(
        qnn.DequantizeLinearOp(q, one, node.int_constant(zeros, type_), axis=axis % max(1, len(shape_of(q))))
    )


@imports("MatMulInteger")
def matmul_integer(node: NodeImporter) -> Results:
    """`(a - a zero) @ (b - b zero)`."""
    return Tensor(product(node, _sums(node, 0, 2, -2), _sums(node, 1, 3, -1)), INT32)


@imports("ConvInteger")
def conv_integer(node: NodeImporter) -> Results:
    """`conv(x - x zero, w - w zero)`; padding is zero after the subtraction."""
    return Tensor(convolution(node, _sums(node, 0, 2, 1), _sums(node, 1, 3, 0), None), INT32)


@imports("QLinearAdd", "QLinearMul", domain=MICROSOFT)
def qlinear_binary(node: NodeImporter) -> Results:
    """`(a, scale, zero, b, scale, zero, y scale, y zero)`."""
    op = qnn.AddOp if node.node.op_type == "QLinearAdd" else qnn.MulOp
    result = node.emit(op(real_operand(node, 0), real_operand(node, 3)))
    return quantised_result(node, result, 6, node.input(0).type)


@imports("QLinearConcat", domain=MICROSOFT)
def qlinear_concat(node: NodeImporter) -> Results:
    """`(y scale, y zero, (x, scale, zero)...)`."""
    parts = [real_operand(node, i) for i in range(2, len(node.inputs), 3)]
    if not parts:
        node.fail("joins nothing", "export the model again")
    axis = node.axis(node.integer("axis"), len(shape_of(parts[0])), parts[0])
    return quantised_result(node, node.emit(qnn.ConcatOp(parts, axis)), 0, node.input(2).type)


def _unary(node: NodeImporter, function: Callable[[SSAValue], SSAValue]) -> Results:
    """`(x, scale, zero, y scale, y zero)` around `function`."""
    return quantised_result(node, function(real_operand(node, 0)), 3, node.input(0).type)


@imports("QLinearLeakyRelu", domain=MICROSOFT)
def qlinear_leaky_relu(node: NodeImporter) -> Results:
    """A leaky ReLU between two scales."""
    return _unary(node, lambda x: node.emit(qnn.LeakyReluOp(x, alpha=node.number("alpha", 0.01))))


@imports("QLinearSigmoid", domain=MICROSOFT)
def qlinear_sigmoid(node: NodeImporter) -> Results:
    """A sigmoid between two scales."""
    return _unary(node, lambda x: node.emit(qnn.UnaryOp(x, qnn.Function.SIGMOID)))


@imports("QLinearAveragePool", "QLinearGlobalAveragePool", domain=MICROSOFT)
def qlinear_average_pool(node: NodeImporter) -> Results:
    """The mean over windows between two scales."""
    pool = average if node.node.op_type == "QLinearAveragePool" else global_average
    if not node.flag("channels_last"):
        return _unary(node, lambda x: pool(node, x))
    return _unary(node, lambda x: channels_last(node, pool(node, channels_first(node, x))))


@imports("QLinearSoftmax", domain=MICROSOFT)
def qlinear_softmax(node: NodeImporter) -> Results:
    """A softmax between two scales."""
    x = real_operand(node, 0)
    axis = node.axis(node.integer("axis", -1), len(shape_of(x)), x)
    return quantised_result(node, node.emit(qnn.SoftmaxOp(x, axis)), 3, node.input(0).type)
