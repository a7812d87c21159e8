"""Finished pieces of film, each named by the digest of all that went into it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from fractions import Fraction
from pathlib import Path
from typing import Any, BinaryIO

from vidcolor.errors import FilmError
from vidcolor.pipeline.files import is_temporary, written_whole
from vidcolor.pipeline.sequence import film_files

_BLOCK = 1 << 16
_WHOLE = 1 << 24
_BLOCKS = 128


def segment_digest(parts: Mapping[str, Any]) -> str:
    """SHA-256 (64 hexadecimal digits) of everything that a segment depends on.

    ``parts`` holds plain values only (mappings with text keys, lists, tuples, text, numbers, booleans, None); the
    order of keys does not count. Raises TypeError or ValueError for anything else, so that no digest ever rests on a
    representation that changes from run to run.
    """
    text = json.dumps(parts, sort_keys=True, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


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


class SegmentStore:
    """A folder of finished segments; what carries a segment's name is whole."""

    def __init__(self, folder: Path) -> None:
        """``folder`` need not exist yet."""
        self.folder = folder

    def path(self, digest: str, suffix: str = ".nut") -> Path:
        """Where the segment lies once it is finished."""
        return self.folder / f"{digest}{suffix}"

    def has(self, digest: str, suffix: str = ".nut") -> bool:
        """True where the segment is finished."""
        return self.path(digest, suffix).is_file()

    @contextmanager
    def writing(self, digest: str, suffix: str = ".nut") -> Iterator[Path]:
        """Give a temporary name to write a segment under; it gets its own name when the body ends without error.

        Raises OutputError where the folder cannot be written or the disk is full.
        """
        with written_whole(self.path(digest, suffix)) as temporary:
            yield temporary

    def clean(self) -> int:
        """Remove what killed runs left half-written, and tell how many files that were.

        Call it with the project locked: another run's temporary files would go too.
        """
        return _remove(path for path in self._files() if is_temporary(path))

    def prune(self, keep: Collection[str]) -> int:
        """Remove the finished segments whose digest is not in ``keep``, and tell how many that were."""
        wanted = set(keep)
        return _remove(path for path in self._files() if not is_temporary(path) and path.stem not in wanted)

    def _files(self) -> list[Path]:
        return sorted(path for path in self.folder.glob("*") if path.is_file())


def _remove(paths: Iterator[Path]) -> int:
    """Delete files; one that will not go stays and does no harm."""
    count = 0
    for path in paths:
        with suppress(OSError):
            path.unlink()
            count += 1
    return count
