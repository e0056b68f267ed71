"""Pools and reductions."""

from math import prod

import numpy as np
from xdsl.ir import SSAValue

from qnn_ir.dialects import qnn
from qnn_ir.frontend.onnx_geometry import padding, per_axis, spatial_rank
from qnn_ir.frontend.onnx_graph import CHANNELS_LAST, QONNX
from qnn_ir.frontend.onnx_importer import NodeImporter, Results, Tensor, imports, shape_of
from qnn_ir.frontend.onnx_linear import channels_first, channels_last


@imports("MaxPool")
def max_pool(node: NodeImporter) -> Results:
    """The maximum over windows, of real numbers or of stored integers."""
    if any(node.node.outputs[1:]):
        node.fail("its index output is read", "only the maxima are supported")
    return Tensor(maximum(node, node.value(0)), node.input(0).type)


def maximum(node: NodeImporter, x: SSAValue) -> SSAValue:
    """The attributes of `MaxPool` applied to `x`."""
    rank = spatial_rank(node, shape_of(x))
    kernel = per_axis(node, "kernel_shape", rank, 0)
    strides, dilations = per_axis(node, "strides", rank), per_axis(node, "dilations", rank)
    pads = padding(node, shape_of(x)[2:], kernel, strides, dilations)
    ceil_mode = node.flag("ceil_mode")
    op = qnn.MaxPoolOp(x, kernel=kernel, strides=strides, pads=pads, dilations=dilations, ceil_mode=ceil_mode)
    return node.emit(op)


@imports("MaxPool", domain=CHANNELS_LAST)
@imports("MaxPoolNHWC", domain=QONNX)
def max_pool_channels_last(node: NodeImporter) -> Results:
    """`MaxPool` with the channels last."""
    result = channels_last(node, maximum(node, channels_first(node, node.value(0))))
    return Tensor(result, node.input(0).type)


@imports("AveragePool")
def average_pool(node: NodeImporter) -> Results:
    """The mean over windows."""
    return Tensor(average(node, node.real(0)))


def average(node: NodeImporter, x: SSAValue) -> SSAValue:
    """The attributes of `AveragePool` applied to `x`."""
    rank = spatial_rank(node, shape_of(x))
    kernel, strides = per_axis(node, "kernel_shape", rank, 0), per_axis(node, "strides", rank)
    dilations = per_axis(node, "dilations", rank)
    if set(dilations) != {1}:
        node.fail("averages with dilation", "use a depthwise convolution")
    pads = padding(node, shape_of(x)[2:], kernel, strides, dilations)
    count_pads, ceil_mode = node.flag("count_include_pad"), node.flag("ceil_mode")
    op = qnn.AveragePoolOp(
        x, kernel=kernel, strides=strides, pads=pads, ceil_mode=ceil_mode, count_include_pad=count_pads
    )
    return node.emit(op)


@imports("GlobalAveragePool")
def global_average_pool(node: NodeImporter) -> Results:
    """The mean over all positions."""
    return Tensor(global_average(node, node.real(0)))


def global_average(node: NodeImporter, x: SSAValue) -> SSAValue:
    """`x` averaged over its spatial axes, which stay with size 1."""
    ones, pads = _whole(node, x)
    return node.emit(qnn.AveragePoolOp(x, kernel=shape_of(x)[2:], strides=ones, pads=pads))


@imports("GlobalMaxPool")
def global_max_pool(node: NodeImporter) -> Results:
    """The maximum over all positions."""
    x = node.value(0)
    ones, pads = _whole(node, x)
    return Tensor(node.emit(qnn.MaxPoolOp(x, kernel=shape_of(x)[2:], strides=ones, pads=pads)), node.input(0).type)


def _whole(node: NodeImporter, x: SSAValue) -> tuple[tuple[int, ...], tuple[int, ...]]:
    rank = spatial_rank(node, shape_of(x))
    return (1,) * rank, (0,) * 2 * rank


@imports("ReduceMean", "ReduceSum", "ReduceMax")
def reduce(node: NodeImporter) -> Results:
    """Mean, sum or maximum over some axes, as a pool over all positions of one axis."""
    kind = node.node.op_type
    x = node.value(0) if kind == "ReduceMax" else node.real(0)
    shape, rank = shape_of(x), len(shape_of(x))
    axes = node.ints_input(1, "axes", "list of axes")
    if not axes and node.flag("noop_with_empty_axes"):
        return node.input(0)
    chosen = sorted({node.axis(a, rank, x) for a in (axes or range(rank))})
    kept = [axis for axis in range(rank) if axis not in chosen]
    lead, count = (1 if 0 in chosen else shape[0]), prod(shape[axis] for axis in chosen)
    x = node.reshape(node.transpose(x, [*kept, *chosen]), (lead, prod(shape) // (lead * count), count))
    pool = qnn.MaxPoolOp if kind == "ReduceMax" else qnn.AveragePoolOp
    result = node.emit(pool(x, kernel=(count,), strides=(1,), pads=(0, 0)))
    if kind == "ReduceSum":
        result = node.emit(qnn.MulOp(result, node.float_constant(np.array(float(count)))))
    keep = node.flag("keepdims", True)
    sizes = [1 if axis in chosen else n for axis, n in enumerate(shape) if keep or axis in kept]
    return Tensor(node.reshape(result, sizes), node.input(0).type)
