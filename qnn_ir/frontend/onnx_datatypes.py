"""QONNX data type names (`INT4`, `BIPOLAR`, ...), as annotations of tensors and as attributes of operators."""

import re

import numpy as np

from qnn_ir.errors import UserError
from qnn_ir.frontend.onnx_tensors import Constant, shown
from qnn_ir.int_types import value_range

_NAMED = {"BINARY": (0, 1), "TERNARY": (-1, 1), "BIPOLAR": (-1, 1)}
_INTEGER = re.compile(r"(U?)INT([1-9]\d?)")
_OTHER = re.compile(r"FLOAT(16|32|64)|FLOAT<\d+,\d+(,-?\d+)?>|S?FIXED<\d+,\d+>|SCALEDINT<\d+>")


def integer_range(name: str) -> tuple[int, int] | None:
    """
    The values of the data type `name`, both ends inclusive; None for types that are no plain integers.

    Raises `ValueError` for a name that QONNX does not know.
    """
    if name in _NAMED:
        return _NAMED[name]
    if match := _INTEGER.fullmatch(name):
        return value_range(int(match[2]), not match[1])
    if not _OTHER.fullmatch(name):
        raise ValueError(f"unknown data type {shown(name)}")
    return None


def check_annotation(constant: Constant, annotation: str | None) -> None:
    """Refuse a constant that does not hold what its annotation promises."""
    if annotation is None:
        return
    where = f"tensor {shown(constant.name)}"
    try:
        bounds = integer_range(annotation)
    except ValueError as error:
        raise UserError(str(error), where, "annotate it with a QONNX data type") from error
    if bounds is None:
        return
    wrong = (constant.array < bounds[0]) | (constant.array > bounds[1]) | (constant.array != np.round(constant.array))
    if annotation == "BIPOLAR":
        wrong |= constant.array == 0
    if wrong.any():
        value = float(constant.array[wrong][0])
        raise UserError(f"annotated as {annotation}, but holds {value:g}", where, "annotate or quantise it as it is")
