"""The folder of real networks that the tests use where it is present, and its rule of equality."""

import os
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

ROOT = Path(__file__).parent.parent
MODELS = Path(os.environ.get("QNN_IR_MODELS", ROOT.parent / "shared" / "models"))

CONVOLUTIONAL = [
    "cnn_w4a4_mnist_qcdq",
    "cnn_w4a4_mnist_qonnx",
    "cnv_w1a1_mt",
    "cnv_w2a2_mt",
    "kws1d_w4a4_fsdd_qcdq",
    "kws1d_w4a4_fsdd_qonnx",
    "mobilenet_w4a4_cifar10_qcdq",
    "mobilenet_w4a4_cifar10_qonnx",
    "ortq_mnist_s8s8_sym_pc_qcdq",
    "qonnx_espcn_subpixel_w4a4",
    "resnet_w3a4_cifar10_qcdq",
    "resnet_w3a4_cifar10_qonnx",
    "unet_w4a4_mnist_qcdq",
    "unet_w4a4_mnist_qonnx",
]
"""Every quantised network there that has convolutions."""

needs_models = pytest.mark.skipif(not MODELS.is_dir(), reason="no folder of real networks: set QNN_IR_MODELS")


def golden(name: str) -> dict[str, NDArray[np.float64]]:
    """The golden file of a network: `x` inputs, `y64` outputs of the float64 reference, one row per frame."""
    with np.load(MODELS / "golden" / f"{name}.npz", allow_pickle=False) as data:
        return {key: data[key] for key in ("x", "y64")}


def assert_golden(output: NDArray[np.float64], y64: NDArray[np.float64]) -> None:
    """
    The integers are the reference's on every frame.

    Whole-numbered outputs are identical; others have been through one float32 affine: within 2e-6 of full scale.
    """
    output, y64 = output.reshape(len(y64), -1), y64.reshape(len(y64), -1)
    limit = 0.0 if (y64 == np.round(y64)).all() else 2e-6 * np.abs(y64).max()
    wrong = np.abs(output - y64).max(axis=1) > limit
    assert not wrong.any(), f"{wrong.sum()} of {len(wrong)} frames differ, the first is {wrong.argmax()}"
