"""The small film and the references on which faults are tried: drawn, moving, with sound."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np

SIZE = (160, 96)
SHOTS = 6
FRAMES = 14
"""Of each shot."""
COLOURS = ((200, 60, 40), (40, 150, 60), (60, 70, 190), (190, 160, 50), (150, 60, 160), (70, 160, 170))


def picture(shot: int, moment: int) -> np.ndarray:
    """A frame of one of the shots in colour, (96, 160, 3) uint8 sRGB."""
    rng = np.random.default_rng(shot)
    canvas = np.full((SIZE[1], SIZE[0], 3), 50 + 30 * shot, np.uint8)
    for _ in range(6):
        x, y, size = (int(v) for v in rng.integers((0, 0, 10), (150, 90, 26)))
        if shot % 2:
            cv2.rectangle(canvas, (x + moment, y), (x + size + moment, y + size), COLOURS[shot], -1)
        else:
            cv2.circle(canvas, (x + moment, y), size, COLOURS[shot], -1)
    noise = rng.integers(0, 12, canvas.shape[:2])[..., None]
    return np.clip(canvas.astype(int) + noise, 0, 255).astype(np.uint8)


def draw_film(path: Path, wide_pixels: bool = False, first: int = 0) -> None:
    """Write the black-and-white film with a tone beside it. first: the shot it begins with."""
    with av.open(str(path), "w") as film:
        stream = film.add_stream("libx264", rate=24)
        stream.width, stream.height, stream.pix_fmt = *SIZE, "yuv420p"
        stream.codec_context.sample_aspect_ratio = Fraction(4, 3) if wide_pixels else Fraction(1)
        sound = film.add_stream("pcm_s16le" if path.suffix == ".mkv" else "aac", rate=16000)
        sound.layout = "mono"
        for number in range(SHOTS):
            for moment in range(FRAMES):
                gray = cv2.cvtColor(picture((number + first) % SHOTS, moment), cv2.COLOR_RGB2GRAY)
                shown = cv2.cvtColor(gray, cv2.COLOR_GRAY2RGB)
                film.mux(stream.encode(av.VideoFrame.from_ndarray(shown, format="rgb24")))
        film.mux(stream.encode(None))
        wave = np.sin(np.arange(16000 * SHOTS * FRAMES // 24) / 12)
        tone = av.AudioFrame.from_ndarray((wave * 9000).astype(np.int16)[None], format="s16", layout="mono")
        tone.sample_rate = 16000
        film.mux(sound.encode(tone))
        film.mux(sound.encode(None))


def draw_references(folder: Path) -> None:
    """Write a still of each of the first four shots, a moment later and brighter."""
    folder.mkdir()
    for number in range(4):
        still = np.clip(picture(number, 5).astype(int) + 8, 0, 255).astype(np.uint8)
        cv2.imwrite(str(folder / f"shot{number}.png"), still[..., ::-1])
