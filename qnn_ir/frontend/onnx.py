"""The entrance for ONNX files: QONNX, QCDQ and integer operators become `qnn` form (a), mechanically."""

from collections.abc import Sequence
from math import prod
from pathlib import Path
from typing import IO

from onnx import AttributeProto
from xdsl.dialects.builtin import (
    ArrayAttr,
    DictionaryAttr,
    Float32Type,
    ModuleOp,
    StringAttr,
    TensorType,
)
from xdsl.dialects.func import FuncOp, ReturnOp
from xdsl.ir import Attribute, Block, Region, SSAValue

from qnn_ir.constants import name_location
from qnn_ir.errors import UserError
from qnn_ir.frontend import (
    onnx_elementwise,
    onnx_host,
    onnx_linear,
    onnx_movement,
    onnx_pooling,
    onnx_qlinear,
    onnx_quantisers,
    onnx_quantize_linear,
    onnx_resize,
)
from qnn_ir.frontend.onnx_attributes import NodeReader
from qnn_ir.frontend.onnx_folding import fold
from qnn_ir.frontend.onnx_graph import STANDARD, Graph, Node, TensorInfo, as_one_frame
from qnn_ir.frontend.onnx_importer import (
    LARGEST,
    REGISTRY,
    NodeImporter,
    Program,
    Tensor,
    Value,
    onnx_integer_type,
)
from qnn_ir.frontend.onnx_nodes import constant_node, foldable
from qnn_ir.frontend.onnx_reader import read_graph
from qnn_ir.frontend.onnx_tensors import FLOAT, INTEGER_TYPES, Constant, shown, type_name

FAMILIES = (
    onnx_elementwise,
    onnx_host,
    onnx_linear,
    onnx_movement,
    onnx_pooling,
    onnx_qlinear,
    onnx_quantisers,
    onnx_quantize_linear,
    onnx_resize,
)
"""The modules that register operators."""

_REFUSED = {
    **dict.fromkeys(("If", "Loop", "Scan"), ("control flow", "export the network without branches and loops")),
    **dict.fromkeys(("LSTM", "GRU", "RNN"), ("a recurrent layer", "only feed-forward networks are supported")),
    "DynamicQuantizeLinear": ("scales computed at run time", "quantise statically"),
}


def import_model(source: Path | bytes | IO[bytes], *, base_dir: Path | None = None) -> ModuleOp:
    """
    Read an ONNX model and return `builtin.module { func.func @main(...) }` in form (a) of `qnn`.

    Shapes are per frame: a batch axis becomes 1. `base_dir` is where external data may lie, by default the folder of
    `source`. Raises `UserError` for everything that the file gets wrong or that is not supported.
    """
    graph = read_graph(source, base_dir)
    _check_operators(graph.nodes)
    try:
        return _import_graph(graph)
    except UserError:
        # a leading axis of known size that cannot be split into frames may be no batch at all
        if graph.batch == 1 or (module := _try_as_one_frame(graph)) is None:
            raise
        return module


def _try_as_one_frame(graph: Graph) -> ModuleOp | None:
    try:
        return _import_graph(as_one_frame(graph))
    except UserError:
        return None


def _import_graph(graph: Graph) -> ModuleOp:
    """The module of a checked graph."""
    block = Block(arg_types=[_input_type(info) for info in graph.inputs])
    program = Program(graph, block)
    for argument, info in zip(block.args, graph.inputs, strict=True):
        argument.location = name_location(info.name)
        program.values[info.name] = Tensor(argument, info.type)
    for node in graph.nodes:
        _import_node(node, program)
    results = [_result(info, program) for info in graph.outputs]
    block.add_op(ReturnOp(*results))
    return ModuleOp([_function(graph, block, results)])


def _check_operators(nodes: Sequence[Node]) -> None:
    """Everything that is not supported is named at once."""
    unknown = [n for n in nodes if (n.domain, n.op_type) not in REGISTRY and not foldable(n)]
    if not unknown:
        return
    first = unknown[0]
    if first.domain == STANDARD and first.op_type in _REFUSED:
        what, remedy = _REFUSED[first.op_type]
        raise UserError(f"operator {first.op_type} is {what}, not supported", first.place, remedy)
    if any(a.type in (AttributeProto.GRAPH, AttributeProto.GRAPHS) for a in first.attributes.values()):
        raise UserError(f"operator {first.op_type} contains a graph, not supported", first.place, "unroll it")
    name = f"{first.domain}.{first.op_type}" if first.domain else first.op_type
    others = sorted({n.op_type for n in unknown[1:]} - {first.op_type})
    more = f" (nor {', '.join(others[:8])})" if others else ""
    remedy = "express it by supported operators, or leave it out of the exported network"
    raise UserError(f"operator {shown(name)} is not supported{more}", first.place, remedy)


def _input_type(info: TensorInfo) -> Attribute:
    """float32, or integers of at most 64 bits as the type says."""
    shape = [d or 1 for d in info.shape or ()]
    if prod(shape) > LARGEST:
        raise UserError(f"shape {shape} is too large", f"graph input {shown(info.name)}", "use sensible sizes")
    if info.type in INTEGER_TYPES:
        return TensorType(onnx_integer_type(info.type), shape)
    if info.type != FLOAT:
        where = f"graph input {shown(info.name)}"
        raise UserError(f"elements of type {type_name(info.type)} are not supported", where, "export it with FLOAT")
    return TensorType(Float32Type(), shape)


def _import_node(node: Node, program: Program) -> None:
    """Evaluate the node where it has constants only, else emit its ops."""
    if node.domain == STANDARD and node.op_type == "Constant":
        program.values[node.outputs[0]] = constant_node(NodeReader(node), program.graph.base_dir)
        return
    importer = NodeImporter(node, program)
    known = [v for v in importer.inputs if not isinstance(v, Tensor)]
    folded = None
    if node.domain == STANDARD and len(known) == len(importer.inputs):
        folded = fold(importer, known, program.graph.opset)
    if folded is None and (node.domain, node.op_type) not in REGISTRY:
        importer.fail(f"operator {node.op_type} works on something computed at run time", "not supported there")
    values: Sequence[Value | None] = importer.run() if folded is None else folded
    used = [name for name in node.outputs if name]
    if len(values) < len(used):
        importer.fail(f"{len(used)} outputs, {len(values)} are supported", "export the model again")
    for name, value in zip(node.outputs, values, strict=False):
        if name and value is not None:
            program.values[name] = value


def _result(info: TensorInfo, program: Program) -> SSAValue:
    """The value of a graph output, which has the declared shape."""
    value, where = program.lookup(info.name), f"graph output {shown(info.name)}"
    if isinstance(value, Constant) or value.value in program.fixed:
        raise UserError("does not depend on any graph input", where, "remove this output")
    declared, shape, graph = info.shape, value.shape, program.graph
    if declared is not None:
        batch = graph.batched and declared[:1] in ((graph.batch,), (1,))
        expected = (1, *declared[1:]) if batch else declared
        if len(expected) != len(shape) or any(e not in (None, s) for e, s in zip(expected, shape, strict=True)):
            text = [d or "?" for d in declared]
            raise UserError(f"declared with shape {text}, computed with shape {list(shape)}", where, "export again")
    return value.value


def _function(graph: Graph, block: Block, results: Sequence[SSAValue]) -> FuncOp:
    """`@main`, with the tensor names of the model at its arguments and results."""

    def named(infos: Sequence[TensorInfo]) -> ArrayAttr[DictionaryAttr]:
        return ArrayAttr([_name_attributes(graph, info.name) for info in infos])

    types = [a.type for a in block.args], [r.type for r in results]
    function = FuncOp("main", types, Region(block), arg_attrs=named(graph.inputs), res_attrs=named(graph.outputs))
    function.location = name_location("main")
    return function


def _name_attributes(graph: Graph, name: str) -> DictionaryAttr:
    """The tensor's name, and its data type where QONNX annotates one."""
    attributes: dict[str, Attribute] = {"qnn.name": StringAttr(name)}
    if annotation := graph.annotations.get(name):
        attributes["qnn.annotation"] = StringAttr(annotation)
    return DictionaryAttr(attributes)


__all__ = ["FAMILIES", "import_model"]
