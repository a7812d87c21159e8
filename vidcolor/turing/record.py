"""The file of answers: lines are only ever added, each is on the disk before anybody is told so, and none is half."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from vidcolor.errors import TuringError
from vidcolor.pipeline.lock import take_lock
from vidcolor.refusals import refusal
from vidcolor.turing.entries import LINE_START, Entry, from_line, to_line


class Record:
    """An open file of answers; see `open_record`."""

    def __init__(self, path: Path, file: IO[bytes], entries: list[Entry]) -> None:
        self.path = path
        self.entries = entries
        """All there is, in the order it was written."""
        self._file = file

    def add(self, entry: Entry) -> None:
        """Write one line and flush it to the disk.

        Raises TuringError where the machine refuses; the file is then as it was.
        """
        length = self._file.seek(0, os.SEEK_END)
        try:
            line = to_line(entry).encode()
            if self._file.write(line) != len(line):
                raise OSError("the disk took only part of a line")
            os.fsync(self._file.fileno())
        except OSError as error:
            with suppress(OSError):
                self._file.truncate(length)
            raise TuringError(f"{self.path} cannot be written: {_told(error)}; nothing is lost") from error
        self.entries.append(entry)


@contextmanager
def open_record(path: Path) -> Iterator[Record]:
    """Open a file of answers to add to it; it is made where there is none.

    A last line without an end, which a power cut may leave, was never confirmed to anybody and is cut off.
    Raises TuringError where the file cannot be written, is of another kind, or another process adds to it.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("ab+", buffering=0)
    except OSError as error:
        raise TuringError(f"{path} cannot be written: {_told(error)}") from error
    with file:
        if not take_lock(file):
            raise TuringError(
                f"{path}: another `vidcolor turing` adds to it; stop that, or name another file of answers"
            )
        entries = read_entries(path)
        file.truncate(_whole_lines(path))
        yield Record(path, file, entries)


def read_entries(path: Path) -> list[Entry]:
    """All entries of a file of answers, read only; half a line at its end is left out.

    Raises TuringError where the file cannot be read or a line is none of ours.
    """
    entries = []
    for number, line in enumerate(_lines(path), start=1):
        try:
            entries.append(from_line(line))
        except ValueError as error:
            raise TuringError(
                f"{path}, line {number} is no line of answers ({error}); mend it or take it out"
            ) from error
    return entries


def _whole_lines(path: Path) -> int:
    """How many bytes of a file are lines with an end. Raises TuringError where the rest is not of our making."""
    data = path.read_bytes()
    whole = data.rfind(b"\n") + 1
    rest = data[whole:].rstrip(b"\0")  # what some file systems leave of a write that power was cut from
    if not (rest.startswith(LINE_START) or LINE_START.startswith(rest)):
        raise TuringError(f"{path} is no file of answers; name another one")
    return whole


def _lines(path: Path) -> list[bytes]:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise TuringError(f"{path} cannot be read ({error.strerror}); name a file of answers") from error
    return data[: data.rfind(b"\n") + 1].split(b"\n")[:-1]


def _told(error: OSError) -> str:
    return refusal(error) or str(error.strerror or error)
