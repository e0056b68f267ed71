"""Linear operators: matrix products, convolutions, batch normalisation."""

from collections.abc import Sequence

import numpy as np
from xdsl.ir import SSAValue

from qnn_ir.dialects import qnn
from qnn_ir.frontend.onnx_geometry import Ints, padding, per_axis, spatial_rank
from qnn_ir.frontend.onnx_graph import CHANNELS_LAST
from qnn_ir.frontend.onnx_importer import NodeImporter, Results, Tensor, imports, shape_of


@imports("MatMul")
def matmul(node: NodeImporter) -> Results:
    """`a @ b`, one of them known at compile time (quantised or not)."""
    a, b = node.real(0), node.real(1)
    return Tensor(product(node, a, b))


def product(node: NodeImporter, a: SSAValue, b: SSAValue) -> SSAValue:
    """`a @ b`; the product of two things computed per frame has no weights and is refused."""
    if a not in node.program.fixed and b not in node.program.fixed:
        node.fail("multiplies two tensors that are computed at run time", "make the weights constants of the model")
    if node.batched(a) and len(shape_of(a)) < 2:
        node.fail("sums over the batch axis", "export with batch size 1")
    if node.batched(b) and len(shape_of(b)) < 3:
        node.fail("sums over the batch axis", "put the input on the left, or export with batch size 1")
    if len(shape_of(a)) > 1 < len(shape_of(b)):
        return node.emit(qnn.MatMulOp(a, b))
    # a vector is a matrix of one row on the left, of one column on the right; its axis vanishes
    rows = node.reshape(a, (1, *shape_of(a))) if len(shape_of(a)) == 1 else a
    columns = node.reshape(b, (*shape_of(b), 1)) if len(shape_of(b)) == 1 else b
    result = node.emit(qnn.MatMulOp(rows, columns))
    *batch, m, n = shape_of(result)
    return node.reshape(result, (*batch, *((m,) if rows is a else ()), *((n,) if columns is b else ())))


@imports("Gemm")
def gemm(node: NodeImporter) -> Results:
    """`alpha * a' @ b' + beta * c`."""
    c = node.real(2) if node.given(2) else None
    return Tensor(general_product(node, node.real(0), node.real(1), c))


def general_product(node: NodeImporter, a: SSAValue, b: SSAValue, c: SSAValue | None) -> SSAValue:
    """The attributes of `Gemm` applied to three operands."""
    alpha, beta = node.number("alpha", 1.0), node.number("beta", 1.0)
    if not np.isfinite([alpha, beta]).all():
        node.fail(f"alpha {alpha}, beta {beta}", "both must be finite")
    if len(shape_of(a)) != 2 or len(shape_of(b)) != 2:
        node.fail(f"multiplies {list(shape_of(a))} and {list(shape_of(b))}", "Gemm takes two matrices")
    if node.flag("transA"):
        if node.batched(a):
            node.fail("sums over the batch axis (transA)", "export with batch size 1")
        a = node.transpose(a, (1, 0))
    if node.flag("transB"):
        b = node.transpose(b, (1, 0))
    result = product(node, a, b)
    if alpha != 1:
        result = node.emit(qnn.MulOp(result, node.float_constant(np.array(alpha))))
    if c is None or beta == 0:
        return result
    if beta != 1:
        c = node.emit(qnn.MulOp(c, node.float_constant(np.array(beta))))
    return node.emit(qnn.AddOp(result, c))


@imports("Conv")
def conv(node: NodeImporter) -> Results:
    """1-D and 2-D convolution, channels first."""
    bias = node.real(2) if node.given(2) else None
    return Tensor(convolution(node, node.real(0), node.real(1), bias))


def convolution(node: NodeImporter, x: SSAValue, w: SSAValue, bias: SSAValue | None) -> SSAValue:
    """The attributes of `Conv` applied to three operands."""
    require_fixed(node, w, bias)
    strides, pads, dilations = _window(node, shape_of(x), shape_of(w))
    group = node.integer("group", 1)
    return node.emit(qnn.ConvOp(x, w, bias, strides=strides, pads=pads, dilations=dilations, group=group))


def require_fixed(node: NodeImporter, *weights: SSAValue | None) -> None:
    """Refuse weights and biases that are computed per frame."""
    if any(w is not None and w not in node.program.fixed for w in weights):
        node.fail("its weights are computed at run time", "make the weights constants of the model")


def _window(node: NodeImporter, x: Sequence[int], w: Sequence[int]) -> tuple[Ints, Ints, Ints]:
    """Strides, pads and dilations of a convolution; the weights know the kernel."""
    rank = spatial_rank(node, x)
    kernel = tuple(w[2:])
    if len(w) != len(x):
        node.fail(f"weights of shape {list(w)} for a tensor of shape {list(x)}", "export the model again")
    if (declared := node.integers("kernel_shape", kernel)) != kernel:
        node.fail(f"kernel_shape {list(declared)}, but weights of shape {list(w)}", "export the model again")
    strides, dilations = per_axis(node, "strides", rank), per_axis(node, "dilations", rank)
    return strides, padding(node, x[2:], kernel, strides, dilations), dilations


@imports("ConvTranspose")
def conv_transpose(node: NodeImporter) -> Results:
    """Transposed convolution; `output_shape` and automatic padding become pads."""
    x, w = node.real(0), node.real(1)
    bias = node.real(2) if node.given(2) else None
    require_fixed(node, w, bias)
    rank = spatial_rank(node, shape_of(x))
    kernel = shape_of(w)[2:]
    if len(kernel) != rank or node.integers("kernel_shape", kernel) != kernel:
        node.fail(f"weights of shape {list(shape_of(w))} do not fit kernel_shape or input", "export again")
    strides, dilations = per_axis(node, "strides", rank), per_axis(node, "dilations", rank)
    extra = node.integers("output_padding", (0,) * rank)
    if len(extra) != rank or min(extra) < 0:
        node.fail(f"output_padding {list(extra)}", "give one number of at least 0 per spatial axis")
    pads, extra = _transposed_padding(node, shape_of(x)[2:], kernel, strides, dilations, extra)
    op = qnn.ConvTransposeOp(
        x,
        w,
        bias,
        strides=strides,
        pads=pads,
        dilations=dilations,
        group=node.integer("group", 1),
        output_padding=extra,
    )
    return Tensor(node.emit(op))


def _transposed_padding(
    node: NodeImporter, spatial: Ints, kernel: Ints, strides: Ints, dilations: Ints, extra: Ints
) -> tuple[Ints, Ints]:
    """Pads and output padding; a wanted size that is larger than the full result needs more output padding."""
    mode = node.text("auto_pad", "NOTSET")
    if not node.has("output_shape") and mode in ("NOTSET", "VALID", ""):
        return padding(node, spatial, kernel, strides, dilations), extra
    wanted = node.integers("output_shape", [n * s for n, s in zip(spatial, strides, strict=True)])[-len(spatial) :]
    if len(wanted) != len(spatial):
        node.fail(f"output_shape {list(wanted)} for {len(spatial)} spatial axes", "export the model again")
    sizes = zip(spatial, kernel, strides, dilations, extra, wanted, strict=True)
    totals = [s * (n - 1) + e + d * (k - 1) + 1 - out for n, k, s, d, e, out in sizes]
    extra = tuple(e + max(0, -t) for e, t in zip(extra, totals, strict=True))
    small = tuple(max(0, t) // 2 for t in totals)
    large = tuple(max(0, t) - max(0, t) // 2 for t in totals)
    return (small + large if mode == "SAME_UPPER" else large + small), extra


@imports("BatchNormalization")
def batch_norm(node: NodeImporter) -> Results:
    """`(x - mean) / sqrt(var + epsilon) * scale + bias` per channel, with stored statistics."""
    return Tensor(normalise(node, node.real(0)))


def normalise(node: NodeImporter, x: SSAValue) -> SSAValue:
    """`BatchNormalization` of `x`, channels on axis 1."""
    if node.flag("training_mode") or (node.opset < 7 and node.has("is_test") and not node.flag("is_test")):
        node.fail("computes its statistics from the batch", "export in inference mode")
    if not node.flag("spatial", True):
        node.fail("normalises per element (spatial = 0)", "export with spatial = 1")
    if any(node.node.outputs[1:]):
        node.fail("its statistics are read", "export in inference mode")
    shape, epsilon = shape_of(x), node.number("epsilon", 1e-5)
    channels = shape[1] if len(shape) > 1 else 1
    for index, what in enumerate(("scale", "bias", "mean", "variance"), 1):
        if (found := node.constant(index, what).shape) != (channels,):
            node.fail(f"{what} of shape {list(found)} for {channels} channels", "export the model again")
    variance = node.constant(4, "variance")
    if not (epsilon >= 0 and (variance >= 0).all() and (variance + epsilon > 0).all()):
        node.fail(f"variance {variance.min()} with epsilon {epsilon:g}", "variances must be positive")
    return node.emit(qnn.BatchNormOp(x, *(node.real(i) for i in range(1, 5)), epsilon=epsilon))


def channels_first(node: NodeImporter, value: SSAValue) -> SSAValue:
    """`[N, *spatial, C]` as `[N, C, *spatial]`."""
    rank = len(shape_of(value))
    return node.transpose(value, (0, rank - 1, *range(1, rank - 1)))


def channels_last(node: NodeImporter, value: SSAValue) -> SSAValue:
    """`[N, C, *spatial]` as `[N, *spatial, C]`."""
    rank = len(shape_of(value))
    return node.transpose(value, (0, *range(2, rank), 1))


@imports("Conv", domain=CHANNELS_LAST)
def conv_channels_last(node: NodeImporter) -> Results:
    """`Conv` with data and weights channels last."""
    x, w = channels_first(node, node.real(0)), channels_first(node, node.real(1))
    bias = node.real(2) if node.given(2) else None
    return Tensor(channels_last(node, convolution(node, x, w, bias)))


@imports("BatchNormalization", domain=CHANNELS_LAST)
def batch_norm_channels_last(node: NodeImporter) -> Results:
    """`BatchNormalization` of data with the channels last."""
    return Tensor(channels_last(node, normalise(node, channels_first(node, node.real(0)))))
