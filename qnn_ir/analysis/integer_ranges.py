"""Exact ranges of sums of products of stored integers with known weights, per output channel."""

import numpy as np
from numpy.typing import NDArray

from qnn_ir.errors import UserError

Ints = NDArray[np.int64]
WIDEST = 1 << 60


def dot_range(weights: Ints, lo: Ints, hi: Ints) -> tuple[Ints, Ints]:
    """
    `[sum min(w*lo, w*hi), sum max(w*lo, w*hi)]` per output.

    `weights` (O, I, T): outputs, input channels, taps; `lo` and `hi` (I,) or (O, I) per input channel.
    """
    positive = np.maximum(weights, 0).sum(axis=2)
    negative = np.minimum(weights, 0).sum(axis=2)
    low, high = _sum(positive, lo) + _sum(negative, hi), _sum(positive, hi) + _sum(negative, lo)
    return low, high


def partial_dot_range(weights: Ints, lo: Ints, hi: Ints, phases: Ints) -> tuple[Ints, Ints]:
    """As `dot_range`, for outputs that see any subset of the taps of one of the `phases` (T,) only."""
    low = np.zeros(weights.shape[0], np.int64)
    high = np.zeros(weights.shape[0], np.int64)
    for phase in np.unique(phases).tolist():
        part = weights[:, :, phases == phase]
        a, b = part * lo[..., None], part * hi[..., None]
        low = np.minimum(low, np.minimum(np.minimum(a, b), 0).sum(axis=(1, 2)))
        high = np.maximum(high, np.maximum(np.maximum(a, b), 0).sum(axis=(1, 2)))
    return low, high


def _sum(weights: Ints, bounds: Ints) -> Ints:
    largest = float(np.abs(weights).astype(np.float64).sum(axis=1).max(initial=0))
    if largest * float(np.abs(bounds).max(initial=0)) >= WIDEST:
        raise UserError(
            "an accumulator needs more than 60 bits", remedy="quantise weights or activations to fewer bits"
        )
    return (weights * bounds).sum(axis=1)
