"""Titles and black bars drawn on training targets: their colour is none, whatever the reference says."""

from __future__ import annotations

import cv2
import numpy as np

_FONTS = (cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_DUPLEX, cv2.FONT_HERSHEY_COMPLEX, cv2.FONT_HERSHEY_TRIPLEX)
_LETTERS = np.array(list("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.,!?'"))


def with_title(picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A copy of (S, S, 3) uint8 sRGB with lines of gray letters, on the picture or on a nearly black card."""
    titled = picture.copy()
    if rng.random() < 0.25:
        titled[:] = rng.integers(0, 24)
    level = int(rng.integers(170, 256))
    side = picture.shape[0]
    scale, font = float(rng.uniform(0.4, 1.4)) * side / 128, int(rng.choice(_FONTS))
    thickness = max(1, round(scale * rng.uniform(1.0, 2.5)))
    left, baseline = int(rng.uniform(-0.1, 0.4) * side), int(rng.uniform(0.1, 0.95) * side)
    for line in range(int(rng.integers(1, 4))):
        words = "".join(rng.choice(_LETTERS, int(rng.integers(3, 14))))
        at = (left, baseline + round(line * 36 * scale))
        if rng.random() < 0.4:
            cv2.putText(titled, words, at, font, scale, (0, 0, 0), thickness + 3, cv2.LINE_AA)
        cv2.putText(titled, words, at, font, scale, (level, level, level), thickness, cv2.LINE_AA)
    return titled


def with_bars(picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A copy of (S, S, 3) uint8 sRGB with a black bar along one or two opposite sides."""
    barred = picture.copy()
    side = picture.shape[0]
    rows = barred if rng.random() < 0.5 else barred.transpose(1, 0, 2)
    for strip in (rows[: int(rng.uniform(0, 0.25) * side)], rows[side - int(rng.uniform(0, 0.25) * side) :]):
        strip[:] = rng.integers(0, 6)
    return barred
