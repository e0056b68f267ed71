"""Element types of streams and accumulators."""

import numpy as np
from xdsl.dialects.builtin import IntegerType
from xdsl.ir import SSAValue

from qnn_ir.constants import IntArray, int_type, type_range
from qnn_ir.dialects.qnn import integer_type
from qnn_ir.passes.to_stream.state import Unsupported


def accumulator_type(weights: IntArray, element: IntegerType) -> IntegerType:
    """A type for every partial sum of `weights` (rows, columns) times elements of type `element`, in any sequence."""
    lo, hi = type_range(element)
    lows, highs = np.minimum(weights * lo, weights * hi), np.maximum(weights * lo, weights * hi)
    return int_type(int(np.minimum(lows, 0).sum(axis=1).min()), int(np.maximum(highs, 0).sum(axis=1).max()))


def integer_of(value: SSAValue) -> IntegerType:
    """The element type of a tensor of integers; `Unsupported` for floats."""
    element = integer_type(value.type)
    if element is None:
        raise Unsupported("it is not in integer form")
    return element
