"""A colour film as references: the middle frame of each of its shots."""

from __future__ import annotations

from pathlib import Path

import cv2

from vidcolor.pipeline.decode import FilmReader, probe
from vidcolor.pipeline.read_rgb import read_rgb
from vidcolor.pipeline.shots import ShotConfig, detect_shots, small_gray
from vidcolor.types import Reference

_MAX_LINES = 540


def references_from_film(path: Path, config: ShotConfig) -> list[Reference]:
    """One reference per shot, named ``film.mp4#frame``. Raises FilmError where it is no film."""
    info = probe(path)
    with FilmReader(info) as reader:
        shots = detect_shots((small_gray(frame.luma, info) for frame in reader.frames()), info.frame_rate, config)
    middles = {(shot.start + shot.stop) // 2 for shot in shots}
    references = []
    for number, picture in enumerate(read_rgb(path)):
        if number in middles:
            references.append(_reference(f"{path.name}#{number}", picture.rgb))
    return references


def _reference(name: str, rgb: cv2.typing.MatLike) -> Reference:
    scale = min(1.0, _MAX_LINES / min(rgb.shape[:2]))
    size = (round(rgb.shape[1] * scale), round(rgb.shape[0] * scale))
    return Reference.of(name, cv2.resize(rgb, size, interpolation=cv2.INTER_AREA))
