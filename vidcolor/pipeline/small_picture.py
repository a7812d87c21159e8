"""A coloured frame as a small upright sRGB picture: what measures are taken of, and what a person is shown."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from vidcolor.color import luma_weights
from vidcolor.types import ColouredFrame, FilmInfo

Area = tuple[int, int, int, int]
"""(top, bottom, left, right) of a picture in luma pixels, half-open."""


@dataclass(frozen=True)
class Lens:
    """How frames of one shot become small pictures."""

    area: Area
    """The picture between black bars."""
    aspect: float
    """Width over height of that picture as displayed, before rotation."""
    turns: int
    """Quarter turns counter-clockwise that bring it upright."""
    matrix: int
    """AVColorSpace number of the film, see :func:`vidcolor.color.luma_weights`."""
    bit_depth: int
    full_range: bool

    def size(self, longest: int) -> tuple[int, int]:
        """Height and width, before rotation, of a small picture with this long side."""
        across, down = (1.0, 1 / self.aspect) if self.aspect >= 1 else (self.aspect, 1.0)
        return max(1, round(longest * down)), max(1, round(longest * across))

    def gray(self, luma: np.ndarray, size: tuple[int, int]) -> np.ndarray:
        """Luma (H, W), code values, as an upright gray picture, uint8, of ``size`` (height, width) before rotation."""
        top, bottom, left, right = self.area
        codes = _shrunk(luma[top:bottom, left:right], size)
        black, span = self._luma_range()
        return self._upright(cv2.addWeighted(codes, 255 / span, codes, 0, -black * 255 / span, dtype=cv2.CV_8U))

    def rgb(self, frame: ColouredFrame, size: tuple[int, int]) -> np.ndarray:
        """A frame as an upright picture (h, w, 3), float32 sRGB, not clipped: out of gamut it leaves [0, 1]."""
        luma, (cb, cr) = self._luma(frame, size), self._chroma(frame, size)
        red, green, blue = (np.float32(weight) for weight in luma_weights(self.matrix))
        r, b = luma + 2 * (1 - red) * cr, luma + 2 * (1 - blue) * cb
        return self._upright(cv2.merge([r, (luma - red * r - blue * b) / green, b]))

    def _luma(self, frame: ColouredFrame, size: tuple[int, int]) -> np.ndarray:
        top, bottom, left, right = self.area
        codes = _shrunk(frame.frame.luma[top:bottom, left:right], size)
        black, span = self._luma_range()
        return (codes.astype(np.float32) - np.float32(black)) * np.float32(1 / span)

    def _chroma(self, frame: ColouredFrame, size: tuple[int, int]) -> list[np.ndarray]:
        """Cb and Cr (h, w), float32, in [-0.5, 0.5]."""
        height, width = frame.frame.luma.shape
        down, across = -(-height // frame.cb.shape[0]), -(-width // frame.cb.shape[1])
        top, bottom, left, right = self.area
        rows = slice(top // down, max(top // down + 1, -(-bottom // down)))
        columns = slice(left // across, max(left // across + 1, -(-right // across)))
        neutral = 1 << (self.bit_depth - 1)
        scale = np.float32(1 / (2 * neutral - 1 if self.full_range else 224 * (neutral / 128)))
        planes = (_shrunk(plane[rows, columns], size) for plane in (frame.cb, frame.cr))
        return [(plane.astype(np.float32) - np.float32(neutral)) * scale for plane in planes]

    def _luma_range(self) -> tuple[float, float]:
        """Code value of black, and how many lie between it and white."""
        unit = 2.0 ** (self.bit_depth - 8)
        return (0.0, 256 * unit - 1) if self.full_range else (16 * unit, 219 * unit)

    def _upright(self, picture: np.ndarray) -> np.ndarray:
        return np.ascontiguousarray(np.rot90(picture, self.turns))


def _shrunk(plane: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """A plane by area at ``size`` (height, width): halved while it can be, which costs a fifth of one great step."""
    height, width = size
    while plane.shape[0] >= 2 * height and plane.shape[1] >= 2 * width:
        down, across = plane.shape[0] // 2, plane.shape[1] // 2
        plane = cv2.resize(plane[: 2 * down, : 2 * across], (across, down), interpolation=cv2.INTER_AREA)
    return cv2.resize(plane, (width, height), interpolation=cv2.INTER_AREA)


def lens_of(info: FilmInfo, area: Area) -> Lens:
    """The lens for shots of a film whose picture fills ``area``."""
    top, bottom, left, right = area
    aspect = (right - left) / (bottom - top) * float(info.sample_aspect_ratio or 1)
    return Lens(area, aspect, info.rotation // 90, info.color.matrix, info.bit_depth, info.full_range)


def jpeg(picture: np.ndarray, quality: int) -> bytes:
    """A picture, (h, w) gray or (h, w, 3) sRGB, uint8 or float in [0, 1] (clipped), as a JPEG."""
    if picture.dtype != np.uint8:
        picture = (np.clip(picture, 0, 1) * 255 + 0.5).astype(np.uint8)
    stored = picture if picture.ndim == 2 else cv2.cvtColor(picture, cv2.COLOR_RGB2BGR)
    flags = [cv2.IMWRITE_JPEG_QUALITY, quality, cv2.IMWRITE_JPEG_OPTIMIZE, 1]
    return bytes(cv2.imencode(".jpg", stored, flags)[1])
