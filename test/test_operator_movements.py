"""What moves elements between two convolutions or products, and at the ends of a network, at every level."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from onnx import TensorProto
from operator_check import check, frames_of
from operator_graphs import Graph

Build = Callable[[Graph, str], str]


def resize(mode: str, *scales: float, nearest: str = "floor") -> Build:
    def build(g: Graph, x: str) -> str:
        settings = {"coordinate_transformation_mode": mode, "nearest_mode": nearest}
        return g.emit("Resize", x, "", g.constant((1.0, 1.0, *scales)), mode="nearest", **settings)

    return build


def cut(*parts: tuple[int, int, int, int]) -> Build:
    """(axis, start, end, step)"""

    def build(g: Graph, x: str) -> str:
        axes, starts, ends, steps = zip(*parts, strict=True)
        return g.emit("Slice", x, *(g.ints(*values) for values in (starts, ends, axes, steps)))

    return build


def one(op: str, **attributes: object) -> Build:
    return lambda g, x: g.emit(op, x, **attributes)


def focus(g: Graph, x: str) -> str:
    corners = [(row, column) for column in (0, 1) for row in (0, 1)]
    return g.emit("Concat", *(cut((2, r, 99, 2), (3, c, 99, 2))(g, x) for r, c in corners), axis=1)


def shuffle(g: Graph, x: str) -> str:
    parts = g.emit("Reshape", x, g.ints(1, 2, 4, 4, 6))
    return g.emit("Reshape", g.emit("Transpose", parts, perm=[0, 2, 1, 3, 4]), g.ints(1, 8, 4, 6))


END = -1000
IMAGES: dict[str, tuple[Build, int]] = {
    "resize": (resize("asymmetric", 2, 3), 8),
    "resize_half_pixel": (resize("half_pixel", 1.5, 2.5, nearest="round_prefer_ceil"), 8),
    "resize_corners": (resize("align_corners", 2, 3, nearest="round_prefer_floor"), 8),
    "resize_down": (resize("pytorch_half_pixel", 0.5, 0.5), 8),
    "resize_symmetric": (resize("half_pixel_symmetric", 1.5, 2.5, nearest="ceil"), 8),
    "steps": (cut((3, 1, 6, 2), (2, 0, 5, 3)), 8),
    "backwards_columns": (cut((3, -1, END, -1)), 8),
    "backwards_rows": (cut((2, -1, END, -2)), 8),
    "backwards_channels": (cut((1, -1, END, -1)), 8),
    "backwards": (cut((1, -1, END, -1), (2, -1, END, -1), (3, -1, END, -1)), 8),
    "focus": (focus, 32),
    "shuffle": (shuffle, 8),
    "depth_to_space_dcr": (one("DepthToSpace", blocksize=2, mode="DCR"), 2),
    "depth_to_space_crd": (one("DepthToSpace", blocksize=2, mode="CRD"), 2),
    "space_to_depth": (one("SpaceToDepth", blocksize=2), 32),
    "transpose": (one("Transpose", perm=[0, 3, 1, 2]), 6),
    "reshape": (lambda g, x: g.emit("Reshape", x, g.ints(1, 12, 4, 4)), 12),
}


@pytest.mark.parametrize("name", IMAGES)
def test_between_convolutions(name: str, tmp_path: Path) -> None:
    build, channels = IMAGES[name]
    g = Graph(1, 3, 4, 6)
    y = build(g, g.conv(g.quant("x"), 3, 8, 1, 1))
    check(g.model(g.conv(y, channels, 3, 2, 2)), frames_of(g), tmp_path)


@pytest.mark.parametrize("name", ["resize", "backwards", "depth_to_space_crd", "space_to_depth", "transpose"])
def test_at_the_end(name: str, tmp_path: Path) -> None:
    g = Graph(1, 3, 4, 6)
    y = IMAGES[name][0](g, g.conv(g.quant("x"), 3, 8, 1, 1))
    check(g.model(y), frames_of(g), tmp_path)


def test_unequal_parts(tmp_path: Path) -> None:
    g = Graph(1, 3, 4, 6)
    a, b, c = g.emit("Split", g.conv(g.quant("x"), 3, 6, 1, 1), g.ints(1, 3, 2), axis=1, outputs=3)
    y = g.emit("Concat", g.conv(c, 2, 2, 1, 1), g.conv(b, 3, 2, 3, 3, pads=[1] * 4), a, axis=1)
    check(g.model(g.conv(y, 5, 3, 1, 1), a), frames_of(g), tmp_path)


@pytest.mark.parametrize("channels_last", [False, True])
def test_flatten(channels_last: bool, tmp_path: Path) -> None:
    g = Graph(1, 3, 4, 6)
    x = g.conv(g.quant("x"), 3, 5, 3, 3)
    x = g.emit("Transpose", x, perm=[0, 2, 3, 1]) if channels_last else x
    check(g.model(g.matmul(g.emit("Flatten", x), 40, 3)), frames_of(g), tmp_path)


def test_image_of_a_vector(tmp_path: Path) -> None:
    g = Graph(1, 3, 4, 6)
    x = g.quant(g.matmul(g.emit("Flatten", g.conv(g.quant("x"), 3, 4, 1, 1)), 96, 24))
    check(g.model(g.conv(g.emit("Reshape", x, g.ints(1, 4, 2, 3)), 4, 3, 2, 2)), frames_of(g), tmp_path)


def test_patches_as_tokens_and_back(tmp_path: Path) -> None:
    g = Graph(1, 3, 4, 6)
    x = g.conv(g.quant("x"), 3, 8, 2, 2, strides=[2, 2])
    x = g.emit("Transpose", g.emit("Reshape", x, g.ints(1, 8, 6)), perm=[0, 2, 1])
    x = g.emit("Transpose", g.quant(g.matmul(x, 8, 8)), perm=[0, 2, 1])
    check(g.model(g.conv(g.emit("Reshape", x, g.ints(1, 8, 2, 3)), 8, 3, 2, 2)), frames_of(g), tmp_path)


@pytest.mark.parametrize("axis", [1, 2, 3])
@pytest.mark.parametrize("op", ["ArgMax", "ArgMin", "TopK"])
def test_positions_of_the_largest(op: str, axis: int, tmp_path: Path) -> None:
    g = Graph(1, 3, 4, 6)
    x = g.conv(g.quant("x"), 3, 5, 1, 1)
    y = g.emit(op, x, g.ints(2), outputs=2, axis=axis)[1] if op == "TopK" else g.emit(op, x, axis=axis)
    check(g.model(y, type_=TensorProto.INT64), frames_of(g), tmp_path)


@pytest.mark.parametrize(("type_", "rows"), [(TensorProto.INT64, 8), (TensorProto.INT32, 10), (TensorProto.UINT8, 256)])
def test_embedding(type_: int, rows: int, tmp_path: Path) -> None:
    g = Graph(1, 5, type_=type_)
    g.highest = rows - 1
    y = g.emit("Add", g.emit("Gather", g.weights(rows, 6), "x", axis=0), g.weights(5, 6))
    y = g.emit("Transpose", g.quant(y), perm=[0, 2, 1])
    frames = frames_of(g).astype({TensorProto.INT64: np.int64, TensorProto.INT32: np.int32}.get(type_, np.uint8))
    # the executor reads positions of 32 and 64 bits alone
    check(g.model(g.conv(y, 6, 4, 3)), frames, tmp_path, executor=type_ != TensorProto.UINT8)


@pytest.mark.parametrize("moved", [False, True])
def test_a_network_that_only_quantises(moved: bool, tmp_path: Path) -> None:
    g = Graph(1, 3, 4, 5)
    y = g.quant("x")
    check(g.model(g.emit("Transpose", y, perm=[0, 2, 3, 1]) if moved else y), frames_of(g), tmp_path)


def test_one_dimension(tmp_path: Path) -> None:
    g = Graph(1, 3, 6)
    y = resize("half_pixel", 2.5, nearest="round_prefer_floor")(g, g.conv(g.quant("x"), 3, 4, 1))
    check(g.model(g.conv(y, 4, 3, 2)), frames_of(g), tmp_path)
