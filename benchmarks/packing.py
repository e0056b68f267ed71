#!/usr/bin/env python3
"""
Speed of packing elements into the words of a port and back, in bytes of words per second.

    python benchmarks/packing.py [--bits 1 2 3 4 8 16] [--lanes 64] [--megabytes 4] [--repeat 5]

Elements lie in the narrowest machine integer, as images do, and in 64 bits, as the host functions give them. Those of
less than 8 bits are bound by their own bytes: 1 bit comes from 8 (or 64) bits of memory.
"""

import argparse
import time
from collections.abc import Callable

import numpy as np

from qnn_ir.driver.packing import WordFormat, pack, unpack


def best(action: Callable[[], object], repeat: int) -> float:
    """The seconds of the fastest of `repeat` runs."""
    seconds: list[float] = []
    for _ in range(repeat):
        start = time.perf_counter()
        action()
        seconds.append(time.perf_counter() - start)
    return min(seconds)


def measure(bits: int, lanes: int, megabytes: float, repeat: int) -> tuple[int, int, int]:
    """MB/s of packing narrow elements, of packing 64-bit elements and of unpacking; the round trip is checked."""
    form = WordFormat(bits, False, lanes, 16)
    frames = max(1, int(megabytes * 1e6) // form.frame_bytes)
    narrow = np.min_scalar_type((1 << bits) - 1)
    elements = np.random.default_rng(bits).integers(0, 1 << bits, (frames, form.frame_elements)).astype(narrow)
    wide, words = elements.astype(np.int64), pack(elements, form)
    assert np.array_equal(unpack(words, form), elements)
    actions = (lambda: pack(elements, form), lambda: pack(wide, form), lambda: unpack(words, form))
    first, second, third = (round(words.nbytes / best(action, repeat) / 1e6) for action in actions)
    return first, second, third


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bits", type=int, nargs="+", default=[1, 2, 3, 4, 8, 16])
    parser.add_argument("--lanes", type=int, default=64)
    parser.add_argument("--megabytes", type=float, default=4.0, help="of words")
    parser.add_argument("--repeat", type=int, default=5)
    arguments = parser.parse_args()
    print("bits  pack MB/s  pack from int64 MB/s  unpack MB/s")
    for bits in arguments.bits:
        packed, from_wide, unpacked = measure(bits, arguments.lanes, arguments.megabytes, arguments.repeat)
        print(f"{bits:4}  {packed:9}  {from_wide:20}  {unpacked:11}")


if __name__ == "__main__":
    main()
