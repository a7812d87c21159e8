"""The journal: one line of JSON for every picture measured, appended; a run that was killed goes on from it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TextIO

import numpy as np

from vidcolor.errors import ImagesError
from vidcolor.model.cleaning.measures import Measures

_FLUSHED = 64
"""Lines written at once."""
_TAIL = 1 << 16
"""Bytes looked through at once for the end of the last whole line."""


class Journal:
    """What is known of pictures, in the order in which they were measured; of two lines the later one counts."""

    def __init__(self, path: Path) -> None:
        """Take up the journal where it ends; half a line of a run that was killed is cut off. Raises OSError."""
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab+") as file:
            file.truncate(_end_of_lines(path))

    def lines(self) -> Iterator[tuple[int, Measures]]:
        """Where each line begins, and what it holds. Raises ImagesError where the file is no journal."""
        with self.path.open("rb") as file:
            at = 0
            for number, line in enumerate(file, start=1):
                yield at, self._read(line, number)
                at += len(line)

    def known(self) -> np.ndarray:
        """Keys, (N,) uint64 sorted, of pictures that need no measuring."""
        keys = np.fromiter((measures.key for _, measures in self.lines() if not measures.unread), np.uint64)
        return np.unique(keys)

    def at(self, offset: int) -> Measures:
        """The line that begins there."""
        with self.path.open("rb") as file:
            file.seek(offset)
            return self._read(file.readline(), 0)

    def extend(self, measured: Iterable[Measures]) -> Iterator[Measures]:
        """Append what is measured, and hand it on. What was measured is written whatever ends the walk."""
        lines: list[str] = []
        with self.path.open("a", encoding="ascii") as file:
            try:
                for measures in measured:
                    lines.append(json.dumps(measures.to_json()) + "\n")
                    if len(lines) == _FLUSHED:
                        _write(file, lines)
                    yield measures
            finally:
                _write(file, lines)

    def _read(self, line: bytes, number: int) -> Measures:
        try:
            return Measures.from_json(json.loads(line))
        except (ValueError, KeyError, TypeError) as error:
            raise ImagesError(
                f"line {number} of {self.path} is no picture's measures: delete the line, or the file to measure anew"
            ) from error


def _write(file: TextIO, lines: list[str]) -> None:
    file.write("".join(lines))
    file.flush()
    lines.clear()


def _end_of_lines(path: Path) -> int:
    """Where the last whole line ends."""
    end = path.stat().st_size
    with path.open("rb") as file:
        while end > 0:
            begin = max(0, end - _TAIL)
            file.seek(begin)
            found = file.read(end - begin).rfind(b"\n")
            if found >= 0:
                return begin + found + 1
            end = begin
    return 0
