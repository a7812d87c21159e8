"""Files written whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from vidcolor.errors import OutputError


def write_text(path: Path, text: str) -> None:
    """Write a text file under a temporary name and rename it, so that nobody ever reads half of it.

    Raises OutputError where the folder cannot be written or the disk is full.
    """
    _write(path, lambda temporary: temporary.write_text(text, encoding="utf-8"))


def write_bytes(path: Path, data: bytes) -> None:
    """Write a binary file as :func:`write_text` does a text, with the same errors."""
    _write(path, lambda temporary: temporary.write_bytes(data))


def _write(path: Path, write: Callable[[Path], object]) -> None:
    with written_whole(path) as temporary:
        try:
            write(temporary)
        except OSError as error:
            raise _cannot_write(path, error) from error


@contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """Give a temporary name beside ``path``; at the end flush it to the disk and rename it to ``path``.

    Where the body raises, the temporary file is removed, ``path`` stays as it was and the error goes on as it is.
    Raises OutputError where the folder cannot be made or the finished file cannot be put in its place.
    """
    temporary = temporary_name(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _cannot_write(path, error) from error
    try:
        yield temporary
        _put(temporary, path)
    finally:
        with suppress(OSError):
            temporary.unlink()


def temporary_name(path: Path) -> Path:
    """The name under which this process writes ``path``; it keeps the suffix, by which FFmpeg knows the container."""
    return path.with_name(f"{path.stem}.{os.getpid()}.part{path.suffix}")


def is_temporary(path: Path) -> bool:
    """True for a name made by `temporary_name`, by whichever process."""
    return any(suffix == ".part" for suffix in path.suffixes[-2:])


def _put(temporary: Path, path: Path) -> None:
    """Rename the file once it is on the disk, or a power cut could leave a finished name without its contents."""
    try:
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError as error:
        raise _cannot_write(path, error) from error


def _cannot_write(path: Path, error: OSError) -> OutputError:
    return OutputError(f"{path}: it cannot be written ({error.strerror or error})")
