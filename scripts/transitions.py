"""Films with one transition each, made of colour clips: the truth, its gray copy, and stills to colour it by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from pathlib import Path

import av
import cv2
import numpy as np
from shot_references import write_gray

from vidcolor.pipeline.read_rgb import read_rgb

KINDS = ("dissolve", "fade-in", "fade-out", "dip", "white", "flash")
RATE = 24
CLEAN = 36
"""Frames of a shot that are shown before and after a transition."""
STAY = 6
"""Frames of black or white in the middle of a dip."""
FLASH = (2, 1.6, 60.0)
"""Length in frames, gain and lift of a flash."""


@dataclass(frozen=True)
class Transition:
    """A film and what is known of it."""

    kind: str
    length: int
    pictures: np.ndarray
    """(frames, H, W, 3) uint8 sRGB."""
    zone: range
    """The frames that are not a shot's own picture alone."""
    stills: dict[str, np.ndarray]
    """Of either shot, from a moment that the film does not show, where the clips are long enough."""


def read_clip(clip: Path, frames: int, size: tuple[int, int]) -> np.ndarray:
    """The first frames of a clip, cut to the shape of ``size`` (width, height): (frames, H, W, 3) uint8."""
    return np.stack([_cut(picture.rgb, size) for picture in islice(read_rgb(clip), frames)])


def frames_needed(length: int) -> int:
    """Frames of either clip that a transition of a length takes, its still included."""
    return CLEAN + length + STAY + 1


def make(kind: str, first: np.ndarray, second: np.ndarray, length: int) -> Transition:
    """One film of a kind; ``first`` and ``second`` are (frames, H, W, 3) uint8, `frames_needed` of them or more."""
    a, b = first.astype(np.float32), second.astype(np.float32)
    stills = {"first.png": first[-1], "second.png": second[-1]}
    share = (np.arange(length, dtype=np.float32) + 1)[:, None, None, None] / (length + 1)
    if kind == "dissolve":
        mixed = (1 - share) * a[CLEAN : CLEAN + length] + share * b[:length]
        film = [a[:CLEAN], mixed, b[length : length + CLEAN]]
        return _made(kind, length, film, range(CLEAN, CLEAN + length), stills)
    if kind == "flash":
        count, gain, lift = FLASH
        film = [a[:CLEAN], a[CLEAN : CLEAN + count] * gain + lift, a[CLEAN + count : CLEAN + length]]
        return _made(kind, count, film, range(CLEAN, CLEAN + count), {"first.png": stills["first.png"]})
    level = 255.0 if kind == "white" else 0.0
    stay = np.full((STAY, *a.shape[1:]), level, np.float32)
    out = [a[:CLEAN], (1 - share) * a[CLEAN : CLEAN + length] + share * level]
    back = [share * b[:length] + (1 - share) * level, b[length : length + CLEAN]]
    if kind == "fade-out":
        return _made(kind, length, [*out, stay], range(CLEAN, CLEAN + length + STAY), stills)
    if kind == "fade-in":
        return _made(kind, length, [stay, *back], range(STAY + length), stills)
    return _made(kind, length, [*out, stay, *back], range(CLEAN, CLEAN + 2 * length + STAY), stills)


def write_transition(made: Transition, folder: Path) -> tuple[Path, Path, Path]:
    """Write the colour film, its gray copy and the folder of stills: their paths."""
    truth, gray, stills = folder / "truth.mkv", folder / "film.mkv", folder / "stills"
    with av.open(str(truth), "w") as container:
        stream = container.add_stream("ffv1", Fraction(RATE))
        stream.height, stream.width = made.pictures.shape[1:3]
        stream.pix_fmt = "yuv420p"
        for picture in made.pictures:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode(None))
    write_gray(truth, gray, len(made.pictures))
    stills.mkdir()
    for name, rgb in made.stills.items():
        cv2.imwrite(str(stills / name), cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR))
    return truth, gray, stills


def _made(kind: str, length: int, film: Sequence[np.ndarray], zone: range, stills: dict[str, np.ndarray]) -> Transition:
    pictures = np.clip(np.rint(np.concatenate(film)), 0, 255).astype(np.uint8)
    return Transition(kind, length, pictures, zone, stills)


def _cut(rgb: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """The middle of a picture in another shape and size."""
    width, height = size
    scale = max(width / rgb.shape[1], height / rgb.shape[0])
    across, down = max(width, round(rgb.shape[1] * scale)), max(height, round(rgb.shape[0] * scale))
    large = cv2.resize(rgb, (across, down), interpolation=cv2.INTER_AREA)
    left, top = (across - width) // 2, (down - height) // 2
    return large[top : top + height, left : left + width]
