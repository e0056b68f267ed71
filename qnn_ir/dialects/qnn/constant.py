"""The constant: whole-byte storage with a logical element type."""

from typing import Any

from numpy.typing import NDArray
from xdsl.dialects.builtin import DenseIntOrFPElementsAttr, IntegerType, TensorType
from xdsl.ir import SSAValue
from xdsl.irdl import irdl_op_definition, prop_def, result_def

from qnn_ir.constants import dense_float, dense_int, int_type, to_numpy, type_range
from qnn_ir.dialects.qnn.base import TENSOR, QnnOp, element_of, integer_type, shape_of
from qnn_ir.dialects.qnn.shapes import require, text


@irdl_op_definition
class ConstantOp(QnnOp):
    """
    A constant tensor, stored in whole bytes.

    `result[i] = value[i]`

    ```mlir
    %w = qnn.constant dense<[[1, -1], [0, 1]]> : tensor<2x2xi8> as tensor<2x2xsi2>
    ```
    """

    name = "qnn.constant"

    value = prop_def(DenseIntOrFPElementsAttr)
    result = result_def(TENSOR)

    assembly_format = "$value `as` type($result) attr-dict"

    def __init__(self, array: NDArray[Any], element: IntegerType | None = None):
        """`array` of float32, float64 or integers; `element` defaults to the narrowest type that holds them."""
        if array.dtype.kind == "f":
            value = dense_float(array)
            type_ = TensorType(value.get_element_type(), array.shape)
        else:
            value = dense_int(array)
            narrowest = int_type(int(array.min()), int(array.max())) if array.size else int_type(0, 0)
            type_ = TensorType(element or narrowest, array.shape)
        super().__init__(properties={"value": value}, result_types=(type_,))

    def numpy(self) -> NDArray[Any]:
        """The elements: int64 for integers, float32 or float64 for floats."""
        return to_numpy(self.value)

    def verify_(self) -> None:
        """Storage and result agree in shape and kind, and the result type holds every value."""
        stored, logical = self.value.get_element_type(), integer_type(self.result.type)
        shapes = tuple(self.value.get_shape()), shape_of(self.result)
        require(shapes[0] == shapes[1], f"value of shape {text(shapes[0])} as {text(shapes[1])}")
        if logical is None:
            require(stored == element_of(self.result), f"value of {stored} as {self.result.type}")
            return
        require(isinstance(stored, IntegerType), f"value of {stored} as {logical}")
        array = self.numpy()
        lo, hi = type_range(logical)
        fits = not array.size or (lo <= int(array.min()) and int(array.max()) <= hi)
        require(fits, f"{logical} does not hold the values of the constant")


def constant_value(value: SSAValue) -> NDArray[Any] | None:
    """The elements of `value` where it is a `qnn.constant`, else nothing."""
    return value.owner.numpy() if isinstance(value.owner, ConstantOp) else None
