"""A frame whose chroma is known, and its pixels in a later or earlier key frame of the shot, however far away.

Motion chained from frame to frame drifts, and its trust, a product, is soon spent. Here the search for the motion
between the two frames themselves begins where the chain leads, and how far it is believed hangs on these two alone.
Every pixel follows the one of both that can be trusted more (as long-term tracking with flow over several steps does:
Crivelli et al., IEEE TIP 2015; Neoral et al., WACV 2024).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import cv2
import numpy as np

from vidcolor.flow import FlowEstimator, Path, carry, check_luma, extend, resting_path

WEIGHT = np.float32(2)
"""Of known chroma that is fully trusted, next to 1 for the network's."""

BRIGHTNESS_SCALE, BRIGHTNESS_SIGMA = 0.04, 3.0
"""Difference of mean luma, in [0, 1], at which trust falls to 1/e in steady light; and the deviation, in pixels, of the
Gaussian by which the mean is taken."""

LOST, FOUND = 0.08, 0.3
"""Mean trust below which a known frame is lost from sight, and from which it is found again. Between the two, what
looks like it is most often something else: to the search for motion one flat wall or floor is as good as another."""

CHAINED = np.float32(0.9)
"""Trust in a chain of motion, as a share of that in the motion between two frames that looks as right."""


@dataclass(frozen=True)
class Told:
    """What a known frame tells of a key frame's chroma, on the chroma grid (h, w)."""

    ab: np.ndarray = field(repr=False)
    """(2, h, w), CIELAB units, brought along the motion."""
    trust: np.ndarray = field(repr=False)
    """(h, w), in [0, 1]: how far the motion is believed."""

    def compact(self) -> Told:
        """The same in half precision."""
        return Told(self.ab.astype(np.float16), self.trust.astype(np.float16))


@dataclass(frozen=True)
class Tracked:
    """Known chroma of one frame, seen from a key frame. All on the chroma grid (h, w)."""

    gray: np.ndarray = field(repr=False)
    """(h, w) uint8, of the known frame."""
    ab: np.ndarray = field(repr=False)
    """(h, w, 2) float32, CIELAB units, of the known frame."""
    path: Path = field(repr=False)
    """From the key frame to the known one."""
    back: Path = field(repr=False)
    """From the known frame to the key frame."""
    lost: bool = False
    """True while it is out of sight."""

    @staticmethod
    def of(gray: np.ndarray, ab: np.ndarray) -> Tracked:
        """The known frame seen from itself: its gray (h, w) uint8, its chroma (2, h, w)."""
        rest = resting_path(gray.shape)
        return Tracked(gray, cv2.merge(list(ab)), rest, rest)

    def seen_from(self, gray: np.ndarray, to_key: Path, from_key: Path, estimator: FlowEstimator) -> Tracked:
        """The known frame seen from the next key frame, whose gray (h, w) uint8 is given.

        to_key: path from that key frame to the one from which the known frame is seen now; from_key: the way back.
        """
        chained = extend(self.path, to_key)
        guess = chained.position, carry(from_key.position, self.back)
        direct, back = estimator.between(gray, self.gray, guess)
        chained = Path(chained.position, chained.trust * CHAINED)
        path = _safer(self._checked(direct, gray), self._checked(chained, gray))
        lost = bool(path.trust.mean() < (FOUND if self.lost else LOST))
        return Tracked(self.gray, self.ab, path, back, lost)

    def told(self) -> Told | None:
        """What it tells of the key frame; None where it is lost from sight."""
        if self.lost:
            return None
        return Told(carry(self.ab, self.path).transpose(2, 0, 1), self.path.trust)

    def _checked(self, path: Path, gray: np.ndarray) -> Path:
        """A path from a key frame's gray, trusted less where the known frame does not look like it."""
        return _check_brightness(check_luma(path, gray, self.gray), gray, self.gray)


def draw(ab: np.ndarray, told: Iterable[Told | None]) -> np.ndarray:
    """A key frame's chroma (2, h, w), CIELAB units, drawn to what known frames tell, as far as each is believed."""
    total, weights = ab, np.ones(ab.shape[1:], np.float32)
    for each in told:
        if each is not None:
            weight = each.trust * WEIGHT
            total, weights = total + weight * each.ab, weights + weight
    return np.asarray(total / weights, np.float32)


def _safer(one: Path, other: Path) -> Path:
    """At every pixel the path that is trusted more."""
    better = other.trust > one.trust
    return Path(np.where(better[..., None], other.position, one.position), np.maximum(one.trust, other.trust))


def _check_brightness(path: Path, here: np.ndarray, there: np.ndarray) -> Path:
    """Lower the trust of a path where it leads to something brighter or darker, by more than the light has changed.

    here, there: grays (h, w), uint8, of the frames where the path starts and where it leads.
    """
    change = (carry(there, path).astype(np.float32) - here) * np.float32(1 / 255)
    size = np.abs(cv2.GaussianBlur(change, (0, 0), BRIGHTNESS_SIGMA))
    scale = BRIGHTNESS_SCALE + float(np.median(size))
    return Path(path.position, path.trust * np.exp(-((size / scale) ** 2)))
