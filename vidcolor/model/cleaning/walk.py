"""The pictures of folders and tar shards, one by one and always in the same order; names are never all held."""

from __future__ import annotations

import os
import tarfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

from vidcolor.errors import ImagesError
from vidcolor.model.image_sets import IMAGE_SUFFIXES

MEASURES_VERSION = 1
"""Raised whenever a measure changes its meaning, so that every picture is measured again."""


@dataclass(frozen=True)
class Found:
    """One picture's bytes: a file, or a member of a tar shard."""

    path: str
    """Absolute; of a shard's member the shard's path, a slash and the member's name."""
    label: str
    """Its class: the folder within the source, ``""`` directly in it and in shards (which bring their own)."""
    size: int
    """In bytes."""
    mtime_ns: int
    """When the file, or the shard, was changed last."""
    shard: str | None = None
    offset: int = 0
    """Where the bytes begin, in a shard."""

    @property
    def key(self) -> int:
        """64 bits that change with the place, the size and the time of change: what was measured is known by it."""
        words = f"{MEASURES_VERSION}\0{self.path}\0{self.size}\0{self.mtime_ns}\0{self.offset}"
        return int.from_bytes(blake2b(words.encode(errors="surrogateescape"), digest_size=8).digest(), "big")

    @property
    def listable(self) -> bool:
        """False where the name would break a list of one path a line."""
        return not set("\t\r\n") & set(self.path)

    def read(self) -> bytes:
        """The encoded picture. Raises OSError."""
        with open(self.shard or self.path, "rb") as file:
            file.seek(self.offset)
            return file.read(self.size)


def check_sources(sources: Sequence[Path]) -> list[Path]:
    """The sources, resolved. Raises ImagesError for one that is neither folder nor tar shard, or lies in another."""
    resolved = [source.expanduser().resolve() for source in sources]
    for source, given in zip(resolved, sources, strict=True):
        if not source.is_dir() and not (source.suffix.lower() == ".tar" and source.is_file()):
            raise ImagesError(f"{given}: there is no such folder of images, and no such tar shard")
        if any(other == source or other in source.parents for other in [*resolved[: resolved.index(source)]]):
            raise ImagesError(f"{given} is named twice, or lies in another of the folders: name each picture once")
        if any(source in other.parents for other in resolved):
            raise ImagesError(f"{given} holds another of the folders: name each picture once")
    return resolved


def walk(sources: Sequence[Path], leave_out: Path, on_unread: Callable[[str], None] | None = None) -> Iterator[Found]:
    """All pictures of the sources, which are folders or tar shards (resolved); folders may also hold shards.

    leave_out: a folder that is not entered. on_unread: told of every folder and shard that cannot be read.
    """
    unread = on_unread or (lambda path: None)
    for source in sources:
        if source.is_dir():
            yield from _in_folder(source, leave_out, unread)
        else:
            yield from _in_shard(str(source), unread)


def _in_folder(source: Path, leave_out: Path, on_unread: Callable[[str], None]) -> Iterator[Found]:
    for folder, inner, names in os.walk(source, onerror=lambda error: on_unread(str(error.filename))):
        inner[:] = sorted(name for name in inner if Path(folder, name) != leave_out)
        label = Path(folder).relative_to(source).as_posix()
        for name in sorted(names):
            path = os.path.join(folder, name)
            suffix = os.path.splitext(name)[1].lower()
            if suffix == ".tar":
                yield from _in_shard(path, on_unread)
            elif suffix in IMAGE_SUFFIXES and (status := _status(path)) is not None:
                yield Found(path, "" if label == "." else label, status.st_size, status.st_mtime_ns)


def _status(path: str) -> os.stat_result | None:
    """None for what is gone meanwhile, and for links that lead nowhere."""
    try:
        return os.stat(path) if os.path.isfile(path) else None
    except OSError:
        return None


def _in_shard(shard: str, on_unread: Callable[[str], None]) -> Iterator[Found]:
    try:
        changed = os.stat(shard).st_mtime_ns
        with tarfile.open(shard, "r:") as tar:
            for member in tar:
                if member.isfile() and os.path.splitext(member.name)[1].lower() in IMAGE_SUFFIXES:
                    yield Found(f"{shard}/{member.name}", "", member.size, changed, shard, member.offset_data)
                tar.members = []  # type: ignore[attr-defined]  # a shard of a million members would fill the memory
    except (OSError, tarfile.TarError):
        on_unread(shard)
