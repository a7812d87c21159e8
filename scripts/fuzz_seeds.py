"""What a fuzz run begins from: films of every kind of file, stills, and manifests with every word that there is."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import numpy as np
from media_formats import FORMAT_CASES
from media_streams import STREAM_CASES
from PIL import Image

LARGEST = 400_000
"""Bytes of a film that is mutated; larger ones take long and teach no more."""

MANIFEST = """\
# by hand
film: "the film.mkv"
frames: 120
rate: 24000/1001
references: refs/
shots:

- shot: 0
  start: 0
  stop: 40
  time: 00:00:00.000 - 00:00:01.668
  reference: harbour.jpg   # the one with the crane
  score: 0.41
  runner_up: 'street, at night.jpg'
  runner_up_score: 0.38
  explained: 0.52
  flagged: false
  saturation: 1.0
  keep_gray: false
- shot: 1
  start: 40
  stop: 80
  reference: {a.jpg: 2, "b#1.jpg": 1}
  strength: 0.5
  temperature: -30
  dissolve: 12
  hints:
    - {frame: 46, x: 0.41, y: 0.30, color: '#c8a078'}
    - {frame: 60, x: 0.80, y: 0.55, color: '#5a6e8c', radius: 0.3}
- {shot: 2, start: 80, stop: 120, reference: [a.jpg, b.jpg], keep_color: true, tied_to: 0}
"""

SHORT = "film: f.mp4\nframes: 2\nrate: 25\nreferences: none\nshots:\n- {start: 0, stop: 2, reference: none}\n"


def manifests() -> list[bytes]:
    """Manifests as people and the program write them."""
    return [MANIFEST.encode(), SHORT.encode(), b"\xef\xbb\xbf" + MANIFEST.replace("\n", "\r\n").encode()]


def films(scratch: Path, clips: Path | None) -> dict[str, list[bytes]]:
    """Small films by the suffix of their files: drawn in every format, and those of a folder."""
    found: dict[str, list[bytes]] = {}
    for number, case in enumerate([*FORMAT_CASES, *STREAM_CASES]):
        folder = scratch / f"seed{number}"
        folder.mkdir(parents=True)
        try:
            film = case.make(folder)
        except RuntimeError:
            continue  # a format that this ffmpeg program does not write
        if film.is_file() and film.stat().st_size <= LARGEST:
            found.setdefault(film.suffix, []).append(film.read_bytes())
    for clip in sorted(clips.iterdir()) if clips else []:
        if clip.stat().st_size <= LARGEST:
            found.setdefault(clip.suffix.lower(), []).append(clip.read_bytes())
    return found


def stills() -> dict[str, list[bytes]]:
    """Small pictures by the suffix of their files, with several depths, palettes and ways of storage."""
    rng = np.random.default_rng(1)
    rgb = Image.fromarray(rng.integers(0, 256, (24, 32, 3), dtype=np.uint8))
    deep = Image.fromarray(rng.integers(0, 65536, (24, 32), dtype=np.uint16))
    ways: dict[str, list[tuple[Image.Image, dict[str, object]]]] = {
        ".png": [(rgb, {}), (deep, {}), (rgb.convert("P"), {}), (rgb.convert("LA"), {})],
        ".jpg": [(rgb, {"progressive": True}), (rgb, {}), (rgb.convert("CMYK"), {}), (rgb.convert("L"), {})],
        ".tif": [
            (rgb, {"compression": way}) for way in ("raw", "tiff_lzw", "tiff_adobe_deflate", "packbits", "jpeg")
        ] + [(deep, {}), (rgb.convert("1"), {"compression": "group4"})],
        ".webp": [(rgb, {}), (rgb, {"lossless": True})],
        ".bmp": [(rgb, {}), (rgb.convert("P"), {})],
    }  # fmt: skip
    return {suffix: [_encoded(image, suffix, options) for image, options in kinds] for suffix, kinds in ways.items()}


def _encoded(image: Image.Image, suffix: str, options: dict[str, object]) -> bytes:
    buffer = BytesIO()
    name = {".jpg": "JPEG", ".tif": "TIFF"}.get(suffix, suffix[1:].upper())
    image.save(buffer, name, **options)  # type: ignore[arg-type]
    return buffer.getvalue()
