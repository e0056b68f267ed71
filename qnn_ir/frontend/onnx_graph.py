"""A checked ONNX graph: plain data between reading and importing."""

from dataclasses import dataclass, field, replace
from pathlib import Path

from onnx import AttributeProto, TensorProto

from qnn_ir.frontend.onnx_tensors import shown

STANDARD = ""
QONNX = "qonnx.custom_op.general"
CHANNELS_LAST = "qonnx.custom_op.channels_last"
MICROSOFT = "com.microsoft"

DOMAINS = {
    "ai.onnx": STANDARD,
    "onnx.brevitas": QONNX,
    "finn.custom_op.general": QONNX,
    "finn": QONNX,
}
NEWEST = {QONNX: 2, MICROSOFT: 1}
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


def as_one_frame(graph: Graph) -> Graph:
    """The same graph with its leading axis taken as part of the frame instead of as a batch of known size."""
    return replace(graph, inputs=graph.declared, batched=False, batch=1)
