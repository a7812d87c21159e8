"""What the driver of a Ray cluster keeps for its workers, in two actors beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from vidcolor.pipeline.sequence import film_files


@dataclass(frozen=True)
class FilmFile:
    """A file of a film on its way to another machine."""

    path: Path
    """Seen from the folder in which the film lies."""
    changed_ns: int
    """When it was last changed, by which pictures are known again."""
    blocks: list[Any]
    """References to its bytes in order, (n,) uint8 each."""


class Ledger:
    """How often a shot was begun, and how far the unfinished ones are."""

    def __init__(self) -> None:
        self._begun = 0
        self._frames: dict[int, int] = {}

    def begin(self, shot: int) -> None:
        """A worker begins a shot, or begins it again."""
        self._begun += 1
        self._frames[shot] = 0

    def report(self, shot: int, frames: int) -> None:
        """A worker has so many frames of a shot."""
        if shot in self._frames:
            self._frames[shot] = frames

    def state(self, finished: Sequence[int]) -> tuple[int, int]:
        """How many times a shot was begun, and the frames of unfinished shots.

        finished: numbers of the shots that have arrived since the last call.
        """
        for shot in finished:
            self._frames.pop(shot, None)
        return self._begun, sum(self._frames.values())


class Shelf:
    """The film, for machines that do not see its file."""

    def __init__(self, film: Path, block: int = 1 << 26) -> None:
        """``film``: one file, or numbered pictures. ``block``: how many bytes travel as one object."""
        self._film, self._block = film, block
        self._files: list[FilmFile] | None = None

    def files(self) -> list[FilmFile]:
        """The film's files, read when they are first asked for."""
        if self._files is None:
            self._files = [self._read(file) for file in film_files(self._film)]
        return self._files

    def _read(self, path: Path) -> FilmFile:
        ray = import_module("ray")
        with path.open("rb") as file:
            blocks = [ray.put(np.frombuffer(data, np.uint8)) for data in iter(lambda: file.read(self._block), b"")]
        return FilmFile(path.relative_to(self._film.parent), path.stat().st_mtime_ns, blocks)
