"""The pictures of a report: as large as the number of shots allows, so that it stays light."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from vidcolor.pipeline.small_picture import jpeg

BUDGET = 17_000_000
"""Most characters that all pictures of the shots may take in the page, as base64."""
TRIED = 24
"""Shots by which the size of all is guessed."""
MAP_SIDE = 32
"""Long side of the map of what is explained, at most."""


@dataclass(frozen=True)
class PictureSize:
    """How pictures are stored in the page."""

    longest: int
    """Long side in pixels, at most."""
    quality: int
    """Of the JPEG."""


SIZES = (
    *(PictureSize(480, 78), PictureSize(400, 72), PictureSize(320, 68), PictureSize(256, 64)),
    *(PictureSize(240, 56), PictureSize(240, 44), PictureSize(192, 44), PictureSize(128, 40)),
)
"""From the best to the lightest."""


def size_for(pairs: Sequence[tuple[bytes, bytes]], budget: int = BUDGET) -> PictureSize:
    """The best size at which the pictures before and after (JPEGs) of all shots fit the budget; else the lightest."""
    chosen = [pairs[k * len(pairs) // min(len(pairs), TRIED)] for k in range(min(len(pairs), TRIED))]
    for size in SIZES[:-1]:
        characters = sum(len(stored(picture, size)) for pair in chosen for picture in pair)
        if characters * len(pairs) / max(1, len(chosen)) <= budget:
            return size
    return SIZES[-1]


def stored(picture: bytes, size: PictureSize) -> str:
    """A JPEG brought to a size, as base64; empty where there is none or it is broken."""
    if not picture:
        return ""
    whole = cv2.imdecode(np.frombuffer(picture, np.uint8), cv2.IMREAD_UNCHANGED)
    return "" if whole is None else b64encode(shrunk(whole, size)).decode()


def ratio_of(picture: bytes) -> float:
    """Width over height of a JPEG; that of most films where there is none."""
    whole = cv2.imdecode(np.frombuffer(picture, np.uint8), cv2.IMREAD_REDUCED_GRAYSCALE_8) if picture else None
    return 16 / 9 if whole is None else round(whole.shape[1] / whole.shape[0], 4)


def stored_still(rgb: np.ndarray, size: PictureSize) -> str:
    """A still (H, W, 3) uint8 sRGB as a JPEG of this size, as base64."""
    return b64encode(shrunk(cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR), size)).decode()


def shrunk(picture: np.ndarray, size: PictureSize) -> bytes:
    """A picture, gray or BGR as OpenCV holds it, as a JPEG no larger than ``size``."""
    scale = size.longest / max(picture.shape[:2])
    if scale < 1:
        width, height = (max(1, round(side * scale)) for side in picture.shape[1::-1])
        picture = cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)
    return jpeg(picture if picture.ndim == 2 else cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), size.quality)


def stored_map(explained: np.ndarray) -> dict[str, object]:
    """A map of what is explained, (h, w) uint8, small and coarse, for the page."""
    scale = min(1.0, MAP_SIDE / max(explained.shape))
    width, height = (max(1, round(side * scale)) for side in explained.shape[::-1])
    small = cv2.resize(explained, (width, height), interpolation=cv2.INTER_AREA)
    return {"width": width, "height": height, "explained": b64encode(small.tobytes()).decode()}
