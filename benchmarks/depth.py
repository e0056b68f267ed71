#!/usr/bin/env python3
"""
Compile time against depth: residual networks of 1 to 200 convolutions, generated here, compiled in whole processes.

    python benchmarks/depth.py [--layers 2 10 50 100 200] [--repeat 3]

Medians of wall and CPU time, and peak memory. Cost grows linearly where CPU milliseconds per layer stay level; after
the table the stages of the largest network, with their share of a layer.
"""

import argparse
import json
import statistics
import sys
import tempfile
from pathlib import Path

import numpy as np
from compile_and_simulate import measured
from onnx import TensorProto, helper, numpy_helper, save

CHANNELS, SIZE = 8, 8


class Network:
    """A chain of 3x3 convolutions with a shortcut around every second one, 3-bit weights and 4-bit activations."""

    def __init__(self, layers: int):
        self.random = np.random.default_rng(layers)
        self.nodes, self.constants = [], []
        x = self.quant("x", 0.125, 4, signed=False)
        shortcut = x
        for index in range(layers):
            x = self.conv(x, f"conv{index}")
            if index % 2:
                x = self.quant(self.node("Add", [x, shortcut]), 0.125, 4, signed=False)
                shortcut = x
        self.output = x

    def constant(self, value: np.ndarray) -> str:
        self.constants.append(numpy_helper.from_array(value, f"c{len(self.constants)}"))
        return self.constants[-1].name

    def node(self, kind: str, inputs: list[str], **attributes: object) -> str:
        domain = "qonnx.custom_op.general" if kind == "Quant" else ""
        name = f"{kind}{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [name], name=name, domain=domain, **attributes))
        return name

    def quant(self, x: str, scale: float, bits: int, signed: bool) -> str:
        parameters = [self.constant(np.float32(v)) for v in (scale, 0, bits)]
        return self.node("Quant", [x, *parameters], signed=int(signed), narrow=0, rounding_mode="ROUND")

    def conv(self, x: str, name: str) -> str:
        weights = self.random.normal(size=(CHANNELS, CHANNELS, 3, 3)).astype(np.float32)
        quantised = self.quant(self.constant(weights), 0.5, 3, signed=True)
        y = self.node("Conv", [x, quantised], pads=[1, 1, 1, 1], kernel_shape=[3, 3])
        return self.quant(self.node("Relu", [y]), 0.125, 4, signed=False)

    def save(self, path: Path) -> None:
        shape = [1, CHANNELS, SIZE, SIZE]
        x, y = (helper.make_tensor_value_info(n, TensorProto.FLOAT, shape) for n in ("x", self.output))
        graph = helper.make_graph(self.nodes, "residual", [x], [y], self.constants)
        imports = [helper.make_opsetid("", 13), helper.make_opsetid("qonnx.custom_op.general", 1)]
        save(helper.make_model(graph, opset_imports=imports), path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--layers", type=int, nargs="+", default=[2, 10, 50, 100, 200])
    parser.add_argument("--repeat", type=int, default=3)
    arguments = parser.parse_args()
    stages: dict[str, float] = {}
    print(f"{'layers':>8}{'wall s':>10}{'CPU s':>10}{'CPU ms/layer':>14}{'peak MB':>10}")
    for layers in sorted(arguments.layers):
        wall, cpu, peak, stages = bench(layers, arguments.repeat)
        print(f"{layers:8}{wall:10.2f}{cpu:10.2f}{1000 * cpu / layers:14.1f}{peak:10.0f}", flush=True)
    print(f"\n{'stage':32}{'s':>8}{'ms/layer':>10}")
    for name, seconds in stages.items():
        print(f"{name:32}{seconds:8.2f}{1000 * seconds / max(arguments.layers):10.2f}")


def bench(layers: int, repeat: int) -> tuple[float, float, float, dict[str, float]]:
    """Medians of wall seconds, CPU seconds and peak MB, and wall seconds of each stage of the last run."""
    with tempfile.TemporaryDirectory() as folder:
        model = Path(folder) / "net.onnx"
        Network(layers).save(model)
        command = [sys.executable, "-m", "qnn_ir.driver.qnnc", "build", str(model), "-o", f"{folder}/out", "--json"]
        runs = [measured(command) for _ in range(repeat)]
    wall, cpu, peak = ([run[0] for run in runs], [run[1] for run in runs], [run[2] for run in runs])
    stages = json.loads(runs[-1][3])["seconds"]
    return statistics.median(wall), statistics.median(cpu), statistics.median(peak), stages


if __name__ == "__main__":
    main()
