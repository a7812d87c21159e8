"""How wide the sharpest edges are: the variance of the Laplacian, normalised for size, contrast and subject.

The plain variance (Pech-Pacheco et al. 2000) calls a smooth sky or low contrast blurred. Here the energy of the second
derivative is divided by that of the first: for a step blurred by a Gaussian, sum(g'^2) / sum(g''^2) = 2 sigma^2,
whatever its height. So the ratio tells the width of edges, and only places that have edges are asked.
"""

from __future__ import annotations

import math

import cv2
import numpy as np

_TILE = 24  # pixels; a picture is as sharp as its sharpest tiles, what lies out of focus is nobody's fault
_SHARPEST = 0.1  # the quantile over tiles that have edges
_LEAST_SLOPE = 1.5  # root mean square of the first derivative in a tile with edges, 8-bit levels per pixel
_LEAST_SHARE = 0.03  # of tiles with edges, below which nothing is said
_GRAIN = 0.7  # sigma in pixels of the blur that takes off the finest noise
_DIRECTIONS = ((0, 1), (1, 0), (1, 1), (1, -1))  # rows and columns; a moving camera blurs one of them


def edge_width(gray: np.ndarray) -> float:
    """Width (sigma, in pixels) of the sharpest edges of (H, W) uint8, along the direction in which they are widest.

    NaN where the picture is too small or has too few edges to tell.
    """
    if min(gray.shape) < _TILE + 2:
        return math.nan
    smooth = cv2.GaussianBlur(gray.astype(np.float32), (0, 0), _GRAIN)
    widths = [_width_along(smooth, rows, columns) for rows, columns in _DIRECTIONS]
    return max((width for width in widths if not math.isnan(width)), default=math.nan)


def _width_along(smooth: np.ndarray, rows: int, columns: int) -> float:
    step = math.hypot(rows, columns)
    before, here, after = (_moved(smooth, k * rows, k * columns) for k in (-1, 0, 1))
    first = _tile_means(((after - before) / (2 * step)) ** 2)
    second = _tile_means(((after - 2 * here + before) / step**2) ** 2)
    edged = first > _LEAST_SLOPE**2
    if edged.sum() < max(2.0, _LEAST_SHARE * edged.size):
        return math.nan
    return float(np.quantile(np.sqrt(first[edged] / (2 * np.maximum(second[edged], 1e-6))), _SHARPEST))


def _moved(picture: np.ndarray, rows: int, columns: int) -> np.ndarray:
    """The inner pixels' neighbours in one direction."""
    height, width = picture.shape
    return picture[1 + rows : height - 1 + rows, 1 + columns : width - 1 + columns]


def _tile_means(energy: np.ndarray) -> np.ndarray:
    size = (max(1, energy.shape[1] // _TILE), max(1, energy.shape[0] // _TILE))
    means: np.ndarray = cv2.resize(energy, size, interpolation=cv2.INTER_AREA)
    return means.ravel()
