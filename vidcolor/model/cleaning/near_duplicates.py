"""Pairs of pictures that show the same: multi-index hashing of 64-bit perceptual hashes (Norouzi et al. 2012).

Two hashes that differ in at most r bits differ in at most r // 4 within one of their four 16-bit words. So each word is
an index: only pictures whose word is equal, or differs in so few bits, are compared. A million pictures need minutes
and no more memory than a block of pairs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import combinations

import numpy as np

_WORDS, _BITS = 4, 16
_BLOCK = 1 << 14
"""Pictures looked up at once."""
_MOST_PAIRS = 1 << 22
"""Pairs compared at once, about."""


def pairs_within(
    hashes: np.ndarray, radius: int, on_progress: Callable[[int, int], None] | None = None
) -> Iterator[np.ndarray]:
    """Blocks (M, 2) of indices i < j of all hashes (N,) uint64 that differ in at most ``radius`` bits (0 to 15).

    A pair may come in several blocks. ``on_progress`` is told how many lookups of how many are done.
    """
    masks = _masks(radius // _WORDS)
    steps = _WORDS * max(1, -(-len(hashes) // _BLOCK))
    for step, (word, begin) in enumerate(
        ((word, begin) for word in range(_WORDS) for begin in range(0, max(1, len(hashes)), _BLOCK)), start=1
    ):
        if begin == 0:
            index = _Index(hashes, word)
        queries = np.arange(begin, min(begin + _BLOCK, len(hashes)))
        for left, right in (pair for mask in masks for pair in index.meet(queries, mask)):
            near = distance(hashes[left], hashes[right]) <= radius
            if near.any():
                yield np.stack((left[near], right[near]), axis=1)
        if on_progress:
            on_progress(step, steps)


def distance(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Number of bits in which uint64 arrays differ, int64: the parallel count of Warren (Hacker's Delight, 5-1)."""
    bits = first ^ second
    bits = bits - ((bits >> np.uint64(1)) & np.uint64(0x5555555555555555))
    bits = (bits & np.uint64(0x3333333333333333)) + ((bits >> np.uint64(2)) & np.uint64(0x3333333333333333))
    bits = (bits + (bits >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return ((bits * np.uint64(0x0101010101010101)) >> np.uint64(56)).astype(np.int64)


class _Index:
    """Pictures by one 16-bit word of their hash."""

    def __init__(self, hashes: np.ndarray, word: int) -> None:
        self._words = ((hashes >> np.uint64(_BITS * word)) & np.uint64((1 << _BITS) - 1)).astype(np.int64)
        self._order = np.argsort(self._words, kind="stable")
        self._starts = np.searchsorted(self._words[self._order], np.arange((1 << _BITS) + 1))

    def meet(self, queries: np.ndarray, mask: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Pairs (query, later picture) whose words differ in exactly the bits of ``mask``, so many at a time."""
        starts = self._starts[self._words[queries] ^ mask]
        counts = self._starts[(self._words[queries] ^ mask) + 1] - starts
        parts = np.cumsum(counts) // _MOST_PAIRS
        for part in np.unique(parts):  # one, but where thousands of hashes are alike
            chosen = parts == part
            yield self._pairs(queries[chosen], starts[chosen], counts[chosen])

    def _pairs(self, queries: np.ndarray, starts: np.ndarray, counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        left = np.repeat(queries, counts)
        places = np.arange(counts.sum()) + np.repeat(starts - (np.cumsum(counts) - counts), counts)
        right = self._order[places]
        later = right > left
        return left[later], right[later]


def _masks(bits: int) -> list[int]:
    """All 16-bit words with at most so many bits."""
    return [
        sum(1 << bit for bit in chosen) for count in range(bits + 1) for chosen in combinations(range(_BITS), count)
    ]
