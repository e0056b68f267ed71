"""Small integers as bit planes: what is stored, and what each plane counts for."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import IntegerType, Signedness

from qnn_ir.int_types import width_of


@dataclass(frozen=True, eq=False)
class WeightPlanes:
    """
    A memory of matrices as bits (depth, planes, rows, columns).

    `w = sum_j factors[j] * bits[j]`, or `w = 2 * bits[0] - 1` where `bipolar`.
    """

    bits: NDArray[np.int64]
    factors: tuple[int, ...]
    bipolar: bool

    def negatives(self) -> NDArray[np.int64]:
        """The number of -1 in each row of bipolar matrices, (depth, rows)."""
        return (1 - self.bits[:, 0]).sum(axis=-1)


def weight_planes(matrices: NDArray[np.int64]) -> WeightPlanes:
    """The planes of `matrices` (depth, rows, columns): one for bipolar ones, else those of two's complement."""
    if (np.abs(matrices) == 1).all():
        return WeightPlanes((matrices > 0).astype(np.int64)[:, None], (1,), True)
    factors = plane_factors(*width_of(int(matrices.min()), int(matrices.max())))
    planes = [(matrices >> bit) & 1 for bit in range(len(factors))]
    return WeightPlanes(np.stack(planes, axis=1), factors, False)


def plane_factors(bits: int, signed: bool) -> tuple[int, ...]:
    """What each bit of an integer counts for; the sign bit counts negatively."""
    factors = [1 << bit for bit in range(bits)]
    if signed:
        factors[-1] = -factors[-1]
    return tuple(factors)


def factors_of(type_: IntegerType) -> tuple[int, ...]:
    """What each bit of a value of `type_` counts for."""
    return plane_factors(type_.width.data, type_.signedness.data == Signedness.SIGNED)
