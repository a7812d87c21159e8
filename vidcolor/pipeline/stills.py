"""Is a reference a frame of the film itself, already in colour (a painted still)? Then its colours are that frame's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np

from vidcolor.model.colorist import chroma_of, gray_of
from vidcolor.types import Reference

THUMB = (16, 9)
"""Width and height of the thumbnails by which frames and stills are first compared."""

_SAME_THUMB = 5.0
"""Mean difference, in gray levels of 255, between thumbnails of the same picture, at most."""
_SAME_PICTURE = 0.985
"""Correlation between the same pictures at working size, at least; another moment of a lively shot has less."""


@dataclass(frozen=True)
class PaintedStill:
    """A reference that may be a certain frame of the film."""

    rgb: np.ndarray = field(repr=False)
    """(H, W, 3) uint8 sRGB, the film's picture area alone."""

    def chroma_of(self, gray: np.ndarray) -> np.ndarray | None:
        """Its chroma (2, h/2, w/2) float32 in CIELAB units for the frame whose working-size gray (h, w) this is.

        None where the still shows something else.
        """
        height, width = gray.shape
        picture = cv2.resize(self.rgb, (width, height), interpolation=cv2.INTER_AREA)
        if _correlation(gray_of(picture), gray) < _SAME_PICTURE:
            return None
        ab = chroma_of(picture)[0].numpy()
        return np.stack([cv2.resize(plane, (width // 2, height // 2), interpolation=cv2.INTER_AREA) for plane in ab])


def thumbnail(gray: np.ndarray) -> np.ndarray:
    """A gray picture (h, w) uint8 of any size to (9, 16) uint8."""
    return cv2.resize(gray, THUMB, interpolation=cv2.INTER_AREA)


def painted_stills(
    thumbs: np.ndarray, references: Sequence[Reference], area: tuple[float, float, float, float], aspect: float
) -> dict[int, PaintedStill]:
    """Which of a shot's frames may be shown by which reference: frame number in the shot to still.

    thumbs: (frames, 9, 16) uint8, whole frames. area: (top, bottom, left, right) of the picture as shares of the
    frame. aspect: width over height of the whole frame as displayed.
    """
    found: dict[int, PaintedStill] = {}
    for reference in references:
        height, width = reference.rgb.shape[:2]
        if abs(width / height / aspect - 1) > 0.02:
            continue
        own = thumbnail(gray_of(reference.rgb)).astype(np.int16)
        distance = np.abs(thumbs.astype(np.int16) - own).mean((1, 2))
        frame = int(distance.argmin())
        if distance[frame] <= _SAME_THUMB and frame not in found:
            found[frame] = PaintedStill(_cut(reference.rgb, area))
    return found


def _cut(rgb: np.ndarray, area: tuple[float, float, float, float]) -> np.ndarray:
    height, width = rgb.shape[:2]
    top, bottom, left, right = area
    return rgb[round(top * height) : round(bottom * height), round(left * width) : round(right * width)]


def _correlation(a: np.ndarray, b: np.ndarray) -> float:
    """Pearson's, of two gray pictures; 1 for two flat ones."""
    x, y = a.astype(np.float32) - a.mean(), b.astype(np.float32) - b.mean()
    size = float(np.sqrt((x * x).sum() * (y * y).sum()))
    return float((x * y).sum()) / size if size > 0 else 1.0
