"""Segments and the original's other streams become one film: pictures joined, everything else copied as it is.

The pictures' packets are written in decoding order with decoding times computed afresh over the whole film; their
presentation times are the film's own, in its own time base where the container can count in it.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from heapq import merge
from itertools import chain
from pathlib import Path

import av
from av.container import InputContainer, OutputContainer
from av.packet import Packet
from av.stream import Discard, Disposition, Stream
from av.video.stream import VideoStream

from vidcolor.errors import OutputError
from vidcolor.pipeline.containers import check_writable, find_muxer, loses_pixel_shape, muxer_options, output_names
from vidcolor.pipeline.ffmpeg_program import copy_with_pixel_shape
from vidcolor.pipeline.files import cannot_write, discard, put_in_place, temporary_name
from vidcolor.pipeline.film_file import file_url, open_film, picture_stream, reopen_film, video_stream
from vidcolor.pipeline.holding import StreamNote, dropped, holds, is_timecode, lost_streams
from vidcolor.pipeline.metadata import film_metadata, picture_metadata
from vidcolor.pipeline.output_plan import default_output
from vidcolor.pipeline.side_data import read_side_data
from vidcolor.pipeline.stamps import decode_stamps
from vidcolor.pipeline.write_pictures import write_pictures
from vidcolor.types import FilmInfo

ALL_KINDS = {"video", "audio", "subtitle", "data", "attachment"}
"""Of streams."""

__all__ = ["StreamNote", "check_writable", "default_output", "mux_film"]


def mux_film(
    segments: Sequence[Path],
    info: FilmInfo,
    out: Path,
    copies: bool = True,
    before_placing: Callable[[Path], None] | None = None,
) -> list[StreamNote]:
    """Join segments and copy every other stream of the film beside them.

    Args:
        segments: in the film's order, all written with the same settings.
        info: of the source film.
        out: its suffix chooses the container. It is written under a temporary name beside it and renamed when whole.
        copies: False leaves the film's other streams out.
        before_placing: told the whole film under its temporary name (a folder of pictures, where it becomes those),
            just before that is changed to ``out``; what it raises leaves ``out`` as it was.

    Returns:
        A note for every stream that the container cannot hold.

    Raises:
        OutputError: the container cannot hold the pictures' codec, or the disk refuses.
        FilmError: the source film can no longer be read.
    """
    if out.exists() and out.samefile(info.path):
        raise OutputError(f"{out} is the film itself; choose another name for its coloured copy.")
    if (names := output_names(out)) is not None:
        write_pictures(segments, info, names, before_placing)
        return lost_streams(find_muxer(out), info)
    joined = whole = temporary_name(out)
    shaped = temporary_name(joined)
    try:
        joiner = _join_holdable(segments, info, out, joined) if copies else _join(segments, info, out, joined, set())
        if info.sample_aspect_ratio != 1 and loses_pixel_shape(find_muxer(out), joiner.codec):
            _shape(joined, shaped, find_muxer(out), info)
            whole = shaped
        if before_placing is not None:
            before_placing(whole)
        put_in_place(whole, out)
    except (av.FFmpegError, OSError) as error:
        if isinstance(error, OSError):
            raise cannot_write(out, error) from error
        raise OutputError(f"{out} cannot be written: {error.strerror or error}.") from error
    finally:
        discard(joined)
        discard(shaped)
    return joiner.notes


def _join_holdable(segments: Sequence[Path], info: FilmInfo, out: Path, joined: Path) -> _Joiner:
    """Join, and once more without data streams where the container took them one by one but refuses them together."""
    try:
        return _join(segments, info, out, joined, ALL_KINDS)
    except av.ArgumentError:
        return _join(segments, info, out, joined, ALL_KINDS - {"data"})


def _join(segments: Sequence[Path], info: FilmInfo, out: Path, joined: Path, kinds: set[str]) -> _Joiner:
    options = muxer_options(out, info)
    with (
        reopen_film(info) as source,
        av.open(file_url(joined), "w", format=find_muxer(out), container_options=options) as target,
    ):
        joiner = _Joiner(segments, info, source, kinds)
        joiner.write(target)
    return joiner


def _shape(joined: Path, shaped: Path, muxer: str, info: FilmInfo) -> None:
    with open_film(joined) as film:
        dispositions = [int(stream.disposition) for stream in film.streams]
        pictures = picture_stream(film, joined).index
    aspect = info.sample_aspect_ratio * Fraction(info.width, info.height)
    copy_with_pixel_shape(joined, shaped, muxer, dispositions, pictures, aspect)


class _Joiner:
    """Everything that one call of :func:`mux_film` needs to know while it writes."""

    def __init__(self, segments: Sequence[Path], info: FilmInfo, source: InputContainer, kinds: set[str]) -> None:
        """``kinds`` of other streams that are copied."""
        self.notes: list[StreamNote] = []
        self.codec = ""
        """FFmpeg's name of the pictures' codec."""
        self._segments = segments
        self._info = info
        self._source = source
        self._kinds = kinds
        self._copies: dict[int, Stream] = {}

    def write(self, target: OutputContainer) -> None:
        target.metadata.update(film_metadata(self._source.metadata))
        target.set_chapters(self._source.chapters())
        pictures = self._add_streams(target)
        copies = map(_RisingTimes(target.format.name), self._copied_packets())
        for packet in _interleaved(self._picture_packets(pictures), copies):
            target.mux_one(packet)

    def _add_streams(self, target: OutputContainer) -> VideoStream:
        original = video_stream(self._source, self._info.video_stream)
        streams = list(self._source.streams)
        for stream in streams[: original.index]:
            self._add_copy(target, stream)
        pictures = self._add_pictures(target, original)
        for stream in streams[original.index + 1 :]:
            self._add_copy(target, stream)
        return pictures

    def _add_pictures(self, target: OutputContainer, original: VideoStream) -> VideoStream:
        stream = self._like_segments(target)
        context, color = stream.codec_context, self._info.color
        self.codec = context.codec.canonical_name
        stream.time_base = self._info.time_base
        stream.disposition = original.disposition
        stream.metadata.update(picture_metadata(original.metadata))
        context.framerate = self._info.frame_rate
        context.field_order = original.codec_context.field_order
        context.sample_aspect_ratio = self._info.sample_aspect_ratio
        context.color_range, context.colorspace = color.range, color.matrix
        context.color_primaries, context.color_trc = color.primaries, color.transfer
        if self.codec == "hevc" and target.format.name in ("mp4", "mov"):
            context.codec_tag = "hvc1"  # the tag that Apple's players ask for
        stream.set_display_matrix(read_side_data(self._info).display_matrix)
        return stream

    def _like_segments(self, target: OutputContainer) -> VideoStream:
        with av.open(file_url(self._segments[0])) as segment:
            template = segment.streams.video[0]
            try:
                stream = target.add_stream_from_template(template, opaque=True)
                if target.format.name == "avi":  # several codes of one codec tell its pixel formats apart
                    stream.codec_context.codec_tag = template.codec_context.codec_tag
                return stream
            except ValueError as error:
                codec = template.codec_context.codec.canonical_name
                raise OutputError(f"{target.format.name} cannot hold pictures of {codec}; choose .mkv.") from error

    def _add_copy(self, target: OutputContainer, stream: Stream) -> None:
        if stream.discard == Discard.all:
            return  # a chapter track: the demuxer hides it, and the chapters bring it back
        if not holds(target.format.name, stream) or stream.type not in self._kinds:
            self.notes.append(dropped(stream, target.format.name))
            return
        if is_timecode(stream):
            return  # the pictures' tag brings it back
        if stream.disposition & Disposition.attached_pic and target.format.name == "matroska":
            target.add_attachment(*_cover(self._info, stream))  # where Matroska keeps covers
            return
        copy = target.add_stream_from_template(stream, opaque=True)
        copy.disposition = stream.disposition
        copy.metadata.update(stream.metadata)
        self._copies[stream.index] = copy

    def _picture_packets(self, stream: VideoStream) -> Iterator[Packet]:
        base = self._info.time_base
        first = self._info.start_pts or 0
        segments = [array("q", (first + _ticks(packet, base) for packet in _packets(path))) for path in self._segments]
        stamps = decode_stamps(segments, max(1, round(1 / (self._info.frame_rate * base))))
        packets = chain.from_iterable(_packets(path) for path in self._segments)
        for packet, (pts, dts, duration) in zip(packets, stamps, strict=True):
            packet.stream = stream
            packet.time_base = base
            packet.pts, packet.dts, packet.duration = pts, dts, duration
            yield packet

    def _copied_packets(self) -> Iterator[Packet]:
        for stream in self._source.streams:
            stream.discard = Discard.default if stream.index in self._copies else Discard.all
        wanted = [self._source.streams[index] for index in self._copies]
        if not wanted:
            return
        try:
            for packet in self._source.demux(wanted):
                if packet.size:
                    packet.stream = self._copies[packet.stream_index]
                    yield packet
        except (av.FFmpegError, OSError):
            text = "The film breaks off; its other streams are copied as far as they can be read."
            self.notes.append(StreamNote(self._info.video_stream, "video", self._info.codec, text))


class _RisingTimes:
    """Nudges decoding times that do not rise, as broken recordings have them; muxers refuse such packets."""

    def __init__(self, muxer: str) -> None:
        self._least_step = 0 if muxer in ("matroska", "webm") else 1
        self._last: dict[int, int] = {}

    def __call__(self, packet: Packet) -> Packet:
        if packet.dts is not None:
            earliest = self._last.get(packet.stream_index, packet.dts - 1) + self._least_step
            if packet.dts < earliest:
                packet.dts = earliest
                packet.pts = max(packet.pts if packet.pts is not None else earliest, earliest)
            self._last[packet.stream_index] = packet.dts
        return packet


def _cover(info: FilmInfo, stream: Stream) -> tuple[str, str, bytes]:
    """File name, media type and content of a film's cover art."""
    with reopen_film(info) as source:
        picture = next(packet for packet in source.demux(source.streams[stream.index]) if packet.size)
        content = bytes(picture)
    codec = stream.codec_context.codec.canonical_name if stream.codec_context else "jpeg"
    kind = {"mjpeg": "jpeg"}.get(codec, codec)
    return stream.metadata.get("filename", f"cover.{kind}"), stream.metadata.get("mimetype", f"image/{kind}"), content


def _packets(path: Path) -> Iterator[Packet]:
    with av.open(file_url(path)) as segment:
        yield from (packet for packet in segment.demux(video=0) if packet.size)


def _ticks(packet: Packet, time_base: Fraction) -> int:
    """A segment packet's pts in ticks of the film, of which the segment's own ticks are a whole fraction."""
    ticks = (packet.pts or 0) * packet.time_base / time_base
    if ticks.denominator != 1:
        raise ValueError(f"a segment's pts {packet.pts} of {packet.time_base} s is no tick of {time_base} s")
    return int(ticks)


def _interleaved(pictures: Iterator[Packet], others: Iterator[Packet]) -> Iterator[Packet]:
    """Both rows merged by decoding time, each kept in its own order."""
    return merge(pictures, others, key=_seconds)


def _seconds(packet: Packet) -> Fraction:
    stamp = packet.dts if packet.dts is not None else packet.pts
    return (stamp or 0) * packet.time_base
