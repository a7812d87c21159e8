"""Files written whole or not at all, whatever happens to the process or the power meanwhile."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from vidcolor.errors import OutputError
from vidcolor.refusals import told

_TEMPORARY = re.compile(r"\.\d+\.part$")


class ChangedMeanwhileError(Exception):
    """Somebody else changed a file while what should replace it was written."""


def contents(path: Path) -> bytes:
    """What a file holds; nothing where there is none, or none that can be read."""
    try:
        return path.read_bytes()
    except OSError:
        return b""


def write_text(path: Path, text: str, seen: bytes | None = None) -> None:
    """Write a text file under a temporary name and rename it, so that nobody ever reads half of it.

    seen: what the file holds that is to be replaced. Raises ChangedMeanwhileError where it holds something else at the
    last moment, OutputError where the folder cannot be written or the disk is full.
    """

    def check() -> None:
        if seen is not None and contents(path) != seen:
            raise ChangedMeanwhileError

    _write(path, lambda temporary: temporary.write_text(text, encoding="utf-8"), check)


def write_bytes(path: Path, data: bytes) -> None:
    """Write a binary file as :func:`write_text` does a text, with the same errors."""
    _write(path, lambda temporary: temporary.write_bytes(data))


def _write(path: Path, write: Callable[[Path], object], before_placing: Callable[[], None] | None = None) -> None:
    with written_whole(path, before_placing) as temporary:
        try:
            write(temporary)
        except OSError as error:
            raise cannot_write(path, error) from error


@contextmanager
def written_whole(path: Path, before_placing: Callable[[], None] | None = None) -> Iterator[Path]:
    """Give a temporary name beside ``path``; at the end flush it to the disk and rename it to ``path``.

    Where the body or ``before_placing`` raises, the temporary file is removed, ``path`` stays as it was and the error
    goes on as it is. Raises OutputError where the folder cannot be made or the finished file cannot be put in place.
    """
    temporary = temporary_name(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise cannot_write(path, error) from error
    try:
        yield temporary
        put_in_place(temporary, path, before_placing)
    finally:
        discard(temporary)


def temporary_name(path: Path) -> Path:
    """The name under which this process writes ``path``."""
    return path.with_name(f"{path.name}.{os.getpid()}.part")


def is_temporary(path: Path) -> bool:
    """True for a name made by `temporary_name`, by whichever process."""
    return _TEMPORARY.search(path.name) is not None


def remove_temporaries(folder: Path, of: Path | None = None) -> int:
    """Remove what killed processes left half-written in a folder, and tell how many files that were.

    of: only what was to become this file. Call it where no other process can be writing there.
    """
    count = 0
    with suppress(OSError):
        for path in sorted(folder.iterdir()):
            if is_temporary(path) and (of is None or finished_name(path) == of.name) and path.is_file():
                count += discard(path)
    return count


def finished_name(temporary: Path) -> str:
    """The name that a temporary file would have got; a temporary file of a temporary file gets the last one's."""
    name = temporary.name
    while found := _TEMPORARY.search(name):
        name = name[: found.start()]
    return name


def discard(path: Path) -> bool:
    """Remove a file; one that is not there or will not go does no harm. True where it went."""
    with suppress(OSError):
        path.unlink()
        return True
    return False


def put_in_place(temporary: Path, path: Path, before_placing: Callable[[], None] | None = None) -> None:
    """Rename a finished file to the name that says so.

    Its contents are flushed to the disk before and the folder after, or a power cut could leave the name without the
    contents, or the contents without the name. Flushing may take seconds; ``before_placing`` is called after it.
    Raises OutputError.
    """
    try:
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
        if before_placing is not None:
            before_placing()
        os.replace(temporary, path)
    except OSError as error:
        raise cannot_write(path, error) from error
    _flush_folder(path.parent)


def _flush_folder(folder: Path) -> None:
    """Put a folder's own entries on the disk, where the system knows of such a thing (Windows does not)."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def cannot_write(path: Path, error: OSError) -> OutputError:
    """The one sentence for a file that the machine refuses to write."""
    return OutputError(f"{path} cannot be written: {told(error)}")
