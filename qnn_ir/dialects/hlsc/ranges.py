"""
What the result of an exact operation can be: interval arithmetic on integer ranges. Pure Python, no IR.

A range is `(lo, hi)`, both inclusive. Result types are the narrowest that hold these ranges, so overflow cannot
be written down.
"""

from collections.abc import Callable, Iterable

Range = tuple[int, int]


def hull(ranges: Iterable[Range]) -> Range:
    """The smallest range that holds all of `ranges`."""
    los, his = zip(*ranges, strict=True)
    return min(los), max(his)


def _corners(a: Range, b: Range, fn: Callable[[int, int], int]) -> Range:
    """The range of a function that is monotone in each operand: its extremes lie at the corners."""
    values = [fn(x, y) for x in a for y in b]
    return min(values), max(values)


def add_range(a: Range, b: Range) -> Range:
    """`x + y`."""
    return a[0] + b[0], a[1] + b[1]


def sub_range(a: Range, b: Range) -> Range:
    """`x - y`."""
    return a[0] - b[1], a[1] - b[0]


def mul_range(a: Range, b: Range) -> Range:
    """`x * y`."""
    return _corners(a, b, lambda x, y: x * y)


def max_range(a: Range, b: Range) -> Range:
    """`max(x, y)`."""
    return _corners(a, b, max)


def min_range(a: Range, b: Range) -> Range:
    """`min(x, y)`."""
    return _corners(a, b, min)


def shl_range(a: Range, amount: int) -> Range:
    """`x * 2**amount`."""
    return a[0] << amount, a[1] << amount


def sum_range(a: Range, count: int) -> Range:
    """The sum of `count` values."""
    return a[0] * count, a[1] * count


def dot_range(a: Range, b: Range, count: int) -> Range:
    """The dot product of two vectors of `count` lanes."""
    return sum_range(mul_range(a, b), count)


def step_sum_range(delta: Range, count: int) -> Range:
    """The sum of any subset of `count` values."""
    return sum_range((min(delta[0], 0), max(delta[1], 0)), count)
