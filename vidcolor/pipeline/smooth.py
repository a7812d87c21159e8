"""Steady the key frames' chroma: each agrees with its neighbours, carried to it along the motion."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import cv2
import numpy as np

from vidcolor.pipeline.flow import Path, carry, check_luma, extend, resting_path, to_chroma_grid
from vidcolor.pipeline.track import Interval, KeyConfig


@dataclass(frozen=True)
class SmoothConfig:
    """How strongly key frames are drawn together."""

    neighbours: int = 2
    """Key frames on each side that have a say; 0 leaves every key frame as it is."""
    strength: float = 1.0
    """Weight of a fully trusted neighbour next to the key frame's own 1."""
    tolerance: float = 6.0
    """Distance in ab from what most say, in CIELAB units, at which a voice loses half its weight."""
    reach: int = 48
    """Frames up to which chroma known for certain is carried outward."""

    def __post_init__(self) -> None:
        if self.neighbours < 0 or self.reach < 0:
            raise ValueError(f"neighbours and reach count from 0, got {self.neighbours} and {self.reach}")
        if self.strength < 0 or self.tolerance <= 0:
            raise ValueError(f"strength >= 0 and tolerance > 0, got {self.strength} and {self.tolerance}")


@dataclass(frozen=True)
class KeyChroma:
    """An interval and the chroma of the key frame that it brings."""

    interval: Interval
    ab: np.ndarray = field(repr=False)
    """Shape (2, h, w), float32, CIELAB units, on the interval's chroma grid."""
    known: bool = False
    """True where ``ab`` is the frame's true chroma (a painted still of it, say), not a guess."""


def margin(keys: KeyConfig, smooth: SmoothConfig) -> int:
    """Frames by which stretches of a long shot must overlap on each side, so that no seam can be seen.

    A whole number of grid intervals: the frames of a stretch may start or stop this far inside it, on the grid, and
    are then the same as if the shot had been walked in one go.
    """
    reach = -(-smooth.reach // keys.interval)
    return keys.interval * (1 + max(smooth.neighbours, reach))


def smooth_keys(keys: Iterable[KeyChroma], config: SmoothConfig | None = None) -> Iterator[tuple[Interval, np.ndarray]]:
    """Blend every key frame's chroma with what its neighbours say, streaming; what is known stays as it is.

    keys: the keys of one shot in order. Yields (interval, chroma (2, h, w) float32) in the same order, each one as
    soon as the keys within reach after it have come. Blends raw chroma only, never what was blended before: the
    window is finite, and a key's result depends on nothing outside it.
    """
    config = config or SmoothConfig()
    window: list[KeyChroma] = []
    place = 0  # of the next key to be answered, in the window
    for key in keys:
        window.append(key)
        while place < len(window) - 1 and _complete(window, place, config):
            yield window[place].interval, _steady(window, place, config)
            place += 1
            dropped = _outworn(window, place, config)
            del window[:dropped]
            place -= dropped
    for rest in range(place, len(window)):
        yield window[rest].interval, _steady(window, rest, config)


def _complete(window: list[KeyChroma], place: int, config: SmoothConfig) -> bool:
    """True when no key that is still to come can change the answer."""
    ahead = window[-1].interval.last - window[place].interval.last
    return len(window) - 1 - place >= config.neighbours and ahead >= config.reach


def _outworn(window: list[KeyChroma], place: int, config: SmoothConfig) -> int:
    """How many of the oldest keys no later answer needs."""
    count = 0
    now = window[place].interval.last if place < len(window) else window[-1].interval.last
    while place - count > config.neighbours and now - window[count].interval.last > config.reach:
        count += 1
    return count


def _steady(window: list[KeyChroma], place: int, config: SmoothConfig) -> np.ndarray:
    """The answer for one key: the voices' mean, drawn to what is known."""
    own = window[place]
    if own.known or len(window) == 1:
        return own.ab
    voices = [cv2.merge(list(own.ab))]
    weights = [np.ones(own.ab.shape[1:], np.float32)]
    sure, sureness = np.zeros_like(voices[0]), np.zeros_like(weights[0])
    for direction in (-1, 1):
        for other, path in _walk(window, place, direction, config):
            brought = carry(cv2.merge(list(other.ab)), path)
            if other.known:
                sure += brought * path.trust[..., None]
                sureness += path.trust
                break  # what lies behind it adds nothing
            if abs(window.index(other) - place) <= config.neighbours:
                voices.append(brought)
                weights.append(config.strength * path.trust**2)
    mean = _robust_mean(voices, weights, config.tolerance)
    total = np.minimum(sureness, 1)[..., None]
    answer = mean * (1 - total) + sure / np.maximum(sureness, 1e-6)[..., None] * total
    return np.ascontiguousarray(answer.transpose(2, 0, 1), dtype=np.float32)


def _walk(
    window: list[KeyChroma], place: int, direction: int, config: SmoothConfig
) -> Iterator[tuple[KeyChroma, Path]]:
    """The keys before (-1) or after (+1) one, nearest first, as far as they matter, and the paths to them."""
    here = window[place].interval
    gray = to_chroma_grid(here.key_gray)
    path = resting_path(gray.shape)
    at = place + direction
    while 0 <= at < len(window):
        there = window[at].interval
        far = abs(there.last - here.last) > config.reach or not _known_ahead(window, at, direction)
        if abs(at - place) > config.neighbours and far:
            return
        link = window[at + 1].interval.to_first[-1] if direction < 0 else there.to_last[0]
        path = extend(link, path)
        yield window[at], check_luma(path, gray, to_chroma_grid(there.key_gray))
        at += direction


def _known_ahead(window: list[KeyChroma], at: int, direction: int) -> bool:
    keys = window[at:] if direction > 0 else window[: at + 1]
    return any(key.known for key in keys)


def _robust_mean(voices: list[np.ndarray], weights: list[np.ndarray], tolerance: float) -> np.ndarray:
    """Weighted mean of images (h, w, 2) in which voices far from the rest count less (Geman-McClure, two rounds)."""
    stack, trust = np.stack(voices), np.stack(weights)[..., None]
    mean = (stack * trust).sum(0) / trust.sum(0)
    for _ in range(2):
        distance = np.square(stack - mean).sum(-1, keepdims=True) / np.float32(tolerance**2)
        weight = trust / np.square(1 + distance)
        mean = (stack * weight).sum(0) / weight.sum(0)
    return mean
