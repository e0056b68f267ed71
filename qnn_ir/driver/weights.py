"""
Weights that the host gives the accelerator: what a build says about them, and matrices of a user as words.

`manifest.json` has under `weights` one entry per memory of the accelerator, in the order of its arguments:

    {"layer", "port", "interface", "file", "shape": [rows, columns], "values": [lo, hi], "bipolar",
     "tile": [rows, columns], "bits", "signed", "word_bits", "words", "inputs": [lo, hi], "sum_over",
     "rows_from", "columns_from"}

A matrix of `shape` gets padding where `rows_from` or `columns_from` is -1, is cut into tiles, those of the first rows
first, and each tile becomes the lowest bits of a word (`qnn_ir.driver.packing`). Bipolar weights are one bit, 1 for +1.
"""

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from qnn_ir.constants import IntArray, to_numpy, type_range
from qnn_ir.dialects.hlsc import MemType, TopOp, bits_of
from qnn_ir.dialects.stream import GraphOp, MvtuOp, Weighted, channel, tiled
from qnn_ir.driver.packing import WordFormat, pack, unpack
from qnn_ir.emit.interface import port_names
from qnn_ir.errors import UserError

Entry = dict[str, Any]


class Loaded(NamedTuple):
    """A layer whose weights are loaded: its entry of the manifest but for the port, and its own weights."""

    entry: Entry
    matrix: IntArray


def loaded_layers(graph: GraphOp) -> list[Loaded]:
    """The layers of a folded graph whose weights come from the host."""
    return [_loaded(a) for a in graph.actors() if isinstance(a, Weighted) and a.memory.data.is_loaded]


def _loaded(actor: Weighted) -> Loaded:
    rows, columns = actor.sources()
    matrix = to_numpy(actor.weights)[rows >= 0][:, columns >= 0]
    tile = actor.stored_tiles().shape[1:]
    element = actor.stored_element
    entry: Entry = {
        "layer": actor.layer.data,
        "interface": str(actor.memory.data),
        "file": f"weights/{actor.layer.data}.bin",
        "shape": list(matrix.shape),
        "values": [-1, 1] if actor.is_bipolar else list(type_range(actor.weight_type)),
        "bipolar": actor.is_bipolar,
        "tile": [1, *tile][-2:],
        "bits": element.width.data,
        "signed": type_range(element)[0] < 0,
        "inputs": list(type_range(channel(actor.operands[0]).element)),
        "sum_over": "columns" if isinstance(actor, MvtuOp) else "rows",
        "rows_from": rows.tolist(),
        "columns_from": columns.tolist(),
    }
    return Loaded(entry, matrix)


def weight_files(layers: Sequence[Loaded], top: TopOp) -> tuple[list[Entry], dict[str, bytes]]:
    """The complete entries of the manifest, and the files with the words of the layers' own weights."""
    entries: list[Entry] = []
    files: dict[str, bytes] = {}
    names = port_names(top)
    assert names is not None, "hlsc-legalize-names was last"
    for layer, memory in zip(layers, top.memories, strict=True):
        assert isinstance(memory.type, MemType)
        port = {"port": names[memory.index], "word_bits": bits_of(memory.type.value), "words": memory.type.depth.data}
        entries.append(layer.entry | port)
        files[layer.entry["file"]] = words_of(entries[-1], layer.matrix).tobytes()
    return entries, files


def words_of(entry: Entry, matrix: IntArray) -> NDArray[np.uint8]:
    """The words (words, bytes) of a matrix of the shape and the values of `entry`."""
    rows, columns = (np.array(entry[f"{axis}_from"]) for axis in ("rows", "columns"))
    padded = np.where((rows >= 0)[:, None] & (columns >= 0), matrix[np.maximum(rows, 0)][:, np.maximum(columns, 0)], 0)
    stored: IntArray = (padded > 0).astype(np.int64) if entry["bipolar"] else padded.astype(np.int64)
    tiles, form = tiled(stored, *entry["tile"]), _format(entry)
    return pack(tiles.reshape(len(tiles), -1), form)[:, 0]


def matrix_of(entry: Entry, words: NDArray[np.uint8]) -> IntArray:
    """The inverse of `words_of`."""
    rows, columns = (np.array(entry[f"{axis}_from"]) for axis in ("rows", "columns"))
    form, (height, width) = _format(entry), entry["tile"]
    tiles = unpack(words.reshape(entry["words"], -1), form).astype(np.int64)
    grid = tiles.reshape(len(rows) // height, len(columns) // width, height, width)
    matrix = grid.transpose(0, 2, 1, 3).reshape(len(rows), len(columns))[rows >= 0][:, columns >= 0]
    return 2 * matrix - 1 if entry["bipolar"] else matrix


def _format(entry: Entry) -> WordFormat:
    height, width = entry["tile"]
    return WordFormat(entry["bits"], entry["signed"], height * width, 1)


def replacements(entries: Sequence[Entry], out: Path, given: Sequence[str]) -> dict[str, NDArray[np.uint8]]:
    """The words of each layer that `LAYER=FILE.npy` names; `out` is the build folder. UserError where one is wrong."""
    known = {entry["layer"]: entry for entry in entries}
    result: dict[str, NDArray[np.uint8]] = {}
    for text in given:
        layer, equals, name = text.partition("=")
        if not equals or not name:
            raise UserError(f"--weights {text}", remedy="write --weights LAYER=FILE.npy")
        if layer not in known:
            raise UserError(
                f"the weights of {layer!r} are not loaded at run time",
                str(out),
                f"these are: {', '.join(known)}" if known else 'build with {"memory": "writable"} in the folding file',
            )
        entry = known[layer]
        matrix = _checked(entry, name)
        _warn_beyond(entry, matrix_of(entry, np.fromfile(out / entry["file"], np.uint8)), matrix)
        result[layer] = words_of(entry, matrix)
    return result


def _checked(entry: Entry, name: str) -> IntArray:
    """The matrix of a file, which has the shape and the values of the layer."""
    what, (height, width) = f"weights of {entry['layer']!r}", entry["shape"]
    try:
        matrix: NDArray[Any] = np.asarray(np.load(name, allow_pickle=False))
    except (OSError, ValueError, EOFError) as error:
        raise UserError(f"cannot read the {what}: {error}", name, "give a .npy file") from error
    if matrix.shape != (height, width):
        raise UserError(f"{what}: expected {height} x {width} integers, got an array of shape {matrix.shape}", name)
    if matrix.dtype.kind not in "iuf" or not (matrix == np.rint(matrix)).all():
        raise UserError(f"{what} are no integers", name, "give the integers that the accelerator computes with")
    lo, hi = entry["values"]
    legal = (matrix == lo) | (matrix == hi) if entry["bipolar"] else (matrix >= lo) & (matrix <= hi)
    if not legal.all():
        row, column = (int(i) for i in np.argwhere(~legal)[0])
        wanted = f"give {lo} or {hi}" if entry["bipolar"] else f"give {lo} to {hi}"
        raise UserError(f"{what}: {matrix[row, column]:g} in row {row}, column {column}", name, wanted)
    return matrix.astype(np.int64)


def _warn_beyond(entry: Entry, old: IntArray, new: IntArray) -> None:
    """
    Functions behind the sums were proven for the sums that the layer's own weights can reach, and their steps beyond
    were dropped. Where the new weights reach no further, results are those of a network built with them.
    """
    (lo, hi), axis = entry["inputs"], 1 if entry["sum_over"] == "columns" else 0
    reach = [(np.minimum(w * lo, w * hi).sum(axis=axis), np.maximum(w * lo, w * hi).sum(axis=axis)) for w in (old, new)]
    beyond = (reach[1][0] < reach[0][0]) | (reach[1][1] > reach[0][1])
    if beyond.any():
        warnings.warn(
            f"{entry['layer']}: sums of {int(beyond.sum())} of {beyond.size} outputs can reach further than with the "
            "weights of the build; there its activation may saturate early",
            stacklevel=2,
        )
