"""Opening a film: the container, its picture stream, and one clear sentence where that fails."""

from __future__ import annotations

from pathlib import Path

import av
from av.container import InputContainer
from av.stream import Disposition
from av.video.stream import VideoStream

from vidcolor.errors import FilmError

OPEN_OPTIONS = {"protocol_whitelist": "file"}
"""A playlist that passes for a film may name files elsewhere; only what lies on this disk is read."""


def file_url(path: Path) -> str:
    """FFmpeg's address of a file: a plain name with a colon would be taken for a protocol."""
    return f"file:{path}"


def open_film(path: Path) -> InputContainer:
    """Open a film for reading.

    Raises:
        FilmError: the path is no readable file, or FFmpeg finds no container in it.
    """
    check_is_file(path)
    try:
        return av.open(file_url(path), options=OPEN_OPTIONS, metadata_errors="replace")
    except (av.FFmpegError, ValueError, OSError) as error:
        raise FilmError(_why_not_opened(path, error)) from error


def check_is_file(path: Path) -> None:
    """Raise :class:`FilmError` unless ``path`` is a file with something in it."""
    if path.is_dir():
        raise FilmError(f"{path} is a folder; a film is one file, such as {path}/film.mp4.")
    if not path.is_file():
        raise FilmError(f"There is no film at {path}; check the path.")
    if path.stat().st_size == 0:
        raise FilmError(f"{path} is empty (0 bytes); copy the film again.")


def picture_stream(container: InputContainer, path: Path) -> VideoStream:
    """The video stream that is the film: not cover art, marked as default if there is a choice, else the first.

    Raises:
        FilmError: the container has no video stream that can be decoded.
    """
    moving = [s for s in container.streams.video if not s.disposition & _STILL]
    decodable = [s for s in moving if s.codec_context is not None]
    if decodable:
        defaults = [s for s in decodable if s.disposition & Disposition.default]
        return (defaults or decodable)[0]
    if moving:
        raise FilmError(f"{path} has pictures in a format that FFmpeg cannot decode; convert the film first.")
    found = ", ".join(sorted({s.type for s in container.streams})) or "nothing"
    raise FilmError(f"{path} has no pictures (found: {found}); a film needs a video stream.")


def video_stream(container: InputContainer, index: int) -> VideoStream:
    """The video stream at a place among a container's streams."""
    stream = container.streams[index]
    assert isinstance(stream, VideoStream)
    return stream


_STILL = Disposition.attached_pic | Disposition.timed_thumbnails


def _why_not_opened(path: Path, error: Exception) -> str:
    if isinstance(error, PermissionError):
        return f"{path} cannot be read: permission denied."
    with path.open("rb") as file:
        head = file.read(12)
    if head[4:8] in (b"ftyp", b"moov", b"mdat", b"wide", b"free"):
        return f"{path} has no usable index (moov): it was cut off before its end was written; copy or export it again."
    return f"{path} is not a film that FFmpeg can read (its content is of no known format)."
