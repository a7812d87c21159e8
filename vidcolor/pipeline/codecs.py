"""The video codecs that a film can be written with: which encoder, how it is asked for quality, what it can hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from av.codec import Codec
from av.codec.codec import UnknownCodecError

from vidcolor.errors import OutputError


@dataclass(frozen=True)
class VideoCodec:
    """One way of writing pictures."""

    name: str
    """What a person calls it on the command line."""
    encoders: tuple[str, ...]
    """FFmpeg's encoders of it, the preferred first; the first one that is built in is used."""
    crf: int | None
    """Default quality, smaller is better; None where the codec knows no such number."""
    preset: str | None
    """Default trade of speed for size; None where the codec knows none."""
    preset_option: str = "preset"
    """The encoder's own word for it."""
    options: Mapping[str, str] = field(default_factory=dict)
    """Further encoder options."""
    params_option: str | None = None
    """Option that takes settings in the encoder library's own words, divided by colons."""
    lossless: bool = False
    """True where decoding gives back every sample as it was, whatever the settings."""
    lossless_options: Mapping[str, str] | None = None
    """Options that take the place of the quality where quality 0 is asked for, to make the codec lossless."""
    held_back: int = 0
    """Pictures that the encoder may put off at once to show them later, at most (B frames of B frames)."""
    segment: str = "nut"
    """FFmpeg's muxer for pieces of a film: any that keeps ticks; NUT takes most codecs."""
    full_range: bool = True
    """False where players always take black for 16 and white for 235."""
    full_chroma: bool = False
    """True where chroma is wanted for every pixel, whatever the film has."""
    least_size: tuple[int, int] = (1, 1)
    """Width and height below which the encoder refuses."""
    even_sizes: bool = False
    """True where subsampled chroma needs a width and height that it divides."""


_FFV1 = {"level": "3", "coder": "1", "context": "0", "g": "1", "slicecrc": "1"}

CODECS: dict[str, VideoCodec] = {
    codec.name: codec
    for codec in (
        VideoCodec(
            "x264",
            ("libx264",),
            18,
            "medium",
            held_back=4,
            params_option="x264-params",
            lossless_options={"qp": "0"},
            even_sizes=True,
        ),
        VideoCodec(
            "x265",
            ("libx265",),
            20,
            "medium",
            held_back=4,
            params_option="x265-params",
            options={"x265-params": "log-level=none"},
            lossless_options={"x265-params": "log-level=none:lossless=1"},
            even_sizes=True,
        ),
        VideoCodec("av1", ("libsvtav1",), 24, "8", params_option="svtav1-params"),
        VideoCodec(
            "vp9",
            ("libvpx-vp9",),
            22,
            "2",
            preset_option="cpu-used",
            options={"b": "0", "deadline": "good", "row-mt": "1"},
            lossless_options={"lossless": "1"},
        ),
        VideoCodec(
            "ffv1",
            ("ffv1",),
            None,
            None,
            options=_FFV1,
            lossless=True,
        ),
        VideoCodec("utvideo", ("utvideo",), None, None, options={"pred": "median"}, lossless=True, even_sizes=True),
        VideoCodec("prores", ("prores_ks",), None, None, options={"vendor": "apl0"}, segment="mov", full_range=False),
        VideoCodec("dnxhr", ("dnxhd",), None, None, segment="mov", full_range=False, least_size=(256, 120)),
        VideoCodec("pictures", ("ffv1",), None, None, options=_FFV1, lossless=True, full_chroma=True),
    )
}
"""The codecs by name. Which depths and chroma formats each can hold, FFmpeg's encoder is asked itself."""


def find_codec(name: str) -> VideoCodec:
    """The codec that a person names.

    Raises:
        OutputError: there is no such codec, or this FFmpeg was built without it.
    """
    if name not in CODECS:
        raise OutputError(f"There is no codec {name!r}; choose one of {', '.join(CODECS)}.")
    encoder_name(CODECS[name])
    return CODECS[name]


def encoder_name(codec: VideoCodec) -> str:
    """FFmpeg's name of the encoder that writes ``codec`` here; raises :class:`OutputError` where there is none."""
    for encoder in codec.encoders:
        try:
            Codec(encoder, "w")
        except UnknownCodecError:
            continue
        return encoder
    raise OutputError(f"This FFmpeg was built without an encoder for {codec.name}; choose another codec.")
