"""Which container holds what, and what it must be told to keep time stamps as they are."""

from __future__ import annotations

import math
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryFile

from vidcolor.errors import OutputError
from vidcolor.pipeline.files import cannot_write
from vidcolor.pipeline.film_file import reopen_film
from vidcolor.pipeline.metadata import needs_free_form
from vidcolor.pipeline.sequence import WRITTEN_SUFFIXES, PictureNames, picture_names
from vidcolor.types import FilmInfo

PICTURES = "image2"
"""What numbered pictures are called where a muxer is named."""

MUXERS = {
    ".mp4": "mp4", ".m4v": "mp4", ".mov": "mov", ".mkv": "matroska", ".webm": "webm",
    ".ts": "mpegts", ".m2ts": "mpegts", ".mts": "mpegts", ".avi": "avi", ".mxf": "mxf",
}  # fmt: skip
"""FFmpeg's muxer by the suffix of a file name."""

TAKES = {
    "mp4": ("x264", "x265", "av1", "vp9", "ffv1"),
    "mov": ("x264", "x265", "prores", "dnxhr"),
    "matroska": ("x264", "x265", "av1", "vp9", "ffv1", "prores"),
    "webm": ("vp9", "av1"),
    "mpegts": ("x264", "x265"),
    "avi": ("ffv1", "utvideo"),
    "mxf": ("dnxhr", "prores"),
    PICTURES: ("pictures",),
}
"""The codecs that a player finds in each container, the usual first; FFmpeg's muxers take more that no player would.

AVI and MXF get such alone as show pictures in the order in which they are coded.
"""

MILLISECOND = Fraction(1, 1000)
"""The tick of Matroska and WebM."""


def takes_codec(muxer: str, codec: str) -> bool:
    """Whether a container takes pictures of a codec out of :data:`~vidcolor.pipeline.codecs.CODECS`."""
    return codec in TAKES[muxer]


def find_muxer(out: Path) -> str:
    """FFmpeg's muxer for a file name.

    Raises:
        OutputError: its suffix names no container that is written here.
    """
    suffix = out.suffix.lower()
    if suffix in MUXERS:
        return MUXERS[suffix]
    if suffix in WRITTEN_SUFFIXES:
        if output_names(out) is not None:
            return PICTURES
        numbered = out.with_name(f"{out.stem}_%04d{suffix}")
        raise OutputError(f"{out} would be a single picture; {numbered} names one for every frame.")
    kinds = f"{', '.join(MUXERS)}, or pictures such as {out.stem}_%04d.png"
    raise OutputError(f"{out} names no container that can be written; its suffix may be {kinds}.")


def output_names(out: Path) -> PictureNames | None:
    """How the pictures of an output are named; None where it is a single file."""
    return None if out.is_dir() else picture_names(out)


def check_writable(out: Path, codec: str | None = None) -> None:
    """Find out before the work whether ``out`` can be written after it.

    Args:
        codec: out of :data:`~vidcolor.pipeline.codecs.CODECS`, to learn whether the container takes it.

    Raises:
        OutputError: the container is unknown or does not take the codec, the folder is missing or refuses new files,
            or ``out`` is a folder.
    """
    if out.is_dir():
        raise OutputError(f"{out} is a folder; name the film to write, such as {out}/film.mp4.")
    muxer = find_muxer(out)
    if codec is not None and not takes_codec(muxer, codec):
        able = [suffix for suffix, name in MUXERS.items() if takes_codec(name, codec)]
        raise OutputError(f"{out} cannot hold {codec}; its suffix may be {', '.join(able)}.")
    folder = out.parent
    if muxer == PICTURES and not folder.exists():
        folder = folder.parent  # pictures get a folder of their own
    if not folder.is_dir():
        raise OutputError(f"The folder {folder} does not exist; make it or choose another place for {out.name}.")
    try:
        with TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise cannot_write(out, error) from error


def keeps_ticks(muxer: str, time_base: Fraction) -> bool:
    """Whether a container can write any time stamp of a time base exactly."""
    if muxer in ("mp4", "mov"):
        return time_base.denominator < 2**31
    if muxer in ("matroska", "webm"):
        return (time_base / MILLISECOND).denominator == 1
    if muxer in ("avi", "mxf", PICTURES):
        return False  # they know a frame rate at most
    return (time_base * 90_000).denominator == 1  # MPEG transport stream


def loses_pixel_shape(muxer: str, codec: str) -> bool:
    """Whether pixels that are not square must be told to the container by another way than PyAV's.

    Args:
        codec: FFmpeg's name; H.264 and HEVC say in their own headers how wide a pixel is.
    """
    return muxer in ("matroska", "webm") and codec not in ("h264", "hevc")


_SAME_BYTES = {"fflags": "+bitexact"}
"""Else Matroska's and MXF's muxers name every track by a random number, and no two runs write the same file."""


def muxer_options(out: Path, info: FilmInfo) -> dict[str, str]:
    """What the container is told so that time stamps, flags and tags stay as they are."""
    muxer = find_muxer(out)
    if muxer in ("mp4", "mov"):
        return _quicktime_options(muxer, info)
    if muxer == "matroska":
        return {"default_mode": "passthrough", **_SAME_BYTES, **_own_times(info)}
    if muxer == "webm":
        return {**_SAME_BYTES, **_own_times(info)}
    if muxer == "mxf":
        return dict(_SAME_BYTES)
    if muxer == "mpegts":
        return {"mpegts_copyts": "1", "muxdelay": "0"}
    return {}


def _own_times(info: FilmInfo) -> dict[str, str]:
    """Matroska's way with sound that begins before the pictures, as AAC and Opus do for their decoder to warm up.

    It notes the delay of such a codec, and nothing need be moved; FFmpeg would move all streams up. Pictures before
    zero have no such note, and there all are moved.
    """
    return {"avoid_negative_ts": "disabled"} if (info.start_pts or 0) >= 0 else {}


def segment_options(muxer: str, info: FilmInfo) -> dict[str, str]:
    """What the container of a segment is told, so that pts stay as they are and in the film's ticks.

    Decoding times before zero would otherwise move all times up; ticks may become whole fractions of the film's.
    """
    options = {"avoid_negative_ts": "disabled"}
    if muxer == "mov":
        ticks = str(info.time_base.denominator)
        options |= {"video_track_timescale": ticks, "movie_timescale": ticks}
    return options


def _quicktime_options(muxer: str, info: FilmInfo) -> dict[str, str]:
    """Ticks fine enough for every stream's first time stamp, and for the pictures exactly the film's own.

    The option for tracks holds for all video tracks at once, so that it can be given only where there is one.
    """
    with reopen_film(info) as film:
        bases = [s.time_base.denominator for s in film.streams if s.time_base and s.type in ("video", "audio")]
        videos = len(film.streams.video)
        free_form = needs_free_form(muxer, film.metadata)
    own = info.time_base.denominator
    common = math.lcm(own, *bases)
    options = {
        "movie_timescale": str(common if common < 2**31 else own),
        "movflags": "+write_colr" + "+use_metadata_tags" * free_form,  # tags of colour even where one is unstated
    }
    if videos == 1:
        options["video_track_timescale"] = str(own)
    return options
