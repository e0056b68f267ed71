"""The semantics of `qnn`, linear operators, pools, against independent references."""

from typing import Any

import numpy as np
import pytest
from qnn_nodes import RNG, Array, onnx_node, run, whole

from qnn_ir.constants import int_type
from qnn_ir.dialects import qnn

CONVS: list[tuple[tuple[int, ...], tuple[int, ...], dict[str, Any]]] = [
    ((1, 3, 7, 6), (4, 3, 3, 2), {"strides": [2, 1], "pads": [1, 0, 2, 1]}),
    ((1, 4, 8, 8), (4, 1, 3, 3), {"group": 4, "pads": [1, 1, 1, 1]}),
    ((1, 4, 8, 8), (6, 2, 2, 2), {"group": 2, "dilations": [2, 3]}),
    ((1, 4, 9), (8, 1, 3), {"group": 4, "strides": [2], "pads": [2, 0]}),
]


@pytest.mark.parametrize(("x_shape", "w_shape", "attributes"), CONVS)
@pytest.mark.parametrize("with_bias", [False, True])
def test_conv_as_in_onnx(x_shape: Any, w_shape: Any, attributes: dict[str, Any], with_bias: bool):
    x, w, bias = whole(x_shape, 1), whole(w_shape, 2), whole(w_shape[:1], 3)
    arrays = (x, w, bias) if with_bias else (x, w)
    (expected,) = onnx_node("Conv", arrays, **attributes)
    (y,) = run(lambda *args: qnn.ConvOp(*args, **attributes), *(a[None] for a in arrays))
    np.testing.assert_array_equal(y, expected)


@pytest.mark.parametrize(("x_shape", "w_shape", "attributes"), CONVS)
def test_conv_of_integers_is_that_of_reals(x_shape: Any, w_shape: Any, attributes: dict[str, Any]):
    x, w = whole(x_shape, 1), whole(w_shape, 2)
    (expected,) = onnx_node("Conv", (x, w), **attributes)
    element = int_type(-(1 << 20), 1 << 20)
    integers = [a[None].astype(np.int64) for a in (x, w)]
    (y,) = run(lambda x, w: qnn.ConvOp(x, w, element=element, **attributes), *integers)
    assert y.dtype == np.int64
    np.testing.assert_array_equal(y, expected)


def test_conv_pads_with_the_stored_zero():
    x, w = np.full((1, 1, 1, 2, 2), 5), np.ones((1, 1, 1, 3, 3), np.int64)
    element = int_type(0, 255)
    (y,) = run(lambda x, w: qnn.ConvOp(x, w, pads=(1, 1, 1, 1), pad_value=7, element=element), x, w)
    assert y.tolist() == [[[[4 * 5 + 5 * 7] * 2] * 2]]


@pytest.mark.parametrize(
    ("x_shape", "w_shape", "attributes"),
    [
        ((1, 3, 4, 5), (3, 2, 3, 3), {"strides": [2, 3], "pads": [1, 0, 1, 2], "output_padding": [1, 0]}),
        ((1, 4, 4, 4), (4, 2, 2, 2), {"strides": [2, 2], "group": 2}),
        ((1, 2, 6), (2, 3, 3), {"dilations": [2]}),
    ],
)
def test_conv_transpose_as_in_onnx(x_shape: Any, w_shape: Any, attributes: dict[str, Any]):
    x, w, bias = whole(x_shape, 1), whole(w_shape, 2), whole((w_shape[1] * attributes.get("group", 1),), 3)
    torch_like = _conv_transpose(x, w, bias, **attributes)
    (y,) = run(lambda *args: qnn.ConvTransposeOp(*args, **attributes), x[None], w[None], bias[None])
    np.testing.assert_array_equal(y, torch_like)


def _conv_transpose(x: Array, w: Array, bias: Array, **attributes: Any) -> Array:
    """The definition, element by element."""
    rank, group = x.ndim - 2, attributes.get("group", 1)
    strides, dilations = attributes.get("strides", [1] * rank), attributes.get("dilations", [1] * rank)
    pads, extra = attributes.get("pads", [0] * 2 * rank), attributes.get("output_padding", [0] * rank)
    full = [
        s * (n - 1) + d * (k - 1) + 1 + e
        for n, s, d, k, e in zip(x.shape[2:], strides, dilations, w.shape[2:], extra, strict=True)
    ]
    inputs, outputs = x.shape[1] // group, w.shape[1]
    y = np.zeros((outputs * group, *full))
    for c in range(x.shape[1]):
        g = c // inputs
        for place in np.ndindex(*x.shape[2:]):
            for tap in np.ndindex(*w.shape[2:]):
                at = tuple(p * s + t * d for p, s, t, d in zip(place, strides, tap, dilations, strict=True))
                y[(slice(g * outputs, (g + 1) * outputs), *at)] += x[(0, c, *place)] * w[(c, slice(None), *tap)]
    crop = tuple(slice(b, n - e) for b, n, e in zip(pads[:rank], full, pads[rank:], strict=True))
    return (y[(slice(None), *crop)] + bias.reshape(-1, *[1] * rank))[None]


POOLS: list[dict[str, Any]] = [
    {"kernel_shape": [2, 2], "strides": [2, 2]},
    {"kernel_shape": [3, 2], "strides": [2, 2], "pads": [1, 0, 2, 1]},
    {"kernel_shape": [3, 3], "strides": [2, 2], "ceil_mode": 1},
    {"kernel_shape": [2, 2], "strides": [3, 3], "pads": [1, 1, 1, 1], "ceil_mode": 1},
    {"kernel_shape": [7, 6]},
]


def _ours(attributes: dict[str, Any]) -> dict[str, Any]:
    renamed = {"kernel": attributes["kernel_shape"], **attributes}
    del renamed["kernel_shape"]
    if "ceil_mode" in renamed:
        renamed["ceil_mode"] = bool(renamed["ceil_mode"])
    return renamed


@pytest.mark.parametrize("attributes", POOLS)
def test_max_pool_as_in_onnx(attributes: dict[str, Any]):
    x = whole((1, 2, 7, 6), 1)
    (expected,) = onnx_node("MaxPool", [x], **attributes)
    (y,) = run(lambda x: qnn.MaxPoolOp(x, **_ours(attributes)), x[None])
    np.testing.assert_array_equal(y, expected)
    (q,) = run(lambda x: qnn.MaxPoolOp(x, **_ours(attributes)), x[None].astype(np.int64))
    np.testing.assert_array_equal(q, expected)


@pytest.mark.parametrize("attributes", POOLS)
@pytest.mark.parametrize("include", [False, True])
def test_average_pool_by_definition(attributes: dict[str, Any], include: bool):
    x = whole((1, 2, 7, 6), 1)
    ours = _ours(attributes)
    (y,) = run(lambda x: qnn.AveragePoolOp(x, count_include_pad=include, **ours), x[None])
    pads = ours.get("pads", [0, 0, 0, 0])
    strides = ours.get("strides", [1, 1])
    for _, c, i, j in np.ndindex(*y.shape):
        taps = [(i * strides[0] + a - pads[0], j * strides[1] + b - pads[1]) for a, b in np.ndindex(*ours["kernel"])]
        inside = [t for t in taps if 0 <= t[0] < 7 and 0 <= t[1] < 6]
        counted = [t for t in taps if -pads[0] <= t[0] < 7 + pads[2] and -pads[1] <= t[1] < 6 + pads[3]]
        total = sum(x[0, c, a, b] for a, b in inside)
        assert y[0, c, i, j] == total / len(counted if include else inside)


def test_sum_pool_is_the_average_pool_times_its_size():
    x = RNG(5).integers(0, 16, (3, 1, 2, 6, 6))
    element = int_type(0, 255)
    (sums,) = run(lambda x: qnn.SumPoolOp(x, kernel=(3, 3), strides=(3, 3), element=element), x)
    np.testing.assert_array_equal(sums, x.reshape(3, 2, 2, 3, 2, 3).sum(axis=(3, 5)))


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ((2, 5), (5, 3)),
        ((1, 2, 5), (5, 3)),
        ((4, 2, 5), (1, 5, 3)),
        ((5,), (5, 3)),
        ((2, 5), (5,)),
        ((2, 3, 4, 5), (3, 5, 2)),
    ],
)
def test_matmul_as_in_numpy(a: tuple[int, ...], b: tuple[int, ...]):
    left, right = whole((4, *a), 1), whole((4, *b), 2)
    (y,) = run(qnn.MatMulOp, left, right)
    expected = np.stack([x @ w for x, w in zip(left, right, strict=True)])
    np.testing.assert_array_equal(y, expected[:, 0] if expected.shape[1] == 1 else expected)


@pytest.mark.parametrize("limit", [10, 1 << 29, 1 << 31])
def test_integer_matmul_is_exact_beyond_float64(limit: int):
    """Sums below 2^53, below 2^63 and above: BLAS, int64, Python's integers."""
    rng = RNG(6)
    a, b = rng.integers(-limit, limit, (1, 2, 6)), rng.integers(-limit, limit, (1, 6, 3))
    b[0, 3:] = -b[0, :3]
    a[0, :, 3:] = a[0, :, :3] - 1  # the large terms cancel, so that the result fits
    (y,) = run(lambda a, b: qnn.MatMulOp(a, b, element=int_type(-(1 << 62), 1 << 62)), a, b)
    expected = np.dot(a[0].astype(object), b[0].astype(object))
    assert y[0].tolist() == expected.tolist()


def test_batch_norm_is_exact_at_the_mean():
    x = np.full((1, 1, 2), 0.1)
    arrays = [np.array([[v, v]]) for v in (0.3, 7.0, 0.1, 2.0)]
    (y,) = run(lambda *args: qnn.BatchNormOp(*args), x, *arrays)
    assert y.tolist() == [[7.0, 7.0]]
