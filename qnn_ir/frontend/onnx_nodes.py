"""`Constant` nodes, and which operators exist for constants only."""

from pathlib import Path

import numpy as np

from qnn_ir.frontend import onnx_folding_movement
from qnn_ir.frontend.onnx_attributes import NodeReader
from qnn_ir.frontend.onnx_folding import FOLDS
from qnn_ir.frontend.onnx_graph import STANDARD, Node
from qnn_ir.frontend.onnx_tensors import FLOAT, INT64, Constant, read_tensor

FAMILIES = (onnx_folding_movement,)
"""The modules that register more operators on constants."""


def foldable(node: Node) -> bool:
    """Whether the operator can be evaluated where its operands are constants."""
    return node.domain == STANDARD and (node.op_type in FOLDS or node.op_type == "Constant")


def constant_node(reader: NodeReader, base_dir: Path | None) -> Constant:
    """The value of a `Constant` node, in any of its spellings."""
    name = reader.node.outputs[0] if reader.node.outputs else ""
    if reader.has("value"):
        tensor = read_tensor(reader.tensor("value"), base_dir)
        return Constant(name, tensor.array, tensor.type)
    if reader.has("value_float"):
        return Constant(name, np.array(reader.number("value_float"), np.float32), FLOAT)
    if reader.has("value_floats"):
        return Constant(name, np.array(reader.numbers("value_floats"), np.float32), FLOAT)
    if reader.has("value_int"):
        return Constant(name, np.array(reader.integer("value_int"), np.int64), INT64)
    if reader.has("value_ints"):
        return Constant(name, np.array(reader.integers("value_ints"), np.int64), INT64)
    return reader.fail("its value is missing, sparse or text", "store a dense tensor of numbers")
