"""Where one stretch ends and the next goes on: the chroma of the key frame, or of the dissolve, that they share."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path

import numpy as np

from vidcolor.flow import Path as MotionPath
from vidcolor.pipeline.files import write_bytes
from vidcolor.pipeline.track import Interval
from vidcolor.pipeline.tracked import Tracked


@dataclass(frozen=True)
class Seam:
    """What a stretch leaves to the next."""

    ab: np.ndarray = field(repr=False)
    """Chroma, CIELAB units: of a key frame (2, h, w), or of the frames in which a shot melts into the next
    (frames, 2, h, w)."""
    tracked: Tracked | None = None
    """The known frame that the key frame sees."""


def keeping_seam(
    keys: Iterable[tuple[Interval, np.ndarray]], number: int, path: Path
) -> Iterator[tuple[Interval, np.ndarray]]:
    """Hand intervals and their key frame's chroma (2, h, w) on, and write the seam at key frame ``number`` to a file.

    It is written before anything after it is handed on, so that a finished segment always has its seam. Raises
    OutputError where the disk refuses.
    """
    for interval, ab in keys:
        if interval.last == number:
            save_seam(Seam(ab, interval.tracked), path)
        yield interval, ab


def load_seam(path: Path) -> Seam:
    """What :func:`save_seam` wrote."""
    with np.load(path, allow_pickle=False) as kept:
        if "gray" not in kept:
            return Seam(kept["ab"])
        to_known, to_key = (MotionPath(*(kept[f"{way}_{part}"] for part in _PARTS)) for way in _WAYS)
        return Seam(kept["ab"], Tracked(kept["gray"], kept["known"], to_known, to_key, bool(kept["lost"])))


def save_seam(seam: Seam, path: Path) -> None:
    """Write a seam in one go; raises OutputError where the disk refuses."""
    arrays = {"ab": seam.ab}
    if (tracked := seam.tracked) is not None:
        arrays |= {"gray": tracked.gray, "known": tracked.ab, "lost": np.array(tracked.lost)}
        paths = zip(_WAYS, (tracked.path, tracked.back), strict=True)
        arrays |= {f"{way}_{part}": getattr(each, part) for way, each in paths for part in _PARTS}
    data = BytesIO()
    np.savez(data, allow_pickle=False, **arrays)
    write_bytes(path, data.getvalue())


_WAYS = ("to_known", "to_key")
_PARTS = ("position", "trust")
