"""A colour film as references: the middle frame of each of its shots, near-identical ones once."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import torch

from vidcolor.pipeline.decode import DecodeConfig, FilmReader, probe
from vidcolor.pipeline.gallery import Gallery
from vidcolor.pipeline.read_rgb import read_rgb
from vidcolor.pipeline.shots import ShotConfig, detect_shots, small_gray
from vidcolor.types import FilmInfo, Reference
from vidcolor.wide_gamut import is_plain, wide_to_srgb

_MAX_LINES = 540


def references_from_film(path: Path, config: ShotConfig, most: int, name: str | None = None) -> list[Reference]:
    """At most ``most`` references, those least like each other, named ``name#frame`` (by default the file's name).

    Pictures are upright, of true shape, sRGB (wide gamut and high dynamic range converted), at most 540 lines. No more
    than one above ``most`` is held, however long the film. Raises FilmError where it is no film.
    """
    info = probe(path)
    with FilmReader(info, limits=DecodeConfig()) as reader:
        shots = detect_shots((small_gray(frame.luma, info) for frame in reader.frames()), info.frame_rate, config)
    middles = [(shot.start + shot.stop) // 2 for shot in shots]
    gallery = Gallery(most)
    for number, picture in zip(middles, read_rgb(path, frozenset(middles)), strict=False):
        gallery.add(Reference.of(f"{name or path.name}#{number}", _as_shown(picture.rgb, info)))
    return gallery.references


def _as_shown(rgb: np.ndarray, info: FilmInfo) -> np.ndarray:
    """A coded picture (H, W, 3) as a screen would show it, reduced, in sRGB."""
    height, width = rgb.shape[:2]
    across = width * float(info.sample_aspect_ratio or 1)
    scale = min(1.0, _MAX_LINES / min(height, across))
    size = (max(1, round(across * scale)), max(1, round(height * scale)))
    if size != (width, height):
        rgb = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)
    rgb = np.ascontiguousarray(np.rot90(rgb, info.rotation // 90))
    tags = (info.color.primaries, info.color.transfer)
    if is_plain(*tags):
        return rgb
    shown = wide_to_srgb(torch.from_numpy(rgb).permute(2, 0, 1).float() / 255, *tags)
    return (shown * 255).round().to(torch.uint8).permute(1, 2, 0).contiguous().numpy()
