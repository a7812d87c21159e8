"""Where one stretch of a very long shot ends and the next goes on: the chroma of the key frame they share."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from io import BytesIO
from pathlib import Path

import numpy as np

from vidcolor.pipeline.files import write_bytes
from vidcolor.pipeline.track import Interval


def keeping_seam(
    keys: Iterable[tuple[Interval, np.ndarray]], number: int, path: Path
) -> Iterator[tuple[Interval, np.ndarray]]:
    """Hand intervals and their key frame's chroma (2, h, w) on, and write that of key frame ``number`` to a file.

    It is written before anything after it is handed on, so that a finished segment always has its seam. Raises
    OutputError where the disk refuses.
    """
    for interval, ab in keys:
        if interval.last == number:
            _write(ab, path)
        yield interval, ab


def load_seam(path: Path) -> np.ndarray:
    """The chroma (2, h, w), float32, CIELAB units, that :func:`keeping_seam` wrote."""
    with path.open("rb") as file:
        return np.load(file, allow_pickle=False)


def _write(ab: np.ndarray, path: Path) -> None:
    data = BytesIO()
    np.save(data, ab, allow_pickle=False)
    write_bytes(path, data.getvalue())
