"""One `qnn` operator in a module of its own, run by the interpreter and by the reference implementation of ONNX."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import onnx.reference
from numpy.typing import NDArray
from onnx import TensorProto, helper
from xdsl.dialects.builtin import ModuleOp, TensorType, f64
from xdsl.dialects.func import FuncOp, ReturnOp
from xdsl.ir import Block, Operation, Region, SSAValue

from qnn_ir.constants import int_type
from qnn_ir.interp import run_module

Array = NDArray[Any]
Builder = Callable[..., Operation]
RNG = np.random.default_rng


def module_of(types: Sequence[TensorType[Any]], build: Callable[..., Sequence[SSAValue]]) -> ModuleOp:
    """`@main` with arguments of `types`; `build` adds operations to the block and returns the results."""
    block = Block(arg_types=types)
    results = build(block, *block.args)
    block.add_op(ReturnOp(*results))
    module = ModuleOp([FuncOp("main", (types, [r.type for r in results]), Region(block))])
    module.verify()
    return module


def run(build: Builder, *arrays: Array) -> list[Array]:
    """The results of one operator on `arrays` (frame axis first; floats become f64, integers the narrowest type)."""

    def type_of(array: Array) -> TensorType[Any]:
        element = f64 if array.dtype.kind == "f" else int_type(int(array.min()), int(array.max()))
        return TensorType(element, array.shape[1:])

    def body(block: Block, *args: SSAValue) -> Sequence[SSAValue]:
        op = build(*args)
        block.add_op(op)
        return op.results

    return run_module(module_of([type_of(a) for a in arrays], body), arrays)


def onnx_node(op_type: str, inputs: Sequence[Array], outputs: int = 1, **attributes: Any) -> list[Array]:
    """What the reference implementation of ONNX makes of one node."""
    names, results = [f"x{i}" for i in range(len(inputs))], [f"y{i}" for i in range(outputs)]
    node = helper.make_node(op_type, names, results, **attributes)
    infos = [
        helper.make_tensor_value_info(n, helper.np_dtype_to_tensor_dtype(a.dtype), a.shape)
        for n, a in zip(names, inputs, strict=True)
    ]
    ends = [helper.make_tensor_value_info(n, TensorProto.UNDEFINED, None) for n in results]
    graph = helper.make_graph([node], "g", infos, ends)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)])
    return onnx.reference.ReferenceEvaluator(model).run(None, dict(zip(names, inputs, strict=True)))


def whole(shape: tuple[int, ...], seed: int = 0, limit: int = 9) -> Array:
    """Reals that are small integers: sums and products of them are exact."""
    return RNG(seed).integers(-limit, limit + 1, shape).astype(np.float64)
