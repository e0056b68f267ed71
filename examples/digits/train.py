"""
Train a small quantised MLP on scikit-learn's handwritten digits and export it as QONNX.

    pip install 'qnn-ir[example]' && python examples/digits/train.py

writes beside this file `digits.onnx` (64-64-32-10, 3-bit weights and activations) and `digits_test.npz`
(`x` float32 (n, 64) pixel values 0..16, `y` labels): the part of the data that the network never saw.
"""

from pathlib import Path

import numpy as np
import torch
from brevitas import nn as qnn
from brevitas.core.restrict_val import RestrictValueType
from brevitas.core.scaling import ScalingImplType
from brevitas.export import export_qonnx
from brevitas.quant import Int8WeightPerTensorFloat, Uint8ActPerTensorFloat
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import nn

HERE = Path(__file__).parent
BITS = 3
EPOCHS = 60


class PixelQuant(Uint8ActPerTensorFloat):
    """The pixels 0..16 as they are: five unsigned bits of scale 31 / 31 = 1."""

    bit_width = 5
    scaling_impl_type = ScalingImplType.CONST
    restrict_scaling_type = RestrictValueType.POWER_OF_TWO
    scaling_init = 31.0


def network() -> nn.Sequential:
    """64-64-32-10; a hidden layer is linear, batch norm, ReLU and a quantiser of `BITS` bits."""
    layers: list[nn.Module] = [qnn.QuantIdentity(act_quant=PixelQuant, return_quant_tensor=True)]
    for inputs, outputs in ((64, 64), (64, 32)):
        layers += [
            qnn.QuantLinear(inputs, outputs, bias=False, weight_quant=Int8WeightPerTensorFloat, weight_bit_width=BITS),
            nn.BatchNorm1d(outputs),
            qnn.QuantReLU(act_quant=Uint8ActPerTensorFloat, bit_width=BITS, return_quant_tensor=True),
        ]
    layers.append(qnn.QuantLinear(32, 10, bias=True, weight_quant=Int8WeightPerTensorFloat, weight_bit_width=BITS))
    return nn.Sequential(*layers)


def main() -> None:
    torch.manual_seed(0)
    x, y = load_digits(return_X_y=True)
    x_train, x_test, y_train, y_test = train_test_split(x.astype(np.float32), y, test_size=0.3, random_state=0)
    inputs, labels = torch.from_numpy(x_train), torch.from_numpy(y_train)

    model = network()
    optimiser = torch.optim.Adam(model.parameters(), lr=2e-3)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, EPOCHS)
    for _ in range(EPOCHS):
        for batch in torch.randperm(len(inputs)).split(64):
            optimiser.zero_grad()
            nn.functional.cross_entropy(model(inputs[batch]), labels[batch]).backward()
            optimiser.step()
        schedule.step()

    model.eval()
    with torch.no_grad():
        accuracy = (model(torch.from_numpy(x_test)).argmax(1).numpy() == y_test).mean()
    print(f"accuracy on {len(x_test)} unseen digits: {accuracy:.1%}")
    export_qonnx(model, torch.zeros(1, 64), str(HERE / "digits.onnx"), dynamo=False)
    np.savez_compressed(HERE / "digits_test.npz", x=x_test, y=y_test)


if __name__ == "__main__":
    main()
