"""A person's grading of one shot: saturation and colour temperature, on the chroma that was found for it."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from vidcolor.color import WHITE_D65, adapt_white, luma_to_lightness
from vidcolor.flow import to_chroma_grid

NEUTRAL_KELVIN = 6504.0
"""Correlated colour temperature of D65."""
WARMEST_KELVIN = 4000.0
"""What temperature 100 leads to; -100 leads as many mired to the other side."""

_BRADFORD = ((0.8951, 0.2664, -0.1614), (-0.7502, 1.7135, 0.0367), (0.0389, -0.0685, 1.0296))
"""XYZ to sharpened cone responses (Lam 1985; ICC.1:2022, Annex E)."""


def grade(ab: np.ndarray, gray: np.ndarray, saturation: float, temperature: float) -> np.ndarray:
    """Chroma (2, h, w) float32, CIELAB units, with a person's saturation and temperature.

    gray: the frame's working-size gray (2h, 2w) uint8. Saturation scales the chroma; temperature then shows everything,
    grays in proportion to their lightness, as under a warmer or cooler white.
    """
    ab = ab * np.float32(saturation)
    if temperature == 0:
        return ab
    luma = torch.from_numpy(to_chroma_grid(gray)).float() / 255
    lab = torch.cat((luma_to_lightness(luma)[None], torch.from_numpy(ab)))
    return adapt_white(lab, _adaptation(temperature)).numpy()


@lru_cache(maxsize=8)
def _adaptation(temperature: float) -> Tensor:
    """(3, 3) on XYZ relative to D65: von Kries scaling of Bradford's responses, from D65 to another daylight.

    Steps of temperature are steps in mired (a million over kelvin), which look alike (Judd 1933).
    """
    neutral = 1e6 / NEUTRAL_KELVIN
    kelvin = 1e6 / (neutral + temperature / 100 * (1e6 / WARMEST_KELVIN - neutral))
    bradford, white = np.array(_BRADFORD), np.diag(WHITE_D65)
    gains = (bradford @ daylight(kelvin)) / (bradford @ daylight(NEUTRAL_KELVIN))
    adaptation = np.linalg.inv(bradford) @ np.diag(gains) @ bradford
    return torch.from_numpy(np.linalg.inv(white) @ adaptation @ white)


def daylight(kelvin: float) -> np.ndarray:
    """XYZ (3,), Y = 1, of the CIE daylight of a colour temperature from 4000 to 25000 K (CIE 15:2004, 3.1)."""
    t = 1e3 / kelvin
    if kelvin <= 7000:
        x = -4.6070 * t**3 + 2.9678 * t**2 + 0.09911 * t + 0.244063
    else:
        x = -2.0064 * t**3 + 1.9018 * t**2 + 0.24748 * t + 0.237040
    y = -3 * x**2 + 2.87 * x - 0.275
    return np.array([x / y, 1.0, (1 - x - y) / y])
