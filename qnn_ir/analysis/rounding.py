"""The seven ways to make a real number an integer."""

from enum import Enum
from fractions import Fraction
from math import ceil, floor


class Mode(Enum):
    """The seven roundings of QONNX; `up` is away from zero, `down` towards it."""

    HALF_EVEN = "half_even"
    CEIL = "ceil"
    FLOOR = "floor"
    UP = "up"
    DOWN = "down"
    HALF_UP = "half_up"
    HALF_DOWN = "half_down"

    @property
    def to_nearest(self) -> bool:
        """Whether the decision lies at half-integers; otherwise it lies at integers."""
        return self in (Mode.HALF_EVEN, Mode.HALF_UP, Mode.HALF_DOWN)


def round_exact(mode: Mode, value: Fraction) -> int:
    """`value` rounded to an integer."""
    match mode:
        case Mode.HALF_EVEN:
            return round(value)
        case Mode.CEIL:
            return ceil(value)
        case Mode.FLOOR:
            return floor(value)
        case _:
            size = abs(value)
            half = Fraction(1, 2)
            rounded = {Mode.UP: ceil(size), Mode.DOWN: floor(size)}.get(mode)
            if rounded is None:
                rounded = floor(size + half) if mode is Mode.HALF_UP else ceil(size - half)
            return rounded if value >= 0 else -rounded
