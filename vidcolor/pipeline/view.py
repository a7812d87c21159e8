"""The film as the network sees it: its picture without bars, upright in shape, small and gray."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from vidcolor.model.colorist import working_size
from vidcolor.pipeline.light import DARKEST, UNFADED, Fade
from vidcolor.types import FilmInfo

Area = tuple[int, int, int, int]
"""(top, bottom, left, right) of a picture in luma pixels, half-open."""


@dataclass(frozen=True)
class View:
    """How luma planes of one film become working-size grays."""

    area: Area
    """The picture between black bars."""
    height: int
    """Of the working-size gray, a multiple of 32; lying on its side where the film does."""
    width: int
    black: float
    """Code value of black."""
    white: float

    def gray(self, luma: np.ndarray, fade: Fade = UNFADED) -> np.ndarray:
        """Luma (H, W), uint8 or uint16, code values, to the working-size gray (height, width), uint8, 0 to 255.

        fade: how far the frame is faded; the gray is that of the picture before, as far as it can be made out.
        """
        top, bottom, left, right = self.area
        small = cv2.resize(luma[top:bottom, left:right], (self.width, self.height), interpolation=cv2.INTER_AREA)
        gain = max(fade.gain, DARKEST)
        scale = 255 / (self.white - self.black) / gain
        black = self.black * scale + 255 * fade.level * (1 - gain) / gain
        return cv2.addWeighted(small, scale, small, 0, -black, dtype=cv2.CV_8U)


def view_of(film: FilmInfo, area: Area | None, lines: int) -> View:
    """The view of a film with ``lines`` on the short side; pixel shape counts, so that the network sees true shapes."""
    top, bottom, left, right = area or (0, film.height, 0, film.width)
    across = (right - left) * float(film.sample_aspect_ratio or 1)
    height, width = working_size(across, bottom - top, lines)
    unit = 2.0 ** (film.bit_depth - 8)
    black, white = (0.0, 256 * unit - 1) if film.full_range else (16 * unit, 235 * unit)
    return View((top, bottom, left, right), height, width, black, white)
