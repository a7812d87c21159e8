"""Photograph-like pictures, and what makes them unfit for training, drawn by the tests themselves."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

SIZE = (192, 224)


def natural(seed: int, size: tuple[int, int] = SIZE) -> np.ndarray:
    """Smooth light and colours of all hues under many sharp shapes and fine texture, (H, W, 3) uint8 sRGB."""
    rng = np.random.default_rng(seed)
    lab = [cv2.resize(rng.uniform(low, high, (4, 5)), size[::-1], interpolation=cv2.INTER_CUBIC) for low, high in
           ((25, 80), (-40, 40), (-40, 40))]  # fmt: skip
    picture = np.stack(lab, axis=-1).astype(np.float32)
    for _ in range(24):
        centre = [int(rng.integers(0, side)) for side in size[::-1]]
        axes = [int(axis) for axis in rng.integers(6, 30, 2)]
        color = [float(value) for value in (rng.uniform(15, 90), *rng.uniform(-50, 50, 2))]
        cv2.ellipse(picture, centre, axes, float(rng.uniform(0, 180)), 0, 360, color, -1)
    picture[..., 0] += rng.normal(0, 2, size)
    picture[..., 1:] += cv2.GaussianBlur(rng.normal(0, 12, (*size, 2)), (0, 0), 2)
    rgb: np.ndarray = (cv2.cvtColor(picture, cv2.COLOR_LAB2RGB).clip(0, 1) * 255).astype(np.uint8)
    return rgb


def gray(rgb: np.ndarray) -> np.ndarray:
    """The same in three equal channels."""
    return np.repeat(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)[..., None], 3, axis=-1)


def toned(rgb: np.ndarray, tone: tuple[float, float, float] = (1.0, 0.82, 0.6)) -> np.ndarray:
    """Gray under one colour, as sepia is."""
    return (gray(rgb) * np.array(tone)).astype(np.uint8)


def poster(seed: int, size: tuple[int, int] = SIZE) -> np.ndarray:
    """A word and a box on a coloured ground."""
    ground, box, ink = (
        [int(value) for value in color] for color in np.random.default_rng(seed).integers(0, 256, (3, 3))
    )
    rgb = np.full((*size, 3), ground, np.uint8)
    cv2.rectangle(rgb, (20, 20), (90, 60), box, -1)
    cv2.putText(rgb, "SALE", (30, 140), cv2.FONT_HERSHEY_SIMPLEX, 1.5, ink, 4)
    return rgb


def encode(rgb: np.ndarray, suffix: str = ".jpg", quality: int = 92) -> bytes:
    """The picture as a file of that kind."""
    options = [cv2.IMWRITE_JPEG_QUALITY, quality] if suffix == ".jpg" else []
    return bytes(cv2.imencode(suffix, cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR), options)[1].tobytes())


def write(path: Path, content: np.ndarray | bytes) -> Path:
    """A file of that name, its folders made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else encode(content, path.suffix))
    return path
