"""Damaged models are imported or refused; nothing else may come out of the front end."""

import random
from contextlib import suppress

import pytest
from onnx import ModelProto, TensorProto
from onnx_graphs import network, qcdq_network

from qnn_ir.errors import UserError
from qnn_ir.frontend.onnx import import_model

NUMBERS = (-(1 << 62), -1, 0, 1, 2, 3, 7, 1 << 40)


def _change_bytes(model: ModelProto, rng: random.Random) -> bytes:
    content = bytearray(model.SerializeToString())
    for _ in range(rng.randint(1, 4)):
        content[rng.randrange(len(content))] = rng.randrange(256)
    return bytes(content)


def _change_graph(model: ModelProto, rng: random.Random) -> bytes:
    graph = model.graph
    node, tensor = rng.choice(graph.node), rng.choice(graph.initializer)
    match rng.randrange(8):
        case 0:
            node.input[rng.randrange(len(node.input))] = rng.choice(
                [t.name for t in graph.initializer] + ["x", "", "y"]
            )
        case 1:
            del node.input[-1]
        case 2:
            node.op_type = rng.choice(["Conv", "Concat", "Reshape", "Pad", "TopK", "Split", "Resize", "Gather", "Clip"])
        case 3 if node.attribute:
            rng.choice(node.attribute).i = rng.choice(NUMBERS)
        case 4 if tensor.dims:
            tensor.dims[rng.randrange(len(tensor.dims))] = rng.choice(NUMBERS)
        case 5:
            tensor.data_type = rng.choice(TensorProto.DataType.values())
        case 6:
            node.output.append("more")
        case _:
            graph.input[0].type.tensor_type.shape.dim[rng.randrange(2)].dim_value = rng.choice(NUMBERS)
    return model.SerializeToString()


@pytest.mark.parametrize("seed", range(20))
def test_mutated_model(seed: int) -> None:
    rng = random.Random(seed)
    for _ in range(60):
        model = rng.choice((network, qcdq_network))()
        content = rng.choice((_change_bytes, _change_graph))(model, rng)
        with suppress(UserError):
            import_model(content)
