"""What an encoder is told besides the pictures: quality, speed, fields and light, in each encoder's own words."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

import cv2

from vidcolor.pipeline.codecs import VideoCodec
from vidcolor.pipeline.output_format import DNXHR_PROFILES, EncodeConfig, OutputFormat
from vidcolor.pipeline.side_data import MasteringDisplay, SideData
from vidcolor.types import FilmInfo

SLICED_SIDE = 128
"""Pictures at least this wide and high are coded in slices, which threads share."""
WHOLE = 352, 288
"""Width and height up to which FFV1 takes a picture in one slice."""
WITHOUT_AVX512 = "asm=mmxext,sse2fast,sse3,ssse3,sse4.1,sse4.2,lzcnt,avx,avx2,fma3,bmi1,bmi2"
"""What every processor with AVX-512 knows besides; x264 writes the same bytes with any of them."""
_AVX512BW = 14
"""OpenCV's number of the instructions, for which Python has no name."""
POINT = Fraction(1, 50_000)
"""Unit of a chromaticity in SMPTE ST 2086."""
NIT = Fraction(1, 10_000)
"""Unit of a luminance in SMPTE ST 2086, in cd/m2."""


def encoder_options(
    codec: VideoCodec, config: EncodeConfig, form: OutputFormat, info: FilmInfo, side: SideData | None
) -> dict[str, str]:
    """FFmpeg's options for one encoder.

    Args:
        info: of the source film.
        side: of the film, where its pictures have fields or high dynamic range.
    """
    options = dict(codec.options)
    if codec.preset is not None:
        options[codec.preset_option] = config.preset or codec.preset
    if form.lossless:
        options.update(codec.lossless_options or {})
    elif codec.crf is not None:
        options["crf"] = str(codec.crf if config.crf is None else config.crf)
    if codec.name == "dnxhr":
        options["profile"] = DNXHR_PROFILES[form.pixel_format]
    if codec.encoders == ("ffv1",):
        options |= _slices(info.width, info.height)
    if codec.params_option is not None:
        own = [options.get(codec.params_option), *_light(codec.name, side)]
        if codec.name == "x264" and info.interlaced and side is not None and side.bottom_field_first:
            own.append("bff=1")  # x264 takes the order of fields from its first setting, not from the first picture
        if codec.name == "x264" and _strays(info.width):
            own.append(WITHOUT_AVX512)
        options[codec.params_option] = ":".join(word for word in own if word)
    return options


def _strays(width: int) -> bool:
    """True where x264 would look beyond the ends of its rows of macroblocks.

    Its macroblock tree by AVX-512 takes eight at a time, and where a row is no multiple of that, what happens to lie in
    memory decides on the quality of a block: two runs would not write the same bytes.
    """
    return -(-width // 16) % 8 != 0 and cv2.checkHardwareSupport(_AVX512BW)


def _slices(width: int, height: int) -> dict[str, str]:
    """FFV1's division of a picture; which ones it takes for a long strip it knows best itself."""
    if min(width, height) >= SLICED_SIDE:
        return {"slices": "12"}
    return {"slices": "1"} if width <= WHOLE[0] and height <= WHOLE[1] else {}


def _light(encoder: str, side: SideData | None) -> Iterator[str]:
    """Mastering display and light levels as the three encoders that take them spell them."""
    if side is None:
        return
    display, levels = {
        "x264": ("mastering-display", "cll"),
        "x265": ("master-display", "max-cll"),
        "av1": ("mastering-display", "content-light"),
    }[encoder]
    if side.mastering is not None:
        yield f"{display}={_spell(side.mastering, as_integers=encoder != 'av1')}"
    if side.light_levels is not None:
        yield f"{levels}={side.light_levels[0]},{side.light_levels[1]}"


def _spell(display: MasteringDisplay, as_integers: bool) -> str:
    """``G(x,y)B(x,y)R(x,y)WP(x,y)L(max,min)``, in the integer units of SMPTE ST 2086 or as plain numbers."""

    def number(value: Fraction, unit: Fraction) -> str:
        return str(round(value / unit)) if as_integers else f"{float(value):.5f}"

    points = {"G": display.green, "B": display.blue, "R": display.red, "WP": display.white}
    chroma = "".join(f"{name}({number(x, POINT)},{number(y, POINT)})" for name, (x, y) in points.items())
    return f"{chroma}L({number(display.greatest, NIT)},{number(display.least, NIT)})"
