"""How much colour a picture has, of how many hues and shades: CIELAB, hue circular and weighted by chroma."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

COLOR_SIDE = 96
"""Colours are measured with this shorter side, in pixels; noise and compression are averaged away."""

_STEP = (5, 6, 6)  # CIELAB units between two colours that are counted apart
_MOST_OF = 0.8  # of the picture, that the counted colours make up
_STRAY_SHARE = 0.99
_ALIKE = 1 / 30  # share of pixels, sorted by lightness, that are of about the same


@dataclass(frozen=True)
class ColorMeasures:
    """Figures of one picture."""

    chroma: float
    """Mean of the chroma C*ab, CIELAB units."""
    hue_spread: float
    """Circular standard deviation of the hue, each pixel weighted by its chroma, in degrees."""
    stray: float
    """Distance beside the mean hue that 99 of 100 pixels keep in the a*b* plane, CIELAB units."""
    colors: int
    """Number of colours that make up four fifths of the picture, the most frequent first."""
    flat: float
    """Share of pixels that are as light as both neighbours, at the size given."""


def measure_colors(rgb: np.ndarray) -> ColorMeasures:
    """Measure (H, W, 3) uint8 sRGB."""
    lab = cv2.cvtColor(_small(rgb).astype(np.float32) / 255, cv2.COLOR_RGB2LAB).reshape(-1, 3)
    ab = lab[:, 1:].astype(np.float64)
    chroma = float(np.hypot(ab[:, 0], ab[:, 1]).mean())
    mean = ab.mean(axis=0)
    return ColorMeasures(chroma, _hue_spread(mean, chroma), _stray(lab[:, 0], ab, mean), _count_colors(lab), _flat(rgb))


def _small(rgb: np.ndarray) -> np.ndarray:
    scale = COLOR_SIDE / min(rgb.shape[:2])
    if scale >= 1:
        return rgb
    size = (round(rgb.shape[1] * scale), round(rgb.shape[0] * scale))
    return cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)


def _hue_spread(mean: np.ndarray, chroma: float) -> float:
    """sqrt(-2 ln R) of directional statistics (Mardia and Jupp 2000, 2.3.2), where R is the mean resultant length.

    The vector (a*, b*) is the unit vector of the hue times its weight, the chroma; so R is the length of the mean
    vector over the mean length. Gray pixels, whose hue is noise, weigh nothing.
    """
    length = math.hypot(*mean) / max(chroma, 1e-9)
    return math.degrees(math.sqrt(-2 * math.log(min(max(length, 1e-6), 1.0))))


def _stray(lightness: np.ndarray, ab: np.ndarray, mean: np.ndarray) -> float:
    """The smaller of two: beside the axis of the mean hue, or beside the mean of pixels of about the same lightness.

    A toned picture bends away from its axis where highlights are clipped, but one lightness still has one colour.
    """
    axis = mean / max(math.hypot(*mean), 1e-9)
    beside = (ab[:, 0] * axis[1] - ab[:, 1] * axis[0])[np.argsort(lightness, kind="stable")]
    width = max(3, int(len(beside) * _ALIKE)) | 1
    course = cv2.blur(beside[:, None], (1, width), borderType=cv2.BORDER_REFLECT_101)[:, 0]
    return float(min(np.quantile(np.abs(each), _STRAY_SHARE) for each in (beside, beside - course)))


def _count_colors(lab: np.ndarray) -> int:
    bins = np.rint(lab / np.array(_STEP, np.float32)).astype(np.int32) + 64
    counts = np.unique((bins[:, 0] * 128 + bins[:, 1]) * 128 + bins[:, 2], return_counts=True)[1]
    covered = np.cumsum(np.sort(counts)[::-1])
    return int(np.searchsorted(covered, _MOST_OF * covered[-1]) + 1)


def _flat(rgb: np.ndarray) -> float:
    gray = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
    if min(gray.shape) < 2:
        return 0.0
    corner = gray[:-1, :-1]
    return float(((corner == gray[1:, :-1]) & (corner == gray[:-1, 1:])).mean())
