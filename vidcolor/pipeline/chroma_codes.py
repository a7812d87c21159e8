"""Cb and Cr that give a known luma the wanted a*, b*: as exact as Newton's method, at a tenth of its cost."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np

from vidcolor.color import RGB_TO_XYZ, WHITE_D65, luma_weights

_STEP, _LIMIT, _SLICES = 2.5, 112.5, 33
_SIDE = round(2 * _LIMIT / _STEP) + 1
_EPSILON, _KAPPA = 216 / 24389, 24389 / 27  # CIE 15:2004
_TO_LINEAR = np.linalg.inv(np.array(RGB_TO_XYZ) / np.array(WHITE_D65)[:, None]).astype(np.float32)


def chroma_codes(luma: np.ndarray, ab: np.ndarray, matrix: int) -> np.ndarray:
    """Cb, Cr in [-0.5, 0.5], shape (h, w, 2), float32, of ab (2, h, w), CIELAB units, at luma (h, w) in [0, 1].

    L* is looked up in a table and mended by one step along the table's own slope: within one 8-bit code of
    :func:`vidcolor.color.ab_to_cbcr`, wherever the colour is in gamut, and far nearer in the mean.
    """
    luma, ab = np.clip(luma, 0, 1, dtype=np.float32), np.ascontiguousarray(ab, np.float32)
    lightness, slope = _look_up(luma, ab, matrix)
    lightness += (luma - _luma(_rgb(lightness, *ab), matrix)) * slope
    rgb = _rgb(lightness, *ab)
    reached = _luma(rgb, matrix)
    red, _, blue = luma_weights(matrix)
    return cv2.merge(
        [(rgb[2] - reached) * np.float32(0.5 / (1 - blue)), (rgb[0] - reached) * np.float32(0.5 / (1 - red))]
    )


def _rgb(lightness: np.ndarray, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """sRGB codes (3, h, w) of CIELAB planes (h, w); odd about 0 out of gamut, as in :mod:`vidcolor.color`."""
    f = (lightness + np.float32(16)) * np.float32(1 / 116)
    f = np.concatenate((f + a * np.float32(1 / 500), f, f - b * np.float32(1 / 200)))
    xyz = np.where(
        f > np.float32(_EPSILON ** (1 / 3)), f * f * f, f * np.float32(116 / _KAPPA) - np.float32(16 / _KAPPA)
    )
    linear = (_TO_LINEAR @ xyz.reshape(3, -1)).reshape(xyz.shape)
    size = np.abs(linear)
    code = np.where(
        size > 0.0031308, cv2.pow(size, 1 / 2.4) * np.float32(1.055) - np.float32(0.055), size * np.float32(12.92)
    )
    return np.copysign(code, linear).reshape(3, *lightness.shape)


def _luma(rgb: np.ndarray, matrix: int) -> np.ndarray:
    red, green, blue = (np.float32(weight) for weight in luma_weights(matrix))
    return red * rgb[0] + green * rgb[1] + blue * rgb[2]


def _look_up(luma: np.ndarray, ab: np.ndarray, matrix: int) -> tuple[np.ndarray, np.ndarray]:
    """L* of colours by their luma and ab, and its change with luma; linear between the entries."""
    table = _lightness_table(matrix)
    a, b = np.clip((ab + np.float32(_LIMIT)) * np.float32(1 / _STEP), 0, _SIDE - 1)
    level = luma * np.float32(_SLICES - 1)
    below = np.minimum(np.floor(level), _SLICES - 2)
    row = below * _SIDE + a
    low = cv2.remap(table, b, row, cv2.INTER_LINEAR)
    rise = cv2.remap(table, b, row + _SIDE, cv2.INTER_LINEAR) - low
    return low + rise * (level - below), np.maximum(rise, 0.5) * np.float32(_SLICES - 1)


@lru_cache(maxsize=4)
def _lightness_table(matrix: int) -> np.ndarray:
    """L* in rows of (luma, a), columns of b: (_SLICES * _SIDE, _SIDE), float32; luma rises with L*, so it inverts."""
    axis = np.arange(_SIDE, dtype=np.float32) * _STEP - _LIMIT
    lightness = np.arange(-20, 131, 2, dtype=np.float32)
    a, b = (plane.reshape(-1, 1) for plane in np.meshgrid(axis, axis, indexing="ij"))
    shape = (_SIDE * _SIDE, len(lightness))
    luma = _luma(_rgb(*(np.ascontiguousarray(np.broadcast_to(x, shape)) for x in (lightness, a, b))), matrix)
    slices = np.linspace(0, 1, _SLICES)
    table = np.stack([np.interp(slices, curve, lightness) for curve in luma], axis=1)
    return np.ascontiguousarray(table.reshape(-1, _SIDE), np.float32)
