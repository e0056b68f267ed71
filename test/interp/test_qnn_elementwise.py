"""The semantics of `qnn`, elementwise, against independent references."""

from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest
from qnn_nodes import Array, Builder, onnx_node, run, whole

from qnn_ir.dialects import qnn
from qnn_ir.dialects.qnn import Function


@pytest.mark.parametrize(
    ("function", "onnx_name", "parameters"),
    [
        (Function.ABS, "Abs", {}),
        (Function.CEIL, "Ceil", {}),
        (Function.CELU, "Celu", {"alpha": 1.5}),
        (Function.ELU, "Elu", {"alpha": 0.75}),
        (Function.EXP, "Exp", {}),
        (Function.FLOOR, "Floor", {}),
        (Function.HARD_SIGMOID, "HardSigmoid", {"alpha": 0.25, "beta": 0.5}),
        (Function.MISH, "Mish", {}),
        (Function.NEG, "Neg", {}),
        (Function.RECIPROCAL, "Reciprocal", {}),
        (Function.ROUND, "Round", {}),
        (Function.SELU, "Selu", {"alpha": 1.5, "gamma": 1.25}),
        (Function.SIGMOID, "Sigmoid", {}),
        (Function.SIGN, "Sign", {}),
        (Function.SOFTPLUS, "Softplus", {}),
        (Function.SOFTSIGN, "Softsign", {}),
        (Function.TANH, "Tanh", {}),
        (Function.THRESHOLDED_RELU, "ThresholdedRelu", {"alpha": 1.0}),
    ],
)
def test_unary_as_in_onnx(function: Function, onnx_name: str, parameters: dict[str, Any]):
    x = (np.arange(-40, 40) / 8.0 + 1 / 16)[None]
    (expected,) = onnx_node(onnx_name, [x], **parameters)
    numbers = tuple(v for v in parameters.values() if isinstance(v, float))
    (y,) = run(lambda x: qnn.UnaryOp(x, function, numbers), x)
    # the reference evaluates some functions by other formulas: equal but for the last bits of float64
    np.testing.assert_allclose(y.ravel(), np.ravel(expected), rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize(
    ("function", "definition"),
    [
        (Function.ERF, mpmath.erf),
        (Function.GELU, lambda x: x * (1 + mpmath.erf(x / mpmath.sqrt(2))) / 2),
        (
            Function.GELU_TANH,
            lambda x: x / 2 * (1 + mpmath.tanh(mpmath.sqrt(2 / mpmath.pi) * (x + mpmath.mpf("0.044715") * x**3))),
        ),
        (Function.HARD_SWISH, lambda x: x * min(max(x / 6 + mpmath.mpf("0.5"), 0), 1)),
    ],
)
def test_unary_by_definition(function: Function, definition: Callable[[Any], Any]):
    """ONNX's reference evaluates these in float32."""
    x = (np.arange(-40, 40) / 8.0 + 1 / 16)[None]
    with mpmath.workdps(40):
        expected = [float(definition(mpmath.mpf(float(v)))) for v in x[0]]
    (y,) = run(lambda x: qnn.UnaryOp(x, function), x)
    # 1 + erf(x) cancels for large negative x
    np.testing.assert_allclose(y.ravel(), np.ravel(expected), rtol=1e-13, atol=1e-15)


def test_unary_without_onnx_reference():
    x = np.array([[0.25, 4.0, 9.0]])
    assert run(lambda x: qnn.UnaryOp(x, Function.SQRT), x)[0].tolist() == [[0.5, 2.0, 3.0]]
    assert run(lambda x: qnn.UnaryOp(x, Function.LOG), x)[0].tolist() == np.log(x).tolist()
    (silu,) = run(lambda x: qnn.UnaryOp(x, Function.SILU), x)
    (sigmoid,) = run(lambda x: qnn.UnaryOp(x, Function.SIGMOID), x)
    assert silu.tolist() == (x * sigmoid).tolist()


def test_relu_family_and_clip():
    x = np.array([[-4.0, -1.0, 0.0, 3.0]])
    assert run(qnn.ReluOp, x)[0].tolist() == [[0, 0, 0, 3]]
    assert run(lambda x: qnn.LeakyReluOp(x, alpha=0.5), x)[0].tolist() == [[-2, -0.5, 0, 3]]
    slope = np.array([[0.5, 1.0, 2.0, 7.0]])
    assert run(qnn.PReluOp, x, slope)[0].tolist() == [[-2, -1, 0, 3]]
    assert run(lambda x: qnn.ClipOp(x, min=-2.0), x)[0].tolist() == [[-2, -1, 0, 3]]
    assert run(lambda x: qnn.ClipOp(x, min=-2.0, max=1.0), x)[0].tolist() == [[-2, -1, 0, 1]]


@pytest.mark.parametrize(
    ("op", "expected"),
    [(qnn.AddOp, np.add), (qnn.SubOp, np.subtract), (qnn.MulOp, np.multiply), (qnn.DivOp, np.divide)],
)
def test_arithmetic_broadcasts_each_frame(op: Builder, expected: Callable[..., Array]):
    a, b = whole((2, 3, 4, 5), 1), whole((2, 4, 1), 2) + 20
    (y,) = run(op, a, b)
    np.testing.assert_array_equal(y, expected(a, b[:, None]))
