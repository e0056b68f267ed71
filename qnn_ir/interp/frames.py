"""
Arrays with a frame axis: how every interpreter of tensors holds its values.

The value of `tensor<AxB>` is an array (F, A, B): F frames, or 1 where all frames agree (constants). Reals are float64,
integers int64. NumPy broadcasting aligns axes at the end, so ranks are made equal behind the frame axis first.
"""

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from xdsl.ir import SSAValue
from xdsl.utils.exceptions import InterpretationError

from qnn_ir.constants import location_name, type_range
from qnn_ir.dialects.qnn import TensorOp, integer_type, shape_of

Array: TypeAlias = NDArray[Any]
FloatArray: TypeAlias = NDArray[np.float64]
IntArray: TypeAlias = NDArray[np.int64]


def align(array: Array, rank: int) -> Array:
    """`(F, *shape)` with `rank` axes behind the frame axis, new ones in front of `shape`."""
    missing = rank + 1 - array.ndim
    return array.reshape(array.shape[:1] + (1,) * missing + array.shape[1:])


def aligned(op: TensorOp, arrays: tuple[Array, ...]) -> tuple[Array, ...]:
    """The operands of a broadcasting `op`, with the rank of its result."""
    rank = len(shape_of(op.result))
    return tuple(align(array, rank) for array in arrays)


def along(parameter: Array, axis: int, rank: int) -> Array:
    """A scalar, or one element per position of `axis`, so that it broadcasts against `rank` axes."""
    shape = [1] * rank
    if parameter[0].size > 1:
        shape[axis] = parameter[0].size
    return parameter.reshape(parameter.shape[0], *shape)


def frameless(array: Array, what: str) -> Array:
    """The array of a value that is the same for all frames."""
    if array.shape[0] != 1:
        raise InterpretationError(f"{what} must not depend on the input")
    return array[0]


def store(op: TensorOp, array: Array) -> tuple[Array]:
    """`array` as the result of `op`; an integer outside the result type is an error of the compiler."""
    return (in_type(array, op.result, location_name(op)),)


def in_type(array: Array, value: SSAValue, where: str) -> Array:
    """`array` with the dtype of `value`, after a check that the element type holds it."""
    element = integer_type(value.type)
    if element is None:
        return array.astype(np.float64, copy=False)
    lo, hi = type_range(element)
    if array.size and (array.min() < lo or array.max() > hi):
        raise InterpretationError(f"{where}: [{array.min()}, {array.max()}] is not held by {element}")
    return array.astype(np.int64, copy=False)
