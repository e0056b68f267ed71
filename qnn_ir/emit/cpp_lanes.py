"""One lane of each lanewise operation: the statements that it needs first, and its value as an expression."""

from functools import singledispatchmethod

from xdsl.ir import Operation, SSAValue

from qnn_ir.constants import int_type
from qnn_ir.dialects import hlsc
from qnn_ir.emit.cpp_expressions import Expression, Precedence, atom, binary, cast, integer, ternary
from qnn_ir.emit.cpp_forms import is_plane_of_word
from qnn_ir.emit.cpp_names import Names
from qnn_ir.emit.cpp_style import Lines, lane_loop
from qnn_ir.emit.cpp_types import is_signed, machine_int, scalar
from qnn_ir.emit.cpp_values import Index, Values, flat


class LanePrinter:
    """Prints lane `index` of an operation; `names` gives the names of sums and inner loop variables."""

    def __init__(self, values: Values, names: Names):
        self._values, self._names = values, names
        self._inner = names.fresh("s")

    def print(self, op: Operation, index: Index) -> tuple[Lines, Expression]:
        """The statements before, and the lane as an expression of a type that converts to the result's exactly."""
        return self._print(op, index)

    @singledispatchmethod
    def _print(self, op: Operation, index: Index) -> tuple[Lines, Expression]:
        raise TypeError(f"{op.name} is not lanewise")

    # --- one expression ---------------------------------------------------------------------------------------------

    @_print.register
    def _(self, op: hlsc.ExtendOp | hlsc.NarrowOp, index: Index) -> tuple[Lines, Expression]:
        return [], cast(scalar(op.result.type), self._lane(op.input, index))

    @_print.register
    def _(self, op: hlsc.AddOp | hlsc.SubOp | hlsc.MulOp, index: Index) -> tuple[Lines, Expression]:
        operator = {"hlsc.add": "+", "hlsc.sub": "-", "hlsc.mul": "*"}[op.name]
        return [], binary(operator, self._lane(op.lhs, index), self._lane(op.rhs, index))

    @_print.register
    def _(self, op: hlsc.ShlOp, index: Index) -> tuple[Lines, Expression]:
        wide = cast(scalar(op.result.type), self._lane(op.input, index))
        return [], binary("<<", wide, integer(op.amount.value.data))

    @_print.register
    def _(self, op: hlsc.GreaterOp | hlsc.GreaterEqualOp, index: Index) -> tuple[Lines, Expression]:
        operator = ">" if isinstance(op, hlsc.GreaterOp) else ">="
        return [], cast("ap_uint<1>", binary(operator, *self._comparable(op.lhs, op.rhs, index)))

    @_print.register
    def _(self, op: hlsc.MaxOp | hlsc.MinOp, index: Index) -> tuple[Lines, Expression]:
        operator = ">" if isinstance(op, hlsc.MaxOp) else "<"
        condition = binary(operator, *self._comparable(op.lhs, op.rhs, index))
        return [], self._choice(condition, op.lhs, op.rhs, index, op.result)

    @_print.register
    def _(self, op: hlsc.MuxOp, index: Index) -> tuple[Lines, Expression]:
        condition = binary("!=", self._lane(op.condition, index), integer(0))
        return [], self._choice(condition, op.lhs, op.rhs, index, op.result)

    @_print.register
    def _(self, op: hlsc.SelectOp, index: Index) -> tuple[Lines, Expression]:
        return [], self._choice(self._values.control(op.condition), op.lhs, op.rhs, index, op.result)

    @_print.register
    def _(self, op: hlsc.LookupOp, index: Index) -> tuple[Lines, Expression]:
        rom = self._values.roms[op.memory]
        shape = hlsc.shape_of(rom.type)
        row = flat(index, shape[:-1]) if len(shape) > 1 and index else "0"
        lo = op.lo.value.data
        at = self._values.number(op.input, index)
        at = at if lo == 0 else binary("-" if lo > 0 else "+", at, integer(abs(lo)))
        place = atom(f"{self._values.row(op)}[{row}][{at}]")
        return [], cast(scalar(op.result.type), place)

    @_print.register
    def _(self, op: hlsc.RequantOp, index: Index) -> tuple[Lines, Expression]:
        lo, hi = op.inner_range()
        wide = scalar(int_type(min(lo, -1), max(hi, 1)))  # signed, as the helpers want it
        name, shift = self._names.fresh("scaled"), op.shift.value.data
        product = binary("*", self._lane(op.input, index), self._lane(op.m, index))
        lines = [f"const {wide} {name} = {binary('+', product, self._lane(op.c, index))};"]
        rounded = atom(name)
        if shift and op.rounding.data == hlsc.Rounding.HALF_EVEN:
            self._values.helpers.add("round_half_even")
            rounded = atom(f"round_half_even<{shift}>({name})")
        elif shift:
            rounded = binary(">>", atom(name), integer(shift))
        self._values.helpers.add("clamp")
        clamped = f"clamp<{scalar(op.result.type)} >({rounded}, {op.lo.value.data}, {op.hi.value.data})"
        return lines, atom(clamped)

    # --- loops over what belongs to one lane ------------------------------------------------------------------------

    @_print.register
    def _(self, op: hlsc.DotOp, index: Index) -> tuple[Lines, Expression]:
        s = self._inner
        product = binary("*", self._wide(op.x, (s,), op.result), self._number(op.w, (*index, s)))
        return self._sum(op.result, hlsc.shape_of(op.x.type)[0], f"{{}} += {product};")

    @_print.register
    def _(self, op: hlsc.CountGeOp, index: Index) -> tuple[Lines, Expression]:
        reached = binary(">=", *self._numbers(op.acc, index, op.t, (*index, self._inner)))
        return self._sum(op.result, hlsc.shape_of(op.t.type)[-1], f"{{}} += {reached} ? 1 : 0;")

    @_print.register
    def _(self, op: hlsc.StepSumOp, index: Index) -> tuple[Lines, Expression]:
        inner = (*index, self._inner)
        reached = binary(">=", *self._numbers(op.acc, index, op.t, inner))
        step = self._number(op.d, inner)
        return self._sum(op.result, hlsc.shape_of(op.t.type)[-1], f"{{}} += {reached} ? {step} : 0;")

    @_print.register
    def _(self, op: hlsc.ReduceAddOp, index: Index) -> tuple[Lines, Expression]:
        lane = self._number(op.input, (*index, self._inner))
        return self._sum(op.result, hlsc.shape_of(op.input.type)[-1], f"{{}} += {lane};")

    @_print.register
    def _(self, op: hlsc.ReduceMaxOp, index: Index) -> tuple[Lines, Expression]:
        name, type_ = self._names.fresh("best"), scalar(op.result.type)
        lane = self._lane(op.input, (*index, self._inner))
        first = self._lane(op.input, (*index, "0"))
        loop = lane_loop(self._inner, hlsc.shape_of(op.input.type)[-1], [f"if ({lane} > {name}) {name} = {lane};"])
        return [f"{type_} {name} = {first};", *loop], atom(name)

    @_print.register
    def _(self, op: hlsc.PlaneOp, index: Index) -> tuple[Lines, Expression]:
        if is_plane_of_word(op):
            self._values.helpers.add("bit_plane")
            width = hlsc.element_of(op.x.type).width.data
            return [], atom(f"bit_plane<{op.bit.value.data}, {width}>({self._values.word(op.x)})")
        name, type_ = self._names.fresh("plane"), scalar(op.result.type)
        lane = self._lane(op.x, (*index, self._inner)).within(Precedence.ATOM)
        body = [f"{name}[{self._inner}] = {lane}[{op.bit.value.data}];"]
        return [f"{type_} {name} = 0;", *lane_loop(self._inner, hlsc.shape_of(op.x.type)[-1], body)], atom(name)

    @_print.register
    def _(self, op: hlsc.PopcountOp, index: Index) -> tuple[Lines, Expression]:
        return [], self._popcount(op.result, str(self._lane(op.w, index)), op.w)

    @_print.register
    def _(self, op: hlsc.XnorPopcountOp | hlsc.AndPopcountOp, index: Index) -> tuple[Lines, Expression]:
        operator = "^" if isinstance(op, hlsc.XnorPopcountOp) else "&"
        x, w = (lane.within(Precedence.ATOM) for lane in (self._lane(op.x, ()), self._lane(op.w, index)))
        text = f"{x} {operator} {w}"
        return [], self._popcount(op.result, f"~({text})" if operator == "^" else text, op.w)

    # --- parts ------------------------------------------------------------------------------------------------------

    def _lane(self, value: SSAValue, index: Index) -> Expression:
        return self._values.lane(value, index)

    def _number(self, value: SSAValue, index: Index) -> Expression:
        return self._values.number(value, index)

    def _wide(self, value: SSAValue, index: Index, result: SSAValue) -> Expression:
        """A factor as a machine integer that holds the product."""
        number = self._number(value, index)
        needs_cast = machine_int(result.type) == "long long" and machine_int(value.type) == "int"
        return atom(f"(long long)({number})") if needs_cast else number

    def _numbers(self, a: SSAValue, at: Index, b: SSAValue, there: Index) -> tuple[Expression, Expression]:
        """Two lanes as machine integers, to be compared."""
        return self._number(a, at), self._number(b, there)

    def _sum(self, result: SSAValue, count: int, step: str) -> tuple[Lines, Expression]:
        name = self._names.fresh("total")
        lines = [f"{machine_int(result.type)} {name} = 0;", *lane_loop(self._inner, count, [step.format(name)])]
        return lines, cast(scalar(result.type), atom(name))

    def _popcount(self, result: SSAValue, text: str, words: SSAValue) -> Expression:
        self._values.helpers.add("popcount")
        width = hlsc.element_of(words.type).width.data
        return cast(scalar(result.type), atom(f"popcount<{width}>({text})"))

    def _comparable(self, a: SSAValue, b: SSAValue, index: Index) -> tuple[Expression, Expression]:
        """Two lanes of one signedness: C compares mixed operands as unsigned ones."""
        signs = {is_signed(hlsc.element_of(v.type)) for v in (a, b)}
        both = self._lane(a, index), self._lane(b, index)
        if len(signs) == 1:
            return both
        (la, ha), (lb, hb) = hlsc.range_of(a.type), hlsc.range_of(b.type)
        common = scalar(int_type(min(la, lb), max(ha, hb)))
        return cast(common, both[0]), cast(common, both[1])

    def _choice(self, condition: Expression, a: SSAValue, b: SSAValue, index: Index, result: SSAValue) -> Expression:
        type_ = scalar(result.type)
        return ternary(condition, self._as(type_, a, index), self._as(type_, b, index))

    def _as(self, type_: str, value: SSAValue, index: Index) -> Expression:
        """A lane in exactly this type, which the two sides of a choice have to share."""
        if isinstance(value.owner, hlsc.ConstantOp):
            return cast(type_, integer(value.owner.value.value.data))
        lane = self._lane(value, index)
        return lane if _is_plain(lane) and scalar(value.type) == type_ else cast(type_, lane)


def _is_plain(lane: Expression) -> bool:
    """Whether an expression has exactly the type of its value (a sum, for one, is wider)."""
    return lane.precedence is Precedence.ATOM
