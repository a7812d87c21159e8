"""Opening a film: the container, its picture stream, and one clear sentence where that fails."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
from av.container import InputContainer
from av.stream import Disposition
from av.video.stream import VideoStream

from vidcolor.errors import FilmError
from vidcolor.pipeline.sequence import PictureNames, film_files, picture_names
from vidcolor.types import FilmInfo

PLAYLISTS = {"hls", "dash", "concat", "imf", "image2", "sdp", "rtp", "rtsp", "webm_dash_manifest", "lavfi"}
"""Formats whose files name other files, or streams without end: none is opened as a film."""
OPEN_OPTIONS = {
    "protocol_whitelist": "file",
    "format_whitelist": ",".join(sorted(name for name in av.formats_available if name not in PLAYLISTS)),
}
"""What passes for a film may name files elsewhere; nothing but the file itself is read."""
MAX_PIXELS = 140_000_000
"""Pixels of a picture that nobody needs to allow: 16K has 133 million."""
PICTURE_RATE = Fraction(24)
"""Frames per second of numbered pictures where nobody says otherwise."""


def file_url(path: Path) -> str:
    """FFmpeg's address of a file: a plain name with a colon would be taken for a protocol."""
    return f"file:{path}"


def open_film(path: Path, rate: Fraction | None = None, max_pixels: int = MAX_PIXELS) -> InputContainer:
    """Open a film for reading: one file, or numbered pictures (see :mod:`~vidcolor.pipeline.sequence`).

    Args:
        rate: frames per second of numbered pictures, which know no time; other films have their own.
        max_pixels: a decoder refuses larger pictures before it takes memory for them, wherever in the film they come.

    Raises:
        FilmError: the path is no readable film, or FFmpeg finds no container in it.
    """
    try:
        names = picture_names(path)
        if names is not None:
            return _open_pictures(path, names, rate or PICTURE_RATE, max_pixels)
        check_is_file(path)
        options = OPEN_OPTIONS | {"max_pixels": str(max_pixels)}
        return av.open(file_url(path), options=options, metadata_errors="replace")
    except (av.FFmpegError, ValueError, OSError) as error:
        raise FilmError(_why_not_opened(path, error)) from error


def reopen_film(info: FilmInfo) -> InputContainer:
    """Open a film that is known already; raises :class:`FilmError` as :func:`open_film` does."""
    return open_film(info.path, info.frame_rate, max(MAX_PIXELS, info.width * info.height))


def _open_pictures(path: Path, names: PictureNames, rate: Fraction, max_pixels: int) -> InputContainer:
    files = film_files(path)
    check_is_file(files[0])
    options = {
        "protocol_whitelist": "file",
        "pattern_type": "sequence",
        "framerate": str(rate),
        "start_number": str(names.number_of(files[0])),
        "max_pixels": str(max_pixels),
    }
    return av.open(f"file:{names.pattern}", format="image2", options=options)


def check_is_file(path: Path) -> None:
    """Raise :class:`FilmError` unless ``path`` is a file with something in it."""
    if path.is_dir():
        raise FilmError(f"{path} is a folder without numbered pictures; a film is such a folder, or a single file.")
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
    if not path.is_file():
        return f"The pictures {path} cannot be read: {getattr(error, 'strerror', None) or error}."
    with path.open("rb") as file:
        head = file.read(12)
    if head[4:8] in (b"ftyp", b"moov", b"mdat", b"wide", b"free"):
        why = "it is damaged, or was cut off before its end was written"
        return f"{path} has no usable index (moov): {why}; copy or export it again."
    return f"{path} is not a film that FFmpeg can read (its content is of no known format)."
