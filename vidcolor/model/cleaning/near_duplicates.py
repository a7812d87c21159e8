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
    begins = range(0, max(1, len(hashes)), _BLOCK)
    for word in range(_WORDS):
        index = _Index(hashes, word)
        for number, begin in enumerate(begins, start=1):
            for mask in masks:
                yield from index.pairs(begin, min(begin + _BLOCK, len(hashes)), mask, radius)
            if on_progress:
                on_progress(word * len(begins) + number, _WORDS * len(begins))


def distance(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Number of bits in which uint64 arrays differ."""
    bits = first ^ second
    if hasattr(np, "bitwise_count"):  # from numpy 2 on
        counted: np.ndarray = np.bitwise_count(bits)
        return counted
    return parallel_count(bits)


def parallel_count(bits: np.ndarray) -> np.ndarray:
    """Number of bits set in each of uint64 ``bits`` (Warren, Hacker's Delight, 5-1)."""
    bits = bits - ((bits >> np.uint64(1)) & np.uint64(0x5555555555555555))
    bits = (bits & np.uint64(0x3333333333333333)) + ((bits >> np.uint64(2)) & np.uint64(0x3333333333333333))
    bits = (bits + (bits >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return ((bits * np.uint64(0x0101010101010101)) >> np.uint64(56)).astype(np.uint8)


class _Index:
    """Pictures in the order of one 16-bit word of their hash, so that those with the same word lie together."""

    def __init__(self, hashes: np.ndarray, word: int) -> None:
        words = ((hashes >> np.uint64(_BITS * word)) & np.uint64((1 << _BITS) - 1)).astype(np.int64)
        self._order = np.argsort(words, kind="stable")
        self._words, self._hashes = words[self._order], hashes[self._order]
        self._starts = np.searchsorted(self._words, np.arange((1 << _BITS) + 1))

    def pairs(self, begin: int, stop: int, mask: int, radius: int) -> Iterator[np.ndarray]:
        """Near pairs (M, 2) whose words differ in exactly the bits of ``mask``, one of them from begin to stop."""
        places = np.arange(begin, stop)
        partners = self._words[begin:stop] ^ mask
        if mask:
            places, partners = places[partners > self._words[begin:stop]], partners[partners > self._words[begin:stop]]
        starts = self._starts[partners] if mask else places + 1  # of equal words, each pair once
        counts = self._starts[partners + 1] - starts
        parts = np.cumsum(counts) // _MOST_PAIRS  # one, but where thousands of hashes are alike
        for part in range(int(parts[-1]) + 1 if len(parts) else 0):
            chosen = parts == part
            near = self._near(places[chosen], starts[chosen], counts[chosen], radius)
            if len(near):
                yield near

    def _near(self, places: np.ndarray, starts: np.ndarray, counts: np.ndarray, radius: int) -> np.ndarray:
        partners = np.arange(counts.sum()) + np.repeat(starts - (np.cumsum(counts) - counts), counts)
        near = distance(np.repeat(self._hashes[places], counts), self._hashes[partners]) <= radius
        pairs = np.stack((self._order[np.repeat(places, counts)[near]], self._order[partners[near]]), axis=1)
        return np.sort(pairs, axis=1)


def _masks(bits: int) -> list[int]:
    """All 16-bit words with at most so many bits."""
    return [
        sum(1 << bit for bit in chosen) for count in range(bits + 1) for chosen in combinations(range(_BITS), count)
    ]
