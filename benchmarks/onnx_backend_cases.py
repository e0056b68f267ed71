"""
ONNX's own test cases of quantised and integer operators down to compiled C++: a table of exact and refused ones.

    python benchmarks/onnx_backend_cases.py [part of a name ...]
"""

import sys
import warnings
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto, TensorProto, numpy_helper
from xdsl.dialects.func import FuncOp

from qnn_ir.dialects import qnn
from qnn_ir.driver.build import BuildOptions, build
from qnn_ir.driver.context import compiler_context
from qnn_ir.driver.progress import Progress
from qnn_ir.driver.sim import simulate
from qnn_ir.errors import UserError
from qnn_ir.frontend.onnx import import_model
from qnn_ir.interp import run_module
from qnn_ir.passes.pipelines import integer_passes

QUANTISED = {
    "ConvInteger",
    "DequantizeLinear",
    "DynamicQuantizeLinear",
    "MatMulInteger",
    "QLinearConv",
    "QLinearMatMul",
    "QuantizeLinear",
}
FUNCTIONS = {
    *("Add", "ArgMax", "ArgMin", "Clip", "Concat", "DepthToSpace", "Expand", "Flatten", "Gather", "GlobalMaxPool"),
    *("Identity", "MatMul", "Max", "MaxPool", "Min", "Mul", "Neg", "Pad", "Relu", "Reshape", "Resize", "Slice"),
    *("SpaceToDepth", "Split", "Squeeze", "Sub", "Tile", "TopK", "Transpose", "Unsqueeze", "Upsample", "Where"),
}
"""Operators that count where their first input holds integers."""
INTEGERS = {
    *(TensorProto.INT8, TensorProto.UINT8, TensorProto.INT16, TensorProto.UINT16, TensorProto.INT32),
    *(TensorProto.UINT32, TensorProto.INT64, TensorProto.INT4, TensorProto.UINT4, TensorProto.INT2, TensorProto.UINT2),
}
Array = NDArray[Any]


def cases() -> Iterator[Any]:
    """The cases of one node that are quantised, or compute with integers."""
    from onnx.backend.test.case.node import collect_testcases

    found: list[Any] = collect_testcases(None)
    for case in found:
        nodes, inputs = case.model.graph.node, case.model.graph.input
        if len(nodes) != 1 or not inputs or not case.data_sets[0][0]:
            continue
        integer = inputs[0].type.tensor_type.elem_type in INTEGERS
        if nodes[0].op_type in QUANTISED or (nodes[0].op_type in FUNCTIONS and integer):
            yield case


def result_of(case: Any) -> str:
    """`exact`, `refused: reason` or `WRONG: what`."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return _compare(case)
    except UserError as error:
        return f"refused: {error}"


def _compare(case: Any) -> str:
    model, x = _with_constants(case)
    module = import_model(model.SerializeToString())
    first = next(op for op in module.body.ops if isinstance(op, FuncOp))
    shape = qnn.shape_of(first.body.block.args[0])
    frames = [x if shape[:1] == (1,) else x[None]]
    expected = [as_array(value) for value in case.data_sets[0][1]]
    *passes, split = integer_passes()
    for each in passes:
        each.apply(compiler_context(), module)
        module.verify()
    if not same(run_module(module, frames), expected):
        return "WRONG: other numbers"
    try:
        split.apply(compiler_context(), module)
    except UserError as error:
        return f"exact on the host ({error.what})"
    module.verify()
    if not same(run_module(module, frames), expected):
        return "WRONG: other numbers behind qnn-split-host"
    return "exact" if same(_compiled(model, frames), expected) else "WRONG: other numbers from the C++"


def _compiled(model: ModelProto, frames: list[Array]) -> list[Array]:
    """What the compiled C++ computes, with its host functions."""
    quiet = Progress(quiet=True)
    with TemporaryDirectory(prefix="qnn-case.") as folder:
        file, out = Path(folder, "case.onnx"), Path(folder, "out")
        file.write_bytes(model.SerializeToString())
        build(file, out, BuildOptions(pe=1, simd=1), quiet)
        return simulate(out, frames, quiet).outputs


def same(outputs: list[Array], expected: list[Array]) -> bool:
    """Equal integers, or real numbers that float32 does not tell apart."""
    return all(
        a.size == b.size
        and np.allclose(a.reshape(b.shape), b.astype(np.float64), 1e-6, 1e-6 if b.dtype.kind == "f" else 0)
        for a, b in zip(outputs, expected, strict=False)
    )


def _with_constants(case: Any) -> tuple[ModelProto, Array]:
    """The model with all inputs but the first one made constant, and the first input."""
    model = ModelProto()
    model.CopyFrom(case.model)
    arrays = case.data_sets[0][0]
    for info, array in list(zip(model.graph.input, arrays, strict=False))[1:]:
        # types that NumPy lacks come as tensors
        tensor = array if isinstance(array, TensorProto) else numpy_helper.from_array(np.asarray(array))
        model.graph.initializer.append(tensor)
        model.graph.initializer[-1].name = info.name
    return model, as_array(arrays[0])


def as_array(value: Any) -> Array:
    """Test data as NumPy knows it."""
    return numpy_helper.to_array(value) if isinstance(value, TensorProto) else np.asarray(value)


def main(parts: list[str]) -> int:
    """Print the table; 1 if any result is wrong."""
    counts = Counter[str]()
    for case in sorted(cases(), key=lambda c: c.name):
        if parts and not any(part in case.name for part in parts):
            continue
        result = result_of(case)
        counts[result.split(":")[0].split(" ")[0]] += 1
        print(f"{case.name:60s} {result}", flush=True)
    print("  ".join(f"{name} {count}" for name, count in sorted(counts.items())))
    return 1 if counts["WRONG"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
