"""Steady the key frames' chroma: each agrees with its neighbours, carried to it along the motion."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import cv2
import numpy as np

from vidcolor.flow import Path, carry, check_luma, extend, resting_path, to_chroma_grid
from vidcolor.pipeline.track import Interval, KeyConfig

Keyed = tuple[Interval, np.ndarray]
"""An interval and the chroma (2, h, w), float32, CIELAB units, of the key frame ``interval.last`` that it brings."""

CERTAINTY = np.float32(30)
"""Weight of a neighbour whose chroma is known and fully trusted, next to 1 for the blend of guesses."""


@dataclass(frozen=True)
class SmoothConfig:
    """How strongly key frames are drawn together."""

    neighbours: int = 2
    """Key frames on each side that have a say; 0 leaves every guess as it is."""
    strength: float = 1.0
    """Weight of a fully trusted neighbour, next to 1 for the key frame's own guess."""
    tolerance: float = 12.0
    """Distance in ab from what most say, in CIELAB units, at which a voice keeps a quarter of its weight."""

    def __post_init__(self) -> None:
        if self.neighbours < 0:
            raise ValueError(f"neighbours count from 0, got {self.neighbours}")
        if self.strength < 0 or self.tolerance <= 0:
            raise ValueError(f"strength is not negative, tolerance above 0, got {self.strength} and {self.tolerance}")


def margin(keys: KeyConfig, smooth: SmoothConfig) -> int:
    """Frames that a stretch of a long shot needs before and after those it answers for, so that no seam shows.

    A whole number of grid intervals. Frames of a stretch at least this far from where it was cut off are the same as
    if the shot had been walked in one go.
    """
    return keys.interval * (1 + smooth.neighbours)


def smooth_keys(
    keys: Iterable[Keyed], config: SmoothConfig | None = None, known: Mapping[int, np.ndarray] | None = None
) -> Iterator[Keyed]:
    """Blend every key frame's chroma with what its neighbours say, streaming.

    keys: intervals of one shot in order, each with the chroma guessed for the key frame that it brings.
    known: true chroma (2, h, w) of key frames, by their number in the shot (a painted still, the reference's very
        frame). It replaces the guess as it is, and its neighbours are drawn to it.

    Yields the same intervals with steadied chroma, each as soon as the keys that matter after it have come. Only
    guesses are blended, never what was blended before: an answer depends on a finite window.
    """
    window = _Window(config or SmoothConfig(), known or {})
    for interval, guess in keys:
        window.append(interval, guess)
        yield from window.settled()
    yield from window.rest()


@dataclass
class _Key:
    """What smoothing needs of a key frame; its interval only until it is answered."""

    number: int
    gray: np.ndarray
    ab: np.ndarray
    """(h, w, 2): what is known, or else the guess."""
    back: Path
    """To the key before it."""
    ahead: Path
    """From the key before it to this one."""
    interval: Interval | None


class _Window:
    """The keys that still matter, and the place among them of the next to be answered."""

    def __init__(self, config: SmoothConfig, known: Mapping[int, np.ndarray]) -> None:
        self._config = config
        self._known = known
        self._keys: list[_Key] = []
        self._next = 0

    def append(self, interval: Interval, guess: np.ndarray) -> None:
        ab = cv2.merge(list(self._known.get(interval.last, guess)))
        gray = to_chroma_grid(interval.key_gray)
        self._keys.append(_Key(interval.last, gray, ab, interval.to_first[-1], interval.to_last[0], interval))

    def settled(self) -> Iterator[Keyed]:
        """Answers that no key still to come can change."""
        while len(self._keys) - 1 - self._next >= max(1, self._config.neighbours):
            yield self._answer()

    def rest(self) -> Iterator[Keyed]:
        """The remaining answers, the shot being over."""
        while self._next < len(self._keys):
            yield self._answer()

    def _answer(self) -> Keyed:
        key = self._keys[self._next]
        assert key.interval is not None
        ab = key.ab if key.number in self._known else self._steadied(key)
        answer = key.interval, np.stack(cv2.split(ab))
        key.interval = None
        self._next += 1
        self._forget()
        return answer

    def _forget(self) -> None:
        """Drop the oldest keys, that no later answer needs."""
        outworn = max(0, self._next - self._config.neighbours)
        del self._keys[:outworn]
        self._next -= outworn

    def _is_known(self, place: int) -> bool:
        return self._keys[place].number in self._known

    def _steadied(self, key: _Key) -> np.ndarray:
        """Robust mean of the guesses around, drawn to what is known: (h, w, 2)."""
        voices, weights = [key.ab], [np.ones(key.ab.shape[:2], np.float32)]
        sure, sureness = np.zeros_like(key.ab), np.zeros_like(weights[0])
        for direction in (-1, 1):
            for place, path in self._paths(key, direction):
                brought = carry(self._keys[place].ab, path)
                if self._is_known(place):
                    sure += brought * (path.trust * CERTAINTY)[..., None]
                    sureness += path.trust * CERTAINTY
                else:
                    voices.append(brought)
                    weights.append(path.trust * np.float32(self._config.strength))
        mean = _robust_mean(voices, weights, self._config.tolerance)
        return (mean + sure) / (1 + sureness)[..., None]

    def _paths(self, key: _Key, direction: int) -> Iterator[tuple[int, Path]]:
        """Places of the keys before (-1) or after (+1) that have a say, nearest first, and the paths to them."""
        path = resting_path(key.gray.shape)
        edge = -1 if direction < 0 else len(self._keys)
        for place in range(self._next + direction, edge, direction)[: self._config.neighbours]:
            there = self._keys[place]
            path = extend(self._keys[place + 1].back if direction < 0 else there.ahead, path)
            yield place, check_luma(path, key.gray, there.gray)


def _robust_mean(voices: list[np.ndarray], weights: list[np.ndarray], tolerance: float) -> np.ndarray:
    """Weighted mean of images (h, w, 2) in which voices far from the rest count less (Geman-McClure, two rounds)."""
    if len(voices) == 1:
        return voices[0]
    stack, trust = np.stack(voices), np.stack(weights)[..., None]
    mean = (stack * trust).sum(0) / trust.sum(0)
    for _ in range(2):
        distance = np.square(stack - mean).sum(-1, keepdims=True) * np.float32(1 / tolerance**2)
        weight = trust / np.square(1 + distance)
        mean = (stack * weight).sum(0) / weight.sum(0)
    return mean
