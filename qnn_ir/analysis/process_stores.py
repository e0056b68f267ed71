"""The stores to one memory in the order of their side: which comes last before a moment, and which next."""

from collections.abc import Sequence
from functools import cached_property

import numpy as np

from qnn_ir.analysis.schedule import Vector


class Stores:
    """
    All stores of one side to one memory.

    `stores` are pairs of vectors, iterations and addresses of stores; the side has `total` iterations in all.
    """

    def __init__(self, stores: Sequence[tuple[Vector, Vector]], total: int):
        self._iterations, self._addresses = (np.concatenate(vectors) for vectors in zip(*stores, strict=True))
        if (np.diff(self._iterations) < 0).any():
            order = np.argsort(self._iterations, kind="stable")
            self._iterations, self._addresses = self._iterations[order], self._addresses[order]
        self._total = total
        self._ring = _ring_words(self._iterations, self._addresses)
        self._key = self._sorted_keys() if self._ring is None else None

    def _sorted_keys(self) -> Vector:
        return np.sort(self._addresses * self._span + self._iterations)

    @property
    def _span(self) -> int:
        """More than the number of any iteration: addresses and iterations make one sortable key."""
        return 1 + self._total

    def twice(self) -> int | None:
        """An iteration that stores one word twice."""
        if self._key is None:
            return None
        equal = np.flatnonzero(np.diff(self._key) == 0)
        return int(self._key[equal[0]] % self._span) if equal.size else None

    def around(self, addresses: Vector, done: Vector) -> tuple[Vector, Vector]:
        """
        The iterations of the last store to each address among the first `done` iterations, and of the next one.

        -1 where there is none before, `total` where there is none after.
        """
        if self._ring is not None and addresses.size and addresses.min() >= 0 and addresses.max() < self._ring:
            return self._around_ring(addresses, done, self._ring)
        return self._search(addresses, done)

    def _around_ring(self, addresses: Vector, done: Vector, words: int) -> tuple[Vector, Vector]:
        """
        Store number j goes to address `(first + j) mod words`: the last one to an address is found by a remainder.

        Of the numbers `s - words + 1 .. s`, s the last store done, exactly one goes to the address; the next is a
        whole round later.
        """
        last = self._counts[done]
        last -= 1
        behind = last - addresses
        behind += self._addresses[0]
        behind %= words
        last -= behind
        padded = self._padded  # one place further: the store number -1 is none before, one too many is none after
        return padded[np.maximum(last, -1) + 1], padded[np.minimum(last + words, len(padded) - 2) + 1]

    @cached_property
    def _counts(self) -> Vector:
        """How many stores the first 0, 1, ... iterations have."""
        stored = np.zeros(self._total + 1, np.int64)
        stored[self._iterations + 1] = 1
        return np.cumsum(stored)

    @cached_property
    def _padded(self) -> Vector:
        return np.concatenate([[-1], self._iterations, [self._total]])

    def _search(self, addresses: Vector, done: Vector) -> tuple[Vector, Vector]:
        """The same for any order of addresses, in the sorted keys."""
        key = self._sorted_keys() if self._key is None else self._key
        following = np.searchsorted(key, addresses * self._span + done)
        word_of, iteration_of = np.append(key // self._span, -1), np.append(key % self._span, self._total)
        before = np.where((following > 0) & (word_of[following - 1] == addresses), iteration_of[following - 1], -1)
        return before, np.where(word_of[following] == addresses, iteration_of[following], self._total)


def _ring_words(iterations: Vector, addresses: Vector) -> int | None:
    """The length of the ring that the stores go round, one address after the other; `None` where they do not."""
    words = int(addresses.max(initial=-1)) + 1
    if not addresses.size or addresses.min() < 0 or (np.diff(iterations) <= 0).any():
        return None
    return words if np.array_equal(addresses, (addresses[0] + np.arange(len(addresses))) % words) else None
