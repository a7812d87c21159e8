"""The target disguised as its own reference: thin-plate warp, noise and tone (Color2Embed, Zhao et al. 2021)."""

from __future__ import annotations

import cv2
import numpy as np

_CORNERS = ((0.0, 0.0), (1.0, 0.0), (0.0, 1.0), (1.0, 1.0))
_INNER = (0.3, 0.7)
_MOVE = 0.25
_NOISE = 5


def thin_plate_grid(side: int, rng: np.random.Generator) -> np.ndarray:
    """Where a warped picture samples its source: (side, side, 2) float32, x and y, -1 and 1 the outermost pixels.

    The four corners stay; two points of a diagonal, 0.3 and 0.7 along it, move by up to a quarter of the side.
    """
    inner = np.array([(place, place) for place in _INNER])
    if rng.random() < 0.5:
        inner[:, 0] = 1 - inner[:, 0]
    moved = inner + rng.uniform(-_MOVE, _MOVE, inner.shape)
    corners = np.array(_CORNERS)
    return 2 * thin_plate(np.vstack([corners, inner]), np.vstack([corners, moved]), side) - 1


def thin_plate(points: np.ndarray, images: np.ndarray, side: int) -> np.ndarray:
    """The smoothest map that takes ``points`` (K, 2) to ``images`` (K, 2), over the unit square.

    Thin-plate spline of Bookstein 1989: an affine map and sums of r^2 log r around the points, of least bending energy.
    Coordinates are x, y in [0, 1], the outermost pixels' centres at 0 and 1. Returns (side, side, 2) float32.
    """
    count = len(points)
    affine = np.hstack([np.ones((count, 1)), points])
    system = np.block([[_bending(points, points), affine], [affine.T, np.zeros((3, 3))]])
    weights = np.linalg.solve(system, np.vstack([images, np.zeros((3, 2))]))
    steps = np.linspace(0, 1, side)
    places = np.stack(np.meshgrid(steps, steps), -1).reshape(-1, 2)
    mapped = _bending(places, points) @ weights[:count] + weights[count] + places @ weights[count + 1 :]
    return mapped.reshape(side, side, 2).astype(np.float32)


def _bending(places: np.ndarray, points: np.ndarray) -> np.ndarray:
    """r^2 log r^2 between all places (M, 2) and all points (K, 2): (M, K), 0 at no distance."""
    squared = ((places[:, None] - points[None]) ** 2).sum(-1)
    return squared * np.log(np.maximum(squared, 1e-12))


def disguised(picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """``picture`` (S, S, 3) uint8 sRGB after a thin-plate warp, another tone and uniform noise of 5 code values."""
    side = picture.shape[0]
    where = (thin_plate_grid(side, rng) + 1) * ((side - 1) / 2)
    x, y = np.ascontiguousarray(where[..., 0]), np.ascontiguousarray(where[..., 1])
    warped = cv2.remap(picture, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101).astype(np.float32)
    toned = 255 * (warped / 255) ** np.exp(rng.uniform(-0.3, 0.3)) * rng.uniform(0.9, 1.1)
    noisy = toned + rng.uniform(-_NOISE, _NOISE, picture.shape)
    return noisy.round().clip(0, 255).astype(np.uint8)
