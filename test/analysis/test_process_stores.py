"""The stores around a moment are those that a search through all of them finds, on rings and in any order."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from qnn_ir.analysis.process_stores import Stores

TOTAL = 24


def around(stores: list[tuple[int, int]], address: int, done: int) -> tuple[int, int]:
    """By definition: `stores` are pairs of iteration and address."""
    before = [k for k, a in stores if a == address and k < done]
    after = [k for k, a in stores if a == address and k >= done]
    return max(before, default=-1), min(after, default=TOTAL)


def check(stores: list[tuple[int, int]], words: int, split: int) -> None:
    """All addresses at all moments; the stores come in two pieces, as from two operations."""
    pieces = [np.array(piece, np.int64).reshape(-1, 2).T for piece in (stores[:split], stores[split:])]
    addresses, done = (grid.ravel() for grid in np.meshgrid(np.arange(words), np.arange(TOTAL + 1)))
    before, after = Stores([(k, a) for k, a in pieces], TOTAL).around(addresses, done)
    expected = [around(stores, int(a), int(d)) for a, d in zip(addresses, done, strict=True)]
    assert list(zip(before.tolist(), after.tolist(), strict=True)) == expected


ITERATIONS = st.lists(st.integers(0, TOTAL - 1), unique=True)


@given(ITERATIONS, st.integers(1, 9), st.integers(0, 8), st.integers(0, TOTAL))
def test_rings(iterations: list[int], words: int, first: int, split: int):
    """Also loads beyond the ring, where the memory is longer."""
    stores = [(k, (first + j) % words) for j, k in enumerate(sorted(iterations))]
    check(stores, words + 2, split)


@given(ITERATIONS, st.data(), st.integers(0, TOTAL))
def test_any_order(iterations: list[int], data: st.DataObject, split: int):
    stores = [(k, data.draw(st.integers(0, 4))) for k in iterations]
    check(stores, 6, split)


@given(ITERATIONS.filter(bool), st.data())
def test_twice(iterations: list[int], data: st.DataObject):
    """Two operations that store one word in one iteration are found, and only those."""
    stores = np.array([(k, data.draw(st.integers(0, 2))) for k in iterations], np.int64).T
    again = data.draw(st.sampled_from(iterations))
    address = data.draw(st.integers(0, 2))
    both = [(stores[0], stores[1]), (np.array([again]), np.array([address]))]
    clash = int(stores[1][iterations.index(again)]) == address
    assert Stores(both, TOTAL).twice() == (again if clash else None)
    assert Stores(both[:1], TOTAL).twice() is None
