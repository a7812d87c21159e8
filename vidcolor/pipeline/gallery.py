"""A bounded set of pictures that are unlike each other, gathered one by one."""

from __future__ import annotations

import cv2
import numpy as np

from vidcolor.types import Reference

_THUMB = (16, 9)
_NEAR_IDENTICAL = 0.08
"""Mean difference of two thumbnails, as a share of their contrast, below which one of the two is enough."""


class Gallery:
    """Holds at most ``most`` references: where one more comes, the later of the two most alike goes."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._held: list[tuple[Reference, np.ndarray]] = []

    @property
    def references(self) -> list[Reference]:
        """Those held, in the order in which they came."""
        return [reference for reference, _ in self._held]

    def add(self, reference: Reference) -> None:
        """Take a picture in, unless it is near-identical with one that is held."""
        thumb = cv2.resize(reference.rgb, _THUMB, interpolation=cv2.INTER_AREA).astype(np.float32)
        if any(_distance(thumb, other) < _NEAR_IDENTICAL for _, other in self._held):
            return
        self._held.append((reference, thumb))
        if len(self._held) > self._most:
            del self._held[self._most_alike()]

    def _most_alike(self) -> int:
        """Place of the later of the two that differ least."""
        thumbs = np.stack([thumb for _, thumb in self._held])
        pairs = [(_distances(thumbs[:place], thumbs[place]).min(), place) for place in range(1, len(thumbs))]
        return min(pairs)[1]


def _distance(a: np.ndarray, b: np.ndarray) -> float:
    return float(_distances(a[None], b)[0])


def _distances(thumbs: np.ndarray, thumb: np.ndarray) -> np.ndarray:
    """Differences of thumbnails (N, h, w, 3) from one (h, w, 3) as shares of contrast: dark pictures count alike."""
    contrast = (thumbs.std((1, 2, 3)) + thumb.std()) / 2
    return np.abs(thumbs - thumb).mean((1, 2, 3)) / (contrast + 1)
