"""Arrays of users: what is accepted, and one line that names the file for everything else."""

import os
from pathlib import Path

import numpy as np
import pytest

from qnn_ir.driver.arrays import as_labels, read_array, read_expected, read_frames, read_labels, write_outputs
from qnn_ir.errors import UserError

X = np.arange(12, dtype=np.float32).reshape(3, 4)


def with_nan() -> np.ndarray:
    frames = X.copy()
    frames[1, 2] = np.nan
    return frames


def test_frames_of_one_and_of_several_inputs(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", X.astype(np.float64))
    inputs, labels = read_frames(tmp_path / "x.npy")
    assert [i.dtype for i in inputs] == [np.float32]
    assert labels is None
    np.savez(tmp_path / "x.npz", x0=X, x1=X.astype(np.int8), y=np.arange(3))
    inputs, labels = read_frames(tmp_path / "x.npz")
    assert [i.dtype for i in inputs] == [np.float32, np.int8]
    assert labels is not None
    assert labels.tolist() == [0, 1, 2]


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"x": np.float32(1)}, r"shape \[\]"),
        ({"x": np.array(["a"])}, "<U1"),
        ({"x": np.array([None], dtype=object)}, "no array of numbers"),
        ({"x": X.astype(complex)}, "complex"),
        ({"x": X[:0]}, "no frames"),
        ({"x": with_nan()}, "frame 1 holds NaN"),
        ({"z": X}, "name them x"),
        ({"x0": X, "x1": X[:2]}, r"different numbers of frames: \[3, 2\]"),
    ],
)
def test_refused_frames(arrays: dict[str, np.ndarray], message: str, tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", **arrays)
    with pytest.raises(UserError, match=f"x.npz: .*{message}"):
        read_frames(tmp_path / "x.npz")


@pytest.mark.parametrize("content", [b"", b"junk", b"PK\x03\x04", b"\x93NUMPY\x01\x00"])
@pytest.mark.parametrize("name", ["a.npy", "a.npz"])
def test_damaged_files(content: bytes, name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UserError, match="no array of numbers"):
        read_array(tmp_path / name)


@pytest.mark.parametrize("labels", [np.int64(1), np.arange(2), np.eye(3), np.array(["a", "b", "c"])])
def test_refused_labels(labels: np.ndarray, tmp_path: Path) -> None:
    np.save(tmp_path / "l.npy", labels)
    with pytest.raises(UserError, match="labels of shape"):
        read_labels(tmp_path / "l.npy", 3)
    assert as_labels(np.array([[1], [2], [3]]), 3, tmp_path).tolist() == [1, 2, 3]


def test_expected_outputs_have_the_frames(tmp_path: Path) -> None:
    np.save(tmp_path / "y.npy", X)
    assert read_expected(tmp_path / "y.npy", 3).shape == (3, 4)
    with pytest.raises(UserError, match="for 4 frames"):
        read_expected(tmp_path / "y.npy", 4)  # as many numbers, other frames


def test_outputs_are_written_whole_under_the_given_name(tmp_path: Path) -> None:
    for name in ("y", "y.txt", "ü y.npy"):
        write_outputs(tmp_path / name, [X])
        assert np.array_equal(np.load(tmp_path / name), X)
    write_outputs(tmp_path / "y.npz", [X, X + 1])
    with np.load(tmp_path / "y.npz") as arrays:
        assert sorted(arrays) == ["y0", "y1"]
    assert sorted(os.listdir(tmp_path)) == ["y", "y.npz", "y.txt", "ü y.npy"]
    with pytest.raises(UserError, match="cannot write the output"):
        write_outputs(tmp_path, [X])
    assert not list(tmp_path.parent.glob(".*.partial"))
