"""Coloured frames become one finished segment: the film's own luma, bit for bit, beside our chroma.

A segment is a NUT file, which keeps any time base and every codec's headers. It begins with a key frame and refers to
nothing outside itself, so that segments join without a seam; and the same frames give the same bytes.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
from av.codec import Codec
from av.container import OutputContainer
from av.video.format import VideoFormat
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from vidcolor.errors import ConfigError, OutputError
from vidcolor.pipeline.codecs import CODECS, VideoCodec, encoder_name, find_codec
from vidcolor.pipeline.container import file_url
from vidcolor.pipeline.pixel_format import chroma_subsampling
from vidcolor.types import ColouredFrame, FilmInfo

ENCODER_THREADS = 8
"""Not the machine's number of cores: with another number of threads x264 and VP9 write other bytes."""
PLANAR_YUV = re.compile(r"yuv4\d\dp(\d+le)?")
"""The formats handed to encoders: no alpha, native order, full range told by the tag and not by the name."""


@dataclass(frozen=True)
class EncodeConfig:
    """How the pictures are written."""

    codec: str | None = None
    """Name out of :data:`~vidcolor.pipeline.codecs.CODECS`; None takes x264, or the first that holds the film's depth."""
    crf: int | None = None
    """Quality, smaller is better; None takes the codec's own default. 0 is lossless where the codec can be."""
    preset: str | None = None
    """The encoder's trade of speed for size, in its own words; None takes the codec's default."""

    def __post_init__(self) -> None:
        if self.crf is not None and not 0 <= self.crf <= 63:
            raise ConfigError(f"The quality (crf) is a number from 0 to 63, got {self.crf}.")


@dataclass(frozen=True)
class OutputFormat:
    """What the encoder is handed."""

    codec: str
    """Name out of :data:`~vidcolor.pipeline.codecs.CODECS`."""
    pixel_format: str
    """FFmpeg's name of a planar YUV format."""
    bit_depth: int
    """Bits of a sample as encoded; where greater than the film's, samples gain zero bits below."""
    chroma_width: int
    """Width of the chroma planes in samples."""
    chroma_height: int
    lossless: bool
    """True where decoding the output gives back every sample."""


def output_format(info: FilmInfo, config: EncodeConfig) -> OutputFormat:
    """Choose codec and pixel format: the film's own depth and chroma subsampling where the codec has them.

    Raises:
        OutputError: the codec asked for is unknown or cannot hold the film's bit depth.
    """
    wanted = [find_codec(config.codec)] if config.codec else [CODECS[name] for name in ("x264", "x265", "ffv1")]
    for codec in wanted:
        if (name := _pixel_format(info, codec)) is not None:
            return _describe(info, codec, name, config)
    able = [c.name for c in CODECS.values() if _pixel_format(info, c) is not None]
    raise OutputError(
        f"{config.codec} cannot hold the {info.bit_depth} bits of {info.path}; choose one of {', '.join(able)}."
    )


def encode_segment(
    path: Path,
    frames: Iterable[ColouredFrame],
    info: FilmInfo,
    config: EncodeConfig,
    threads: int = ENCODER_THREADS,
) -> int:
    """Write coloured frames as one segment, under a temporary name that is changed when it is whole.

    Args:
        frames: in presentation order, pts strictly increasing.
        threads: of the encoder; part of the settings, since x264 and VP9 write other bytes with another number.

    Returns:
        The number of frames written.

    Raises:
        OutputError: the encoder refuses the film, or the disk does.
    """
    form = output_format(info, config)
    unfinished = path.with_name(f".{path.name}.part")
    try:
        with av.open(file_url(unfinished), "w", format="nut") as container:
            stream = _add_stream(container, info, config, form, threads)
            count = _encode(container, stream, frames, info, form)
        os.replace(unfinished, path)
    except (av.FFmpegError, OSError) as error:
        raise OutputError(f"{path} cannot be written with {form.codec}: {error}.") from error
    finally:
        unfinished.unlink(missing_ok=True)
    return count


def _encode(
    container: OutputContainer, stream: VideoStream, frames: Iterable[ColouredFrame], info: FilmInfo, form: OutputFormat
) -> int:
    count = 0
    for coloured in frames:
        container.mux(stream.encode(_picture(coloured, info, form)))
        count += 1
    container.mux(stream.encode(None))
    return count


def _picture(coloured: ColouredFrame, info: FilmInfo, form: OutputFormat) -> VideoFrame:
    picture = VideoFrame(info.width, info.height, form.pixel_format)
    for plane, samples in zip(picture.planes, (coloured.frame.luma, coloured.cb, coloured.cr), strict=True):
        if samples.shape != (plane.height, plane.width):
            raise ValueError(f"a plane of {form.pixel_format} is {plane.height, plane.width}, got {samples.shape}")
        dtype = np.dtype(np.uint8 if form.bit_depth == 8 else "<u2")
        rows = np.frombuffer(plane, dtype).reshape(plane.height, plane.line_size // dtype.itemsize)
        np.left_shift(samples, form.bit_depth - info.bit_depth, out=rows[:, : plane.width], dtype=dtype)
    picture.pts = coloured.frame.pts
    picture.time_base = info.time_base
    return picture


def _add_stream(
    container: OutputContainer, info: FilmInfo, config: EncodeConfig, form: OutputFormat, threads: int
) -> VideoStream:
    codec = CODECS[form.codec]
    stream = container.add_stream(
        encoder_name(codec), rate=info.frame_rate, options=_encoder_options(codec, config, form, info)
    )
    assert isinstance(stream, VideoStream)
    context = stream.codec_context
    context.width, context.height, context.pix_fmt = info.width, info.height, form.pixel_format
    context.time_base = stream.time_base = info.time_base
    context.sample_aspect_ratio = info.sample_aspect_ratio
    context.thread_count = threads
    context.color_range, context.colorspace = info.color.range, info.color.matrix
    context.color_primaries, context.color_trc = info.color.primaries, info.color.transfer
    return stream


def _encoder_options(codec: VideoCodec, config: EncodeConfig, form: OutputFormat, info: FilmInfo) -> dict[str, str]:
    options = dict(codec.options)
    if codec.preset is not None:
        options[codec.preset_option] = config.preset or codec.preset
    if codec.crf is not None:
        if form.lossless and codec.lossless_options is not None:
            options.update(codec.lossless_options)
        else:
            options["crf"] = str(codec.crf if config.crf is None else config.crf)
    return options


def _describe(info: FilmInfo, codec: VideoCodec, name: str, config: EncodeConfig) -> OutputFormat:
    pixel_format = VideoFormat(name, info.width, info.height)
    return OutputFormat(
        codec=codec.name,
        pixel_format=name,
        bit_depth=pixel_format.components[0].bits,
        chroma_width=pixel_format.components[1].width,
        chroma_height=pixel_format.components[1].height,
        lossless=codec.lossless or (config.crf == 0 and codec.lossless_options is not None),
    )


def _pixel_format(info: FilmInfo, codec: VideoCodec) -> str | None:
    """The encoder's format nearest the film's: no bit less, and rather more chroma than less; None where none fits."""
    across, down = chroma_subsampling(info.pixel_format)
    best: tuple[tuple[bool, int, int], str] | None = None
    for offered in Codec(encoder_name(codec), "w").video_formats or []:
        if not PLANAR_YUV.fullmatch(offered.name):
            continue
        its_across, its_down = chroma_subsampling(offered.name)
        extra_bits = offered.components[0].bits - info.bit_depth
        fits = info.width % its_across == 0 and info.height % its_down == 0
        if extra_bits < 0 or (codec.even_sizes and not fits):
            continue
        coarser = its_across > across or its_down > down
        rank = (coarser, extra_bits, abs(across * down - its_across * its_down))
        if best is None or (rank, offered.name) < best:
            best = (rank, offered.name)
    return best[1] if best else None
