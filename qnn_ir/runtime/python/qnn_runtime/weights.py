"""Matrices of a user as the words of a layer whose weights are loaded at run time."""

from __future__ import annotations

from typing import Any

import numpy as np

from .errors import DriverError
from .network import Network

Array = Any


def own_words(network: Network, entry: dict[str, Any]) -> bytes:
    """The words of the network's own weights."""
    path = network.folder / entry["file"]
    try:
        words = path.read_bytes()
    except OSError as error:
        raise DriverError(f"cannot read {path}", "make the folder again with `qnnc deploy`") from error
    size = entry["word_bits"] // 8 * entry["words"]
    if len(words) != size:
        raise DriverError(f"{path}: {len(words)} bytes, expected {size}")
    return words


def entry_of(network: Network, layer: str) -> dict[str, Any]:
    """What the manifest says of the layer's weights."""
    for entry in network.weights:
        if entry["layer"] == layer:
            return entry
    known = ", ".join(entry["layer"] for entry in network.weights)
    remedy = "these are: " + known if known else 'build with {"memory": "writable"} in the folding file'
    raise DriverError(f"the weights of {layer!r} are not loaded at run time", remedy)


def words_of(network: Network, entry: dict[str, Any], matrix: Any) -> bytes:
    """The words of a matrix of integers of the shape and the values of `entry`."""
    values = _checked(entry, np.asarray(matrix))
    rows, columns = (np.array(entry[axis + "_from"]) for axis in ("rows", "columns"))
    there = (rows >= 0)[:, None] & (columns >= 0)
    padded = np.where(there, values[np.maximum(rows, 0)][:, np.maximum(columns, 0)], 0)
    stored = (padded > 0).astype(np.int64) if entry["bipolar"] else padded
    height, width = entry["tile"]
    grid = stored.reshape(len(rows) // height, height, len(columns) // width, width)
    tiles = grid.transpose(0, 2, 1, 3).reshape(entry["words"], height * width)
    words: bytes = network.host.pack_words(tiles, entry["bits"], entry["signed"], entry["word_bits"] // 8).tobytes()
    return words


def _checked(entry: dict[str, Any], matrix: Array) -> Array:
    name, shape = "weights of {!r}".format(entry["layer"]), tuple(entry["shape"])
    if matrix.shape != shape or matrix.dtype.kind not in "fiu" or not (matrix == np.rint(matrix)).all():
        what = f"{name}: an array of shape {matrix.shape} and type {matrix.dtype}"
        raise DriverError(what, "give {} x {} integers".format(*shape))
    lo, hi = entry["values"]
    legal = (matrix == lo) | (matrix == hi) if entry["bipolar"] else (matrix >= lo) & (matrix <= hi)
    if not legal.all():
        row, column = (int(i) for i in np.argwhere(~legal)[0])
        wanted = "give {} or {}" if entry["bipolar"] else "give {} to {}"
        what = f"{name}: {float(matrix[row, column]):g} in row {row}, column {column}"
        raise DriverError(what, wanted.format(lo, hi))
    return matrix.astype(np.int64)
