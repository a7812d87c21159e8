"""Photographs and their coloured twins, drawn small, for the tests of the Turing test."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image


def draw_folder(folder: Path, names: Sequence[str], gain: float = 1.0, size: tuple[int, int] = (48, 32)) -> Path:
    """Soft clouds of colour, the same for the same name whatever the size; ``gain`` makes them duller or louder."""
    for name in names:
        rng = np.random.default_rng(sum(name.encode()))
        coarse = Image.fromarray(rng.integers(0, 256, (3, 4, 3), np.uint8)).resize(size, Image.Resampling.BICUBIC)
        pixels = np.asarray(coarse).astype(float)
        gray = pixels.mean(-1, keepdims=True)
        path = folder / f"{name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray((gray + gain * (pixels - gray)).clip(0, 255).astype(np.uint8)).save(path)
    return folder


def names(number: int) -> list[str]:
    return [f"set/{place:03d}" for place in range(number)]
