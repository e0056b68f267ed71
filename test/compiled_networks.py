"""The compiled C++ of a lowered module as the accelerator between its host functions."""

from pathlib import Path
from typing import Any

from emitted import simulate
from xdsl.dialects.builtin import ModuleOp

from qnn_ir.dialects.hlsc import TopOp
from qnn_ir.interp import Accelerator

__all__ = ["compiled", "top_of"]


def top_of(module: ModuleOp) -> TopOp:
    """The accelerator of a module that is ready to print."""
    (top,) = (op for op in module.body.ops if isinstance(op, TopOp))
    return top


def compiled(module: ModuleOp, folder: Path, **options: Any) -> Accelerator:
    """What stands in for the accelerator of `module` in `run_module`; `options` are those of `emitted.simulate`."""
    top = top_of(module)
    inputs, outputs = (layouts.data for layouts in (top.input_layouts, top.output_layouts))

    def run(tensors: list[Any]) -> list[Any]:
        streams = [layout.pack(tensor) for layout, tensor in zip(inputs, tensors, strict=True)]
        results = simulate(module, streams, folder, **options)
        return [layout.unpack(stream) for layout, stream in zip(outputs, results, strict=True)]

    return Accelerator(len(inputs), len(outputs), run)
