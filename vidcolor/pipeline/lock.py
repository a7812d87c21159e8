"""One process at a time on one project, or on one file."""

from __future__ import annotations

import errno
import os
import platform
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from vidcolor.errors import OutputError
from vidcolor.refusals import told

_BUSY = {errno.EACCES, errno.EAGAIN, errno.EDEADLK}
"""What the system answers where another process holds the lock; any other answer means that it knows no locks here."""


@contextmanager
def project_lock(folder: Path) -> Iterator[None]:
    """Hold the project ``folder`` for the length of the body; the folder is made where it is missing.

    The system lets go of the lock when its process dies, however it dies, so there is nothing stale to clear away.
    Raises OutputError where another run holds it or the folder cannot be written.
    """
    path = folder / "lock"
    file = _open(path)
    try:
        if not take_lock(file):
            raise OutputError(f"{folder}: another run{_holder(path)} works on this project; wait for it or stop it")
        _sign(file)
        yield
    finally:
        _let_go(file)
        with suppress(OSError):
            file.close()


def _open(path: Path) -> IO[bytes]:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return path.open("ab+", buffering=0)
    except OSError as error:
        raise OutputError(f"{path.parent}: the project folder cannot be written: {told(error)}") from error


def _sign(file: IO[bytes]) -> None:
    """Leave our process number and computer for the message that another run would show; a full disk takes neither."""
    with suppress(OSError):
        file.truncate(0)
        file.write(f"{os.getpid()} {platform.node()}\n".encode())


def _holder(path: Path) -> str:
    try:
        number, _, computer = path.read_text(encoding="utf-8").strip().partition(" ")
    except (OSError, UnicodeDecodeError):
        return ""
    if not number.isdigit():
        return ""
    return f" (process {number})" if computer == platform.node() else f" (process {number} on {computer})"


if sys.platform == "win32":
    import msvcrt

    def take_lock(file: IO[bytes]) -> bool:
        """Lock the first byte without waiting; False where another process has it."""
        try:
            file.seek(0)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError as error:
            return error.errno not in _BUSY
        return True

    def _let_go(file: IO[bytes]) -> None:
        try:
            file.seek(0)
            msvcrt.locking(file.fileno(), msvcrt.LK_UNLCK, 1)
        except OSError:
            return

else:
    import fcntl

    def take_lock(file: IO[bytes]) -> bool:
        """Lock the file without waiting; False where another process has it, True where the file system knows none."""
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            return error.errno not in _BUSY
        return True

    def _let_go(file: IO[bytes]) -> None:
        fcntl.flock(file, fcntl.LOCK_UN)
