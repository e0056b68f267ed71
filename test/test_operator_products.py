"""Convolutions in groups and products of tokens, at every level."""

import math
from pathlib import Path

import pytest
from operator_check import check, frames_of
from operator_graphs import Graph
from xdsl.dialects.builtin import ModuleOp

from qnn_ir.dialects import stream


def weight_count(module: ModuleOp) -> list[int]:
    """The weights of every unit."""
    units = [op for op in module.walk() if isinstance(op, stream.MvtuOp | stream.DepthwiseOp)]
    return [unit.weights.get_shape()[0] * unit.weights.get_shape()[1] for unit in units]


@pytest.mark.parametrize("factor", [1, 2])
@pytest.mark.parametrize("group", [2, 3, 6])
def test_groups_store_no_zeros(group: int, factor: int, tmp_path: Path) -> None:
    g = Graph(1, 3, 4, 5)
    x = g.conv(g.conv(g.quant("x"), 3, 12, 1, 1), 12, 12 * factor, 3, 3, group=group, pads=[1] * 4)
    module = check(g.model(g.conv(x, 12 * factor, 2, 1, 1)), frames_of(g), tmp_path)
    grouped = weight_count(module)[1:-1]
    assert len(grouped) == group
    assert sum(grouped) <= 12 * factor * (12 // group) * 9 * 1.2  # a folding may pad


def test_shuffled_groups(tmp_path: Path) -> None:
    g = Graph(1, 4, 4, 5)
    x = g.conv(g.quant("x"), 4, 6, 1, 1, group=2)
    x = g.emit("Transpose", g.emit("Reshape", x, g.ints(1, 2, 3, 4, 5)), perm=[0, 2, 1, 3, 4])
    y = g.conv(g.emit("Reshape", x, g.ints(1, 6, 4, 5)), 6, 4, 3, 3, group=2)
    check(g.model(y), frames_of(g), tmp_path)


def test_filters_of_channels(tmp_path: Path) -> None:
    g = Graph(1, 3, 4, 5)
    y = g.conv(g.quant("x"), 3, 9, 3, 3, group=3, pads=[1] * 4)
    check(g.model(g.conv(y, 9, 3, 1, 1)), frames_of(g), tmp_path)


@pytest.mark.parametrize("group", [2, 4])
def test_transposed_groups(group: int, tmp_path: Path) -> None:
    g = Graph(1, 4, 4, 5)
    y = g.emit("ConvTranspose", g.quant("x"), g.weights(4, 3, 2, 2), group=group, strides=[2, 2])
    check(g.model(g.quant(y)), frames_of(g), tmp_path)


def test_one_dimension(tmp_path: Path) -> None:
    g = Graph(1, 4, 7)
    check(g.model(g.conv(g.quant("x"), 4, 8, 3, group=2)), frames_of(g), tmp_path)


@pytest.mark.parametrize("left", [False, True])
@pytest.mark.parametrize("shape", [(4, 6, 8), (2, 4, 6, 8), (6, 8), (1, 6, 8)], ids=str)
def test_stacks_of_matrices(shape: tuple[int, ...], left: bool, tmp_path: Path) -> None:
    """A matrix for each matrix of the data, or several for the same."""
    g = Graph(1, *shape)
    x = g.quant("x")
    y = g.emit("MatMul", g.weights(4, 5, 6), x) if left else g.emit("MatMul", x, g.weights(4, 8, 5))
    check(g.model(g.matmul(g.quant(y), 8 if left else 5, 3)), frames_of(g), tmp_path)


@pytest.mark.parametrize("left", [False, True])
def test_tokens(left: bool, tmp_path: Path) -> None:
    g = Graph(1, 6, 8)
    y = g.emit("MatMul", g.weights(5, 6), g.quant("x")) if left else g.matmul(g.quant("x"), 8, 5)
    check(g.model(g.matmul(g.quant(g.emit("Relu", y)), 8 if left else 5, 3)), frames_of(g), tmp_path)


def test_mixer(tmp_path: Path) -> None:
    """Tokens mixed along both axes with sums around, then their mean."""
    g = Graph(1, 6, 8)
    x = g.quant("x")
    mixed = g.quant(g.matmul(g.emit("Transpose", x, perm=[0, 2, 1]), 6, 6))
    x = g.quant(g.emit("Add", x, g.emit("Transpose", mixed, perm=[0, 2, 1])))
    x = g.quant(g.emit("Add", x, g.quant(g.matmul(x, 8, 8))))
    mean = g.quant(g.emit("ReduceMean", x, g.ints(1), keepdims=0))
    check(g.model(g.matmul(mean, 8, 3)), frames_of(g), tmp_path)


@pytest.mark.parametrize("axes", [(1,), (2,), (2, 3), (1, 3), (1, 2, 3), (-1,)], ids=str)
@pytest.mark.parametrize("op", ["ReduceMean", "ReduceSum", "ReduceMax"])
def test_reductions(op: str, axes: tuple[int, ...], tmp_path: Path) -> None:
    g = Graph(1, 4, 4, 8, opset=17)
    x = g.conv(g.quant("x"), 4, 4, 1, 1)
    # before opset 18 the axes of means and maxima are an attribute
    y = g.emit(op, x, g.ints(*axes), keepdims=0) if op == "ReduceSum" else g.emit(op, x, axes=axes, keepdims=0)
    size = math.prod(n for axis, n in enumerate((4, 4, 8), 1) if axis not in [a % 4 for a in axes])
    y = g.emit("Reshape", g.quant(y, 0.25, 8), g.ints(1, size))
    check(g.model(g.matmul(y, size, 3)), frames_of(g), tmp_path)
