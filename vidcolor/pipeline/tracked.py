"""A frame whose chroma is known, and its pixels in a later or earlier key frame of the shot, however far away.

Motion chained from frame to frame drifts, and its trust, a product, is soon spent. Here the search for the motion
between the two frames themselves begins where the chain leads, and how far it is believed hangs on these two alone.
Every pixel follows the one of both that can be trusted more (as long-term tracking with flow over several steps does:
Crivelli et al., IEEE TIP 2015; Neoral et al., WACV 2024).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np

from vidcolor.flow import FlowEstimator, Path, carry, check_luma, extend, resting_path

WEIGHT = np.float32(2)
"""Of known chroma that is fully trusted, next to 1 for the network's."""

BRIGHTNESS_SCALE, BRIGHTNESS_SIGMA = 0.04, 3.0
"""Difference of mean luma, in [0, 1], at which trust falls to 1/e in steady light; and the deviation, in pixels, of the
Gaussian by which the mean is taken."""

CHAINED = np.float32(0.9)
"""Trust in a chain of motion, as a share of that in the motion between two frames that looks as right."""


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
        return Tracked(self.gray, self.ab, path, back)

    def over(self, ab: np.ndarray) -> np.ndarray:
        """The key frame's chroma (2, h, w), CIELAB units, drawn to what is known as far as the motion is believed."""
        weight = self.path.trust * WEIGHT
        known = carry(self.ab, self.path).transpose(2, 0, 1)
        return (ab + weight * known) / (1 + weight)

    def _checked(self, path: Path, gray: np.ndarray) -> Path:
        """A path from a key frame's gray, trusted less where the known frame does not look like it."""
        return _check_brightness(check_luma(path, gray, self.gray), gray, self.gray)


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
