"""The first reading of a film: its time stamps, its shots, its black bars. Kept, so that it is done once."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

from vidcolor.errors import FilmError
from vidcolor.pipeline.decode import DecodeConfig, FilmReader, SeekPoint
from vidcolor.pipeline.files import write_bytes
from vidcolor.pipeline.picture_area import area_of_lines, lit_lines
from vidcolor.pipeline.shots import ShotConfig, ShotDetector, small_gray
from vidcolor.pipeline.stills import THUMB, thumbnail
from vidcolor.pipeline.view import Area
from vidcolor.types import FilmInfo, Shot


@dataclass(frozen=True)
class Survey:
    """What the first reading found."""

    pts: np.ndarray = field(repr=False)
    """(frames,) int64: presentation time stamp of every frame."""
    thumbs: np.ndarray = field(repr=False)
    """(frames, 9, 16) uint8: a thumbnail of every frame."""
    lit: np.ndarray = field(repr=False)
    """(frames, bytes) uint8: which rows, then columns, of the small gray are lit, packed bits."""
    small: tuple[int, int]
    """Height and width of the small gray."""
    shots: tuple[Shot, ...]
    dissolves: Mapping[int, int]
    """First frame of every shot into which the one before it melts, to the frames over which it does."""
    damage: str | None
    """One sentence where the film ended early."""
    carried: frozenset[str]
    """Kinds of side data inside its first pictures, see :class:`~vidcolor.pipeline.decode.FilmReader`; looked for where
    the reading had limits."""

    @property
    def frames(self) -> int:
        """How many frames could be decoded."""
        return len(self.pts)

    def seek_point(self, frame: int) -> SeekPoint:
        """Where reading starts for a frame."""
        return SeekPoint(frame, int(self.pts[frame]))

    def area(self, shot: Shot, info: FilmInfo) -> Area:
        """The picture between black bars that last the whole shot, in luma pixels."""
        packed = np.bitwise_or.reduce(self.lit[shot.start : shot.stop], axis=0)
        lines = np.unpackbits(packed, count=sum(self.small)).astype(bool)
        return _full_size(area_of_lines(lines[: self.small[0]], lines[self.small[0] :]), self.small, info)


def survey_film(
    info: FilmInfo,
    config: ShotConfig,
    on_progress: Callable[[int, int | None], None] | None = None,
    limits: DecodeConfig | None = None,
) -> Survey:
    """Read the film once. Raises FilmError where it has no frame, or more than ``limits`` allow."""
    detector = ShotDetector(info.frame_rate, config)
    pts: list[int] = []
    thumbs: list[np.ndarray] = []
    lit: list[np.ndarray] = []
    with FilmReader(info, limits=limits) as reader:
        for frame in reader.frames():
            gray = small_gray(frame.luma, info)
            detector.push(gray)
            pts.append(frame.pts)
            thumbs.append(thumbnail(gray))
            lit.append(np.packbits(np.concatenate(lit_lines(gray))))
            if on_progress:
                on_progress(len(pts), info.frames_expected)
        damage, carried = reader.damage, frozenset(reader.carried)
    if not pts:
        raise FilmError(f"{info.path} has no frame that can be decoded.")
    shots = tuple(detector.finish())
    return Survey(
        *(np.array(pts, np.int64), np.stack(thumbs), np.stack(lit), gray.shape),
        *(shots, detector.dissolves(shots), damage, carried),
    )


def _full_size(area: Area, shape: tuple[int, int], info: FilmInfo) -> Area:
    """An area of the small gray in luma pixels, on even lines; inward where it is inside, lest bars take colour."""
    top, bottom, left, right = area
    y, x = info.height / shape[0], info.width / shape[1]
    return (
        2 * int(np.ceil(top * y / 2)),
        info.height if bottom == shape[0] else 2 * int(bottom * y / 2),
        2 * int(np.ceil(left * x / 2)),
        info.width if right == shape[1] else 2 * int(right * x / 2),
    )


def save_survey(path: Path, survey: Survey, key: dict[str, Any]) -> None:
    """Keep a survey with the ``key`` (plain values) of all that it depends on. Raises OutputError."""
    about = {
        "key": key,
        "shots": [(shot.start, shot.stop) for shot in survey.shots],
        "dissolves": list(survey.dissolves.items()),
        "small": survey.small,
        "damage": survey.damage,
        "carried": sorted(survey.carried),
    }
    data = BytesIO()
    np.savez(data, pts=survey.pts, thumbs=survey.thumbs, lit=survey.lit, about=np.array(json.dumps(about)))
    write_bytes(path, data.getvalue())


def load_survey(path: Path, key: dict[str, Any]) -> Survey | None:
    """The kept survey; None where there is none, it cannot be read, or it was made of something else."""
    try:
        with np.load(path, allow_pickle=False) as kept:
            about = json.loads(str(kept["about"]))
            pts, thumbs, lit = kept["pts"], kept["thumbs"], kept["lit"]
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None
    if about.get("key") != json.loads(json.dumps(key)) or thumbs.shape[1:] != THUMB[::-1] or "carried" not in about:
        return None
    shots = tuple(Shot(index, start, stop) for index, (start, stop) in enumerate(about["shots"]))
    dissolves = dict(about["dissolves"])
    small, carried = tuple(about["small"]), frozenset(about["carried"])
    return Survey(pts, thumbs, lit, small, shots, dissolves, about["damage"], carried)
