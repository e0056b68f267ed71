"""C++ expressions with as few parentheses as the compiler's warnings allow, and static control printed as such."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from functools import singledispatchmethod

from xdsl.ir import Operation, SSAValue

from qnn_ir.constants import to_numpy
from qnn_ir.dialects import hlsc


class Precedence(IntEnum):
    """How tightly C++ binds; only the levels that we print."""

    TERNARY = 1
    OR = 2
    AND = 3
    EQUALITY = 4
    RELATION = 5
    SHIFT = 6
    SUM = 7
    PRODUCT = 8
    UNARY = 9
    ATOM = 10


@dataclass(frozen=True)
class Expression:
    """
    The text of an expression and how tightly its outermost operator binds.

    `bare` is the text without the outermost conversion, for where an assignment converts anyway.
    """

    text: str
    precedence: Precedence = Precedence.ATOM
    bare: str | None = None

    def __str__(self) -> str:
        return self.text

    @property
    def assigned(self) -> str:
        """As the right-hand side of an assignment to a variable of its type."""
        return self.bare or self.text

    def within(self, precedence: Precedence) -> str:
        """As an operand of an operator of this precedence."""
        return self.text if self.precedence >= precedence else f"({self.text})"


_BINARY = {
    "||": Precedence.OR,
    "&&": Precedence.AND,
    "==": Precedence.EQUALITY,
    "!=": Precedence.EQUALITY,
    "<": Precedence.RELATION,
    "<=": Precedence.RELATION,
    ">": Precedence.RELATION,
    ">=": Precedence.RELATION,
    "<<": Precedence.SHIFT,
    ">>": Precedence.SHIFT,
    "+": Precedence.SUM,
    "-": Precedence.SUM,
    "*": Precedence.PRODUCT,
    "/": Precedence.PRODUCT,
    "%": Precedence.PRODUCT,
}
_CHAINS = {"||", "&&", "+", "*"}
"""Operators that may follow themselves without parentheses."""


def atom(text: object) -> Expression:
    """A name, a call or a non-negative number."""
    return Expression(str(text))


def integer(value: int) -> Expression:
    """An integer literal."""
    text = str(value) if -(2**31) < value < 2**31 else f"{value}LL"
    return Expression(text, Precedence.ATOM if value >= 0 else Precedence.UNARY)


def binary(operator: str, lhs: Expression, rhs: Expression) -> Expression:
    """`lhs operator rhs`; operators of different kinds that gcc wants to see parenthesised are."""
    level = _BINARY[operator]
    left = level if operator in _CHAINS or level >= Precedence.SUM else Precedence.SUM
    right = level if operator in _CHAINS else max(Precedence(level + 1), Precedence.SUM)
    if operator == "||":  # -Wparentheses: && within ||
        left = right = Precedence.EQUALITY if Precedence.AND in (lhs.precedence, rhs.precedence) else level
    if level is Precedence.SHIFT:  # -Wparentheses: + within <<
        left = right = Precedence.UNARY
    return Expression(f"{lhs.within(left)} {operator} {rhs.within(right)}", level)


def negation(operand: Expression) -> Expression:
    """`!operand`"""
    return Expression(f"!{operand.within(Precedence.UNARY)}", Precedence.UNARY)


def ternary(condition: Expression, lhs: Expression, rhs: Expression) -> Expression:
    """`condition ? lhs : rhs`"""
    above = Precedence.OR
    text = f"{condition.within(above)} ? {lhs.within(above)} : {rhs.within(above)}"
    return Expression(text, Precedence.TERNARY)


def cast(type_: str, operand: Expression) -> Expression:
    """`operand` converted to a class type: `ap_int<12>(a + b)`."""
    return Expression(f"{type_}({operand.assigned if operand.text.startswith(type_) else operand})", bare=operand.text)


_PREDICATES = {"eq": "==", "ne": "!=", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}


class ControlPrinter:
    """Prints index and predicate values as expressions of the counters."""

    def __init__(self, names: Mapping[SSAValue, str], bounds: Mapping[SSAValue, int], tables: Mapping[Operation, str]):
        """
        `names` gives the counters and whatever else has a name, `bounds` what a counter stays below; `tables` the
        arrays of the static roms. A counter that is always 0 is printed as that.
        """
        self._names, self._bounds, self._tables = names, bounds, tables

    def __call__(self, value: SSAValue) -> Expression:
        if self._bounds.get(value) == 1:
            return integer(0)
        if value in self._names:
            return atom(self._names[value])
        assert isinstance(value.owner, Operation)
        return self._print(value.owner)

    @singledispatchmethod
    def _print(self, op: Operation) -> Expression:
        raise TypeError(f"{op.name} is no static control")

    @_print.register
    def _(self, op: hlsc.StaticConstantOp) -> Expression:
        return integer(op.value.value.data)

    @_print.register
    def _(self, op: hlsc.AffineOp) -> Expression:
        terms = [(v, s) for v, s in zip(op.inputs, op.stride_values(), strict=True) if self._bounds.get(v) != 1 and s]
        const = op.const.value.data
        if op.modulus is None:
            return self._affine(terms, const)
        modulus = op.modulus.value.data  # all terms non-negative, so that % is the mathematical remainder
        terms = [(v, stride % modulus) for v, stride in terms if stride % modulus]
        whole, highest = self._affine(terms, const % modulus), self._highest(terms, const % modulus)
        return whole if highest is not None and highest < modulus else binary("%", whole, integer(modulus))

    def _highest(self, terms: list[tuple[SSAValue, int]], const: int) -> int | None:
        """The largest value of a sum of non-negative terms, where all its counters are bounded."""
        if any(v not in self._bounds for v, _ in terms):
            return None
        return const + sum(s * (self._bounds[v] - 1) for v, s in terms)

    def _affine(self, terms: list[tuple[SSAValue, int]], const: int) -> Expression:
        result: Expression | None = None
        for value, stride in terms:
            factor = self(value) if abs(stride) == 1 else binary("*", self(value), integer(abs(stride)))
            if result is None:
                result = factor if stride > 0 else Expression(f"-{factor.within(Precedence.UNARY)}", Precedence.UNARY)
            else:
                result = binary("+" if stride > 0 else "-", result, factor)
        if result is None:
            return integer(const)
        return result if const == 0 else binary("+" if const > 0 else "-", result, integer(abs(const)))

    @_print.register
    def _(self, op: hlsc.CmpOp) -> Expression:
        return binary(_PREDICATES[op.predicate.data.value], self(op.lhs), self(op.rhs))

    @_print.register
    def _(self, op: hlsc.AndOp) -> Expression:
        return binary("&&", self(op.lhs), self(op.rhs))

    @_print.register
    def _(self, op: hlsc.OrOp) -> Expression:
        return binary("||", self(op.lhs), self(op.rhs))

    @_print.register
    def _(self, op: hlsc.NotOp) -> Expression:
        return negation(self(op.input))

    @_print.register
    def _(self, op: hlsc.StaticSelectOp) -> Expression:
        return ternary(self(op.condition), self(op.lhs), self(op.rhs))

    @_print.register
    def _(self, op: hlsc.StaticRomOp) -> Expression:
        return atom(f"{self._tables[op]}[{self(op.index)}]")


def static_table(op: hlsc.StaticRomOp, name: str) -> str:
    """The definition of a static rom as an array of ints."""
    values = to_numpy(op.values).tolist()
    return f"static const int {name}[{len(values)}] = {{{', '.join(map(str, values))}}};"
