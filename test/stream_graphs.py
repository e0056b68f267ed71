"""Integer functions in text and random graphs for the tests of the stream level."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from xdsl.context import Context
from xdsl.dialects.builtin import Builtin, ModuleOp
from xdsl.dialects.dlti import DLTI
from xdsl.dialects.func import Func
from xdsl.ir import Block
from xdsl.parser import Parser

from qnn_ir import maps
from qnn_ir.constants import dense_int, int_type
from qnn_ir.dialects.qnn import MapAttr, Qnn
from qnn_ir.dialects.stream import ChannelType, GraphOp, LabelSelectOp, LayoutAttr, MvtuOp, OutputOp, Stream
from qnn_ir.interp.stream import run_tensors


def context() -> Context:
    """A context with the dialects of these tests."""
    ctx = Context()
    for dialect in (Builtin, Func, DLTI, Qnn, Stream):
        ctx.load_dialect(dialect)
    return ctx


def parse(text: str) -> ModuleOp:
    """A verified module."""
    module = Parser(context(), text).parse_module()
    module.verify()
    return module


def graph_of(module: ModuleOp) -> GraphOp:
    """The one graph of a module."""
    return next(op for op in module.walk() if isinstance(op, GraphOp))


def mlp(sizes: Sequence[int], *, seed: int = 0, binary: bool = False, label: bool = False) -> ModuleOp:
    """Matrix-vector units with 2-bit activations in a row: `sizes` elements before and after each."""
    random = np.random.default_rng(seed)
    block = Block(arg_types=[ChannelType(int_type(0, 3), 1, sizes[0])])
    value = block.args[0]
    for index, (columns, rows) in enumerate(pairwise(sizes)):
        shape = rows, columns
        weights = random.choice([-1, 1], shape) if binary else random.integers(-3, 4, shape)
        bound = 3 * int(np.abs(weights).sum(axis=1).max())
        accumulator = int_type(-bound, bound)
        result, map, groups = accumulator, None, None
        if index < len(sizes) - 2:
            thresholds = np.sort(random.integers(-bound // 9, bound // 9 + 1, (rows, 3)), axis=1)
            result, map = int_type(0, 3), MapAttr.from_map(maps.Thresholds(thresholds, 0))
            groups = dense_int(np.arange(rows))
        op = MvtuOp(f"fc{index}", value, dense_int(weights), int_type(-3, 3), accumulator, result, map, groups)
        block.add_op(op)
        value = op.result
    if label:
        select = LabelSelectOp("label", value, int_type(0, sizes[-1] - 1), 1, sizes[-1])
        block.add_op(select)
        value = select.result
    block.add_op(OutputOp([value]))
    shape_out = [1, 1 if label else sizes[-1]]
    return ModuleOp([GraphOp("accelerator", [LayoutAttr([1, sizes[0]])], [LayoutAttr(shape_out)], block)])


def outputs(module: ModuleOp, *, frames: int = 5, seed: int = 1) -> list[NDArray[np.int64]]:
    """What the graph of `module` computes for random inputs of 2 bits."""
    graph = graph_of(module)
    random = np.random.default_rng(seed)
    return run_tensors(graph, [random.integers(0, 4, (frames, *layout.dims)) for layout in graph.inputs])
