"""NumPy files of the user: frames, labels and expected outputs in, outputs out. Whatever is wrong names the file."""

import warnings
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from qnn_ir.errors import UserError

Array = NDArray[Any]


def read_frames(path: Path) -> tuple[list[Array], Array | None]:
    """
    The frames of each ONNX input (`x`, or `x0`, `x1`, ...; a `.npy` is `x`) and the labels (`y`) where there are any.

    Floats come as float32, integers as they are. Raises `UserError` for anything but equally many frames of numbers.
    """
    arrays = _read(path, "x")
    inputs = [arrays["x"]] if "x" in arrays else []
    while f"x{len(inputs)}" in arrays:
        inputs.append(arrays[f"x{len(inputs)}"])
    if not inputs:
        raise UserError("no frames in this file", str(path), "name them x, or x0, x1, ... for several inputs")
    for array in inputs:
        _check_frames(array, path)
    if len({len(array) for array in inputs}) > 1:
        raise UserError(f"inputs with different numbers of frames: {[len(a) for a in inputs]}", str(path))
    return [array.astype(np.float32) if array.dtype.kind == "f" else array for array in inputs], arrays.get("y")


def _check_frames(array: Array, path: Path) -> None:
    if array.ndim < 1 or array.dtype.kind not in "fiub":
        what = f"an array of shape {list(array.shape)} and type {array.dtype}"
        raise UserError(what, str(path), "give N frames of numbers")
    if not array.size:
        raise UserError("no frames in this file", str(path), "give at least one")
    if array.dtype.kind == "f" and (nans := np.isnan(array).reshape(len(array), -1).any(axis=1)).any():
        raise UserError(f"frame {int(nans.argmax())} holds NaN, which no quantiser accepts", str(path), "remove it")


def read_labels(path: Path, frames: int) -> Array:
    """The class of each of `frames` frames, `(frames,)`: a `.npy`, or `y` of a `.npz`."""
    return as_labels(read_array(path), frames, path)


def as_labels(labels: Array, frames: int, path: Path) -> Array:
    """`labels` as `(frames,)`; a `UserError` that names `path` where they are anything else."""
    if labels.dtype.kind not in "fiub" or labels.shape not in ((frames,), (frames, 1)):
        what = f"labels of shape {list(labels.shape)} and type {labels.dtype} for {frames} frames"
        raise UserError(what, str(path), "give one number per frame, the index of its class")
    return labels.reshape(-1)


def read_expected(path: Path, frames: int) -> Array:
    """The expected output of each of `frames` frames, `(frames, ...)`: a `.npy`, or `y` of a `.npz`."""
    expected = read_array(path)
    if expected.dtype.kind not in "fiub" or expected.shape[:1] != (frames,):
        what = f"expected outputs of shape {list(expected.shape)} and type {expected.dtype} for {frames} frames"
        raise UserError(what, str(path), "give the outputs of all frames")
    return expected


def read_array(path: Path) -> Array:
    """One array: a `.npy`, or `y` of a `.npz`."""
    arrays = _read(path, "y")
    if "y" not in arrays:
        raise UserError("no array y in this file", str(path), f"it has {', '.join(arrays) or 'none'}")
    return arrays["y"]


def _read(path: Path, name: str) -> dict[str, Array]:
    """The arrays of a `.npz` by their names, or that of a `.npy` as `name`."""
    try:
        data = np.load(path, allow_pickle=False)
        if isinstance(data, np.ndarray):
            return {name: data}
        with data:
            return {key: data[key] for key in data.files}
    except OSError as error:
        raise UserError(f"cannot read the array: {error.strerror or error}", str(path)) from error
    except (ValueError, EOFError, BadZipFile) as error:
        what = "this is no array of numbers, or a damaged one"
        raise UserError(what, str(path), "give a file written by numpy.save or numpy.savez") from error


def write_outputs(path: Path, outputs: list[Array]) -> None:
    """
    The first output as `.npy`, or all of them as `y0`, `y1`, ... where `path` ends in `.npz`.

    Written in one step: a reader never sees half of it, and an interrupted run leaves nothing.
    """
    partial = path.with_name(f".{path.name}.partial")
    try:
        with partial.open("wb") as file:
            if path.suffix == ".npz":
                arrays: dict[str, Any] = {f"y{index}": output for index, output in enumerate(outputs)}
                np.savez(file, **arrays)
            else:
                np.save(file, outputs[0])
                if len(outputs) > 1:
                    what = f"{path}: holds the first of {len(outputs)} outputs; a name in .npz takes all of them"
                    warnings.warn(what, stacklevel=2)
        partial.replace(path)
    except OSError as error:
        raise UserError(f"cannot write the output: {error.strerror or error}", str(path)) from error
    finally:
        _remove(partial)


def _remove(partial: Path) -> None:
    try:
        partial.unlink()
    except OSError:
        return  # it took the place of the output, or could never be made
