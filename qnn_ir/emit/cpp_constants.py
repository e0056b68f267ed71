"""Values of constant integer expressions of C++."""

from collections.abc import Callable, Sequence

from qnn_ir.emit.cpp_tokens import Token


def constant_value(tokens: Sequence[Token], value_of: Callable[[str], int | None]) -> int | None:
    """The value of an integer expression over the names that `value_of` knows, None if it is not one."""
    values = [_number(t, value_of) if t.kind in ("number", "name") else t.text for t in tokens]
    if None in values:
        return None
    rest = [v for v in values if v is not None]
    try:
        value = _binary(rest, 0)
    except (ValueError, IndexError, ZeroDivisionError):
        return None
    return value if not rest else None


def _number(token: Token, value_of: Callable[[str], int | None]) -> int | None:
    if token.kind == "name":
        return value_of(token.text)
    digits = token.text.rstrip("uUlL").lower()
    base = 16 if digits.startswith("0x") else 2 if digits.startswith("0b") else 8 if digits[:1] == "0" != digits else 10
    try:
        return int(digits, base)
    except ValueError:
        return None


_OPERATORS: dict[str, tuple[int, Callable[[int, int], int]]] = {
    "<<": (1, lambda a, b: a << b),
    "+": (2, lambda a, b: a + b),
    "-": (2, lambda a, b: a - b),
    "*": (3, lambda a, b: a * b),
    "/": (3, lambda a, b: a // b),
    "%": (3, lambda a, b: a % b),
}  # fmt: skip


def _binary(rest: list[int | str], least: int) -> int:
    """Precedence climbing; takes what it reads from the front of `rest`. ValueError: no such expression."""
    left = _primary(rest)
    while rest and (operator := _OPERATORS.get(str(rest[0]))) and operator[0] > least:
        precedence, apply = operator
        rest.pop(0)
        left = apply(left, _binary(rest, precedence))
    return left


def _primary(rest: list[int | str]) -> int:
    first = rest.pop(0)
    if isinstance(first, int):
        return first
    if first == "-":
        return -_primary(rest)
    if first != "(":
        raise ValueError(first)
    value = _binary(rest, 0)
    if rest.pop(0) != ")":
        raise ValueError(first)
    return value
