"""The estimate of a folded graph is what the solver chose by."""

from pathlib import Path

import pytest

from qnn_ir.analysis.cost import Cost
from qnn_ir.dialects.stream import GraphOp, WidthOp
from qnn_ir.driver.context import compiler_context
from qnn_ir.frontend.onnx import import_model
from qnn_ir.passes.convert_qnn_to_stream import ConvertQnnToStreamPass
from qnn_ir.passes.folding.estimate import estimate
from qnn_ir.passes.pipelines import integer_passes
from qnn_ir.passes.stream_fold import StreamFoldPass, fold
from qnn_ir.passes.stream_insert_width_converters import StreamInsertWidthConvertersPass
from qnn_ir.targets import load_board

EXAMPLE = Path(__file__).parents[2] / "examples" / "digits" / "digits.onnx"


@pytest.mark.parametrize("options", [StreamFoldPass(), StreamFoldPass(target_cycles=500), StreamFoldPass(pe=3, simd=5)])
def test_the_solvers_own_figures(options: StreamFoldPass) -> None:
    module, ctx = import_model(EXAMPLE), compiler_context()
    for p in (*integer_passes(None), ConvertQnnToStreamPass()):
        p.apply(ctx, module)
    (graph,) = (op for op in module.walk() if isinstance(op, GraphOp))
    chosen = fold(graph, options, load_board("pynq-z1")).cost
    StreamInsertWidthConvertersPass().apply(ctx, module)
    found = estimate(graph)
    converters = [op.layer.data for op in graph.actors() if isinstance(op, WidthOp)]
    assert Cost().plus(*(cost for layer, cost in found.items() if layer not in converters)) == pytest.approx(chosen)
    assert all(found[layer].lut > 0 for layer in converters)
