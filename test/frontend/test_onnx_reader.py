"""Reading files: order, names, external data, what the module looks like."""

import io
from pathlib import Path

import numpy as np
import pytest
from onnx import ModelProto, TensorProto, external_data_helper, helper, save
from onnx_graphs import model, network, node
from xdsl.dialects.builtin import ModuleOp
from xdsl.dialects.func import FuncOp

from qnn_ir.constants import location_name
from qnn_ir.dialects import qnn
from qnn_ir.errors import UserError
from qnn_ir.frontend.onnx import import_model
from qnn_ir.frontend.onnx_reader import read_graph
from qnn_ir.interp import run_module


def _main(module: ModuleOp) -> FuncOp:
    return next(op for op in module.body.ops if isinstance(op, FuncOp))


def _chain(length: int) -> ModelProto:
    steps = [node("Relu", f"t{i}" if i else "x", f"t{i + 1}") for i in range(length)]
    return model(steps, {"x": [1, 2]}, {f"t{length}": [1, 2]}, opsets={"": 13})


def test_path_bytes_and_stream_are_the_same(tmp_path: Path) -> None:
    content = network().SerializeToString()
    (tmp_path / "net.onnx").write_bytes(content)
    with open(tmp_path / "net.onnx", "rb") as stream:
        texts = {str(import_model(s)) for s in (tmp_path / "net.onnx", content, io.BytesIO(content), stream)}
    assert len(texts) == 1


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"nowhere\.onnx: cannot be read"):
        import_model(tmp_path / "nowhere.onnx")
    with pytest.raises(UserError, match="cannot be read"):
        import_model(tmp_path)


def test_nodes_in_any_order() -> None:
    shuffled = network()
    nodes = list(shuffled.graph.node)[::-1]
    del shuffled.graph.node[:]
    shuffled.graph.node.extend(nodes)
    x = np.linspace(-2, 2, 16, dtype=np.float32)[None]
    outputs = [run_module(import_model(m.SerializeToString()), [x])[0] for m in (network(), shuffled)]
    np.testing.assert_array_equal(*outputs)


def test_deep_graph_in_reverse_order() -> None:
    deep = _chain(3000)
    nodes = list(deep.graph.node)[::-1]
    del deep.graph.node[:]
    deep.graph.node.extend(nodes)
    assert len(list(_main(import_model(deep.SerializeToString())).body.block.ops)) == 3001


def test_dead_nodes_are_pruned_whatever_they_are() -> None:
    graph = network()
    graph.graph.node.append(node("Frobnicate", "m0", "unused", "com.acme"))
    assert len(read_graph(graph.SerializeToString()).nodes) == 7
    import_model(graph.SerializeToString())


def test_node_names_are_unique() -> None:
    names = ["", "a", "a", "a_1", "", "Relu_0"]
    steps = [node("Relu", f"t{i}" if i else "x", f"t{i + 1}", name=name) for i, name in enumerate(names)]
    built = model(steps, {"x": [1, 2]}, {"t6": [1, 2]}, opsets={"": 13})
    found = [n.name for n in read_graph(built.SerializeToString()).nodes]
    assert found == ["Relu_0_1", "a", "a_2", "a_1", "Relu_4", "Relu_0"]
    operations = _main(import_model(built.SerializeToString())).body.block.ops
    assert [location_name(op) for op in operations if isinstance(op, qnn.ReluOp)] == found


def test_names_are_attributes_of_the_function() -> None:
    built = network()
    built.graph.quantization_annotation.add(tensor_name="x").quant_parameter_tensor_names.add(
        key="finn_datatype", value="INT8"
    )
    text = str(import_model(built.SerializeToString())).splitlines()[1]
    assert '{qnn.name = "x", qnn.annotation = "INT8"}' in text
    assert '{qnn.name = "y"}' in text


def test_old_files_list_weights_among_the_inputs() -> None:
    built = network()
    built.graph.input.extend(
        model([], {"w0": [16, 8], "z": []}, {}).graph.input  # initialisers with a declared shape
    )
    assert len(_main(import_model(built.SerializeToString())).body.block.args) == 1


def _with_external_data(folder: Path, location: str = "data.bin") -> ModelProto:
    built = network()
    for tensor in built.graph.initializer:
        if tensor.name in ("w0", "w1"):
            external_data_helper.set_external_data(tensor, location)
    return built


def test_external_data(tmp_path: Path) -> None:
    save(network(), tmp_path / "net.onnx", save_as_external_data=True, location="w.bin", size_threshold=0)
    assert str(import_model(tmp_path / "net.onnx")) == str(import_model(network().SerializeToString()))
    content = (tmp_path / "net.onnx").read_bytes()
    assert str(import_model(content, base_dir=tmp_path)) == str(import_model(network().SerializeToString()))
    with pytest.raises(UserError, match="give the model as a file"):
        import_model(content)


@pytest.mark.parametrize("location", ["../secret.bin", "/etc/hostname", "sub/../../secret.bin", "link.bin", "", "a\0b"])
def test_external_data_stays_in_the_folder(tmp_path: Path, location: str) -> None:
    folder = tmp_path / "model"
    (folder / "sub").mkdir(parents=True)
    (tmp_path / "secret.bin").write_bytes(bytes(1 << 12))
    (folder / "link.bin").symlink_to(tmp_path / "secret.bin")
    content = _with_external_data(folder, location).SerializeToString()
    with pytest.raises(UserError, match="external data") as caught:
        import_model(content, base_dir=folder)
    assert "'w0'" in str(caught.value)


@pytest.mark.parametrize("size", [0, 511])
def test_external_data_too_short(tmp_path: Path, size: int) -> None:
    (tmp_path / "data.bin").write_bytes(bytes(size))
    with pytest.raises(UserError, match=r"'w0': external data file 'data\.bin' does not hold the 512 bytes"):
        import_model(_with_external_data(tmp_path).SerializeToString(), base_dir=tmp_path)


def test_external_data_missing(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"'w0': external data file 'data\.bin' is missing"):
        import_model(_with_external_data(tmp_path).SerializeToString(), base_dir=tmp_path)


@pytest.mark.parametrize(
    ("type_", "values"),
    [
        (TensorProto.FLOAT16, [0.5, -1.25]),
        (TensorProto.BFLOAT16, [0.5, -1.25]),
        (TensorProto.DOUBLE, [0.1, -1.25]),
        (TensorProto.INT16, [-300, 7]),
        (TensorProto.UINT32, [1 << 31, 7]),
        (TensorProto.UINT64, [1 << 40, 7]),
        (TensorProto.BOOL, [True, False]),
    ],
)
def test_element_types_of_constants(type_: int, values: list[float]) -> None:
    stored = helper.make_tensor("c", type_, [2], values)
    steps = [node("Cast", "c", "f", to=TensorProto.DOUBLE), node("Add", "x f", "y")]
    built = model(steps, {"x": [1, 2]}, {"y": [1, 2]}, {"c": stored}, {"": 13})
    output = run_module(import_model(built.SerializeToString()), [np.zeros((1, 2), np.float32)])[0]
    np.testing.assert_array_equal(output[0], np.array(values, np.float64))


def test_integer_input_keeps_its_type() -> None:
    steps = [node("DequantizeLinear", "x s", "y")]
    built = model(steps, {"x": ([1, 2], TensorProto.UINT8)}, {"y": [1, 2]}, {"s": 0.5}, {"": 13})
    module = import_model(built.SerializeToString())
    assert "tensor<1x2xui8>" in str(module).splitlines()[1]
    np.testing.assert_array_equal(run_module(module, [np.array([[3.0, 255.0]], np.float32)])[0], [[1.5, 127.5]])
