"""Luma and chroma as RGB of higher precision, and back: the luma of a picture survives the way to the last bit."""

from __future__ import annotations

import numpy as np

from vidcolor.color import luma_weights
from vidcolor.types import FilmInfo


def rgb_of_planes(luma: np.ndarray, cb: np.ndarray, cr: np.ndarray, info: FilmInfo) -> np.ndarray:
    """R'G'B' (H, W, 3), float32, 0 to 1, of planes (H, W) of one size, in code values of the film's depth and range.

    Where a colour is out of gamut it loses saturation and keeps its luma. Luma below black and above white, for which
    RGB has no room, becomes black and white.
    """
    black, span = _scale(info)
    y = np.clip((luma.astype(np.float32) - black) / span, 0, 1)
    unit = np.float32(1 << (info.bit_depth - 8))
    chroma_span = np.float32(256 * unit - 1 if info.full_range else 224 * unit)
    red, green, blue = luma_weights(info.color.matrix)
    away = np.empty((*luma.shape, 3), np.float32)
    away[..., 0] = (cr.astype(np.float32) - 128 * unit) * np.float32(2 * (1 - red)) / chroma_span
    away[..., 2] = (cb.astype(np.float32) - 128 * unit) * np.float32(2 * (1 - blue)) / chroma_span
    away[..., 1] = -(red * away[..., 0] + blue * away[..., 2]) / green
    return y[..., None] + away * _room(y, away)[..., None]


def luma_of_rgb(rgb: np.ndarray, info: FilmInfo) -> np.ndarray:
    """The film's luma (H, W), uint8 or uint16 code values at its depth and range, of R'G'B' (H, W, 3), uint16."""
    black, span = _scale(info)
    y = rgb.astype(np.float64) @ np.array(luma_weights(info.color.matrix)) / 65535
    return np.rint(y * float(span) + float(black)).astype(np.uint8 if info.bit_depth == 8 else np.uint16)


def within_rgb(luma: np.ndarray, info: FilmInfo) -> np.ndarray:
    """Luma (H, W), code values, as far as RGB has room for it: from black to white."""
    black, span = _scale(info)
    return luma if info.full_range else np.clip(luma, int(black), int(black + span))


def _scale(info: FilmInfo) -> tuple[np.float32, np.float32]:
    """Code value of black, and how many there are from there to white."""
    unit = 1 << (info.bit_depth - 8)
    black, span = (0, 256 * unit - 1) if info.full_range else (16 * unit, 219 * unit)
    return np.float32(black), np.float32(span)


def _room(y: np.ndarray, away: np.ndarray) -> np.ndarray:
    """The share of its distance from gray that a colour may keep inside the cube, (H, W), 0 to 1."""
    up, down = np.maximum(away.max(axis=2), 1e-9), np.maximum(-away.min(axis=2), 1e-9)
    return np.minimum(1, np.minimum((1 - y) / up, y / down))
