"""Films drawn and encoded by the tests themselves."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest
from av.container import OutputContainer
from av.packet import Packet
from av.video.format import VideoFormat
from av.video.frame import VideoFrame
from hypothesis import HealthCheck, settings

DrawFilm = Callable[..., Path]

CLIPS = Path(os.environ.get("VIDCOLOR_CLIPS") or Path(__file__).parents[2] / "shared" / "clips")
"""Where the real clips lie, if they do."""


def real_clip(name: str) -> Path:
    """A clip by its path in that folder; the test is skipped where it is not there."""
    path = CLIPS / name
    if not path.exists():
        pytest.skip(f"{path.name} is not here; VIDCOLOR_CLIPS names the folder of clips")
    return path


# a shell that puts the tests into the background has their commands ignore what some of them are sent
signal.signal(signal.SIGINT, signal.default_int_handler)
if hasattr(signal, "SIGHUP"):
    signal.signal(signal.SIGHUP, signal.SIG_DFL)

# how fast a machine is, and what else it has to do, is nobody's mistake
settings.register_profile("vidcolor", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("vidcolor")


def luma_of(index: int, width: int, height: int, bit_depth: int = 8) -> np.ndarray:
    """The luma that frame ``index`` of a drawn film is encoded from: a moving slope under faint grain."""
    rng = np.random.default_rng(index)
    across, down = np.meshgrid(np.arange(width), np.arange(height))
    slope = (across * 3 + down * 2 + index * 5) % 200
    top = 1 << (bit_depth - 8)
    grain = rng.integers(0, 6 * top, (height, width))
    return (20 * top + slope * top + grain).astype(np.uint8 if bit_depth == 8 else np.uint16)


@pytest.fixture
def draw_film(tmp_path: Path) -> DrawFilm:
    """A function that draws a film; see :func:`draw`."""

    def in_tmp_path(name: str = "film.mkv", **options: Any) -> Path:
        return draw(tmp_path / name, **options)

    return in_tmp_path


def draw(
    path: Path,
    *,
    frames: int = 12,
    first: int = 0,
    size: tuple[int, int] = (64, 48),
    codec: str = "ffv1",
    pixel_format: str = "yuv420p",
    rate: int | Fraction = 24,
    time_base: Fraction | None = None,
    pts: Sequence[int] | None = None,
    codec_options: Mapping[str, str] | None = None,
    container_options: Mapping[str, str] | None = None,
    context: Mapping[str, Any] | None = None,
    rotation: int = 0,
    sounds: Sequence[str] = (),
    subtitles: Sequence[str] = (),
    chapters: Sequence[str] = (),
    attachment: bytes | None = None,
    metadata: Mapping[str, str] | None = None,
    picture_metadata: Mapping[str, str] | None = None,
) -> Path:
    """Encode a film whose frames have the luma of :func:`luma_of` and neutral chroma.

    Args:
        first: number of the first frame's luma.
        size: width and height.
        pts: one for each frame, in ticks of ``time_base``; by default one frame after the other.
        context: attributes of the codec context, such as ``color_range``.
        sounds: languages of the sound tracks.
        subtitles: languages of the subtitle tracks.
        chapters: titles of the chapters, one second each.
        metadata: of the container.
        picture_metadata: of the picture stream.
    """
    time_base = time_base or Fraction(1) / rate
    with av.open(str(path), "w", container_options=dict(container_options or {})) as film:
        film.metadata.update(metadata or {})
        pictures = film.add_stream(codec, rate=Fraction(rate), options=dict(codec_options or {}))
        pictures.width, pictures.height = size
        pictures.pix_fmt = pixel_format
        pictures.codec_context.time_base = pictures.time_base = time_base
        pictures.metadata.update(picture_metadata or {})
        for name, value in (context or {}).items():
            setattr(pictures.codec_context, name, value)
        if rotation:
            pictures.set_display_rotation(rotation)
        second = Fraction(1)
        film.set_chapters(
            [
                {"id": n, "start": n, "end": n + 1, "time_base": second, "metadata": {"title": title}}
                for n, title in enumerate(chapters)
            ]
        )
        others = [*_sound_packets(film, sounds), *_subtitle_packets(film, subtitles)]
        if attachment is not None:
            film.add_attachment("letters.ttf", "application/x-truetype-font", attachment)
        stamps = pts or [round(n / (rate * time_base)) for n in range(frames)]
        for n, stamp in enumerate(stamps):
            film.mux(pictures.encode(_picture(first + n, size, pixel_format, stamp, time_base)))
        film.mux(pictures.encode(None))
        film.mux(others)
    return path


def _picture(index: int, size: tuple[int, int], pixel_format: str, pts: int, time_base: Fraction) -> VideoFrame:
    bit_depth = VideoFormat(pixel_format).components[0].bits
    picture = VideoFrame(*size, pixel_format)
    for number, plane in enumerate(picture.planes):
        dtype = np.dtype("u1" if bit_depth == 8 else ">u2" if pixel_format.endswith("be") else "<u2")
        rows = np.frombuffer(memoryview(plane), dtype).reshape(plane.height, -1)
        neutral = np.full((plane.height, plane.width), 1 << (bit_depth - 1))
        rows[:, : plane.width] = luma_of(index, *size, bit_depth) if number == 0 else neutral
    picture.pts, picture.time_base = pts, time_base
    return picture


def _sound_packets(film: OutputContainer, languages: Sequence[str]) -> Iterator[Packet]:
    for number, language in enumerate(languages):
        stream = film.add_stream("aac", rate=44100, layout="mono")
        stream.metadata["language"] = language
        times = np.arange(44100, dtype=np.float32) / 44100
        tone = np.sin(2 * np.pi * 220 * (number + 1) * times)[None].astype(np.float32)
        frame = av.AudioFrame.from_ndarray(tone, format="fltp", layout="mono")
        frame.sample_rate = 44100
        frame.pts = 0
        yield from (*stream.encode(frame), *stream.encode(None))


def _subtitle_packets(film: OutputContainer, languages: Sequence[str]) -> Iterator[Packet]:
    for language in languages:
        stream = film.add_mux_stream("subrip", time_base=Fraction(1, 1000))
        stream.metadata["language"] = language
        for line in range(2):
            packet = Packet(f"Line {line} in {language}".encode())
            packet.stream, packet.time_base = stream, Fraction(1, 1000)
            packet.pts = packet.dts = line * 200
            packet.duration = 150
            yield packet


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """A folder of pictures to train on and one held out, in which light things are red and dark things are blue."""
    rng = np.random.default_rng(0)
    for name, count in (("train", 8), ("heldout", 4)):
        (tmp_path / name).mkdir()
        for number in range(count):
            picture = np.full((80, 96, 3), (220, 110, 90), np.uint8)
            for x, y in rng.integers(10, 80, (5, 2)).tolist():
                cv2.circle(picture, (x, y), 12, (30, 40, 120), -1)
            cv2.imwrite(str(tmp_path / name / f"{number}.png"), picture[..., ::-1])
    return tmp_path
