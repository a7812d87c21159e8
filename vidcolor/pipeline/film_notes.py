"""What a person should know of a film before it is coloured: one sentence each."""

from __future__ import annotations

from av.video.format import VideoFormat

from vidcolor.pipeline.film_file import reopen_film, video_stream
from vidcolor.pipeline.sequence import picture_names
from vidcolor.types import FilmInfo


def film_notes(info: FilmInfo) -> list[str]:
    """The sentences about one film.

    Raises:
        FilmError: it can no longer be read.
    """
    notes = []
    if info.interlaced:
        notes.append(f"{info.path} is interlaced: it stays so, and both fields of a frame are coloured as one.")
    if _has_alpha(info):
        notes.append(f"{info.path} has an alpha channel, which is not kept: the coloured film is opaque.")
    if picture_names(info.path) is not None:
        rate = f"{float(info.frame_rate):g} frames per second"
        notes.append(
            f"{info.path} is shown at {rate}, for pictures have no time; --set decode.frame_rate=N says another."
        )
    return notes


def _has_alpha(info: FilmInfo) -> bool:
    """In the pixel format, or beside it, as WebM has it."""
    if any(component.is_alpha for component in VideoFormat(info.pixel_format).components):
        return True
    with reopen_film(info) as film:
        tags = {key.lower(): value for key, value in video_stream(film, info.video_stream).metadata.items()}
    return tags.get("alpha_mode") == "1"
