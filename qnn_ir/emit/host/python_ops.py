"""Operators that are no formula of single elements, in Python: one NumPy expression each."""

from collections.abc import Callable
from typing import Any, TypeAlias

from xdsl.ir import Operation, SSAValue

from qnn_ir.dialects import qnn
from qnn_ir.dialects.qnn import DepthToSpaceMode, Window, int_values, shape_of
from qnn_ir.emit.host.python_values import PythonValues

Expression: TypeAlias = Callable[[Any, PythonValues], str]


def _leading(op: Operation, values: PythonValues) -> tuple[int, ...]:
    """The frame axis of the result in a shape, where it has one."""
    return (-1,) if values.depends(op) else ()


def _shaped(op: Operation, values: PythonValues, text: str) -> str:
    """`text` in the shape of the result."""
    return f"{text}.reshape({_items((*_leading(op, values), *shape_of(op.results[0])))})"


def _items(items: tuple[int, ...]) -> str:
    return ", ".join(map(str, items)) if items else "()"


def _from_end(axis: int, value: SSAValue) -> int:
    rank = len(shape_of(value))
    return axis % rank - rank


def _framed(value: SSAValue, values: PythonValues, op: Operation) -> str:
    """The array of an operand, with a frame axis where the result has one."""
    text = values.array(value)
    if not values.is_constant(value) or not values.depends(op):
        return text
    other = next(v for v in op.operands if not values.is_constant(v))
    return f"{values.helper('for_all_frames')}({text}, {shape_of(value)}, len({values.array(other)}))"


def _reshape(op: qnn.ReshapeOp, values: PythonValues) -> str:
    return _shaped(op, values, values.array(op.x))


def _transpose(op: qnn.TransposeOp, values: PythonValues) -> str:
    shift = len(_leading(op, values))
    return f"{values.array(op.x)}.transpose({_items((*range(shift), *(shift + p for p in int_values(op.perm))))})"


def _concat(op: qnn.ConcatOp, values: PythonValues) -> str:
    parts = ", ".join(_framed(value, values, op) for value in op.inputs)
    return f"np.concatenate([{parts}], {_from_end(op.axis.value.data, op.result)})"


def _slice(op: qnn.SliceOp, values: PythonValues) -> str:
    parts = [":"] * len(_leading(op, values))
    for size, part in zip(shape_of(op.x), op.slices(), strict=True):
        ends = ("" if end is None else str(end) for end in (part.start, part.stop, part.step))
        parts.append(":" if part == slice(0, size, 1) else ":".join(ends))
    return f"{values.array(op.x)}[{', '.join(parts)}]"


def _pad(op: qnn.PadOp, values: PythonValues) -> str:
    pads = int_values(op.pads)
    rank = len(pads) // 2
    widths = [(0, 0)] * len(_leading(op, values)) + list(zip(pads[:rank], pads[rank:], strict=True))
    return f"np.pad({values.array(op.x)}, {widths}, constant_values={op.value.value.data})"


def _depth_to_space(op: qnn.DepthToSpaceOp, values: PythonValues) -> str:
    first = op.mode.data == DepthToSpaceMode.DCR
    return f"{values.helper('depth_to_space')}({values.array(op.x)}, {op.block.value.data}, {first})"


def _resize(op: qnn.ResizeOp, values: PythonValues) -> str:
    text, rank = values.array(op.x), len(shape_of(op.x))
    for axis, scale in enumerate(int_values(op.scales)):
        text = f"np.repeat({text}, {scale}, {axis - rank})" if scale != 1 else text
    return text


def _gather(op: qnn.GatherOp, values: PythonValues) -> str:
    return f"np.take({values.array(op.x)}, {values.array(op.indices)}, {_from_end(op.axis.value.data, op.x)})"


def _matmul(op: qnn.MatMulOp, values: PythonValues) -> str:
    """Vectors become matrices, and leading axes are aligned behind the frame axis."""
    shapes = shape_of(op.a), shape_of(op.b)
    a, b = shapes
    rows, columns = (a if len(a) > 1 else (1, *a)), (b if len(b) > 1 else (*b, 1))
    rank = max(len(rows), len(columns))
    texts: list[str] = []
    for value, shape in ((op.a, rows), (op.b, columns)):
        text = values.array(value)
        frames = () if values.is_constant(value) else (-1,)
        aligned = (*frames, *((1,) * (rank - len(shape)) if frames else ()), *shape)
        same = aligned == (*frames, *shape_of(value))
        texts.append(text if same else f"{text}.reshape({_items(aligned)})")
    one_product = len(b) == 2 and values.is_constant(op.b) and not values.is_constant(op.a)
    if one_product:
        texts[0] = f"{values.array(op.a)}.reshape(-1, {rows[-1]})"
    return _shaped(op, values, f"np.matmul({texts[0]}, {texts[1]})")


def _window(window: Window, values: PythonValues) -> str:
    parts = {
        "kernel": window.kernel,
        "strides": window.strides,
        "begin": window.begin(),
        "end": window.end(),
        "dilations": window.dilations,
    }
    fields = ", ".join(f"{name}={part}" for name, part in parts.items())
    return values.let("window", f"{values.helper('Window')}({fields})")


def _images(value: SSAValue, values: PythonValues) -> str:
    """`(N, B, C, ...)` as `(N*B, C, ...)`."""
    text = values.array(value)
    return text if values.is_constant(value) else f"{text}.reshape({_items((-1, *shape_of(value)[1:]))})"


def _weighted(op: Any, values: PythonValues, call: Callable[[str, str], str]) -> str:
    """A convolution with weights that are the same for all frames, or frame by frame."""
    if values.is_constant(op.w):
        return call(_images(op.x, values), values.array(op.w))
    frames = ", ".join(_framed(value, values, op) for value in (op.x, op.w))
    return f"np.stack([{call('one', 'weights')} for one, weights in zip({frames})])"


def _biased(op: Any, values: PythonValues, text: str) -> str:
    if op.bias is None:
        return text
    ones = (1,) * (len(shape_of(op.result)) - 2)
    frames = () if values.is_constant(op.bias) else (-1, 1)
    return f"{text} + {values.array(op.bias)}.reshape({_items((*frames, shape_of(op.bias)[0], *ones))})"


def _conv(op: qnn.ConvOp, values: PythonValues) -> str:
    window, group, pad = _window(op.window(), values), op.group.value.data, op.pad_value.value.data
    positions, helper = shape_of(op.result)[2:], values.helper("convolve")
    text = _weighted(op, values, lambda x, w: f"{helper}({x}, {w}, {window}, {group}, {pad}, {positions})")
    return _biased(op, values, _shaped(op, values, text))


def _conv_transpose(op: qnn.ConvTransposeOp, values: PythonValues) -> str:
    window, group, helper = _window(op.window(), values), op.group.value.data, values.helper("deconvolve")
    shape = shape_of(op.result)[2:]
    text = _weighted(op, values, lambda x, w: f"{helper}({x}, {w}, {window}, {group}, {shape})")
    return _biased(op, values, _shaped(op, values, text))


def _average_pool(op: qnn.AveragePoolOp, values: PythonValues) -> str:
    window, positions = _window(op.window(), values), shape_of(op.result)[2:]
    sums = f"{values.helper('window_sums')}({_images(op.x, values)}, {window}, {positions})"
    padded = bool(op.count_include_pad.value.data)
    sizes = f"{values.helper('window_sizes')}({shape_of(op.x)[2:]}, {window}, {positions}, {padded})"
    return _shaped(op, values, f"({sums} / {sizes})")


def _pool(helper: str) -> Expression:
    def text(op: qnn.MaxPoolOp | qnn.SumPoolOp, values: PythonValues) -> str:
        window, positions = _window(op.window(), values), shape_of(op.result)[2:]
        return _shaped(op, values, f"{values.helper(helper)}({_images(op.x, values)}, {window}, {positions})")

    return text


def _softmax(op: qnn.SoftmaxOp, values: PythonValues) -> str:
    return f"{values.helper('softmax')}({values.array(op.x)}, {_from_end(op.axis.value.data, op.x)})"


def _top_k(op: qnn.TopKOp, values: PythonValues) -> str:
    axis, largest = _from_end(op.axis.value.data, op.x), bool(op.largest.value.data)
    return f"{values.helper('top_k')}({values.array(op.x)}, {op.k.value.data}, {axis}, {largest})"


def _arg_max(op: qnn.ArgMaxOp, values: PythonValues) -> str:
    function = values.helper("last_arg_max") if op.last_index.value.data else "np.argmax"
    axis, keep = _from_end(op.axis.value.data, op.x), bool(op.keepdims.value.data)
    place = f"{function}({values.array(op.x)}, axis={axis})"
    return f"np.expand_dims({place}, {axis})" if keep else place


EXPRESSIONS: dict[type[Operation], Expression] = {
    qnn.ReshapeOp: _reshape,
    qnn.TransposeOp: _transpose,
    qnn.ConcatOp: _concat,
    qnn.SliceOp: _slice,
    qnn.PadOp: _pad,
    qnn.DepthToSpaceOp: _depth_to_space,
    qnn.ResizeOp: _resize,
    qnn.GatherOp: _gather,
    qnn.MatMulOp: _matmul,
    qnn.ConvOp: _conv,
    qnn.ConvTransposeOp: _conv_transpose,
    qnn.AveragePoolOp: _average_pool,
    qnn.MaxPoolOp: _pool("window_maxima"),
    qnn.SumPoolOp: _pool("window_sums"),
    qnn.SoftmaxOp: _softmax,
    qnn.TopKOp: _top_k,
    qnn.ArgMaxOp: _arg_max,
}
