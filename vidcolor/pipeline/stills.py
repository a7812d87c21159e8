"""Is a reference a frame of the film itself, already in colour (a painted still)? Then its colours are that frame's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np

from vidcolor.model.colorist import chroma_of, gray_of
from vidcolor.pipeline.view import Area
from vidcolor.types import FilmInfo, Reference

THUMB = (16, 9)
"""Width and height of the thumbnails by which frames and stills are first compared."""

_SAME_THUMB = 5.0
"""Mean difference, in gray levels of 255, between thumbnails of the same picture, at most; both brought to the still's
light and contrast, which painting may change."""
_SAME_PICTURE = 0.985
"""Correlation between the same pictures at working size, at least; another moment of a lively shot has less."""


_EMPTY = 4.0
"""Standard deviation of a thumbnail, in gray levels, below which a still shows nothing by which a frame is known."""


@dataclass(frozen=True)
class PaintedStill:
    """A reference that may be a certain frame of the film."""

    rgb: np.ndarray = field(repr=False)
    """(H, W, 3) uint8 sRGB, the film's picture area alone."""

    def shows(self, gray: np.ndarray) -> bool:
        """Whether it is the frame whose working-size gray (h, w) uint8 this is."""
        return _is_same(self._of_size(gray), gray)

    def chroma_of(self, gray: np.ndarray) -> np.ndarray | None:
        """Its chroma (2, h/2, w/2) float32 in CIELAB units for the frame whose working-size gray (h, w) this is.

        None where the still shows something else.
        """
        picture, (height, width) = self._of_size(gray), gray.shape
        if not _is_same(picture, gray):
            return None
        ab = chroma_of(picture)[0].numpy()
        return np.stack([cv2.resize(plane, (width // 2, height // 2), interpolation=cv2.INTER_AREA) for plane in ab])

    def _of_size(self, gray: np.ndarray) -> np.ndarray:
        return cv2.resize(self.rgb, gray.shape[::-1], interpolation=cv2.INTER_AREA)


class StillFinder:
    """Finds the frames of a film that references may be."""

    def __init__(self, references: Sequence[Reference], film: FilmInfo) -> None:
        self._film = film
        aspect = film.width / film.height * float(film.sample_aspect_ratio or 1)
        # a rotated film lies on its side and the still stands upright: no pixel of the two agrees
        shaped = [each for each in references if not film.rotation and _has_shape(each.rgb, aspect)]
        thumbs = np.array([thumbnail(gray_of(each.rgb)) for each in shaped], np.uint8).reshape(-1, *THUMB[::-1])
        spread = thumbs.std((1, 2))
        self._known = [each for each in zip(shaped, _plain(thumbs), spread, strict=True) if each[2] >= _EMPTY]

    def find(self, thumbs: np.ndarray) -> dict[int, Reference]:
        """Of a shot's frames, by their number in it, those that a reference may be.

        thumbs: (frames, 9, 16) uint8, whole frames. What is found is likely, no more: see :meth:`still`.
        """
        found: dict[int, Reference] = {}
        frames = _plain(thumbs)
        for reference, own, spread in self._known:
            distance = spread * np.abs(frames - own).mean((1, 2))
            frame = int(distance.argmin())
            if distance[frame] <= _SAME_THUMB and frame not in found:
                found[frame] = reference
        return found

    def still(self, reference: Reference, area: Area) -> PaintedStill:
        """A reference found, to be compared with the frame itself; ``area``: of the film's picture between bars."""
        height, width = reference.rgb.shape[:2]
        y, x = height / self._film.height, width / self._film.width
        top, bottom, left, right = area
        return PaintedStill(reference.rgb[round(top * y) : round(bottom * y), round(left * x) : round(right * x)])


def thumbnail(gray: np.ndarray) -> np.ndarray:
    """A gray picture (h, w) uint8 of any size to (9, 16) uint8."""
    return cv2.resize(gray, THUMB, interpolation=cv2.INTER_AREA)


def _plain(thumbs: np.ndarray) -> np.ndarray:
    """Thumbnails (N, 9, 16) uint8 of mean 0 and standard deviation 1, float32; of nearly empty ones less."""
    mean, spread = (each.astype(np.float32) for each in (thumbs.mean((1, 2)), thumbs.std((1, 2))))
    return (thumbs - mean[:, None, None]) / np.maximum(spread, _EMPTY)[:, None, None]


def _has_shape(rgb: np.ndarray, aspect: float) -> bool:
    return abs(rgb.shape[1] / rgb.shape[0] / aspect - 1) <= 0.02


def _is_same(picture: np.ndarray, gray: np.ndarray) -> bool:
    """Whether a picture (h, w, 3) uint8 sRGB is the one of this gray (h, w) uint8."""
    return _correlation(gray_of(picture), gray) >= _SAME_PICTURE


def _correlation(a: np.ndarray, b: np.ndarray) -> float:
    """Pearson's, of two gray pictures; 1 for two flat ones."""
    x, y = a.astype(np.float32) - a.mean(), b.astype(np.float32) - b.mean()
    size = float(np.sqrt((x * x).sum() * (y * y).sum()))
    return float((x * y).sum()) / size if size > 0 else 1.0
