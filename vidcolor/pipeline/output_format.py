"""What the encoder is handed: the film's own depth and chroma subsampling, as far as the codec has them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from av.codec import Codec
from av.video.format import VideoFormat

from vidcolor.errors import ConfigError, OutputError
from vidcolor.pipeline.codecs import CODECS, VideoCodec, encoder_name, find_codec
from vidcolor.pipeline.pixel_format import chroma_subsampling
from vidcolor.types import FilmInfo

UNASKED = ("x264", "x265", "ffv1")
"""Codecs for a person who names neither codec nor container; the first that holds the film's depth is taken."""
DNXHR_PROFILES = {"yuv422p": "dnxhr_hq", "yuv422p10le": "dnxhr_hqx", "yuv444p10le": "dnxhr_444"}
"""Avid's names by what they hold."""
SMALL_SIDE = 256
"""Below it a codec may refuse a film for its size."""
PLANAR_YUV = re.compile(r"yuv4\d\dp(\d+le)?")
"""The formats handed to encoders: no alpha, native order, full range told by the tag and not by the name."""


@dataclass(frozen=True)
class EncodeConfig:
    """How the pictures are written."""

    codec: str | None = None
    """Name out of :data:`~vidcolor.pipeline.codecs.CODECS`; None takes the first able one of x264, x265, ffv1."""
    crf: int | None = None
    """Quality, smaller is better; None takes the codec's own default. 0 is lossless where the codec can be."""
    preset: str | None = None
    """The encoder's trade of speed for size, in its own words; None takes the codec's default."""

    def __post_init__(self) -> None:
        if self.crf is not None and not 0 <= self.crf <= 63:
            raise ConfigError(f"The quality (crf) is a number from 0 to 63, got {self.crf}.")
        codec = find_codec(self.codec or UNASKED[0])
        if self.crf is not None and codec.crf is None:
            raise ConfigError(f"{codec.name} knows no quality (crf); leave it out.")
        if self.preset is not None and codec.preset is None:
            raise ConfigError(f"{codec.name} knows no preset; leave it out.")


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


def output_format(info: FilmInfo, config: EncodeConfig, unasked: Sequence[str] = UNASKED) -> OutputFormat:
    """Choose codec and pixel format: the film's own depth and chroma subsampling where the codec has them.

    Args:
        unasked: the codecs to choose from where ``config`` names none.

    Raises:
        OutputError: the codec asked for is unknown or cannot hold the film's bit depth.
    """
    wanted = [find_codec(config.codec)] if config.codec else [CODECS[name] for name in unasked]
    for codec in wanted:
        if (name := _pixel_format(info, codec)) is not None:
            return _describe(info, codec, name, config)
    able = [c.name for c in CODECS.values() if _pixel_format(info, c) is not None]
    luma = f"{info.bit_depth}-bit {'full-range ' if info.full_range else ''}luma"
    small = f" at {info.width}x{info.height}" if min(info.width, info.height) < SMALL_SIDE else ""
    tried = " or ".join(codec.name for codec in wanted)
    raise OutputError(f"{tried} cannot hold the {luma} of {info.path}{small}; choose one of {', '.join(able)}.")


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
    if info.full_range and not codec.full_range:
        return None
    if info.width < codec.least_size[0] or info.height < codec.least_size[1]:
        return None
    across, down = (1, 1) if codec.full_chroma else chroma_subsampling(info.pixel_format)
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
