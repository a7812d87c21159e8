"""What a person should know of a film before it is coloured: one sentence each."""

from __future__ import annotations

from collections.abc import Collection

from av.sidedata.sidedata import Type
from av.video.format import VideoFormat

from vidcolor.pipeline.film_file import reopen_film, video_stream
from vidcolor.pipeline.sequence import picture_names
from vidcolor.types import FilmInfo

NOT_REWRITTEN = {
    Type.A53_CC: "closed captions (CEA-608/708)",
    Type.DOVI_RPU_BUFFER: "Dolby Vision metadata",
    Type.DOVI_METADATA: "Dolby Vision metadata",
    Type.DYNAMIC_HDR_PLUS: "HDR10+ metadata",
    Type.DYNAMIC_HDR_VIVID: "HDR Vivid metadata",
    Type.S12M_TIMECODE: "a timecode (SMPTE 12M)",
    Type.AFD: "an active format description",
    Type.STEREO3D: "a stereoscopic layout",
    Type.SPHERICAL: "a spherical projection",
}
"""Side data that PyAV lets nobody hand to an encoder, in a person's words."""


def film_notes(info: FilmInfo, carried: Collection[str]) -> list[str]:
    """The sentences about one film.

    carried: kinds of side data inside its first pictures, see :class:`~vidcolor.pipeline.decode.FilmReader`.

    Raises:
        FilmError: it can no longer be read.
    """
    notes = []
    if info.interlaced:
        notes.append(f"{info.path} is interlaced: it stays so, and both fields of a frame are coloured as one.")
    if _has_alpha(info):
        notes.append(f"{info.path} has an alpha channel, which is not kept: the coloured film is opaque.")
    if inside := _inside_pictures(carried):
        words = " and ".join(inside)
        notes.append(f"{info.path} carries {words} inside its pictures, which is not kept; extract it if you need it.")
    if picture_names(info.path) is not None:
        rate = f"{float(info.frame_rate):g} frames per second"
        notes.append(
            f"{info.path} is shown at {rate}, for pictures have no time; --set decode.frame_rate=N says another."
        )
    return notes


def _inside_pictures(carried: Collection[str]) -> list[str]:
    """What an encoder would have to write into the pictures again."""
    return list(dict.fromkeys(words for kind, words in NOT_REWRITTEN.items() if kind.name in carried))


def _has_alpha(info: FilmInfo) -> bool:
    """In the pixel format, or beside it, as WebM has it."""
    if any(component.is_alpha for component in VideoFormat(info.pixel_format).components):
        return True
    with reopen_film(info) as film:
        tags = {key.lower(): value for key, value in video_stream(film, info.video_stream).metadata.items()}
    return tags.get("alpha_mode") == "1"
