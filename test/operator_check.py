"""One small network at every level: executor, imported graph, integers after every pass, compiled C++."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from emitted import simulate
from exact_reference import evaluate_qonnx
from numpy.typing import NDArray
from onnx import ModelProto
from operator_graphs import QONNX, Graph
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp

from qnn_ir.dialects.hlsc import TopOp
from qnn_ir.dialects.stream import GraphOp
from qnn_ir.frontend.onnx import import_model
from qnn_ir.interp import Accelerator, run_module
from qnn_ir.passes.pipelines import dataflow_passes, integer_passes, process_passes
from qnn_ir.passes.stream_fold import StreamFoldPass

Array = NDArray[Any]

FOLDING = StreamFoldPass(pe=2, simd=3)
NOISE = 1e-6
"""Of full scale: float32 outputs. A step of any quantiser in these networks is larger by orders of magnitude."""


def frames_of(graph: Graph, count: int = 3) -> Array:
    """Inputs `(count, *shape)`: multiples of 1/8 in [-5, 5], or integers that the graph may be given."""
    rng = np.random.default_rng(1)
    if graph.highest is None:
        return (rng.integers(-40, 41, (count, *graph.shape)) / 8).astype(np.float32)
    return rng.integers(graph.lowest, graph.highest + 1, (count, *graph.shape))


def agree(actual: Sequence[Array], expected: Sequence[Array], what: str) -> None:
    """All outputs are equal up to `NOISE`."""
    for got, want in zip(actual, expected, strict=True):
        limit = NOISE * max(1.0, float(np.abs(want).max()))
        np.testing.assert_allclose(got.reshape(want.shape), want, rtol=0, atol=limit, err_msg=what)


def executed(model: ModelProto, frames: Array) -> list[Array]:
    """The outputs of ONNX Runtime, or of the QONNX executor, frame by frame."""
    if any(node.domain == QONNX for node in model.graph.node):
        return [evaluate_qonnx(model, frames, output.name) for output in model.graph.output]
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session: Any = onnxruntime.InferenceSession(model.SerializeToString(), options)
    results = [session.run(None, {model.graph.input[0].name: frame}) for frame in frames]
    return [np.stack(values) for values in zip(*results, strict=True)]


def check(
    model: ModelProto, frames: Array, folder: Path, executor: bool = True, folding: StreamFoldPass = FOLDING
) -> ModuleOp:
    """Everything computes the same numbers. Returns the module at the stream level."""
    module = import_model(model.SerializeToString())
    inputs = [frames[:, 0] if frames.shape[1] == 1 else frames]
    expected = run_module(module, inputs)
    if executor:
        agree(expected, [y.reshape(x.shape) for x, y in zip(expected, executed(model, frames), strict=True)], "import")
    kept = module
    for pass_ in (*integer_passes(), *dataflow_passes(folding), *process_passes()):
        pass_.apply(Context(), module)
        module.verify()
        agree(run_module(module, inputs), expected, pass_.name)
        if any(isinstance(op, GraphOp) for op in module.body.ops):
            kept = module.clone()
    agree(run_module(module, inputs, accelerator=compiled(module, folder)), expected, "C++")
    return kept


def compiled(module: ModuleOp, folder: Path) -> Accelerator:
    """The C++ of `module`, compiled in `folder`."""
    (top,) = (op for op in module.walk() if isinstance(op, TopOp))
    sources, targets = top.input_layouts, top.output_layouts
    assert sources
    assert targets

    def run(tensors: list[Array]) -> list[Array]:
        streams = [layout.pack(tensor.astype(np.int64)) for layout, tensor in zip(sources, tensors, strict=True)]
        results = simulate(module, streams, folder)
        return [layout.unpack(stream) for layout, stream in zip(targets, results, strict=True)]

    return Accelerator(len(sources), len(targets), run)
