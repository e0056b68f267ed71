"""
NumPy arrays to attributes and back: the only module that knows how constants are stored.

Integers are stored in whole-byte containers (`i8`, `ui8`, `i16`, ...) and carry their logical width elsewhere,
because the bytes of sub-byte `dense` attributes differ between xDSL and MLIR.
"""

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import (
    BytesAttr,
    DenseIntOrFPElementsAttr,
    Float32Type,
    Float64Type,
    IntegerType,
    NameLoc,
    NoneAttr,
    Signedness,
    StringAttr,
    TensorType,
)
from xdsl.ir import Operation

from qnn_ir.int_types import value_range, width_of

IntArray: TypeAlias = NDArray[np.int64]
FloatArray: TypeAlias = NDArray[np.float64]

_CONTAINERS: dict[tuple[int, bool], np.dtype[Any]] = {
    (bits, signed): np.dtype(f"<{'i' if signed else 'u'}{bits // 8}")
    for bits in (8, 16, 32, 64)
    for signed in (False, True)
}


def int_type(lo: int, hi: int) -> IntegerType:
    """The narrowest `siN` or `uiN` that holds `[lo, hi]`."""
    bits, signed = width_of(lo, hi)
    return IntegerType(bits, Signedness.SIGNED if signed else Signedness.UNSIGNED)


def type_range(type_: IntegerType) -> tuple[int, int]:
    """The values of an integer type, both ends inclusive; signless counts as signed."""
    return value_range(type_.width.data, type_.signedness.data != Signedness.UNSIGNED)


def _container(lo: int, hi: int) -> IntegerType:
    """The container of `[lo, hi]`: signless when signed, `uiN` when the values need it."""
    for bits in (8, 16, 32, 64):
        if -(1 << bits - 1) <= lo and hi < 1 << bits - 1:
            return IntegerType(bits)
        if lo >= 0 and hi < 1 << bits:
            return IntegerType(bits, Signedness.UNSIGNED)
    raise ValueError(f"[{lo}, {hi}] does not fit 64 bits")


def dense_int(array: NDArray[Any]) -> DenseIntOrFPElementsAttr:
    """`array` of integers as a dense attribute in the smallest byte container that holds its values."""
    lo, hi = (int(array.min()), int(array.max())) if array.size else (0, 0)
    element = _container(lo, hi)
    dtype = _CONTAINERS[element.width.data, element.signedness.data != Signedness.UNSIGNED]
    return _dense(np.asarray(array), element, dtype)


def dense_float(array: NDArray[Any]) -> DenseIntOrFPElementsAttr:
    """`array` as dense `f32` when it is float32 (or narrower), else as `f64`."""
    if array.dtype in (np.dtype(np.float32), np.dtype(np.float16)):
        return _dense(array, Float32Type(), np.dtype("<f4"))
    return _dense(array, Float64Type(), np.dtype("<f8"))


def _dense(array: NDArray[Any], element: Any, dtype: np.dtype[Any]) -> DenseIntOrFPElementsAttr:
    data = np.ascontiguousarray(array).astype(dtype).tobytes()
    return DenseIntOrFPElementsAttr(TensorType(element, array.shape), BytesAttr(data))


def to_numpy(attr: DenseIntOrFPElementsAttr) -> NDArray[Any]:
    """
    The array of a dense attribute: int64 or uint64 for integers, float32 or float64 for floats.

    A splat (`dense<3> : tensor<4xi8>`) is expanded.
    """
    element, shape = attr.get_element_type(), attr.get_shape()
    if isinstance(element, IntegerType):
        signed = element.signedness.data != Signedness.UNSIGNED
        container = next(b for b in (8, 16, 32, 64) if element.width.data <= b)
        array = np.frombuffer(attr.data.data, _CONTAINERS[container, signed])
        array = array.astype(np.uint64 if container == 64 and not signed else np.int64)
    else:
        array = np.frombuffer(attr.data.data, "<f4" if isinstance(element, Float32Type) else "<f8")
    count = int(np.prod(shape, dtype=np.int64))
    return (np.repeat(array, count) if array.size == 1 != count else array).reshape(shape)


def name_location(name: str) -> NameLoc:
    """The location of everything that comes from the ONNX node `name`."""
    return NameLoc(StringAttr(name), NoneAttr())


def location_name(op: Operation) -> str:
    """The ONNX node that `op` comes from, or the name of the op where it comes from none."""
    return op.location.desc.data if isinstance(op.location, NameLoc) else op.name
