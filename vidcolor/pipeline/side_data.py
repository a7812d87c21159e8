"""What the film's first picture says about itself beyond its samples: how to turn it, its fields, its light."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import cast

from av.sidedata.sidedata import SideData as AVSideData
from av.sidedata.sidedata import Type
from av.video.frame import VideoFrame

from vidcolor.pipeline.film_file import reopen_film, video_stream
from vidcolor.pipeline.pictures import Pictures
from vidcolor.types import FilmInfo

BOTTOM_FIELD_FIRST = (3, 4)
"""AVFieldOrder BB and TB: the bottom field is shown first."""


@dataclass(frozen=True)
class MasteringDisplay:
    """The display that HDR pictures were graded on (SMPTE ST 2086)."""

    red: tuple[Fraction, Fraction]
    """CIE 1931 x and y of the primary."""
    green: tuple[Fraction, Fraction]
    blue: tuple[Fraction, Fraction]
    white: tuple[Fraction, Fraction]
    least: Fraction
    """Luminance in cd/m2."""
    greatest: Fraction


@dataclass(frozen=True)
class SideData:
    """Side data of a film's first picture."""

    display_matrix: tuple[int, ...] | None
    """Nine integers as FFmpeg stores them."""
    bottom_field_first: bool
    mastering: MasteringDisplay | None
    light_levels: tuple[int, int] | None
    """Greatest light of any pixel and greatest frame average, in cd/m2 (CTA-861.3)."""


def read_side_data(info: FilmInfo) -> SideData:
    """Decode the film's first picture for its side data.

    Raises:
        FilmError: the film can no longer be read.
    """
    with reopen_film(info) as film:
        stream = video_stream(film, info.video_stream)
        found = next((side_data_of(picture) for _, picture in Pictures(film, stream)), {})
        matrix = found.get(Type.DISPLAYMATRIX)
        return SideData(
            display_matrix=struct.unpack("=9i", matrix) if matrix else _turned(info.rotation),
            bottom_field_first=stream.codec_context.field_order in BOTTOM_FIELD_FIRST,
            mastering=_mastering(found.get(Type.MASTERING_DISPLAY_METADATA)),
            light_levels=_light_levels(found.get(Type.CONTENT_LIGHT_LEVEL)),
        )


def side_data_of(picture: VideoFrame) -> dict[Type, bytes]:
    """A picture's side data as bytes, by type; of several of one type the last."""
    try:
        found = cast("Iterable[AVSideData]", picture.side_data)
    except ValueError:  # PyAV gives none where one is of a kind that it has no name for, such as a still's EXIF
        return {}
    return {data.type: bytes(data) for data in found}


def _turned(degrees: int) -> tuple[int, ...] | None:
    """The matrix, in FFmpeg's fixed point, that turns a picture counter-clockwise by a multiple of 90 degrees."""
    if degrees == 0:
        return None
    cosine, sine = {90: (0, 1), 180: (-1, 0), 270: (0, -1)}[degrees]
    one = 1 << 16
    return (cosine * one, -sine * one, 0, sine * one, cosine * one, 0, 0, 0, 1 << 30)


def _mastering(data: bytes | None) -> MasteringDisplay | None:
    """Unpack FFmpeg's AVMasteringDisplayMetadata: ten fractions and two flags, all 32-bit integers."""
    if data is None or len(data) < 88:
        return None
    *numbers, has_primaries, has_luminance = struct.unpack("=22i", data[:88])
    if not (has_primaries and has_luminance) or not all(numbers[1::2]):
        return None
    values = [Fraction(top, bottom) for top, bottom in zip(numbers[::2], numbers[1::2], strict=True)]
    red, green, blue, white = zip(values[:8:2], values[1:8:2], strict=True)
    return MasteringDisplay(red, green, blue, white, least=values[8], greatest=values[9])


def _light_levels(data: bytes | None) -> tuple[int, int] | None:
    """Unpack FFmpeg's AVContentLightMetadata: two 32-bit integers."""
    return struct.unpack("=2I", data[:8]) if data is not None and len(data) >= 8 else None
