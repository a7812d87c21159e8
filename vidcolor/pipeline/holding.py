"""Which of a film's other streams a container holds, and what is said of those that it does not."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO

import av
from av.stream import Discard, Disposition, Stream

from vidcolor.pipeline.containers import MUXERS, PICTURES, TAKES
from vidcolor.pipeline.film_file import reopen_film
from vidcolor.types import FilmInfo

_TRANSPORT = "aac ac3 eac3 mp2 mp3 dts opus truehd h264 hevc mpeg2video dvb_subtitle dvb_teletext hdmv_pgs_subtitle"
ONLY = {
    "mpegts": {*_TRANSPORT.split(), "smpte_klv", "timed_id3", "scte_35", "bin_data"},
    "mxf": {"pcm_s16le", "pcm_s24le"},
    PICTURES: set(),
}
"""FFmpeg's names of the streams that come back out of containers whose header alone does not tell."""


@dataclass(frozen=True)
class MuxConfig:
    """How pictures and other streams are put together."""

    leave_out: bool = False
    """True leaves out, with a note, what the container cannot hold; else such a film is refused before the work."""


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


def holds(muxer: str, stream: Stream) -> bool:
    """Whether a container takes a copy of a stream; found out by writing a header into memory."""
    if is_timecode(stream):
        return muxer in ("mp4", "mov")
    if muxer == "matroska" and stream.disposition & Disposition.attached_pic:
        return True
    if stream.type == "data" and muxer in ("mp4", "mov") and "mov" not in stream.container.format.name:
        return False  # it is written, and never found again
    if muxer in ONLY:
        return _codec_name(stream) in ONLY[muxer]
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


def _codec_name(stream: Stream) -> str:
    context = stream.codec_context
    return context.codec.canonical_name if context else str(getattr(stream, "name", None) or "unknown format")


def dropped(stream: Stream, muxer: str) -> StreamNote:
    """The note that says that a stream is left out, and which container would have held it."""
    codec = _codec_name(stream)
    able = [suffix for suffix in (".mkv", ".mov", ".mp4", ".ts") if holds(MUXERS[suffix], stream)]
    codecs = " or ".join(sorted(TAKES[MUXERS[able[0]]])) if able else ""
    advice = f"a {able[0]} film would, coded with {codecs}" if able else "no container that is written here can"
    name = "numbered pictures" if muxer == PICTURES else muxer
    text = f"Stream {stream.index} ({stream.type}, {codec}) is left out: {name} cannot hold it; {advice}."
    return StreamNote(stream.index, stream.type, codec, text)


def lost_streams(muxer: str, info: FilmInfo) -> list[StreamNote]:
    """A note for each of the film's streams that a container does not hold."""
    with reopen_film(info) as film:
        others = [s for s in film.streams if s.index != info.video_stream and s.discard != Discard.all]
        return [dropped(stream, muxer) for stream in others if not holds(muxer, stream)]
