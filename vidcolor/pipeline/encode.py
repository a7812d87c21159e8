"""Coloured frames become one finished segment: the film's own luma, bit for bit, beside our chroma.

A segment is a small film in a container that keeps any time base; its pts count from the film's first frame. It
begins with a key frame and refers to nothing outside itself, so that segments join without a seam; and the same frames
give the same bytes.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import av
import numpy as np
from av.codec.context import Flags
from av.container import OutputContainer
from av.filter import Graph
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from vidcolor.errors import OutputError
from vidcolor.pipeline.codecs import CODECS, encoder_name
from vidcolor.pipeline.containers import segment_options
from vidcolor.pipeline.encoder_options import encoder_options
from vidcolor.pipeline.files import cannot_write, written_whole
from vidcolor.pipeline.film_file import file_url
from vidcolor.pipeline.output_format import EncodeConfig, OutputFormat, output_format
from vidcolor.pipeline.scheduling import kept_scheduling
from vidcolor.pipeline.side_data import SideData, read_side_data
from vidcolor.refusals import refusal
from vidcolor.types import ColouredFrame, FilmInfo

__all__ = ["EncodeConfig", "OutputFormat", "encode_segment", "output_format"]

ENCODER_THREADS = 8
"""Not the machine's number of cores: with another number of threads x264 and x265 write other bytes."""
HDR_TRANSFERS = (16, 18)
"""AVColorTransferCharacteristic of high dynamic range: PQ and HLG."""

os.environ.setdefault("SVT_LOG", "1")  # SVT-AV1 prints its settings otherwise, and has no other way to be quiet


def encode_segment(
    path: Path,
    frames: Iterable[ColouredFrame],
    info: FilmInfo,
    config: EncodeConfig,
    threads: int = ENCODER_THREADS,
) -> int:
    """Write coloured frames as one segment, under a temporary name that is changed when it is whole.

    Args:
        frames: at least one, in presentation order, pts strictly increasing.
        info: of the source film.
        threads: of the encoder; part of the settings, since x264 and x265 write other bytes with another number.

    Returns:
        The number of frames written.

    Raises:
        OutputError: the encoder refuses the film, or the disk does.
    """
    form = output_format(info, config)
    with written_whole(path) as unfinished:
        count = _encode(unfinished, frames, info, config, form, threads)
        if count == 0:
            raise ValueError(f"a segment holds at least one frame, got none for {path}")
    return count


def _encode(
    path: Path, frames: Iterable[ColouredFrame], info: FilmInfo, config: EncodeConfig, form: OutputFormat, threads: int
) -> int:
    side = read_side_data(info) if info.interlaced or info.color.transfer in HDR_TRANSFERS else None
    muxer = CODECS[form.codec].segment
    count = 0
    with _told(path, form):
        container = av.open(file_url(path), "w", format=muxer, container_options=segment_options(muxer, info))
    try:
        with _told(path, form):
            stream = _add_stream(container, info, config, form, threads, side)
            mark = _field_marker(stream, info, side) if info.interlaced else None
            with kept_scheduling():
                container.start_encoding()
        held_back = CODECS[form.codec].held_back
        shown = deque(range(-held_back, 0))
        for coloured in frames:  # errors of whoever makes the frames are not the encoder's
            shown.append(coloured.frame.pts - (info.start_pts or 0))  # not every container counts below zero
            picture = _picture(coloured, shown[-1], info, form)
            with _told(path, form):
                container.mux(_stamped(stream.encode(mark(picture) if mark else picture), shown))
            count += 1
        with _told(path, form):
            container.mux(_stamped(stream.encode(None), shown))
    finally:
        with _told(path, form):
            container.close()
    return count


def _stamped(packets: list[Packet], shown: deque[int]) -> list[Packet]:
    """Give packets decoding times in which every picture is decoded before it is shown; x265's own may be garbage.

    Args:
        shown: one tick for every picture that the encoder holds back, then the pts of all pictures it was handed.
    """
    for packet in packets:
        packet.dts = shown.popleft()
    return packets


@contextmanager
def _told(path: Path, form: OutputFormat) -> Iterator[None]:
    """Turn what the encoder or the disk says into one sentence."""
    try:
        yield
    except (av.FFmpegError, OSError) as error:
        if isinstance(error, FileNotFoundError) or (isinstance(error, OSError) and refusal(error)):
            raise cannot_write(path.parent, error) from error
        what = f"{form.codec} ({form.pixel_format}, chroma {form.chroma_width}x{form.chroma_height})"
        raise OutputError(f"{path} cannot be written with {what}: {error.strerror or error}.") from error


def _picture(coloured: ColouredFrame, pts: int, info: FilmInfo, form: OutputFormat) -> VideoFrame:
    picture = VideoFrame(info.width, info.height, form.pixel_format)
    dtype = np.dtype(np.uint8 if form.bit_depth == 8 else "<u2")
    for plane, samples in zip(picture.planes, (coloured.frame.luma, coloured.cb, coloured.cr), strict=True):
        if samples.shape != (plane.height, plane.width):
            raise ValueError(f"a plane of {form.pixel_format} is {plane.height, plane.width}, got {samples.shape}")
        rows = np.frombuffer(memoryview(plane), dtype).reshape(plane.height, plane.line_size // dtype.itemsize)
        if form.bit_depth == info.bit_depth:
            rows[:, : plane.width] = samples
        else:
            np.left_shift(samples, form.bit_depth - info.bit_depth, out=rows[:, : plane.width], dtype=dtype)
    picture.pts = pts
    picture.time_base = info.time_base
    picture.color_range, picture.colorspace = info.color.range, info.color.matrix
    picture.color_primaries, picture.color_trc = info.color.primaries, info.color.transfer
    return picture


def _add_stream(
    container: OutputContainer,
    info: FilmInfo,
    config: EncodeConfig,
    form: OutputFormat,
    threads: int,
    side: SideData | None,
) -> VideoStream:
    codec = CODECS[form.codec]
    options = encoder_options(codec, config, form, info, side)
    stream = container.add_stream(encoder_name(codec), rate=info.frame_rate, options=options)
    assert isinstance(stream, VideoStream)
    context = stream.codec_context
    context.width, context.height, context.pix_fmt = info.width, info.height, form.pixel_format
    context.time_base = stream.time_base = info.time_base
    context.sample_aspect_ratio = info.sample_aspect_ratio
    context.thread_count = threads
    context.thread_type = "AUTO"  # PyAV's own choice, slices alone, makes x264's bytes differ from run to run
    context.color_range, context.colorspace = info.color.range, info.color.matrix
    context.color_primaries, context.color_trc = info.color.primaries, info.color.transfer
    return stream


def _field_marker(stream: VideoStream, info: FilmInfo, side: SideData | None) -> Callable[[VideoFrame], VideoFrame]:
    """Tell the encoder to keep the two fields of a picture apart, and mark every picture as having them.

    Which field comes first can be written on a picture by a filter alone; it does not touch the samples.
    """
    stream.codec_context.flags |= Flags.interlaced_dct | Flags.interlaced_me
    bottom_first = side is not None and side.bottom_field_first
    stream.codec_context.field_order = 3 if bottom_first else 2
    graph = Graph()
    source = graph.add_buffer(
        width=info.width, height=info.height, format=stream.codec_context.format, time_base=info.time_base
    )
    fields = graph.add("setfield", "bff" if bottom_first else "tff")
    sink = graph.add("buffersink")
    source.link_to(fields)
    fields.link_to(sink)
    graph.configure()

    def mark(picture: VideoFrame) -> VideoFrame:
        graph.push(picture)
        marked = graph.pull()
        assert isinstance(marked, VideoFrame)
        return marked

    return mark
