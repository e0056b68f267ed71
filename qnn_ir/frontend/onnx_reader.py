"""
Reading an ONNX file: bytes to a checked, sorted graph. Nothing here knows what an operator means.

What comes out is safe to walk: every tensor has one producer, every read finds it, nodes are in order of execution and
reach an output, every node has a name of its own, shapes are known and every constant has its data.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import IO

from google.protobuf.message import DecodeError
from onnx import GraphProto, ModelProto, ValueInfoProto
from onnx.defs import onnx_opset_version

from qnn_ir.errors import UserError
from qnn_ir.frontend.onnx_graph import DOMAINS, NEWEST, STANDARD, Graph, Node, TensorInfo
from qnn_ir.frontend.onnx_order import in_order, live, named
from qnn_ir.frontend.onnx_tensors import check_tensor, shown


def read_graph(source: Path | bytes | IO[bytes], base_dir: Path | None = None) -> Graph:
    """
    Read and check the model in `source`; external data is looked for in `base_dir` (a path's own folder by default).

    Raises `UserError` for everything that makes the file unusable.
    """
    base_dir = base_dir or _folder(source)
    model = _parse(_content(source))
    opset = _check_opsets(model)
    graph = model.graph
    _check_graph(graph, model)
    for tensor in graph.initializer:
        check_tensor(tensor, base_dir)
    initializers = {t.name: t for t in graph.initializer}
    inputs = [_tensor_info(v, "graph input") for v in graph.input if v.name not in initializers]
    outputs = [_tensor_info(v, "graph output") for v in graph.output]
    known = {*initializers, *(i.name for i in inputs)}
    nodes = live(in_order(named(graph.node), known), [o.name for o in outputs])
    _check_produced(outputs, known, nodes)
    annotations = {
        a.tensor_name: e.value
        for a in graph.quantization_annotation
        for e in a.quant_parameter_tensor_names
        if e.key == "finn_datatype"
    }
    result = Graph(nodes, inputs, outputs, initializers, opset, base_dir, annotations=annotations)
    _set_batch(result)
    return result


def _folder(source: Path | bytes | IO[bytes]) -> Path | None:
    """Where the file lies that `source` is or reads."""
    name = source if isinstance(source, Path | bytes) else getattr(source, "name", None)
    path = Path(name) if isinstance(name, str | Path) else None
    return path.parent if path is not None and path.is_file() else None


def _content(source: Path | bytes | IO[bytes]) -> bytes:
    if isinstance(source, bytes):
        return source
    try:
        return source.read_bytes() if isinstance(source, Path) else source.read()
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise UserError(f"cannot be read: {reason}", str(source) if isinstance(source, Path) else "model") from error


def _parse(content: bytes) -> ModelProto:
    remedy = "give a file written by an ONNX exporter"
    if not content.strip():
        raise UserError("the file is empty, not an ONNX model", remedy=remedy)
    if content.lstrip()[:1] in (b"{", b"["):
        raise UserError("the file holds JSON text, not an ONNX model", remedy=remedy)
    model = ModelProto()
    try:
        model.ParseFromString(content)
    except DecodeError as error:
        raise UserError("not a readable ONNX model (damaged, truncated or another format)", remedy=remedy) from error
    if not model.HasField("graph"):
        raise UserError("no graph in the file: not an ONNX model, or a damaged one", remedy=remedy)
    return model


def _check_opsets(model: ModelProto) -> int:
    """The opset of the standard operators."""
    versions = {DOMAINS.get(o.domain, o.domain): o.version for o in model.opset_import}
    used = {DOMAINS.get(n.domain, n.domain) for n in model.graph.node}
    if not versions:
        raise UserError("the model imports no operator set", "opset_import", "export it again")
    if STANDARD not in versions and STANDARD in used:
        raise UserError("the standard operator set is used but not imported", "opset_import", "export again")
    newest = onnx_opset_version()
    opset = versions.get(STANDARD, newest)
    if not 1 <= opset <= newest:
        raise UserError(
            f"standard operator set {opset} is unknown", "opset_import", f"export with opset {newest} or older"
        )
    for domain in used & NEWEST.keys():
        if not 1 <= versions.get(domain, 1) <= NEWEST[domain]:
            what = f"version {versions[domain]} of the operators {shown(domain)} is unknown"
            raise UserError(what, "opset_import", f"export with version {NEWEST[domain]} or older")
    return opset


def _check_graph(graph: GraphProto, model: ModelProto) -> None:
    """What must hold before anything is looked at closely."""
    if not graph.node:
        raise UserError("the graph has no nodes", f"graph {shown(graph.name)}", "export the model again")
    if not graph.output:
        raise UserError("the graph has no outputs", f"graph {shown(graph.name)}", "export the model again")
    if graph.sparse_initializer:
        where = f"tensor {shown(graph.sparse_initializer[0].values.name)}"
        raise UserError("sparse tensors are not supported", where, "store it dense")
    functions = {(f.domain, f.name) for f in model.functions}
    for node in graph.node:
        if (node.domain, node.op_type) in functions:
            raise UserError("calls a function of the model", f"node {shown(node.name)}", "inline functions first")
    _check_text(graph)
    _check_unique((t.name for t in graph.initializer), "initialiser")
    _check_unique((v.name for v in graph.input), "graph input")
    _check_unique((v.name for v in graph.output), "graph output")


def _check_text(graph: GraphProto) -> None:
    """Refuse names that are no UTF-8: protobuf hands them out as bytes."""
    named = (*graph.node, *graph.initializer, *graph.input, *graph.output)
    names: list[object] = [item.name for item in named]
    for node in graph.node:
        names += (node.op_type, node.domain, *node.input, *node.output, *(a.name for a in node.attribute))
    if wrong := next((name for name in names if isinstance(name, bytes)), None):
        raise UserError(f"the name {wrong[:40]!r} is not UTF-8 text", f"graph {graph.name!r}", "export the model again")


def _check_unique(names: Iterable[str], kind: str) -> None:
    if double := next((name for name, n in Counter(names).items() if n > 1), None):
        raise UserError(f"two {kind}s of this name", f"tensor {shown(double)}", "give every tensor one definition")


def _tensor_info(value: ValueInfoProto, kind: str) -> TensorInfo:
    where = f"{kind} {shown(value.name)}"
    if value.type.WhichOneof("value") not in (None, "tensor_type"):
        raise UserError("only tensors are supported", where, "export without sequences, maps and optionals")
    tensor = value.type.tensor_type
    if not tensor.HasField("shape"):
        return TensorInfo(value.name, tensor.elem_type, None)
    shape = tuple(d.dim_value if d.WhichOneof("value") == "dim_value" else None for d in tensor.shape.dim)
    if any(d is not None and d < 1 for d in shape):
        raise UserError(f"shape {list(shape)} has an empty or negative dimension", where, "export with real sizes")
    return TensorInfo(value.name, tensor.elem_type, shape)


def _check_produced(outputs: Sequence[TensorInfo], known: set[str], nodes: Sequence[Node]) -> None:
    produced = known.union(*(n.outputs for n in nodes)) if nodes else known
    for output in outputs:
        if output.name not in produced:
            raise UserError("nothing produces it", f"graph output {shown(output.name)}", "export the model again")


def _set_batch(graph: Graph) -> None:
    """Find the batch axis and make it one frame: everything downstream is per frame."""
    for info in graph.inputs:
        where = f"graph input {shown(info.name)}"
        if info.shape is None:
            raise UserError("its shape is missing", where, "export the model with input shapes")
        unknown = [i for i, d in enumerate(info.shape) if d is None]
        if unknown and (unknown != [0] or len(info.shape) < 2):
            axis = unknown[-1]
            raise UserError(f"dimension {axis} has no fixed size", where, "export with fixed sizes beside the batch")
    leading = {info.shape[0] for info in graph.inputs if info.shape and len(info.shape) > 1}
    sizes = leading - {None}
    if leading <= {1} or len(sizes) > 1:
        return
    graph.batched, graph.declared = True, graph.inputs
    graph.batch = next(iter(sizes), None) or 1
    graph.inputs = [
        TensorInfo(i.name, i.type, (1, *i.shape[1:]) if i.shape and len(i.shape) > 1 else i.shape) for i in graph.inputs
    ]
