"""The fused operations of a layer: tile products and the proved forms of an activation."""

from xdsl.dialects.builtin import IntegerAttr, i64
from xdsl.ir import Attribute, SSAValue
from xdsl.irdl import irdl_op_definition, operand_def, prop_def
from xdsl.utils.exceptions import VerifyException

from qnn_ir.dialects.hlsc.data import COUNT, INTEGER, DataOp, joint_shape
from qnn_ir.dialects.hlsc.ranges import Range, add_range, dot_range, mul_range, step_sum_range
from qnn_ir.dialects.hlsc.types import (
    Rounding,
    RoundingAttr,
    ValueType,
    narrowest,
    range_of,
    shape_of,
)


@irdl_op_definition
class DotOp(DataOp):
    """
    The matrix-vector product of a tile: `result_p = sum_s x_s * w_{p,s}`.

    ```mlir
    %y = hlsc.dot %x, %w : vector<8xui4>, vector<4x8xsi4> -> vector<4xsi11>
    ```
    """

    name = "hlsc.dot"
    x = operand_def()
    w = operand_def()
    assembly_format = "$x `,` $w attr-dict `:` type($x) `,` type($w) `->` type($result)"

    def __init__(self, x: SSAValue, w: SSAValue, result_type: Attribute | None = None):
        super().__init__(operands=[x, w], result_types=[result_type or dot_type(x.type, w.type)])

    def needed(self) -> ValueType:
        return dot_type(self.x.type, self.w.type)


def dot_type(x: Attribute, w: Attribute) -> ValueType:
    """The products of a vector `[S]` with the rows of a matrix `[P, S]`."""
    if len(shape_of(w)) != 2 or shape_of(x) != shape_of(w)[1:]:
        raise VerifyException(f"a dot product takes [S] and [P, S], not {x} and {w}")
    return narrowest(shape_of(w)[:1], dot_range(range_of(x), range_of(w), shape_of(x)[0]))


@irdl_op_definition
class RequantOp(DataOp):
    """
    Requantise: `result_l = clamp(round((input_l * m_l + c_l) / 2**shift), lo, hi)`.

    `rounding` is `floor` or `half_even`; `m` and `c` have the shape of the input or are scalars.

    ```mlir
    %y = hlsc.requant %x, %m, %c shift 8 half_even clamp 0 to 15 : vector<4xsi12>, ui9, si16 -> vector<4xui4>
    ```
    """

    name = "hlsc.requant"
    input = operand_def()
    m = operand_def()
    c = operand_def()
    shift = prop_def(COUNT)
    rounding = prop_def(RoundingAttr)
    lo = prop_def(INTEGER)
    hi = prop_def(INTEGER)
    assembly_format = (
        "$input `,` $m `,` $c `shift` $shift $rounding `clamp` $lo `to` $hi attr-dict "
        "`:` type($input) `,` type($m) `,` type($c) `->` type($result)"
    )

    def __init__(
        self, input: SSAValue, m: SSAValue, c: SSAValue, shift: int, rounding: Rounding | str, lo: int, hi: int
    ):
        super().__init__(
            operands=[input, m, c],
            properties={
                "shift": IntegerAttr(shift, i64),
                "rounding": RoundingAttr(Rounding(rounding)),
                "lo": IntegerAttr(lo, i64),
                "hi": IntegerAttr(hi, i64),
            },
            result_types=[narrowest(joint_shape(input.type, m.type, c.type), (lo, hi))],
        )

    def needed(self) -> ValueType:
        lo, hi = self.lo.value.data, self.hi.value.data
        if lo > hi:
            raise VerifyException(f"empty range [{lo}, {hi}]")
        return narrowest(joint_shape(self.input.type, self.m.type, self.c.type), (lo, hi))

    def inner_range(self) -> Range:
        """The range of `input * m + c`, which may be wider than other arithmetic."""
        return add_range(mul_range(range_of(self.input.type), range_of(self.m.type)), range_of(self.c.type))


def _same_lanes_with_steps(acc: Attribute, t: Attribute) -> int:
    """The number of steps per lane of `t`, whose shape is that of `acc` with one axis more."""
    if not shape_of(t) or shape_of(t)[:-1] != shape_of(acc):
        raise VerifyException(f"{t} is not {acc} with one axis more")
    return shape_of(t)[-1]


@irdl_op_definition
class CountGeOp(DataOp):
    """
    Thresholds: `result_p = #{n : acc_p >= t_{p,n}}`.

    ```mlir
    %y = hlsc.count_ge %acc, %t : vector<16xsi12>, vector<16x3xsi12> -> vector<16xui2>
    ```
    """

    name = "hlsc.count_ge"
    acc = operand_def()
    t = operand_def()
    assembly_format = "$acc `,` $t attr-dict `:` type($acc) `,` type($t) `->` type($result)"

    def __init__(self, acc: SSAValue, t: SSAValue, result_type: Attribute | None = None):
        super().__init__(operands=[acc, t], result_types=[result_type or count_ge_type(acc.type, t.type)])

    def needed(self) -> ValueType:
        return count_ge_type(self.acc.type, self.t.type)


def count_ge_type(acc: Attribute, t: Attribute) -> ValueType:
    """A count of thresholds per lane."""
    return narrowest(shape_of(acc), (0, _same_lanes_with_steps(acc, t)))


@irdl_op_definition
class StepSumOp(DataOp):
    """
    Signed steps: `result_p = sum_n d_{p,n} * [acc_p >= t_{p,n}]`.

    ```mlir
    %y = hlsc.step_sum %acc, %t, %d : vector<2xsi8>, vector<2x3xsi8>, vector<2x3xsi2> -> vector<2xsi4>
    ```
    """

    name = "hlsc.step_sum"
    acc = operand_def()
    t = operand_def()
    d = operand_def()
    assembly_format = "$acc `,` $t `,` $d attr-dict `:` type($acc) `,` type($t) `,` type($d) `->` type($result)"

    def __init__(self, acc: SSAValue, t: SSAValue, d: SSAValue, result_type: Attribute | None = None):
        type_ = result_type or step_sum_type(acc.type, t.type, d.type)
        super().__init__(operands=[acc, t, d], result_types=[type_])

    def needed(self) -> ValueType:
        return step_sum_type(self.acc.type, self.t.type, self.d.type)


def step_sum_type(acc: Attribute, t: Attribute, d: Attribute) -> ValueType:
    """The sums of any of the deltas of a lane."""
    count = _same_lanes_with_steps(acc, t)
    if shape_of(d) != shape_of(t):
        raise VerifyException(f"one delta per step: {d} and {t} differ in shape")
    return narrowest(shape_of(acc), step_sum_range(range_of(d), count))
