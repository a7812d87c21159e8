"""Whether two small gray pictures show the same thing, whatever the light."""

from __future__ import annotations

import cv2
import numpy as np

_WIDTH = 48
"""Width at which two pictures are compared for showing the same thing."""

_SHIFT = 4
"""Pixels of that width by which the one may be shifted against the other."""

_BAR = 20
"""Gray level below which a place that is dark in both pictures tells nothing."""

_FLAT = 1.0
"""Mean square of the gradients, in gray levels, below which a picture shows nothing that could be recognised."""


def tiny(gray: np.ndarray) -> np.ndarray:
    """A gray picture (h, w) uint8 by area at 48 pixels of width, as float32."""
    height, width = gray.shape
    size = (max(2, min(width, _WIDTH)), max(2, round(height * min(1.0, _WIDTH / width))))
    return cv2.resize(gray, size, interpolation=cv2.INTER_AREA).astype(np.float32)


def gradients(picture: np.ndarray) -> np.ndarray:
    """Horizontal and vertical differences between neighbours of a picture (h, w): shape (h - 1, w - 1, 2)."""
    return np.dstack([np.diff(picture, axis=1)[1:], np.diff(picture, axis=0)[:, 1:]])


def likeness(a: np.ndarray, b: np.ndarray) -> float:
    """Highest correlation of the gradients of two tiny pictures (h, w), see `tiny`, within a small shift, 0 to 1.

    It is blind to light and contrast, to a little movement, and to bars that are black in both.
    """
    black = (np.maximum(a, b) < _BAR).astype(np.uint8)
    lit = (cv2.dilate(black, np.ones((3, 3), np.uint8)) == 0)[1:, 1:, None]
    first, second = gradients(a) * lit, gradients(b) * lit
    margin = min(_SHIFT, (min(first.shape[:2]) - 1) // 2)
    inner = second[margin : second.shape[0] - margin, margin : second.shape[1] - margin]
    if min((first**2).mean(), (inner**2).mean()) < _FLAT:
        return 0.0
    return float(cv2.matchTemplate(first, inner, cv2.TM_CCORR_NORMED).max())
