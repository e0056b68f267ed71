"""
How fast the host packs and unpacks words, with the code of every generated `host.py`.

    python benchmarks/packing.py

One line per element type: megabytes of words per second, the best of several rounds on one core. "int64" is from and to
what `prologue` makes and `epilogue` takes, "narrow" from the narrowest machine type (as data of a user may be).
"""

import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from qnn_ir.emit.host.python_words import pack_words, unpack_words
from qnn_ir.int_types import value_range, word_bits

CASES = [
    (1, False, 8), (1, False, 64), (2, False, 4), (2, True, 32), (3, False, 16), (3, True, 64), (4, False, 2),
    (4, True, 16), (5, False, 64), (6, True, 8), (7, True, 8), (8, False, 1), (8, False, 3), (8, True, 64),
    (12, True, 4), (16, True, 2), (20, True, 1), (24, True, 2), (32, True, 1),
]  # fmt: skip
"""Bits, signed, lanes of a word."""
WORD_MBYTES = 8
ROUNDS = 5


def main() -> None:
    print(f"{'element':>8} {'lanes':>6} {'pack narrow':>12} {'pack int64':>12} {'unpack':>12}   MB of words per second")
    for bits, signed, lanes in CASES:
        word_bytes = word_bits(bits * lanes) // 8
        count = WORD_MBYTES * 1_000_000 // word_bytes
        narrow = frames(bits, signed, count, lanes)
        words = pack_words(narrow, bits, signed, word_bytes)
        assert (unpack_words(words, bits, signed, lanes) == narrow).all()
        wide = narrow.astype(np.int64)
        seconds = [
            best(lambda values=narrow: pack_words(values, bits, signed, word_bytes)),  # noqa: B023
            best(lambda values=wide: pack_words(values, bits, signed, word_bytes)),  # noqa: B023
            best(lambda data=words: unpack_words(data, bits, signed, lanes)),  # noqa: B023
        ]
        speeds = " ".join(f"{words.nbytes / 1e6 / spent:12,.0f}" for spent in seconds)
        print(f"{('si' if signed else 'ui') + str(bits):>8} {lanes:>6} {speeds}")


def frames(bits: int, signed: bool, count: int, lanes: int) -> NDArray[np.integer]:
    """Random values of the narrowest machine type."""
    lo, hi = value_range(bits, signed)
    container = next(size for size in (1, 2, 4, 8) if bits <= 8 * size)
    kind = np.dtype(f"{'i' if signed else 'u'}{container}")
    return np.random.default_rng(0).integers(lo, hi, (count, lanes), kind, endpoint=True)


def best(work: Callable[[], object]) -> float:
    """Seconds of the fastest round."""
    seconds: list[float] = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - start)
    return min(seconds)


if __name__ == "__main__":
    main()
