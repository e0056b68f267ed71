"""What usually follows the last layer: softmax, the best k, the best one."""

from math import prod

from qnn_ir.dialects import qnn
from qnn_ir.frontend.onnx_importer import NodeImporter, Results, Tensor, imports, shape_of
from qnn_ir.frontend.onnx_tensors import INT64


@imports("Softmax", "LogSoftmax")
def softmax(node: NodeImporter) -> Results:
    """Along one axis; before opset 13 along all axes from `axis` on, as one."""
    x = node.real(0)
    shape, old = shape_of(x), node.opset < 13
    axis = node.axis(node.integer("axis", 1 if old else -1), len(shape), x)
    if old and prod(shape[axis + 1 :]) != 1:
        flat = node.reshape(x, (*shape[:axis], prod(shape[axis:])))
        result = node.reshape(node.emit(qnn.SoftmaxOp(flat, axis)), shape)
    else:
        result = node.emit(qnn.SoftmaxOp(x, axis))
    if node.node.op_type == "LogSoftmax":
        result = node.emit(qnn.UnaryOp(result, qnn.Function.LOG))
    return Tensor(result)


@imports("TopK")
def top_k(node: NodeImporter) -> Results:
    """The k largest or smallest elements, best first, and their positions."""
    x = node.value(0)
    wanted = [node.integer("k")] if node.has("k") else node.ints_input(1, "k", "k")
    axis = node.axis(node.integer("axis", -1), len(shape_of(x)), x)
    if not wanted or len(wanted) != 1 or not 1 <= wanted[0] <= shape_of(x)[axis]:
        node.fail(f"k = {wanted} of {shape_of(x)[axis]} elements", "export the model again")
    op = qnn.TopKOp(x, wanted[0], axis=axis, largest=node.flag("largest", True))
    node.emit(op)
    return [Tensor(op.values, node.input(0).type), Tensor(op.indices, INT64)]


@imports("ArgMax", "ArgMin")
def arg_max(node: NodeImporter) -> Results:
    """The position of the largest element, or of the smallest: the largest of the negated ones."""
    x = node.value(0)
    axis = node.axis(node.integer("axis", 0), len(shape_of(x)), x)
    if node.node.op_type == "ArgMin":
        x = node.emit(qnn.UnaryOp(node.real(0), qnn.Function.NEG))
    keep, last = node.flag("keepdims", True), node.flag("select_last_index")
    return Tensor(node.emit(qnn.ArgMaxOp(x, axis=axis, keepdims=keep, last_index=last)), INT64)
