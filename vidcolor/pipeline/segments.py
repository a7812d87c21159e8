"""Finished pieces of film, each named by the digest of all that went into it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from vidcolor.pipeline.files import cannot_write, discard, is_temporary, remove_temporaries, write_text, written_whole

SEAL = ".seal"
"""Suffix of the file that says what a finished segment's files are."""


def segment_digest(parts: Mapping[str, Any]) -> str:
    """SHA-256 (64 hexadecimal digits) of everything that a segment depends on.

    ``parts`` holds plain values only (mappings with text keys, lists, tuples, text, numbers, booleans, None); the
    order of keys does not count. Raises TypeError or ValueError for anything else, so that no digest ever rests on a
    representation that changes from run to run.
    """
    text = json.dumps(parts, sort_keys=True, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


class SegmentStore:
    """A folder of finished segments.

    A segment is one or several files of the same stem, its digest. It counts as finished once its seal lies beside
    them: their sizes and the digests of their contents, by which what the disk, a copy or a hand did to them later is
    seen before it gets into a film.
    """

    def __init__(self, folder: Path) -> None:
        """``folder`` need not exist yet."""
        self.folder = folder

    def path(self, digest: str, suffix: str = ".nut") -> Path:
        """Where a file of the segment lies once it is finished."""
        return self.folder / f"{digest}{suffix}"

    @contextmanager
    def writing(self, digest: str, suffix: str = ".nut") -> Iterator[Path]:
        """Give a temporary name to write a file under; it gets its own name when the body ends without error.

        Raises OutputError where the folder cannot be written or the disk is full.
        """
        with written_whole(self.path(digest, suffix)) as temporary:
            yield temporary

    def seal(self, digest: str) -> None:
        """Say that all files of a segment are there and whole. Raises OutputError."""
        try:
            record = {path.suffix: [path.stat().st_size, _contents(path)] for path in self._files_of(digest)}
        except OSError as error:
            raise cannot_write(self.folder, error) from error
        write_text(self.path(digest, SEAL), json.dumps(record) + "\n")

    def has(self, digest: str, *suffixes: str) -> bool:
        """True where the segment is finished, its files have the sizes they had, and those of ``suffixes`` are there.

        Costs a look at the folder; :meth:`is_whole` reads the files.
        """
        record = self._seal(digest)
        return (
            record is not None
            and set(suffixes) <= set(record)
            and all(_size(self.path(digest, suffix)) == size for suffix, (size, _) in record.items())
        )

    def is_whole(self, digest: str) -> bool:
        """True where the segment is finished and every byte of it is as it was then."""
        if not self.has(digest):
            return False
        record = self._seal(digest) or {}
        try:
            return all(_contents(self.path(digest, suffix)) == contents for suffix, (_, contents) in record.items())
        except OSError:
            return False

    def clean(self) -> int:
        """Remove what killed runs left half-written, and tell how many files that were.

        Call it with the project locked: another run's temporary files would go too.
        """
        return remove_temporaries(self.folder)

    def prune(
        self, keep: Collection[str], retired: Sequence[str] = (), share: float = 0.0, least: int = 0
    ) -> list[str]:
        """Remove finished segments whose digest is not in ``keep``, but for the last ones that were needed before.

        retired: digests that were needed before, the latest first; what nobody knows of is later than all of them.
        share: how much room these may take, as a share of what ``keep`` takes; ``least``: so many bytes in any case.
        Returns the digests spared, the latest first.
        """
        files = [path for path in self._files() if not is_temporary(path)]
        sizes: dict[str, int] = {}
        for path in files:
            sizes[path.stem] = sizes.get(path.stem, 0) + (_size(path) or 0)
        wanted = set(keep)
        rank = {digest: place for place, digest in enumerate(retired)}
        others = sorted(sizes.keys() - wanted, key=lambda digest: (rank.get(digest, -1), digest))
        room = max(least, share * sum(sizes.get(digest, 0) for digest in wanted))
        spared = _within(others, sizes, room)
        stay = wanted | set(spared)
        for path in sorted(files, key=lambda path: path.suffix != SEAL):  # without its seal a segment is none
            if path.stem not in stay:
                discard(path)
        return spared

    def _files_of(self, digest: str) -> list[Path]:
        return [
            path
            for path in self.folder.glob(f"{digest}.*")
            if path.stem == digest and path.suffix != SEAL and not is_temporary(path)
        ]

    def _files(self) -> list[Path]:
        return sorted(path for path in self.folder.glob("*") if path.is_file())

    def _seal(self, digest: str) -> dict[str, tuple[int, str]] | None:
        """What the segment's seal says; None where there is none that can be read."""
        try:
            record = json.loads(self.path(digest, SEAL).read_text(encoding="utf-8"))
            return {str(suffix): (int(size), str(contents)) for suffix, (size, contents) in record.items()} or None
        except (OSError, ValueError, TypeError, AttributeError):
            return None


def _within(digests: Iterable[str], sizes: Mapping[str, int], room: float) -> list[str]:
    """The first of ``digests`` that together take no more than ``room`` bytes."""
    taken: list[str] = []
    for digest in digests:
        room -= sizes[digest]
        if room < 0:
            break
        taken.append(digest)
    return taken


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except OSError:
        return None


def _contents(path: Path) -> str:
    """SHA-256 of a file's contents."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
