"""Shots of the same set or person across the film, found by the gray picture alone.

As for references, a global descriptor makes the shortlist and dense correspondence decides, both ways. Every shot is
compared densely with a few others only, so that the cost grows with the number of shots, not with its square.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from vidcolor.model.any_colorist import AnyColorist, Likeness, Seen

_KEPT = 64
"""Pictures whose places are held at once."""
_ROWS = 256
"""Shots whose closeness to all others is held at once."""


@dataclass(frozen=True)
class TieConfig:
    """When two shots are taken to show the same set or person. A wrong tie does harm, a missed one little."""

    neighbours: int = 6
    """Shots with which each is compared densely, the most alike by their global descriptors; 0 ties nothing."""
    closeness: float = 0.8
    """Cosine of the global descriptors, -1 to 1, below which two shots are not compared."""
    similarity: float = 0.58
    """Mean best cosine of the places of two pictures, the worse of both ways, from which on they are tied."""
    share: float = 0.7
    """Share of the picture, 0 to 1, that each must explain of the other."""

    def __post_init__(self) -> None:
        if self.neighbours < 0:
            raise ValueError(f"neighbours from 0 are needed, got {self.neighbours}")
        if not (-1 <= self.closeness <= 1 and -1 <= self.similarity <= 1 and 0 <= self.share <= 1):
            raise ValueError("closeness and similarity lie in -1 to 1, share in 0 to 1")


class TieFinder:
    """Gathers one gray picture of each shot, then says which belong together."""

    def __init__(self, colorist: AnyColorist[Any, Any], config: TieConfig) -> None:
        self._colorist, self._config = colorist, config
        self._grays: list[np.ndarray] = []
        self._descriptors: list[np.ndarray] = []

    def add(self, gray: np.ndarray) -> None:
        """Take the next shot's picture (h, w) uint8, its sides multiples of 32."""
        if self._config.neighbours:
            self._grays.append(gray)
            self._descriptors.append(self._colorist.see(gray).descriptor)

    def ties(self, on_progress: Callable[[int, int | None], None] | None = None) -> dict[tuple[int, int], float]:
        """Pairs of shots (the earlier first), by the order in which they came, that belong together: how alike."""
        pairs = sorted(self._shortlisted())
        look, found = lru_cache(maxsize=_KEPT)(self._look), {}
        for done, (a, b) in enumerate(pairs, 1):
            alike = self._alike(look(a), look(b))
            if alike is not None:
                found[a, b] = alike
            if on_progress:
                on_progress(done, len(pairs))
        return found

    def _shortlisted(self) -> set[tuple[int, int]]:
        """Pairs of which one is among the other's nearest, and near enough."""
        pairs: set[tuple[int, int]] = set()
        if not self._grays:
            return pairs
        described = np.stack(self._descriptors)
        for start in range(0, len(described), _ROWS):
            for row, closeness in enumerate(described[start : start + _ROWS] @ described.T, start):
                closeness[row] = -2.0
                for other in np.argsort(-closeness, kind="stable")[: self._config.neighbours]:
                    if closeness[other] >= self._config.closeness:
                        pairs.add((min(row, int(other)), max(row, int(other))))
        return pairs

    def _alike(self, a: tuple[Seen, Any], b: tuple[Seen, Any]) -> float | None:
        """Similarity of two shots, the worse of both ways; None where they are not the same."""
        (seen_a, as_reference_a), (seen_b, as_reference_b) = a, b
        ways = (self._colorist.compare(seen_a, as_reference_b), self._colorist.compare(seen_b, as_reference_a))
        return min(way.similarity for way in ways) if all(map(self._is_same, ways)) else None

    def _is_same(self, way: Likeness) -> bool:
        return way.similarity >= self._config.similarity and way.gate >= self._config.share

    def _look(self, number: int) -> tuple[Seen, Any]:
        """A shot's picture as one to compare, and as a reference without colour."""
        gray = self._grays[number]
        return self._colorist.see(gray), self._colorist.encode(gray[..., None].repeat(3, axis=2), min(gray.shape))


def groups_of(shots: int, ties: Iterable[tuple[int, int]]) -> list[list[int]]:
    """Shots that hang together by ties, directly or over others; each in one group, those of several shots alone."""
    root = list(range(shots))

    def find(shot: int) -> int:
        while root[shot] != shot:
            root[shot] = shot = root[root[shot]]
        return shot

    for a, b in ties:
        root[max(find(a), find(b))] = min(find(a), find(b))
    members: dict[int, list[int]] = {}
    for shot in range(shots):
        members.setdefault(find(shot), []).append(shot)
    return [group for group in members.values() if len(group) > 1]
