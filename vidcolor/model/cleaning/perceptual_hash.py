"""What two copies of one picture share, however they are encoded: 64 bits to find them by, a thumbnail to make sure."""

from __future__ import annotations

import cv2
import numpy as np

THUMBNAIL_BYTES = 8 * 8 + 2 * 4 * 4
_SIDE = 32


def perceptual_hash(gray: np.ndarray) -> int:
    """64 bits of (H, W) uint8: which of the lowest 8 x 8 cosine frequencies lie above their median (Zauner 2010)."""
    small = cv2.resize(gray, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA).astype(np.float32)
    low = cv2.dct(small)[:8, :8].ravel()
    return int.from_bytes(np.packbits(low > np.median(low[1:])).tobytes(), "big")


def thumbnail(rgb: np.ndarray) -> bytes:
    """THUMBNAIL_BYTES of (H, W, 3) uint8 sRGB: 8 x 8 of L*, then 4 x 4 of a* and b*, as OpenCV's 8-bit CIELAB."""
    lab = cv2.cvtColor(cv2.resize(rgb, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2LAB)
    lightness = cv2.resize(lab[..., 0], (8, 8), interpolation=cv2.INTER_AREA)
    ab = cv2.resize(np.ascontiguousarray(lab[..., 1:]), (4, 4), interpolation=cv2.INTER_AREA)
    return lightness.tobytes() + ab.tobytes()


def thumbnail_difference(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """How much thumbnails (N, THUMBNAIL_BYTES) uint8 differ, pair by pair: (N,), 0 for equal ones.

    Root mean square differences of lightness and colour over the contrast of lightness, the larger of the two. A flat
    picture counts as having a little contrast; a change of light over the whole picture counts a quarter.
    """
    first, second = first.astype(np.float32), second.astype(np.float32)
    light = [side[:, :64] for side in (first, second)]
    contrast = np.maximum(light[0].std(axis=1), light[1].std(axis=1))
    centred = [side - side.mean(axis=1, keepdims=True) for side in light]
    shape = np.mean((centred[0] - centred[1]) ** 2, axis=1)
    level = (light[0].mean(axis=1) - light[1].mean(axis=1)) / 4
    color = np.mean((first[:, 64:] - second[:, 64:]) ** 2, axis=1)
    difference: np.ndarray = np.sqrt(shape + level**2 + color) / np.maximum(contrast, 8)
    return difference
