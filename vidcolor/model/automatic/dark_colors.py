"""How well dark, low-contrast reds and blues are met: where a colorizer that answers by the mean fails first."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

DARKEST_CHROMA, DARK_LIGHTNESS, LOW_CONTRAST = 15.0, 45.0, 6.0
"""Least chroma and most L* of a dark colour; most standard deviation of L* around it. All in CIELAB units."""

HUES = {"red": (5.0, 50.0), "blue": (255.0, 315.0)}
"""Hue angles in the ab plane, in degrees: sRGB red has 40, blue 306; dark cloth and brick, evening sky and sea."""

_WINDOW = 9  # pixels over which contrast is taken


@dataclass(frozen=True)
class HueError:
    """Of all pixels of one hue."""

    pixels: int
    rmse: float
    """Root mean square distance in the ab plane per channel, in CIELAB units."""
    gray_rmse: float
    """The same of an answer without colour."""
    kept: float
    """Chroma along the true hue as a share of the true chroma: 1 as vivid as the truth, 0 gray, below 0 opposite."""


class DarkColors:
    """Errors over dark, low-contrast pixels by hue, fed picture by picture."""

    def __init__(self) -> None:
        self._sums = {hue: np.zeros(5) for hue in HUES}

    def add(self, ab: np.ndarray, truth: np.ndarray) -> None:
        """Take the next picture: the answer's ab (H, W, 2) and the true CIELAB (H, W, 3)."""
        true_ab = np.asarray(truth[..., 1:], np.float64)
        for hue, chosen in dark_masks(truth).items():
            out, true = np.asarray(ab, np.float64)[chosen], true_ab[chosen]
            chroma = np.linalg.norm(true, axis=-1)
            along = np.sum(out * true, axis=-1) / np.maximum(chroma, 1e-9)
            squares = np.sum(np.square(out - true)), np.sum(np.square(true))
            self._sums[hue] += (len(true), *squares, along.sum(), chroma.sum())

    def value(self, hue: str) -> HueError:
        """Over all pictures so far, of ``hue``, a key of :data:`HUES`; NaN where no pixel has it."""
        pixels, squares, true_squares, along, chroma = self._sums[hue].tolist()
        if not pixels:
            return HueError(0, math.nan, math.nan, math.nan)
        return HueError(
            int(pixels), math.sqrt(squares / pixels / 2), math.sqrt(true_squares / pixels / 2), along / chroma
        )


def dark_masks(lab: np.ndarray) -> dict[str, np.ndarray]:
    """Where a picture in CIELAB (H, W, 3) is dark, of low contrast and of each hue: (H, W) bool by hue."""
    lightness, a, b = np.moveaxis(np.asarray(lab, np.float32), -1, 0)
    dark = (lightness <= DARK_LIGHTNESS) & (np.hypot(a, b) >= DARKEST_CHROMA) & (_contrast(lightness) <= LOW_CONTRAST)
    angle = np.degrees(np.arctan2(b, a)) % 360
    return {hue: dark & (angle >= low) & (angle <= high) for hue, (low, high) in HUES.items()}


def _contrast(lightness: np.ndarray) -> np.ndarray:
    """Standard deviation of L* around every pixel."""
    size = (_WINDOW, _WINDOW)
    mean, square = cv2.blur(lightness, size), cv2.blur(lightness * lightness, size)
    return np.sqrt(np.maximum(square - mean * mean, 0))
