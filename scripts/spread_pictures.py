"""A spread of the pictures of a folder or a shard, at a size that every network takes."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from vidcolor.model.automatic.network import SIDE_MULTIPLE
from vidcolor.model.image_sets import load_images


def spread_pictures(images: Path, limit: int, lines: int) -> list[np.ndarray]:
    """A fixed spread of the pictures, sides brought to multiples of 32."""
    loaded = load_images([images], lines).images
    chosen = np.unique(np.linspace(0, len(loaded) - 1, limit).astype(int))
    return [_fitted(loaded[number]) for number in chosen]


def _fitted(rgb: np.ndarray) -> np.ndarray:
    height, width = (max(1, round(side / SIDE_MULTIPLE)) * SIDE_MULTIPLE for side in rgb.shape[:2])
    return cv2.resize(rgb, (width, height), interpolation=cv2.INTER_AREA)
