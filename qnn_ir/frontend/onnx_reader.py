"""
Reading an ONNX file: bytes to a checked, sorted graph. Nothing here knows what an operator means.

What comes out is safe to walk: every tensor has one producer, every read finds it, nodes are in order of execution and
reach an output, every node has a name of its own, shapes are known and every constant has its data.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO

from google.protobuf.message import DecodeError
from onnx import AttributeProto, GraphProto, ModelProto, NodeProto, TensorProto, ValueInfoProto
from onnx.defs import onnx_opset_version

from qnn_ir.errors import UserError
from qnn_ir.frontend.onnx_tensors import check_tensor, shown

STANDARD = ""
QONNX = "qonnx.custom_op.general"
CHANNELS_LAST = "qonnx.custom_op.channels_last"
MICROSOFT = "com.microsoft"

_DOMAINS = {
    "ai.onnx": STANDARD,
    "onnx.brevitas": QONNX,
    "finn.custom_op.general": QONNX,
    "finn": QONNX,
}
_NEWEST = {QONNX: 2, MICROSOFT: 1}
"""The newest version of each custom domain that is known; exporters often omit the import."""


@dataclass(frozen=True, slots=True)
class Node:
    """One operator: `domain` is one of the constants above where known, else as written."""

    name: str
    op_type: str
    domain: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: dict[str, AttributeProto]

    @property
    def place(self) -> str:
        """How messages name this node."""
        output = next((o for o in self.outputs if o), "")
        return f"{self.op_type} node {shown(self.name)} (output {shown(output)})"


@dataclass(frozen=True, slots=True)
class TensorInfo:
    """A graph input or output: `shape` as declared (None: no shape, `None` entries: unknown)."""

    name: str
    type: int
    shape: tuple[int | None, ...] | None


@dataclass
class Graph:
    """A checked model. `batched`: the leading axis of inputs is a batch of unknown size or of `batch` > 1 frames."""

    nodes: list[Node]
    inputs: list[TensorInfo]
    outputs: list[TensorInfo]
    initializers: dict[str, TensorProto]
    opset: int
    base_dir: Path | None
    batched: bool = False
    batch: int = 1
    declared: list[TensorInfo] = field(default_factory=list[TensorInfo])
    """The inputs as the file declares them, batch included."""
    annotations: dict[str, str] = field(default_factory=dict[str, str])


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
    nodes = _live(_sorted(_named(graph.node), known), [o.name for o in outputs])
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


def as_one_frame(graph: Graph) -> Graph:
    """The same graph with its leading axis taken as part of the frame instead of as a batch of known size."""
    return replace(graph, inputs=graph.declared, batched=False, batch=1)


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
    versions = {_DOMAINS.get(o.domain, o.domain): o.version for o in model.opset_import}
    used = {_DOMAINS.get(n.domain, n.domain) for n in model.graph.node}
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
    for domain in used & _NEWEST.keys():
        if not 1 <= versions.get(domain, 1) <= _NEWEST[domain]:
            what = f"version {versions[domain]} of the operators {shown(domain)} is unknown"
            raise UserError(what, "opset_import", f"export with version {_NEWEST[domain]} or older")
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
    _check_unique((t.name for t in graph.initializer), "initialiser")
    _check_unique((v.name for v in graph.input), "graph input")
    _check_unique((v.name for v in graph.output), "graph output")


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


def _named(protos: Sequence[NodeProto]) -> list[Node]:
    """Nodes with names of their own: unnamed ones are called after operator and index, repeats get a number."""
    taken = {p.name for p in protos if p.name}
    used: set[str] = set()
    nodes: list[Node] = []
    for index, proto in enumerate(protos):
        base = name = proto.name or f"{proto.op_type}_{index}"
        count = 0
        while name in used or (name in taken and name != proto.name):
            count += 1
            name = f"{base}_{count}"
        used.add(name)
        domain = _DOMAINS.get(proto.domain, proto.domain)
        attributes = {a.name: a for a in proto.attribute}
        nodes.append(Node(name, proto.op_type, domain, tuple(proto.input), tuple(proto.output), attributes))
    return nodes


def _sorted(nodes: list[Node], known: set[str]) -> list[Node]:
    """`nodes` in order of execution, as close to the file's order as possible."""
    producers: dict[str, int] = {}
    for index, node in enumerate(nodes):
        for output in filter(None, node.outputs):
            if output in producers or output in known:
                raise UserError(
                    f"writes tensor {shown(output)}, which is defined elsewhere", node.place, "export again"
                )
            producers[output] = index
    for node in nodes:
        for name in filter(None, node.inputs):
            if name not in producers and name not in known:
                raise UserError(f"reads tensor {shown(name)}, which nothing produces", node.place, "export again")
    return _depth_first(nodes, producers)


def _depth_first(nodes: list[Node], producers: dict[str, int]) -> list[Node]:
    """Iterative depth-first order (networks may be thousands of nodes deep); a cycle is an error."""
    done: set[int] = set()
    active: set[int] = set()
    order: list[Node] = []
    for root in range(len(nodes)):
        stack = [root]
        while stack:
            index = stack[-1]
            if index in done:
                stack.pop()
                continue
            needed = [producers[i] for i in nodes[index].inputs if i in producers and producers[i] not in done]
            if not needed:
                order.append(nodes[stack.pop()])
                done.add(index)
                active.discard(index)
                continue
            active.add(index)
            if loop := [i for i in needed if i in active]:
                raise UserError("the graph has a cycle through this node", nodes[loop[0]].place, "export it again")
            stack += reversed(needed)
    return order


def _live(nodes: list[Node], outputs: Sequence[str]) -> list[Node]:
    """The nodes that some output depends on."""
    needed, kept = set(outputs), list[Node]()
    for node in reversed(nodes):
        if needed.intersection(node.outputs):
            needed.update(filter(None, node.inputs))
            kept.append(node)
    return kept[::-1]


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
