"""`convert-qnn-to-stream`: the integer function of the accelerator as a graph of actors."""

from dataclasses import dataclass

import numpy as np
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.dialects.func import FuncOp, ReturnOp
from xdsl.ir import Block, Operation, SSAValue
from xdsl.passes import ModulePass
from xdsl.rewriter import InsertPoint, Rewriter

from qnn_ir.constants import IntArray, location_name
from qnn_ir.dialects import qnn
from qnn_ir.dialects.qnn import shape_of
from qnn_ir.dialects.stream import Actor, ChannelType, ForkOp, GraphOp, LayoutAttr, OutputOp
from qnn_ir.errors import UserError
from qnn_ir.passes.to_stream.arrange import arranged, natural_order
from qnn_ir.passes.to_stream.lowerings import lower
from qnn_ir.passes.to_stream.order import layout_of
from qnn_ir.passes.to_stream.state import Conversion, Unsupported
from qnn_ir.passes.to_stream.types import integer_of

ACCELERATOR = "accelerator"

IMAGE = (qnn.ConvOp, qnn.ConvTransposeOp, qnn.MaxPoolOp, qnn.SumPoolOp)
"""Operators that read pixel by pixel."""

CHANGING = (qnn.MovementOp, qnn.ConcatOp, qnn.GatherOp)
"""Operators that on images work pixel by pixel just as well."""

ELEMENTWISE = (qnn.MapOp, qnn.AddOp, qnn.ScaledAddOp, qnn.MulOp)
"""Operators that read elements in any order."""


@dataclass(frozen=True)
class ConvertQnnToStreamPass(ModulePass):
    """
    Turn the integer function `@accelerator` into a `stream.graph`, one lane everywhere.

    A matrix product with constant weights becomes a matrix-vector unit, the map behind it goes on board; movements
    that only reorder elements become the order of weights and of the boundary layouts; values with several readers
    get a fork. What has no lowering is reported all at once, by ONNX node.

    ```mlir
    %a = qnn.matmul %x, %w : ...            %y = stream.mvtu "fc0" %x weights(...) map(...) : ...
    %y = qnn.map %a {map = ...} : ...   ->
    ```
    """

    name = "convert-qnn-to-stream"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        functions = [f for f in op.body.block.ops if isinstance(f, FuncOp) and f.sym_name.data == ACCELERATOR]
        if not functions:
            raise UserError(f"no function @{ACCELERATOR}", "convert-qnn-to-stream", "run qnn-split-host first")
        for function in functions:
            graph = convert(function)
            Rewriter.insert_op(graph, InsertPoint.before(function))
            Rewriter.erase_op(function)


def convert(function: FuncOp) -> GraphOp:
    """The graph of `function`. Raises `UserError` naming all operators that cannot be converted."""
    block = Block()
    conversion = Conversion(block)
    inputs = [_input(arg, index, conversion) for index, arg in enumerate(function.body.block.args)]
    last = function.body.block.last_op
    assert isinstance(last, ReturnOp)
    failures: dict[Operation, str] = {}
    for op in _live(function.body.block):
        if isinstance(op, qnn.ConstantOp) or any(operand.owner in failures for operand in op.operands):
            failures |= {} if isinstance(op, qnn.ConstantOp) else {op: ""}
            continue
        try:
            lower(op, conversion)
        except Unsupported as reason:
            failures[op] = str(reason)
    _report({op: reason for op, reason in failures.items() if reason})
    outputs = [_output(value, index, last, conversion) for index, value in enumerate(last.operands)]
    block.add_op(OutputOp([channel for channel, _ in outputs]))
    _fork(block, conversion)
    graph = GraphOp(ACCELERATOR, inputs, [layout for _, layout in outputs], block)
    graph.location = function.location
    return graph


def _live(block: Block) -> list[Operation]:
    """The operations that a result depends on, in order, without the terminator."""
    needed: set[Operation] = set()
    for op in reversed(list(block.ops)):
        if op is block.last_op or any(use.operation in needed for result in op.results for use in result.uses):
            needed.add(op)
    return [op for op in block.ops if op in needed and op is not block.last_op]


def _report(failures: dict[Operation, str]) -> None:
    if not failures:
        return
    places = ", ".join(f"{location_name(op)} ({reason})" for op, reason in failures.items())
    count = "an operator" if len(failures) == 1 else f"{len(failures)} operators"
    raise UserError(f"{count} cannot become part of the accelerator: {places}")


def _input(arg: SSAValue, index: int, conversion: Conversion) -> LayoutAttr:
    """A channel for an argument, in the order that its first reader likes."""
    if not arg.uses:
        raise UserError(f"input {index} of the accelerator is never used", remedy="remove it from the model")
    order = _natural_order(arg)
    layout = layout_of(order, shape_of(arg))
    if layout is None:
        order = np.arange(order.size)
        layout = LayoutAttr(shape_of(arg) or (1,))
    type_ = ChannelType(integer_of(arg), 1, order.size)
    conversion.define(arg, conversion.block.insert_arg(type_, index), order)
    return layout


def _natural_order(arg: SSAValue) -> IntArray:
    """The elements of `arg` vector by vector, as the first linear operator reads them."""
    row_major = np.arange(int(np.prod(shape_of(arg), dtype=np.int64)), dtype=np.int64)
    numbers, value = row_major.reshape(shape_of(arg)), arg
    while (use := next(iter(value.uses), None)) is not None:
        op = use.operation
        if isinstance(op, qnn.MovementOp) and op.move(numbers).size == numbers.size:
            numbers = op.move(numbers)
        elif isinstance(op, IMAGE) or (isinstance(op, CHANGING) and numbers.ndim > 2 and _pixels_wanted(op)):
            numbers = np.moveaxis(numbers, 1, -1)
            break
        elif isinstance(op, qnn.MatMulOp):
            numbers = np.swapaxes(numbers, -1, -2) if use.index == 1 and numbers.ndim > 1 else numbers
            break
        elif not isinstance(op, ELEMENTWISE) or shape_of(op.results[0]) != shape_of(value):
            break
        value = op.results[0]
    order = numbers.ravel()
    return order if np.array_equal(np.sort(order), row_major) else row_major


def _pixels_wanted(op: Operation) -> bool:
    """Whether the first operator behind `op` that cares reads an image pixel by pixel."""
    while not isinstance(op, IMAGE):
        use = next(iter(op.results[0].uses), None)
        if use is None or isinstance(use.operation, qnn.MatMulOp | ReturnOp):
            return len(shape_of(op.results[0])) == 4
        op = use.operation
    return True


def _output(value: SSAValue, index: int, last: Operation, conversion: Conversion) -> tuple[SSAValue, LayoutAttr]:
    """The channel of a result and its layout; reordered where no layout describes its order."""
    source = value.owner if isinstance(value.owner, Operation) else last
    shape = shape_of(value)
    try:
        wire = conversion.wire(value)
        if (layout := layout_of(wire.order, shape)) is None:
            target = natural_order(wire.order, shape)
            wire = arranged(source, wire, shape, target, conversion)
            layout = layout_of(target, shape)
    except Unsupported as reason:
        raise UserError(f"output {index} of the accelerator cannot be one: {reason}", location_name(source)) from None
    assert layout is not None
    return wire.channel, layout


def _fork(block: Block, conversion: Conversion) -> None:
    """Give every channel with several readers a fork, right behind its source."""
    position = {op: index for index, op in enumerate(block.ops)}
    for value in [*block.args, *(result for op in block.ops for result in op.results)]:
        uses = sorted(value.uses, key=lambda use: (position[use.operation], use.index))
        if len(uses) < 2:
            continue
        owner = value.owner
        name = owner.layer.data if isinstance(owner, Actor) else "input"
        fork = ForkOp(conversion.names.take(f"{name}_fork"), value, len(uses))
        if isinstance(owner, Operation):
            fork.location = owner.location
            Rewriter.insert_op(fork, InsertPoint.after(owner))
        else:
            Rewriter.insert_op(fork, InsertPoint.at_start(block))
        for use, copy in zip(uses, fork.copies, strict=True):
            use.operation.operands[use.index] = copy
