"""Colour the frames between two key frames from both of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import cv2
import numpy as np

from vidcolor.flow import Path, carry
from vidcolor.pipeline.track import Interval

LEAST_WEIGHT = 0.01
"""What a key weighs where it is not trusted at all: where neither is, both count by nearness, along the flow that the
surroundings suggest."""


def fill(interval: Interval, ab_first: np.ndarray | None, ab_last: np.ndarray) -> Iterator[np.ndarray]:
    """Chroma of the frames that an interval brings, in order, the key frame ``last`` included, as it is.

    ab_first, ab_last: chroma of the two key frames, (2, h, w), float32, CIELAB units, on the interval's chroma grid;
    ``ab_first`` is None for the interval that opens a shot. Yields arrays of the same shape.
    """
    if interval.opens or ab_first is None:
        yield ab_last
        return
    first, last = cv2.merge(list(ab_first)), cv2.merge(list(ab_last))
    length = interval.last - interval.first
    for step in range(1, length):
        nearness = step / length
        yield _blend(first, last, interval.to_first[step], interval.to_last[step], nearness)
    yield ab_last


def fill_shot(keys: Iterable[tuple[Interval, np.ndarray]]) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
    """Chroma of every frame of a shot, from its intervals and the chroma of the key frame that each one brings.

    Yields (frame number in the shot, working-size gray (H, W) uint8, chroma (2, h, w) float32), in order.
    """
    before: np.ndarray | None = None
    for interval, ab in keys:
        grays = interval.grays if interval.opens else interval.grays[1:]
        yield from zip(interval.frames, grays, fill(interval, before, ab), strict=True)
        before = ab


def _blend(first: np.ndarray, last: np.ndarray, to_first: Path, to_last: Path, nearness: float) -> np.ndarray:
    """Mean of both keys' chroma (h, w, 2), weighted by trust and by nearness in time: (2, h, w)."""
    weight_first = (to_first.trust + np.float32(LEAST_WEIGHT)) * np.float32(1 - nearness)
    weight_last = (to_last.trust + np.float32(LEAST_WEIGHT)) * np.float32(nearness)
    share = weight_last / (weight_first + weight_last)
    a, b = carry(first, to_first), carry(last, to_last)
    return np.stack([a[..., c] + (b[..., c] - a[..., c]) * share for c in (0, 1)])
