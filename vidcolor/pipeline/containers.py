"""Which container holds what, and what it must be told to keep time stamps as they are."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryFile

import av
from av.stream import Discard, Disposition, Stream

from vidcolor.errors import OutputError
from vidcolor.pipeline.film_file import open_film
from vidcolor.pipeline.metadata import needs_free_form
from vidcolor.types import FilmInfo

MUXERS = {
    ".mp4": "mp4", ".m4v": "mp4", ".mov": "mov", ".mkv": "matroska", ".webm": "webm",
    ".ts": "mpegts", ".m2ts": "mpegts", ".mts": "mpegts",
}  # fmt: skip
"""FFmpeg's muxer by the suffix of a file name. AVI is not among them: it knows no time stamps, only a frame rate."""

TAKES = {
    "mp4": {"x264", "x265", "av1", "vp9", "ffv1"},
    "mov": {"x264", "x265", "prores"},
    "matroska": {"x264", "x265", "av1", "vp9", "ffv1", "prores"},
    "webm": {"av1", "vp9"},
    "mpegts": {"x264", "x265"},
}
"""The codecs that a player finds in each container; FFmpeg's muxers take some more that no player would."""

MILLISECOND = Fraction(1, 1000)
"""The tick of Matroska and WebM."""


@dataclass(frozen=True)
class StreamNote:
    """Something about one of the film's streams that a person should know."""

    index: int
    """Of the stream in the source film."""
    kind: str
    """``audio``, ``subtitle``, ``data``, ``attachment`` or ``video``."""
    codec: str
    text: str
    """One sentence."""


def default_output(info: FilmInfo, codec: str) -> Path:
    """Where a film's coloured copy goes: ``film.color.mp4`` beside ``film.mp4``.

    The container is the film's own where it takes the codec, holds the film's other streams and counts in its ticks;
    else whichever of Matroska, MP4 and QuickTime loses least.
    """
    own = info.path.suffix.lower()
    general = [".mkv", ".mp4", ".mov"] if "matroska" in info.container else [".mp4", ".mov", ".mkv"]
    at_home = MUXERS.get(own, "?") in info.container.split(",")
    able = [s for s in dict.fromkeys([own] * at_home + general) if takes_codec(MUXERS[s], codec)]
    suffix = min(able, key=lambda s: (_lost_streams(MUXERS[s], info), not keeps_ticks(MUXERS[s], info.time_base)))
    return info.path.with_name(f"{info.path.stem}.color{suffix}")


def takes_codec(muxer: str, codec: str) -> bool:
    """Whether a container takes pictures of a codec out of :data:`~vidcolor.pipeline.codecs.CODECS`."""
    return codec in TAKES[muxer]


def find_muxer(out: Path) -> str:
    """FFmpeg's muxer for a file name.

    Raises:
        OutputError: its suffix names no container that is written here.
    """
    suffix = out.suffix.lower()
    if suffix not in MUXERS:
        raise OutputError(f"{out} names no container that can be written; its suffix may be {', '.join(MUXERS)}.")
    return MUXERS[suffix]


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
    if not out.parent.is_dir():
        raise OutputError(f"The folder {out.parent} does not exist; make it or choose another place for {out.name}.")
    try:
        with TemporaryFile(dir=out.parent):
            pass
    except OSError as error:
        raise OutputError(f"{out} cannot be written: {error.strerror}; choose another folder.") from error


def keeps_ticks(muxer: str, time_base: Fraction) -> bool:
    """Whether a container can write any time stamp of a time base exactly."""
    if muxer in ("mp4", "mov"):
        return time_base.denominator < 2**31
    if muxer in ("matroska", "webm"):
        return (time_base / MILLISECOND).denominator == 1
    return (time_base * 90_000).denominator == 1  # MPEG transport stream


def holds(muxer: str, stream: Stream) -> bool:
    """Whether a container takes a copy of a stream; found out by writing a header into memory."""
    if is_timecode(stream):
        return muxer in ("mp4", "mov")
    if muxer == "matroska" and stream.disposition & Disposition.attached_pic:
        return True
    trial = av.open(BytesIO(), "w", format=muxer)
    try:
        trial.add_stream_from_template(stream, opaque=True).metadata.update(stream.metadata)
        trial.start_encoding()
        trial.close()
    except (av.FFmpegError, ValueError):
        return False
    return True


def is_timecode(stream: Stream) -> bool:
    """Whether a stream is a QuickTime timecode track; muxers write it afresh from the pictures' tag of that name."""
    return stream.type == "data" and "timecode" in stream.metadata


def loses_pixel_shape(muxer: str, codec: str) -> bool:
    """Whether pixels that are not square must be told to the container by another way than PyAV's.

    Args:
        codec: FFmpeg's name; H.264 and HEVC say in their own headers how wide a pixel is.
    """
    return muxer in ("matroska", "webm") and codec not in ("h264", "hevc")


def dropped(stream: Stream, muxer: str) -> StreamNote:
    """The note that says that a stream is left out, and which container would have held it."""
    codec = (stream.codec_context.name if stream.codec_context else getattr(stream, "name", None)) or "unknown format"
    able = [suffix for suffix in (".mkv", ".mov") if holds(MUXERS[suffix], stream)]
    codecs = " or ".join(sorted(TAKES[MUXERS[able[0]]])) if able else ""
    advice = f"a {able[0]} film would, coded with {codecs}" if able else "no container that is written here can"
    text = f"Stream {stream.index} ({stream.type}, {codec}) is left out: {muxer} cannot hold it; {advice}."
    return StreamNote(stream.index, stream.type, codec, text)


def muxer_options(out: Path, info: FilmInfo) -> dict[str, str]:
    """What the container is told so that time stamps, flags and tags stay as they are."""
    muxer = find_muxer(out)
    if muxer in ("mp4", "mov"):
        return _quicktime_options(muxer, info)
    if muxer == "matroska":
        return {"default_mode": "passthrough"}
    if muxer == "mpegts":
        return {"mpegts_copyts": "1", "muxdelay": "0"}
    return {}


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
    with open_film(info.path) as film:
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


def _lost_streams(muxer: str, info: FilmInfo) -> int:
    with open_film(info.path) as film:
        others = [s for s in film.streams if s.index != info.video_stream and s.discard != Discard.all]
        return sum(not holds(muxer, stream) for stream in others)
