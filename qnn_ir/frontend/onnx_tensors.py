"""
Constant tensors of an ONNX file as NumPy arrays: sizes are checked before anything is allocated.

Integers become int64 (uint64 where the type is), floats float32 or float64; the ONNX element type stays beside the
array, since sub-byte types have no NumPy type. External data is read from inside the model's folder only.
"""

from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto

from qnn_ir.errors import UserError

Array = NDArray[Any]

FLOAT, DOUBLE, FLOAT16, BFLOAT16 = TensorProto.FLOAT, TensorProto.DOUBLE, TensorProto.FLOAT16, TensorProto.BFLOAT16
INT8, UINT8, INT32, INT64, BOOL = (
    TensorProto.INT8,
    TensorProto.UINT8,
    TensorProto.INT32,
    TensorProto.INT64,
    TensorProto.BOOL,
)
FLOAT_TYPES = frozenset({FLOAT, DOUBLE, FLOAT16, BFLOAT16})

INTEGER_TYPES: dict[int, tuple[int, bool]] = {
    TensorProto.INT2: (2, True),
    TensorProto.UINT2: (2, False),
    TensorProto.INT4: (4, True),
    TensorProto.UINT4: (4, False),
    TensorProto.INT8: (8, True),
    TensorProto.UINT8: (8, False),
    TensorProto.INT16: (16, True),
    TensorProto.UINT16: (16, False),
    TensorProto.INT32: (32, True),
    TensorProto.UINT32: (32, False),
    TensorProto.INT64: (64, True),
    TensorProto.UINT64: (64, False),
}
"""Bit width and signedness of the integer element types."""

_RAW: dict[int, str] = {
    TensorProto.FLOAT: "<f4",
    TensorProto.DOUBLE: "<f8",
    TensorProto.FLOAT16: "<f2",
    TensorProto.BFLOAT16: "<u2",
    TensorProto.BOOL: "|b1",
    TensorProto.INT8: "|i1",
    TensorProto.UINT8: "|u1",
    TensorProto.INT16: "<i2",
    TensorProto.UINT16: "<u2",
    TensorProto.INT32: "<i4",
    TensorProto.UINT32: "<u4",
    TensorProto.INT64: "<i8",
    TensorProto.UINT64: "<u8",
}
_PACKED: dict[int, int] = {TensorProto.INT2: 2, TensorProto.UINT2: 2, TensorProto.INT4: 4, TensorProto.UINT4: 4}
_FIELDS: dict[int, str] = {
    TensorProto.FLOAT: "float_data",
    TensorProto.DOUBLE: "double_data",
    TensorProto.INT64: "int64_data",
    TensorProto.UINT32: "uint64_data",
    TensorProto.UINT64: "uint64_data",
}
_DEFAULT_FIELD = "int32_data"


@dataclass(frozen=True, slots=True, eq=False)
class Constant:
    """A tensor whose elements are known: `array`, of ONNX element type `type`, from the tensor `name`."""

    name: str
    array: Array
    type: int

    @property
    def is_integer(self) -> bool:
        """Whether the elements are integers (of any width)."""
        return self.type in INTEGER_TYPES


def type_name(type_: int) -> str:
    """How ONNX spells an element type: `INT8`."""
    return TensorProto.DataType.Name(type_) if type_ in TensorProto.DataType.values() else f"type {type_}"


def shown(name: str, limit: int = 80) -> str:
    """`name` in quotes, shortened: names from a model may be of any length."""
    return f"'{name}'" if len(name) <= limit else f"'{name[: limit - 3]}...'"


def check_tensor(tensor: TensorProto, base_dir: Path | None) -> None:
    """
    Check that the elements of `tensor` exist without reading them.

    Raises `UserError` for an unusable element type, a negative dimension, and where data is missing, too short or
    outside `base_dir`.
    """
    where = f"tensor {shown(tensor.name)}"
    if tensor.data_type not in _RAW and tensor.data_type not in _PACKED:
        raise UserError(f"elements of type {type_name(tensor.data_type)} are not supported", where, "use numbers")
    if tensor.HasField("segment"):
        raise UserError("data in segments is not supported", where, "save the model as one file")
    if any(d < 0 for d in tensor.dims):
        raise UserError(f"negative dimension in shape {list(tensor.dims)}", where)
    if tensor.data_location == TensorProto.EXTERNAL:
        _external_place(tensor, base_dir, where)
        return
    need, have = _stored_size(tensor)
    if need != have:
        raise UserError(
            f"shape {list(tensor.dims)} of {type_name(tensor.data_type)} needs {need} values or bytes, found {have}",
            where,
            "export the model again",
        )


def _stored_size(tensor: TensorProto) -> tuple[int, int]:
    """Needed and found: bytes where the tensor is stored raw, items of the typed field otherwise."""
    count, packing = prod(tensor.dims), 8 // _PACKED.get(tensor.data_type, 8)
    packed = -(-count // packing)
    if tensor.HasField("raw_data"):
        return packed * _item_size(tensor.data_type), len(tensor.raw_data)
    return packed, len(getattr(tensor, _FIELDS.get(tensor.data_type, _DEFAULT_FIELD)))


def _item_size(type_: int) -> int:
    return 1 if type_ in _PACKED else np.dtype(_RAW[type_]).itemsize


def _external_place(tensor: TensorProto, base_dir: Path | None, where: str) -> tuple[Path, int, int]:
    """File, offset and byte count of external data, which must lie inside `base_dir`."""
    entries = {e.key: e.value for e in tensor.external_data}
    location = entries.get("location", "")
    if base_dir is None:
        raise UserError(f"its data is in the file {shown(location)}", where, "give the model as a file in its folder")
    folder = base_dir.resolve()
    try:
        path = (folder / location).resolve()
        offset, size = int(entries.get("offset") or 0), prod(tensor.dims)
        outside = not location or "\0" in location or Path(location).is_absolute() or not path.is_relative_to(folder)
    except (ValueError, OSError, RuntimeError) as error:
        raise UserError(f"unusable external data entry {shown(location)}", where, "export again") from error
    if outside:
        raise UserError(f"external data {shown(location)} is outside the model's folder", where, "put it there")
    if not path.is_file():
        raise UserError(f"external data file {shown(location)} is missing", where, "put it beside the model")
    packing = 8 // _PACKED.get(tensor.data_type, 8)
    need = -(-size // packing) * _item_size(tensor.data_type)
    have = path.stat().st_size - offset
    if offset < 0 or have < need or int(entries.get("length") or need) != need:
        raise UserError(f"external data file {shown(location)} does not hold the {need} bytes it should", where)
    return path, offset, need


def read_tensor(tensor: TensorProto, base_dir: Path | None) -> Constant:
    """The elements of `tensor`; raises what `check_tensor` raises."""
    check_tensor(tensor, base_dir)
    type_, shape = tensor.data_type, tuple(tensor.dims)
    stored = _stored(tensor, base_dir)
    if bits := _PACKED.get(type_):
        array = _unpack(stored, bits, prod(shape), INTEGER_TYPES[type_][1])
    elif type_ == TensorProto.BFLOAT16:
        array = (stored.astype(np.uint32) << 16).view(np.float32)
    elif type_ == TensorProto.FLOAT16:
        array = stored.astype(np.float32)
    elif type_ in INTEGER_TYPES:
        array = stored.astype(np.uint64 if type_ == TensorProto.UINT64 else np.int64)
    else:
        array = stored
    return Constant(tensor.name, array.reshape(shape), type_)


def _stored(tensor: TensorProto, base_dir: Path | None) -> Array:
    """The flat array as stored: packed bytes for sub-byte types, bit patterns for bfloat16."""
    dtype = np.dtype("u1" if tensor.data_type in _PACKED else _RAW[tensor.data_type])
    if tensor.data_location == TensorProto.EXTERNAL:
        path, offset, size = _external_place(tensor, base_dir, f"tensor {shown(tensor.name)}")
        return np.fromfile(path, dtype, size // dtype.itemsize, offset=offset)
    if tensor.HasField("raw_data"):
        return np.frombuffer(tensor.raw_data, dtype)
    field = getattr(tensor, _FIELDS.get(tensor.data_type, _DEFAULT_FIELD))
    if tensor.data_type == TensorProto.FLOAT16:
        return np.array(field, np.uint16).view(np.float16)
    return np.array(field).astype(dtype)


def _unpack(packed: Array, bits: int, count: int, signed: bool) -> Array:
    """`count` fields of `bits` bits, the first in the low bits of the first byte."""
    shifts = np.arange(0, 8, bits, dtype=np.uint8)
    fields = (packed.astype(np.uint8)[:, None] >> shifts & (1 << bits) - 1).ravel()[:count].astype(np.int64)
    return np.where(fields >> bits - 1, fields - (1 << bits), fields) if signed else fields
