"""Which film is this, and is it still the same one? Segments are named by the answer."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import BinaryIO

from vidcolor.errors import FilmError
from vidcolor.pipeline.sequence import film_files

_BLOCK = 1 << 16
_WHOLE = 1 << 24
_BLOCKS = 128


def film_digest(path: Path, rate: Fraction | None = None) -> str:
    """SHA-256 of a film's size and contents; not of its name or date, so that a project may be moved.

    Numbered pictures have their ``rate`` beside them; they are read whole where they are few, else known by size and
    date of each, for a retouched scan has the size it had.

    Up to 16 MiB every byte counts. A longer film is sampled, since reading 100 GB would take minutes: 128 blocks of
    64 KiB, evenly spaced from the very first to the very last, where the containers keep their indexes. Another
    encode, edit or cut of the film changes size and index; only bytes overwritten in place between the blocks, the
    size unchanged, would go unseen. Raises FilmError where the file cannot be read.
    """
    digest = hashlib.sha256()
    files = film_files(path)
    try:
        if files != [path]:
            return _pictures_digest(files, rate)
        size = path.stat().st_size
        digest.update(str(size).encode())
        with path.open("rb") as file:
            for block in _blocks(file, size):
                digest.update(block)
    except OSError as error:
        raise FilmError(f"{path}: it cannot be read ({error.strerror})") from error
    return digest.hexdigest()


def _pictures_digest(files: list[Path], rate: Fraction | None) -> str:
    stats = [file.stat() for file in files]
    digest = hashlib.sha256(f"{len(files)} pictures at {rate}".encode())
    few = sum(about.st_size for about in stats) <= _WHOLE
    for file, about in zip(files, stats, strict=True):
        digest.update(str(about.st_size).encode())
        digest.update(file.read_bytes() if few else str(about.st_mtime_ns).encode())
    return digest.hexdigest()


def _blocks(file: BinaryIO, size: int) -> Iterator[bytes]:
    """The whole of a small file, evenly spaced blocks of a large one."""
    if size <= _WHOLE:
        yield file.read()
        return
    for number in range(_BLOCKS):
        file.seek((size - _BLOCK) * number // (_BLOCKS - 1))
        yield file.read(_BLOCK)


class WatchedFilm:
    """A film that a run reads for hours, and that must be the same at the end as it was at the beginning."""

    def __init__(self, path: Path, rate: Fraction | None = None) -> None:
        """``rate``: of numbered pictures. Raises FilmError where the film cannot be read."""
        self._path, self._rate = path, rate
        self._files = film_files(path)
        self._marks = [_mark(file) for file in self._files]
        self.digest = film_digest(path, rate)
        """See :func:`film_digest`."""

    def check(self, start: int = 0, stop: int | None = None) -> None:
        """Ask before anything made from the film is kept. Raises FilmError where the film is another one by now.

        The system's marks are asked, which costs nothing; only where they changed (a copy, a touch, another mount) is
        the film itself read again.

        start, stop: frames that were read. Of numbered pictures these alone are asked about, for a film has very many.
        """
        part = slice(start, stop) if len(self._files) > 1 else slice(None)
        marks = [_mark(file) for file in self._files[part]]
        if marks == self._marks[part]:
            return
        if None in marks:
            raise FilmError(
                f"{self._path} has gone while it was being coloured; put it back and run the same command again: "
                "what is finished stays finished."
            )
        if film_digest(self._path, self._rate) != self.digest:
            raise FilmError(
                f"{self._path} has been changed while it was being coloured; run the same command again for the film "
                "as it is now, or put the old one back: what was finished of that stays finished."
            )
        self._marks[part] = marks


def _mark(file: Path) -> tuple[int, ...] | None:
    """What the system says of a file and changes with it; None where it is missing.

    The time of change (ctime) is not at anybody's disposal, as the time of modification is.
    """
    try:
        about = file.stat()
    except OSError:
        return None
    return about.st_size, about.st_mtime_ns, about.st_ctime_ns, about.st_ino, about.st_dev
