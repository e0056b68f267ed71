"""
Export the CNV that Brevitas publishes with trained weights: 1-bit weights and activations, CIFAR-10.

    pip install brevitas torch onnxoptimizer && python examples/cifar10_pynq_z1/export_cnv.py cnv_1w1a.onnx

Brevitas downloads the weights, so this needs the network. Its pixels are 0..1: classify with `--pixels unit`.
"""

import argparse
from pathlib import Path

import torch
from brevitas.export import export_qonnx
from brevitas_examples.bnn_pynq import models


def main() -> None:
    parser = argparse.ArgumentParser(description="Export a trained CNV of Brevitas as QONNX.")
    parser.add_argument("output", type=Path, metavar="CNV.onnx")
    parser.add_argument("--network", choices=("cnv_1w1a", "cnv_1w2a", "cnv_2w2a"), default="cnv_1w1a")
    parser.add_argument("--untrained", action="store_true", help="random weights, without the network")
    arguments = parser.parse_args()
    model = getattr(models, arguments.network)(pretrained=not arguments.untrained).eval()
    export_qonnx(model, torch.zeros(1, 3, 32, 32), export_path=str(arguments.output), dynamo=False)
    print(f"{arguments.network} written to {arguments.output}")


if __name__ == "__main__":
    main()
