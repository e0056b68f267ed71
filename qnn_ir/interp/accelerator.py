"""Runs an accelerator that has left the `qnn` level: tensors become streams by the layouts that it carries."""

from collections.abc import Sequence
from importlib import import_module
from typing import Any, cast

from xdsl.dialects.builtin import ArrayAttr, ModuleOp
from xdsl.ir import Operation

from qnn_ir.interp.frames import IntArray

GRAPH, TOP = "stream.graph", "hlsc.top"
"""By name: the levels below are imported only when a module has reached them."""


def find_accelerator(module: ModuleOp) -> Operation | None:
    """The `stream.graph` or `hlsc.top` of a module."""
    return next((op for op in module.body.ops if op.name in (GRAPH, TOP)), None)


def port_counts(accelerator: Operation) -> tuple[int, int]:
    """How many tensors enter it and how many leave it."""
    names = ("inputs", "outputs") if accelerator.name == GRAPH else ("input_layouts", "output_layouts")
    inputs, outputs = (len(cast(ArrayAttr[Any], accelerator.properties[name])) for name in names)
    return inputs, outputs


def run_accelerator(module: ModuleOp, accelerator: Operation, tensors: Sequence[IntArray]) -> list[IntArray]:
    """The output tensors `(F, *shape)` for input tensors `(F, *shape)`."""
    if accelerator.name == GRAPH:
        return import_module("qnn_ir.interp.stream").run_tensors(accelerator, tensors)
    inputs, outputs = (cast(ArrayAttr[Any], accelerator.properties[f"{end}_layouts"]) for end in ("input", "output"))
    streams = [layout.pack(tensor) for layout, tensor in zip(inputs, tensors, strict=True)]
    results = import_module("qnn_ir.interp.hlsc").run_top(module, accelerator, streams)
    return [layout.unpack(stream) for layout, stream in zip(outputs, results, strict=True)]
