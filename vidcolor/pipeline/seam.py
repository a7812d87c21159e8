"""Where one stretch ends and the next goes on: the chroma of the key frame, or of the dissolve, that they share."""

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
            save_seam(ab, path)
        yield interval, ab


def load_seam(path: Path) -> np.ndarray:
    """The chroma, CIELAB units, that :func:`save_seam` wrote."""
    with path.open("rb") as file:
        return np.load(file, allow_pickle=False)


def save_seam(ab: np.ndarray, path: Path) -> None:
    """Write chroma: of a key frame (2, h, w), or of the frames in which a shot melts into the next (frames, 2, h, w).

    Raises OutputError where the disk refuses.
    """
    data = BytesIO()
    np.save(data, ab, allow_pickle=False)
    write_bytes(path, data.getvalue())
